"""What a console answers, told apart: what may be asked again, what not; totals, waits, JSON of any kind."""

from __future__ import annotations

import contextlib
import email.utils
import json
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.sources import answers
from watchfloor.sources.client import Size
from watchfloor.sources.qradar.answers import Removed, check, content_range
from watchfloor.sources.qradar.scan import OVERLAP_MS, Mark, Scan
from watchfloor.sources.qradar.versions import choose


@pytest.mark.parametrize(
    ("said", "total"),
    [
        ("items 0-49/1234", 1234),
        ("items */3", 3),
        ("items 0--1/0", 0),
        ("items 0-49/*", None),
        ("", None),
        (None, None),
        ("items=0-4/9 ", 9),
    ],
)
def test_totals_in_all_spellings(said: str | None, total: int | None) -> None:
    """As consoles and what stands between write them."""
    assert content_range(said) == total


def body(status: int, code: int, message: str) -> bytes:
    """An error as the API writes it."""
    general = {"code": status, "message": "general"}
    return json.dumps({"http_response": general, "code": code, "message": message, "details": {}}).encode()


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (401, 18, "You are unauthorized to access the requested resource.", answers.Denied),
        (403, 26, "User has insufficient capabilities to access this endpoint resource", answers.Forbidden),
        (404, 1002, "The offense does not exist", answers.Gone),
        (404, 4, "Relative path (/x) is not a known endpoint resource.", answers.Gone),
        (410, 1, "removed", answers.Gone),
        (422, 8, "Version (3.0) from header parameter (Version) has been removed and is no longer", Removed),
        (422, 1010, "the filter", answers.Refused),
        (409, 1008, "state", answers.Refused),
        (420, 1, "does not support one or more of the given parameters", answers.Refused),
        *((status, 1, "later", answers.Temporary) for status in (408, 425, 429, 500, 502, 503, 504, 550)),
    ],
)
def test_only_what_may_be_asked_again_is(status: int, code: int, message: str, kind: type[Exception]) -> None:
    """By status; the words of the error are kept."""
    with pytest.raises(kind, match=message[:10].replace("(", r"\(")):
        check(status, {"content-type": "application/json"}, body(status, code, message))


def test_a_good_status_is_no_good_answer_yet() -> None:
    """Broken JSON may be asked again, a web page not; 416 is the end of a list."""
    with pytest.raises(answers.Temporary):
        check(200, {"content-type": "application/json"}, b'[{"id":1},{"http_response":{"code":500}}')
    with pytest.raises(answers.Refused):
        check(200, {"content-type": "text/html;charset=UTF-8"}, b"<html>Application error</html>")
    assert check(416, {}, b"") == []


def test_retry_after() -> None:
    """Seconds, a date, a date that has passed, nonsense."""
    assert answers.wait_of("120") == 120
    assert 50 < (answers.wait_of(email.utils.formatdate(time.time() + 60, usegmt=True)) or 0) < 61
    assert answers.wait_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert answers.wait_of("soon") is answers.wait_of(None) is answers.wait_of("") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@examples(80)
@given(JSON, st.randoms())
def test_equal_objects_are_equal_text(value: object, dice: Random) -> None:
    """Whatever the order of their keys; and the text says the same."""

    def shuffled(one: object) -> object:
        if isinstance(one, dict):
            keys = list(one)
            dice.shuffle(keys)
            return {key: shuffled(one[key]) for key in keys}
        return [shuffled(two) for two in one] if isinstance(one, list) else one

    text = answers.canonical(value)
    assert answers.canonical(shuffled(value)) == text
    assert answers.loads(text.encode()) == answers.loads(json.dumps(value).encode())


@examples(60)
@given(st.binary())
def test_any_bytes_are_json_or_a_value_error(raw: bytes) -> None:
    """Never another error."""
    with contextlib.suppress(ValueError):
        answers.canonical(answers.loads(raw))


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'["\xff"]', b'["\\ud800"]'])
def test_json_that_breaks_readers(raw: bytes) -> None:
    """Depth is no JSON to us; bytes that are not UTF-8 and lone surrogates are."""
    try:
        assert answers.canonical(answers.loads(raw)).isascii() or b"\xff" in raw
    except ValueError as error:
        assert raw[:2] not in (b'["',), error


def versions(**said: str) -> list[dict[str, object]]:
    return [
        {"version": one, "deprecated": what == "deprecated", "removed": what == "removed"}
        for what, text in said.items()
        for one in text.split()
    ]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (versions(living="18.0 19.0 20.0 21.0"), "20.0"),
        (versions(removed="20.0", living="23.0 24.0 25.0"), "25.0"),
        (versions(removed="20.0", deprecated="25.0", living="23.0 24.0"), "24.0"),
        (versions(deprecated="20.0 21.0"), "21.0"),
        (versions(living="12.0 13.0 13.1 14.0"), "14.0"),
        (versions(living="25.0 26.0 27.0 99.0"), "26.0"),
        (versions(living="30.0 31.0"), "31.0"),
        (versions(removed="3.0"), None),
        ([], None),
        ({"no": "list"}, None),
        ([{"version": "nonsense"}, None, {"version": "19.0"}], "19.0"),
    ],
)
def test_the_version_that_is_chosen(offered: object, chosen: str | None) -> None:
    """The usual one while it lives; else the newest known one, those that are deprecated last."""
    assert choose(offered) == chosen


def test_a_page_size_halves_and_grows_again() -> None:
    """Down to 25; back after 8 good pages; not again to a size that failed right after it grew."""
    size = Size(500)
    for rows in (250, 125, 62, 31, 25, 25):
        size.pressed()
        assert size.rows == rows
    for _ in range(Size.PEACE):
        size.relieved()
    assert size.rows == 50
    size.pressed()
    assert size.rows == 25
    for _ in range(3 * Size.PEACE):
        size.relieved()
    assert size.rows == 25


def test_a_walk_begins_with_all_and_goes_on_with_what_changed() -> None:
    """Two times with an overlap, and what is newer than the largest id; but never later than when the walk began."""
    names = ("last_persisted_time", "close_time")
    first = Scan.begin(None, names, 1_000_000_000, None)
    assert (first.also, first.last) == ("", -1)
    row = {"last_persisted_time": 990_000_000, "close_time": None}
    after = first.after([row, {"last_persisted_time": 1_100_000_000, "close_time": 980_000_000}], names, 7)
    mark = after.end()
    assert mark == Mark({"last_persisted_time": 1_000_000_000, "close_time": 980_000_000}, 7, None)
    second = Scan.begin(mark, names, 2_000_000_000, None)
    persisted, closed = 1_000_000_000 - OVERLAP_MS, 980_000_000 - OVERLAP_MS
    assert second.also == f"(last_persisted_time >= {persisted} or close_time >= {closed} or id >= 8)"
    assert second.end() == mark  # nothing came: nothing moves back


def test_a_wider_scope_walks_over_all_again() -> None:
    """`--since` first, without it later; and the other way round nothing is asked twice."""
    narrow = Scan.begin(None, ("close_time",), 10, 5)
    assert narrow.also == "(start_time >= 5 or close_time >= 5)"
    mark = narrow.after([{"close_time": 8}], ("close_time",), 3).end()
    assert Scan.begin(mark, ("close_time",), 20, None).also == ""
    assert "id >= 4" in Scan.begin(mark, ("close_time",), 20, 6).also
    assert Scan.begin(Mark({}, 3, None), ("close_time",), 20, 6).also == "(id >= 4)"
    assert Scan.begin(Mark({}, 3, None), (), 20, None).also == ""  # no times that say what changed: all again
