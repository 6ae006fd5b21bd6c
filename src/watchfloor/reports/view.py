"""Tables as a page holds them: columns of values as JSON, the first rows at hand and all of them packed."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from watchfloor.hostile import harmless, in_script
from watchfloor.reports.cells import flat, largest
from watchfloor.wording import kind_of, label_of

__all__ = ["ALL_BYTES", "ALL_ROWS", "HEAD_ROWS", "Room", "View", "view_of"]

HEAD_ROWS = 1_000
"""Rows of a table that a page shows without unpacking anything."""
ALL_ROWS = 200_000
"""Rows of a table that a page carries, packed, at most."""
ALL_BYTES = 24_000_000
"""Packed rows of all tables of a page together, at most."""

Columns = list[dict[str, Any]]
"""Per column: n name, l label, k kind, z zone, p decimals, d data, and s what it is sorted by where that is not d."""

_EXACT = 2**53
"""Larger integers are not exact in JavaScript."""


@dataclass
class Room:
    """How many bytes of packed rows a page can still take."""

    left: int = ALL_BYTES


@dataclass(frozen=True)
class View:
    """A table in a page."""

    name: str
    """Of the file that the page saves."""
    rows: int
    """Rows of the table."""
    here: int
    """Rows that the page carries."""
    head: Markup
    packed: Markup
    """Empty where the head is all."""
    note: str


def view_of(table: pl.LazyFrame, frame: pl.DataFrame, name: str, room: Room) -> View:
    """The table as a page holds it.

    Arguments:
        table: all of it, to count the rows beyond the frame.
        frame: its first rows, and one more than `ALL_ROWS` where there are more.
        name: of the file that the page saves.
        room: what other tables of the page left.
    """
    rows = frame.height if frame.height <= ALL_ROWS else int(table.select(pl.len()).collect().item())
    frame = frame.head(ALL_ROWS)
    empty = [series.name for series in frame if frame.height and series.null_count() == frame.height]
    columns = _columns(frame.drop(empty))
    packed = _packed(columns) if frame.height > HEAD_ROWS else ""
    if len(packed) > room.left:
        packed = ""
    room.left -= len(packed)
    here = frame.height if packed else min(frame.height, HEAD_ROWS)
    notes = []
    if here < rows:
        notes.append(f"The page carries the first {here:,} of {rows:,} rows; --out {name}.parquet writes all of them.")
    if empty:
        notes.append(f"Columns without any value: {', '.join(map(harmless, empty))}.")
    head = [column | {key: column[key][:HEAD_ROWS] for key in ("d", "s") if key in column} for column in columns]
    return View(
        name=name,
        rows=rows,
        here=here,
        head=Markup(in_script(_text(head))),  # noqa: S704 - escaped for a script
        packed=Markup(packed),  # noqa: S704 - base64
        note=" ".join(notes),
    )


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _packed(columns: Columns) -> str:
    data = [{key: column[key] for key in ("d", "s") if key in column} for column in columns]
    return base64.b64encode(gzip.compress(_text(data).encode("utf-8"), 6, mtime=0)).decode()


def _columns(frame: pl.DataFrame) -> Columns:
    cells = flat(frame.lazy()).collect()
    return [_column(series, cells[series.name]) for series in frame]


def _column(series: pl.Series, cells: pl.Series) -> dict[str, Any]:
    kind = kind_of(series.name, series.dtype)
    column: dict[str, Any] = {"n": harmless(series.name), "l": label_of(series.name), "k": kind}
    if isinstance(series.dtype, pl.Datetime):
        column["z"] = series.dtype.time_zone or ""
        if series.dtype.time_zone not in (None, "UTC"):
            column["s"] = series.dt.epoch("us").to_list()
        if (series.dt.truncate("1d") == series).all():
            column["k"], cells = "day", cells.str.slice(0, 10)
        else:
            cells = cells.str.replace("T", " ", literal=True).str.strip_suffix("Z")
    elif cells.dtype.is_float():
        cells = cells.set(~cells.is_finite(), None)
        if column["k"] == "number":
            column["p"] = _decimals(cells)
    elif cells.dtype.is_integer() and largest(cells) > _EXACT:
        column["k"], cells = "big", cells.cast(pl.String)
    elif not cells.dtype.is_integer() and cells.dtype != pl.Boolean:
        cells = cells.cast(pl.String)
    return column | {"d": cells.to_list()}


def _decimals(values: pl.Series) -> int:
    """Decimals that tell the values of a column apart, three at most, so that they stand below one another."""
    if largest(values) >= 10_000:
        return 0
    return next((places for places in range(3) if largest(values.round(places) - values) == 0), 3)
