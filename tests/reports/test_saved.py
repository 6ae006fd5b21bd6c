"""Answers that were written are read again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from watchfloor.errors import BadOption, NothingToRead, UnreadableFile
from watchfloor.reports.saved import load
from watchfloor.result import Input, Provenance, Result

NOON = datetime(2026, 1, 2, 12, 0, 0, 500_000, tzinfo=UTC)


def answer() -> Result:
    """A row with a time, a number and a null, and a part."""
    table = pl.LazyFrame({"rank": [1], "last_time": [NOON], "score": [0.5], "name": [None]}).cast({"name": pl.String})
    return Result(
        title="Beacons",
        name="beacons",
        table=table,
        explanation="One row.",
        parts=(Result(title="Part", name="left_out", table=pl.LazyFrame({"reason": ["open"]})),),
        provenance=Provenance(
            question="beacons", parameters={"score": "rita"}, inputs=(Input("a.log", 3),), rejected=2, made_time=NOON
        ),
    )


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_what_was_written_is_read(tmp_path: Path, kind: str) -> None:
    """Rows, words and provenance; JSON has the parts as well."""
    read = load(answer().save(tmp_path / f"a.{kind}"))
    assert read.collect().rows() == answer().collect().rows()
    assert (read.title, read.explanation, read.name) == ("Beacons", "One row.", "beacons")
    assert read.provenance == answer().provenance
    assert [part.name for part in read.parts] == (["left_out"] if kind == "json" else [])


def test_what_is_no_answer(tmp_path: Path) -> None:
    """A file that is not there, of another kind, of somebody else, damaged."""
    with pytest.raises(NothingToRead):
        load(tmp_path / "no.json")
    with pytest.raises(BadOption, match="cannot be read"):
        load(answer().save(tmp_path / "a.csv"))
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    (tmp_path / "other.json").write_text("[1]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for name in ("other.parquet", "cut.parquet", "other.json", "deep.json"):
        with pytest.raises(UnreadableFile, match="not an answer of watchfloor"):
            load(tmp_path / name)
