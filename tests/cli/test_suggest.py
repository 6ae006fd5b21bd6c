"""`watchfloor read --suggest` and `--preview`, as they are typed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import watchfloor as wf
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
    """Share, the pattern as people read it, fields, two examples; the file can be read with at once."""
    out = log.with_suffix(".toml")

    shown = RUN.invoke(app, ["read", "--suggest", str(log), "--out", str(out)])

    assert shown.exit_code == 0
    assert "85.7%, 6 lines" in shown.output
    assert "  door <door> opened for user <user>\n" in shown.output
    assert "e.g. door 0 opened for user alice" in shown.output
    assert "fields: door (int), user (word)" in shown.output
    assert "They match 7 of 7 lines (100.0%)." in shown.output
    assert tomllib.loads(out.read_text(encoding="utf-8"))["types"] == {"door": "int"}
    read = RUN.invoke(app, ["read", "--pattern", str(out), "--table", "ledger", str(log)])
    assert read.exit_code == 0


def test_lines_of_any_other_message_are_read_by_their_head(tmp_path: Path) -> None:
    """Said apart, and no pattern that a later look would stop at: new messages are proposed all the same."""
    log, out = tmp_path / "app.log", tmp_path / "app.toml"
    old = [f"Nov 24 10:00:{n:02d} web01 app[{n}]: job {n} done" for n in range(20)]
    log.write_text("\n".join(old) + "\n")

    shown = RUN.invoke(app, ["read", "--suggest", str(log), "--out", str(out)], env={"COLUMNS": "120"})

    assert "read by how they begin:\n  <time> <host> <program>[<pid>]: <message>\n" in shown.output
    log.write_text(
        "\n".join([*old, *(f"Nov 24 11:00:{n:02d} web01 app[{n}]: cache {n} is full" for n in range(20))]) + "\n"
    )
    ledger = wf.read(log, pattern=out, zone="UTC")["ledger"].collect()
    assert ledger.select("lines_read", "lines_rejected").row(0) == (40, 0)
    again = RUN.invoke(app, ["read", "--suggest", "--pattern", str(out), str(log)], env={"COLUMNS": "120"})
    assert "<time> <host> app[<pid>]: cache <cache> is full" in again.output
    assert "job" not in again.output


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
