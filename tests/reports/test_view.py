"""Tables as a page holds them."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl

from watchfloor.reports.view import ALL_ROWS, HEAD_ROWS, Room, View, view_of


def viewed(table: pl.LazyFrame, room: Room | None = None) -> View:
    """The table as a page with room for it holds it."""
    return view_of(table, table.head(ALL_ROWS + 1).collect(), "rows", room or Room())


def unpacked(view: View) -> list[dict[str, Any]]:
    """The packed columns."""
    columns: list[dict[str, Any]] = json.loads(gzip.decompress(base64.b64decode(view.packed)))
    return columns


def test_a_small_table_is_at_hand() -> None:
    """All of it, each column with its name, heading, kind and data."""
    frame = pl.LazyFrame(
        {
            "time": [datetime(2025, 10, 3, 14, 22, 10, tzinfo=UTC)],
            "day": [datetime(2025, 10, 3, tzinfo=UTC)],
            "score": [0.25],
            "open_seconds": [float("nan")],
            "list": [["a", "b"]],
        }
    )
    view = viewed(frame)
    assert json.loads(view.head) == [
        {"n": "time", "l": "time", "k": "time", "z": "UTC", "d": ["2025-10-03 14:22:10"]},
        {"n": "day", "l": "day", "k": "day", "z": "UTC", "d": ["2025-10-03"]},
        {"n": "score", "l": "score", "k": "number", "p": 2, "d": [0.25]},
        {"n": "open_seconds", "l": "open", "k": "seconds", "d": [None]},
        {"n": "list", "l": "list", "k": "text", "d": ["a; b"]},
    ]
    assert (view.rows, view.here, view.packed, view.note) == (1, 1, "", "")


def test_a_large_table_is_packed() -> None:
    """The first rows at hand, all of them packed."""
    view = viewed(pl.LazyFrame({"n": list(range(5_000))}))
    assert len(json.loads(view.head)[0]["d"]) == HEAD_ROWS
    assert unpacked(view) == [{"d": list(range(5_000))}]
    assert (view.rows, view.here, view.note) == (5_000, 5_000, "")


def test_beyond_the_limit_the_page_says_what_it_lacks() -> None:
    """And how to get it."""
    view = viewed(pl.LazyFrame().select(n=pl.int_range(ALL_ROWS + 5)))
    assert len(unpacked(view)[0]["d"]) == ALL_ROWS
    assert view.note == "The page carries the first 200,000 of 200,005 rows; --out rows.parquet writes all of them."


def test_a_page_has_limited_room() -> None:
    """When earlier tables took it, only the first rows are there, and the page says so."""
    room = Room(left=100)
    view = viewed(pl.LazyFrame().select(n=pl.int_range(5_000).hash(1)), room)
    assert (view.here, view.packed, room.left) == (HEAD_ROWS, "", 100)
    assert view.note.startswith("The page carries the first 1,000 of 5,000 rows;")


def test_columns_without_values_are_named_not_shown() -> None:
    """A canonical table has many of them."""
    view = viewed(pl.LazyFrame({"a": [1], "b": pl.Series([None], dtype=pl.String)}))
    assert [column["n"] for column in json.loads(view.head)] == ["a"]
    assert view.note == "Columns without any value: b."
