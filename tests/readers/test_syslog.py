"""Text logs whose lines begin with a time."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from properties import examples
from watchfloor.errors import AmbiguousTime, UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.syslog import READER


def read(
    tmp_path: Path, text: str | bytes, zone: str | None = None, written: datetime | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log, as lists of dicts."""
    path = tmp_path / "x.log"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    when = (written or datetime(2025, 12, 31, tzinfo=UTC)).timestamp()
    os.utime(path, (when, when))
    tables = read_files([path], format="syslog", options=Options(zone=zone))
    return {name: rows(frame) for name, frame in tables.items()}


def utc(*parts: int) -> datetime:
    """An instant."""
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "time", "zone"),
    [
        ("2025-03-14T15:09:26.535897Z web app[7]: up", utc(2025, 3, 14, 15, 9, 26, 535897), None),
        ("2025-03-14T15:09:26+0200 web app[7]: up", utc(2025, 3, 14, 13, 9, 26), None),
        ("2025-03-14T15:09:26.123456789-05:30 web app[7]: up", utc(2025, 3, 14, 20, 39, 26, 123456), None),
        ("2025-03-14 15:09:26,535 INFO started", utc(2025, 3, 14, 14, 9, 26, 535000), "Europe/Paris"),
        ("2025/03/14 15:09:26 [error] 7#7: x", utc(2025, 3, 14, 15, 9, 26), "UTC"),
        ("Mar 14 15:09:26 web app[7]: up", utc(2025, 3, 14, 15, 9, 26), "UTC"),
        ("<13>Mar  4 15:09:26 web app[7]: up", utc(2025, 3, 4, 15, 9, 26), "UTC"),
        ("<13> Mar 14 15:09:26 2024 web app[7]: up", utc(2024, 3, 14, 15, 9, 26), "UTC"),
        ("<34>1 2025-03-14T15:09:26Z web app 7 ID47 - up", utc(2025, 3, 14, 15, 9, 26), None),
        ("[Fri Mar 14 15:09:26 2025] [error] x", utc(2025, 3, 14, 15, 9, 26), "UTC"),
        ('10.0.0.1 - - [14/Mar/2025:15:09:26 -0700] "GET / HTTP/1.1" 200 5', utc(2025, 3, 14, 22, 9, 26), None),
        ("250314 150926 7 INFO block", utc(2025, 3, 14, 15, 9, 26), "UTC"),
        ("03-14 15:09:26.535  700  701 I tag: x", utc(2025, 3, 14, 15, 9, 26, 535000), "UTC"),
    ],
)
def test_every_family_of_times_is_read(tmp_path: Path, line: str, time: datetime, zone: str | None) -> None:
    """Offsets count where the text carries them, the declared zone elsewhere."""
    tables = read(tmp_path, line + "\n", zone)
    assert [row["time"] for row in tables["events"]] == [time]
    assert tables["rejects"] == []


def test_the_fields_of_a_line(tmp_path: Path) -> None:
    """Host, program, process, and what the message says plainly."""
    [event] = read(tmp_path, "Oct  5 03:00:00 web-1 sshd[77]: Failed password for root from 192.0.2.7 port 5\n", "UTC")[
        "events"
    ]
    assert {
        key: event[key] for key in ("host", "program", "pid", "user", "src_ip", "message", "time_text", "zone_rule")
    } == {
        "host": "web-1",
        "program": "sshd",
        "pid": 77,
        "user": "root",
        "src_ip": "192.0.2.7",
        "message": "Failed password for root from 192.0.2.7 port 5",
        "time_text": "Oct  5 03:00:00",
        "zone_rule": "declared",
    }


def test_rfc_5424_with_structured_data(tmp_path: Path) -> None:
    """Quotes and brackets inside the data are escaped; the mark before the message goes."""
    line = '<34>1 2025-03-14T15:09:26Z web su - ID47 [a@1 k="x \\] \\" y"][b@1] \ufeffroot logged in\n'
    [event] = read(tmp_path, line)["events"]
    assert (event["host"], event["program"], event["pid"], event["action"], event["message"]) == (
        "web",
        "su",
        None,
        "ID47",
        "root logged in",
    )


def test_clock_times_without_a_zone_are_refused(tmp_path: Path) -> None:
    """The error shows one of them, the hint how to go on."""
    with pytest.raises(AmbiguousTime, match=r"x\.log: clock times without a zone \(Oct  5 03:00:00\)") as error:
        read(tmp_path, "Oct  5 03:00:00 web app: x\n")
    assert "--zone Europe/Paris" in error.value.hint


def test_lines_without_a_time_continue_a_record_and_lead_nowhere_at_the_start(tmp_path: Path) -> None:
    """Record numbers are physical lines; the ledger adds up."""
    text = "banner\n\n2025-03-14T15:00:00Z a b: one\n  at line 2\n\n2025-03-14T15:00:01Z a b: two"
    tables = read(tmp_path, text)
    assert [(row["record"], row["message"]) for row in tables["events"]] == [(3, "one\n  at line 2\n"), (6, "two")]
    assert [(row["record"], row["lines"], row["reason"]) for row in tables["rejects"]] == [
        (1, 2, "no record has begun before this line")
    ]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_continued"], ledger["lines_rejected"]) == (6, 2, 2, 2)


def test_one_bad_byte_rejects_one_record(tmp_path: Path) -> None:
    """The others are read; a carriage return at the end of a line is no text."""
    text = (
        b"2025-03-14T15:00:00Z a b: \xc3\xa9\r\n2025-03-14T15:00:01Z a b: \xff\r\n2025-03-14T15:00:02Z a b: three\r\n"
    )
    tables = read(tmp_path, text)
    assert [row["message"] for row in tables["events"]] == ["\xe9", "three"]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [(2, "bytes that are no UTF-8")]


def test_years_are_counted_back_from_when_the_file_was_written(tmp_path: Path) -> None:
    """A leap from December to January is a turn of the year; a line out of order is none."""
    text = "Dec 30 10:00:00 a b: 1\nDec 31 10:00:00 a b: 2\nDec 31 09:59:59 a b: 3\nJan  1 10:00:00 a b: 4\n"
    found = read(tmp_path, text, "UTC", datetime(2025, 1, 2, tzinfo=UTC))["events"]
    assert [row["time"].year for row in found] == [2024, 2024, 2024, 2025]
    assert {row["time_quality"] for row in found} == {"declared_zone+year_inferred"}
    later = read(tmp_path, "Dec 30 10:00:00 a b: 1\n", "UTC", datetime(2025, 1, 2, tzinfo=UTC))["events"]
    assert later[0]["time"].year == 2024


def test_a_day_that_does_not_exist_is_a_reject(tmp_path: Path) -> None:
    """Nothing is invented."""
    tables = read(tmp_path, "2025-02-30T10:00:00Z a b: x\n2025-03-01T10:00:00Z a b: y\n")
    assert [row["message"] for row in tables["events"]] == ["y"]
    assert [row["reason"] for row in tables["rejects"]] == ["a time that does not exist"]


def test_the_repeated_hour_is_told_apart_by_the_order_of_lines(tmp_path: Path) -> None:
    """Paris, 26 October 2025: the clock goes from 03:00 back to 02:00, at 01:00 UTC."""
    text = "".join(
        f"2025-10-26 {clock} a b: x\n"
        for clock in ("01:50:00", "02:10:00", "02:50:00", "02:10:00", "02:40:00", "03:10:00")
    )
    found = read(tmp_path, text, "Europe/Paris")["events"]
    assert [(row["time"].strftime("%H:%M"), row["time_quality"]) for row in found] == [
        ("23:50", "declared_zone"),
        ("00:10", "ambiguous_earlier"),
        ("00:50", "ambiguous_earlier"),
        ("01:10", "ambiguous_later"),
        ("01:40", "ambiguous_later"),
        ("02:10", "declared_zone"),
    ]
    assert {row["time_latest"] for row in found} == {None}


def test_what_order_cannot_tell_is_an_interval(tmp_path: Path) -> None:
    """Both instants are kept; the missing hour is shifted and says so."""
    [event] = read(tmp_path, "2025-10-26 02:30:00 a b: x\n", "Europe/Paris")["events"]
    assert (event["time"], event["time_latest"]) == (utc(2025, 10, 26, 0, 30), utc(2025, 10, 26, 1, 30))
    assert event["time_quality"] == "ambiguous"
    [event] = read(tmp_path, "2025-03-30 02:30:00 a b: x\n", "Europe/Paris")["events"]
    assert (event["time"], event["time_quality"]) == (utc(2025, 3, 30, 1, 30), "gap_shifted")


def test_a_file_without_any_time_is_refused_where_it_was_named(tmp_path: Path) -> None:
    """Asked for by name, it says why not."""
    with pytest.raises(UnreadableFile, match="no line begins with a time"):
        read(tmp_path, "just words\nand more\n")


@examples(40)
@given(
    lines=st.lists(
        st.sampled_from(
            [
                b"2025-03-14T15:00:00Z a b: x",
                b"Mar 14 15:00:00 a b: y",
                b"  more",
                b"",
                b"\xff\xfe",
                b"2025-99-14T15:00:00Z z",
                b"<13>no time",
                b'<13>1 2025-03-14T15:00:00Z a b - - [e k="\\"\x00\r"] m',
                b"<999>Feb 30 15:00:00 a b: z",
                b"<13>Oct 26 02:30:00 r Oct 26 02:10:00 a b: z",
                b"9 <13>1 - -",
            ]
        ),
        max_size=12,
    ),
    cut=st.integers(0, 30),
)
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, lines: list[bytes], cut: int) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    text = b"2025-03-14T14:00:00Z a b: first\n" + b"\n".join(lines)
    text = text[: max(33, len(text) - cut)]
    tables = read(tmp_path, text, "UTC")
    [ledger] = tables["ledger"]
    assert ledger["lines"] == text.removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])


def test_a_length_in_front_of_each_message(tmp_path: Path) -> None:
    """Captures of TCP: messages without line ends between them, one with a line break of its own."""
    messages = [b"<13>1 2025-03-14T15:00:00Z a b - - - one", b"<13>1 2025-03-14T15:00:01Z a b - - - two\nand more"]
    tables = read(tmp_path, b"".join(b"%d %s" % (len(message), message) for message in messages))
    assert [(row["record"], row["host"], row["message"]) for row in tables["events"]] == [
        (1, "a", "one"),
        (2, "a", "two\n and more"),
    ]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_continued"]) == (3, 2, 1)
    assert ledger["notes"] == "messages are told apart by their lengths; each counts as a line"
    [event] = read(tmp_path, "40 <13>1 2025-03-14T15:00:00Z a b - - - one\n")["events"]
    assert event["message"] == "one"


def test_what_no_column_holds_is_kept_as_json(tmp_path: Path) -> None:
    """Facility, a process that is no number, structured data; a name that occurs twice has a list."""
    line = '<165>1 2025-03-14T15:00:00Z a b x7 ID [e@1 k="1 \\" \\\\ \\] \\d" ip="192.0.2.1" ip="192.0.2.2"][f@1] m\n'
    [event] = read(tmp_path, line)["events"]
    assert json.loads(event["fields"]) == {
        "facility": "local4",
        "procid": "x7",
        "structured_data": {"e@1": {"k": '1 " \\ ] \\d', "ip": ["192.0.2.1", "192.0.2.2"]}, "f@1": {}},
    }
    assert (event["severity_text"], event["action"], event["pid"]) == ("notice", "ID", None)
    [event] = read(tmp_path, "<999>Mar 14 15:00:00 relay Mar 14 15:00:00 a b: m\n", "UTC")["events"]
    assert json.loads(event["fields"]) == {"priority": 999, "relay": "relay"}
    [event] = read(tmp_path, "Mar 14 15:00:00 a b: m\n", "UTC")["events"]
    assert event["fields"] is None


def test_hostile_structured_data_stays_json(tmp_path: Path) -> None:
    """Control characters, one element twice, data that is no data."""
    line = '<13>1 2025-03-14T15:00:00Z a b - - [action:"x"; flags:"1"] m\n'
    [event] = read(tmp_path, line)["events"]
    assert (json.loads(event["fields"])["structured_data"], event["message"]) == ('[action:"x"; flags:"1"]', "m")
    line = '<13>1 2025-03-14T15:00:00Z a b - - [e k="\x01\t"][e k="2"][sc action:"x"; flags:"1"] m\n'
    [event] = read(tmp_path, line)["events"]
    assert json.loads(event["fields"])["structured_data"] == {
        "e": [{"k": "\x01\t"}, {"k": "2"}],
        "sc": {"action": "x", "flags": "1"},
    }


def test_a_priority_without_a_time_begins_a_record(tmp_path: Path) -> None:
    """RFC 3164, section 4.3.3: such messages occur. Nothing gives them a time."""
    events = read(tmp_path, "<13>app[7]: one\n<34>1 - web su - - - two\n<13>more: three\n")["events"]
    assert [(row["time"], row["host"], row["program"], row["message"]) for row in events] == [
        (None, None, "app", "one"),
        (None, "web", "su", "two"),
        (None, None, "more", "three"),
    ]


def test_text_in_front_of_the_time_is_kept(tmp_path: Path) -> None:
    """The message is then the whole line."""
    line = '192.0.2.1 - - [14/Mar/2025:15:00:00 +0000] "GET / HTTP/1.1" 200 5'
    assert [row["message"] for row in read(tmp_path, line)["events"]] == [line]


def test_another_encoding_is_noted(tmp_path: Path) -> None:
    """A file that is nowhere UTF-8 is Windows-1252."""
    tables = read(tmp_path, b"2025-03-14T15:00:00Z a b: caf\xe9\n")
    assert [row["message"] for row in tables["events"]] == ["caf\xe9"]
    assert "Windows-1252" in tables["ledger"][0]["notes"]


def test_blocks_tell_the_same_as_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years, the repeated hour and records of several lines do not depend on where a block ends."""
    days = ("Dec 30", "Jan  1", "Oct 26", "Dec 31")
    clocks = ("01:50:00", "02:50:00", "02:10:00", "03:00:00")
    text = "".join(f"{day} {clock} a b: x\n  more\n" for day in days for clock in clocks)
    written = datetime(2025, 12, 31, 12, tzinfo=UTC)
    whole = read(tmp_path, text, "Europe/Paris", written)
    monkeypatch.setattr("watchfloor.readers.intake.texts.BLOCK_BYTES", 50)
    in_blocks = read(tmp_path, text, "Europe/Paris", written)
    for tables in (whole, in_blocks):
        del tables["ledger"][0]["seconds"]
    assert in_blocks == whole
    assert [row["time"].year for row in whole["events"]][::4] == [2024, 2025, 2025, 2025]
    assert [row["time_quality"] for row in whole["events"]][8:12] == [
        "declared_zone+year_inferred",
        "ambiguous_earlier+year_inferred",
        "ambiguous_later+year_inferred",
        "declared_zone+year_inferred",
    ]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Mar 14 15:00:00 a b: x\n<13>a: b\n2025-03-14T15:00:00Z x\n", 1),
        ("2025-03-14T15:00:00Z x\n  more\n", 0.5),
        ("a,b\n1,2\n", 0),
        ("6 <13>ab7 <13>abc", 1),
        ("", 0),
    ],
)
def test_the_share_of_lines_with_a_prefix(tmp_path: Path, text: str, share: float) -> None:
    """Says how sure the reader is of a file."""
    path = tmp_path / "x.log"
    path.write_text(text)
    assert READER.accepts(files.head(path)) == share


@needs_data
def test_what_reaches_a_siem(tmp_path: Path) -> None:
    """Times and hosts of RFC 5424 messages of many vendors, as their parsers' tests expect them."""
    lines = (DATA / "siem" / "sc4s_rendered.jsonl").read_text().splitlines()
    cases = [case for case in map(json.loads, lines) if case["kind"] == "syslog5424" and case["expected_time"]]
    text = "".join(case["message"].replace("\n", "\n ") + "\n" for case in cases)
    events = read(tmp_path, text, "UTC", datetime(2026, 12, 31, tzinfo=UTC))["events"]
    assert len(events) == len(cases) > 50
    right = [
        row["time"].isoformat()[:19] == case["expected_time"][:19] for row, case in zip(events, cases, strict=True)
    ]
    assert all(right)


def test_a_process_in_brackets_is_no_host(tmp_path: Path) -> None:
    """As PostgreSQL writes it, with the name of a zone behind its time."""
    text = "2026-07-14 15:09:26.585 CEST [4974] LOG:  ready\n2026-03-14 15:09:26 UTC [12] LOG:  checkpoint complete\n"
    first, second = read(tmp_path, text)["events"]
    assert (first["time"], first["host"], first["program"]) == (utc(2026, 7, 14, 13, 9, 26, 585000), None, None)
    assert (first["pid"], first["severity_text"], first["message"]) == (4974, "LOG", "ready")
    assert second["host"] is None
    assert (second["pid"], second["severity_text"], second["message"]) == (12, "LOG", "checkpoint complete")


def test_a_severity_that_the_text_begins_with_counts(tmp_path: Path) -> None:
    """Appliances send all their messages with one priority."""
    text = "<166>Mar 14 15:09:26 gui: Warning: SSL error\n<166>Mar 14 15:09:26 gui: warnings: 7\n"
    first, second = read(tmp_path, text, "UTC")["events"]
    assert (first["severity_text"], second["severity_text"]) == ("warning", "info")
