"""JSON lines: one row each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.result import Result


def test_one_row_a_line(tmp_path: Path) -> None:
    """Times as ISO 8601, text exact, nulls there."""
    frame = pl.LazyFrame({"time": [datetime(2025, 10, 3, tzinfo=UTC), None], "text": ["=1\n\x1b", None]})
    lines = Result(title="x", table=frame).save(tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"time": "2025-10-03T00:00:00Z", "text": "=1\n\x1b"},
        {"time": None, "text": None},
    ]
