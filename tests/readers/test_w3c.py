"""W3C extended logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files, texts
from watchfloor.readers.w3c import READER

NAMES = (
    "s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status time-taken"
)
IIS = f"""\
#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2026-03-14 15:09:26
#Fields: date time {NAMES}
"""
REQUEST = (
    "2026-03-14 15:09:26 192.0.2.1 GET /a+b/index.htm x=1+2 443 EXAMPLE\\ada 198.51.100.7 "
    "Mozilla/5.0+(compatible;+Bot;++http://example.org) - 200 1500"
)
FIREWALL = """\
#Version: 1.5
#Software: Microsoft Windows Firewall
#Time Format: Local
#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags info

2026-03-14 16:09:26 DROP TCP 192.0.2.5 198.51.100.7 50000 445 52 S -
2026-03-14 16:09:27 DROP ICMP 192.0.2.5 198.51.100.7 - - 60 - -
"""


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log, by content."""
    path = tmp_path / "x.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return {name: rows(frame) for name, frame in read_files([path], options=Options(zone=zone)).items()}


def said(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says, without its file."""
    return {key: value for key, value in row.items() if value is not None and key != "source"}


def utc(*parts: int) -> datetime:
    """An instant."""
    return datetime(*parts, tzinfo=UTC)


def test_what_no_column_of_requests_holds_is_json(tmp_path: Path) -> None:
    """By the names of the log; a size that is no number stays text."""
    fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-substatus sc-bytes s-sitename cs(Cookie)\n"
    line = "2026-03-14 15:09:26 198.51.100.7 GET /a 404 7 many W3SVC1 -\n"
    [request] = read(tmp_path, fields + line)["http_requests"]
    assert json.loads(request["fields"]) == {"sc-substatus": "7", "sc-bytes": "many", "s-sitename": "W3SVC1"}
    assert (request["status_code"], request["resp_bytes"], request["url"]) == (404, None, "/a")


def test_iis_requests(tmp_path: Path) -> None:
    """Its times are UTC whatever zone is given; a user agent has blanks again; paths stay as written."""
    [request] = read(tmp_path, f"{IIS}{REQUEST}\r\n", "Europe/Paris")["http_requests"]
    assert said(request) == {
        "record": 5,
        "time": utc(2026, 3, 14, 15, 9, 26),
        "src_ip": "198.51.100.7",
        "dst_ip": "192.0.2.1",
        "dst_port": 443,
        "method": "GET",
        "url": "/a+b/index.htm?x=1+2",
        "user_agent": "Mozilla/5.0 (compatible; Bot; +http://example.org)",
        "user": "EXAMPLE\\ada",
        "status_code": 200,
        "duration_seconds": 1.5,
    }


@pytest.mark.parametrize("block", [40, 1 << 20])
def test_fields_may_change_within_a_file(tmp_path: Path, block: int) -> None:
    """The last line of names above counts, over blocks too."""
    text = (
        "#Fields: date time cs-method cs-uri-stem sc-status\n2026-03-14 10:00:00 GET /a 200\n"
        "#Fields: time date cs-uri-stem cs-method\n10:00:01 2026-03-14 /b PUT\n#Remark: x\n\n"
        "10:00:02 2026-03-14 /c - 4\n"
    )
    with mock.patch.object(texts, "BLOCK_BYTES", block):
        tables = read(tmp_path, text)
    assert [(row["record"], row["method"], row["url"], row["status_code"]) for row in tables["http_requests"]] == [
        (2, "GET", "/a", 200),
        (4, "PUT", "/b", None),
    ]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [(7, "5 of 4 fields")]
    assert tables["ledger"][0]["lines_skipped"] == 4


def test_windows_firewall_is_events_in_local_time(tmp_path: Path) -> None:
    """The file says so; a minus in a field is null."""
    with pytest.raises(AmbiguousTime, match=r"clock times without a zone \(2026-03-14 16:09:26\)"):
        read(tmp_path, FIREWALL)
    first, second = read(tmp_path, FIREWALL, "Europe/Paris")["events"]
    assert said(first) == {
        "record": 6,
        "time": utc(2026, 3, 14, 15, 9, 26),
        "time_text": "2026-03-14 16:09:26",
        "zone": "Europe/Paris",
        "zone_rule": "declared",
        "time_quality": "declared_zone",
        "src_ip": "192.0.2.5",
        "src_port": 50000,
        "dst_ip": "198.51.100.7",
        "dst_port": 445,
        "proto": "tcp",
        "action": "DROP",
        "fields": '{"size":"52","tcpflags":"S","info":null}',
    }
    assert (second["proto"], second["src_port"], second["fields"]) == (
        "icmp",
        None,
        '{"size":"60","tcpflags":null,"info":null}',
    )


def test_an_iis_log_behind_a_local_one_is_utc(tmp_path: Path) -> None:
    """Each `#Software` begins anew."""
    tables = read(tmp_path, FIREWALL + IIS + REQUEST, "Europe/Paris")
    assert [row["time"] for row in tables["http_requests"]] == [utc(2026, 3, 14, 15, 9, 26)]


def test_cloudfront_and_proxies(tmp_path: Path) -> None:
    """Tabs, seconds; quotes around what holds blanks."""
    cloudfront = (
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
        "cs(User-Agent) x-edge-request-id time-taken\n"
        "2026-03-14\t15:09:26\tFRA2\t392\t192.0.2.9\tGET\tcdn.example.org\t/x.js\t200\tcurl/8.0%20(a+b)\tabc==\t0.012\n"
    )
    proxy = (
        "#Software: SGOS 6.7\n#Fields: date time time-taken c-ip cs-username cs-method cs-host cs-uri cs(User-Agent)\n"
        '2026-03-14 15:09:27 20 192.0.2.8 ada GET www.example.org http://www.example.org/ "A B (+http://x)"\n'
    )
    first, second = read(tmp_path, cloudfront + proxy)["http_requests"]
    assert (first["uid"], first["host"], first["user_agent"], first["duration_seconds"], first["resp_bytes"]) == (
        "abc==",
        "cdn.example.org",
        "curl/8.0%20(a+b)",
        0.012,
        392,
    )
    assert (second["url"], second["host"], second["user_agent"], second["duration_seconds"]) == (
        "http://www.example.org/",
        "www.example.org",
        "A B (+http://x)",
        0.02,
    )


def test_exchange_has_commas(tmp_path: Path) -> None:
    """Times carry a Z; cells may be quoted."""
    text = (
        "#Software: Microsoft Exchange Server\n#Log-type: Message Tracking Log\n"
        "#Fields: date-time,client-ip,server-hostname,source,event-id,message-subject,sender-address\n"
        '2026-03-14T15:09:26.535Z,192.0.2.4,ex-1,SMTP,RECEIVE,"Hello, ""you""",ada@example.org\n'
    )
    [event] = read(tmp_path, text)["events"]
    assert (event["time"], event["host"], event["action"], event["category"], event["title"]) == (
        utc(2026, 3, 14, 15, 9, 26, 535000),
        "ex-1",
        "RECEIVE",
        "SMTP",
        'Hello, "you"',
    )
    assert json.loads(event["fields"]) == {"sender-address": "ada@example.org"}


def test_nothing_is_lost_of_events(tmp_path: Path) -> None:
    """Names that are there twice, ports that are none, control characters."""
    text = '#Fields: date time src-port X-a x-A\n2026-03-14 10:00:00 any a\x01\\" \x1b[0m\n2026-03-14 10:00:00 7 b c\n'
    first, second = read(tmp_path, text)["events"]
    assert (first["src_port"], json.loads(first["fields"])) == (
        None,
        {"src-port": "any", "X-a": 'a\x01\\"', "x-A_2": "\x1b[0m"},
    )
    assert second["src_port"] == 7


def test_what_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    """Lines above the names, days that do not exist, logs without a date, bad bytes."""
    text = "1 2\n#Fields: date time x\n2026-02-30 10:00:00 ü\n2026-03-01 10:00:00 \xff\n#Fields: time x\n10:00:00 a\n"
    tables = read(tmp_path, text.encode("latin-1").replace(b"\xfc", "ü".encode()))
    assert tables["events"] == []
    assert {(row["record"], row["reason"]) for row in tables["rejects"]} == {
        (1, "no #Fields line stands before this line"),
        (3, "no time that can be read: date and time are needed"),
        (4, "bytes that are no UTF-8"),
        (6, "no time that can be read: date and time are needed"),
    }


def test_it_is_known_by_its_names(tmp_path: Path) -> None:
    """Zeek's are in small letters."""
    for text, sure in ((IIS, 1.0), ("#separator \\x09\n#fields\tts\n", 0.0)):
        path = tmp_path / "x.log"
        path.write_text(text)
        assert READER.accepts(files.head(path)) == sure


@needs_data
def test_a_real_log() -> None:
    """IIS 6, read by content."""
    tables = read_files([DATA / "time" / "files" / "plaso" / "iis__iis6.log"])
    found = rows(tables["http_requests"])
    assert (len(found), found[0]["time"], found[0]["status_code"]) == (12, utc(2013, 7, 30), 200)
    assert rows(tables["rejects"]) == []


@examples(40)
@given(
    lines=st.lists(
        st.sampled_from([REQUEST, IIS.splitlines()[-1], "#Fields:", "#x", "", "words", REQUEST + ' "', FIREWALL]),
        max_size=8,
    ),
    byte=st.integers(0, 255),
    place=st.integers(0, 3000),
    cut=st.integers(0, 40),
)
def test_every_line_is_accounted_for(tmp_path: Path, lines: list[str], byte: int, place: int, cut: int) -> None:
    """Whatever is damaged."""
    content = bytearray((IIS + "\n".join([REQUEST, *lines])).encode())
    content = content[: len(content) - cut]
    content[place % len(content)] = byte
    path = tmp_path / "y.log"
    path.write_bytes(content)
    tables = {name: rows(frame) for name, frame in READER.read([path], Options(zone="UTC")).items()}
    [ledger] = tables["ledger"]
    assert ledger["lines"] == bytes(content).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_read"] == len(tables["http_requests"]) + len(tables["events"])
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
