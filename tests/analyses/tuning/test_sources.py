"""Faults of sources: rules of health, and one source that flags everybody for a day."""

from __future__ import annotations

import polars as pl

from tuning_alerts import Made
from watchfloor.analyses.tuning.exclusion import Condition
from watchfloor.analyses.tuning.remedies import Remedy, named_entities
from watchfloor.analyses.tuning.sources import faults

NONE = pl.Series([], dtype=pl.UInt32)


def _found(made: Made) -> list[Remedy]:
    return list(faults(made.work, named_entities(made.work, NONE), minimum=10))


def test_a_rule_of_health_names_the_source() -> None:
    """The firewall flaps; the proxy did once."""
    made = Made().add("Log source stopped sending", 30, log_source="fw1")
    made.add("Log source stopped sending", 2, log_source="proxy")
    (found,) = _found(made)
    assert (found.kind, found.rows.len(), found.conditions) == (
        "fix_source",
        30,
        (Condition("log_source", "eq", "fw1"),),
    )
    assert "comes and goes" in found.cause
    assert found.doubt == ""


def test_the_only_source_of_a_rule_is_named_too() -> None:
    """Although it is no evidence."""
    (found,) = _found(Made().add("Parser error", 30, log_source="fw1").add("other", 9, log_source="fw2"))
    assert found.conditions == (Condition("log_source", "eq", "fw1"),)
    (found,) = _found(Made().add("Parser error", 30))
    assert found.conditions == ()


def _wide(disposition: str | None) -> Made:
    """Forty hosts raise other rules on ten days; on one of them the sensor raises a new rule for all."""
    made = Made()
    for n in range(40):
        made.add("usual", 10, host=f"pc{n}", log_source="av")
        made.add("New signature", 2, start=120, hours=4, host=f"pc{n}", log_source="ids", disposition=disposition)
    return made


def test_one_source_flags_all_hosts_on_one_day() -> None:
    """Judged useless it is a fault; without verdicts it may be an outbreak."""
    (found,) = _found(_wide("false_positive"))
    assert (found.rule, found.rows.len(), found.conditions) == (
        "New signature",
        80,
        (Condition("log_source", "eq", "ids"),),
    )
    assert found.parameters == {"days": ["2026-03-07"]}
    assert found.doubt == ""
    (found,) = _found(_wide(None))
    assert "outbreak" in found.doubt


def test_what_all_hosts_raise_every_day_is_no_fault() -> None:
    """It is a loud rule."""
    made = Made()
    for n in range(40):
        made.add("usual", 10, host=f"pc{n}", log_source="av")
    assert _found(made) == []
