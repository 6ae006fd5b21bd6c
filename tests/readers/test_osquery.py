"""osquery's results log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.readers.osquery import READER

BASE: dict[str, Any] = {
    "name": "pack_x_sockets",
    "hostIdentifier": "ws1.example",
    "calendarTime": "Sat Mar 14 15:09:26 2026 UTC",
    "unixTime": 1773500966,
    "epoch": 0,
}
ROW = {"pid": "77", "username": "alice", "local_address": "192.0.2.1", "local_port": "40000"}
ROW |= {"remote_address": "198.51.100.7", "remote_port": "443", "path": "/bin/a"}
ADDED = BASE | {"columns": ROW, "action": "added"}
SNAPSHOT = BASE | {"snapshot": [{"pid": "1"}, {"pid": "2"}], "action": "snapshot"}
BATCH = BASE | {"diffResults": {"added": [{"pid": "3"}], "removed": [{"pid": "4"}]}}
EMPTY = BASE | {"snapshot": [], "action": "snapshot"}
STATUS = {"hostIdentifier": "ws1.example", "unixTime": "1773500966", "severity": "0", "filename": "a.cpp"}
STATUS |= {"message": "up", "log_type": "status"}


def test_a_row_is_an_event(tmp_path: Path) -> None:
    """All values are texts in the log."""
    [event] = read(tmp_path, [ADDED])["events"]
    assert said(event) == {
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC),
        "time_text": "1773500966",
        "zone": "UTC",
        "zone_rule": "by the format",
        "time_quality": "exact",
        "host": "ws1.example",
        "program": "osquery",
        "pid": 77,
        "user": "alice",
        "src_ip": "192.0.2.1",
        "src_port": 40000,
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "action": "added",
        "category": "pack_x_sockets",
        "fields": '{"calendarTime":"Sat Mar 14 15:09:26 2026 UTC","epoch":0,"columns":{"path":"/bin/a"}}',
    }


def test_snapshots_and_batches_have_several_rows(tmp_path: Path) -> None:
    """An empty one is an event of its own; the status log has messages."""
    found = read(tmp_path, [SNAPSHOT, BATCH, EMPTY, STATUS])["events"]
    assert [(row["record"], row["action"], row["pid"], row["message"]) for row in found] == [
        (1, "snapshot", 1, None),
        (1, "snapshot", 2, None),
        (2, "added", 3, None),
        (2, "removed", 4, None),
        (3, "snapshot", None, None),
        (4, None, None, "up"),
    ]


def test_every_layout_and_what_is_not_ours(tmp_path: Path) -> None:
    """A snapshot's rows are no records of the file."""
    for name, text in pieces([SNAPSHOT]):
        tables = read(tmp_path, text)
        assert len(tables["events"]) == 2, name
        adds_up(tables)
    assert sure(READER, tmp_path, [ADDED, BATCH, STATUS]) == 1
    tables = read(tmp_path, [ADDED, ADDED, {"hostIdentifier": "x", "unixTime": "soon"}])
    assert [row["reason"] for row in tables["rejects"]] == ["no unixTime"]


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (ADDED, SNAPSHOT, BATCH, STATUS)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "osquery", lines=not content.lstrip().startswith(b"["))
