"""Tables as a page holds them: columns of values in JSON, the first rows at once and all of them packed."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from markupsafe import Markup

from watchfloor.reports.cells import flat
from watchfloor.wording import Kind, kind_of, label_of

__all__ = ["ALL_ROWS", "HEAD_ROWS", "Room", "View", "in_script", "view_of"]

HEAD_ROWS = 1_000
"""Rows of a table that a page shows without unpacking anything."""
ALL_ROWS = 200_000
"""Rows of a table that a page carries, packed, at most."""
ALL_BYTES = 24_000_000
"""Packed rows in one page, all tables together, at most."""

_EXACT_IN_JAVASCRIPT = 2**53


@dataclass
class Room:
    """How many bytes of packed rows a page can still take."""

    left: int = ALL_BYTES


@dataclass(frozen=True)
class View:
    """A table in a page."""

    id: str
    name: str
    rows: int
    """Rows of the table."""
    here: int
    """Rows that the page carries."""
    columns: tuple[str, ...]
    head: Markup
    all: Markup | None
    note: str = ""
    frame: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False, compare=False)


def view_of(table: pl.LazyFrame, frame: pl.DataFrame, name: str, ident: str, room: Room) -> View:
    """The table as the page holds it.

    Arguments:
        table: all of it, to count rows that are beyond the frame.
        frame: its first rows, up to one more than `ALL_ROWS`.
        name: of the file that the page saves.
        ident: of the element.
        room: what other tables of the page left.
    """
    rows = frame.height if frame.height <= ALL_ROWS else int(table.select(pl.len()).collect().item())
    frame = frame.head(ALL_ROWS)
    empty = [series.name for series in frame if series.null_count() == frame.height] if frame.height else []
    shown = frame.drop(empty)
    columns = _columns(shown)
    head = [column | {key: column[key][:HEAD_ROWS] for key in ("d", "s") if key in column} for column in columns]
    packed = _packed(columns) if shown.height > HEAD_ROWS else None
    if packed is not None and len(packed) > room.left:
        packed = None
    room.left -= len(packed or "")
    here = shown.height if packed or shown.height <= HEAD_ROWS else HEAD_ROWS
    notes = []
    if here < rows:
        notes.append(f"The first {here:,} of {rows:,} rows; `--out {name}.parquet` writes all of them.")
    if empty:
        notes.append(f"Without a value in any row: {', '.join(empty)}.")
    return View(
        ident,
        name,
        rows,
        here,
        tuple(shown.columns),
        in_script(json.dumps(head, ensure_ascii=False)),
        Markup(packed) if packed else None,
        " ".join(notes),
        frame,
    )


def in_script(text: str) -> Markup:
    """JSON that can stand inside a script element: no `<`, so that nothing in it ends the element."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def _packed(columns: list[dict[str, Any]]) -> str:
    text = json.dumps(
        [{"d": column["d"]} | ({"s": column["s"]} if "s" in column else {}) for column in columns], ensure_ascii=False
    )
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def _columns(frame: pl.DataFrame) -> list[dict[str, Any]]:
    cells = flat(frame.lazy()).collect()
    return [_column(series, cells[series.name]) for series in frame]


def _column(series: pl.Series, cells: pl.Series) -> dict[str, Any]:
    """One column: its name, label, kind, zone, data, and what it is sorted by where that is not the data."""
    kind: Kind | str = kind_of(series.name, series.dtype)
    column: dict[str, Any] = {"n": series.name, "l": label_of(series.name)}
    if isinstance(series.dtype, pl.Datetime):
        column["z"] = series.dtype.time_zone or ""
        cells = cells.str.replace("T", " ", literal=True).str.strip_suffix("Z")
        if series.dtype.time_zone not in (None, "UTC"):
            column["s"] = series.dt.epoch("us").to_list()
    elif cells.dtype.is_float():
        cells = cells.set(~cells.is_finite(), None)
    elif cells.dtype.is_integer():
        if (series.abs().max() or 0) > _EXACT_IN_JAVASCRIPT:
            kind, cells = "big", cells.cast(pl.String)
    elif cells.dtype != pl.Boolean:
        cells = cells.cast(pl.String)
    return column | {"k": kind, "d": cells.to_list()}
