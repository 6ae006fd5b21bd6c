"""The lists: formats that can be read, tables with their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table as Grid
from rich.text import Text

from watchfloor.errors import BadOption
from watchfloor.hostile import harmless
from watchfloor.readers import all_readers, choices
from watchfloor.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

__all__ = ["explain_formats", "show_formats", "show_tables"]


def show_formats(console: Console) -> None:
    """One line per reader."""
    grid = Grid("format", "what it reads", "tables", box=None, pad_edge=False)
    for reader in all_readers():
        grid.add_row(reader.name, Text(reader.about), ", ".join(reader.tables))
    console.print(grid)


def explain_formats(console: Console, paths: Sequence[str], format: str | None) -> None:
    """One line per file: which format, how sure, why, and who else would have read it."""
    grid = Grid("file", "format", "share", "reason", "runner-up", box=None, pad_edge=False)
    for choice in choices(paths, format=format):
        name = choice.reader.name if choice.reader else "none"
        share = f"{choice.share:.0%}" if choice.share or choice.reader else ""
        other = f"{choice.others[0][0].name} ({choice.others[0][1]:.0%})" if choice.others else ""
        grid.add_row(*map(Text, (harmless(str(choice.path)), name, share, harmless(choice.reason), other)))
    console.print(grid)


def show_tables(console: Console, name: str | None) -> None:
    """One line per table, or one per column of a table."""
    if name is None:
        grid = Grid("table", "one row is", "columns", box=None, pad_edge=False)
        for table in TABLES.values():
            grid.add_row(table.name, table.row, ", ".join(table.schema))
    elif name in TABLES:
        grid = Grid("column", "type", "meaning", "OCSF", "ECS", box=None, pad_edge=False)
        for column in TABLES[name].columns:
            grid.add_row(column.name, str(column.dtype), column.meaning, column.ocsf, column.ecs)
    else:
        raise BadOption(f"there is no table {name!r}", hint=f"tables: {', '.join(TABLES)}")
    console.print(grid)
