"""Tables of any shape, through a column map: CSV, TSV, XLSX, JSON, JSON lines, Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.records.documents import has_lines
from watchfloor.schemas import TABLES

__all__ = ["READER"]


def _accepts(head: Head) -> bool:
    from watchfloor.readers.table.reading import accepts  # noqa: PLC0415 - a format that nobody has costs no import

    return accepts(head)


def _grows(head: Head) -> bool:
    """JSON lines; other tables need their header."""
    return has_lines(head.lines)


def _read(paths: Sequence[Path], options: Options) -> Tables:
    from watchfloor.readers.table.reading import read  # noqa: PLC0415 - as above

    return read(paths, options)


READER = Reader(
    name="table",
    about="Tables through a column map: CSV, TSV, XLSX, JSON, JSON lines, Parquet; without one what watchfloor saved",
    tables=tuple(name for name in TABLES if name not in ("rejects", "ledger")),
    accepts=_accepts,
    read=_read,
    sign="its columns are those of one canonical table",
    grows=_grows,
)
