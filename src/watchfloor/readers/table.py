"""Tabular files of any shape, through a column map: CSV, TSV, XLSX, JSON, JSON lines, Parquet."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.readers import columns
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one

__all__ = ["READER"]


def accepts(head: Head) -> bool:
    """Not without a column map."""
    return False


def read(path: Path, options: Options) -> Tables:
    """The canonical table of one file."""
    if options.columns is None:
        raise UnreadableFile(f"{path}: a table needs a column map", hint="pass one with --columns MAP.toml")
    frame = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False).lazy()
    return columns.apply(frame, options.columns, source=str(path), zone=options.zone)


READER = Reader(
    "table",
    "any table (CSV, TSV, XLSX, JSON, JSON lines, Parquet) through a column map",
    ("alerts", "evidence", "connections", "events", "findings"),
    accepts,
    one_by_one(read),
)
