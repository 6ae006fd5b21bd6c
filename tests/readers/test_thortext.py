"""THOR's text logs and CSV files, composed as its manual shows them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.thortext import READER

MD5, SHA256 = "a" * 32, "c" * 64
HEAD = "HOST-01/198.51.100.10 THOR:"
FILE = (
    f"SCORE: 80 FILE: C:\\Temp\\a SCORE: 3.exe EXT: .exe TYPE: EXE SIZE: 512 MD5: {MD5} SHA256: {SHA256} "
    "FIRSTBYTES: 4d5a / MZ CREATED: Thu Nov 24 13:46:01.823 2022 MODIFIED: Thu Nov  3 13:46:01 2022 "
    "OWNER: NT AUTHORITY\\SYSTEM "
    "REASON_1: YARA rule Made_Up / finds REASON_7: nothing SUBSCORE_1: 80 REF_1: - SIGTYPE_1: internal "
    "SIGCLASS_1: YARA Rule AUTHOR_1: A. Nobody MATCHED_1: $a: one "
    "REASON_2: Filename IOC \\Temp\\a SUBSCORE_2: 50 SIGCLASS_2: Filename IOC MATCHED_2: \\Temp\\a REASONS_COUNT: 2"
)
LOG = (
    f"Dec 31 23:59:58 {HEAD} Info: MODULE: Startup MESSAGE: Thor Version: 10.7.30 SCANID: S-one\n"
    f"Dec 31 23:59:59 {HEAD} Warning: MODULE: Init MESSAGE: No rules were found SCANID: S-one\n"
    f"Jan  1 00:00:01 {HEAD} Alert: MODULE: Filescan MESSAGE: Malware file found SCANID: S-one {FILE}\n"
    f"Jan  1 00:00:02 {HEAD} Info: MODULE: Filescan MESSAGE: Clean SCANID: S-one\n"
    f"Jan  1 00:00:03 {HEAD} Error: MODULE: Filescan MESSAGE: Cannot open\nthe file SCANID: S-one\n"
    f"Jan  1 00:00:04 {HEAD} Notice: MODULE: Report MESSAGE: Thor Scan finished SCANID: S-one ALERTS: 2 WARNINGS: 1\n"
)


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log that was last written on 2 January 2026."""
    path = tmp_path / "x.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    when = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    os.utime(path, (when, when))
    tables = read_files([path], format="thor-text", options=Options(zone=zone))
    return {name: rows(frame) for name, frame in tables.items()}


def test_a_scan_over_the_turn_of_the_year(tmp_path: Path) -> None:
    """Years are counted back from when the file was written; a lost alert shows in the scan."""
    tables = read(tmp_path, LOG, "Asia/Tokyo")
    assert [row["time"] for row in tables["findings"]] == [datetime(2025, 12, 31, 15, 0, 1, tzinfo=UTC)] * 2
    [scan] = tables["scans"]
    assert {key: value for key, value in scan.items() if value is not None and key != "source"} == {
        "record": 1,
        "host": "HOST-01",
        "scanner": "thor",
        "version": "10.7.30",
        "started_time": datetime(2025, 12, 31, 14, 59, 58, tzinfo=UTC),
        "ended_time": datetime(2025, 12, 31, 15, 0, 4, tzinfo=UTC),
        "complete": True,
        "errors": 1,
        "warnings": 1,
        "alerts": 1,
        "notices": 1,
        "alerts_counted": 2,
        "warnings_counted": 1,
        "remarks": "No rules were found",
    }
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_continued"]) == (7, 6, 1)


def test_a_file_with_two_reasons(tmp_path: Path) -> None:
    """One row a reason; a path and a text that look like keys stay whole."""
    first, second = read(tmp_path, LOG, "UTC")["findings"]
    expected = {
        "host": "HOST-01",
        "level": "ALERT",
        "module": "Filescan",
        "path": "C:\\Temp\\a SCORE: 3.exe",
        "score": 80,
        "file_type": "EXE",
        "size_bytes": 512,
        "first_bytes": "4d5a",
        "md5": MD5,
        "sha1": None,
        "sha256": SHA256,
        "created_text": "Thu Nov 24 13:46:01.823 2022",
        "file_created_time": datetime(2022, 11, 24, 13, 46, 1, 823000, tzinfo=UTC),
        "file_modified_time": datetime(2022, 11, 3, 13, 46, 1, tzinfo=UTC),
        "user": "NT AUTHORITY\\SYSTEM",
    }
    assert {key: first[key] for key in expected} == expected
    assert {key: second[key] for key in expected} == expected
    keys = ("reason_number", "reason", "rule", "subscore", "description", "reference", "author", "matched")
    assert [tuple(row[key] for key in keys) for row in (first, second)] == [
        (1, "yara", "Made_Up", 80, "finds REASON_7: nothing", None, "A. Nobody", "$a: one"),
        (2, "filename", None, 50, "Filename IOC \\Temp\\a", None, None, "\\Temp\\a"),
    ]
    assert first["message"].startswith("MESSAGE: Malware file found SCANID: S-one")


def test_rfc3339_needs_no_zone(tmp_path: Path) -> None:
    """A connection's own columns are filled; an unknown word is null."""
    [row] = read(
        tmp_path,
        f"2026-01-01T00:00:02Z {HEAD} Notice: MODULE: ProcessConnections MESSAGE: Established connection PID: 312 "
        "NAME: d.exe COMMAND: N/A LIP: 192.0.2.1 LPORT: 5651 RIP: 198.51.100.7 RPORT: 443\n",
    )["findings"]
    keys = ("reason", "pid", "process", "command", "src_ip", "src_port", "dst_ip", "dst_port", "time")
    assert tuple(row[key] for key in keys) == (
        "connection",
        312,
        "d.exe",
        None,
        "192.0.2.1",
        5651,
        "198.51.100.7",
        443,
        datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC),
    )


def test_keyval(tmp_path: Path) -> None:
    """Values stand in quotes, and may end in a backslash."""
    [row] = read(
        tmp_path,
        'Jan  1 09:07:59 HOST-01/192.0.2.15 THOR : Alert: MODULE="SHIMCache" MESSAGE="Malware name found" '
        'FILE="C:\\Users\\x y\\" KEYWORD="\\\\ncat\\.exe" SCORE="70" REASON_1="YARA rule A / b" SUBSCORE_1="70"\n',
        "UTC",
    )["findings"]
    keys = ("module", "path", "score", "rule", "description", "subscore", "host")
    assert tuple(row[key] for key in keys) == ("SHIMCache", "C:\\Users\\x y\\", 70, "A", "b", 70, "HOST-01")


def test_clock_times_without_a_zone(tmp_path: Path) -> None:
    """The hint knows of --utc."""
    with pytest.raises(AmbiguousTime, match="Dec 31 23:59:58") as error:
        read(tmp_path, LOG)
    assert "--utc" in error.value.hint


def test_a_scan_that_did_not_end(tmp_path: Path) -> None:
    """Two scans of one host are told apart by their ids."""
    cut = LOG[: LOG.index("Jan  1 00:00:04")]
    found = read(tmp_path, LOG + cut.replace("S-one", "S-two").replace("Dec 31", "Jan  1"), "UTC")["scans"]
    assert [(row["complete"], row["why_incomplete"], row["alerts"]) for row in found] == [
        (True, None, 1),
        (False, "no end record", 1),
    ]


def test_the_csv_of_hits(tmp_path: Path) -> None:
    """Hash, path, score; a path with a comma stands in quotes."""
    text = f'{MD5},C:\\a.ps1,140\n{SHA256},"C:\\a, ""b"".zip|c.js",50\nno,line\n'
    tables = read(tmp_path, text)
    assert [(row["md5"], row["sha256"], row["path"], row["score"]) for row in tables["findings"]] == [
        (MD5, None, "C:\\a.ps1", 140),
        (None, SHA256, 'C:\\a, "b".zip|c.js', 50),
    ]
    assert [(row["record"], row["text"]) for row in tables["rejects"]] == [(3, "no,line")]


def test_the_csv_of_statistics(tmp_path: Path) -> None:
    """One line is one scan; its clock times stay text without a zone."""
    text = "HOST-01,2026-01-01 10:00:00,2026-01-01 10:05:00,10.6.2,--lab -p C:\\a,b --csvstats,5,2,3,0\n"
    [scan] = read(tmp_path, text, "Europe/Paris")["scans"]
    assert (scan["host"], scan["version"], scan["started_time"], scan["ended_time"]) == (
        "HOST-01",
        "10.6.2",
        datetime(2026, 1, 1, 9, 0, tzinfo=UTC),
        datetime(2026, 1, 1, 9, 5, tzinfo=UTC),
    )
    assert (scan["alerts"], scan["warnings"], scan["notices"], scan["errors"]) == (5, 2, 3, 0)
    assert scan["remarks"] == "run with --lab -p C:\\a,b --csvstats"
    [scan] = read(tmp_path, text)["scans"]
    assert scan["started_time"] is None
    assert "2026-01-01 10:00:00 to 2026-01-01 10:05:00" in scan["remarks"]


def test_it_knows_its_own(tmp_path: Path) -> None:
    """Each layout is chosen by content; other syslog is not."""
    path = tmp_path / "x"
    for text, share in ((LOG, 6 / 7), (f"{MD5},C:\\a,1\n", 1), ("Jan  1 00:00:00 web sshd[1]: THOR: Alert\n", 0)):
        path.write_text(text, encoding="utf-8")
        assert READER.accepts(files.head(path)) == share


@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    raw = bytearray(LOG.encode() * 2)
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from(b"\n\r\x00\xff:/ 9"))
    raw = raw[: data.draw(st.integers(1, len(raw)))]
    tables = read(tmp_path, bytes(raw), "UTC")
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(raw).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
