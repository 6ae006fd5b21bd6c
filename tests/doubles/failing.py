"""Failures on the way that all systems have: errors, web pages of proxies, answers that break off or come late."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import socket
import struct
import time
from abc import abstractmethod

from doubles.faults import Fault
from watchfloor.demo.console.listening import Connection

_JSON, _HTML = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
_PAGE = b"<html><head><title>%s</title></head><body>proxy</body></html>"


class Failing(Connection):
    """A connection on which something goes wrong; before an answer `fail`, with its body `spoiled`."""

    elsewhere = "http://localhost/api"
    """Where a redirection points to."""
    page = b"Application error"
    """Title of the page in place of an answer."""
    text_field = b'"description":"'
    """Where a byte that is not UTF-8 is put."""

    @abstractmethod
    def error(self, status: int, said: str = "") -> bytes:
        """The body of an error."""

    @abstractmethod
    def secret(self) -> str:
        """What a careless system would repeat."""

    def broken(self, body: bytes) -> bytes:
        """A list that breaks off."""
        return body[: max(1, len(body) * 2 // 3)]

    def fail(self, fault: Fault) -> bool:
        """An answer without data; false where the data is needed."""
        match fault.kind:
            case "503" | "500" | "550" | "429" | "404" | "401" | "403":
                self.send(int(fault.kind), _JSON, self.error(int(fault.kind)))
            case "503-html" | "502-html" | "504-html":
                status = int(fault.kind[:3])
                self.send(status, _HTML, _PAGE % f"{status} from a proxy".encode())
            case "429-seconds":
                self.send(429, _JSON | {"Retry-After": f"{fault.seconds:.0f}"}, self.error(429))
            case "429-date":
                # A date is of the real clock: the client's.
                said = email.utils.formatdate(time.time() + fault.seconds, usegmt=True)
                self.send(429, _JSON | {"Retry-After": said}, self.error(429))
            case "redirect":
                self.send(302, {"Location": self.elsewhere}, b"")
            case "html":
                self.send(200, _HTML, _PAGE % self.page)
            case "object":
                self.send(200, _JSON, b'{"rows": {}}')
            case "echo-token":
                self.send(500, _JSON, self.error(500, f"no answer for {self.secret()}"))
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

    def spoiled(self, fault: Fault, body: bytes) -> bytes | None:
        """The data, spoiled; null where it was sent here."""
        match fault.kind:
            case "broken-json":
                return self.broken(body)
            case "not-utf8":
                return body.replace(self.text_field, self.text_field + b"\xff\xfe", 1)
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
