"""Times as JSON writes them, one by one: ISO 8601 in its kinds, numbers since 1970."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from watchfloor.jsonvalues import clean

__all__ = ["Instant", "instant_of"]


@dataclass(frozen=True)
class Instant:
    """A time as written: an instant, or a clock time whose zone must be said."""

    text: str
    exact: datetime | None = None
    """In UTC."""
    clock: datetime | None = None
    rule: str | None = None
    """Why an instant's zone is known."""
    quality: str | None = None

    def row(self) -> dict[str, Any]:
        """The columns of an event that `read_json` needs for its time."""
        return {
            "time_text": self.text,
            "time": self.exact,
            "clock": self.clock,
            "zone": "UTC" if self.exact else None,
            "zone_rule": self.rule,
            "time_quality": self.quality if self.exact else None,
        }


_ISO = re.compile(
    r"([0-9]{4}(?:-[0-9]{2}-[0-9]{2}|/[0-9]{2}/[0-9]{2}))[T :]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))? ?"
    r"(?:(Z|z|UTC|GMT|\(UTC\)|[+-][0-9]{2}(?::?[0-9]{2})?)(?: [A-Z]{3,5})?)?"
)
_APACHE = re.compile(
    r"([0-9]{1,2})([/-])([A-Z][a-z]{2})\2([0-9]{4})[: ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)"
    r"(?: (UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?"
)
"""The day first, its month by name: Apache, ESET, Oracle."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNIX = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +)?(?:([A-Z][a-z]{2}) +([0-9]{1,2})|([0-9]{1,2}) ([A-Z][a-z]{2})),?"
    r"(?: ([0-9]{4}))? ([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?: (UTC|GMT|[+-][0-9]{4}))?(?: ([0-9]{4}))?"
    r"(?: UTC)?"
)
"""As C's `ctime`, RFC 2822 and HTTP write it."""
_AMERICAN = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}),? ([0-9]{1,2})(:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))? ?([AP])M"
    r" ?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)
"""With AM and PM the month stands first: only American programs write so."""
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,17})(?:[+-][0-9]{4})?\)/")
_FIRST, _LAST = 1e8, 1e11
"""An epoch in seconds lies between 1973 and 5138; a thousand times more are milliseconds, and so on."""


def instant_of(value: Any, *, utc: bool = False) -> Instant | None:
    """A time as JSON writes it: ISO 8601 in its kinds, or a number since 1970, whose unit its size tells.

    Arguments:
        value: text or a number.
        utc: clock times are UTC, by the format.
    """
    if isinstance(value, str):
        return _written(value.strip(), utc)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value), str(value))
    return None


@lru_cache(4096)
def _written(text: str, utc: bool) -> Instant | None:
    found = _ISO.fullmatch(text)
    if not found and (iso := _apache(text) or _in_words(text) or _american(text)):
        same = _written(iso, utc)
        return replace(same, text=text) if same else None
    if not found:
        if dotnet := _DOTNET.fullmatch(text):
            exact = _from_seconds(int(dotnet[1]) / 1000)
            return Instant(clean(text), exact, None, "by the format", "exact") if exact else None
        return _since_1970(float(text), text) if re.fullmatch(r"[0-9]{9,19}(\.[0-9]{1,9})?", text) else None
    day, clock, fraction, offset = found.groups()
    offset = "" if not offset else offset if offset[0] in "+-" else "+00:00"
    try:
        whole = datetime.fromisoformat(f"{day.replace('/', '-')}T{clock}{offset}")
        # Cut to microseconds, as a record's own order of nanoseconds is not kept by any table.
        moment = whole.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")))
        if offset or utc:
            exact = moment.astimezone(UTC) if offset else moment.replace(tzinfo=UTC)
            return Instant(text, exact, None, "in the text" if offset else "by the format", "exact")
    except (ValueError, OverflowError):
        return None
    return Instant(text, None, moment, None, "")


def _apache(text: str) -> str | None:
    """A time with the day first and dashes or slashes, as ISO 8601."""
    found = _APACHE.fullmatch(text)
    if not found or found[3] not in _MONTHS:
        return None
    return f"{found[4]}-{_MONTHS.index(found[3]) + 1:02}-{int(found[1]):02}T{found[5]}{found[6] or ''}"


def _in_words(text: str) -> str | None:
    """A time with the name of its month, as ISO 8601."""
    found = _UNIX.fullmatch(text)
    if not found:
        return None
    month, day = found[1] or found[4], found[2] or found[3]
    year = found[5] or found[9]
    if month not in _MONTHS or not year:
        return None
    fraction = f".{found[7]}" if found[7] else ""
    offset = found[8] or ("UTC" if text.endswith("UTC") else "")
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{found[6]}{fraction}{offset}"


def _american(text: str) -> str | None:
    """A time of twelve hours, as ISO 8601."""
    found = _AMERICAN.fullmatch(text)
    if not found or not 1 <= int(found[4]) <= 12:
        return None
    hour = int(found[4]) % 12 + (12 if found[7] == "P" else 0)
    fraction = f".{found[6]}" if found[6] else ""
    return f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}T{hour:02}{found[5]}{fraction}{found[8] or ''}"


def _since_1970(number: float, text: str) -> Instant | None:
    size, scale = abs(number), 1.0
    while size >= _LAST and scale < 1e9:
        size, scale = size / 1000, scale * 1000
    exact = _from_seconds(number / scale) if _FIRST <= size < _LAST else None
    return Instant(text, exact, None, "by the format", "unit_inferred") if exact else None


def _from_seconds(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(round(seconds, 6), UTC)
    except (ValueError, OverflowError, OSError):
        return None
