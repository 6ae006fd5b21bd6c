"""Hayabusa's timelines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from helpers import DATA, needs_data
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.readers.hayabusa import READER
from watchfloor.readers.intake.files import head

HEADER = '"Timestamp","Computer","Channel","EventID","Level","RecordID","RuleTitle","Details","ExtraFieldInfo"'
ROW = (
    '"2026-03-14 16:09:26.535 +01:00","WS1","Sec",4624,"high",77,"Made-up, ""quoted"" rule",'
    '"TgtUser: alice ¦ SrcIP: 192.0.2.9 ¦ Proc: C:\\a.exe","LogonType: 3"'
)
TIME = datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)
OBJECT: dict[str, Any] = {
    "Timestamp": "2026-03-14T15:09:26.535Z",
    "RuleTitle": "Made-up rule",
    "Level": "crit",
    "Computer": "WS1",
    "Channel": "Sec",
    "EventID": 1,
    "RecordID": 5,
    "Details": {"Cmdline": "a -x", "User": "bob"},
    "MitreTags": ["T1059"],
}


def evidence(tables: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    return {row["field"]: row["value"] for row in tables["evidence"]}


def test_a_line_of_csv_is_an_alert(tmp_path: Path) -> None:
    """Its details are its evidence."""
    tables = read(tmp_path, f"{HEADER}\n{ROW}\n", name="x.csv")
    name = 'WS1/Sec/77/Made-up, "quoted" rule/2026-03-14 16:09:26.535 +01:00'
    assert [said(row) for row in tables["alerts"]] == [
        {
            "record": 2,
            "alert_id": name,
            "system": "hayabusa",
            "rule": 'Made-up, "quoted" rule',
            "title": 'Made-up, "quoted" rule',
            "severity": 75.0,
            "event_count": 1,
            "first_event_time": TIME,
            "last_event_time": TIME,
            "created_time": TIME,
        }
    ]
    assert evidence(tables) == {
        "host": "WS1",
        "log_source": "Sec",
        "event_id": "4624",
        "RecordID": "77",
        "user": "alice",
        "src_ip": "192.0.2.9",
        "process": "C:\\a.exe",
        "LogonType": "3",
    }
    assert {row["alert_id"] for row in tables["evidence"]} == {name}


def test_json_in_every_layout(tmp_path: Path) -> None:
    """Details are an object there."""
    for name, text in pieces([OBJECT, OBJECT]):
        tables = read(tmp_path, text)
        assert [(row["rule"], row["severity"]) for row in tables["alerts"]] == [("Made-up rule", 95.0)] * 2, name
        adds_up(tables)
    assert evidence(tables) == {
        "host": "WS1",
        "log_source": "Sec",
        "event_id": "1",
        "RecordID": "5",
        "command": "a -x",
        "user": "bob",
        "MitreTags": "T1059",
    }


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-14 15:09:26.535 +00:00",
        "2026-03-14T15:09:26.5350000Z",
        "03-14-2026 15:09:26.535 +00:00",
        "14-03-2026 15:09:26.535 +00:00",
        "03-14-2026 03:09:26.535 PM +00:00",
    ],
)
def test_formats_of_times(tmp_path: Path, written: str) -> None:
    """All that it can be asked for."""
    [alert] = read(tmp_path, [OBJECT | {"Timestamp": written}])["alerts"]
    assert alert["created_time"] == TIME


def test_times_that_cannot_be_told_are_rejects(tmp_path: Path) -> None:
    """RFC 2822 has whole seconds; some dates may be either of two."""
    stamps = ["Sat, 14 Mar 2026 15:09:26 +0000", "03-04-2026 15:09:26.535 +00:00", "2026-03-14 15:09:26", "soon", None]
    tables = read(tmp_path, [OBJECT | {"Timestamp": stamp} for stamp in stamps])
    assert [row["created_time"] for row in tables["alerts"]] == [TIME.replace(microsecond=0)]
    assert [row["reason"][:20] for row in tables["rejects"]] == [
        "a date of which day ",
        "a time without its o",
        "no time that can be ",
        "no time that can be ",
    ]


def test_a_cell_over_two_lines_and_rows_that_are_none(tmp_path: Path) -> None:
    """A header in the middle is skipped; a row with too few columns is a reject."""
    broken = ROW.replace("alice", "al\r\nice")
    text = "\r\n".join([HEADER, broken, HEADER, '"2026-03-14 16:09:26.535 +01:00","WS1"', ROW]) + "\r\n"
    tables = read(tmp_path, text, name="x.csv")
    assert [row["record"] for row in tables["alerts"]] == [2, 6]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [(5, "2 of 9 columns")]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_continued"], ledger["lines_skipped"]) == (6, 1, 2)


def test_only_its_own_output_is_accepted(tmp_path: Path) -> None:
    """Not the events that it reads."""
    assert sure(READER, tmp_path, HEADER + "\n" + ROW) == 1
    assert sure(READER, tmp_path, [OBJECT]) == 1
    assert sure(READER, tmp_path, [{"EventID": 1, "Channel": "x", "Computer": "y"}]) == 0


@needs_data
def test_what_it_reads_is_not_its_output() -> None:
    """The files beside it are Windows events."""
    assert [READER.accepts(head(path)) for path in sorted((DATA / "formats" / "hayabusa").iterdir())] == [0] * 4


@examples(40)
@given(content=damaged("\n".join([HEADER, ROW, ROW, ROW]).encode()))
def test_the_ledger_of_csv_adds_up(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "hayabusa", lines=not content.lstrip().startswith(b"["))


@examples(40)
@given(content=damaged("\n".join(json.dumps(OBJECT) for _ in range(3)).encode()))
def test_the_ledger_of_json_adds_up(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "hayabusa", lines=not content.lstrip().startswith(b"["))
