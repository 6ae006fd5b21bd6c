"""`watchfloor read --suggest` and `--preview`, as they are typed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from watchfloor.cli.main import app
from watchfloor.errors import BadOption

RUN = CliRunner()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that no reader knows."""
    path = tmp_path / "door.log"
    names = ["alice", "bob", "carol", "dave", "erin", "frank"]
    path.write_text("".join(f"door {n} opened for user {name}\n" for n, name in enumerate(names)) + "alarm\n")
    return path


def test_suggest_shows_and_writes(log: Path) -> None:
    """Share, regex, fields, two examples; the file can be read with at once."""
    out = log.with_suffix(".toml")

    shown = RUN.invoke(app, ["read", "--suggest", str(log), "--out", str(out)])

    assert shown.exit_code == 0
    assert "85.7%, 6 lines" in shown.output
    assert r"^door (?<door>[+-]?[0-9]{1,18}) opened for user (?<user>\S+)$" in shown.output
    assert "fields: door (int), user (word)" in shown.output
    assert "They match 7 of 7 lines (100.0%)." in shown.output
    assert tomllib.loads(out.read_text(encoding="utf-8"))["types"] == {"door": "int"}
    read = RUN.invoke(app, ["read", "--pattern", str(out), "--table", "ledger", str(log)])
    assert read.exit_code == 0


def test_preview_shows_both_sides(log: Path) -> None:
    """What a pattern matches, and where it stops."""
    pattern = r"^door (?<door>[0-9]) opened for (?<user>user [a-d]+)$"

    shown = RUN.invoke(app, ["read", "--preview", "--pattern", pattern, str(log)], env={"COLUMNS": "200"})

    assert shown.exit_code == 0
    assert "not matched: 7 (100.0%)" in shown.output
    assert "door 1 opened for user b▮ob" in shown.output


def test_suggest_with_preview_and_with_a_pattern(log: Path) -> None:
    """Only lines that the pattern leaves are looked at; the preview takes both."""
    shown = RUN.invoke(app, ["read", "--suggest", "--preview", "--pattern", "^(?<what>alarm)$", str(log)])

    assert shown.exit_code == 0
    assert "They match 6 of 6 lines" in shown.output
    assert "matched: 7 (100.0%)" in shown.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--preview", "x.log"], "of which pattern"),
        (["--suggest", "x.log", "y.log"], "one file"),
        (["--suggest", "x.log", "--out", "x.csv"], "TOML"),
        (["--suggest", "."], "one file"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], complaint: str) -> None:
    """Said in words."""
    result = RUN.invoke(app, ["read", *arguments])

    assert isinstance(result.exception, BadOption)
    assert complaint in str(result.exception)
