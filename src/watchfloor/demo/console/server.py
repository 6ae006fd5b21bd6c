"""The console as a server: TLS on loopback, on a port that is free, until the end of its block."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import ssl
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from watchfloor.demo.console.certificate import self_signed
from watchfloor.demo.console.contract import Contract, Modes
from watchfloor.demo.console.holdings import Holdings

__all__ = ["Console", "Handler"]

_IDLE_SECONDS = 30
"""After which a connection is closed."""


class Console:
    """A console; `with Console(holdings) as console:` runs it until the end of the block."""

    def __init__(self, holdings: Holdings, *, modes: Modes | None = None) -> None:
        """Listens only within the block; `modes` is how this console behaves, apart from its data."""
        self.holdings = holdings
        self.contract = Contract(holdings, modes or Modes())
        self.fingerprint = ""
        """SHA-256 of its certificate."""
        self._folder = tempfile.TemporaryDirectory(prefix="console-")
        self._port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

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

    def certified(self) -> tuple[ssl.SSLContext, str]:
        """Its certificate, made anew with each start, as the context of a server; and the SHA-256 of it."""
        certificate = self_signed("qradar-console")
        return certificate.context(self.folder), certificate.fingerprint

    def handler(self) -> type[Handler]:
        """What answers requests."""
        return Handler

    def start(self) -> None:
        """Listens; the port stays the same over a restart."""
        context, self.fingerprint = self.certified()
        server = _Server(("127.0.0.1", self._port), self.handler())
        server.console, server.context = self, context
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
    console: Console
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


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server
    request: ssl.SSLSocket
    wbufsize = -1

    @property
    def console(self) -> Console:
        """Whose it is."""
        return self.server.console

    def setup(self) -> None:
        """The handshake."""
        self.request.settimeout(_IDLE_SECONDS)
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        """Below /api JSON, elsewhere a web page."""
        parts = urlsplit(self.path)
        if not parts.path.startswith("/api/"):
            page = b"<html><title>Application error</title></html>"
            self.send(200, {"Content-Type": "text/html"}, page)
            return
        params = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.serve(parts.path.removeprefix("/api"), params)

    def serve(self, path: str, params: dict[str, str]) -> None:
        """Answers one question to the API."""
        status, extra, body = self.console.contract.reply(path, params, self.headers)
        self.send(status, {"Content-Type": "application/json", **extra}, body)

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
        """By the console's clock."""
        return email.utils.formatdate(self.console.holdings.now_ms / 1000, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""
