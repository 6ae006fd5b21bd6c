"""Records that syslog carries in another format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, sure
from watchfloor.errors import AmbiguousTime
from watchfloor.readers.carried import READER

OKTA = (
    '<134>1 2026-03-14T15:09:30Z relay-1 okta - - - {"actor": {"alternateId": "anna@example.com"}, '
    '"eventType": "user.session.start", "published": "2026-03-14T15:09:26.000Z", "client": {"ipAddress": "192.0.2.7"}}'
)
PLAIN = '<134>Mar 14 16:09:26 web-1 app[77]: @cee: {"level": "error", "msg": "no route", "user": "berta"}'
XML = (
    "<13>Mar 14 16:09:30 relay-1 <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Level>4</Level>"
    "<TimeCreated SystemTime='2026-03-14T15:09:26.5Z'/><Computer>WIN-1</Computer><Channel>Sysmon</Channel></System>"
    "<EventData><Data Name='User'>EX\\anna</Data></EventData></Event>"
)
SNARE = "\t".join(
    (
        *("<13>Mar 14 16:09:30 relay-1 MSWinEventLog", "1", "Security", "99", "Sat Mar 14 16:09:26 2026", "4624"),
        *("Microsoft-Windows-Security-Auditing", "N/A", "N/A", "Success Audit", "WIN-1.example.com", "Logon", ""),
        "An account was successfully logged on. New Logon:  Account Name:  anna  Source Network Address: 192.0.2.7",
        "5678",
    )
)
TIME = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def test_json(tmp_path: Path) -> None:
    """The record's own time and words; the prefix says what it does not."""
    okta, plain = read(tmp_path, f"{OKTA}\n{PLAIN}\n", zone="Europe/Paris", name="messages")["events"]
    assert {key: okta[key] for key in ("time", "user", "action", "src_ip", "host", "program", "severity_text")} == {
        **{"time": TIME, "user": "anna@example.com", "action": "user.session.start", "src_ip": "192.0.2.7"},
        **{"host": "relay-1", "program": "okta", "severity_text": "info"},
    }
    assert {key: plain[key] for key in ("time", "host", "program", "pid", "user", "severity_text", "message")} == {
        **{"time": TIME, "host": "web-1", "program": "app", "pid": 77, "user": "berta", "severity_text": "error"},
        "message": "no route",
    }


def test_a_name_alone_before_an_object(tmp_path: Path) -> None:
    """Where a relay cut time and host, the record says its time itself; one that does not is none of these."""
    named = 'agent_json -: {"user": "anna", "source_ip": "192.0.2.7", "agent_timestamp": "1773500966", "msg": "x"}'
    [event] = read(tmp_path, f"{named}\n", name="messages")["events"]
    assert (event["time"], event["user"], event["src_ip"]) == (TIME, "anna", "192.0.2.7")
    assert json.loads(event["fields"])["lead"] == "agent_json -:"
    assert sure(READER, tmp_path, f"{named}\n") == 1.0
    assert sure(READER, tmp_path, 'agent -: {"user": "anna"}\n') == 0.0


def test_a_relay_stays_in_the_fields(tmp_path: Path) -> None:
    """The record's host and program count; those of the prefix are not lost."""
    line = '<14>1 2026-03-14T15:09:26Z relay-1 forwarder - - - {"hostname": "win-1", "app": "agent", "msg": "x"}'
    [event] = read(tmp_path, f"{line}\n", name="messages")["events"]
    assert (event["host"], event["program"]) == ("win-1", "agent")
    assert json.loads(event["fields"]) == {"syslog_host": "relay-1", "syslog_program": "forwarder"}


def test_windows_events(tmp_path: Path) -> None:
    """As XML, and as Snare writes them, with tabs or what a relay makes of them; the host is that of the event."""
    text = "\n".join((XML, SNARE, SNARE.replace("\t", "#011")))
    tables = read(tmp_path, text + "\n", zone="Europe/Paris", name="messages")
    xml, *snares = tables["events"]
    assert (xml["time"], xml["host"], xml["event_id"], xml["user"]) == (
        *(TIME.replace(microsecond=500_000), "WIN-1", "1", "EX\\anna"),
    )
    for snare in snares:
        assert {key: snare[key] for key in ("time", "host", "event_id", "user", "src_ip", "category", "action")} == {
            **{"time": TIME, "host": "WIN-1.example.com", "event_id": "4624", "user": "anna", "src_ip": "192.0.2.7"},
            **{"category": "Security", "action": "Success Audit"},
        }
        assert snare["title"] == "An account was successfully logged on"
    adds_up(tables)


def test_a_line_that_carries_nothing_is_an_event_with_its_text(tmp_path: Path) -> None:
    """And one whose record is damaged is a reject."""
    text = "\n".join([OKTA] * 20 + ["<13>Mar 14 16:09:26 web-1 su: to root", XML.replace("</System>", "")]) + "\n"
    tables = read(tmp_path, text, zone="Europe/Paris")
    assert (tables["events"][20]["message"], tables["events"][20]["program"]) == ("to root", "su")
    assert [row["record"] for row in tables["rejects"]] == [22]
    adds_up(tables)


def test_a_clock_time_needs_a_zone_where_nothing_else_is_known(tmp_path: Path) -> None:
    """A record with an instant of its own needs none."""
    assert len(read(tmp_path, XML + "\n")["events"]) == 1
    for line in (PLAIN, SNARE):
        with pytest.raises(AmbiguousTime, match="zone"):
            read(tmp_path, line + "\n")


def test_what_is_accepted(tmp_path: Path) -> None:
    """A prefix, and a whole record to the end of the line."""
    assert sure(READER, tmp_path, f"{OKTA}\n{PLAIN}\n{XML}\n{SNARE}\n") == 1
    assert sure(READER, tmp_path, "<13>Mar 14 16:09:26 web-1 app: {x} is {y}\n") == 0
    assert sure(READER, tmp_path, OKTA[OKTA.index("{") :] + "\n") == 0


def test_hostile_records(tmp_path: Path) -> None:
    """Very deep, forged within a value, with control characters."""
    forged = json.dumps({"msg": "MSWinEventLog\t1 <Event></Event>", "user": "a\x00\x1b"})
    deep = '{"a":' * 10_000 + "1" + "}" * 10_000
    head = "<134>1 2026-03-14T15:09:26Z h p - - - "
    tables = read(tmp_path, f"{head}{forged}\n{head}{deep}\n", "syslog-carried")
    assert (tables["events"][0]["user"], len(tables["events"])) == ("a\x00\x1b", 2)
    adds_up(tables)


@examples(40)
@given(content=damaged("\n".join((OKTA, PLAIN, XML, SNARE)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "syslog-carried")
