"""The terminal: as many columns as fit, the first ones first, the explanation below, nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from watchfloor.hostile import harmless
from watchfloor.reports.chapters import as_read, paragraphs, tiles_of
from watchfloor.reports.fitting import GAP, fitted
from watchfloor.result import Result

__all__ = ["harmless", "show", "text"]


def text(result: Result, *, limit: int = 20, width: int = 120) -> str:
    """The answer as plain text, as `repr` shows it."""
    buffer = StringIO()
    # In a notebook Rich would show the text by itself, beside the page, and leave the buffer empty.
    console = Console(file=buffer, width=width, highlight=False, color_system=None, force_jupyter=False)
    show(result, console, limit)
    return "\n".join(line.rstrip() for line in buffer.getvalue().rstrip().splitlines())


def show(result: Result, console: Console, limit: int = 20) -> None:
    """Prints the first rows, what was left out, the explanation, and what other parts there are."""
    frame = result.table.head(limit + 1).collect()
    console.print(Text(harmless(result.title), style="bold"))
    if tiles := tiles_of(frame):
        _grid(console, [(tile.label, tile.value, tile.note) for tile in tiles])
    elif not frame.height:
        _remark(console, "no rows")
    elif frame.width:
        _table(as_read(frame.head(limit), result), console)
    if frame.height > limit:
        rows = result.table.select(pl.len()).collect().item()
        _remark(console, f"{limit:,} of {rows:,} rows: --limit shows more, --out writes all of them")
    if result.explanation:
        console.print()
    for paragraph in paragraphs(result.explanation):
        console.print(Text(paragraph))
    if result.parts:
        _remark(console, f"+ parts: {', '.join(_parts(result.parts))}: --out report.html shows them")


def _parts(parts: Sequence[Result]) -> Iterator[str]:
    """Each part's name and its number of rows."""
    counts = pl.collect_all([part.table.select(pl.len()) for part in parts])
    for part, count in zip(parts, counts, strict=True):
        yield f"{harmless(part.name or part.title)} ({count.item():,})"


def _table(frame: pl.DataFrame, console: Console) -> None:
    fit = fitted(frame, console.width)
    grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold dim", show_edge=False)
    for column, width in zip(fit.columns, fit.widths, strict=True):
        justify = "right" if column.numeric else "left"
        grid.add_column(Text(column.heading), justify=justify, width=width, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in zip(*(column.values for column in fit.columns), strict=True):
        grid.add_row(*map(Text, row))
    console.print(grid)
    if fit.left_out:
        _remark(console, f"columns that did not fit: {', '.join(fit.left_out)}")
    if fit.empty:
        _remark(console, f"columns without a value here: {', '.join(fit.empty)}")


def _grid(console: Console, rows: Sequence[Sequence[str]]) -> None:
    """Key figures, one a line."""
    grid = Table.grid(padding=(0, GAP))
    for row in rows:
        grid.add_row(*map(Text, row))
    console.print(grid)


def _remark(console: Console, remark: str) -> None:
    console.print(Text(remark, style="dim"))
