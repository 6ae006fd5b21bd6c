"""Tools' own CSV: a header that is known, records that begin with a time, one by one to rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.jsonvalues import clean
from watchfloor.readers._reader import Head, Options, Tables
from watchfloor.readers.intake import files
from watchfloor.readers.records.jsonrecords import Exact, Make
from watchfloor.readers.records.lines import read_lines

__all__ = ["header_of", "read_csv"]

_BEGIN = r'^"?[^",]{0,40}[0-9]{2}:[0-9]{2}:[0-9]{2}'


def header_of(head: Head) -> list[str]:
    """The cells of a file's first line; empty where it is no CSV."""
    return _cells(head.lines[0]) if head.lines else []


def _cells(text: str) -> list[str]:
    try:
        rows = list(csv.reader(text.split("\n"), strict=True)) if "\0" not in text else []
    except csv.Error:
        return []
    # A cell over several lines is one row; more rows are several records.
    return rows[0] if len(rows) == 1 else []


def read_csv(path: Path, options: Options, *, format: str, tables: tuple[str, ...], make: Make, time: str) -> Tables:
    """The tables of one file of CSV.

    Arguments:
        path: the file.
        options: what the user said.
        format: name of the reader.
        tables: those that `make` gives rows of.
        make: makes the rows of one record, an object with the names of the header.
        time: name of the column of times; where it is the first, a cell may go over several lines.

    Raises:
        UnreadableFile: no header.
    """
    head = files.head(path)
    names = header_of(head)
    if len(names) < 2:
        raise UnreadableFile(f"{path}: no header of CSV", hint="`watchfloor formats` lists what can be read")

    def decode(text: str) -> list[dict[str, Any]]:
        return [_record(text, names)]

    line = pl.col("text")
    is_header = line.str.strip_suffix("\r") == head.lines[0]
    begins = is_header | line.str.contains(_BEGIN) if names[0] == time else None
    parse = Exact(make, tables, str(path), options.zone, decode)
    return read_lines(path, options, format=format, tables=tables, parse=parse, begins=begins, skips=is_header)


def _record(text: str, names: Sequence[str]) -> dict[str, Any]:
    cells = _cells(text)
    if len(cells) != len(names):
        raise ValueError(f"{len(cells)} of {len(names)} columns" if cells else "a quote that is not closed")
    found: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if cell:
            found.setdefault(clean(name), clean(cell))
    return found
