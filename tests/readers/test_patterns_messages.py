"""Messages of syslog lines, which shipped patterns and those of users read by program or tag."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.errors import BadOption, BadPattern, UnreadableFile
from watchfloor.readers import Options, choices, read_files
from watchfloor.readers.intake import texts
from watchfloor.readers.patterns.files import load
from watchfloor.readers.patterns.messages import concerned

WRITTEN = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
SSHD = "Nov 24 09:15:0{} web sshd[7]: {}\n"
FAILED = "Failed password for invalid user admin from 198.51.100.66 port 41000 ssh2"


def tables(path: Path, content: str | bytes, **said: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file without empty cells and without what each row has; the ledger must add up."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (WRITTEN, WRITTEN))
    found = {name: frame.collect().to_dicts() for name, frame in read_files([path], options=Options(**said)).items()}
    [ledger] = found["ledger"]
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in found["rejects"])
    idle = ("source", "zone", "zone_rule", "time_quality", "time_text")
    return {
        name: [{key: cell for key, cell in row.items() if cell is not None and key not in idle} for row in rows]
        for name, rows in found.items()
        if name != "ledger"
    }


def test_messages_of_a_known_program_are_read_and_others_stay(tmp_path: Path) -> None:
    """User, address, port and action where columns are for them, the rest by name; other lines as ever."""
    content = (
        SSHD.format(1, FAILED)
        + SSHD.format(2, "Some day it will say this from 192.0.2.9")
        + "Nov 24 09:15:03 web CRON[8]: pam_unix(cron:session): session opened for user root\n"
        + SSHD.format(4, f"message repeated 2 times: [ {FAILED}]")
    )
    found = tables(tmp_path / "auth.log", content, zone="UTC")
    assert found.keys() == {"events", "rejects"}
    line = {"host": "web", "program": "sshd", "pid": 7}
    said = {"action": "Failed", "user": "admin", "src_ip": "198.51.100.66", "src_port": 41000}
    fields = '{"method":"password","protocol":"ssh2"}'
    times = [datetime(2026, 11, 24, 9, 15, n, tzinfo=UTC) for n in range(1, 5)]
    assert found["events"] == [
        {"record": 1, "time": times[0], **line, **said, "message": FAILED, "fields": fields},
        {
            **{"record": 2, "time": times[1], **line, "src_ip": "192.0.2.9"},
            "message": "Some day it will say this from 192.0.2.9",
        },
        {
            **{"record": 3, "time": times[2], "host": "web", "program": "CRON", "pid": 8, "user": "root"},
            "message": "pam_unix(cron:session): session opened for user root",
        },
        {
            **{"record": 4, "time": times[3], **line, **said, "fields": fields},
            "message": f"message repeated 2 times: [ {FAILED}]",
        },
    ]


def test_what_a_client_forges_is_not_taken_for_what_the_server_says(tmp_path: Path) -> None:
    """A user name that holds the words around a name and an address: the pattern knows where the true ones stand."""
    forged = "Failed password for invalid user root from 192.0.2.1 port 22 ssh2 from 198.51.100.66 port 41000 ssh2"
    [event] = tables(tmp_path / "auth.log", SSHD.format(1, forged), zone="UTC")["events"]
    assert (event["user"], event["src_ip"]) == ("root from 192.0.2.1 port 22 ssh2", "198.51.100.66")


def test_a_pattern_that_knows_of_no_user_leaves_none(tmp_path: Path) -> None:
    """The words `for user x` in an answer of a mail server name nobody."""
    text = (
        "Nov 24 09:15:04 mx postfix/smtp[813]: 4Q2abcXYZ1: to=<b@example.org>, relay=mx.example.org[203.0.113.25]:25, "
    )
    text += "delay=1, dsn=5.1.1, status=bounced (550 no mailbox for user bob from 192.0.2.7)\n"
    [event] = tables(tmp_path / "mail.log", text, zone="UTC")["events"]
    assert (event["action"], event["dst_ip"], event["dst_port"]) == ("bounced", "203.0.113.25", 25)
    assert json.loads(event["fields"])["to"] == "b@example.org"


def test_messages_become_rows_of_other_tables(tmp_path: Path) -> None:
    """A proxy's requests, a server's queries: with the time of the line, and what else it says."""
    request = (
        "203.0.113.7:50022 [24/Nov/2026:09:15:02.123] front~ app/web1 0/0/1/12/13 200 5120 - - ---- 2/1/0/0/0 0/0 "
    )
    content = (
        f'<134>Nov 24 09:15:02 lb haproxy[701]: {request}"GET /a HTTP/1.1"\n'
        "<30>Nov 24 09:15:03 lb haproxy[701]: Proxy front started.\n"
        "<30>Nov 24 09:15:04 ns1 dnsmasq[9]: query[A] www.example.com from 192.0.2.5\n"
    )
    found = tables(tmp_path / "lb.log", content, zone="UTC")
    [asked], [query], [event] = found["http_requests"], found["dns_queries"], found["events"]
    assert (asked["record"], asked["src_ip"], asked["url"]) == (1, "203.0.113.7", "/a")
    assert asked["time"] == datetime(2026, 11, 24, 9, 15, 2, 123_000, tzinfo=UTC)
    assert {key: query[key] for key in ("record", "src_ip", "query", "query_type")} == {
        **{"record": 3, "src_ip": "192.0.2.5", "query": "www.example.com", "query_type": "A"}
    }
    assert query["time"] == datetime(2026, 11, 24, 9, 15, 4, tzinfo=UTC)
    assert (event["record"], event["message"]) == (2, "Proxy front started.")


@pytest.mark.parametrize("prefix", ["<190>Nov 24 09:15:02 web nginx: ", "2026-11-24T09:15:02Z web apache2[7]: "])
def test_access_logs_by_syslog_are_requests(tmp_path: Path, prefix: str) -> None:
    """They are taken for syslog, though what stands before the message looks like a client with a long name."""
    content = f'{prefix}203.0.113.7 - anna [24/Nov/2026:09:15:01 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl"\n'
    [asked] = tables(tmp_path / "x.log", content, zone="UTC")["http_requests"]
    assert (asked["src_ip"], asked["user"], asked["url"], asked["status_code"]) == ("203.0.113.7", "anna", "/a", 200)
    assert asked["time"] == datetime(2026, 11, 24, 9, 15, 1, tzinfo=UTC)


def test_a_clock_in_a_message_without_a_zone_gives_way_to_the_line(tmp_path: Path) -> None:
    """The line's own time is certain: the other one stays text."""
    request = (
        "203.0.113.7:50022 [24/Nov/2026:10:15:02.123] front~ app/web1 0/0/1/12/13 200 5120 - - ---- 2/1/0/0/0 0/0 "
    )
    content = f'2026-11-24T10:15:02.125+01:00 lb haproxy[701]: {request}"GET /a HTTP/1.1"\n'
    [asked] = tables(tmp_path / "lb.log", content)["http_requests"]
    assert asked["time"] == datetime(2026, 11, 24, 9, 15, 2, 125_000, tzinfo=UTC)


TAGGED = {
    "name": "toaster",
    "applies_to": "message",
    "tag": "^%TOAST-[0-7]-(?<number>[0-9]+): ",
    "cases": {
        "100 101": r"^%TOAST-(?<severity_text>[0-7])-(?<event_id>[0-9]+): (?<action>burnt) by (?<user>[a-z]+)$",
        "200": [r": heat (?<heat>[0-9]+)$", r": (?<action>off)$"],
    },
    "patterns": [r"^%TOAST-[0-7]-(?<event_id>[0-9]+): "],
    "types": {"heat": "int"},
}


def test_a_tag_finds_messages_and_its_number_their_cases(tmp_path: Path) -> None:
    """A hundred kinds of messages in one file: each is tried with the patterns of its number, then with the general."""
    said = ["%TOAST-3-100: burnt by anna", "%TOAST-6-200: heat 9", "%TOAST-6-200: off", "%TOAST-6-300: burnt by bob"]
    content = "".join(f"<13>Nov 24 2026 09:15:0{n} kitchen : {text}\n" for n, text in enumerate(said))
    found = tables(tmp_path / "x.log", content, zone="UTC", pattern=TAGGED)
    assert found["rejects"] == []
    keys = ("severity_text", "event_id", "action", "user")
    assert [{key: row[key] for key in keys if key in row} for row in found["events"]] == [
        {"severity_text": "3", "event_id": "100", "action": "burnt", "user": "anna"},
        # What the tag says for itself, as Cisco's do, stands where the pattern does not say otherwise.
        {"severity_text": "info", "event_id": "200"},
        {"severity_text": "info", "event_id": "200", "action": "off"},
        {"severity_text": "info", "event_id": "300"},
    ]
    assert [json.loads(row["fields"]).get("heat") for row in found["events"]] == [None, 9, None, None]


def test_a_pattern_of_the_user_rejects_where_it_does_not_fit(tmp_path: Path) -> None:
    """Messages of its programs; those of others are events, as they would be without it."""
    pattern = {"applies_to": "message", "programs": ["bread*"], "pattern": "^(?<action>[a-z]+) of (?<user>[a-z]+)$"}
    content = (
        "Nov 24 09:15:01 web breadd[1]: slice of anna\n"
        "Nov 24 09:15:02 web breadd[1]: slice off 9\n"
        "Nov 24 09:15:03 web cron[2]: slice of bob\n"
    )
    found = tables(tmp_path / "x.log", content, zone="UTC", pattern=pattern)
    assert [(row["record"], row.get("user")) for row in found["events"]] == [(1, "anna"), (3, None)]
    [reject] = found["rejects"]
    assert (reject["record"], reject["reason"]) == (
        2,
        "does not fit the pattern: it fits up to byte 5, after the field action",
    )
    bare = tables(tmp_path / "bare.log", "slice of anna\nslice of bob\n", pattern=pattern)
    assert [row["user"] for row in bare["events"]] == ["anna", "bob"]
    with pytest.raises(UnreadableFile, match="no line fits"):
        tables(tmp_path / "x.log", "Nov 24 09:15:02 web breadd[1]: slice off 9\n", zone="UTC", pattern=pattern)
    with pytest.raises(BadOption, match="a pattern of messages"):
        tables(tmp_path / "x.log", content, zone="UTC", pattern=pattern, columns={"table": "events", "columns": {}})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"applies_to": "message", "pattern": "(?<a>x)"}, "of which messages"),
        ({"pattern": "(?<a>x)", "programs": ["x"]}, "'programs' belongs to messages"),
        ({"pattern": "(?<a>x)", "tag": "^x"}, "'tag' belongs to messages"),
        ({"pattern": "(?<a>x)", "cases": {"1": "(?<a>x)"}}, "cases of which number"),
        ({"applies_to": "message", "tag": "^x", "cases": {"1": "(?<a>x)"}}, "cases of which number"),
        ({"applies_to": "message", "programs": "x", "pattern": "(?<a>x)", "begins": "^x"}, "'begins' belongs to whole"),
        ({"applies_to": "messages", "pattern": "(?<a>x)"}, "applies_to"),
    ],
)
def test_what_does_not_go_together_is_said(given: dict[str, Any], says: str) -> None:
    """Keys of messages and of whole lines."""
    with pytest.raises(BadPattern, match=says):
        load(given)


def test_what_a_pattern_is_to_match_is_told_from_the_rest() -> None:
    """Of messages those of its programs, without what syslog puts before them; of lines no header and no comment."""
    lines = pl.Series([SSHD.format(1, FAILED).strip(), "Nov 24 09:15:02 web cron[8]: hello"])
    assert concerned(load("sshd"), lines).to_list() == [FAILED]
    whole = load({"pattern": "^(?<a>x)", "header": "^== (?<user>.*)$", "skips": "^#"})
    assert concerned(whole, pl.Series(["== anna", "# no", "x", "y"])).to_list() == ["x", "y"]


def test_formats_explain_names_the_patterns(tmp_path: Path) -> None:
    """Of a file of syslog lines."""
    path = tmp_path / "auth.log"
    path.write_text(SSHD.format(1, FAILED) + "Nov 24 09:15:02 web cron[8]: hello\n")
    [choice] = choices([path])
    assert choice.reason.endswith("messages that patterns know: sshd")


@given(data=st.data())
@examples(40)
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever was cut, doubled or overwritten, with rows in several tables."""
    good = (
        SSHD.format(1, FAILED)
        + "Nov 24 09:15:04 gw dnsmasq[9]: query[A] www.example.com from 192.0.2.5\n"
        + "Nov 24 09:15:05 web sudo:     anna : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/bin/ls\n"
        + "Nov 24 09:15:06 web cron[8]: hello\n"
    ).encode()
    content = bytearray(good * 2)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(
            st.sampled_from([b"\n", b"\r\n", b"\xff", b"\0", b'"', b"", b" ", b"\xc3\xa9", b"\x1b", b"-"])
        )
        content[at : at + data.draw(st.integers(0, 3))] = piece
    content[:0] = good * 5  # it is syslog, whatever was done
    path = tmp_path_factory.mktemp("messages") / "x.log"
    with mock.patch.object(texts, "BLOCK_BYTES", data.draw(st.sampled_from([500, 1 << 20]))):
        found = tables(path, bytes(content), zone="UTC")
    seen = [row["record"] for name in ("events", "dns_queries", "rejects") for row in found.get(name, [])]
    assert len(seen) == len(set(seen))
