"""An arrow only where the interval leaves no room for no change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from helpers import rows, table
from made_days import alerts_of, negative_binomial, poisson
from watchfloor.analyses.trend import trend_by_rule
from watchfloor.schemas import ALERTS

Z = 1.959964
NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)


def trend(minimum: int = 10, steady: float = 2.0, zone: str = "UTC", **daily: list[int]) -> dict[str, dict[str, Any]]:
    """Trends of rules, from the number of alerts on each day."""
    pairs = [
        (rule, NOON + timedelta(days=day))
        for rule, counts in daily.items()
        for day, n in enumerate(counts)
        for _ in range(n)
    ]
    alerts = table(ALERTS, rule=[rule for rule, _ in pairs], created_time=[time for _, time in pairs])
    answer = rows(trend_by_rule(alerts, zone=zone, minimum=minimum, z=Z, steady=steady))
    return {row.pop("rule"): row for row in answer}


def test_rising_falling_steady() -> None:
    """28 days: a rule that doubles, one that halves, one that stays."""
    seen = trend(up=[5] * 14 + [10] * 14, down=[10] * 14 + [5] * 14, flat=[8, 7] * 14)
    assert {rule: row["trend"] for rule, row in seen.items()} == {"up": "rising", "down": "falling", "flat": "steady"}
    assert [seen[rule]["trend_ratio"] for rule in ("up", "down", "flat")] == [2.0, 0.5, 1.0]
    for row in seen.values():
        assert row["trend_low"] < row["trend_ratio"] < row["trend_high"]


def test_the_interval_by_hand() -> None:
    """70 and 140 alerts, one day like the other, 26 degrees of freedom: t = 2.056, Wilson's interval of 140 in 210."""
    row = trend(up=[5] * 14 + [10] * 14)["up"]
    t, n, p = 2.056, 210, 140 / 210
    centre, half = p + t**2 / (2 * n), t * (p * (1 - p) / n + t**2 / (4 * n**2)) ** 0.5
    low, high = ((centre + sign * half) / (1 + t**2 / n) for sign in (-1, 1))
    assert row["trend_low"] == pytest.approx(low / (1 - low), rel=1e-3)
    assert row["trend_high"] == pytest.approx(high / (1 - high), rel=1e-3)


def test_a_burst_is_no_trend() -> None:
    """2,000 alerts on one day of the last half: nobody can tell, however large the ratio."""
    row = trend(burst=[1] * 10 + [1] * 5 + [2000] + [1] * 4)["burst"]
    assert row["trend_ratio"] == pytest.approx(200.9)
    assert row["trend"] is None
    assert row["trend_low"] < 1


def test_silent_days_count() -> None:
    """A rule that fires in the last half alone, a few times every day, is rising; its ratio has no upper end."""
    row = trend(new=[0] * 10 + [4] * 10, other=[1] * 20)["new"]
    assert (row["trend"], row["trend_ratio"]) == ("rising", None)
    assert row["trend_low"] > 1
    gone = trend(gone=[4] * 10 + [0] * 10, other=[1] * 20)["gone"]
    assert (gone["trend"], gone["trend_ratio"], gone["trend_low"]) == ("falling", 0.0, 0.0)


def test_no_trend_below_the_minimum_or_in_few_days() -> None:
    """9 alerts, or 3 days, give nothing at all."""
    nothing = {"trend": None, "trend_ratio": None, "trend_low": None, "trend_high": None}
    assert trend(few=[0] * 10 + [1] * 9 + [0], other=[1] * 20)["few"] == nothing
    assert trend(short=[100, 100, 400])["short"] == nothing
    assert trend(four=[100, 100, 400, 400])["four"]["trend"] == "rising"


def test_an_odd_day_in_the_middle_is_left_out() -> None:
    """5 days: the third counts for neither half."""
    assert trend(a=[10, 10, 9999, 10, 10])["a"]["trend_ratio"] == 1.0


def test_steady_is_a_threshold() -> None:
    """A change by half is ruled in or out by what the caller calls steady."""
    daily = [20, 22] * 7 + [24, 26] * 7
    assert trend(a=daily, steady=2.0)["a"]["trend"] == "rising"
    flat = [8, 7] * 14
    assert trend(a=flat, steady=1.01)["a"]["trend"] is None


def test_alerts_without_a_rule_or_a_time() -> None:
    """The first are a group of their own, the second in no day."""
    alerts = table(ALERTS, rule=[None] * 40, created_time=[NOON + timedelta(days=day // 2) for day in range(40)])
    answer = rows(trend_by_rule(alerts, zone="UTC", minimum=10, z=Z, steady=2))
    assert [(row["rule"], row["trend"]) for row in answer] == [(None, "steady")]
    untimed = table(ALERTS, rule=["a"], created_time=[None])
    assert rows(trend_by_rule(untimed, zone="UTC", minimum=10, z=Z, steady=2)) == []


@pytest.mark.parametrize("days", [14, 30])
@pytest.mark.parametrize("size", [None, 1.0, 0.3])
def test_constant_days_have_no_trend(days: int, size: float | None) -> None:
    """Of 1,000 rules that vary by chance alone at most 5 % (and the spread of that) are called rising or falling."""
    dice = random.Random(6)
    daily = {
        f"rule {n}": [negative_binomial(dice, 20, size) if size else poisson(dice, 20) for _ in range(days)]
        for n in range(1000)
    }
    alerts = alerts_of(daily | {"every day": [1] * days})
    found = rows(trend_by_rule(alerts, zone="UTC", minimum=10, z=Z, steady=2))
    moving = sum(row["trend"] in ("rising", "falling") for row in found)
    assert moving <= 0.05 * 1000 + 2 * (0.05 * 0.95 * 1000) ** 0.5


def test_rules_that_triple_are_seen() -> None:
    """Even where they come in bursts: most of 200 over 60 days."""
    dice = random.Random(7)
    daily = {f"r{n}": [negative_binomial(dice, 20 if at < 30 else 60, 2) for at in range(60)] for n in range(200)}
    found = rows(trend_by_rule(alerts_of(daily), zone="UTC", minimum=10, z=Z, steady=2))
    assert sum(row["trend"] == "rising" for row in found) >= 180
