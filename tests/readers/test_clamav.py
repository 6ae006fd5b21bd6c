"""What clamscan prints, and what it logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from properties import examples
from watchfloor.readers import Options, read_files
from watchfloor.readers.clamav import READER
from watchfloor.readers.intake import files

FOLDER = DATA / "siem" / "clamav"
SUMMARY = """
----------- SCAN SUMMARY -----------
Known viruses: 12
Engine version: 1.0.0
Scanned directories: 2
Scanned files: 3
Infected files: 2
Data scanned: 0.10 MB
Data read: 0.10 MB (ratio 1.00:1)
Time: 1.000 sec (0 m 1 s)
Start Date: 2026:07:01 10:00:00
End Date:   2026:07:01 10:00:01
"""
LOG = (
    "\n" + "-" * 79 + "\n\n"
    "/srv/a b/x: FOUND me.txt: Made.Up-1.UNOFFICIAL FOUND\n"
    "/srv/y: YARA.Made_Up.UNOFFICIAL FOUND\n"
    "/srv/ok.txt: OK\n"
    "/srv/none: Empty file\n"
    "WARNING: /gone: Can't access file\n" + SUMMARY
)


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of an output, as lists of dicts."""
    path = tmp_path / "x.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    tables = read_files([path], format="clamav", options=Options(zone=zone))
    return {name: rows(frame) for name, frame in tables.items()}


@needs_data
@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("clamscan*")))
def test_real_outputs_give_every_hit_and_the_summary(name: str) -> None:
    """Chosen by content; what was not scanned is named, clock times stay text without a zone."""
    expected = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))[name]
    assert READER.accepts(files.head(FOLDER / name)) == 1
    tables = {table: rows(frame) for table, frame in read_files([FOLDER / name]).items()}
    assert [{"path": row["path"], "signature": row["rule"]} for row in tables["findings"]] == expected["hits"]
    [ledger] = tables["ledger"]
    assert (ledger["format"], ledger["lines"], ledger["lines_rejected"]) == ("clamav", expected["lines"], 0)
    [scan] = tables["scans"]
    summary = expected["summary"]
    assert scan["version"] == summary.get("Engine version")
    assert scan["rules"] == (int(summary["Known viruses"]) if summary else None)
    assert scan["alerts_counted"] == (int(summary["Infected files"]) if summary else None)
    assert (scan["alerts"], scan["complete"]) == (len(expected["hits"]), True if summary else None)
    for line in expected["other"]:
        assert line in scan["remarks"]
    for key in ("Start Date", "End Date"):
        if summary:
            assert summary[key].strip() in scan["remarks"]
    assert scan["started_time"] is None


def test_a_log_with_a_zone(tmp_path: Path) -> None:
    """Hits have no time and no host; the scan's clock is read in the zone."""
    tables = read(tmp_path, LOG, "Europe/Paris")
    assert [(row["record"], row["path"], row["rule"], row["reason"]) for row in tables["findings"]] == [
        (4, "/srv/a b/x: FOUND me.txt", "Made.Up-1.UNOFFICIAL", "other"),
        (5, "/srv/y", "YARA.Made_Up.UNOFFICIAL", "yara"),
    ]
    assert {(row["time"], row["host"], row["scanner"]) for row in tables["findings"]} == {(None, None, "clamav")}
    [scan] = tables["scans"]
    assert (scan["started_time"], scan["ended_time"]) == (
        datetime(2026, 7, 1, 8, 0, 0, tzinfo=UTC),
        datetime(2026, 7, 1, 8, 0, 1, tzinfo=UTC),
    )
    assert (scan["version"], scan["rules"], scan["alerts"], scan["warnings"], scan["errors"]) == ("1.0.0", 12, 2, 1, 0)
    assert scan["remarks"] == "/srv/none: Empty file; WARNING: /gone: Can't access file"


def test_an_hour_that_the_clock_shows_twice_is_no_instant(tmp_path: Path) -> None:
    """The text stays in the remarks."""
    text = LOG.replace("2026:07:01 10:00:0", "2026:10:25 02:30:0")
    [scan] = read(tmp_path, text, "Europe/Paris")["scans"]
    assert scan["started_time"] is None
    assert "clock times of no known zone: 2026:10:25 02:30:00 to 2026:10:25 02:30:01" in scan["remarks"]


def test_logs_that_grew_hold_several_scans(tmp_path: Path) -> None:
    """Each summary ends one; the last was cut within its summary."""
    tables = read(tmp_path, LOG + LOG[: LOG.index("Data read")])
    assert [(row["record"], row["alerts"], row["complete"]) for row in tables["scans"]] == [
        (2, 2, True),
        (22, 2, False),
    ]
    assert tables["scans"][1]["why_incomplete"] == "the summary breaks off"
    assert len(tables["findings"]) == 4


def test_names_with_line_breaks(tmp_path: Path) -> None:
    """A path without a word on its file goes on in the next line, unless that begins like a path of its own."""
    tables = read(
        tmp_path, "/srv/one\ntwo: A-1 FOUND\n/srv/three\nfour\nfive: B-1 FOUND\n/srv/cut\n/srv/six: C-1 FOUND\n"
    )
    assert [(row["record"], row["path"], row["rule"]) for row in tables["findings"]] == [
        (1, "/srv/one\ntwo", "A-1"),
        (3, "/srv/three\nfour\nfive", "B-1"),
        (7, "/srv/six", "C-1"),
    ]
    assert [(row["record"], row["text"]) for row in tables["rejects"]] == [(6, "/srv/cut")]


def test_the_log_of_clamd_has_times(tmp_path: Path) -> None:
    """They are clock times: text beside a null instant where no zone is given."""
    text = (
        "Thu Jan  1 10:00:00 2026 -> +++ Started at Thu Jan  1 10:00:00 2026\n"
        "Thu Jan  1 10:00:01 2026 -> /srv/a -> b: Made.Up-1 FOUND\n"
    )
    path = tmp_path / "clamd.log"
    path.write_text(text, encoding="utf-8")
    assert READER.accepts(files.head(path)) == 1
    [row] = read(tmp_path, text, "Europe/Paris")["findings"]
    assert (row["path"], row["rule"], row["message"]) == ("/srv/a -> b", "Made.Up-1", None)
    assert row["time"] == datetime(2026, 1, 1, 9, 0, 1, tzinfo=UTC)
    tables = read(tmp_path, text)
    assert (tables["findings"][0]["time"], tables["findings"][0]["message"]) == (None, "Thu Jan  1 10:00:01 2026")
    assert tables["rejects"] == []


def test_other_text_is_not_clamav(tmp_path: Path) -> None:
    """Neither paths nor the word OK alone make it one."""
    for text in ("/srv/x: fine\n", "sshd: OK\n", "2026-01-01T00:00:00Z web app: x FOUND it\n" * 3, "nothing\n"):
        path = tmp_path / "x.txt"
        path.write_text(text, encoding="utf-8")
        assert READER.accepts(files.head(path)) == 0


@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    raw = bytearray(LOG.encode() * 2)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from(b"\n\r\x00\xff:/ "))
    raw = raw[: data.draw(st.integers(1, len(raw)))]
    tables = read(tmp_path, bytes(raw))
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(raw).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
