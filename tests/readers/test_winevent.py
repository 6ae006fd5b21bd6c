"""Windows events as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from helpers import DATA, needs_data, rows
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import read_files
from watchfloor.readers.winevent import READER

NXLOG = {
    "EventTime": "2026-03-14 10:09:26",
    "Hostname": "WS1.corp.example",
    "host": "collector.example",
    "EventID": 4624,
    "Channel": "Security",
    "SourceName": "Microsoft-Windows-Security-Auditing",
    "Severity": "INFO",
    "Category": "Logon",
    "Keywords": -9214364837600034816,
    "ExecutionProcessID": 704,
    "TargetUserName": "alice",
    "SubjectUserName": "-",
    "IpAddress": "::ffff:192.0.2.9",
    "IpPort": "57088",
    "Message": "An account was successfully logged on.\r\n\r\nSubject:",
    "@timestamp": "2026-03-14T15:09:29.100Z",
}
BEAT = {
    "@timestamp": "2026-03-14T15:09:26.500Z",
    "winlog": {
        "event_id": 1,
        "channel": "Microsoft-Windows-Sysmon/Operational",
        "computer_name": "WS2.corp.example",
        "provider_name": "Microsoft-Windows-Sysmon",
        "record_id": 77,
        "process": {"pid": 2100, "thread": {"id": 5}},
        "event_data": {"User": "CORP\\bob", "Image": "C:\\a.exe"},
    },
    "host": {"name": "WS2"},
    "event": {"code": 1, "action": "Process Create"},
    "log": {"level": "information"},
    "message": "Process Create:\nImage: C:\\a.exe",
}
DUMP = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.example/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Service Control Manager", "Guid": "{1}"}},
            "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7045},
            "Level": 4,
            "TimeCreated": {"#attributes": {"SystemTime": "2026-03-14T15:09:26.123456Z"}},
            "Execution": {"#attributes": {"ProcessID": 600, "ThreadID": 9}},
            "Channel": "System",
            "Computer": "SRV1",
        },
        "EventData": {"ServiceName": "x", "SourceIp": "192.0.2.9", "DestinationIp": "198.51.100.7"}
        | {"DestinationPort": 443, "Protocol": "tcp"},
    }
}


def test_nxlog_counts_the_arrival_where_the_clock_has_no_zone(tmp_path: Path) -> None:
    """The host is the machine, not the collector; `-` says nothing; a number beyond 2^53 is text."""
    [event] = read(tmp_path, [NXLOG])["events"]
    assert said(event) == {
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 29, 100000, tzinfo=UTC),
        "time_text": "2026-03-14T15:09:29.100Z",
        "zone": "UTC",
        "zone_rule": "in the text, of its arrival",
        "time_quality": "exact",
        "host": "WS1.corp.example",
        "program": "Microsoft-Windows-Security-Auditing",
        "pid": 704,
        "user": "alice",
        "src_ip": "192.0.2.9",
        "src_port": 57088,
        "action": "Logon",
        "event_id": "4624",
        "category": "Security",
        "severity_text": "INFO",
        "title": "An account was successfully logged on.",
        "message": "An account was successfully logged on.\r\n\r\nSubject:",
        "fields": '{"EventTime":"2026-03-14 10:09:26","host":"collector.example","Keywords":"-9214364837600034816",'
        '"SubjectUserName":"-"}',
    }


def test_the_order_of_times(tmp_path: Path) -> None:
    """UtcTime, in a field or in the message; then the event's clock, where its zone is known; then the arrival."""
    utc = NXLOG | {"UtcTime": "2026-03-14 15:09:26.551"}
    message = NXLOG | {"Message": "Process accessed:\r\nRuleName: -\r\nUtcTime: 2026-03-14 15:09:26.552\r\nX: y"}
    offset = NXLOG | {"EventTime": "2026-03-14T10:09:26-0500"}
    times = [row["time"] for row in read(tmp_path, [utc, message, offset, NXLOG])["events"]]
    assert times == [
        datetime(2026, 3, 14, 15, 9, 26, 551000, tzinfo=UTC),
        datetime(2026, 3, 14, 15, 9, 26, 552000, tzinfo=UTC),
        datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC),
        datetime(2026, 3, 14, 15, 9, 29, 100000, tzinfo=UTC),
    ]
    [event] = read(tmp_path, [NXLOG], zone="America/Chicago")["events"]
    assert (event["time"], event["zone_rule"]) == (datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "declared")
    with pytest.raises(AmbiguousTime, match="2026-03-14 10:09:26"):
        read(tmp_path, [{key: value for key, value in NXLOG.items() if key != "@timestamp"}])


def test_winlogbeat(tmp_path: Path) -> None:
    """Its time is the event's own."""
    [event] = read(tmp_path, [BEAT])["events"]
    assert said(event, "time_text", "zone", "message") == {
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 26, 500000, tzinfo=UTC),
        "zone_rule": "in the text",
        "time_quality": "exact",
        "host": "WS2.corp.example",
        "program": "Microsoft-Windows-Sysmon",
        "pid": 2100,
        "user": "CORP\\bob",
        "action": "Process Create",
        "event_id": "1",
        "category": "Microsoft-Windows-Sysmon/Operational",
        "severity_text": "information",
        "title": "Process Create",
        "fields": '{"winlog":{"record_id":77,"process":{"thread":{"id":5}},"event_data":{"Image":"C:\\\\a.exe"}},'
        '"host":{"name":"WS2"},"event":{"code":1}}',
    }
    flat = {"@timestamp": BEAT["@timestamp"], "winlog.event_id": 1, "winlog.computer_name": "WS3"}
    [event] = read(tmp_path, [flat])["events"]
    assert (event["event_id"], event["host"]) == ("1", "WS3")


@pytest.mark.parametrize("way", ["#attributes", "_attributes", "@"])
def test_dumps_of_event_logs(tmp_path: Path, way: str) -> None:
    """Attributes are written in three ways."""
    dump = json.loads(json.dumps(DUMP))
    system = dump["Event"]["System"]
    if way != "#attributes":
        for name in ("Provider", "TimeCreated", "Execution"):
            inner = system.pop(name)["#attributes"]
            if way == "@":
                system[name] = {f"@{key}": value for key, value in inner.items()}
            else:
                system[f"{name}_attributes"] = inner
        system["EventID"] = 7045
    [event] = read(tmp_path, [dump])["events"]
    assert said(event, "time_text", "zone", "zone_rule", "time_quality", "fields") == {
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 26, 123456, tzinfo=UTC),
        "host": "SRV1",
        "program": "Service Control Manager",
        "pid": 600,
        "src_ip": "192.0.2.9",
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "proto": "tcp",
        "event_id": "7045",
        "category": "System",
        "severity_text": "Information",
    }
    assert json.loads(event["fields"])["Event"]["EventData"] == {"ServiceName": "x"}


def test_azure_and_powershell(tmp_path: Path) -> None:
    """Their names for the same."""
    azure = {
        "TimeGenerated": "2026-03-14T15:09:26.5Z",
        "Computer": "SRV2",
        "EventID": 4625,
        "Channel": "Security",
        "EventSourceName": "Microsoft-Windows-Security-Auditing",
        "Account": "CORP\\eve",
    }
    shell = {
        "Id": 4625,
        "LogName": "Security",
        "ProviderName": "Microsoft-Windows-Security-Auditing",
        "MachineName": "SRV2",
        "TimeCreated": "/Date(1773500966500)/",
        "LevelDisplayName": "Information",
    }
    for record in (azure, shell):
        [event] = read(tmp_path, [record])["events"]
        assert (event["time"], event["host"], event["event_id"], event["category"]) == (
            datetime(2026, 3, 14, 15, 9, 26, 500000, tzinfo=UTC),
            "SRV2",
            "4625",
            "Security",
        )


def test_every_layout(tmp_path: Path) -> None:
    """The same events, whatever stands around the objects."""
    for name, text in pieces([NXLOG, BEAT, DUMP]):
        tables = read(tmp_path, text)
        assert [row["event_id"] for row in tables["events"]] == ["4624", "1", "7045"], name
        adds_up(tables)


def test_an_event_without_a_time_is_a_reject(tmp_path: Path) -> None:
    """Nothing is invented."""
    bare: dict[str, Any] = {"EventID": 1, "Channel": "x", "Hostname": "h"}
    tables = read(tmp_path, [BEAT, bare, {}])
    assert [row["reason"] for row in tables["rejects"]] == [
        "no time that can be read",
        "no Windows event: neither a number nor a time",
    ]


def test_what_detection_tools_say_of_events_is_not_accepted(tmp_path: Path) -> None:
    """Theirs are other formats."""
    assert sure(READER, tmp_path, [NXLOG, BEAT, DUMP]) == 1
    assert sure(READER, tmp_path, [NXLOG | {"RuleTitle": "x"}, {"timestamp": "x", "EventID": 7}]) == 0


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (NXLOG, BEAT, DUMP)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "windows-json", lines=not content.lstrip().startswith(b"["))


@needs_data
@pytest.mark.parametrize("name", ["test.json", "test.jsonl", "test-jq-output.json"])
def test_the_same_two_events_in_three_layouts(name: str) -> None:
    """Their own time is Sysmon's, four hours ahead of the local clock beside it."""
    tables = read_files([DATA / "formats" / "hayabusa" / name])
    assert [(row["time"].strftime("%H:%M:%S.%f"), row["event_id"], row["host"]) for row in rows(tables["events"])] == [
        ("02:55:23.551000", "10", "test.local"),
        ("02:55:28.893000", "11", "test2.local"),
    ]
    assert rows(tables["rejects"]) == []


@needs_data
def test_a_search_of_chainsaw() -> None:
    """Windows events as it dumps them."""
    tables = read_files([DATA / "formats" / "chainsaw" / "clo_search_q_jsonl_simple_string.txt"])
    assert [(row["event_id"], row["user"], row["src_ip"]) for row in rows(tables["events"])] == [
        ("4624", "SYSTEM", None)
    ] * 2


def test_events_within_an_object(tmp_path: Path) -> None:
    """On one line, with or without its end."""
    beat = {
        "@timestamp": "2026-03-14T15:09:26.500Z",
        "host": {"name": "WIN-1"},
        "winlog": {"event_id": 1, "channel": "c", "computer_name": "WIN-1", "event_data": {"User": "EX\\anna"}},
    }
    for end in ("", "\n"):
        [event] = read(tmp_path, json.dumps({"events": [beat]}) + end)["events"]
        assert (event["event_id"], event["user"], event["category"]) == ("1", "EX\\anna", "c")


def test_the_first_winlogbeat(tmp_path: Path) -> None:
    """Before its fields had a name of their own above them."""
    beat = {
        "@timestamp": "2026-03-14T15:09:26.500Z",
        **{"beat": {"hostname": "WIN-1"}, "computer_name": "WIN-1", "event_id": 4624, "log_name": "Security"},
        **{"source_name": "Microsoft-Windows-Security-Auditing", "event_data": {"IpAddress": "192.0.2.7"}},
    }
    [event] = read(tmp_path, [beat])["events"]
    assert (event["host"], event["event_id"], event["category"], event["src_ip"]) == (
        *("WIN-1", "4624", "Security", "192.0.2.7"),
    )


def test_a_declared_zone_and_the_time_of_sysmon(tmp_path: Path) -> None:
    """The record's own time counts where both are one moment; else the zone is wrong, or the hour is there twice."""
    event = {
        "EventID": 1,
        "Channel": "c",
        "Hostname": "h",
        "Message": "Process Create:\nUtcTime: 2026-03-14 15:09:26.123",
    }
    for clock, zone, second, rule in (
        ("2026-03-14 16:09:27", "Europe/Paris", 27, "declared"),
        ("2026-03-14 16:09:27", "UTC", 26, "by the format"),
        ("2026-03-14 16:09:27", None, 26, "by the format"),
    ):
        [found] = read(tmp_path, [event | {"EventTime": clock}], zone=zone)["events"]
        assert (found["time"].hour, found["time"].second, found["zone_rule"]) == (15, second, rule)
    twice = event | {"EventTime": "2026-10-25 02:30:00", "Message": "UtcTime: 2026-10-25 01:30:00.100"}
    [found] = read(tmp_path, [twice], zone="Europe/Paris")["events"]
    assert (found["time"].hour, found["time_quality"]) == (1, "exact")
