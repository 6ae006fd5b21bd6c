"""Columns as documents carry them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from watchfloor.reports.cells import exact, flat, largest

INSTANT = datetime(2025, 10, 26, 1, 30, 0, 250_000, tzinfo=UTC)

FRAME = pl.DataFrame(
    {
        "time": [INSTANT, None],
        "clock": [datetime(2025, 10, 3, 14, 22, 10)] * 2,
        "day": [date(2025, 10, 3)] * 2,
        "at": [time(14, 22)] * 2,
        "took": [timedelta(seconds=90.5)] * 2,
        "list": [["a", None, "b"], []],
        "numbers": [[1, 2], None],
        "structs": [[{"a": 1}], []],
        "struct": [{"a": 1, "b": "x"}, {"a": None, "b": None}],
        "bytes": [b"\x00\xff", None],
        "text": ["\x1b[2J\n\u202e", "=1+1"],
        "price": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
        "level": pl.Series(["high", None], dtype=pl.Enum(["low", "high"])),
        "nothing": [None, None],
        "yes": [True, None],
    }
).with_columns(paris=pl.col("time").dt.convert_time_zone("Europe/Paris"))


def test_exact_columns() -> None:
    """Times as ISO 8601, Z in UTC and an offset elsewhere; text and lists as they are."""
    first = exact(FRAME.lazy()).collect().row(0, named=True)
    assert {name: first[name] for name in ("time", "paris", "clock", "bytes", "price", "text", "list")} == {
        "time": "2025-10-26T01:30:00.250Z",
        "paris": "2025-10-26T02:30:00.250+01:00",
        "clock": "2025-10-03T14:22:10",
        "bytes": "00ff",
        "price": 1.5,
        "text": "\x1b[2J\n\u202e",
        "list": ["a", None, "b"],
    }


def test_flat_columns() -> None:
    """One cell each, nothing hidden; what is missing stays missing."""
    rows = flat(FRAME.lazy()).collect()
    assert rows.row(0, named=True) == {
        "time": "2025-10-26T01:30:00.250Z",
        "clock": "2025-10-03T14:22:10",
        "day": date(2025, 10, 3),
        "at": time(14, 22),
        "took": "PT1M30.5S",
        "list": "a; b",
        "numbers": "1; 2",
        "structs": '{"a":1}',
        "struct": '{"a":1,"b":"x"}',
        "bytes": "00ff",
        "text": "␛[2J\n[U+202E]",
        "price": 1.5,
        "level": "high",
        "nothing": None,
        "yes": True,
        "paris": "2025-10-26T02:30:00.250+01:00",
    }
    assert rows.row(1, named=True)["numbers"] is None
    assert rows.row(1, named=True)["time"] is None


def test_the_largest() -> None:
    """The distance from zero; 0 of nothing."""
    assert (largest(pl.Series([-7, 3])), largest(pl.Series([None], dtype=pl.Int64))) == (7, 0)
