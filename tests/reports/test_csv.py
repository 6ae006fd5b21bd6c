"""CSV: safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.result import Result


def test_cells(tmp_path: Path) -> None:
    """Text does not start a formula, numbers stay numbers, lists are joined, times are ISO 8601."""
    frame = pl.LazyFrame(
        {
            "time": [datetime(2025, 10, 3, 14, 22, 10, tzinfo=UTC), None],
            "text": ["=cmd|' /C calc'!A0", 'a "b", c\nd'],
            "list": [["-1", "b"], ["x"]],
            "number": [-1, None],
            "float": [-0.5, 2.0],
            "control": ["\x1b[2J", "\x00"],
        }
    )
    path = Result(title="x", table=frame).save(tmp_path / "out.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {
                "time": "2025-10-03T14:22:10Z",
                "text": "'=cmd|' /C calc'!A0",
                "list": "'-1; b",
                "number": "-1",
                "float": "-0.5",
                "control": "␛[2J",
            },
            {"time": "", "text": 'a "b", c\nd', "list": "x", "number": "", "float": "2.0", "control": "␀"},
        ]


def test_headings_are_disarmed_too(tmp_path: Path) -> None:
    """A column's name may come from a log as well."""
    path = Result(title="x", table=pl.LazyFrame({"=1+1": [1]})).save(tmp_path / "out.csv")
    assert path.read_text(encoding="utf-8").splitlines()[0] == "'=1+1"
