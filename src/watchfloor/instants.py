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
    r"([0-9]{4}(?:-[0-9]{2}-[0-9]{2}|/[0-9]{2}/[0-9]{2}))[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))? ?"
    r"(Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_APACHE = re.compile(r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
    if (apache := _APACHE.fullmatch(text)) and apache[2] in _MONTHS:
        month = _MONTHS.index(apache[2]) + 1
        same = _written(f"{apache[3]}-{month:02}-{apache[1]}T{apache[4]}{apache[5]}", utc)
        return replace(same, text=text) if same else None
    if not (found := _ISO.fullmatch(text)):
        if dotnet := _DOTNET.fullmatch(text):
            exact = _from_seconds(int(dotnet[1]) / 1000)
            return Instant(clean(text), exact, None, "by the format", "exact") if exact else None
        return _since_1970(float(text), text) if re.fullmatch(r"[0-9]{9,19}(\.[0-9]{1,9})?", text) else None
    day, clock, fraction, offset = found.groups()
    offset = {"z": "+00:00", "Z": "+00:00", "UTC": "+00:00"}.get(offset, offset) if offset else ""
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
