"""Texts of connections as numbers, and as texts again."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.analyses.rita.coding import Coding

ENDS = ("src_ip", "dst_ip")
ROWS = pl.DataFrame(
    {
        "src_ip": ["10.0.0.1", "10.0.0.2", "10.0.0.1", None, "203.0.113.9", "10.0.0.1"],
        "dst_ip": ["203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.9", "10.0.0.1", "203.0.113.8"],
    }
)


def first_rows(coding: Coding, rows: pl.DataFrame) -> pl.DataFrame:
    """Each pair that is hashed, with the number of its first row."""
    numbered = rows.with_row_index("row").select("row", key=coding.hashed(*ENDS))
    return numbered.drop_nulls("key").group_by("key").agg(pl.col("row").min())


def texts(coding: Coding, found: pl.DataFrame) -> list[tuple[str, str]]:
    known = coding.addresses()
    return sorted(zip(known.gather(found["source"]), known.gather(found["destination"]), strict=True))


PAIRS = [
    ("10.0.0.1", "203.0.113.8"),
    ("10.0.0.1", "203.0.113.9"),
    ("10.0.0.2", "203.0.113.9"),
    ("203.0.113.9", "10.0.0.1"),
]


def test_a_pair_that_is_hashed_has_one_number_whose_texts_are_found() -> None:
    """Which end is which matters; without an end there is no pair."""
    coding = Coding()
    keys = ROWS.select(key=coding.hashed(*ENDS))["key"]
    assert keys.null_count() == 1
    assert keys[0] == keys[2]
    assert keys.drop_nulls().n_unique() == 4
    assert texts(coding, coding.with_ends(first_rows(coding, ROWS), ROWS.lazy(), *ENDS)) == PAIRS


@pytest.mark.parametrize("rows", [ROWS.reverse(), ROWS.sort("dst_ip"), pl.concat([ROWS, ROWS])], ids=str)
def test_rows_that_come_in_another_order_the_second_time_are_looked_for(rows: pl.DataFrame) -> None:
    """A join or a group gives no order: no pair gets the addresses of another."""
    coding = Coding()
    found = coding.with_ends(first_rows(coding, ROWS), rows.lazy(), *ENDS)
    assert found.height == 4
    assert texts(coding, found) == PAIRS


def test_few_rows_of_many_are_found_in_their_batch() -> None:
    """Beyond the first batch, and in the last row."""
    coding = Coding()
    rows = pl.select(src_ip=pl.format("10.0.{}.1", pl.int_range(600_000) // 100_000), dst_ip=pl.lit("203.0.113.9"))
    found = coding.with_ends(first_rows(coding, rows), rows.lazy(), *ENDS)
    assert texts(coding, found) == [(f"10.0.{n}.1", "203.0.113.9") for n in range(6)]
    last = first_rows(coding, rows).with_columns(row=pl.col("row") + 99_999)
    assert coding.with_ends(last.filter(pl.col("row") == 599_999), rows.lazy(), *ENDS).height == 1


def test_no_row_has_no_ends() -> None:
    coding = Coding()
    found = coding.with_ends(first_rows(coding, ROWS.clear()), ROWS.clear().lazy(), *ENDS)
    assert found.columns == ["key", "row", "source", "destination"]
    assert found.is_empty()
