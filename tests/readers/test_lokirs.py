"""Loki-RS's JSON lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.readers.lokirs import READER


def record(kind: str, second: int, level: str = "INFO", host: str = "h1", **more: Any) -> dict[str, Any]:
    stamp = f"2026-03-14T15:09:{second:02}.250000+00:00"
    return {"timestamp": stamp, "level": level, "event_type": kind, "hostname": host} | more


def at(second: int) -> datetime:
    return datetime(2026, 3, 14, 15, 9, second, 250000, tzinfo=UTC)


START = record("scan_start", 0, message="Loki-RS scan started VERSION: 2.10.0")
FILE = record(
    "file_match",
    5,
    "ALERT",
    message="File Match",
    file_path="/tmp/a.exe",
    score=90.5,
    file_type="EXE",
    file_size=2048,
    md5="1" * 32,
    file_created="2026-03-01T00:00:00+00:00",
    reasons=[
        {
            "message": "YARA match with rule Made_Up",
            "score": 80,
            "description": "a made-up rule",
            "author": "N. N.",
            "reference": "https://example.org/x",
            "matched_strings": ["$a: 'x'", "$b: 'y'"],
        },
        {"message": "File Name IOC matched PATTERN: .*a", "score": 60},
    ],
)
PROCESS = record(
    "process_match",
    6,
    "WARNING",
    message="Process Match",
    pid=77,
    process_name="b",
    score=65.4,
    reasons=[{"message": "odd memory", "score": 65}],
    context={"CMD": "b -x", "USER": "root"},
)
END = record(
    "scan_end", 9, message="Loki-RS scan finished. Summary - Files scanned: 3 | Alerts: 1 Warnings: 1 Notices: 0"
)


def test_a_finding_for_each_reason(tmp_path: Path) -> None:
    """Scores are rounded as Loki-RS prints them."""
    tables = read(tmp_path, [START, FILE, PROCESS, END])
    hit = {
        "record": 2,
        "time": at(5),
        "host": "h1",
        "scanner": "Loki-RS",
        "level": "ALERT",
        "module": "FileScan",
        "path": "/tmp/a.exe",
        "score": 91,
        "file_type": "EXE",
        "size_bytes": 2048,
        "md5": "1" * 32,
        "created_text": "2026-03-01T00:00:00+00:00",
        "file_created_time": datetime(2026, 3, 1, tzinfo=UTC),
    }
    assert [said(row) for row in tables["findings"]] == [
        hit
        | {
            "reason_number": 1,
            "reason": "yara",
            "rule": "Made_Up",
            "subscore": 80,
            "description": "a made-up rule",
            "reference": "https://example.org/x",
            "author": "N. N.",
            "matched": "$a: 'x', $b: 'y'",
            "message": "YARA match with rule Made_Up",
        },
        hit
        | {
            "reason_number": 2,
            "reason": "filename",
            "subscore": 60,
            "message": "File Name IOC matched PATTERN: .*a",
        },
        {
            "record": 3,
            "time": at(6),
            "host": "h1",
            "scanner": "Loki-RS",
            "level": "WARNING",
            "module": "ProcessScan",
            "score": 65,
            "reason_number": 1,
            "reason": "process",
            "subscore": 65,
            "pid": 77,
            "process": "b",
            "user": "root",
            "command": "b -x",
            "message": "odd memory",
        },
    ]


def test_scans_are_told_apart_in_a_file_that_was_appended_to(tmp_path: Path) -> None:
    """A scan without an end is not complete; one without a start cannot be told."""
    broken = record("error", 3, "ERROR", message="no access")
    other = record("scan_start", 1, host="h2", message="Loki-RS scan started VERSION: 2.9.0")
    lost = END | {"message": "Summary - Alerts: 4 Warnings: 1"}
    tables = read(tmp_path, [broken, START, FILE, PROCESS, lost, other, START, END])
    assert [said(row, "source") for row in tables["scans"]] == [
        {
            "record": 1,
            "host": "h1",
            "scanner": "Loki-RS",
            "why_incomplete": "no start record",
            "errors": 1,
            "warnings": 0,
            "alerts": 0,
            "notices": 0,
        },
        {
            "record": 2,
            "host": "h1",
            "scanner": "Loki-RS",
            "version": "2.10.0",
            "started_time": at(0),
            "ended_time": at(9),
            "complete": True,
            "errors": 0,
            "warnings": 1,
            "alerts": 1,
            "notices": 0,
            "alerts_counted": 4,
            "warnings_counted": 1,
            "remarks": "3 alerts that the scanner counted are not in this file",
        },
        {
            "record": 6,
            "host": "h2",
            "scanner": "Loki-RS",
            "version": "2.9.0",
            "started_time": at(1),
            "complete": False,
            "why_incomplete": "no end record",
            "errors": 0,
            "warnings": 0,
            "alerts": 0,
            "notices": 0,
        },
        {
            "record": 7,
            "host": "h1",
            "scanner": "Loki-RS",
            "version": "2.10.0",
            "started_time": at(0),
            "ended_time": at(9),
            "complete": True,
            "errors": 0,
            "warnings": 0,
            "alerts": 0,
            "notices": 0,
            "alerts_counted": 1,
            "warnings_counted": 1,
            "remarks": "1 alerts that the scanner counted are not in this file",
        },
    ]


def test_a_match_without_reasons_is_a_finding(tmp_path: Path) -> None:
    """Absent keys are left out."""
    bare = record("file_match", 5, "NOTICE", message="File Match", file_path="/a")
    [finding] = read(tmp_path, [START, bare])["findings"]
    assert (finding["path"], finding["message"], finding["reason"]) == ("/a", "File Match", None)


def test_every_layout_and_what_is_not_ours(tmp_path: Path) -> None:
    """The same rows, whatever stands around the objects."""
    for name, text in pieces([START, FILE, PROCESS, END]):
        tables = read(tmp_path, text)
        assert (len(tables["findings"]), len(tables["scans"])) == (3, 1), name
        adds_up(tables)
    assert sure(READER, tmp_path, [START, FILE, {"event_type": "alert", "timestamp": "x", "level": 1}]) == 2 / 3
    tables = read(tmp_path, [START, FILE, END, {"event_type": "info"}, {"event_type": "other"}])
    assert [row["reason"] for row in tables["rejects"]] == [
        "no timestamp with an offset",
        "no record of Loki-RS: event_type is 'other'",
    ]


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (START, FILE, PROCESS, END)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "loki-rs", lines=not content.lstrip().startswith(b"["))
