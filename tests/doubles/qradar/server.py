"""The double: the demo's console with data of its own, certificates of all kinds, and failures on demand."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from doubles import certificates
from doubles.failing import Failing
from doubles.faults import Fault
from doubles.qradar.soc import Soc
from watchfloor.demo import console
from watchfloor.demo.console.contract import Refusal, error_body
from watchfloor.demo.console.server import Console, Handler

_CODES = {500: 1020, 404: 4, 401: 18, 403: 26}


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


class _Handler(Handler, Failing):
    @property
    def console(self) -> Double:
        return self.server.system

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.console.requests.append(Seen(parts.path, parts.query, dict(self.headers.items())))
        super().do_GET()

    def do_POST(self) -> None:
        raise AssertionError("a client that only reads sends no POST")

    def serve(self, path: str, params: dict[str, str]) -> None:
        fault = self.console.strike(path)
        if fault is not None and self.fail(fault):
            return
        status, extra, body = self.console.contract.reply(path, params, self.headers)
        if fault is not None:
            spoiled = self.spoiled(fault, body)
            if spoiled is None:
                return
            body = spoiled
        self.send(status, {"Content-Type": "application/json", **extra}, body)
        if path == "/siem/offenses" and status == 200:
            self.console.paged()

    def error(self, status: int, said: str = "API will be unavailable") -> bytes:
        if status == 401:
            said = "You are unauthorized to access the requested resource."
        if status == 403:
            said = "User has insufficient capabilities to access this endpoint resource"
        return error_body(Refusal(status, _CODES.get(status, 1010), said))

    def secret(self) -> str:
        return self.headers["SEC"]

    def broken(self, body: bytes) -> bytes:
        """IV98260: an error as a whole behind a list that breaks off."""
        cut = super().broken(body)
        error = error_body(Refusal(500, 13, "An error occurred while writing the answer"))
        return cut[: cut.rfind(b",{") if b",{" in cut else 1] + b"," + error
