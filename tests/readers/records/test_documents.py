"""JSON documents give their records, whatever stands around them, and what is whole of cut ones."""

from __future__ import annotations

import json

import pytest

from watchfloor.errors import UnreadableFile
from watchfloor.readers.records.documents import document, flat_names, has_lines, is_literal, loads


@pytest.mark.parametrize(
    ("text", "records", "broken"),
    [
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}], False),
        ("[]", [], False),
        ('{"a": 1}', [{"a": 1}], False),
        ('{"a": 1, "list": [1, 2]}', [{"a": 1, "list": [1, 2]}], False),
        ('{"meta": {}, "data": [{"a": 1}]}', [{"a": 1}], False),
        ('{"a": 1}\n{"a": 2} {"a": 3}', [{"a": 1}, {"a": 2}, {"a": 3}], False),
        ('[{"a": 1}, {"a": 2', [{"a": 1}], True),
        ('[{"a": 1}, {"a": 2}', [{"a": 1}, {"a": 2}], True),
        ('[{"a": 1}, {"a": 2},', [{"a": 1}, {"a": 2}], True),
        ('[{"a": 1}] trailing', [{"a": 1}], True),
        ('{"a": 1}\n{"a": ', [{"a": 1}], True),
        ('[{"a": NaN}]', [{"a": None}], False),
    ],
)
def test_records_of_a_document(text: str, records: list[object], broken: bool) -> None:
    """Arrays, wrapped arrays, single objects, objects in a row; and what is whole of each."""
    found = document(text, "x.json", [])
    assert found.records == records
    assert (found.broken is not None) == broken


def test_what_was_cut_is_kept() -> None:
    """The rest of the text, for the reject."""
    assert document('[{"a": 1}, {"b": 2', "x", []).rest == '{"b": 2'


def test_of_several_lists_the_one_with_the_keys() -> None:
    """Where none or more than one has them, nobody guesses."""
    text = json.dumps({"users": [{"name": "a"}], "cases": [{"id": 1, "title": {"text": "t"}}]})
    assert document(text, "x", [{"id"}, {"title.text"}]).records == [{"id": 1, "title": {"text": "t"}}]
    with pytest.raises(UnreadableFile, match="several lists of objects: users, cases"):
        document(text, "x", [])


def test_an_object_with_the_keys_is_a_record_itself() -> None:
    """A single offense has lists of objects within."""
    one = {"id": 5, "status": "OPEN", "rules": [{"id": 1}]}
    assert document(json.dumps(one), "x", [{"id"}, {"status"}]).records == [one]


@pytest.mark.parametrize("text", ["[{'a': 1}]", "{'a': None}", "[nothing]", "{", '"text"', "5"])
def test_what_is_no_document(text: str) -> None:
    """Python's own print is told apart."""
    with pytest.raises(UnreadableFile) as error:
        document(text, "x.json", [])
    assert ("Python" in str(error.value)) == is_literal(text)


def test_lines_are_told_from_documents() -> None:
    """By whole objects on the lines of the beginning."""
    assert has_lines(['{"a": 1}', '{"a": 2}'])
    assert has_lines(['{"a": ', '{"a": 2}', '{"a": 3}'])
    assert not has_lines(['{"a": 1}'])
    assert not has_lines(["[", '{"a": 1},', '{"a": 2}', "]"])
    assert not has_lines(["{", '"a": 1', "}"])


def test_names_of_fields_within_objects() -> None:
    """With a dot; an empty object is a field itself."""
    assert list(flat_names({"a": {"b": {"c": 1}}, "d": {}, "e": [1]})) == ["a.b.c", "d", "e"]


def test_no_json_says_where() -> None:
    """The character where it stops being JSON."""
    with pytest.raises(ValueError, match="at character 7"):
        loads('{"a": }')
