"""The terminal: as many columns as fit, the first ones first, the explanation below, and nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

import polars as pl
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from watchfloor.hostile import harmless
from watchfloor.result import Result
from watchfloor.wording import NUMBERS, Kind, kind_of, label_of, spoken

__all__ = ["harmless", "show", "text"]

WIDEST = 60
"""Characters of a column at most, while others wait for room."""
NARROWEST = 20
"""Characters to which a column of text is cut before columns are left out."""
GAP = 2


class _Column(NamedTuple):
    name: str
    heading: str
    cells: list[str]
    kind: Kind

    @property
    def numeric(self) -> bool:
        return self.kind in NUMBERS

    @property
    def width(self) -> int:
        return min(WIDEST, max(map(cell_len, (self.heading, *self.cells))))

    @property
    def least(self) -> int:
        """Numbers and times are not cut: half a number is a wrong one."""
        return self.width if self.kind != "text" else min(self.width, max(NARROWEST, cell_len(self.heading)))


def text(result: Result, *, limit: int = 20, width: int = 120) -> str:
    """The answer as plain text, as `repr` shows it."""
    buffer = StringIO()
    show(result, Console(file=buffer, width=width, highlight=False, color_system=None), limit)
    return buffer.getvalue().rstrip("\n")


def show(result: Result, console: Console, limit: int = 20) -> None:
    """Prints the first rows, what was left out, the explanation, and what other parts there are."""
    frame = result.table.head(limit + 1).collect()
    more = frame.height > limit
    frame = frame.head(limit)
    console.print(Text(harmless(result.title), style="bold"))
    if not frame.height:
        console.print(Text("no rows", style="dim"))
    elif frame.width:
        _table(frame, console)
    if more:
        rows = result.table.select(pl.len()).collect().item()
        _say(console, f"{limit:,} of {rows:,} rows: --limit shows more, --out writes all of them")
    if result.explanation:
        console.print()
        for paragraph in result.explanation.splitlines():
            console.print(Text(harmless(paragraph)))
    if result.parts:
        _say(console, f"+ parts: {', '.join(_parts(result.parts))}: --out report.html shows them")


def _parts(parts: Sequence[Result]) -> list[str]:
    """Each part's name and its number of rows."""
    counts = pl.collect_all([part.table.select(pl.len()) for part in parts])
    return [
        f"{harmless(part.name or part.title)} ({count.item():,})" for part, count in zip(parts, counts, strict=True)
    ]


def _say(console: Console, remark: str) -> None:
    console.print(Text(remark, style="dim"))


def _table(frame: pl.DataFrame, console: Console) -> None:
    columns = [_column(series) for series in frame if series.null_count() < frame.height]
    fitting, left_out = _fit(columns, console.width)
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold dim", show_edge=False)
    for column, width in fitting:
        grid.add_column(
            column.heading,
            justify="right" if column.numeric else "left",
            width=width,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in zip(*(column.cells for column, _ in fitting), strict=True):
        grid.add_row(*map(Text, row))
    console.print(grid)
    empty = [harmless(series.name) for series in frame if series.null_count() == frame.height]
    if left_out:
        _say(console, f"columns that did not fit: {', '.join(harmless(column.name) for column in left_out)}")
    if empty:
        _say(console, f"columns without a value here: {', '.join(empty)}")


def _column(series: pl.Series) -> _Column:
    kind = kind_of(series.name, series.dtype)
    zone = getattr(series.dtype, "time_zone", None)
    heading = label_of(series.name) + (f" ({zone})" if zone else "")
    return _Column(series.name, heading, [spoken(value, kind) for value in series.to_list()], kind)


def _fit(columns: list[_Column], width: int) -> tuple[list[tuple[_Column, int]], list[_Column]]:
    """The columns that fit, with their widths: from left to right, text cut before a column is left out."""
    fitting: list[_Column] = []
    for number, column in enumerate(columns):
        used = sum(c.least + GAP for c in fitting) + column.least
        if fitting and used > width:
            return _widths(fitting, width), columns[number:]
        fitting.append(column)
    return _widths(fitting, width), []


def _widths(columns: list[_Column], width: int) -> list[tuple[_Column, int]]:
    """What is left of the line goes to the columns that were cut, the first ones first."""
    spare = width - sum(column.least + GAP for column in columns) + GAP
    widths = []
    for column in columns:
        extra = max(0, min(spare, column.width - column.least))
        spare -= extra
        widths.append((column, min(width, column.least + extra)))
    return widths
