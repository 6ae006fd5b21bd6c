"""The short ledger at the end of `watchfloor read`: what became of the lines of each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.table import Table as Grid
from rich.text import Text

from watchfloor.hostile import harmless

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_ledger"]

FILES = 20
"""So many files are shown; those that were not read completely first, where there are more."""
NOTES = 5
_COUNTS = ("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped")


def show_ledger(ledger: pl.DataFrame, console: Console) -> None:
    """One line a file, a sum, and what was taken for granted."""
    if not ledger.height:
        return
    shown = ledger
    if ledger.height > FILES:
        doubtful = (pl.col("partial").is_not_null() | (pl.col("lines_rejected") > 0)).fill_null(False)
        shown = ledger.sort(doubtful, descending=True, maintain_order=True).head(FILES)
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
    grid.add_column(f"ledger: {_files(ledger.height)}", overflow="fold", ratio=1)
    for name in ("lines", "read", "continued", "rejected", "skipped"):
        grid.add_column(name, justify="right", no_wrap=True)
    for name in ("encoding", "format"):
        grid.add_column(name, no_wrap=True)
    grid.add_column("seconds", justify="right", no_wrap=True)
    for row in shown.to_dicts():
        grid.add_row(*map(Text, (harmless(row["source"]), *_cells(row))))
    if ledger.height > len(shown):
        grid.add_row(Text(f".. and {_files(ledger.height - len(shown))} more", style="dim"))
    if ledger.height > 1:
        sums = ledger.select(pl.col(*_COUNTS, "seconds").sum()).row(0, named=True)
        grid.add_row(*(Text(cell, style="bold") for cell in ("sum", *_cells(sums))))
    console.print()
    console.print(grid)
    noted = ledger.filter(pl.col("notes").is_not_null())
    for source, notes in noted.select("source", "notes").head(NOTES).iter_rows():
        console.print(Text(harmless(f"{source}: {notes}"), style="dim"))
    if noted.height > NOTES:
        console.print(Text(f".. and notes on {noted.height - NOTES} more: --table ledger shows them", style="dim"))


def _cells(row: dict[str, object]) -> list[str]:
    counts = [f"{row[name]:,}" if row[name] is not None else "" for name in _COUNTS]
    seconds = row["seconds"]
    return [
        *counts,
        str(row.get("encoding") or ""),
        str(row.get("format") or ("not read" if "source" in row else "")),
        f"{seconds:.2f}" if isinstance(seconds, float) else "",
    ]


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"
