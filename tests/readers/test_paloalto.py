"""Palo Alto logs as CSV, with a header and without."""

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
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.paloalto import READER, SEVERITIES

COMMON = (
    "1,2026/03/14 15:09:27,007200001056,{type},{subtype},1,2026/03/14 15:09:26,192.0.2.30,198.51.100.7,203.0.113.1,,"
    "allow-all,example\\ada,,ssl,vsys1,trust,untrust,ethernet1/2,ethernet1/1,fw,2026/03/14 15:09:26,36459,"
    "{repeat},39681,443,0,0,0x400053,tcp,allow,"
)
TRAFFIC = COMMON.format(type="TRAFFIC", subtype="end", repeat=1) + (
    "43135,24629,18506,189,2026/03/14 14:19:14,3012,any,0,135,0x0,10.0.0.0-10.255.255.255,United States,0,90,99,"
    "tcp-fin,16,0,0,0,,fw-9,from-policy"
)
THREAT = COMMON.format(type="THREAT", subtype="vulnerability", repeat=3) + (
    '"www.example.org/a,""b""",Bad Thing(39601),any,critical,client-to-server,777,0x0,France,Spain,0,,0,,,1,,,,,,,,0,'
    "0,0,0,0,,fw-9"
)
HEADER = "Domain,Receive Time,Serial #,Type,Threat/Content Type,Config Version,Generate Time,"
TRAFFIC_HEADER = HEADER + (
    "Source address,Destination address,Application,Source Port,Destination Port,IP Protocol,Bytes Sent,Bytes Received,"
    "Start Time,Elapsed Time (sec),Device Name"
)


def read(
    tmp_path: Path, text: str | bytes, zone: str | None = "UTC", format: str | None = "paloalto"
) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file."""
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {name: rows(frame) for name, frame in read_files([path], format=format, options=Options(zone=zone)).items()}


def said(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says, without its file."""
    return {key: value for key, value in row.items() if value is not None and key != "source"}


def utc(*parts: int) -> datetime:
    """An instant."""
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize("prefix", ["", "<14>Mar 14 15:09:27 fw-9 ", "<14>1 2026-03-14T15:09:27+00:00 fw-9 - - - - "])
def test_traffic_without_a_header_goes_by_the_order_of_its_type(tmp_path: Path, prefix: str) -> None:
    """The start of the session is its time; the firewall's clock is in the zone that was given."""
    [flow] = read(tmp_path, f"{prefix}{TRAFFIC}\n", "Europe/Paris", None)["connections"]
    rest = json.loads(flow.pop("fields"))
    assert {
        "session_end_reason": "tcp-fin",
        "Bytes": "43135",
        "Packets": "189",
        "Source Country": "10.0.0.0-10.255.255.255",
    }.items() <= rest.items()
    assert not {"Bytes Sent", "Source address", "Action", "Generate Time"} & rest.keys()
    assert said(flow) == {
        "record": 1,
        "time": utc(2026, 3, 14, 13, 19, 14),
        "uid": "36459",
        "src_ip": "192.0.2.30",
        "src_port": 39681,
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "proto": "tcp",
        "service": "ssl",
        "duration_seconds": 3012.0,
        "orig_bytes": 24629,
        "resp_bytes": 18506,
        "action": "allow",
        "still_open": False,
        "sensor": "fw-9",
    }


def test_a_log_at_the_start_of_a_session_is_still_open(tmp_path: Path) -> None:
    """Its bytes are those of the first packets."""
    [flow] = read(tmp_path, TRAFFIC.replace(",end,", ",start,"))["connections"]
    assert flow["still_open"] is True


def test_a_header_gives_the_order_and_holds_to_the_next(tmp_path: Path) -> None:
    """Files that were joined; a byte-order mark; a column more or less is a reject."""
    row = (
        "1,2026/03/14 15:09:27,001,TRAFFIC,end,1,2026/03/14 15:09:26,192.0.2.1,192.0.2.2,dns,5000,53,udp,{},7,"
        "2026/03/14 15:00:00,2,fw"
    )
    other = TRAFFIC_HEADER.replace("Bytes Sent,Bytes Received", "Bytes Received,Bytes Sent")
    text = "\ufeff" + "\n".join(
        [TRAFFIC_HEADER, row.format(5), "", other, row.format(5), row.format(5) + ",more", row.format(5)[:-3]]
    )
    tables = read(tmp_path, text, format=None)
    assert [(flow["record"], flow["orig_bytes"], flow["resp_bytes"]) for flow in tables["connections"]] == [
        (2, 5, 7),
        (5, 7, 5),
    ]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (6, "19 of 18 columns"),
        (7, "17 of 18 columns"),
    ]
    assert tables["ledger"][0]["lines_skipped"] == 3


def test_threats_are_alerts_with_evidence(tmp_path: Path) -> None:
    """The name with its id is the rule; quoted cells hold commas and quotes."""
    tables = read(tmp_path, THREAT)
    [alert] = tables["alerts"]
    assert said(alert) == {
        "record": 1,
        "alert_id": "007200001056-777",
        "system": "PAN-OS",
        "rule": "Bad Thing(39601)",
        "title": "Bad Thing",
        "severity": float(SEVERITIES["critical"]),
        "event_count": 3,
        "first_event_time": utc(2026, 3, 14, 15, 9, 26),
        "last_event_time": utc(2026, 3, 14, 15, 9, 26),
        "created_time": utc(2026, 3, 14, 15, 9, 27),
    }
    assert {(row["alert_id"], row["field"], row["value"]) for row in tables["evidence"]} == {
        ("007200001056-777", "src_ip", "192.0.2.30"),
        ("007200001056-777", "dst_ip", "198.51.100.7"),
        ("007200001056-777", "src_port", "39681"),
        ("007200001056-777", "dst_port", "443"),
        ("007200001056-777", "proto", "tcp"),
        ("007200001056-777", "user", "example\\ada"),
        ("007200001056-777", "url", 'www.example.org/a,"b"'),
        ("007200001056-777", "category", "vulnerability"),
        ("007200001056-777", "action", "allow"),
        ("007200001056-777", "log_source", "fw-9"),
    }


def test_severities_rise() -> None:
    """From informational to critical, within 0 and 100."""
    assert list(SEVERITIES) == ["informational", "low", "medium", "high", "critical"]
    assert sorted(SEVERITIES.values()) == list(SEVERITIES.values())


def test_an_alert_without_a_number_is_told_by_its_record(tmp_path: Path) -> None:
    """Evidence needs an id; an unknown severity is null; a threat of no name has no title."""
    line = THREAT.replace(",777,", ",0,").replace("critical", "unheard-of").replace("Bad Thing", "")
    [alert] = read(tmp_path, line)["alerts"]
    assert (alert["alert_id"], alert["severity"], alert["rule"], alert["title"]) == ("record-1", None, "(39601)", None)


def test_other_types_are_events(tmp_path: Path) -> None:
    """With their description, and their whole text among the fields."""
    line = "1,2026/03/14 15:09:27,0072,SYSTEM,auth,0,2026/03/14 15:09:26,,auth-fail,,0,0,general,medium,text,1,0x0"
    [event] = read(tmp_path, f"<14>Mar 14 15:09:27 fw-9 {line}", "Europe/Paris")["events"]
    assert said(event) == {
        "record": 1,
        "time": utc(2026, 3, 14, 14, 9, 26),
        "time_text": "2026/03/14 15:09:26",
        "zone": "Europe/Paris",
        "zone_rule": "declared",
        "time_quality": "declared_zone",
        "host": "0072",
        "action": "auth",
        "event_id": "auth-fail",
        "category": "SYSTEM",
        "severity_text": "medium",
        "message": "text",
        "fields": json.dumps({"record": line}, separators=(",", ":")),
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "GLOBALPROTECT,0,1,{when},vsys1,gateway-auth,login,SAML,,ada,DE,pc-1,198.51.100.7,::,192.0.2.30,::,"
            'h,s,6.0,Windows,"Windows 11",1,,,"it went well",success,,0,,0,gate,5,0x0,,,,,,,1,0,0,0,vsys1,fw-9,1',
            {
                **{"user": "ada", "src_ip": "198.51.100.7", "event_id": "gateway-auth", "host": "fw-9"},
                "action": "gateway-auth",
                "message": "it went well",
            },
        ),
        (
            "SYSTEM,auth,0,{when},,auth-success,GP,0,0,general,informational,"
            "\"authenticated for user 'ada'.  auth profile 'GP', From: 192.0.2.30.\",5,0x0,0,0,0,0,,fw-9",
            {"user": "ada", "src_ip": "192.0.2.30", "event_id": "auth-success", "host": "fw-9"},
        ),
        (
            "USERID,login,1,{when},vsys1,192.0.2.30,example\\ada,source,0,1,3600,0,0,agent,,5,0x0,1,0,0,0,,fw-9",
            {"user": "example\\ada", "src_ip": "192.0.2.30", "event_id": "0", "host": "fw-9"},
        ),
        (
            "HIPMATCH,0,1,{when},ada,vsys1,pc-1,Windows,192.0.2.30,profile,1,profile,0,0,5,0x0,1,0,0,0,,fw-9",
            {"user": "ada", "src_ip": "192.0.2.30", "host": "fw-9"},
        ),
        (
            "CONFIG,0,1,{when},192.0.2.9,,set,ada,Web,Succeeded,path,5,0x0,1,0,0,0,,fw-9",
            {"user": "ada", "action": "set", "host": "fw-9"},
        ),
        (
            "DECRYPTION,end,1,{when},192.0.2.30,198.51.100.7,0.0.0.0,0.0.0.0,rule,ada,,ssl,vsys1,in,out,e1,e2,"
            "log,2026/03/14 15:09:27,7,1,5000,443,0,0,0x0,tcp,allow,N/A",
            {
                **{"user": "ada", "src_ip": "192.0.2.30", "src_port": 5000, "dst_ip": "198.51.100.7", "dst_port": 443},
                **{"proto": "tcp", "action": "allow", "host": "0072"},
            },
        ),
    ],
)
def test_each_type_has_its_columns(tmp_path: Path, line: str, expected: dict[str, object]) -> None:
    """As the administrator's guide of PAN-OS orders them."""
    when = "2026/03/14 15:09:26"
    [event] = read(tmp_path, f"1,2026/03/14 15:09:27,0072,{line.format(when=when)}", "UTC")["events"]

    assert {name: event[name] for name in expected} == expected


def test_the_zone_must_be_said(tmp_path: Path) -> None:
    """The error shows a time."""
    with pytest.raises(AmbiguousTime, match=r"clock times without a zone \(2026/03/14 14:19:14\)"):
        read(tmp_path, TRAFFIC, None)


def test_what_is_no_record_is_rejected(tmp_path: Path) -> None:
    """Cut lines, open quotes, days that do not exist, bad bytes; the others are read."""
    no_day = TRAFFIC.replace("2026/03/14 14:19:14", "2026/02/30 14:19:14").replace(
        "2026/03/14 15:09:26", "2026/02/30 1"
    )
    texts = [
        TRAFFIC.replace("allow-all", "für alle"),
        TRAFFIC[:200],
        THREAT.replace('""b"""', '""b""'),
        "words",
        no_day,
        TRAFFIC,
    ]
    tables = read(tmp_path, "\n".join(texts).encode() + b"\n\xff" + TRAFFIC.encode())
    assert [row["record"] for row in tables["connections"]] == [1, 6]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (7, "bytes that are no UTF-8"),
        (2, f"{TRAFFIC[:200].count(',') + 1} of 37 columns"),
        (3, "no record of a Palo Alto log: number, time, serial, type"),
        (4, "no record of a Palo Alto log: number, time, serial, type"),
        (5, "a time that does not exist"),
    ]


def test_it_is_known_by_its_header_or_its_records(tmp_path: Path) -> None:
    """A table with other columns is not."""
    for text, sure in (
        (TRAFFIC_HEADER, 1.0),
        (THREAT, 1.0),
        (f"<14>Mar 14 15:09:27 fw {TRAFFIC}", 1.0),
        ("Time,Type\n1,2", 0.0),
    ):
        path = tmp_path / "x.csv"
        path.write_text(text + "\n")
        assert READER.accepts(files.head(path)) == sure


@needs_data
def test_real_exports(tmp_path: Path) -> None:
    """Counts and words of the files in the folder, by their own columns."""
    folder = DATA / "siem"
    tables = {
        name: frame.collect()
        for name, frame in read_files(
            [folder / "paloalto_traffic_first20000.csv.gz", folder / "paloalto_threat.csv"], options=Options(zone="UTC")
        ).items()
    }
    assert (tables["connections"].height, tables["alerts"].height, tables["rejects"].height) == (20_000, 347, 0)
    flows = tables["connections"]
    assert dict(flows.group_by("proto").len().iter_rows()) == {"tcp": 17_600, "udp": 2_368, "icmp": 32}
    assert (
        flows.select("time", "src_ip", "dst_ip", "orig_bytes", "resp_bytes", "duration_seconds")
        .null_count()
        .sum_horizontal()[0]
        == 0
    )
    assert dict(tables["alerts"].group_by("severity").len().iter_rows()) == {10: 236, 30: 2, 50: 38, 75: 1, 95: 70}
    assert tables["alerts"]["alert_id"].n_unique() == 347


@examples(40)
@given(
    lines=st.lists(st.sampled_from([TRAFFIC, THREAT, TRAFFIC_HEADER, "", "words", '"']), max_size=8),
    byte=st.integers(0, 255),
    place=st.integers(0, 5000),
    cut=st.integers(0, 80),
)
def test_every_line_is_accounted_for(tmp_path: Path, lines: list[str], byte: int, place: int, cut: int) -> None:
    """Whatever is damaged."""
    content = bytearray("\n".join([THREAT, *lines]).encode())
    content = content[: len(content) - cut]
    content[place % len(content)] = byte
    text = bytes(content)
    tables = read(tmp_path, text)
    [ledger] = tables["ledger"]
    assert ledger["lines"] == text.removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_read"] == sum(len(tables[name]) for name in ("alerts", "connections", "events"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
