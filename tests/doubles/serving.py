"""What doubles of systems with POST and logins share: requests that are remembered, and answers that go wrong."""

from __future__ import annotations

import json
import ssl
import threading
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from doubles import certificates
from doubles.failing import Failing
from doubles.faults import Fault
from watchfloor.demo.console.listening import Connection, Listening

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


class Serving(Listening):
    """A system on loopback; `with` runs it until the end of the block."""

    def __init__(self, *, faults: Sequence[Fault] = (), certificate: str = "issued") -> None:
        super().__init__()
        self.faults = list(faults)
        self.requests: list[Asked] = []
        self.lock = threading.RLock()
        self._certificate = certificate

    @property
    def ca_file(self) -> Path:
        """What a client may trust."""
        return self.folder / "ca.pem"

    def certified(self) -> tuple[ssl.SSLContext, str]:
        made = certificates.make(self._certificate, self.folder)
        return made.context, made.fingerprint

    def handler(self) -> type[Connection]:
        return _Connection

    @property
    def clock_ms(self) -> int:
        return self.now_ms

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


class _Connection(Failing):
    elsewhere = "https://elsewhere.invalid/"
    page = b"Sign in"
    text_field = b'"displayName": "'
    asked: Asked

    @property
    def serving(self) -> Serving:
        return self.server.system

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.asked.status = status
        super().send(status, headers, body)

    def error(self, status: int, said: str = "") -> bytes:
        return self.serving.error(Refusal(status, "Failure", said or f"made up {status}"))

    def secret(self) -> str:
        return self.serving.secret_in(self.asked)

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.asked = asked = Asked(method, parts.path, params, dict(self.headers.items()), body)
        serving = self.serving
        with serving.lock:
            serving.requests.append(asked)
            name = serving.name_of(asked)
            fault = next((fault for fault in serving.faults if fault.strikes(name)), None)
        if fault is not None and self.fail(fault):
            return
        try:
            with serving.lock:
                headers, said = serving.answer(asked)
                asked.status = 200
        except Refusal as refusal:
            asked.status, headers, said = refusal.status, {}, serving.error(refusal)
        if fault is not None and asked.status == 200:
            spoiled = self.spoiled(fault, said)
            if spoiled is None:
                return
            said = spoiled
        self.send(asked.status, {"Content-Type": "application/json", **headers}, said)
        if asked.status == 200 and fault is None:
            with serving.lock:
                serving.answered(asked)


def as_json(value: Any) -> bytes:
    """As a system writes it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
