"""The command: answers, files, exit codes, and words for what went wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from watchfloor.cli.main import zones_of


def watchfloor(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "watchfloor", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
    )


FIELDS = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "duration": "interval",
    "conn_state": "string",
    "orig_ip_bytes": "count",
}
TAB = "\t"
CONN = f"""\
#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tconn
#fields\t{TAB.join(FIELDS)}
#types\t{TAB.join(FIELDS.values())}
"""


@pytest.fixture
def conn(tmp_path: Path) -> Path:
    """A beat of 60 s for an hour, in a Zeek log, and a line that is cut."""
    beats = "".join(
        f"{1_700_000_000 + 60 * n}.000000\tC{n}\t10.0.0.5\t5000\t198.51.100.9\t443\ttcp\t0.5\tSF\t300\n"
        for n in range(60)
    )
    path = tmp_path / "conn.log"
    path.write_text(CONN + beats + "1700009999.0\tC99\t10.0.0.5\n")
    return path


def test_an_answer_on_the_terminal(conn: Path) -> None:
    """A table and its explanation on the output, remarks beside it."""
    done = watchfloor("beacons", conn)
    assert done.returncode == 0, done.stderr
    assert "198.51.100.9" in done.stdout
    assert "1 records could not be read" in done.stderr


def test_threats_by_a_configuration_of_ritas_own(conn: Path, tmp_path: Path) -> None:
    """The file that RITA reads, a list of what is bad, and the score of HTTP requests beside it."""
    (tmp_path / "config.hjson").write_text("scoring: { beacon: { unique_connection_threshold: 61 } }")
    (tmp_path / "feed.txt").write_text("198.51.100.9")
    out = tmp_path / "threats.csv"
    done = watchfloor("hunt", conn, "--threat-intel", tmp_path / "feed.txt", "--out", out, "--quiet")
    assert done.returncode == 0, done.stderr
    assert out.read_text().splitlines()[1].startswith("high,0.8,ip,10.0.0.5,198.51.100.9,,60,60,")
    few = watchfloor("hunt", conn, "--rita-config", tmp_path / "config.hjson", "--out", out)
    assert (few.returncode, len(out.read_text().splitlines())) == (0, 1)


def test_strict_exits_with_3_where_something_was_rejected(conn: Path) -> None:
    """The answer is given all the same."""
    done = watchfloor("beacons", conn, "--strict")
    assert done.returncode == 3
    assert "198.51.100.9" in done.stdout


@pytest.mark.parametrize("extension", ["json", "jsonl", "csv", "parquet", "xlsx", "html"])
def test_an_answer_in_a_file(conn: Path, tmp_path: Path, extension: str) -> None:
    """The extension decides."""
    out = tmp_path / f"out.{extension}"
    done = watchfloor("beacons", conn, "--out", out, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.stat().st_size > 100


def test_json_holds_the_rows_and_where_they_come_from(conn: Path, tmp_path: Path) -> None:
    """Title, explanation, rows, provenance with the file's hash, and the number of rejects."""
    out = tmp_path / "out.json"
    watchfloor("beacons", conn, "--out", out)
    answer = json.loads(out.read_text())
    assert {"title", "explanation", "rows", "provenance", "rejects"} <= answer.keys()
    assert [(row["src_ip"], row["dst_ip"], row["connections"]) for row in answer["rows"]] == [
        ("10.0.0.5", "198.51.100.9", 60)
    ]
    assert answer["rejects"] == 1
    [given] = answer["provenance"]["inputs"]
    assert given["source"] == str(conn)
    assert len(given["sha256"]) == 64


def test_read_writes_a_folder_of_tables(conn: Path, tmp_path: Path) -> None:
    """One file each, rejects and ledger among them."""
    done = watchfloor("read", conn, "--out", tmp_path / "tables")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "connections.parquet",
        "ledger.parquet",
        "rejects.parquet",
    ]
    assert pl.read_parquet(tmp_path / "tables" / "connections.parquet").height == 60


def test_read_of_one_table_to_one_file(conn: Path, tmp_path: Path) -> None:
    """--table picks it; without it the only table that holds data is meant."""
    for words in (["--table", "rejects"], []):
        out = tmp_path / f"out{len(words)}.csv"
        assert watchfloor("read", conn, "--out", out, *words).returncode == 0
        assert out.read_text().count("\n") == (2 if words else 61)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["beacons", "nowhere.log"], "nowhere.log: no such file", "spelling"),
        (["beacons", "empty.log"], "empty.log: the file is empty", "rotated"),
        (["beacons", "picture.log"], "this is a PNG picture", "--format"),
        (["beacons", "folder"], "folder: no files in this folder", "folder"),
        (["findings", "conn.log"], "hold no findings, but connections", "--columns"),
        (["beacons", "conn.log", "--format", "zeke"], "there is no format 'zeke'", "zeek"),
        (["beacons", "conn.log", "--score", "magic"], "magic", "rita"),
        (["beacons", "conn.log", "--score", "rita-j"], "hold no http_requests", "--columns"),
        (["beacons", "conn.log", "--score", "rita-j", "--window", "7d"], "no window", "leave"),
        (["hunt", "conn.log", "--score", "magic"], "magic", "rita"),
        (["hunt", "conn.log", "--rita-config", "mine"], "no configuration 'mine'", "config.hjson"),
        (["hunt", "conn.log", "--as-of", "soon"], "soon: no time", "2025"),
        (["beacons", "conn.log", "--out", "x.docx"], "cannot write a .docx", ".html"),
        (["beacons", "conn.log", "--out", "no/x.html"], "no: no such folder", "make the folder"),
        (["timeline", "auth.log"], "clock times without", "zone"),
        (["timeline", "auth.log", "--zone", "Europe/Pari"], "no time zone 'Europe/Pari'", "Europe/Paris"),
        (["timeline", "auth.log=Mars/Olympus"], "no time zone 'Mars/Olympus'", "Europe/Paris"),
        (["timeline", "auth.log=UTC", "--to", "Nowhere"], "no time zone 'Nowhere'", ""),
        (["kpis", "conn.log"], "hold no alerts", ""),
        (["kpis", "conn.log", "--period", "soon"], "'soon' is no period", "2025-10"),
        (["kpis", "conn.log", "--clock", "created_time"], "two instants", "created_time..closed_time"),
        (["read", "conn.log", "--table", "alerts"], "no table 'alerts'", "connections"),
        (["read", "conn.log", "--out", "t", "--format-out", "xls"], "xls", "parquet"),
        (["tables", "alert"], "no table 'alert'", "alerts"),
        (["beacons", "conn.log", "--columns", "none.toml"], "none.toml", ""),
    ],
)
def test_what_is_wrong_is_said_with_a_hint(conn: Path, words: list[str], message: str, hint: str) -> None:
    """Exit 2, no traceback, nothing on the output."""
    folder = conn.parent
    (folder / "empty.log").write_text("")
    (folder / "picture.log").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (folder / "folder").mkdir()
    (folder / "auth.log").write_text("".join(f"Oct  {n} 03:00:00 web sshd[7]: session opened\n" for n in range(1, 9)))
    done = watchfloor(*words, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    text = " ".join(done.stderr.split())
    assert message in text
    assert "hint: " in text
    assert hint in text


def test_a_word_that_is_no_command_is_said() -> None:
    """Typer's own usage errors exit with 2 as well."""
    assert watchfloor("fnidings").returncode == 2


def test_the_lists() -> None:
    """What can be read, and what the tables hold."""
    assert "loki" in watchfloor("formats").stdout
    assert "findings" in watchfloor("tables").stdout
    assert "subscore" in watchfloor("tables", "findings").stdout
    assert watchfloor("--version").stdout.startswith("watchfloor 0.")


def test_a_zone_behind_a_path(tmp_path: Path) -> None:
    """PATH=ZONE, unless a file of that name exists."""
    odd = tmp_path / "a=b.log"
    odd.write_text("")
    assert zones_of([str(odd)]) == [str(odd)]
    assert zones_of(["x.log=Europe/Paris", str(odd)]) == {"x.log": "Europe/Paris", str(odd): None}


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    """Control sequences in a log are shown, not obeyed."""
    path = tmp_path / "auth.log"
    path.write_text("".join(f"2025-10-0{n}T03:00:00Z web app[7]: \x1b]0;owned\x07\x1b[2Jred\n" for n in range(1, 9)))
    done = watchfloor("timeline", path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
