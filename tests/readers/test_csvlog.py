"""CSV exports of logs, without a column map."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, said, sure
from watchfloor.errors import AmbiguousTime, UnknownFormat, UnreadableFile
from watchfloor.readers.csvlog import READER

FLOWS = (
    "Time,Src IP,Src Port,Destination,dst port,Protocol,Action,Bytes\n"
    "2026-03-14T15:09:26Z,192.0.2.7,50123,198.51.100.9,443,6,allow,1500\n"
    '2026-03-14T15:09:27Z,::ffff:192.0.2.8,x,files.example.com,443,TCP,deny,"1,500"\n'
    "2026-03-14T15:09:28Z,-,,2001:db8::9,53,UDP,N/A,0\n"
)
VIEWER = (
    "Level,Date and Time,Source,Event ID,Task Category\n"
    'Information,3/14/2026 3:09:26 PM,Microsoft-Windows-Security-Auditing,4624,Logon,"An account was logged on.\n\n'
    'Subject:\n\tAccount Name:\t""anna"""\n'
)
TIME = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def test_an_export_of_a_firewall(tmp_path: Path) -> None:
    """Names in any spelling; what is of another kind, and what no column holds, stays in the fields."""
    tables = read(tmp_path, FLOWS, name="x.csv")
    first, second, third = tables["events"]
    assert said(first, "time_text", "zone", "zone_rule", "time_quality") == {
        **{"record": 2, "time": TIME, "src_ip": "192.0.2.7", "src_port": 50123, "dst_ip": "198.51.100.9"},
        **{"dst_port": 443, "proto": "tcp", "action": "allow", "fields": '{"Bytes":"1500"}'},
    }
    assert (second["src_ip"], second["src_port"], second["dst_ip"]) == ("192.0.2.8", None, None)
    assert json.loads(second["fields"]) == {"Src Port": "x", "Destination": "files.example.com", "Bytes": "1,500"}
    assert (third["src_ip"], third["dst_ip"], third["action"]) == (None, "2001:db8::9", None)
    adds_up(tables)


def test_an_export_of_the_event_viewer(tmp_path: Path) -> None:
    """The text of its events has no name in the header, and several lines."""
    tables = read(tmp_path, VIEWER, zone="UTC", name="x.csv")
    [event] = tables["events"]
    assert {key: event[key] for key in ("time", "program", "event_id", "action", "severity_text", "message")} == {
        **{"time": TIME, "program": "Microsoft-Windows-Security-Auditing", "event_id": "4624", "action": "Logon"},
        **{"severity_text": "Information", "message": 'An account was logged on.\n\nSubject:\n\tAccount Name:\t"anna"'},
    }
    adds_up(tables)
    with pytest.raises(AmbiguousTime, match="PM"):
        read(tmp_path, VIEWER, name="x.csv")


def test_a_date_and_a_time(tmp_path: Path) -> None:
    """In two columns; semicolons."""
    text = "Date;Time;Host;User;Message\n2026-03-14;15:09:26;web-1;anna;in\n2026-03-14;15:09:27;web-1;berta;out\n"
    first, second = read(tmp_path, text, zone="UTC", name="x.csv")["events"]
    assert (first["time"], first["host"], first["user"], first["fields"]) == (TIME, "web-1", "anna", None)
    assert second["time"].second == 27


def test_rows_that_are_none(tmp_path: Path) -> None:
    """Without a time, or with too few cells; a header that stands there again is skipped."""
    good = "2026-03-14T15:09:26Z,192.0.2.7,50123,198.51.100.9,443,6,allow,1500\n"
    text = FLOWS + good * 20 + "never,192.0.2.7,1,198.51.100.9,443,6,allow,1\n" + "a,b\n" + FLOWS
    tables = read(tmp_path, text, name="x.csv")
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (25, "no time that can be read"),
        (26, "2 of 8 columns"),
    ]
    assert tables["rejects"][0]["text"].startswith("never,")
    assert len(tables["events"]) == 26
    adds_up(tables)


def test_what_is_for_a_column_map(tmp_path: Path) -> None:
    """Tickets, whose times are many; tables without a time, text that merely has commas."""
    tickets = "id,created,status,severity,title\n1,2026-03-14T15:09:26Z,open,high,x\n"
    with pytest.raises(UnknownFormat):
        read(tmp_path, tickets, name="x.csv")
    assert sure(READER, tmp_path, "host,user,message\na,b,c\n") == 0
    assert sure(READER, tmp_path, "Dear all, time, host, user\nwe met, at, noon, yes\n") == 0
    assert sure(READER, tmp_path, '{"time": 1, "host": 2}\n') == 0
    assert sure(READER, tmp_path, FLOWS) == 1
    with pytest.raises(UnreadableFile, match="names a time"):
        read(tmp_path, tickets, "csv-log", name="x.csv")


@examples(40)
@given(content=damaged((FLOWS + FLOWS.split("\n", 1)[1] * 3).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "csv-log")


@examples(40)
@given(content=damaged((VIEWER + VIEWER.split("\n", 1)[1] * 3).encode()))
def test_the_ledger_of_records_over_several_lines_adds_up(tmp_path: Path, content: bytes) -> None:
    """As above."""
    holds(tmp_path, content, "csv-log")
