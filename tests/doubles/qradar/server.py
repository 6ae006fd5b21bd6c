"""The double: the demo's console with data of its own, certificates of all kinds, and failures on demand."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from doubles.qradar import certificates
from doubles.qradar.faults import Fault
from doubles.qradar.soc import Soc
from watchfloor.demo import console
from watchfloor.demo.console.contract import Refusal, error_body
from watchfloor.demo.console.server import Console, Handler


@dataclass
class Modes(console.Modes):
    """How this console behaves, apart from its data."""

    certificate: str = "issued"
    """issued by a CA (`ca_file`), self-signed as QRadar's own, expired, or for another name."""


@dataclass
class Seen:
    """One request, as it came."""

    path: str
    query: str
    headers: dict[str, str]


class Double(Console):
    """A console; `with Double(Soc(100)) as console:` runs it until the end of the block."""

    def __init__(
        self,
        soc: Soc,
        *,
        modes: Modes | None = None,
        faults: Sequence[Fault] = (),
        between: Callable[[Soc, int], None] | None = None,
    ) -> None:
        """`between` is called after each page of offenses, with its number: data moves then."""
        self.modes = modes or Modes()
        super().__init__(soc, modes=self.modes)
        self.soc, self.faults, self.between = soc, list(faults), between
        self.requests: list[Seen] = []
        self._pages = 0
        self._lock = threading.RLock()

    @property
    def token(self) -> str:
        """What it lets in."""
        return self.contract.token

    @token.setter
    def token(self, text: str) -> None:
        self.contract.token = text

    @property
    def ca_file(self) -> Path:
        """What a client may trust."""
        return self.folder / "ca.pem"

    def certified(self) -> tuple[ssl.SSLContext, str]:
        made = certificates.make(self.modes.certificate, self.folder)
        return made.context, made.fingerprint

    def handler(self) -> type[Handler]:
        return _Handler

    def strike(self, path: str) -> Fault | None:
        """What goes wrong with this request."""
        with self._lock:
            return next((fault for fault in self.faults if fault.strikes(path)), None)

    def paged(self) -> None:
        """A page of offenses is out: time goes by, data moves."""
        with self._lock:
            self._pages += 1
            if self.between is not None:
                self.between(self.soc, self._pages)


class _Handler(Handler):
    @property
    def console(self) -> Double:
        return self.server.console

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.console.requests.append(Seen(parts.path, parts.query, dict(self.headers.items())))
        super().do_GET()

    def do_POST(self) -> None:
        raise AssertionError("a client that only reads sends no POST")

    def serve(self, path: str, params: dict[str, str]) -> None:
        fault = self.console.strike(path)
        if fault is not None and self._fail(fault):
            return
        status, extra, body = self.console.contract.reply(path, params, self.headers)
        if fault is not None:
            spoiled = self._spoiled(fault, body)
            if spoiled is None:
                return
            body = spoiled
        self.send(status, {"Content-Type": "application/json", **extra}, body)
        if path == "/siem/offenses" and status == 200:
            self.console.paged()

    def _fail(self, fault: Fault) -> bool:
        """An answer without data; false where the data is needed."""
        json_type, html = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
        page = b"<html><head><title>%s</title></head><body>proxy</body></html>"
        match fault.kind:
            case "503" | "500" | "550" | "429" | "404":
                codes = {"500": 1020, "404": 4}
                refusal = Refusal(int(fault.kind), codes.get(fault.kind, 1010), "API will be unavailable")
                self.send(refusal.status, json_type, error_body(refusal))
            case "401":
                self.send(
                    401,
                    json_type,
                    error_body(Refusal(401, 18, "You are unauthorized to access the requested resource.")),
                )
            case "403":
                said = "User has insufficient capabilities to access this endpoint resource"
                self.send(403, json_type, error_body(Refusal(403, 26, said)))
            case "503-html" | "502-html" | "504-html":
                status = int(fault.kind[:3])
                self.send(status, html, page % f"{status} from a proxy".encode())
            case "429-seconds":
                self.send(429, json_type | {"Retry-After": f"{fault.seconds:.0f}"}, b"{}")
            case "429-date":
                # A date is of the real clock: the client's.
                said = email.utils.formatdate(time.time() + fault.seconds, usegmt=True)
                self.send(429, json_type | {"Retry-After": said}, b"{}")
            case "redirect":
                self.send(302, {"Location": f"http://localhost/api{fault.path}"}, b"")
            case "html":
                self.send(200, html, page % b"Application error")
            case "object":
                self.send(200, json_type, b'{"offenses": []}')
            case "echo-token":
                self.send(500, json_type, error_body(Refusal(500, 1020, f"no answer for {self.headers['SEC']}")))
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
            case "broken-json":  # IV98260
                cut = body[: max(1, len(body) * 2 // 3)]
                error = error_body(Refusal(500, 13, "An error occurred while writing the answer"))
                return cut[: cut.rfind(b",{") if b",{" in cut else 1] + b"," + error
            case "not-utf8":
                return body.replace(b'"description":"', b'"description":"\xff\xfe', 1)
            case "deep":
                return b"[" * 100_000
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
            if fault.kind == "trickle":
                self._trickle(body, fault.seconds)
            else:
                self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if fault.kind == "stall":
            time.sleep(fault.seconds)
        self.request.shutdown(socket.SHUT_RDWR)

    def _trickle(self, body: bytes, seconds: float) -> None:
        until = time.monotonic() + seconds
        for place in range(len(body)):
            if time.monotonic() > until:
                break
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            time.sleep(0.02)
