"""Numbers in sentences."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.analyses.inwords import duration, number, size


@pytest.mark.parametrize(
    ("value", "words", "seconds", "count"),
    [
        (0.0, "0", "0 s", "0 bytes"),
        (59.96, "60", "60 s", "60 bytes"),
        (3.14, "3.1", "3.1 s", "3.1 bytes"),
        (3_600.0, "3600", "60 min", "3600 bytes"),
        (45_000.0, "45000", "12.5 h", "45 kB"),
        (12_300_000.0, "12300000", "3416.7 h", "12.3 MB"),
    ],
)
def test_values_read_well(value: float, words: str, seconds: str, count: str) -> None:
    """One decimal at most, and the unit that keeps the number short."""
    said = pl.DataFrame({"x": [value]}).select(a=number(pl.col("x")), b=duration(pl.col("x")), c=size(pl.col("x")))
    assert said.row(0) == (words, seconds, count)


def test_what_is_missing_has_no_words() -> None:
    """Null stays null."""
    column = pl.col("x")
    empty = pl.DataFrame({"x": [None]}, schema={"x": pl.Float64})
    assert empty.select(a=number(column), b=duration(column), c=size(column)).row(0) == (None, None, None)
