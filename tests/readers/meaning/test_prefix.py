"""The prefix of syslog lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers.meaning.prefix import peel

WRITTEN = datetime(2026, 12, 31, tzinfo=UTC)
STAMP = "Mar 14 15:09:26"


def peeled(*lines: str, zone: str | None = "UTC", need_zone: bool = True) -> list[dict[str, Any]]:
    """The parts of lines."""
    records = pl.DataFrame({"text": list(lines)})
    return peel(records, source="x", zone=zone, written=WRITTEN, need_zone=need_zone).to_dicts()


def said(line: str) -> tuple[Any, ...]:
    """Host, program, process and rest of a line."""
    [row] = peeled(line)
    return row["host"], row["program"], row["pid"], row["rest"]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (f"<13>{STAMP} web app[7]: up", ("web", "app", 7, "up")),
        (f"<13> {STAMP} web app: up", ("web", "app", None, "up")),
        (f"{STAMP} web app[7]: up", ("web", "app", 7, "up")),
        (f"{STAMP} web sshd(pam_unix)[7]: up", ("web", "sshd(pam_unix)", 7, "up")),
        (f"{STAMP} web kernel[0] <Info>: up", ("web", "kernel", 0, "<Info>: up")),
        (f"{STAMP} web app[7]:up: it", ("web", "app", 7, "up: it")),
        (f"<13>{STAMP} web app[-]: up", ("web", "app", None, "up")),
        (f"<13>{STAMP} 192.0.2.7 app: up", ("192.0.2.7", "app", None, "up")),
        (f"<13>{STAMP} 2001:db8::7 app: up", ("2001:db8::7", "app", None, "up")),
        (f"<13>{STAMP} app[7]: up", (None, "app", 7, "up")),
        (f"<13>{STAMP} filterlog: 1,,,2", (None, "filterlog", None, "1,,,2")),
        (f"<13>{STAMP} 2026 web app: up", ("web", "app", None, "up")),
        (f"<13>{STAMP}web app: up", ("web", "app", None, "up")),
        (f"<13>{STAMP} web CEF:0|a|b|1|2|c|3|x=y", ("web", None, None, "CEF:0|a|b|1|2|c|3|x=y")),
        (f"<13>{STAMP} web: CEF:0|a|b|1|2|c|3|x=y", ("web", None, None, "CEF:0|a|b|1|2|c|3|x=y")),
        (f"<13>{STAMP} web CEF: 0|a|b|1|2|c|3|", ("web", None, None, "CEF: 0|a|b|1|2|c|3|")),
        (f"<13>{STAMP} web tag: CEF:0|a|b|1|2|c|3|", ("web", "tag", None, "CEF:0|a|b|1|2|c|3|")),
        (f"<13>{STAMP} LEEF:1.0|a|b|1|2|x=y", (None, None, None, "LEEF:1.0|a|b|1|2|x=y")),
        (f'<13>{STAMP} web {{"a": 1}}', ("web", None, None, '{"a": 1}')),
        (f"<13>{STAMP} web date=2026-03-14 time=15:09:26", ("web", None, None, "date=2026-03-14 time=15:09:26")),
        (f"<13>{STAMP} date=2026-03-14 time=15:09:26", (None, None, None, "date=2026-03-14 time=15:09:26")),
        (f"<13>{STAMP} web 1,2026/03/14 15:09:26,0,TRAFFIC", ("web", None, None, "1,2026/03/14 15:09:26,0,TRAFFIC")),
        (f"<13>{STAMP} web,x=1,y=2", ("web", None, None, "x=1,y=2")),
        (f"<13>{STAMP} slot1/web notice tmsh[7]: up", ("web", "tmsh", 7, "up")),
        (f"<13>{STAMP} user.info web app: up", ("web", "app", None, "up")),
        (f"<13>{STAMP} fw: %ASA-4-402119: up", ("fw", None, None, "%ASA-4-402119: up")),
        (f"<13>{STAMP} 192.0.2.7 : %ASA-4-402119: up", ("192.0.2.7", None, None, "%ASA-4-402119: up")),
        (f"<13>{STAMP} sw Ebra: %LINK-5-UP: up", ("sw", "Ebra", None, "%LINK-5-UP: up")),
        (f"{STAMP} 192.0.2.7 1234: {STAMP}.250: %LINK-5-UP: up", ("192.0.2.7", None, None, "%LINK-5-UP: up")),
        (
            f"{STAMP} 192.0.2.7 1234: *{STAMP}.250: %LINK-5-UP: up",
            ("192.0.2.7", None, None, f"1234: *{STAMP}.250: %LINK-5-UP: up"),
        ),
        (f"<13>{STAMP} box FVE60350 (2026-03-14T15:09:26) firewall[7]: up", ("box", "firewall", 7, "up")),
        (
            f"{STAMP} web 1 2026-03-14T15:09:26Z 192.0.2.7 VPN: - - - up",
            ("192.0.2.7", "VPN", None, "- - - up"),
        ),
        ("<13>1 2026-03-14T15:09:26Z web VPN: - - - up", ("web", "VPN", None, "up")),
        (f"<13>{STAMP} xr-1 LC/0/0/CPU0:{STAMP}.041 UTC: bgp[7]: %X-Y-5-UP : up", ("xr-1", "bgp", 7, "%X-Y-5-UP : up")),
        (
            f"<13>{STAMP} 192.0.2.7 : 2026 Mar 14 15:09:26.206 UTC: %X-5-UP: up",
            ("192.0.2.7", None, None, "%X-5-UP: up"),
        ),
        (f"<13>{STAMP} sr-2 AEST: %X-SW2-5-UP: up", ("sr-2", None, None, "AEST: %X-SW2-5-UP: up")),
        (f"<13>17: 18: {STAMP}.412 mdt: %X-5-UP: up", (None, None, None, "mdt: %X-5-UP: up")),
        (f"<13>{STAMP} box (2026-03-14T15:09:26) firewall: up", ("box", "firewall", None, "up")),
        (f"<13>wlc: *task_7: {STAMP}.148: %LINK-5-UP: up", ("wlc", "task_7", None, "%LINK-5-UP: up")),
        (f"<13>17: xr-1 RP/0/RSP0/CPU0:{STAMP} UTC: bgp[7]: %X-Y-5-UP : up", ("xr-1", "bgp", 7, "%X-Y-5-UP : up")),
        (f"<13>{STAMP} box 192.0.2.7 httpd[]: up", ("box", "httpd", None, "up")),
        ("sw-1.lab: Mar 14 2026 15:09:26.866 CET: %LINK-5-UP: up", ("sw-1.lab", None, None, "%LINK-5-UP: up")),
        (f"<13>{STAMP} fire power %NGIPS-1-430003: up", ("fire power", None, None, "%NGIPS-1-430003: up")),
        (f"{STAMP} box user.info kernel: up", ("box", "kernel", None, "up")),
        (f"<13>{STAMP} fw.lab app: up", ("fw.lab", "app", None, "up")),
        ("<13>20: 00:01:01: %LINK-5-UP: up", (None, None, None, "20: 00:01:01: %LINK-5-UP: up")),
        ("<13>00:01:01: %LINK-5-UP: up", (None, None, None, "00:01:01: %LINK-5-UP: up")),
        ("%LINK-5-UP: up", (None, None, None, "%LINK-5-UP: up")),
        (f"<13>{STAMP} lb ASM:uri=x,a=b", ("lb", "ASM", None, "uri=x,a=b")),
        (f"<13>{STAMP} ise CISE_RADIUS 0000000001 2 1  Step=1", ("ise", "CISE_RADIUS", None, "0000000001 2 1  Step=1")),
        (
            f"<13>{STAMP} ise CISE_RADIUS 0000000001 2 0 2026-03-14 15:09:26.250 +00:00 7 5200 NOTICE x",
            ("ise", "CISE_RADIUS", None, "7 5200 NOTICE x"),
        ),
        (
            f"{STAMP} <local0.info> lb 03/14/2026:15:09:26 GMT  0-PPE-0 : default TCP",
            ("lb", None, None, "0-PPE-0 : default TCP"),
        ),
        ("29-Nov-2026 06:09:59.123 client 192.0.2.7#53: query", (None, None, None, "client 192.0.2.7#53: query")),
        (f"<13>{STAMP}: %ASA-4-402119: up", (None, None, None, "%ASA-4-402119: up")),
        (f"<13>{STAMP} web : %ASA-4-402119: up", ("web", None, None, "%ASA-4-402119: up")),
        (f"<13>{STAMP} 192.0.2.7: %ACE-3-1: up", ("192.0.2.7", None, None, "%ACE-3-1: up")),
        (f"<189>17: web.example.net: *{STAMP} UTC: %SYS-5-X: y", ("web.example.net", None, None, "%SYS-5-X: y")),
        (f"<13>{STAMP} [192.0.2.7] app: up", ("192.0.2.7", "app", None, "up")),
        (f"<13>{STAMP} [web:secd.auth.failure:notice]: no: up", ("web", None, None, "no: up")),
        (f"{STAMP} last message repeated 3 times", (None, None, None, "last message repeated 3 times")),
        ("2026-03-14 15:09:26,535 INFO started", (None, None, None, "INFO started")),
        ("2026-03-14T15:09:26Z INFO app[7]: up", (None, "app", 7, "up")),
        ("2026-03-14 15:09:26\treason=Allowed\tx=1", (None, None, None, "reason=Allowed\tx=1")),
        ("<13>2026-03-14T15:09:26Z: app: up", (None, "app", None, "up")),
        ("<13>app[7]: up", (None, "app", 7, "up")),
        ("just words: and more", (None, None, None, "just words: and more")),
        ("", (None, None, None, "")),
        (f"<13>{STAMP}", (None, None, None, "")),
        (f"<13>{STAMP} web app:", ("web", "app", None, "")),
        ('192.0.2.1 - - [14/Mar/2026:15:09:26 +0000] "GET /"', (None, None, None, None)),
    ],
)
def test_a_header_is_taken_apart(line: str, parts: tuple[Any, ...]) -> None:
    """Host, program, process, rest; what is not said is null."""
    assert said(line) == (*parts[:3], line if parts[3] is None else parts[3])


def test_rfc_5424() -> None:
    """A dash is null, structured data ends where its brackets do, the mark before the message goes."""
    line = '<165>1 2026-03-14T15:09:26.5Z web app 7 ID47 [a@1 k="x \\] \\" \\\\"][b@2] \ufeffmore [c]'
    [row] = peeled(line, zone=None)
    assert {name: row[name] for name in ("priority", "facility", "severity_text", "host", "program", "pid")} == {
        "priority": 165,
        "facility": "local4",
        "severity_text": "notice",
        "host": "web",
        "program": "app",
        "pid": 7,
    }
    assert row["time"] == datetime(2026, 3, 14, 15, 9, 26, 500000, tzinfo=UTC)
    assert (row["msgid"], row["structured"], row["rest"]) == (
        "ID47",
        '[a@1 k="x \\] \\" \\\\"][b@2]',
        "more [c]",
    )
    [row] = peeled("<165>1 - - - - - -", zone=None)
    assert [row[name] for name in ("time", "host", "program", "pid", "msgid", "structured", "rest")] == [None] * 6 + [
        ""
    ]


def test_what_only_looks_like_rfc_5424_is_read_as_the_older_one() -> None:
    """Structured data is missing."""
    assert said("<165>1 2026-03-14T15:09:26Z web app: up") == ("web", "app", None, "up")
    assert said("<165>1 2026-03-14T15:09:26Z web LEEF:1.0|a|b") == ("web", None, None, "LEEF:1.0|a|b")


def test_the_inner_of_two_prefixes_counts() -> None:
    """The relay that put the outer one in front is kept beside it."""
    [row] = peeled(f"<165>Mar 14 15:10:00 relay {STAMP} web app[7]: up")
    assert (row["relay"], row["host"], row["program"], row["pid"], row["rest"], row["priority"]) == (
        "relay",
        "web",
        "app",
        7,
        "up",
        165,
    )
    assert row["time"] == datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def test_a_priority_that_does_not_exist_names_nothing() -> None:
    """191 is the highest; the number stays."""
    [good, bad] = peeled(f"<191>{STAMP} web app: up", f"<192>{STAMP} web app: up")
    assert (good["facility"], good["severity_text"]) == ("local7", "debug")
    assert (bad["priority"], bad["facility"], bad["severity_text"]) == (192, None, None)


def test_order_and_other_columns_stay() -> None:
    """Rows of every kind among one another."""
    records = pl.DataFrame(
        {
            "record": [5, 6, 7, 8],
            "text": ["nothing", "<13>1 2026-03-14T15:09:26Z a b - - - one", f"{STAMP} r {STAMP} c d: two", "x"],
        }
    )
    found = peel(records, source="x", zone="UTC", written=WRITTEN)
    assert found.select("record", "host", "rest").rows() == [
        (5, None, "nothing"),
        (6, "a", "one"),
        (7, "c", "two"),
        (8, None, "x"),
    ]
    assert found["text"].to_list() == records["text"].to_list()
    assert peel(records.clear(), source="x", zone=None, written=WRITTEN).schema == found.schema


def test_a_missing_zone_may_be_left_open() -> None:
    """The text of the time stays, the header is read."""
    with pytest.raises(AmbiguousTime):
        peeled(f"<13>{STAMP} web app: up", zone=None)
    [row] = peeled(f"<13>{STAMP} web app: up", zone=None, need_zone=False)
    assert (row["time"], row["time_text"], row["zone"], row["host"]) == (None, STAMP, None, "web")


@examples(40)
@given(
    pieces=st.lists(
        st.sampled_from(
            [
                "<13>",
                "<999>",
                "1 ",
                "- ",
                f"{STAMP} ",
                "2026-03-14T15:09:26Z ",
                "web ",
                "app[7]: ",
                "CEF:0|",
                "7 ",
                "host: ",
                "\x00",
                "\r",
                "\n",
                '[a b="]"] ',
                "[",
                '"',
                "\ufeff",
                "\xe9",
                ": ",
                "notice ",
                "%A-1-B: ",
                "x=y ",
                "2026 ",
            ]
        ),
        max_size=8,
    )
)
def test_nothing_behind_the_prefix_is_lost(pieces: list[str]) -> None:
    """The rest is the end of the text, whatever the text is, and what was peeled off holds no more than it should."""
    text = "".join(pieces)
    [row] = peeled(text)
    assert row["text"] == text
    assert text.endswith(row["rest"])
