"""CEF: what the standard says of headers and extensions, and what products make of it."""

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

HEAD = "CEF:0|Example|Gateway|7.1|100|Connection denied|5|"


def read(tmp_path: Path, text: str | bytes, zone: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file that was last written on 20 November 2026."""
    path = tmp_path / "x.cef"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, (datetime(2026, 11, 20, tzinfo=UTC).timestamp(),) * 2)
    return {k: rows(v) for k, v in read_files([path], format="cef", options=Options(zone=zone)).items()}


def one(tmp_path: Path, line: str, zone: str | None = None) -> dict[str, Any]:
    """The event of one line, `fields` taken apart; the same as from a file of many such lines, which is read faster."""
    [alone] = read(tmp_path, line, zone)["events"]
    many = read(tmp_path, "\n".join([line] * 40), zone)["events"]
    assert [event | {"record": 1} for event in many] == [alone] * 40
    event: dict[str, Any] = alone | {"fields": json.loads(alone["fields"] or "{}")}
    return event


def fields(tmp_path: Path, extension: str) -> dict[str, str]:
    """The fields of an extension."""
    found: dict[str, str] = one(tmp_path, HEAD + extension)["fields"]
    return {key: value for key, value in found.items() if key != "deviceVersion"}


def test_a_record_becomes_an_event(tmp_path: Path) -> None:
    """Keys have their columns; the others are in `fields`, with the prefix and the product's version."""
    event = one(
        tmp_path,
        f"<134>Mar 14 15:09:26 fw-1 {HEAD}rt=1773500966123 src=192.0.2.7 spt=1024 dst=2001:db8::1 dpt=443 proto=TCP "
        "suser=amal duser=bo shost=pc-1 dhost=www act=deny cat=Web request=http://example.org/a msg=two words in=17",
    )
    assert {key: value for key, value in event.items() if value is not None} == {
        "source": str(tmp_path / "x.cef"),
        "record": 1,
        "time": datetime(2026, 3, 14, 15, 9, 26, 123000, tzinfo=UTC),
        "time_text": "1773500966123",
        "zone": "UTC",
        "zone_rule": "by the format",
        "time_quality": "exact",
        "host": "pc-1",
        "program": "Example Gateway",
        "user": "amal",
        "src_ip": "192.0.2.7",
        "src_port": 1024,
        "dst_ip": "2001:db8::1",
        "dst_port": 443,
        "proto": "tcp",
        "action": "deny",
        "event_id": "100",
        "category": "Web",
        "severity_text": "5",
        "title": "Connection denied",
        "url": "http://example.org/a",
        "message": "two words",
        "fields": {
            "syslog": "<134>Mar 14 15:09:26 fw-1",
            "deviceVersion": "7.1",
            "duser": "bo",
            "dhost": "www",
            "in": "17",
        },
    }


@pytest.mark.parametrize(
    ("line", "program", "version", "title"),
    [
        (r"CEF:0|a\|b|c\\d|1|7|x \| y|Low|", r"a|b c\d", "1", "x | y"),
        ("CEF: 0|a|b|1|7|t|Low|", "a b", "1", "t"),
        ("CEF:1|a|b|1|7|t|Low|", "a b", "1", "t"),
        ("CEF:0|a|b|1|7|t|Low", "a b", "1", "t"),
        ("CEF:0|a|b||7|t|Low|", "a b", None, "t"),
        ('CEF:0|a|b|"1"|7|t|Low|', "a b", '"1"', "t"),
        ("a | b CEF:0|a|b|1|7|t|Low|", "a b", "1", "t"),
        (r"CEF:0|a|b|1\\|7|t|Low|", "a b", "1\\", "t"),
    ],
)
def test_headers(tmp_path: Path, line: str, program: str, version: str | None, title: str) -> None:
    """Pipes and backslashes are escaped; a record may end behind the severity, whose words are kept."""
    event = one(tmp_path, line)
    assert (event["program"], event["fields"].get("deviceVersion"), event["title"]) == (program, version, title)
    assert (event["event_id"], event["severity_text"]) == ("7", "Low")


@pytest.mark.parametrize(
    ("extension", "found"),
    [
        ("a=1 b=two words c=3", {"a": "1", "b": "two words", "c": "3"}),
        (" a=1 b=2", {"a": "1", "b": "2"}),
        (r"a=x\=y b=1\\2 c=one\ntwo\rthree", {"a": "x=y", "b": r"1\2", "c": "one\ntwo\rthree"}),
        ("a=/x?y=1&z=2 b=3", {"a": "/x?y=1&z=2", "b": "3"}),
        ("a==x=y ?z=1 b=/x?y=1&z=2&k=3&l=4&m=5 c=2", {"a": "=x=y ?z=1", "b": "/x?y=1&z=2&k=3&l=4&m=5", "c": "2"}),
        ("a= b=- c=  d=4", {"d": "4"}),
        ("a=  x  y  b=z ", {"a": "x  y", "b": "z"}),
        (r"a=C:\new\tmp b=\\srv\x", {"a": r"C:\new\tmp", "b": r"\\srv\x"}),
        (r"a=C:\\new b=\\\\srv", {"a": r"C:\new", "b": r"\\srv"}),
        ('a="quoted" b={"x": 1}', {"a": '"quoted"', "b": '{"x": 1}'}),
        ("a.b=1 c[0]=2 d_e=3", {"a.b": "1", "c[0]": "2", "d_e": "3"}),
        ("a=1 a=2 b=3 a=1", {"a": "1", "a_2": "2", "b": "3"}),
        ("a=1 a=2 a_2=3 a=4", {"a": "1", "a_2": "2", "a_2_2": "3", "a_3": "4"}),
        ("syslog=x deviceVersion=y", {"syslog_2": "x", "deviceVersion_2": "y"}),
        ("no pairs at all", {"extension": "no pairs at all"}),
        ("words a=1", {"extension": "words", "a": "1"}),
        ("a=b|c\x07d e=\u2028é", {"a": "b|c\x07d", "e": "\u2028é"}),
        ("src=None spt=99999 dpt=x", {"src": "None", "spt": "99999", "dpt": "x"}),
        ("rt=$timestamp start=", {"rt": "$timestamp"}),
    ],
)
def test_extensions(tmp_path: Path, extension: str, found: dict[str, str]) -> None:
    """Values hold blanks; a key stands behind a blank; empty values are none; what fits no column is kept."""
    assert fields(tmp_path, extension) == found


@pytest.mark.parametrize(
    ("extension", "found"),
    [
        ("cs1Label=Policy cs1=web", {"Policy": "web"}),
        ("cs1=web cs1Label=Policy", {"Policy": "web"}),
        ("cn1=7 a=1 cn1Label=Rule id", {"Rule id": "7", "a": "1"}),
        ("cs1Label= cs1=web", {"cs1": "web"}),
        ("cs1Label=Policy cs1=", {"cs1Label": "Policy"}),
        ('cs3Label="Device Type" cs3=x', {"Device Type": "x"}),
        ("deviceCustomDate1Label=seen deviceCustomDate1=1436759065017", {"seen": "1436759065017"}),
        ("cs1Label=a cs1=1 a=2", {"a": "1", "a_2": "2"}),
    ],
)
def test_labels_name_fields(tmp_path: Path, extension: str, found: dict[str, str]) -> None:
    """Wherever the label stands; a label without a value, and a value without a label, keep their keys."""
    assert fields(tmp_path, extension) == found


@pytest.mark.parametrize(
    ("extension", "time", "quality"),
    [
        ("rt=1773500966535", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), "exact"),
        ("rt=1773500966", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "unit_inferred"),
        ("rt=1773500966.535", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), None),
        ("rt=1773500966535.25", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), None),
        ("rt=Mar 14 2026 15:09:26 UTC", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "exact"),
        ("rt=Mar 14 2026 15:09:26", datetime(2026, 3, 14, 14, 9, 26, tzinfo=UTC), "declared_zone"),
        ("rt=Mar 14 15:09:26 UTC", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "exact+year_inferred"),
        ("rt=Mar 14 15:09:26", datetime(2026, 3, 14, 14, 9, 26, tzinfo=UTC), "declared_zone+year_inferred"),
        ("rt=2026-03-14 15:09:26", datetime(2026, 3, 14, 14, 9, 26, tzinfo=UTC), "declared_zone"),
        ("rt=2026-03-14T15:09Z", datetime(2026, 3, 14, 15, 9, tzinfo=UTC), "exact"),
        ("rt=$timestamp start=1773500966535", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), "exact"),
        ("start=1773500966535 rt=1773500966000", datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "exact"),
        ("rt= end=1773500966535", datetime(2026, 3, 14, 15, 9, 26, 535000, tzinfo=UTC), "exact"),
        ("rt=$timestamp", None, None),
        ("rt=Mar 14 2026 15:09:26 XST", None, None),
        ("rt=17", None, None),
        ("msg=none", None, None),
    ],
)
def test_times(tmp_path: Path, extension: str, time: datetime | None, quality: str | None) -> None:
    """`rt`, else `start`, else `end`, the first that can be read; a record without any is kept. Paris is UTC+1."""
    event = one(tmp_path, HEAD + extension, "Europe/Paris")
    assert event["time"] == time
    assert quality is None or event["time_quality"] == quality
    assert (event["time_text"] is None) == (time is None)


def test_the_prefix_gives_time_and_host_where_the_record_does_not(tmp_path: Path) -> None:
    """The sensor's host comes before the prefix's; a prefix without a zone needs one only where it is used."""
    prefix = "<13>Mar 14 15:09:26 relay-1 "
    event = one(tmp_path, f"{prefix}{HEAD}msg=x", "UTC")
    assert (event["time"], event["host"]) == (datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC), "relay-1")
    event = one(tmp_path, f"{prefix}{HEAD}dvchost=fw-9 rt=1773500966535")
    assert (event["time_text"], event["host"]) == ("1773500966535", "fw-9")
    with pytest.raises(AmbiguousTime, match="Mar 14 15:09:26"):
        read(tmp_path, f"{prefix}{HEAD}msg=x")
    with pytest.raises(AmbiguousTime, match="Mar 14 2026"):
        read(tmp_path, f"{HEAD}rt=Mar 14 2026 15:09:26")


def test_a_user_known_by_number_alone(tmp_path: Path) -> None:
    """A user's id stands for the user where no name is given."""
    assert one(tmp_path, f"{HEAD}duid=anna msg=x")["user"] == "anna"
    assert one(tmp_path, f"{HEAD}duid=7 suser=anna msg=x")["user"] == "anna"


def test_a_line_that_is_no_cef_is_a_reject(tmp_path: Path) -> None:
    """With the reason; empty lines are skipped, a bad byte rejects its line alone."""
    text = f"{HEAD}a=\xc3\xa9\n\nhello\nCEF:0|a|b\n{HEAD}a=\xff\n{HEAD}a=2\n".encode("latin-1")
    tables = read(tmp_path, text)
    assert sorted((row["record"], row["reason"]) for row in tables["rejects"]) == [
        (3, "no CEF header in this line"),
        (4, "a CEF header of 3 of 7 fields"),
        (5, "bytes that are no UTF-8"),
    ]
    assert [row["record"] for row in tables["events"]] == [1, 6]


def test_content_tells_cef(tmp_path: Path) -> None:
    """Without a format being named, also behind a syslog prefix."""
    path = tmp_path / "some.log"
    path.write_text(f"<13>2026-03-14T15:09:26Z h {HEAD}a=1\n{HEAD}a=2\n")
    tables = {name: rows(frame) for name, frame in read_files([path]).items()}
    assert tables["ledger"][0]["format"] == "cef"
    assert len(tables["events"]) == 2


PIECES = [
    "src=192.0.2.1",
    "spt=22",
    "spt=x",
    "rt=1773500966535",
    "rt=$t",
    "msg=two  words",
    r"path=C:\\a\=b",
    r"file=C:\a\new",
    'q="x"',
    "cs1Label=Policy",
    "cs1=web",
    "url=/?a=1",
    "x=a=b==c =d ?e=f",
    "empty=",
    "bell=\x07",
]


@examples(40)
@given(
    orders=st.lists(st.lists(st.sampled_from(PIECES), max_size=6), min_size=1, max_size=4),
    damage=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 60),
)
def test_columns_and_single_records_agree_and_the_ledger_adds_up(
    tmp_path: Path, orders: list[list[str]], damage: list[tuple[int, int]], cut: int
) -> None:
    """What is read by the order of keys equals what is read one by one, also of damaged files; no line is lost."""
    text = bytearray(("\n".join(HEAD + " ".join(order) for order in orders) + "\n").encode() * 30)
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
    """All are read; where a record has no time of its own, the prefix's is the expected one."""
    lines = (DATA / "siem" / "sc4s_rendered.jsonl").read_text(encoding="utf-8").splitlines()
    real = [entry for entry in map(json.loads, lines) if entry["kind"] == "cef"]
    tables = read(tmp_path, "\n".join(entry["message"] for entry in real), "UTC")
    assert (len(tables["events"]), tables["rejects"]) == (50, [])
    for entry, event in zip(real, tables["events"], strict=True):
        json.loads(event["fields"])
        if entry["expected_time"] and event["time_text"] in entry["message"].split("CEF:")[0]:
            assert event["time"] == datetime.fromisoformat(entry["expected_time"])


@pytest.mark.parametrize(("written", "proto"), [("17", "udp"), ("Tcp", "tcp"), ("999", "999"), ("HOPOPT", "hopopt")])
def test_protocols_by_number_or_name(tmp_path: Path, written: str, proto: str) -> None:
    """As other logs call them; what has no name stays."""
    path = tmp_path / "x.cef"
    path.write_text(f"{HEAD}rt=1773500966123 src=192.0.2.7 proto={written}\n")
    [event] = rows(read_files([path])["events"])
    assert event["proto"] == proto
