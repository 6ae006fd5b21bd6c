"""Shipped patterns of whole lines, chosen by what a file holds."""

from __future__ import annotations

import re
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, choices, read_files
from watchfloor.readers.intake import texts
from watchfloor.readers.patterns.catalog import catalog, program_regex
from watchfloor.readers.patterns.files import shipped
from watchfloor.readers.patterns.known import readers

GET = '203.0.113.{} - - [24/Nov/2026:09:15:02 +0000] "GET /{} HTTP/1.1" 200 5 "-" "curl"\n'
WHOLE = [pattern for pattern in shipped() if pattern.applies_to != "message"]


@pytest.mark.parametrize("pattern", WHOLE, ids=lambda pattern: pattern.name)
def test_a_file_is_read_by_the_pattern_that_it_fits(tmp_path: Path, pattern) -> None:
    """By itself, into the pattern's table; nginx writes what Apache writes."""
    good = [one.text for one in pattern.examples if not one.rejected]
    if pattern.applies_to == "both":
        good = good[:1]
    path = tmp_path / "some.log"
    path.write_text("\n".join(good) + "\n")
    [choice] = choices([path])
    assert choice.reader is not None
    assert choice.reader.name == {"nginx_access": "apache_access"}.get(pattern.name, pattern.name)
    assert choice.share == 1.0
    tables = read_files([path], options=Options(zone="UTC"))
    assert len(rows(tables[pattern.table])) == len(good)
    assert rows(tables["ledger"])[0]["format"] == choice.reader.name


def test_lines_that_do_not_fit_are_events_or_rejects(tmp_path: Path) -> None:
    """A line of syslog among them is an event where its time is certain; a reject says where the match stopped."""
    path = tmp_path / "access.log"
    strays = "<13>2026-11-24T09:15:03Z web app[1]: hello\nNov 24 09:15:04 web app[1]: hello\n203.0.113.9 - - nothing\n"
    path.write_text("".join(GET.format(n, n) for n in range(1, 8)) + strays)
    [choice] = choices([path])
    assert choice.reader is not None
    assert choice.reader.name == "apache_access"
    assert choice.reason == "70% of its first lines fit: " + choice.reader.about
    tables = read_files([path])
    assert [row["record"] for row in rows(tables["http_requests"])] == list(range(1, 8))
    [event] = rows(tables["events"])
    assert (event["record"], event["message"], event["host"]) == (8, "hello", "web")
    zoneless, odd = rows(tables["rejects"])
    assert zoneless["record"] == 9
    assert odd["reason"] == "fits none of 3 patterns: it fits up to byte 23, after the field user"
    [ledger] = rows(tables["ledger"])
    assert "1 lines do not fit, and are events" in ledger["notes"]
    assert "taken for apache_access: 70% of its first lines fit" in ledger["notes"]
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_rejected"]) == (10, 8, 2)
    with_zone = read_files([path], options=Options(zone="UTC"))
    assert [row["record"] for row in rows(with_zone["events"])] == [8, 9]


def test_a_pattern_named_as_a_format_reads_or_says_why_not(tmp_path: Path) -> None:
    """`--format apache_access`."""
    path = tmp_path / "x.log"
    path.write_text(GET.format(1, 1))
    assert len(rows(read_files([path], format="nginx_access")["http_requests"])) == 1
    path.write_text("Dear all,\n")
    with pytest.raises(UnreadableFile, match="no line fits squid; line 1"):
        read_files([path], format="squid")


def test_other_logs_with_such_times_are_not_taken_for_it(tmp_path: Path) -> None:
    """A pattern that fits nearly all is only chosen where the product shows itself."""
    path = tmp_path / "app.log"
    path.write_text("2026-11-24 09:15:02.12 main     Started\n2026-11-24 09:15:02.13 main     Stopped\n")
    [choice] = choices([path])
    assert choice.reader is not None
    assert choice.reader.name == "syslog"


def test_the_catalog_says_what_the_files_say() -> None:
    """Without checking them."""
    assert [entry.name for entry in catalog()] == [pattern.name for pattern in shipped()]
    for entry, pattern in zip(catalog(), shipped(), strict=True):
        assert (entry.about, entry.table, entry.programs) == (pattern.about, pattern.table, pattern.programs)
        assert entry.of_lines == (pattern.applies_to != "message")
    assert {reader.name for reader in readers()} == {pattern.name for pattern in WHOLE}


def test_names_of_programs_have_stars_and_nothing_else() -> None:
    """Letters of any size; a dot is a dot."""
    regex = re.compile(program_regex(("postfix*", "sshd(*)", "a.b")))
    assert all(regex.search(name) for name in ("postfix/smtp", "Postfix", "sshd(pam_unix)", "a.b"))
    assert not any(regex.search(name) for name in ("xpostfix", "sshd", "acb"))
    assert not re.search(program_regex(()), "anything")


@given(data=st.data())
@examples(40)
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever was cut, doubled or overwritten: requests, events and rejects are all lines."""
    strays = "<13>2026-11-24T09:15:03Z web app[1]: hello\nNov 24 09:15:04 web app[1]: hello\n203.0.113.9 - - nothing\n"
    good = "".join(GET.format(n, n) for n in range(1, 8)).encode()
    content = bytearray(good + strays.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(
            st.sampled_from([b"\n", b"\r\n", b"\xff", b"\0", b'"', b"", b" ", b"\xc3\xa9", b"\x1b", b"-"])
        )
        content[at : at + data.draw(st.integers(0, 3))] = piece
    content[:0] = good
    path = tmp_path_factory.mktemp("known") / "access.log"
    path.write_bytes(bytes(content))
    with mock.patch.object(texts, "BLOCK_BYTES", data.draw(st.sampled_from([500, 1 << 20]))):
        tables = read_files([path], format="apache_access")
    [ledger] = rows(tables["ledger"])
    assert ledger["lines"] == content.count(b"\n") + (not content.endswith(b"\n"))
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    seen = [
        row["record"] for name in ("http_requests", "events", "rejects") if name in tables for row in rows(tables[name])
    ]
    assert len(seen) == len(set(seen)) == ledger["lines_read"] + len(rows(tables["rejects"]))


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        (
            "15:09:26,335 WARN  [org.keycloak.events] (default task-1) type=LOGIN_ERROR, realmId=shop, userId=null,"
            " ipAddress=203.0.113.7, error=user_not_found, username=anna",
            {"user": "anna", "src_ip": "203.0.113.7", "action": "LOGIN_ERROR", "program": "org.keycloak.events"},
        ),
        (
            "WARN  | anna requested /admin/purge.action [JMSDestination='shop' ] from 203.0.113.7 | qtp1-39",
            {"user": "anna", "src_ip": "203.0.113.7", "action": "requested", "url": "/admin/purge.action"},
        ),
        (
            '[INFO] [2001:db8::7]:42114 - 64820 "A IN www.example.com. udp 57 false 1232" NOERROR qr 66 0.0001s "0"',
            {"src_ip": "2001:db8::7", "query": "www.example.com.", "rcode": "NOERROR"},
        ),
    ],
)
def test_a_line_without_a_day_says_the_rest(tmp_path: Path, line: str, columns: dict[str, str]) -> None:
    """Servers that write no day, or no time: the event has none, and none is invented."""
    path = tmp_path / "server.log"
    path.write_text(line + "\n")
    tables = read_files([path], options=Options(zone="UTC"))
    [event] = rows(tables["dns_queries" if "query" in columns else "events"])
    assert event.get("time") is None
    assert {name: event[name] for name in columns} == columns


def test_a_level_between_brackets_is_no_context_of_mongodb(tmp_path: Path) -> None:
    """Other servers write lines of the same form; MongoDB's are known by its threads or its categories."""
    path = tmp_path / "server.log"
    path.write_text("2026-03-14T15:09:26.000Z [INFO] plugin/reload: running\n" * 3)
    [choice] = choices([path])
    assert choice.reader is None or choice.reader.name != "mongodb"
    path.write_text("2026-03-14T15:09:26.000Z [conn7] end connection 192.0.2.7:50123\n" * 3)
    [choice] = choices([path])
    assert choice.reader is not None
    assert choice.reader.name == "mongodb"


def test_the_banner_of_a_dhcp_log_is_skipped(tmp_path: Path) -> None:
    """What the server says of its file stands above the lines, and the header among it."""
    path = tmp_path / "DhcpSrvLog-Sat.log"
    banner = "\t\tMicrosoft DHCP Service Activity Log\r\n\r\nEvent ID  Meaning\r\n00\tThe log was started.\r\n"
    header = "ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult\r\n"
    lines = "".join(f"10,03/14/26,15:09:2{n},Assign,192.0.2.{n},host-{n},02000000000{n},,7,0\r\n" for n in range(9))
    path.write_bytes((banner + header + lines).encode())
    tables = read_files([path], options=Options(zone="UTC"))
    events = rows(tables["events"])
    assert [(event["src_ip"], event["host"]) for event in events] == [(f"192.0.2.{n}", f"host-{n}") for n in range(9)]
    assert rows(tables["rejects"]) == []
