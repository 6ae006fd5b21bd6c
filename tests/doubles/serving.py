"""What doubles share: TLS on loopback, requests that are remembered, and failures on demand."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import json
import socket
import ssl
import struct
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from doubles.qradar import certificates
from doubles.qradar.faults import Fault

__all__ = ["Asked", "Refusal", "Serving"]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Asked:
    """One request, as it came."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int = 0


class Serving(ABC):
    """A system on loopback; `with` runs it until the end of the block."""

    def __init__(self, *, faults: Sequence[Fault] = (), certificate: str = "issued") -> None:
        self.faults = list(faults)
        self.requests: list[Asked] = []
        self.lock = threading.RLock()
        self._certificate = certificate
        self._folder = tempfile.TemporaryDirectory(prefix="double-")
        self._server: _Server | None = None
        self._port = 0
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self.fingerprint = ""

    def __enter__(self) -> Self:
        made = certificates.make(self._certificate, Path(self._folder.name))
        self.fingerprint = made.fingerprint
        double = self

        class Bound(_Handler):
            serving = double

        server = _Server(("127.0.0.1", self._port), Bound)
        server.context = made.context
        self._server, self._port = server, server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.drop_all()
            self._server.server_close()
            self._server = None
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self._port}"

    @property
    @abstractmethod
    def now_ms(self) -> int:
        """Its clock."""

    @abstractmethod
    def name_of(self, asked: Asked) -> str:
        """What faults call the endpoint of a request."""

    @abstractmethod
    def answer(self, asked: Asked) -> tuple[dict[str, str], bytes]:
        """Headers and body of a good answer; or a `Refusal`."""

    @abstractmethod
    def error(self, refusal: Refusal) -> bytes:
        """The body of an error."""

    def secret_in(self, asked: Asked) -> str:
        """What a careless system would repeat."""
        return asked.headers.get("Authorization", "").removeprefix("Bearer ")

    @abstractmethod
    def answered(self, asked: Asked) -> None:
        """A good answer is out: data may move."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    context: ssl.SSLContext

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    serving: Serving
    wbufsize = -1

    def setup(self) -> None:
        self.request.settimeout(30)
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(method, parts.path, params, dict(self.headers.items()), body)
        serving = self.serving
        with serving.lock:
            serving.requests.append(asked)
            name = serving.name_of(asked)
            fault = next((fault for fault in serving.faults if fault.strikes(name)), None)
        if fault is not None and self._fail(fault, asked):
            return
        try:
            with serving.lock:
                headers, said = serving.answer(asked)
                asked.status = 200
        except Refusal as refusal:
            asked.status, headers, said = refusal.status, {}, serving.error(refusal)
        if fault is not None and asked.status == 200:
            spoiled = self._spoiled(fault, said)
            if spoiled is None:
                return
            said = spoiled
        self._send(asked.status, {"Content-Type": "application/json", **headers}, said)
        if asked.status == 200 and fault is None:
            with serving.lock:
                serving.answered(asked)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(self.serving.now_ms / 1000, usegmt=True)

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _fail(self, fault: Fault, asked: Asked) -> bool:
        """An answer without data; false where the data is needed."""
        json_type, html = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
        page = b"<html><head><title>%s</title></head><body>proxy</body></html>"
        match fault.kind:
            case "503" | "500" | "429" | "401" | "403" | "404":
                asked.status = int(fault.kind)
                refusal = Refusal(asked.status, "Failure", f"made up {fault.kind}")
                self._send(asked.status, json_type, self.serving.error(refusal))
            case "503-html" | "502-html" | "504-html":
                asked.status = int(fault.kind[:3])
                self._send(asked.status, html, page % f"{asked.status} from a proxy".encode())
            case "429-seconds" | "429-date":
                said = f"{fault.seconds:.0f}"
                if fault.kind == "429-date":  # of the real clock: the client's
                    said = email.utils.formatdate(time.time() + fault.seconds, usegmt=True)
                body = self.serving.error(Refusal(429, "TooManyRequests", "Too many requests"))
                self._send(429, json_type | {"Retry-After": said}, body)
            case "redirect":
                self._send(302, {"Location": "https://elsewhere.invalid/"}, b"")
            case "html":
                self._send(200, html, page % b"Sign in")
            case "object":
                self._send(200, json_type, b'{"rows": {}}')
            case "echo-token":
                said = f"no answer for {self.serving.secret_in(asked)}"
                self._send(500, json_type, self.serving.error(Refusal(500, "Failure", said)))
            case "drop-headers":
                self.close_connection = True
                self.request.shutdown(socket.SHUT_RDWR)
            case "reset":
                self.close_connection = True
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.request.close()
            case _:
                return False
        return True

    def _spoiled(self, fault: Fault, body: bytes) -> bytes | None:
        """The data, spoiled; null where it was sent here."""
        match fault.kind:
            case "broken-json":
                return body[: max(1, len(body) * 2 // 3)]
            case "deep":
                return b"[" * 100_000
            case "not-utf8":
                return body.replace(b'"displayName": "', b'"displayName": "\xff', 1)
            case "late":
                time.sleep(fault.seconds)
                return body
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._half(fault, body)
        return None

    def _half(self, fault: Fault, body: bytes) -> None:
        """Begins to send and stops."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if fault.kind == "chunk-cut":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s" % (len(body), body[: len(body) // 2]))
        elif fault.kind == "gzip-cut":
            packed = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed) // 2))
            self.end_headers()
            self.wfile.write(packed[: len(packed) // 2])
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if fault.kind == "stall":
            time.sleep(fault.seconds)
        self.request.shutdown(socket.SHUT_RDWR)


def as_json(value: Any) -> bytes:
    """As a system writes it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
