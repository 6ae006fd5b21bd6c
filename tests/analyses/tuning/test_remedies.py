"""Remedies: bursts grouped, repeats held back, two rules that see one event merged."""

from __future__ import annotations

import polars as pl

from tuning_alerts import Made
from watchfloor.analyses.tuning.remedies import merges, named_entities, remedies

NONE = pl.Series([], dtype=pl.UInt32)


def test_a_burst_becomes_one_alert_per_entity() -> None:
    """A thousand in ten minutes from two addresses leave two."""
    made = Made().add("r", 500, hours=0.1, src_ip="10.0.0.1").add("r", 500, hours=0.1, src_ip="10.0.0.2")
    found = list(remedies(named_entities(made.work, NONE), minimum=10))
    assert [(one.kind, one.rule, one.rows.len()) for one in found] == [("group", "r", 998)]


def test_repeats_within_the_hour() -> None:
    """Four in each hour from one host: one is enough."""
    found = list(remedies(named_entities(Made().add("r", 400, hours=100, host="a").work, NONE), minimum=10))
    assert [(one.kind, one.rows.len()) for one in found] == [("suppress", 300)]


def test_what_is_excluded_already_needs_no_other_remedy() -> None:
    """Rows that are gone do not count."""
    work = Made().add("r", 400, hours=100, host="a").work
    assert list(remedies(named_entities(work, work.alerts["row"]), minimum=10)) == []


def test_two_rules_that_see_one_event() -> None:
    """The same second, the same host: either could go. A rule with a second life of its own is kept."""
    made = Made().add("a", 50, host="x").add("b", 50, host="x").add("c", 50, host="x").add("c", 50, start=300, host="x")
    found = list(merges(named_entities(made.work, NONE), minimum=10, left_out=set()))
    assert [(one.rule, one.other, one.rows.len()) for one in found] == [("a", "b", 50)]
    assert list(merges(named_entities(made.work, NONE), minimum=10, left_out={"b"})) == []
