"""How values read: 12,345, 3.2 MB, 1 h 05 min, 87 %; the unit is in the column's name."""

from __future__ import annotations

import math
import re
from datetime import datetime
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


def kind_of(name: str, dtype: pl.DataType) -> Kind:
    """How the column reads."""
    if not dtype.is_numeric():
        return "bool" if dtype == pl.Boolean else "day" if dtype == pl.Date else _time_or_text(dtype)
    if _SECONDS.search(name):
        return "seconds"
    if _BYTES.search(name):
        return "bytes"
    if dtype.is_integer():
        return "id" if _ID.search(name) else "count"
    return "share" if _SHARE.search(name) else "number"


def _time_or_text(dtype: pl.DataType) -> Kind:
    return "time" if isinstance(dtype, pl.Datetime) else "text"


def label_of(name: str) -> str:
    """The column's name as a heading: `first_event_time` reads `first event time`."""
    return harmless(_SECONDS.sub(r"\1", name)).replace("_", " ").strip() or harmless(name)


def spoken(value: Any, kind: Kind) -> str:
    """The value in one line; what is missing is empty."""
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = _number(value, kind)
        case datetime():
            text = _time(value)
        case list():
            text = JOIN.join(str(item) for item in value if item is not None)
        case bytes():
            text = value.hex()
        case _:
            text = str(value)
    return harmless(text)


def _time(value: datetime) -> str:
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    return text + ("" if value.tzname() in (None, "UTC") else value.strftime(" %z"))


def _number(value: float, kind: Kind) -> str:
    if not math.isfinite(value):
        return str(value)
    match kind:
        case "share":
            return f"{100 * value:.1f} %"
        case "seconds":
            return _seconds(value)
        case "bytes":
            return _bytes(value)
        case "id":
            return str(value)
        case _:
            return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if abs(value) < 1_000 else f"{value:,.0f}"


def _seconds(value: float) -> str:
    sign, value = "-" if value < 0 else "", abs(value)
    if value < 120:
        return f"{sign}{value:.3g} s"
    minutes, seconds = divmod(round(value), 60)
    if minutes < 120:
        return f"{sign}{minutes} min {seconds:02} s" if seconds else f"{sign}{minutes} min"
    hours, minutes = divmod(round(value / 60), 60)
    return f"{sign}{hours} h {minutes:02} min" if hours < 48 else f"{sign}{hours // 24} d {hours % 24} h"


def _bytes(value: float) -> str:
    size, unit = float(value), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if abs(size) < 999.5:
            break
        size, unit = size / 1_000, larger
    return f"{size:.3g} {unit}"
