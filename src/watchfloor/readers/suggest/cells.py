"""Lines that are rows of a table: as many cells in each, a tab, bar, semicolon or comma between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from watchfloor.readers.suggest.typed import unique

__all__ = ["Cells", "cells_of"]

_SIGNS = ("\t", "|", ";", ",")
_FEWEST = 5
"""Fewer cells than this are words with signs between them."""
_MOSTLY = 0.95
"""So many lines have the same number of cells."""
_PROSE = 0.3
"""A column where more values than this are of four words and more holds messages: templates tell more of them."""
_NAMED = re.compile(r"[A-Za-z][\w (){}/#%.:-]{0,60}")
_USUAL = {
    "source_address": "src_ip",
    "source_ip": "src_ip",
    "destination_address": "dst_ip",
    "destination_ip": "dst_ip",
    "source_port": "src_port",
    "destination_port": "dst_port",
}
_QUOTED = r'"(?:[^"]|"")*"'


@dataclass(frozen=True)
class Cells:
    """How the rows are written."""

    sign: str
    """What stands between two cells."""
    quoted: tuple[bool, ...]
    """Of each column, whether its values stand in quotes."""
    names: tuple[str, ...]
    """Of the columns: as the first line has them, or their numbers."""
    header: str | None = None
    """The line that names the columns."""

    @property
    def regex(self) -> str:
        """Of one cell without quotes."""
        return rf"[^{re.escape(self.sign)}]*"


def cells_of(sample: pl.Series) -> Cells | None:
    """How the rows of a table are written; null where lines are no rows."""
    bare = sample.str.replace_all(_QUOTED, '""')
    for sign in _SIGNS:
        counts = bare.str.count_matches(sign, literal=True)
        usual = counts.mode().max()
        if not isinstance(usual, int) or usual + 1 < _FEWEST or int((counts == usual).sum()) < _MOSTLY * counts.len():
            continue
        rows = bare.filter(counts == usual).str.split_exact(sign, usual).struct.unnest()
        if _is_table(rows):
            quoted = tuple(_all_quoted(column.slice(1)) for column in rows)
            first = [column[0] or "" for column in rows]
            header = _is_header(first, rows.slice(1))
            return Cells(sign, quoted, tuple(_names(first, named=header)), sign.join(first) if header else None)
    return None


def _is_table(rows: pl.DataFrame) -> bool:
    """Whether the cells are values: not `key=value`, whose keys name them, and no messages."""
    pairs = sum(int(column.str.contains("=", literal=True).sum()) for column in rows)
    prose = max(float(column.str.contains(r"\S \S+ \S+ \S").mean() or 0.0) for column in rows)  # type: ignore[arg-type]
    return 4 * pairs < rows.height * rows.width and prose <= _PROSE


def _is_header(first: Sequence[str], rows: pl.DataFrame) -> bool:
    """Whether the first line names the columns: words, one of them above nothing but numbers."""
    words = sum(1 for cell in first if _NAMED.fullmatch(cell))
    return words >= _MOSTLY * len(first) and any(bool(column.str.contains("^[0-9]+$").all()) for column in rows)


def _names(first: Sequence[str], *, named: bool) -> Iterator[str]:
    taken: set[str] = set()
    for number, cell in enumerate(first, 1):
        name = re.sub("[^a-z0-9]+", "_", cell.lower()).strip("_")[:40] if named else ""
        name = unique(_USUAL.get(name, name) or f"column_{number}", taken.__contains__)
        taken.add(name)
        yield name


def _all_quoted(column: pl.Series) -> bool:
    return bool((column == '""').all())
