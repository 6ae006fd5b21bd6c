"""Which columns of a table fit into a line of so many characters, and how much of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from rich.cells import cell_len

from watchfloor.hostile import harmless
from watchfloor.wording import NUMBERS, Kind, kind_of, label_of, spoken

__all__ = ["Cells", "Fitted", "fitted"]

WIDEST = 60
"""Characters of a column at most."""
NARROWEST = 20
"""Characters to which a column of text is cut before columns are left out."""
GAP = 2
"""Characters between columns."""


@dataclass(frozen=True)
class Cells:
    """A column in words."""

    name: str
    heading: str
    kind: Kind
    values: tuple[str, ...]

    @property
    def numeric(self) -> bool:
        """True where the column stands to the right."""
        return self.kind in NUMBERS

    @property
    def width(self) -> int:
        """Characters that the column would take."""
        return min(WIDEST, max(cell_len(text) for text in (self.heading, *self.values)))

    @property
    def least(self) -> int:
        """Characters that it needs: numbers and times are not cut, half a number is a wrong one."""
        return self.width if self.kind != "text" else min(self.width, max(NARROWEST, cell_len(self.heading)))


@dataclass(frozen=True)
class Fitted:
    """The columns of a table that fit, and the names of the others."""

    columns: tuple[Cells, ...]
    widths: tuple[int, ...]
    left_out: tuple[str, ...]
    """Columns for which there is no room."""
    empty: tuple[str, ...]
    """Columns without a value in these rows."""


def fitted(frame: pl.DataFrame, width: int) -> Fitted:
    """From left to right as many columns as the line holds; text is cut before a column is left out."""
    empty = [series.name for series in frame if series.null_count() == frame.height]
    columns = [_cells(series) for series in frame if series.name not in empty]
    count = 0
    used = -GAP
    for column in columns:
        used += column.least + GAP
        if count and used > width:
            break
        count += 1
    return Fitted(
        columns=tuple(columns[:count]),
        widths=tuple(_widths(columns[:count], width)),
        left_out=tuple(harmless(column.name) for column in columns[count:]),
        empty=tuple(map(harmless, empty)),
    )


def _cells(series: pl.Series) -> Cells:
    kind = kind_of(series.name, series.dtype)
    zone = getattr(series.dtype, "time_zone", None)
    words = tuple(spoken(value, kind) for value in series.to_list())
    if kind == "time" and all(word[10:19] in ("", " 00:00:00") for word in words):
        words = tuple(word[:10] for word in words)
    return Cells(series.name, label_of(series.name) + (f" ({zone})" if zone else ""), kind, words)


def _widths(columns: Sequence[Cells], width: int) -> list[int]:
    """What is left of the line goes to the columns that were cut, the first ones first."""
    spare = width + GAP - sum(column.least + GAP for column in columns)
    widths = []
    for column in columns:
        extra = max(0, min(spare, column.width - column.least))
        spare -= extra
        widths.append(min(width, column.least + extra))
    return widths
