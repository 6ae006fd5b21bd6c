"""What a system answers: a value, or an error, told apart so that only what may be asked again is asked again."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = [
    "Answer",
    "Denied",
    "Failed",
    "Forbidden",
    "Gone",
    "Manner",
    "Refused",
    "Temporary",
    "canonical",
    "date_ms",
    "failure_of",
    "loads",
    "value_of",
    "wait_of",
]

_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer."""

    value: Any
    """What the JSON says."""
    body: bytes
    status: int
    total: int | None
    """Rows of the whole list, where the system says so."""
    date_ms: int | None
    """The system's clock."""
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Manner:
    """How a system speaks."""

    system: str
    """In words: `QRadar console`."""
    words: Callable[[Any], tuple[int | str | None, str]]
    """Code and message in the JSON of an error."""
    denied: str
    """What to do where the secret is not accepted."""
    forbidden: str
    """What to do where the secret may not see something."""


class Failed(Exception):
    """An answer that is none; `str()` says what came, `hint` what to do."""

    hint = ""


class Temporary(Failed):
    """May be asked again: the system is busy, starts, or its answer broke off."""

    def __init__(self, what: str, *, wait: float | None = None, size: bool = True, unreachable: bool = False) -> None:
        """`wait`: seconds that the system asks for; `size`: fewer rows may help; `unreachable`: nobody was there."""
        super().__init__(what)
        self.wait, self.size, self.unreachable = wait, size, unreachable


class Denied(Failed):
    """401: the secret is not accepted."""


class Forbidden(Failed):
    """403: the secret may not see this."""


class Gone(Failed):
    """404 and 410: no such thing, or not any more."""


class Refused(Failed):
    """Any other answer that asking again does not change."""


def value_of(status: int, headers: Mapping[str, str], body: bytes, manner: Manner) -> Any:
    """The value of a good answer.

    Raises:
        Failed: any other.
    """
    if status not in (200, 206):
        raise failure_of(status, headers, body, manner)
    if "html" in headers.get("content-type", "").lower():
        raise Refused(f"a web page in place of an answer: this is no {manner.system}, or a proxy before it")
    try:
        return loads(body)
    except ValueError as error:
        raise Temporary(f"an answer that breaks off or is no JSON ({error})") from error


def failure_of(status: int, headers: Mapping[str, str], body: bytes, manner: Manner) -> Failed:
    """What an answer that is not good means."""
    code, said = _words(body, manner)
    what = f"{status} {said}".strip()
    if 300 <= status < 400:
        return _redirect(status, headers)
    if status in _AGAIN or status >= 500:
        return Temporary(what, wait=wait_of(headers.get("retry-after")), size=status not in (425, 429))
    kind = {401: Denied, 403: Forbidden, 404: Gone, 410: Gone}.get(status, Refused)
    failed = kind(f"{what} (code {code})" if kind is Refused and code is not None else what)
    failed.hint = {Denied: manner.denied, Forbidden: manner.forbidden}.get(kind, "")
    return failed


def _redirect(status: int, headers: Mapping[str, str]) -> Refused:
    where = headers.get("location", "")[:200]
    failed = Refused(f"{status} and points to {where or 'nowhere'}: a token is never sent on")
    failed.hint = "give the system's own address as --url"
    return failed


def _words(body: bytes, manner: Manner) -> tuple[int | str | None, str]:
    """Code and message of an error; of a web page its title."""
    try:
        found = loads(body)
    except ValueError:
        title = re.search(rb"<title>([^<]{1,200})", body[:10_000], re.IGNORECASE)
        return None, title[1].decode("utf-8", "replace").strip() if title else ""
    code, text = manner.words(found)
    return code, " ".join(text.split())[:500]


def loads(body: bytes) -> Any:
    """JSON as it comes: numbers of any size, lone surrogates and bytes that are not UTF-8 included.

    Raises:
        ValueError: no JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # rare: the slow way below takes more
    try:
        return json.loads(body.decode("utf-8", "replace"), parse_constant=lambda _: None)
    except RecursionError as error:
        raise ValueError("JSON nested too deep") from error


def canonical(value: Any) -> str:
    """Equal objects as equal text: keys in order, no blanks."""
    try:
        return msgspec.json.encode(value, order="sorted").decode()
    except (ValueError, OverflowError, RecursionError):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))


def wait_of(said: str | None) -> float | None:
    """Seconds of a Retry-After, which is a number or a date."""
    if not said:
        return None
    if said.strip().isdecimal():
        return float(said)
    try:
        then = email.utils.parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, then.timestamp() - time.time())


def date_ms(said: str | None) -> int | None:
    """The instant of a Date header, in milliseconds since 1970."""
    try:
        return int(email.utils.parsedate_to_datetime(said).timestamp() * 1000) if said else None
    except ValueError:
        return None
