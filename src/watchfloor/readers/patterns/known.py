"""Shipped patterns of whole lines as readers: each knows its files by their first lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.stamps import FAMILIES
from watchfloor.readers.patterns.catalog import Entry, catalog

__all__ = ["readers"]

_PREFIXED = "|".join(f"(?:{family.regex})" for family in FAMILIES if not family.behind) + "|^<[0-9]{1,3}>"
"""A line that begins with a time or a priority."""


@cache
def readers() -> tuple[Reader, ...]:
    """One reader for each."""
    return tuple(_reader(entry) for entry in catalog() if entry.of_lines)


def _reader(entry: Entry) -> Reader:
    def accepts(head: Head) -> float:
        return entry.share(head.lines)

    return Reader(
        name=entry.name,
        about=entry.about,
        tables=(entry.table, "events") if entry.table != "events" else ("events",),
        accepts=accepts,
        sign=entry.about,
        read=one_by_one(_read_by(entry.name)),
        grows=lambda _: not entry.given.keys() & {"begins", "header"},
    )


def _read_by(name: str) -> Callable[[Path, Options], Tables]:
    def read(path: Path, options: Options) -> Tables:
        """The file by the shipped pattern; other lines are events where they begin with a time, else rejects."""
        from watchfloor.readers.patterns.files import load  # noqa: PLC0415 - pydantic waits for the first pattern
        from watchfloor.readers.patterns.reading import Parser, read_by  # noqa: PLC0415
        from watchfloor.readers.syslog import events_of  # noqa: PLC0415

        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)

        def others(records: pl.DataFrame) -> pl.DataFrame:
            lines = records.filter(pl.col("text").str.contains(_PREFIXED))
            return events_of(lines, source=str(path), zone=options.zone, written=written)

        return read_by(Parser(load(name), path, options), path, options, others=others)

    return read
