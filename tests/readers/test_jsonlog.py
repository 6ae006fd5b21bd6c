"""Any JSON with a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.errors import AmbiguousTime, UnknownFormat, UnreadableFile
from watchfloor.readers.jsonlog import READER

TIME = datetime(2026, 3, 14, 15, 9, 26, 500000, tzinfo=UTC)
ECS: dict[str, Any] = {
    "@timestamp": "2026-03-14T15:09:26.500Z",
    "host": {"name": "web-1", "os": {"family": "linux"}},
    "process": {"name": "nginx", "pid": 7},
    "user": {"name": "alice"},
    "source": {"ip": "192.0.2.9", "port": 40000},
    "destination": {"ip": "2001:db8::1", "port": 443},
    "network": {"transport": "TCP"},
    "event": {"action": "login", "code": "4624", "category": ["authentication"]},
    "log": {"level": "warn"},
    "url": {"full": "https://example.org/"},
    "message": "hello",
    "id.orig_h": "x",
    "big": 9007199254740993,
}
CLOUD = {
    "eventVersion": "1.09",
    "eventTime": "2026-03-14T15:09:26Z",
    "eventSource": "sts.example",
    "eventName": "AssumeRole",
    "sourceIPAddress": "192.0.2.9",
    "userIdentity": {"type": "IAMUser", "userName": "bob"},
}
PLAIN = {"ts": 1773500966.5, "lvl": "info", "msg": "up", "hostname": "h", "ip": "not an address"}


def test_a_record_of_the_common_schema(tmp_path: Path) -> None:
    """What no column holds stays by its own names, digits beyond 2^53 as text; a list of one word is that word."""
    [event] = read(tmp_path, [ECS])["events"]
    assert said(event) == {
        "record": 1,
        "time": TIME,
        "time_text": "2026-03-14T15:09:26.500Z",
        "zone": "UTC",
        "zone_rule": "in the text",
        "time_quality": "exact",
        "host": "web-1",
        "program": "nginx",
        "pid": 7,
        "user": "alice",
        "src_ip": "192.0.2.9",
        "src_port": 40000,
        "dst_ip": "2001:db8::1",
        "dst_port": 443,
        "proto": "tcp",
        "action": "login",
        "event_id": "4624",
        "category": "authentication",
        "severity_text": "warn",
        "url": "https://example.org/",
        "message": "hello",
        "fields": '{"host":{"os":{"family":"linux"}},"id.orig_h":"x","big":"9007199254740993"}',
    }


def test_other_names(tmp_path: Path) -> None:
    """A cloud's trail, and a program's own; the unit of a number is told by its size."""
    cloud, plain = read(tmp_path, [CLOUD, PLAIN])["events"]
    assert (cloud["program"], cloud["action"], cloud["src_ip"], cloud["user"]) == (
        "sts.example",
        "AssumeRole",
        "192.0.2.9",
        "bob",
    )
    assert (plain["time"], plain["time_quality"], plain["host"], plain["message"], plain["src_ip"]) == (
        TIME,
        "unit_inferred",
        "h",
        "up",
        None,
    )
    assert json.loads(plain["fields"]) == {"ip": "not an address"}


def test_records_within_an_object(tmp_path: Path) -> None:
    """As clouds write their files, on one line, on several, or an object a line."""
    wrapped = {"Records": [CLOUD, CLOUD]}
    texts = [json.dumps(wrapped), json.dumps(wrapped, indent=1), f"{json.dumps(wrapped)}\n{json.dumps(wrapped)}\n"]
    for text, count in zip(texts, (2, 2, 4), strict=True):
        tables = read(tmp_path, text)
        assert len(tables["events"]) == count
        adds_up(tables)


def test_records_within_a_call(tmp_path: Path) -> None:
    """As JSON-RPC pushes them: Bitdefender's control centre, for one."""
    call = {"jsonrpc": "2.0", "method": "addEvents", "id": 1, "params": {"events": [CLOUD, CLOUD]}}
    tables = read(tmp_path, f"{json.dumps(call)}\n{json.dumps(call)}\n")
    assert [event["user"] for event in tables["events"]] == ["bob"] * 4
    adds_up(tables)


def test_many_records_are_read_as_one_is(tmp_path: Path) -> None:
    """Column by column: a number is no host, an address no program."""
    record = {"time": "2026-03-14T15:09:26Z", "device": "9", "source": "192.0.2.9", "app": "192.0.2.8:80", "msg": "x"}
    for number in (1, 200):
        events = read(tmp_path, [record] * number)["events"]
        assert {(one["host"], one["program"], one["src_ip"]) for one in events} == {(None, None, "192.0.2.9")}
        assert len(events) == number


def test_words_for_nothing(tmp_path: Path) -> None:
    """They are no values, in one record or in many, and stay in the fields."""
    record = {"time": "2026-03-14T15:09:26Z", "title": "None", "code": "None", "user": "N/A", "msg": "null", "app": "a"}
    for number in (1, 200):
        events = read(tmp_path, [record] * number)["events"]
        for one in events:
            assert [one[name] for name in ("title", "event_id", "user", "message")] == [None] * 4
            assert json.loads(one["fields"]) == {"title": "None", "code": "None", "user": "N/A", "msg": "null"}


def test_a_single_record_that_holds_objects(tmp_path: Path) -> None:
    """What has a time is the record, whatever it lists."""
    for end in ("", "\n"):
        [event] = read(tmp_path, json.dumps(CLOUD | {"resources": [{"arn": "a"}, {"arn": "b"}]}) + end)["events"]
        assert event["action"] == "AssumeRole"
    [event] = read(tmp_path, json.dumps(CLOUD | {"resources": [{"arn": "a"}]}, indent=2))["events"]
    assert event["action"] == "AssumeRole"


def test_many_records_within_an_object_on_one_line(tmp_path: Path) -> None:
    """A trail of a day is one line, far longer than what is looked at first."""
    wrapped = {"version": 1, "Records": [CLOUD | {"requestID": f"{n}"} for n in range(2_000)]}
    tables = read(tmp_path, json.dumps(wrapped))
    assert len(tables["events"]) == 2_000
    adds_up(tables)
    tables = read(tmp_path, json.dumps(wrapped, indent=2))
    assert len(tables["events"]) == 2_000


def test_exports_of_stores(tmp_path: Path) -> None:
    """The record is what they wrap."""
    splunk = {"preview": False, "result": {"_time": "2026-03-14 15:09:26.500 UTC", "host": "h", "_raw": "x"}}
    elastic = {"_index": "i", "_source": ECS}
    one, two = read(tmp_path, [splunk, elastic])["events"]
    assert (one["time"], one["host"], json.loads(one["fields"])) == (TIME, "h", {"_raw": "x", "preview": False})
    assert (two["time"], two["host"], json.loads(two["fields"])["_index"]) == (TIME, "web-1", "i")


def test_every_layout(tmp_path: Path) -> None:
    """The same events, whatever stands around the objects."""
    for name, text in pieces([ECS, CLOUD, PLAIN]):
        tables = read(tmp_path, text)
        assert [row["action"] for row in tables["events"]] == ["login", "AssumeRole", None], name
        adds_up(tables)


def test_a_cut_last_line_is_one_reject(tmp_path: Path) -> None:
    """And so is a record without a time."""
    text = "".join(json.dumps(one) + "\n" for one in (ECS, PLAIN, {"a": 1})) + json.dumps(CLOUD)[:50]
    tables = read(tmp_path, text)
    assert [row["record"] for row in tables["events"]] == [1, 2]
    assert [(row["record"], row["reason"][:12]) for row in tables["rejects"]] == [
        (3, "no time that"),
        (4, "no JSON (Unt"),
    ]


def test_keys_that_stand_twice(tmp_path: Path) -> None:
    """The last value counts, none is lost, and the ledger says so."""
    tables = read(tmp_path, '{"time": "2026-03-14T15:09:26Z", "a": 1, "a": 2}\n')
    assert json.loads(tables["events"][0]["fields"]) == {"a": 2, "earlier values of the same key": {"a": [1]}}
    assert "twice" in tables["ledger"][0]["notes"]


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Control characters, NUL, line separators, halves of pairs."""
    message = "a\x00\x1b[31m\r\u2028\ud800'\""
    [event] = read(tmp_path, [PLAIN | {"msg": message, "k\x00": "v\r\n"}])["events"]
    assert event["message"] == message.replace("\ud800", "\ufffd")
    assert json.loads(event["fields"])["k\x00"] == "v\r\n"
    [event] = read(tmp_path, '{"time": "2026-03-14T15:09:26Z", "msg": "raw\tand\x01"}\n')["events"]
    assert event["message"] == "raw\tand\x01"


def test_clock_times_need_a_zone(tmp_path: Path) -> None:
    """With it they are declared; what Windows repeats in autumn is an interval."""
    with pytest.raises(AmbiguousTime, match="2026-03-14 15:09:26"):
        read(tmp_path, [{"time": "2026-03-14 15:09:26"}])
    [event, twice] = read(
        tmp_path, [{"time": "2026-03-14 15:09:26"}, {"time": "2026-10-25 02:30:00"}], zone="Europe/Paris"
    )["events"]
    assert (event["time"], event["zone"], event["time_quality"]) == (
        datetime(2026, 3, 14, 14, 9, 26, tzinfo=UTC),
        "Europe/Paris",
        "declared_zone",
    )
    assert (twice["time"].hour, twice["time_latest"].hour, twice["time_quality"]) == (0, 1, "ambiguous")


def test_what_has_no_time_is_not_accepted(tmp_path: Path) -> None:
    """And what is no JSON is refused where it is named so."""
    assert sure(READER, tmp_path, [ECS, PLAIN, {"a": 1}, {"b": 2}]) == 0.5
    assert sure(READER, tmp_path, [{"updated_by": "2026-03-14T15:09:26Z"}]) == 0
    assert sure(READER, tmp_path, [{"expiry_date": "2026-03-14T15:09:26Z"}]) == 0
    assert sure(READER, tmp_path, [{"seenTime": "2026-03-14T15:09:26Z"}]) == 1
    with pytest.raises(UnknownFormat):
        read(tmp_path, [{"a": 1}, {"a": 2}])
    with pytest.raises(UnreadableFile, match="no JSON"):
        read(tmp_path, "a,b\n1,2\n", "json")


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (ECS, CLOUD, PLAIN)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "json", lines=not content.lstrip().startswith(b"["))


@examples(40)
@given(content=damaged("".join(json.dumps(one, indent=2) + "\n" for one in (ECS, CLOUD, PLAIN)).encode()))
def test_the_ledger_of_records_over_several_lines_adds_up(tmp_path: Path, content: bytes) -> None:
    """In lines, or in records where lines do not tell them apart."""
    holds(tmp_path, content, "json", lines=False)
