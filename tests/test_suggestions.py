"""`wf.suggest`: a Result of patterns, and the file that reads the log."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import watchfloor as wf
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.suggestions import known


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two messages of a program, and one line that is alone."""
    path = tmp_path / "door.log"
    lines = [f"2025-11-24 10:00:{n:02d} INFO door.lock: door {n} opened for user u{n}" for n in range(12)]
    lines += [f"2025-11-24 11:00:{n:02d} WARN door.power: battery at {90 - n} percent" for n in range(6)]
    path.write_text("\n".join([*lines, "2025-11-24 12:00:00 INFO door.lock: alarm"]) + "\n")
    return path


def test_the_frequent_patterns_stand_first(log: Path) -> None:
    """One row each: share, lines, the pattern as people read it; in a part fields with their types, regex, example."""
    result = wf.suggest(log)

    frame = result.collect()
    assert frame.columns == ["share", "lines", "pattern"]
    assert frame.select("lines", "pattern").rows()[:2] == [
        (12, "<time> <level> door.lock: door <door> opened for user <user>"),
        (6, "<time> <level> door.power: battery at <percent> percent"),
    ]
    details = result["details"].collect()
    assert details.columns == ["tried", "pattern", "fields", "regex", "example"]
    battery = details.row(by_predicate=pl.col("pattern") == frame["pattern"][1], named=True)
    assert battery["fields"] == "time (time), level (word), logger (word), percent (int)"
    assert pl.Series([battery["example"]]).str.contains(battery["regex"]).item()
    assert frame["share"][0] == pytest.approx(12 / 19)
    assert (result.title, result.name) == ("Patterns proposed for door.log", "patterns")
    assert "They match 19 of 19 lines (100.0%)" in result.explanation
    assert "carry no zone" in result.explanation
    assert result.provenance.inputs[0].lines == 19


def test_a_notebook_shows_it_and_it_saves_itself(log: Path, tmp_path: Path) -> None:
    """As every other answer."""
    result = wf.suggest(log)

    assert "Patterns proposed for door.log" in repr(result)
    assert "&lt;door&gt; opened for user &lt;user&gt;" in result._repr_html_()
    assert result.save(tmp_path / "patterns.csv").stat().st_size > 0


def test_the_file_reads_the_log(log: Path, tmp_path: Path) -> None:
    """`out` is a pattern file; lines of a message that nobody has seen yet keep time, level and logger."""
    out = tmp_path / "door.toml"

    wf.suggest(log, out, zone="UTC")

    with log.open("a") as file:
        file.write("2025-11-24 13:00:00 ERROR door.lock: who are you?\n")
    tables = wf.read(log, pattern=out)
    assert tables["ledger"].collect().select("lines_read", "lines_rejected").row(0) == (20, 0)
    assert tables["events"].collect().select("severity_text", "message").row(-1) == ("ERROR", "who are you?")


def test_lines_of_a_known_pattern_are_left_out(log: Path) -> None:
    """But for those that it knows by their head alone."""
    result = wf.suggest(log, pattern="battery at (?<level>[0-9]+)")

    assert result.provenance.rows_in == {"lines": 13}
    with pytest.raises(NothingToRead):
        wf.suggest(log, pattern="(?<all>.)")


def test_a_pattern_of_a_head_and_any_message_is_not_known(tmp_path: Path) -> None:
    """It matches every line, and says nothing about any; alone it is what the user asks for."""
    path = tmp_path / "x.toml"
    head, job = r"^(?<time>\\S+) (?<message>.*)$", r"^(?<time>\\S+) job (?<job>[0-9]+)$"
    text = 'name = "x"\nabout = "x"\ntable = "events"\npatterns = [{}]\n'

    path.write_text(text.format(f'"{job}", "{head}"'))
    assert len(known(str(path))[1]) == 1
    path.write_text(text.format(f'"{head}"'))
    assert len(known(str(path))[1]) == 1
    assert known(None) == (None, [])


def test_what_it_does_not_take(log: Path, tmp_path: Path) -> None:
    """A folder, a file that is no TOML, a blank file."""
    with pytest.raises(BadOption, match="a folder"):
        wf.suggest(tmp_path)
    with pytest.raises(BadOption, match="TOML"):
        wf.suggest(log, tmp_path / "x.csv")
    log.write_text("\n\n")
    with pytest.raises(NothingToRead):
        wf.suggest(log)
