"""A rule that fired every day and stopped is named, with how sure that is; one that fires now and then is not."""

from __future__ import annotations

import random
from datetime import timedelta
from math import comb

import polars as pl
import pytest

from helpers import rows
from made_days import NOON, alerts_of, negative_binomial, poisson
from watchfloor.analyses.silence import chance_of_silence, silent_rules
from watchfloor.schemas import ALERTS


def test_a_rule_that_stopped() -> None:
    """30 days with 3 alerts each, then 9 days without; the last day, which may be cut, is not counted."""
    daily = {"gone": [3] * 30 + [0] * 10, "other": [5] * 40}
    [row] = rows(silent_rules(alerts_of(daily, system="s"), zone="UTC", minimum=10, share=0.05))
    assert row["rule"] == "gone"
    assert row["last_time"] == NOON + timedelta(days=29)
    assert (row["silent_days"], row["longest_pause_days"], row["active_days"], row["days"]) == (9, 0, 30, 39)
    assert row["alerts"] == 90
    assert row["expected_alerts"] == pytest.approx(27)
    assert row["chance"] == pytest.approx(1 / comb(39, 30))
    assert row["one_in"] == 1_000_000


def test_the_chance_is_hypergeometric() -> None:
    """5 of 20 days, the last 4 of them empty: C(16, 5) / C(20, 5)."""
    assert chance_of_silence(5, 20, 4) == pytest.approx(comb(16, 5) / comb(20, 5))
    assert chance_of_silence(5, 20, 0) == pytest.approx(1)
    assert chance_of_silence(5, 8, 4) == 0


def test_a_rule_that_fires_now_and_then_is_not_silent() -> None:
    """Once in ten days: nine days without are nothing; nor is a pause as long as one before."""
    rare = [1 if day % 10 == 0 else 0 for day in range(40)]
    again = [3] * 12 + [0] * 9 + [3] * 10 + [0] * 9
    answer = silent_rules(alerts_of({"rare": rare, "again": again, "x": [1] * 40}), zone="UTC", minimum=4, share=0.05)
    assert rows(answer) == []


@pytest.mark.parametrize("mean", [0.1, 0.5, 3.0])
def test_constant_rules_are_not_silent(mean: float) -> None:
    """300 Poisson rules and 300 of bursts over 60 days: next to none is called silent."""
    dice = random.Random(5)
    daily = {f"p{n}": [poisson(dice, mean) for _ in range(60)] for n in range(300)}
    daily |= {f"b{n}": [negative_binomial(dice, mean, 0.5) for _ in range(60)] for n in range(300)}
    found = silent_rules(alerts_of(daily | {"x": [1] * 60}), zone="UTC", minimum=2, share=0.05).collect()
    assert found.height <= 1


def test_silent_for_one_client_only() -> None:
    """Its log source stopped there; the other client's goes on. The rule as a whole is not silent."""
    north = alerts_of({"a": [2] * 20 + [0] * 10, "b": [4] * 30}, client="north", system="s")
    south = alerts_of({"a": [2] * 30}, client="south", system="s")
    found = rows(silent_rules(pl.concat([north, south]), zone="UTC", minimum=10, share=0.05))
    assert [(row["rule"], row["client"], row["silent_days"]) for row in found] == [("a", "north", 9)]


def test_an_export_that_ended_earlier_is_not_silence() -> None:
    """Of each system's alerts the last day is the end."""
    old = alerts_of({"a": [2] * 20}, system="old")
    new = alerts_of({"b": [2] * 40}, system="new")
    assert rows(silent_rules(pl.concat([old, new]), zone="UTC", minimum=10, share=0.05)) == []


def test_no_alerts_no_times() -> None:
    """No rows, no error."""
    assert rows(silent_rules(ALERTS.empty(), zone="UTC", minimum=10, share=0.05)) == []
    timeless = ALERTS.fill(pl.LazyFrame({"rule": ["a"] * 20}))
    assert rows(silent_rules(timeless, zone="UTC", minimum=10, share=0.05)) == []
