"""How values read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from watchfloor.schemas import TABLES
from watchfloor.wording import Kind, kind_of, label_of, spoken


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (None, "count", ""),
        (True, "bool", "yes"),
        (1234567, "count", "1,234,567"),
        (4625, "id", "4625"),
        (0.123456, "share", "12.3 %"),
        (0.98765, "number", "0.9877"),
        (1234.5, "number", "1,234"),
        (float("nan"), "number", "nan"),
        (0.25, "seconds", "0.25 s"),
        (119.6, "seconds", "120 s"),
        (600, "seconds", "10 min"),
        (256, "seconds", "4 min 16 s"),
        (7_199.9, "seconds", "2 h 00 min"),
        (8040.0, "seconds", "2 h 14 min"),
        (200_000, "seconds", "2 d 7 h"),
        (-90, "seconds", "-90 s"),
        (999, "bytes", "999 B"),
        (1_000, "bytes", "1 kB"),
        (3_240_000, "bytes", "3.24 MB"),
        (datetime(2025, 10, 3, 14, 22, 10, tzinfo=UTC), "time", "2025-10-03 14:22:10"),
        (datetime(2025, 10, 3, 14, 22, 10, 120_000, tzinfo=UTC), "time", "2025-10-03 14:22:10.12"),
        (datetime(2025, 10, 3, 14, 22, tzinfo=ZoneInfo("Europe/Paris")), "time", "2025-10-03 14:22:00 +0200"),
        (date(2025, 10, 3), "day", "2025-10-03"),
        (["a", None, "b"], "text", "a; b"),
        (b"\x00\xff", "text", "00ff"),
        ("two\nlines", "text", "two⏎lines"),
    ],
)
def test_values_in_words(value: Any, kind: Kind, words: str) -> None:
    """One line each, with the unit."""
    assert spoken(value, kind) == words


@pytest.mark.parametrize(
    ("name", "dtype", "kind"),
    [
        ("duration_seconds", pl.Float64(), "seconds"),
        ("orig_bytes", pl.Int64(), "bytes"),
        ("precision_low", pl.Float64(), "share"),
        ("share", pl.Float64(), "share"),
        ("share", pl.Int64(), "count"),
        ("dst_port", pl.Int64(), "id"),
        ("alerts", pl.UInt32(), "count"),
        ("score", pl.Float64(), "number"),
        ("open", pl.Boolean(), "bool"),
        ("day", pl.Date(), "day"),
        ("time", pl.Datetime("us", "UTC"), "time"),
        ("answers", pl.List(pl.String), "text"),
        ("duration_seconds", pl.String(), "text"),
    ],
)
def test_the_name_says_the_unit(name: str, dtype: pl.DataType, kind: Kind) -> None:
    """A name ends in its unit; the type alone would not tell bytes from counts."""
    assert kind_of(name, dtype) == kind


def test_every_canonical_column_has_a_kind() -> None:
    """None of them falls through."""
    kinds = {column.name: kind_of(column.name, column.dtype) for t in TABLES.values() for column in t.columns}
    assert kinds["record"] == "id"
    assert kinds["duration_seconds"] == "seconds"
    assert kinds["resp_bytes"] == "bytes"
    assert kinds["created_time"] == "time"


@pytest.mark.parametrize(
    ("name", "label"),
    [("first_event_time", "first event time"), ("duration_seconds", "duration"), ("a\x1bb", "a␛b"), ("_", "_")],
)
def test_headings(name: str, label: str) -> None:
    """Words, without the unit that the value carries."""
    assert label_of(name) == label
