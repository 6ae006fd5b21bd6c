"""The lists: formats that can be read, tables with their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table as Grid

from watchfloor.errors import BadOption
from watchfloor.readers import READERS
from watchfloor.schemas import TABLES

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show_formats", "show_tables"]


def show_formats(console: Console) -> None:
    """One line per reader."""
    grid = Grid("format", "what it reads", "tables", box=None, pad_edge=False)
    for reader in READERS:
        grid.add_row(reader.name, reader.about, ", ".join(reader.tables))
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
