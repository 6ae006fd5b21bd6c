"""A part of a file as a table of text: what the layouts (CSV, JSON, workbooks) have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from watchfloor.readers.columns.plan import LINES, RECORD

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["Part", "Reject", "Texts", "framed", "wanted"]


@dataclass(frozen=True)
class Reject:
    """A record that is none."""

    record: int
    reason: str
    text: str
    lines: int = 1


@dataclass(frozen=True)
class Part:
    """Records of a file in order: lines of its rows + lines of its rejects + skipped = lines."""

    frame: pl.DataFrame
    """Cells as text, with where each record begins and how many lines it has."""
    lines: int
    text: Callable[[int, int], str]
    """A record as it stands in the file, by its first line and its number of lines."""
    rejects: Sequence[Reject] = ()
    skipped: int = 0
    """Lines that are no records: blank ones, headers, what stands above a header."""


def framed(
    names: Sequence[str], rows: Sequence[Sequence[str | None]], records: Sequence[int], lines: Sequence[int]
) -> pl.DataFrame:
    """Rows of text with their places."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    cells = {name: pl.Series(cells, dtype=pl.String) for name, cells in zip(names, columns, strict=True)}
    places = {RECORD: pl.Series(records, dtype=pl.Int64), LINES: pl.Series(lines, dtype=pl.Int64)}
    return pl.DataFrame(cells | places)


def wanted(mapping: ColumnMap) -> list[set[str]]:
    """For each mapped column the names of theirs, any of which will do."""
    origins = (*mapping.columns.values(), *mapping.evidence.values())
    return [*(set(origin.names) for origin in origins), *({name} for name in mapping.where)]


class Texts:
    """The lines of a block, split once somebody asks for one."""

    def __init__(self, block: bytes, first: int) -> None:
        """`first` is the number of its first line."""
        self._block, self._first = block, first
        self._split: list[bytes] | None = None

    def of(self, record: int, lines: int) -> str:
        """The text of a record."""
        if self._split is None:
            self._split = self._block.split(b"\n")
        start = record - self._first
        text = b"\n".join(self._split[start : start + lines])
        return text.decode("utf-8", errors="replace").removesuffix("\r")
