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
_WIDE = 100
"""Terminals with fewer columns do without the seconds."""
_NARROWEST = 16
_ALWAYS = ("lines", "read", "rejected", "format")
_COUNTS = ("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped")


def show_ledger(ledger: pl.DataFrame, console: Console) -> None:
    """One line a file, a sum, and what was taken for granted."""
    if not ledger.height:
        return
    shown = ledger
    if ledger.height > FILES:
        doubtful = (pl.col("partial").is_not_null() | (pl.col("lines_rejected") > 0)).fill_null(False)
        shown = ledger.sort(doubtful, descending=True, maintain_order=True).head(FILES)
    rows = [_cells(row) for row in shown.to_dicts()]
    if ledger.height > 1:
        sums = ledger.select(pl.col(*_COUNTS, "seconds").sum()).row(0, named=True)
        rows.append(_cells(sums))
    said = [name for name in rows[0] if name in _ALWAYS or any(row[name] not in ("", "0", "utf-8") for row in rows)]
    if console.width < _WIDE:
        said = [name for name in said if name != "seconds"]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in said}
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold dim")
    grid.add_column(f"ledger: {_files(ledger.height)}", no_wrap=True)
    for name in said:
        grid.add_column(name, justify="left" if name in ("encoding", "format") else "right", no_wrap=True)
    # The end of a path tells more than its begin.
    room = max(_NARROWEST, console.width - sum(widths.values()) - 2 * (len(said) + 1))
    for source, row in zip(shown["source"], rows, strict=False):
        name = harmless(source)
        short = name if len(name) <= room else f"..{name[2 - room :]}"
        grid.add_row(*map(Text, (short, *(row[one] for one in said))))
    if ledger.height > len(shown):
        grid.add_row(Text(f".. and {_files(ledger.height - len(shown))} more", style="dim"))
    if ledger.height > 1:
        grid.add_row(*(Text(cell, style="bold") for cell in ("sum", *(rows[-1][one] for one in said))))
    console.print()
    console.print(grid)
    noted = ledger.filter(pl.col("notes").is_not_null())
    for source, notes in noted.select("source", "notes").head(NOTES).iter_rows():
        console.print(Text(harmless(f"{source}: {notes}"), style="dim"))
    if noted.height > NOTES:
        console.print(Text(f".. and notes on {noted.height - NOTES} more: --table ledger shows them", style="dim"))


def _cells(row: dict[str, object]) -> dict[str, str]:
    seconds = row["seconds"]
    return {
        **{name.removeprefix("lines_"): f"{row[name]:,}" if row[name] is not None else "" for name in _COUNTS},
        "encoding": str(row.get("encoding") or ""),
        "format": str(row.get("format") or ("not read" if "source" in row else "")),
        "seconds": f"{seconds:.2f}" if isinstance(seconds, float) else "",
    }


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"
