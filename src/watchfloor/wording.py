"""How values read: 12,345, 3.2 MB, 1 h 05 min, 87 %; the unit is in the column's name."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Literal

import polars as pl

from watchfloor.hostile import harmless

__all__ = ["JOIN", "NUMBERS", "Kind", "kind_of", "label_of", "spoken"]

Kind = Literal["text", "time", "day", "count", "id", "number", "share", "seconds", "bytes", "bool"]
"""How a column reads: the project writes units into names, so a name says more than a type."""

NUMBERS: tuple[Kind, ...] = ("count", "id", "number", "share", "seconds", "bytes")
"""Kinds that stand to the right of their column."""

JOIN = "; "
"""Between the members of a list in one cell."""

_SHARE = re.compile(r"(^|_)(share|precision|coverage)(_low|_high)?$")
_SECONDS = re.compile(r"_seconds(_low|_high)?$")
_BYTES = re.compile(r"(^|_)bytes$")
_ID = re.compile(r"(^|_)(id|port|pid|record|line|year|code|status|severity)$")
_SIZES = ("kB", "MB", "GB", "TB", "PB")


def kind_of(name: str, dtype: pl.DataType) -> Kind:
    """How the column reads."""
    if dtype == pl.Boolean:
        return "bool"
    if dtype == pl.Date:
        return "day"
    if isinstance(dtype, pl.Datetime):
        return "time"
    if not dtype.is_numeric():
        return "text"
    if _SECONDS.search(name):
        return "seconds"
    if _BYTES.search(name):
        return "bytes"
    if dtype.is_integer():
        return "id" if _ID.search(name) else "count"
    return "share" if _SHARE.search(name) else "number"


def label_of(name: str) -> str:
    """The column's name as a heading: `first_event_time` reads `first event time`."""
    return harmless(_SECONDS.sub(r"\1", name)).replace("_", " ").strip() or harmless(name)


def spoken(value: Any, kind: Kind) -> str:
    """The value in one line; what is missing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, list):
        return harmless(JOIN.join(str(item) for item in value if item is not None))
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int | float):
        return _number(value, kind)
    return harmless(str(value))


def _time(value: datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    return text + ("" if value.tzname() in (None, "UTC") else value.strftime(" %z"))


def _number(value: float, kind: Kind) -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return "not a number"
    if kind == "share":
        return f"{100 * value:.1f} %"
    if kind == "seconds":
        return _seconds(value)
    if kind == "bytes":
        return _bytes(value)
    if kind == "id":
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if abs(value) < 1_000 else f"{value:,.0f}"


def _seconds(value: float) -> str:
    sign, value = "-" if value < 0 else "", abs(value)
    if value < 120:
        return f"{sign}{value:.3g} s"
    minutes = round(value / 60)
    if minutes < 120:
        return f"{sign}{minutes} min"
    hours = minutes // 60
    return f"{sign}{hours} h {minutes % 60:02} min" if hours < 48 else f"{sign}{hours // 24} d {hours % 24} h"


def _bytes(value: float) -> str:
    size = float(value)
    if abs(size) < 1_000:
        return f"{size:.0f} B"
    for unit in _SIZES:
        size /= 1_000
        if abs(size) < 999.5:
            break
    return f"{size:.3g} {unit}"
