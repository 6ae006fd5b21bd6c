"""Parquet: the table, exact, with its provenance."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from watchfloor.result import Provenance, Result
from watchfloor.schemas import FINDINGS


def test_types_are_exact(tmp_path: Path) -> None:
    """What is read again is what was written, rows in order, and the file says what it is."""
    frame = FINDINGS.fill(pl.DataFrame({"host": ["b", "a"], "score": [1, 2], "matched": ["x", None]}))
    result = Result(title="Findings", table=frame, explanation="All.", provenance=Provenance(rejected=3))
    path = result.save(tmp_path / "out.parquet")
    assert_frame_equal(pl.read_parquet(path), frame.collect())
    about = json.loads(pl.read_parquet_metadata(path)["watchfloor"])
    assert (about["title"], about["explanation"], about["rejects"]) == ("Findings", "All.", 3)


def test_a_table_larger_than_memory_is_streamed(tmp_path: Path) -> None:
    """Five million rows go through without being held."""
    frame = pl.LazyFrame().select(n=pl.int_range(5_000_000, dtype=pl.Int64))
    path = Result(title="Big", table=frame).save(tmp_path / "out.parquet")
    assert pl.scan_parquet(path).select(pl.col("n").sum()).collect().item() == 5_000_000 * 4_999_999 // 2
