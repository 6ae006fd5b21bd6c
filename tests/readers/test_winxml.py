"""Windows events as XML, composed as Windows writes them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import UnreadableFile
from watchfloor.readers import read_files
from watchfloor.readers.intake import files
from watchfloor.readers.winevents import event
from watchfloor.readers.winxml import READER

XMLNS = "http://schemas.microsoft.com/win/2004/08/events/event"
LOGON = (
    f"<Event xmlns='{XMLNS}'><System>"
    "<Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/>"
    "<EventID>4625</EventID><Version>0</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode>"
    "<Keywords>0x8010000000000000</Keywords><TimeCreated SystemTime='2026-01-01T10:00:00.1234567Z'/>"
    "<EventRecordID>9007199254740993</EventRecordID><Correlation/><Execution ProcessID='640' ThreadID='7'/>"
    "<Channel>Security</Channel><Computer>dc-1.example.net</Computer><Security/></System><EventData>"
    "<Data Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>alice</Data>"
    "<Data Name='TargetDomainName'>EXAMPLE</Data><Data Name='LogonType'>3</Data>"
    "<Data Name='IpAddress'>192.0.2.9</Data><Data Name='IpPort'>50123</Data></EventData></Event>"
)
SERVICE = f"""<Event xmlns="{XMLNS}">
  <System>
    <Provider Name="Service Control Manager"/>
    <EventID Qualifiers="16384">7036</EventID>
    <Level>4</Level>
    <TimeCreated SystemTime="2026-01-01T10:00:01Z"/>
    <Channel>System</Channel>
    <Computer>dc-1.example.net</Computer>
  </System>
  <EventData>
    <Data>one &lt;two&gt;</Data>
    <Data>three</Data>
    <Binary>00AB</Binary>
  </EventData>
  <RenderingInfo Culture="en-US">
    <Message>The service
entered the running state.</Message>
    <Level>Information</Level>
    <Task>None</Task>
  </RenderingInfo>
</Event>
"""
SESSION = (
    f"<Event xmlns='{XMLNS}'><System><Provider Name='Microsoft-Windows-TerminalServices-LocalSessionManager'/>"
    "<EventID>21</EventID><Level>4</Level><TimeCreated SystemTime='2026-01-01 10:00:02.5'/>"
    "<Computer>ts-1</Computer></System><UserData><EventXML xmlns='Event_NS'><User>EXAMPLE\\bob</User>"
    "<SessionID>2</SessionID><Address>LOCAL</Address></EventXML></UserData></Event>"
)


def read(tmp_path: Path, text: str | bytes, format: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of an export."""
    path = tmp_path / "x.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {name: rows(frame) for name, frame in read_files([path], format=format).items()}


def test_a_logon_that_failed(tmp_path: Path) -> None:
    """Each fact has its column; what is left is in the fields, big numbers as text."""
    [row] = read(tmp_path, LOGON + "\n")["events"]
    assert {key: value for key, value in row.items() if value is not None and key not in ("source", "fields")} == {
        "record": 1,
        "time": datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC),
        "time_text": "2026-01-01T10:00:00.1234567Z",
        "zone": "UTC",
        "zone_rule": "in the text",
        "time_quality": "exact",
        "host": "dc-1.example.net",
        "program": "Microsoft-Windows-Security-Auditing",
        "pid": 640,
        "user": "alice",
        "src_ip": "192.0.2.9",
        "src_port": 50123,
        "action": "Audit Failure",
        "event_id": "4625",
        "category": "Security",
        "severity_text": "Information",
    }
    assert json.loads(row["fields"]) == {
        "TargetDomainName": "EXAMPLE",
        "LogonType": "3",
        "Provider.Guid": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        "Version": "0",
        "Level": "0",
        "Task": "12544",
        "Opcode": "0",
        "Keywords": "0x8010000000000000",
        "EventRecordID": "9007199254740993",
        "Execution.ThreadID": "7",
    }


def test_data_without_names_and_texts_of_the_collector(tmp_path: Path) -> None:
    """Unnamed data is a list; the rendered message and level are kept."""
    [row] = read(tmp_path, SERVICE)["events"]
    assert (row["event_id"], row["severity_text"], row["title"], row["message"]) == (
        "7036",
        "Information",
        "None",
        "The service\nentered the running state.",
    )
    assert json.loads(row["fields"]) == {
        "Data": ["one <two>", "three"],
        "Binary": "00AB",
        "EventID.Qualifiers": "16384",
        "Level": "4",
        "RenderingInfo.Culture": "en-US",
    }


def test_user_data(tmp_path: Path) -> None:
    """Its names are those within the one element that it holds; a word is no address."""
    [row] = read(tmp_path, SESSION)["events"]
    assert (row["user"], row["src_ip"], row["zone_rule"]) == ("EXAMPLE\\bob", None, "by the format")
    assert json.loads(row["fields"]) == {"SessionID": "2", "Address": "LOCAL", "Level": "4"}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{LOGON}\n{LOGON}\n{SERVICE}", [1, 2, 3]),
        (
            f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n<Events>{LOGON}{LOGON}{SERVICE}</Events>',
            [2] * 3,
        ),
        (f"<Events>\n{SERVICE}{LOGON}\n{LOGON}\n</Events>\n", [2, 23, 24]),
        (f"<?xml version='1.0'?>\n{LOGON}\n<?xml version='1.0'?>\n{LOGON}\n{SERVICE}", [2, 4, 5]),
    ],
    ids=["lines", "one line", "pretty", "documents"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_kind_of_export(tmp_path: Path, text: str, lines: list[int], encoding: str) -> None:
    """One event a line, within <Events>, pretty-printed, documents one after the other; PowerShell's UTF-16."""
    tables = read(tmp_path, text.encode(encoding))
    assert [row["record"] for row in tables["events"]] == lines
    assert sorted(row["event_id"] for row in tables["events"]) == ["4625", "4625", "7036"]
    [ledger] = tables["ledger"]
    assert (ledger["format"], ledger["lines_rejected"], ledger["partial"]) == ("windows-xml", 0, None)
    assert ledger["lines"] == text.removesuffix("\n").count("\n") + 1


def test_one_bad_record_is_one_reject(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, control characters, a tag that is not closed, no time, a time that is none."""
    bad = [
        LOGON.encode().replace(b"alice", b"al\xffice"),
        LOGON.encode().replace(b"alice", b"al\x00ice"),
        LOGON.encode().replace(b"</EventData>", b""),
        LOGON.encode().replace(b"SystemTime", b"Other"),
        LOGON.encode().replace(b"2026-01-01T", b"2026-02-30T"),
    ]
    good = LOGON.encode()
    tables = read(tmp_path, b"\n".join(line for one in bad for line in (good, one)) + b"\n" + good + b"\n")
    assert [row["record"] for row in tables["events"]] == [1, 3, 5, 7, 9, 11]
    assert [(row["record"], row["lines"]) for row in tables["rejects"]] == [(2, 1), (4, 1), (6, 1), (8, 1), (10, 1)]
    assert [row["reason"] for row in tables["rejects"]][3:] == [
        "an event without a time",
        "a time that does not exist (2026-02-30T10:00:00.1234567Z)",
    ]


def test_a_forged_event_in_a_text_stays_text(tmp_path: Path) -> None:
    """Character data that looks like an event is data."""
    forged = LOGON.replace("alice", f"<![CDATA[</Data></EventData></Event>{SESSION}]]>")
    tables = read(tmp_path, f"{forged}\n{LOGON}\n")
    assert [(row["record"], row["event_id"]) for row in tables["events"]] == [(1, "4625"), (2, "4625")]


def test_entities_are_refused_and_other_documents_too(tmp_path: Path) -> None:
    """By name as well."""
    with pytest.raises(UnreadableFile, match="declares entities"):
        read(tmp_path, f"<!DOCTYPE Event [<!ENTITY a 'b'>]>{LOGON}")
    with pytest.raises(UnreadableFile, match="the document is <html>"):
        read(tmp_path, "<html></html>", "windows-xml")
    path = tmp_path / "y.xml"
    path.write_text("<Events><Event><Name>party</Name></Event></Events>")
    assert READER.accepts(files.head(path)) == 0


def test_names_that_meet_are_told_apart() -> None:
    """An event's own `Task` is not the system's."""
    row = event(1, {"TimeCreated.SystemTime": "2026-01-01T00:00:00Z", "Task": "1"}, {"Task": "2", "Protocol": "17"}, {})
    assert isinstance(row, dict)
    assert row["user"] is None
    assert (row["fields"], row["proto"]) == ('{"Task": "2", "System.Task": "1"}', "udp")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("LOCAL", None),
    ],
)
def test_addresses(written: str, address: str | None) -> None:
    """An IPv4 address in the form of IPv6 is the IPv4 address; a word is none, and stays in the fields."""
    row = event(1, {"TimeCreated.SystemTime": "2026-01-01T00:00:00Z"}, {"IpAddress": written}, {})
    assert isinstance(row, dict)
    assert (row["src_ip"], row["fields"]) == (address, None if address else '{"IpAddress": "LOCAL"}')


def test_time_is_linear(tmp_path: Path) -> None:
    """Damage in every other event does not make it quadratic."""
    bad = LOGON.encode().replace(b"alice", b"\xff")
    one = LOGON.encode() + b"\n" + bad + b"\n"
    started = time.perf_counter()
    tables = read(tmp_path, one * 2_000)
    assert (len(tables["events"]), len(tables["rejects"])) == (2_000, 2_000)
    assert time.perf_counter() - started < 20


@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    raw = bytearray(f"{LOGON}\n{SERVICE}{SESSION}\n{LOGON}\n".encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(80, len(raw) - 1))] = data.draw(st.sampled_from(b"\n\r\x00\xff<>/ '"))
    raw = raw[: data.draw(st.integers(100, len(raw)))]
    tables = read(tmp_path, bytes(raw), "windows-xml")
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(raw).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
    assert min(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped")) >= 0
