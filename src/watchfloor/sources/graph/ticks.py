"""Graph's times, which have seven digits of a second: as numbers to compare, and back as its filters write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["PER_MS", "text_of", "ticks_of"]

PER_MS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def ticks_of(said: Any) -> int | None:
    """Tenths of a microsecond since 1970; null where it is no time, or that of year 1, which stands for none."""
    found = _WRITTEN.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        return None
    try:
        whole = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
        seconds = (whole - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return seconds * 10_000_000 + int((found[2] or "").ljust(7, "0")[:7]) if seconds > -62_000_000_000 else None


def text_of(ticks: int) -> str:
    """As `$filter` takes it."""
    seconds, rest = divmod(ticks, 10_000_000)
    return f"{(_EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S')}.{rest:07d}Z"
