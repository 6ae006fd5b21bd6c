"""What `read` and `formats --explain` say of files: the ledger, the choice, what was added since the last run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from watchfloor.cli.ledger import show_ledger
from watchfloor.schemas import LEDGER

EVENTS = "".join(f"2025-10-01T03:00:0{n}Z web app[7]: number {n}\n" for n in range(5))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log, one with a bad byte in an archive, and a picture."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text(EVENTS)
    with zipfile.ZipFile(logs / "more.zip", "w") as archive:
        archive.writestr("web.log", EVENTS.encode().replace(b"number 2", b"\xc3\xa9").replace(b"number 3", b"\xff"))
    return logs


def watchfloor(*words: str | Path, given: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """The command, on a wide terminal."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=given,
        env={**os.environ, "COLUMNS": "220", **env},
        check=False,
    )


def shown(**columns: list[object]) -> str:
    ledger = LEDGER.fill(pl.DataFrame(columns)).collect()
    console = Console(file=io.StringIO(), width=140, color_system=None)
    show_ledger(ledger, console)
    return console.file.getvalue()


def test_read_ends_with_the_ledger(folder: Path) -> None:
    """One line a file, and their sum."""
    done = watchfloor("read", folder)
    assert done.returncode == 0, done.stderr
    _, _, ledger = done.stdout.partition("ledger: 2 files")
    words = [line.split() for line in ledger.splitlines() if line.strip()]
    assert words[0] == ["lines", "read", "rejected", "format", "seconds"]
    assert words[1][:-1] == [str(folder / "app.log"), "5", "5", "0", "syslog"]
    assert words[2][:-1] == [f"{folder / 'more.zip'}!/web.log", "5", "4", "1", "syslog"]
    assert words[3][:-1] == ["sum", "10", "9", "1"]


def test_a_narrow_terminal_keeps_the_ends_of_long_names(folder: Path) -> None:
    """And every row stays one line."""
    deep = folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    (deep / "end.log").write_bytes((folder / "app.log").read_bytes())
    done = watchfloor("read", deep, COLUMNS="60")
    assert done.returncode == 0, done.stderr
    _, _, ledger = done.stdout.partition("ledger: 1 file")
    [_, row] = [line for line in ledger.splitlines() if line.strip()]
    assert row.startswith("..")
    assert row.split()[0].endswith("/end.log")
    assert len(row.rstrip()) <= 60


def test_the_whole_ledger_is_a_table(folder: Path) -> None:
    """With all its rows and nothing below it."""
    for n in range(30):
        (folder / f"{n}.log").write_text(EVENTS)
    done = watchfloor("read", folder, "--table", "ledger")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" syslog ") == 32
    assert "ledger: " not in done.stdout


def test_strict_exits_with_3_where_anything_was_left_out(folder: Path) -> None:
    """A rejected record; a file that nobody reads; and 0 where all was read."""
    assert watchfloor("read", folder / "app.log", "--strict").returncode == 0
    assert watchfloor("read", folder / "more.zip", "--strict").returncode == 3
    (folder / "more.zip").unlink()
    assert watchfloor("read", folder, "--strict").returncode == 0
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    done = watchfloor("read", folder, "--strict")
    assert done.returncode == 3
    assert "not read" in done.stdout


def test_the_choice_is_explained(folder: Path) -> None:
    """A table: file, format, share, reason, runner-up."""
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    done = watchfloor("formats", "--explain", folder)
    assert done.returncode == 0, done.stderr
    head, app, logo, web = done.stdout.splitlines()
    assert head.split() == ["file", "format", "share", "reason", "runner-up"]
    assert app.split()[1:3] == ["syslog", "100%"]
    assert "with a time" in app
    assert "none" in logo
    assert "this is a PNG picture" in logo
    assert web.startswith(f"{folder / 'more.zip'}!/web.log")
    done = watchfloor("formats", "--explain")
    assert done.returncode == 2
    assert "no file is named" in done.stderr
    assert "named by the user" in watchfloor("formats", "--explain", folder / "app.log", "--format", "zeek").stdout


def test_standard_input_and_patterns(folder: Path) -> None:
    """As `cat x | watchfloor read -`, and as a shell gives a pattern that does not expand it."""
    done = watchfloor("read", "-", given=EVENTS)
    assert done.returncode == 0, done.stderr
    assert "<stdin>" in done.stdout
    done = watchfloor("read", folder / "*.log", "--quiet", "--out", folder / "out.csv")
    assert done.returncode == 0, done.stderr
    assert (folder / "out.csv").read_text().count("number") == 5


def test_since_the_last_run(folder: Path, tmp_path: Path) -> None:
    """Each run has files of its own; what was read is kept in mind beside them, and only once it was written."""
    out, path = tmp_path / "tables", folder / "app.log"
    words = ("read", path, "--since-last", "--out", f"{out}/")
    assert watchfloor(*words).returncode == 0
    with path.open("a") as stream:
        stream.write("2025-10-01T03:00:09Z web app[7]: number 9\n")
    assert watchfloor(*words).returncode == 0
    found = [pl.read_parquet(part)["message"].to_list() for part in sorted(out.glob("events-*.parquet"))]
    assert found == [[f"number {n}" for n in range(5)], ["number 9"]]
    assert (out / ".watchfloor-last.json").exists()
    done = watchfloor(*words)
    assert done.returncode == 0, done.stderr
    assert "nothing was added" in done.stderr
    assert len(list(out.glob("events-*.parquet"))) == 2


def test_a_file_with_what_was_read_before_is_not_replaced(folder: Path) -> None:
    """It would be lost: the next run does not read it again."""
    words = ("read", folder / "app.log", "--since-last", "--out", folder / "out.csv")
    assert watchfloor(*words).returncode == 0
    done = watchfloor(*words)
    assert done.returncode == 2
    assert "does not read again" in done.stderr
    assert "number 4" in (folder / "out.csv").read_text()


def test_without_an_output_the_state_is_in_a_folder_of_the_user(folder: Path, tmp_path: Path) -> None:
    """And a state that is broken is said."""
    env = {"XDG_STATE_HOME": str(tmp_path / "state"), "LOCALAPPDATA": str(tmp_path / "state")}
    assert "number 4" in watchfloor("read", folder / "app.log", "--since-last", **env).stdout
    assert "number 4" not in watchfloor("read", folder / "app.log", "--since-last", **env).stdout
    [state] = (tmp_path / "state").rglob("*.json")
    state.write_text("x")
    done = watchfloor("read", folder / "app.log", "--since-last", **env)
    assert done.returncode == 2
    assert "no state of --since-last" in done.stderr


def test_many_files_are_cut_short_and_the_doubtful_ones_come_first() -> None:
    """With the number of the others."""
    text = shown(
        source=[f"{n}.log" for n in range(30)],
        lines=[1] * 30,
        lines_rejected=[0] * 25 + [1] + [0] * 4,
        partial=[None] * 28 + ["cut"] * 2,
        notes=["a note"] * 30,
    )
    lines = text.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["25.log", "28.log", "29.log", "0.log"]
    assert ".. and 10 files more" in text
    assert "notes on 25 more" in text


def test_names_of_files_are_harmless_on_the_terminal() -> None:
    """A member of an archive is called as its maker likes."""
    text = shown(source=["a\x1b[2J.log"], notes=["x\x07"])
    assert "\x1b" not in text
    assert "\x07" not in text


def test_no_files_no_ledger() -> None:
    """Nothing is printed."""
    assert shown(source=[]) == ""
