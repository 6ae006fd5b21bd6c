"""Offenses taken apart: whatever stands in a field costs its own offense at most."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from properties import examples
from watchfloor.mappings.qradar import Offenses

USUAL: dict[str, Any] = {
    "id": 41,
    "description": "Odd\n",
    "status": "OPEN",
    "magnitude": 6,
    "follow_up": False,
    "start_time": 1_759_492_800_250,
    "close_time": None,
    "offense_type": 0,
    "offense_source": "10.1.2.3",
    "categories": ["Login Failed"],
    "destination_networks": [],
    "rules": [{"id": 9, "type": "BUILDING_BLOCK_RULE"}, {"id": 7, "type": "CRE_RULE"}],
    "log_sources": [{"name": "Firewall", "type_name": "x"}, {"name": "Engine", "type_name": "EventCRE"}],
    "source_address_ids": [5],
}
ODD = st.one_of(
    *(st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), st.text(max_size=5), st.just(" ")),
    *(
        st.sampled_from(
            [
                "closed",
                "7",
                "ODD",
                "é",
                "\ud800",
                [],
                {},
                ["x", "\ud800", None],
                [1, "x"],
                ["\ud800é"],
                [{}],
                [{"id": "7"}],
            ]
        ),
    ),
    st.just([{"id": 7, "name": "\ud800"}, {"id": 8, "name": "é"}]),
    st.just([{"id": 7, "name": 5}, {"name": " ", "id": None}]),
)


def taken(records: list[Any]) -> tuple[Offenses, list[tuple[int, str]]]:
    """The offenses, and what was rejected."""
    rejected: list[tuple[int, str]] = []
    return Offenses.of(enumerate(records, 1), lambda number, why, _: rejected.append((number, why))), rejected


@given(st.lists(st.dictionaries(st.sampled_from(sorted(USUAL)), ODD, max_size=2), max_size=6))
@examples(40)
def test_an_odd_offense_costs_no_other(changes: list[dict[str, Any]]) -> None:
    """Whatever stands in their fields; an offense beyond suspicion among them changes nothing."""
    records = [USUAL | change for change in changes]
    together, rejected = taken([*records, USUAL])
    alone = [taken([record]) for record in [*records, USUAL]]
    rows = [one.rows.with_columns(record=pl.lit(number)) for number, (one, _) in enumerate(alone, 1)]
    facts = [one.facts.with_columns(record=pl.lit(number)) for number, (one, _) in enumerate(alone, 1)]
    schema = together.rows.schema
    assert_frame_equal(
        together.rows, pl.concat([row.cast({"record": pl.Int64}).select(schema.names()) for row in rows])
    )
    every = pl.concat([fact.cast({"record": pl.Int64}) for fact in facts])
    order = ("record", "field", "value")
    assert_frame_equal(together.facts.sort(order), every.sort(order))
    assert rejected == [(number, why) for number, (_, whys) in enumerate(alone, 1) for _, why in whys]


def test_a_number_in_text_is_one() -> None:
    """A number in text is the same number."""
    usual, _ = taken([USUAL])
    slow, rejected = taken([USUAL | {"id": "41"}])
    assert rejected == []
    assert_frame_equal(usual.rows, slow.rows)
    order = ("field", "value")
    assert_frame_equal(usual.facts.sort(order), slow.facts.sort(order))
    assert usual.facts.filter(field="rule_id")["value"].to_list() == ["7", "9"]


def test_errors_among_offenses_are_rejects() -> None:
    """And whatever else is none."""
    broken: list[Any] = [{"http_response": {"message": "no"}}, None, [], json.loads("[" * 50 + "]" * 50), "x"]
    offenses, rejected = taken([*broken, USUAL])
    assert offenses.rows["record"].to_list() == [6]
    assert [number for number, _ in rejected] == [1, 2, 3, 4, 5]
