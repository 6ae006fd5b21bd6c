"""TLS on loopback: a server on a free port until the end of its block, and answers that are sent whole."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import ssl
import tempfile
import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Connection", "Listening"]

_IDLE_SECONDS = 30
"""After which a connection is closed."""


class Listening(ABC):
    """A system that listens; `with` runs it until the end of the block."""

    def __init__(self) -> None:
        """Listens only within the block."""
        self.fingerprint = ""
        """SHA-256 of its certificate."""
        self._folder = tempfile.TemporaryDirectory(prefix="listening-")
        self._port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    @abstractmethod
    def clock_ms(self) -> int:
        """Its own time, in milliseconds since 1970."""

    @abstractmethod
    def certified(self) -> tuple[ssl.SSLContext, str]:
        """Its certificate, made anew with each start, as the context of a server; and the SHA-256 of it."""

    @abstractmethod
    def handler(self) -> type[Connection]:
        """What answers requests."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where its certificate is."""
        return Path(self._folder.name)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self._port}"

    def start(self) -> None:
        """Listens; the port stays the same over a restart."""
        context, self.fingerprint = self.certified()
        server = _Server(("127.0.0.1", self._port), self.handler())
        server.system, server.context = self, context
        self._server, self._port = server, server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Closes its port; connections that are open break."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.drop_all()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    system: Any
    """A `Listening`, of the kind that its connections know."""
    context: ssl.SSLContext

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection, secured; its handshake is its own thread's work."""
        connection, peer = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._open.add(secured)
        return secured, peer

    def drop_all(self) -> None:
        """Connections break."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no error of ours."""


class Connection(BaseHTTPRequestHandler):
    """One connection; `do_GET` and its like are its kind's own."""

    protocol_version = "HTTP/1.1"
    server: _Server
    request: ssl.SSLSocket
    wbufsize = -1

    def setup(self) -> None:
        """The handshake."""
        self.request.settimeout(_IDLE_SECONDS)
        self.request.do_handshake()
        super().setup()

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """By the system's clock."""
        return email.utils.formatdate(self.server.system.clock_ms / 1000, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
