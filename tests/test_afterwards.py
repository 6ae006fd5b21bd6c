"""What is done with an answer once it is there: in order, and files are read before the work begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from helpers import rows
from watchfloor.afterwards import Afterwards
from watchfloor.errors import WatchfloorError
from watchfloor.result import Result

ROWS = pl.LazyFrame(
    {
        "rank": [1, 2],
        "score": [0.9, 0.8],
        "src_ip": ["10.0.0.1", "10.0.0.2"],
        "dst_ip": ["192.0.2.1", "192.0.2.2"],
        "connections": [10, 10],
    }
)


def listed(folder: Path) -> Path:
    path = folder / "allow.toml"
    path.write_text('version = 1\n[[allow]]\ndst = "192.0.2.1"\nreason = "ours"\nowner = "me"\nexpires = 2126-01-01\n')
    return path


def test_nothing_asked_is_nothing_done() -> None:
    """The same answer, and what else was asked stays."""
    said: dict[str, Any] = {"top": 3}
    result = Result(title="x", table=ROWS)
    assert Afterwards.of(said).on(result) is result
    assert said == {"top": 3}


def test_an_allow_list_moves_rows_to_the_end(tmp_path: Path) -> None:
    """One file or several; what was asked for is taken out of the question."""
    said: dict[str, Any] = {"allow": listed(tmp_path), "top": 3}
    found = Afterwards.of(said).on(Result(title="x", name="beacons", table=ROWS))
    assert said == {"top": 3}
    assert [(row["src_ip"], row["allowed"]) for row in rows(found.table)] == [("10.0.0.2", None), ("10.0.0.1", "ours")]


def test_threat_intelligence_is_left_to_the_hunt(tmp_path: Path) -> None:
    """Which looks at it itself."""
    feed = tmp_path / "bad.txt"
    feed.write_text("192.0.2.1\n")
    said: dict[str, Any] = {"threat_intel": feed}
    assert Afterwards.of(dict(said)).feeds
    assert not Afterwards.of(said, marks=False).feeds
    assert said == {"threat_intel": feed}


@pytest.mark.parametrize("name", ["allow", "threat_intel"])
def test_a_file_that_is_not_there_is_said_first(tmp_path: Path, name: str) -> None:
    """Before any log is read."""
    with pytest.raises(WatchfloorError, match="nowhere"):
        Afterwards.of({name: tmp_path / "nowhere.toml"})
