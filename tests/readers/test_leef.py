"""LEEF 1.0 and 2.0: what IBM's guide says, and what products make of it."""

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
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, read_files
from watchfloor.readers.records import keyed

ONE, TWO = "LEEF:1.0|Example|Gateway|7.1|deny|", "LEEF:2.0|Example|Gateway|7.1|deny|"


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file that was last written on 20 November 2026."""
    path = tmp_path / "x.leef"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (datetime(2026, 11, 20, tzinfo=UTC).timestamp(),) * 2)
    return {k: rows(v) for k, v in read_files([path], format="leef", options=Options(zone=zone)).items()}


def one(tmp_path: Path, line: str, zone: str | None = None) -> dict[str, Any]:
    """The event of one line, `fields` taken apart; the same as from a file of many such lines, which is read faster."""
    [alone] = read(tmp_path, line, zone)["events"]
    many = read(tmp_path, "\n".join([line] * 40), zone)["events"]
    assert [event | {"record": 1} for event in many] == [alone] * 40
    event: dict[str, Any] = alone | {"fields": json.loads(alone["fields"] or "{}")}
    return event


def fields(tmp_path: Path, line: str) -> dict[str, str]:
    """The fields of a line, without the product's version."""
    found: dict[str, str] = one(tmp_path, line)["fields"]
    return {key: value for key, value in found.items() if key != "deviceVersion"}


def test_a_record_becomes_an_event(tmp_path: Path) -> None:
    """Keys have their columns; the others are in `fields`."""
    event = one(
        tmp_path,
        f"<13>1 2026-03-14T15:09:26Z fw-1 - - - - {ONE}devTime=1773500966535\tsrc=192.0.2.7\tsrcPort=1024\t"
        "dst=198.51.100.1\tdstPort=443\tproto=TCP\tusrName=amal\tcat=Web\tsev=5\tpolicy=a b",
    )
    assert {key: value for key, value in event.items() if value is not None} == {
        "source": str(tmp_path / "x.leef"),
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC),
        "time_text": "1773500966535",
        "zone": "UTC",
        "zone_rule": "by the format",
        "time_quality": "exact",
        "host": "fw-1",
        "program": "Example Gateway",
        "user": "amal",
        "src_ip": "192.0.2.7",
        "src_port": 1024,
        "dst_ip": "198.51.100.1",
        "dst_port": 443,
        "proto": "tcp",
        "event_id": "deny",
        "category": "Web",
        "severity_text": "5",
        "fields": {"syslog": "<13>1 2026-03-14T15:09:26Z fw-1 - - - -", "deviceVersion": "7.1", "policy": "a b"},
    }


@pytest.mark.parametrize(
    "line",
    [
        f"{ONE}a=1\tb=two words\tc=3",
        f"{ONE}a=1\tb=two words\tc=3\t",
        f"{ONE}a=1|b=two words|c=3",
        f"{ONE}a=1#011b=two words#011c=3",
        f"{ONE}a=1 b=two words c=3",
        f"{TWO}^|a=1^b=two words^c=3",
        f"{TWO}0x5E|a=1^b=two words^c=3",
        f"{TWO}x5e|a=1^b=two words^c=3",
        f"{TWO}|a=1\tb=two words\tc=3",
        f"{TWO}||a=1|b=two words|c=3",
        f"{TWO}0x7C|a=1|b=two words|c=3",
        f"{TWO}x09|a=1\tb=two words\tc=3",
        f"{TWO}a=1\tb=two words\tc=3",
        f"{TWO}a=1|b=two words|c=3",
        f"{TWO}\u00a6|a=1\u00a6b=two words\u00a6c=3",
    ],
)
def test_delimiters(tmp_path: Path, line: str) -> None:
    """Named by character or number, empty, or left out; a pipe, a blank or a relay's escape in a tab's place."""
    assert fields(tmp_path, line) == {"a": "1", "b": "two words", "c": "3"}


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ("a=\tb=-\tc=3", {"c": "3"}),
        ('a=x=y\tb=C:\\new\tc="q"', {"a": "x=y", "b": "C:\\new", "c": '"q"'}),
        ("a=1\tmore\tb=2", {"a": "1\tmore", "b": "2"}),
        ("a=1\ta=2", {"a": "1", "a_2": "2"}),
        ("words", {"extension": "words"}),
        ("", {}),
        ("src=nobody\tdstPort=many", {"src": "nobody", "dstPort": "many"}),
    ],
)
def test_values(tmp_path: Path, pairs: str, found: dict[str, str]) -> None:
    """There are no escapes; what fits no column is kept."""
    assert fields(tmp_path, ONE + pairs) == found


@pytest.mark.parametrize(
    ("pairs", "time"),
    [
        ("devTime=1773500966", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)),
        ("devTime=Mar 14 2026 15:09:26 GMT", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)),
        ("devTime=Mar 14 2026 15:09:26.535", datetime(2026, 3, 14, 14, 9, 26, 535000, tzinfo=UTC)),
        ("devTime=Mar 14 15:09:26\tdevTimeFormat=MMM dd yyyy HH:mm:ss", datetime(2026, 3, 14, 14, 9, 26, tzinfo=UTC)),
        ("devTime=14.03.2026 15:09\tdevTimeFormat=dd.MM.yyyy HH:mm", datetime(2026, 3, 14, 14, 9, tzinfo=UTC)),
        (
            "devTime=03/04/2026 03:09:26 PM\tdevTimeFormat=MM/dd/yyyy hh:mm:ss a",
            datetime(2026, 3, 4, 14, 9, 26, tzinfo=UTC),
        ),
        (
            "devTime=2026.03.14T15:09:26.535+0200\tdevTimeFormat=yyyy.MM.dd'T'HH:mm:ss.SSSZ",
            datetime(2026, 3, 14, 13, 9, 26, 535000, tzinfo=UTC),
        ),
        ("devTime=14.03.2026 15:09", None),
        ("devTime=Mar 14 2026 15:09:26 EST\tdevTimeFormat=MMM dd yyyy HH:mm:ss z", None),
    ],
)
def test_times(tmp_path: Path, pairs: str, time: datetime | None) -> None:
    """In the default forms, or as `devTimeFormat` says; names of zones say too little. Paris is UTC+1."""
    event = one(tmp_path, ONE + pairs, "Europe/Paris")
    assert event["time"] == time
    assert event["fields"].get("devTime") == (
        pairs.split("\t", maxsplit=1)[0].removeprefix("devTime=") if time is None else None
    )


def test_control_characters_before_the_header(tmp_path: Path) -> None:
    """They need an escape in JSON, as quotes do."""
    for prefix in ("<13>a\x01b", '<13>a "b" \\', "<13>a\tb"):
        assert one(tmp_path, f"{prefix} {ONE}devTime=1773500966535\tidentHostName=h")["fields"]["syslog"] == prefix


def test_a_clock_time_needs_a_zone(tmp_path: Path) -> None:
    """Also one that is written in a form of its own."""
    for pairs in ("devTime=Mar 14 2026 15:09:26", "devTime=14.03.2026 15:09\tdevTimeFormat=dd.MM.yyyy HH:mm"):
        with pytest.raises(AmbiguousTime, match="without a zone"):
            read(tmp_path, ONE + pairs)


def test_a_line_that_is_no_leef_is_a_reject(tmp_path: Path) -> None:
    """With the reason."""
    tables = read(tmp_path, f"{ONE}a=1\nhello\n\nLEEF:1.0|a|b\n{ONE}a=2\n")
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (2, "no LEEF header in this line"),
        (4, "a LEEF header of less than 5 fields"),
    ]
    assert [row["record"] for row in tables["events"]] == [1, 5]


def test_content_tells_leef(tmp_path: Path) -> None:
    """Without a format being named."""
    path = tmp_path / "some.log"
    path.write_text(f"<13>2026-03-14T15:09:26Z h {ONE}a=1\n{TWO}^|a=2\n")
    [ledger] = rows(read_files([path])["ledger"])
    assert (ledger["format"], ledger["lines_read"]) == ("leef", 2)


PIECES = ["src=192.0.2.1", "srcPort=x", "devTime=1773500966", "devTime=?", "msg=two  words", "p=C:\\a", 'q="x"', "e="]


@examples(40)
@given(
    orders=st.lists(st.lists(st.sampled_from(PIECES), max_size=5), min_size=1, max_size=4),
    heads=st.lists(st.sampled_from([(ONE, "\t"), (f"{TWO}^|", "^"), (f"{TWO}0x7C|", "|"), (ONE, " ")]), min_size=4),
    damage=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 60),
)
def test_columns_and_single_records_agree_and_the_ledger_adds_up(
    tmp_path: Path,
    orders: list[list[str]],
    heads: list[tuple[str, str]],
    damage: list[tuple[int, int]],
    cut: int,
) -> None:
    """What is read by the order of keys equals what is read one by one, also of damaged files; no line is lost."""
    lines = [head + between.join(order) for order, (head, between) in zip(orders, heads, strict=False)]
    text = bytearray(("\n".join(lines) + "\n").encode() * 30)
    for place, byte in damage:
        text[place % len(text)] = byte
    text = text[: len(text) - cut]
    fast = read(tmp_path, bytes(text), "UTC")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed, "_FEW", 10**9)
        slow = read(tmp_path, bytes(text), "UTC")
    for tables in (fast, slow):
        del tables["ledger"][0]["seconds"]
    assert slow == fast
    [ledger] = fast["ledger"]
    assert ledger["lines"] == bytes(text).removesuffix(b"\n").count(b"\n") + 1
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert len(fast["events"]) == ledger["lines_read"]
    for event in fast["events"]:
        json.loads(event["fields"] or "{}")


@needs_data
def test_real_records(tmp_path: Path) -> None:
    """All 17 are read; a time whose zone has an ambiguous name is left to the prefix."""
    lines = (DATA / "siem" / "sc4s_rendered.jsonl").read_text(encoding="utf-8").splitlines()
    real = [entry for entry in map(json.loads, lines) if entry["kind"] == "leef"]
    tables = read(tmp_path, "\n".join(entry["message"] for entry in real), "UTC")
    assert (len(tables["events"]), tables["rejects"]) == (17, [])
    for entry, event in zip(real, tables["events"], strict=True):
        if " EST" not in entry["message"] and "devTime=Sep" not in entry["message"]:
            assert event["time"] == datetime.fromisoformat(entry["expected_time"])
