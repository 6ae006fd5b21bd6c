"""JSON text made of columns."""

from __future__ import annotations

import json

import polars as pl

from watchfloor.readers.records.jsontext import json_object, json_text, one_object


def test_an_object_has_what_is_there() -> None:
    """Sound JSON whatever names and values hold; null where there is nothing."""
    hostile = 'a "quoted" \\ back\nslash \0 \x1f é'
    frame = pl.DataFrame({"a": [hostile, None, None], "n": [1, 2, None]})
    made = frame.select(json_object({'the "a"': json_text(pl.col("a")), "n": pl.col("n").cast(pl.String)})).to_series()
    assert [json.loads(text) if text else None for text in made] == [{'the "a"': hostile, "n": 1}, {"n": 2}, None]
    assert frame.select(json_object({})).to_series().to_list() == [None]


def test_two_objects_are_one() -> None:
    """As text; a null is none."""
    both = pl.DataFrame({"a": ['{"x":1}', None, '{"x":1}', None], "b": ['{"y":{}}', '{"y":2}', None, None]})
    assert both.select(one_object(pl.col("a"), pl.col("b"))).to_series().to_list() == [
        '{"x":1,"y":{}}',
        '{"y":2}',
        '{"x":1}',
        None,
    ]
