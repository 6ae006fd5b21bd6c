"""JSON lines read by columns are what they are one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from readers.jsonfiles import damaged, written
from watchfloor.errors import WatchfloorError
from watchfloor.readers import Options, jsonlog
from watchfloor.readers.records import jsoncolumns

RECORDS: list[dict[str, Any]] = [
    {
        **{"timestamp": f"2026-03-14T15:09:{n % 60:02}.25Z", "level": "info", "host": {"name": "web-1", "cores": 4}},
        **{"pid": 4000 + n, "user": "anna" if n % 3 else "-", "ok": n % 2 == 0, "none": None},
        **{"client_ip": ["192.0.2.7", "2001:db8::7", "192.0.2.7:443", "::ffff:192.0.2.8", "relay", ""][n % 6]},
        **{"took": n / 4, "proto": ["TCP", "17", "HTTP"][n % 3], "code": ["E1", "0f8fad5b-d9cb-469f"][n % 2]},
        **{"message": 'a "quoted" \\ thing\nä', "url": "/x?a=1"},
    }
    for n in range(12)
]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def both(tmp_path: Path, content: object, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What is read one by one, and by columns; or the error."""
    path = written(tmp_path, content)
    found = []
    for few in (10**9, 0):
        monkeypatch.setattr(jsoncolumns, "_FEW", few)
        try:
            tables = jsonlog.READER.read([path], Options(zone="Europe/Paris"))
            found.append({name: [_told(row) for row in rows(frame)] for name, frame in tables.items()})
        except WatchfloorError as error:
            found.append(str(error))
    return found[0], found[1]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row; the order of keys says nothing in JSON."""
    fields = row.get("fields")
    return row | {"seconds": None} | ({"fields": json.loads(fields)} if fields else {})


def made(tmp_path: Path, content: str) -> int:
    """How many records are read by columns."""
    shape = jsoncolumns._Shape.of(content.split("\n", 1)[0])
    return -1 if shape is None else shape.keys


def test_the_same_as_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts, numbers, truth values, objects within, nulls; addresses with ports, and what is none."""
    one_by_one, by_columns = both(tmp_path, LINES, monkeypatch)
    assert by_columns == one_by_one
    assert len(by_columns["events"]) == len(RECORDS)
    assert made(tmp_path, LINES) == 15


@pytest.mark.parametrize(
    "line",
    [
        '{"time": "2026-03-14T15:09:26Z", "a": 1.50}',
        '{"time": "2026-03-14T15:09:26Z", "a": 12345678901234567890}',
        '{"time": "2026-03-14T15:09:26Z", "a": 1e3}',
        '{"time": "2026-03-14T15:09:26Z", "a": -0}',
        '{"time": "2026-03-14T15:09:26Z", "a": "x", "a": "y"}',
        '{"time": "2026-03-14T15:09:26Z", "a": "x\\ud800"}',
        '{"time": "2026-03-14T15:09:26Z", "a": "\x01"}',
        '{"time": "2026-03-14T15:09:26Z", "a": "b\\": 5"}',
        '{"time": "2026-03-14T15:09:26Z", "a": "x"} {"time": "2026-03-14T15:09:27Z", "a": "y"}',
        '{"time": "2026-03-14T15:09:26Z", "a": "x"} junk',
        '{"time": "2026-03-14T15:09:26Z", "a": [1, "x"]}',
        '{"time": "2026-03-14T15:09:26Z", "a": {}}',
        '{"time": "2026-03-14T15:09:26Z", "a.b(": true}',
        '{"time": "2026-03-14 15:09:26", "a": "x"}',
        '{"time": "2026-10-25 02:30:00", "a": "x"}',
        '{"time": "2026-02-30T15:09:26Z", "a": "x"}',
        '{"time": 1773500966.5, "a": "x"}',
        '{"time": 1773500966, "n": {"id": "1"}, "m": {"id": "2"}}',
        '{"time": "2026-03-14T15:09:26Z", "pid": "0x1f", "src": "10.0.0.999", "dst": "1:2:3"}',
        '{"_index": "i", "_source": {"time": "2026-03-14T15:09:26Z"}}',
        '{"time": "2026-03-14T15:09:26Z", "m": {"x": 1}, "b": "t"}\n'
        '{"time": "2026-03-14T15:09:26Z", "m": {}, "b": "t", "x": 1}',
        '{"time": 1773500966}',
        "{}",
        "[]",
    ],
)
def test_odd_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Alone, and between records that look like them."""
    for text in (
        f"{line}\n" * 3,
        f'{line}\n{{"time": "2026-03-14T15:09:26Z", "a": "x"}}\n{line}\n',
        f"{LINES}{line}\n",
    ):
        one_by_one, by_columns = both(tmp_path, text, monkeypatch)
        assert by_columns == one_by_one


values = st.one_of(
    st.text(max_size=8),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.sampled_from(["192.0.2.7", "192.0.2.7:80", "tcp", "4624", "-", "2026-03-14T15:09:26Z", '": ', "\u2028", "\x7f"]),
    st.dictionaries(st.sampled_from(["id", "name", "ip"]), st.text(max_size=3), max_size=2),
)
names = st.sampled_from(["user", "src_ip", "pid", "proto", "id", "level", "event", "x y", "message", "source", "ts"])


@examples(40)
@given(parts=st.lists(st.dictionaries(names, values, max_size=5), min_size=1, max_size=6))
def test_whatever_records_say(tmp_path: Path, parts: list[dict[str, Any]]) -> None:
    """Records of several kinds, in turn."""
    records = [{"time": "2026-03-14T15:09:26Z"} | part for part in parts]
    with pytest.MonkeyPatch.context() as patch:
        one_by_one, by_columns = both(tmp_path, records * 2, patch)
    assert by_columns == one_by_one


@examples(40)
@given(content=damaged(LINES.encode()))
def test_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Records that are cut and spoilt."""
    with pytest.MonkeyPatch.context() as patch:
        one_by_one, by_columns = both(tmp_path, content, patch)
    assert by_columns == one_by_one
