"""Chainsaw's hunts."""

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
from watchfloor.errors import UnreadableFile
from watchfloor.readers import read_files
from watchfloor.readers.chainsaw import READER

TIME = datetime(2026, 3, 14, 15, 9, 26, 500000, tzinfo=UTC)


def event(second: int) -> dict[str, Any]:
    system = {
        "TimeCreated_attributes": {"SystemTime": f"2026-03-14T15:09:{second:02}.5Z"},
        "EventID": 4624,
        "Channel": "Security",
        "Computer": "WS1",
        "EventRecordID": 77,
    }
    data = {"TargetUserName": "alice", "IpAddress": "192.0.2.9", "CommandLine": "-"}
    return {"kind": "evtx", "path": "C:\\a.evtx", "data": {"Event": {"System": system, "EventData": data}}}


HIT: dict[str, Any] = {
    "group": "Sigma",
    "kind": "individual",
    "document": event(26),
    "name": "Made-up logon; twice",
    "timestamp": "2026-03-14T15:09:26.500000+00:00",
    "authors": ["N. N."],
    "level": "high",
    "source": "sigma",
    "status": "stable",
    "references": ["https://example.org/x"],
    "tags": ["attack.t1078"],
}
AGGREGATE = {key: value for key, value in HIT.items() if key != "document"} | {
    "kind": "aggregate",
    "documents": [event(20), event(26), event(23)],
}
HEADER = "timestamp,detections,path,Event ID,Record ID,Computer,User"
ROW = '2026-03-14T15:09:26.500000+00:00,‣ First rule;‣ Second rule,C:\\a.evtx,4624,77,WS1,"al\nice"'


def test_a_hit_is_an_alert(tmp_path: Path) -> None:
    """The event is its evidence, the rule's author and references are not."""
    tables = read(tmp_path, [HIT])
    name = "WS1/Security/77/Made-up logon; twice/2026-03-14T15:09:26.500000+00:00"
    assert [said(row) for row in tables["alerts"]] == [
        {
            "record": 1,
            "alert_id": name,
            "system": "chainsaw",
            "rule": "Made-up logon; twice",
            "title": "Made-up logon; twice",
            "severity": 75.0,
            "event_count": 1,
            "first_event_time": TIME,
            "last_event_time": TIME,
            "created_time": TIME,
        }
    ]
    facts = {row["field"]: row["value"] for row in tables["evidence"]}
    assert {row["alert_id"] for row in tables["evidence"]} == {name}
    assert {
        name: facts.get(name) for name in ("host", "user", "src_ip", "log_source", "category", "tags", "log_file")
    } == {
        "host": "WS1",
        "user": "alice",
        "src_ip": "192.0.2.9",
        "log_source": "Security",
        "category": "Sigma",
        "tags": "attack.t1078",
        "log_file": "C:\\a.evtx",
    }
    assert not {"authors", "references", "command"} & set(facts)


def test_an_aggregate_holds_its_events(tmp_path: Path) -> None:
    """From the first to the last of them, each fact once."""
    tables = read(tmp_path, [AGGREGATE])
    [alert] = tables["alerts"]
    assert (alert["event_count"], alert["first_event_time"], alert["last_event_time"]) == (
        3,
        TIME.replace(second=20),
        TIME,
    )
    assert len([row for row in tables["evidence"] if row["field"] == "user"]) == 1


def test_every_layout(tmp_path: Path) -> None:
    """`--json` is an array, `--jsonl` lines; a list of documents is no list of records."""
    for name, text in pieces([HIT, AGGREGATE]):
        tables = read(tmp_path, text)
        assert len(tables["alerts"]) == 2, name
        adds_up(tables)
    for name, text in pieces([AGGREGATE]):
        assert len(read(tmp_path, text)["alerts"]) == 1, name


def test_a_row_of_csv_is_an_alert_for_each_rule(tmp_path: Path) -> None:
    """Cells may go over several lines."""
    tables = read(tmp_path, f"{HEADER}\n{ROW}\n{ROW}\n", name="sigma.csv")
    assert [(row["record"], row["rule"], row["created_time"]) for row in tables["alerts"]] == [
        (2, "First rule", TIME),
        (2, "Second rule", TIME),
        (4, "First rule", TIME),
        (4, "Second rule", TIME),
    ]
    facts = {(row["field"], row["value"]) for row in tables["evidence"]}
    assert {("host", "WS1"), ("event_id", "4624"), ("log_file", "C:\\a.evtx")} <= facts
    assert [ledger["lines_continued"] for ledger in tables["ledger"]] == [2]


def test_what_cannot_be_read_is_a_reject(tmp_path: Path) -> None:
    """Nothing is invented."""
    tables = read(tmp_path, [HIT, HIT | {"timestamp": "2026-03-14 15:09:26"}, HIT | {"name": None}])
    assert [row["reason"] for row in tables["rejects"]] == [
        "no time with an offset: '2026-03-14 15:09:26'",
        "no name of a rule",
    ]
    assert sure(READER, tmp_path, [HIT, AGGREGATE]) == 1
    assert sure(READER, tmp_path, [event(1)["data"]]) == 0


@needs_data
def test_the_drawn_table_is_refused_with_a_hint() -> None:
    """It is for eyes."""
    with pytest.raises(UnreadableFile, match="drew for the eye") as error:
        read_files([DATA / "formats" / "chainsaw" / "clo_hunt_r_any_logon.txt"])
    assert "--json" in error.value.hint


def test_a_drawn_table(tmp_path: Path) -> None:
    """Whatever its colours."""
    with pytest.raises(UnreadableFile):
        read(tmp_path, "\x1b[38;5;10m\n[+] Group: x\x1b[0m\n┌───┬───┐\n│ a │ b │\n", name="x.txt")


@examples(40)
@given(content=damaged("\n".join([HEADER, ROW, ROW]).encode()))
def test_the_ledger_of_csv_adds_up(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "chainsaw", lines=not content.lstrip().startswith(b"["))


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (HIT, AGGREGATE)).encode()))
def test_the_ledger_of_json_adds_up(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "chainsaw", lines=not content.lstrip().startswith(b"["))
