"""Shipped patterns of whole lines as readers: each knows its files by their first lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.stamps import FAMILIES
from watchfloor.readers.patterns.catalog import Entry, catalog

__all__ = ["readers", "shares"]

_PREFIXED = "|".join(f"(?:{family.regex})" for family in FAMILIES if not family.behind) + "|^<[0-9]{1,3}>"
"""A line that begins with a time or a priority."""


@cache
def readers() -> tuple[Reader, ...]:
    """One reader for each."""
    return tuple(_reader(entry) for entry in catalog() if entry.of_lines)


def shares(heads: Sequence[Head]) -> list[list[float]]:
    """How sure each of the readers is of each of some files, looked at together: a regex is compiled once for all."""
    return _shares(heads, [entry for entry in catalog() if entry.of_lines])


def _shares(heads: Sequence[Head], entries: Sequence[Entry]) -> list[list[float]]:
    texts = [line for head in heads for line in head.lines]
    places = [n for n, head in enumerate(heads) for _ in head.lines]
    lines = pl.LazyFrame({"file": places, "text": texts}, schema={"file": pl.Int64, "text": pl.String})
    found = [[0.0] * len(entries) for _ in heads]
    # Long regexes are compiled only where a short one says that some line may be of theirs.
    signs = [entry.known_by for entry in entries]
    near = lines.select(
        (pl.col("text").str.contains(sign).any() if sign else pl.lit(value=True)).alias(str(at))
        for at, sign in enumerate(signs)
    ).collect()
    asked = [at for at in range(len(entries)) if near[str(at)][0]]
    for at, frame in zip(asked, pl.collect_all([entries[at].shares(lines) for at in asked]), strict=True):
        for file, share in frame.rows():
            found[file][at] = share or 0.0
    return found


def _reader(entry: Entry) -> Reader:
    def accepts(head: Head) -> float:
        return _shares([head], [entry])[0][0]

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
