"""Tables that need no column map: their columns are those of one canonical table, as watchfloor itself saves them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.readers.columns import load
from watchfloor.readers.intake import files
from watchfloor.readers.table.delimited import layout
from watchfloor.schemas import TABLES, Table

if TYPE_CHECKING:
    from watchfloor.readers._reader import Head
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["armed", "identity", "names_of", "table_of"]

_ROWS = re.compile(r'"rows"\s*:\s*\[')


def table_of(names: Iterable[str]) -> Table | None:
    """The one canonical table that has all these columns, two at least; null where there is none, or several."""
    have = set(names)
    fitting = [table for table in TABLES.values() if have <= set(table.schema)]
    return fitting[0] if len(have) > 1 and len(fitting) == 1 else None


def names_of(head: Head) -> list[str]:
    """Names of the columns, as far as the beginning of a file shows them."""
    if head.content.startswith(b"PAR1"):
        try:
            return list(pl.read_parquet_schema(files.in_any_order(head.path)))
        except (PolarsError, OSError):
            return []
    text = head.content.decode("utf-8", errors="replace").lstrip()
    if text[:1] in ("{", "["):
        return _keys(text)
    return list(layout(head.lines, None).names) if head.lines and b"\0" not in head.content else []


def _keys(text: str) -> list[str]:
    """Keys of the first object, of an array or of an answer saved as JSON."""
    start = found.end() if text[0] == "{" and (found := _ROWS.search(text[:32_768])) else int(text[0] == "[")
    try:
        first, _ = json.JSONDecoder().raw_decode(text[start:].lstrip())
    except (ValueError, RecursionError):
        return []
    return list(first) if isinstance(first, dict) else []


def identity(names: Iterable[str], table: Table) -> ColumnMap:
    """The map that takes each column as it is."""
    return load({"table": table.name, "columns": {name: name for name in names}})


def armed(frame: pl.DataFrame) -> pl.DataFrame:
    """Text as it was before it was made safe for spreadsheets: without the apostrophe before a formula."""
    return frame.with_columns(
        pl.col(pl.String).str.replace(r"^'([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])", "${1}")
    )
