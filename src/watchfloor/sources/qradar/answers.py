"""What a console answers: rows, or an error, told apart so that only what may be asked again is asked again."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = [
    "Answer",
    "Denied",
    "Failed",
    "Forbidden",
    "Gone",
    "Refused",
    "Removed",
    "Temporary",
    "canonical",
    "check",
    "content_range",
    "loads",
    "wait_of",
]

_AGAIN = frozenset({408, 425, 429})
_CAPABILITY = "give the authorized service a role that may see it, then deploy the changes"


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer."""

    value: Any
    """What the JSON says."""
    body: bytes
    status: int
    total: int | None
    """Rows of the whole list, where the console says so."""
    date_ms: int | None
    """The console's clock."""
    deprecated: str | None


class Failed(Exception):
    """An answer that is none; `str()` says what came, `hint` what to do."""

    hint = ""


class Temporary(Failed):
    """May be asked again: the console is busy, starts, or its answer broke off."""

    def __init__(self, what: str, *, wait: float | None = None, size: bool = True, unreachable: bool = False) -> None:
        """`wait`: seconds that the console asks for; `size`: fewer rows may help; `unreachable`: nobody was there."""
        super().__init__(what)
        self.wait, self.size, self.unreachable = wait, size, unreachable


class Denied(Failed):
    """401: the token is not accepted."""

    hint = "check the token and its expiry; a new one works only after Deploy Changes"


class Forbidden(Failed):
    """403: the token may not see this."""

    hint = _CAPABILITY


class Gone(Failed):
    """404 and 410: no such thing, or not any more."""


class Removed(Failed):
    """422: the version of the API is none that the console has."""


class Refused(Failed):
    """Any other answer that asking again does not change."""


def check(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    """The value of a good answer.

    Raises:
        Failed: any other.
    """
    if status in (200, 206):
        if "html" in headers.get("content-type", "").lower():
            raise Refused("a web page in place of an answer: this is no QRadar console, or a proxy before it")
        try:
            return loads(body)
        except ValueError as error:
            raise Temporary(f"an answer that breaks off or is no JSON ({error})") from error
    if status == 416:  # past the end, in IBM's generic table; consoles answer 200 and an empty list
        return []
    raise _failure(status, headers, body)


def _failure(status: int, headers: Mapping[str, str], body: bytes) -> Failed:
    code, said = _words(body)
    what = f"{status} {said}".strip()
    if 300 <= status < 400:
        return _redirect(status, headers)
    if status in _AGAIN or status >= 500:
        return Temporary(what, wait=wait_of(headers.get("retry-after")), size=status not in (425, 429))
    if status == 422 and said.startswith("Version ("):
        return Removed(what)
    kind = {401: Denied, 403: Forbidden, 404: Gone, 410: Gone}.get(status, Refused)
    return kind(f"{what} (code {code})" if kind is Refused and code is not None else what)


def _redirect(status: int, headers: Mapping[str, str]) -> Refused:
    where = headers.get("location", "")[:200]
    failed = Refused(f"{status} and points to {where or 'nowhere'}: a token is never sent on")
    failed.hint = "give the console's own address as --url"
    return failed


def _words(body: bytes) -> tuple[int | None, str]:
    """Code and message of an error; of a web page its title."""
    try:
        found = loads(body)
    except ValueError:
        title = re.search(rb"<title>([^<]{1,200})", body[:10_000], re.IGNORECASE)
        return None, title[1].decode("utf-8", "replace").strip() if title else ""
    if not isinstance(found, dict):
        return None, ""
    general = found.get("http_response")
    text = found.get("message") or (general.get("message") if isinstance(general, dict) else "")
    code = found.get("code")
    return (code if isinstance(code, int) else None), " ".join(str(text).split())[:500]


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


def content_range(said: str | None) -> int | None:
    """The total in `items 0-49/1234`; consoles also write `items */3`, `items 0--1/0`, `items 0-49/*` and nothing."""
    found = re.search(r"/\s*(\d+)\s*$", said or "")
    return int(found[1]) if found else None


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
