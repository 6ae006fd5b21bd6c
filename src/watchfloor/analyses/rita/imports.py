"""Which files RITA v5 imports together: those of one day's folder and one hour, as their names say.

Rows of HTTP and TLS logs are linked to connections within such an import, each import is analysed against the day
before its end, and a pair shows the result of the last import that had it.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath

import polars as pl

__all__ = ["UNDATED", "day_of_folder", "hour_of_name", "import_number", "imports_of"]

UNDATED = date(2006, 1, 2)
"""The day of folders whose name is no date: they come first."""

_ROTATED = re.compile(r"[A-Za-z]+\.([0-9]{2})[:/_][0-9]{2}")
_CORELIGHT = re.compile(r"^[A-Za-z_-]+_[0-9]{8}_([0-9]{2}):[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{4}")
_PLAIN = re.compile(r"^[A-Za-z_-]+\.log(\.gz)?$")


def hour_of_name(name: str) -> int | None:
    """The hour that the name of a log says, 0 where it says none; null for a name that RITA refuses."""
    found = _ROTATED.search(name) or _CORELIGHT.search(name)
    if found:
        hour = int(found[1])
        return hour if hour < 24 else None
    return 0 if _PLAIN.search(name) else None


def day_of_folder(name: str) -> date:
    """The day that the name of a folder says."""
    try:
        return date.fromisoformat(name) if len(name) == len("2025-10-03") else UNDATED
    except ValueError:
        return UNDATED


def imports_of(sources: list[str | None]) -> dict[str | None, int]:
    """The number of the import of each file, in the order in which RITA imports them.

    A file that RITA refuses for its name is not lost here: it counts as hour 0 of its folder.
    """
    places = {source: _place(source) for source in sources}
    numbers = {place: number for number, place in enumerate(sorted(set(places.values())))}
    return {source: numbers[place] for source, place in places.items()}


def _place(source: str | None) -> tuple[date, int]:
    path = PurePosixPath((source or "").replace("\\", "/"))
    return day_of_folder(path.parent.name), hour_of_name(path.name) or 0


def import_number(numbers: dict[str | None, int]) -> pl.Expr:
    """The number of the import of each row, by its `source`."""
    if len(set(numbers.values())) <= 1:
        return pl.lit(0, pl.UInt16)
    known = {source: number for source, number in numbers.items() if source is not None}
    return pl.col("source").replace_strict(known, default=numbers.get(None, 0), return_dtype=pl.UInt16)
