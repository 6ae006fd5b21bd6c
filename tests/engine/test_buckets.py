"""Rows dealt into buckets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from watchfloor.engine.buckets import dealt

ROWS = pl.DataFrame({"key": [n % 97 for n in range(10_000)], "n": range(10_000)}).cast({"key": pl.UInt64})


@pytest.mark.parametrize("memory_bytes", [0, 10**9], ids=["on disk", "in memory"])
def test_no_key_is_torn_and_no_row_is_lost(memory_bytes: int) -> None:
    """Null is a key too."""
    rows = pl.concat([ROWS, pl.DataFrame({"key": [None] * 7, "n": range(7)}, ROWS.schema)])
    with dealt(rows.lazy(), "key", memory_bytes=memory_bytes, bucket_rows=1_000) as buckets:
        parts = [bucket.collect() for bucket in buckets]
    keys = [set(part["key"]) for part in parts]
    assert len(parts) > 5
    assert sum(len(mine) for mine in keys) == len(set().union(*keys)) == 98
    assert pl.concat(parts).sort("key", "n").equals(rows.sort("key", "n"))


def test_few_rows_are_one_bucket() -> None:
    """As are none."""
    with dealt(ROWS.lazy(), "key") as buckets:
        [bucket] = buckets
        assert bucket.collect().sort("n").equals(ROWS)
    with dealt(ROWS.lazy().filter(pl.col("n") < 0), "key") as buckets:
        [bucket] = buckets
        assert bucket.collect().equals(ROWS.clear())


def test_files_go_when_the_block_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after an error."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError), dealt(ROWS.lazy(), "key", memory_bytes=0) as buckets:
        assert len(buckets) == 1
        assert any(tmp_path.rglob("*.arrow"))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
