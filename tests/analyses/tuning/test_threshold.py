"""Thresholds: true alerts that come by the many, false ones that come alone."""

from __future__ import annotations

import polars as pl

from tuning_alerts import Made
from watchfloor.analyses.tuning.remedies import Remedy, named_entities
from watchfloor.analyses.tuning.threshold import thresholds

NONE = pl.Series([], dtype=pl.UInt32)


def _made(bursts: int = 4) -> Made:
    """Two hundred failed logins, each alone in its hour, and bursts of forty in ten minutes that were attacks."""
    made = Made().add("login", 200, hours=400, disposition="false_positive", user="mia")
    for n in range(bursts):
        made.add("login", 40, start=80 * n + 50.0, hours=0.1, case=f"C{n}", disposition="true_positive", user="eve")
    return made


def _found(made: Made, learned: pl.Series | None = None) -> list[Remedy]:
    named = named_entities(made.work, NONE)
    return list(thresholds(named, named["row"] if learned is None else learned, minimum=10))


def test_single_ones_are_noise_and_many_are_an_attack() -> None:
    """Half of the smallest attack is the number; alone in their day are those of mia, at most twelve."""
    (found,) = _found(_made())
    assert (found.kind, found.rule, found.parameters["above"]) == ("threshold", "login", 20)
    window = found.parameters["window_seconds"]
    # Counted again by hand: the first twenty of each user and window.
    held, places = set(), {}
    for row, (alert, fact) in enumerate(zip(_made().rows, _made().facts, strict=True)):
        key = fact["value"], int(alert["created_time"].timestamp()) // window
        places[key] = places.get(key, 0) + 1
        if places[key] <= 20:
            held.add(row)
    assert set(found.rows.to_list()) == held
    assert len(held) == 200 + 4 * 20


def test_one_attack_may_be_chance() -> None:
    """And attacks that come alone allow no number at all."""
    few = Made().add("login", 20, hours=400, disposition="false_positive", user="mia")
    few.add("login", 40, start=50, hours=0.1, disposition="true_positive", user="eve")
    assert _found(few) == []
    assert _found(_made().add("login", 1, start=60, case="alone", disposition="true_positive", user="eve")) == []


def test_without_verdicts_nobody_can_say() -> None:
    """From which number on alerts are worth seeing."""
    assert _found(Made().add("login", 200, hours=400, user="mia").add("login", 40, hours=0.1, user="eve")) == []


def test_learned_on_the_past_and_applied_to_all() -> None:
    """The first half knows two attacks; rows of the second are removed by the same number."""
    made = _made(6)
    work = made.work
    past = work.alerts.sort("time").head(work.alerts.height // 2)["row"]
    (found,) = _found(made, past)
    later = found.rows.filter(~found.rows.is_in(past.implode()))
    assert later.len() > 50
