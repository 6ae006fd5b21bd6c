"""JSON records in every layout, their values, and their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpers import rows
from readers.jsonfiles import pieces, written
from watchfloor.errors import UnreadableFile
from watchfloor.instants import instant_of
from watchfloor.jsonvalues import EARLIER, Rest, clean, decoded, has_earlier, integer, text_of, unwrapped
from watchfloor.readers import Options
from watchfloor.readers.intake.files import head
from watchfloor.readers.records.jsonrecords import objects_of, read_json, share_of


def made(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "n" not in found:
        raise ValueError("no n")
    yield "events", {"message": str(found["n"])}


def tables_of(path: Path) -> dict[str, list[dict[str, Any]]]:
    tables = read_json(path, Options(), format="made", tables=("events",), make=made)
    return {name: rows(frame) for name, frame in tables.items()}


def test_every_layout_gives_the_same_records(tmp_path: Path) -> None:
    """Each is seen as its layout, and by the head."""
    objects: list[dict[str, Any]] = [{"n": n, "inner": {"list": [{"n": "x"}]}, "text": "{\n["} for n in range(3)]
    for name, text in pieces(objects):
        path = written(tmp_path, text)
        tables = tables_of(path)
        assert [row["message"] for row in tables["events"]] == ["0", "1", "2"], name
        assert tables["rejects"] == [], name
        assert objects_of(head(path)) == objects, name


def test_records_over_several_lines_are_counted_by_lines(tmp_path: Path) -> None:
    """A damaged one spoils no other."""
    text = '{\n  "n": 1\n}\n{\n  "n": oops\n}\n{\n  "n": 3\n}\n{\n  "n": 4\n}\n{\n  "n'
    tables = tables_of(written(tmp_path, text))
    assert [(row["record"], row["message"]) for row in tables["events"]] == [(1, "1"), (7, "3"), (10, "4")]
    assert [(row["record"], row["lines"]) for row in tables["rejects"]] == [(4, 3), (13, 2)]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_read"], ledger["lines_continued"]) == (14, 3, 6)


def test_a_cut_array_keeps_what_is_whole(tmp_path: Path) -> None:
    """And says that it is partial."""
    tables = tables_of(written(tmp_path, '[{"n": 1}, {"n": 2}, {"n'))
    assert [row["message"] for row in tables["events"]] == ["1", "2"]
    assert [row["text"] for row in tables["rejects"]] == ['{"n']
    assert "breaks off" in tables["ledger"][0]["partial"]
    with pytest.raises(UnreadableFile):
        tables_of(written(tmp_path, "[oops"))


def test_a_broken_record_of_an_array_on_one_line_is_one_reject(tmp_path: Path) -> None:
    """The next one begins with the key that the first one begins with."""
    tables = tables_of(
        written(tmp_path, '[{"n": 1, "a": [{"b": 2}]}, {"n": 2, "a": [{"b": oops}]}, {"n": 3}, {"n": 4}]')
    )
    assert [(row["record"], row["message"]) for row in tables["events"]] == [(1, "1"), (3, "3"), (4, "4")]
    assert [(row["record"], row["text"]) for row in tables["rejects"]] == [(2, '{"n": 2, "a": [{"b": oops}]}')]
    assert tables["ledger"][0]["partial"] is None


def test_an_object_that_holds_the_records(tmp_path: Path) -> None:
    """As the answers of interfaces do."""
    tables = tables_of(written(tmp_path, '{"count": 2,\n "records": [{"n": 1},\n {"n": 2}]}'))
    assert [row["message"] for row in tables["events"]] == ["1", "2"]


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    """The last value counts, the others are kept, and the ledger says so."""
    [found] = decoded('{"n": 1, "n": 2, "m": 3}')
    assert found == {"n": 2, "m": 3, EARLIER: {"n": [1]}}
    assert has_earlier(found)
    tables = tables_of(written(tmp_path, '{"n": 1, "n": 2}\n'))
    assert "twice" in tables["ledger"][0]["notes"]


def test_numbers_keep_their_digits() -> None:
    """Those that a float does not hold are text; NaN says nothing."""
    [found] = decoded('{"a": 9007199254740993, "b": 9007199254740992, "c": 0.12345678901234567, "d": 1e999, "e": NaN}')
    assert found == {
        "a": "9007199254740993",
        "b": 9007199254740992,
        "c": "0.12345678901234567",
        "d": "1e999",
        "e": None,
    }
    [found] = decoded('{"a": ' + "9" * 5000 + "}")
    assert found == {"a": "9" * 5000}


@pytest.mark.parametrize("text", ["", "5", "[1]", '{"a"', '{"a": 1} x', '{"a":' * 10_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    """With a reason, whatever its depth."""
    with pytest.raises(ValueError, match="JSON"):
        decoded(text)


def test_values_are_taken_by_name_or_by_path() -> None:
    """What is not taken is left for the fields."""
    rest = Rest({"a.b": 1, "c": {"d": {"e": "-"}, "f": "x"}, "g": "0x1f", "h": "", "i": True})
    assert rest.integer("a.b") == 1
    assert rest.word("c.d.e", "c.f") == "x"
    assert rest.integer("nowhere", "g") == 31
    assert rest.word("h") is None
    assert rest.word("c") is None
    assert rest.look("i") is True
    assert rest.fields() == '{"c":{"d":{"e":"-"}},"h":"","i":true}'
    assert Rest({"a": {"b": 1}}).text("a") == '{"b": 1}'
    taken = Rest({"a": {"b": 1}})
    assert (taken.take("a.b"), taken.fields()) == (1, None)


def test_what_stores_wrap_around_a_record() -> None:
    """Its own keys come first; an object within a record is none."""
    assert unwrapped({"_index": "i", "_source": {"a": 1}}) == {"a": 1, "_index": "i"}
    assert unwrapped({"preview": False, "result": {"a": 1, "preview": 2}}) == {"a": 1, "preview": 2}
    assert unwrapped({"result": {"b": 1}}) == {"result": {"b": 1}}


def test_values_as_text_and_numbers() -> None:
    """A value that says nothing is null."""
    assert [text_of(value) for value in (None, "", "-", [], {}, 0, False)] == [
        None,
        None,
        None,
        None,
        None,
        "0",
        "false",
    ]
    assert clean("a\udc00") == "a\ufffd"
    assert [integer(value) for value in ("7", " 7 ", 7.0, 7.5, True, "x", 2**63, "0x")] == [7, 7, 7, *[None] * 5]


AT = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written_so", "exact", "quality"),
    [
        ("2026-03-14T15:09:26.535897Z", AT, "exact"),
        ("2026-03-14T16:09:26.535897123+01:00", AT, "exact"),
        ("2026-03-14 16:09:26,535897 +0100", AT, "exact"),
        ("2026-03-14T10:09:26.535897-05", AT, "exact"),
        ("2026-03-14 15:09:26.535897 UTC", AT, "exact"),
        (1773500966, AT.replace(microsecond=0), "unit_inferred"),
        (1773500966.535897, AT, "unit_inferred"),
        (1773500966535, AT.replace(microsecond=535000), "unit_inferred"),
        ("1773500966535897", AT, "unit_inferred"),
        ("14/Mar/2026:16:09:26 +0100", AT.replace(microsecond=0), "exact"),
        ("/Date(1773500966535)/", AT.replace(microsecond=535000), "exact"),
    ],
)
def test_instants(written_so: Any, exact: datetime, quality: str) -> None:
    """ISO 8601 with its offset; numbers by their size; nanoseconds are cut."""
    found = instant_of(written_so)
    assert found is not None
    assert (found.exact, found.quality, found.clock) == (exact, quality, None)


def test_clock_times_have_no_instant() -> None:
    """Unless the format says that they are UTC."""
    found = instant_of("2026-03-14 15:09:26")
    assert found is not None
    assert (found.exact, found.clock) == (None, datetime(2026, 3, 14, 15, 9, 26))
    assert instant_of("2026/03/14 15:09:26") == replace(found, text="2026/03/14 15:09:26")
    utc = instant_of("2026-03-14 15:09:26", utc=True)
    assert utc is not None
    assert (utc.exact, utc.rule) == (AT.replace(microsecond=0), "by the format")


@pytest.mark.parametrize(
    "nothing", ["", "soon", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+05:00", 5, True, None, [], "7"]
)
def test_what_is_no_time(nothing: Any) -> None:
    """Nothing is invented."""
    assert instant_of(nothing) is None


def test_the_share_of_objects_that_fit(tmp_path: Path) -> None:
    """0 where the file is no JSON."""
    assert share_of(head(written(tmp_path, '{"n":1}\n{"m":1}\n')), lambda one: "n" in one) == 0.5
    assert share_of(head(written(tmp_path, "n,m\n1,2\n")), lambda one: True) == 0
