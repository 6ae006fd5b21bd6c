"""Levels that change are found on their day; days that only vary by chance have none."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows
from made_days import NOON, alerts_of, negative_binomial, poisson
from watchfloor.analyses.changes import changes_by_rule, false_discoveries, last_change


def changes(daily: dict[str, list[int]], minimum: int = 10, share: float = 0.05) -> list[dict[str, Any]]:
    """Changes of rules, from their alerts per day."""
    return rows(changes_by_rule(alerts_of(daily), zone="UTC", minimum=minimum, share=share))


def day(number: int) -> date:
    return NOON.date() + timedelta(days=number)


def test_a_level_that_doubles() -> None:
    """40 days, from day 25 on twice as many; before and after are means without the two days that may be cut."""
    dice = random.Random(1)
    daily = [poisson(dice, 20) for _ in range(25)] + [poisson(dice, 40) for _ in range(15)]
    [row] = changes({"a": daily})
    assert row["rule"] == "a"
    assert abs((row["day"] - day(25)).days) <= 1
    cut = (row["day"] - day(0)).days
    assert row["per_day_before"] == pytest.approx(sum(daily[1:cut]) / (cut - 1))
    assert row["per_day_after"] == pytest.approx(sum(daily[cut:-1]) / (39 - cut))
    assert row["change_ratio"] == pytest.approx(row["per_day_after"] / row["per_day_before"])
    assert (row["days_before"], row["days_after"]) == (cut - 1, 39 - cut)
    assert row["chance"] < 0.001
    assert row["one_in"] == round(1 / row["chance"])


def test_a_level_that_changes_twice() -> None:
    """Up and down again: both days, in the order of the calendar under `last_change`."""
    dice = random.Random(2)
    daily = [poisson(dice, mean) for mean in [10] * 40 + [30] * 40 + [10] * 40]
    found = changes_by_rule(alerts_of({"a": daily}), zone="UTC", minimum=10, share=0.05)
    days = sorted(row["day"] for row in rows(found))
    assert len(days) == 2
    assert all(abs((seen - day(made)).days) <= 2 for seen, made in zip(days, (40, 80), strict=True))
    [last] = rows(last_change(found))
    assert last["changed_day"] == days[1]
    assert last["changed_ratio"] < 0.5


def test_the_chance_by_hand() -> None:
    """30 days of which 28 count, 14 low ones and 14 high ones: the ranks part altogether.

    K = 14 * 14 / 2 = 98 in centred ranks, S^2 = 28 * 29 / 12, x = 98 / sqrt(28 S^2) + 0.5826 / sqrt(28). Within the
    halves neighbours are 7 or 6 ranks apart, and days three apart 8 or 5.
    """
    low = [rank for pair in zip(range(1, 8), range(8, 15), strict=True) for rank in pair]
    daily = [1, *low, *(100 + rank for rank in low), 200]
    r = 1 - (2 * (7 * 49 + 6 * 36) / 26) / (2 * (6 * 64 + 5 * 25) / 22)
    x2 = (98 / (28 * 28 * 29 / 12) ** 0.5 + 0.5826 / 28**0.5) ** 2
    [row] = changes({"a": daily}, share=0.01)
    assert row["day"] == day(15)
    assert row["chance"] == pytest.approx(2 * math.exp(-2 * x2 * (1 - r) / (1 + r)))


def test_one_loud_day_is_no_change() -> None:
    """Ten thousand alerts on one day, or on two, are one or two ranks."""
    assert changes({"a": [5] * 20 + [10_000] + [5] * 20, "b": [5, 6] * 10 + [9_000, 9_000] + [5, 6] * 10}) == []


def test_a_week_has_no_change() -> None:
    """Nothing on Saturdays and Sundays, eight weeks long."""
    assert changes({"a": ([20] * 5 + [0] * 2) * 8}) == []


def test_few_days_and_few_alerts_are_not_asked() -> None:
    """Five days, or nine alerts."""
    assert changes({"a": [1, 1, 100, 100, 100]}) == []
    assert changes({"a": [0] * 20 + [1] * 9 + [0], "b": [1] * 30}, minimum=10) == []
    assert changes({}) == []


@pytest.mark.parametrize(
    ("kind", "days"),
    [("poisson 0.3", 60), ("poisson 3", 30), ("poisson 40", 60), ("bursts 5", 30), ("bursts 50", 60)],
)
def test_constant_days_have_no_change(kind: str, days: int) -> None:
    """400 rules that vary by chance alone, asked at 5 %: Poisson days and days of bursts (negative binomial).

    Together, as rules are asked, next to none; a rule asked alone, without the others, in at most 5 % (and the spread).
    """
    dice = random.Random(3)
    mean = float(kind.split()[1])
    draw = (lambda: poisson(dice, mean)) if kind.startswith("poisson") else (lambda: negative_binomial(dice, mean, 0.7))
    daily = {f"rule {n}": [draw() for _ in range(days)] for n in range(400)}
    assert len({row["rule"] for row in changes(daily | {"every day": [1] * days}, minimum=1)}) <= 1
    alone = [bool(changes({name: [1, *counts, 1]}, minimum=1)) for name, counts in list(daily.items())[:100]]
    assert sum(alone) <= 0.05 * 100 + 2 * (0.05 * 0.95 * 100) ** 0.5


def test_planted_changes_are_found_among_many() -> None:
    """20 of 200 rules triple half way through 60 days of bursts: most are found, on about their day, few others."""
    dice = random.Random(4)
    daily = {f"same {n}": [negative_binomial(dice, 20, 3) for _ in range(60)] for n in range(180)}
    for n in range(20):
        daily[f"new {n}"] = [negative_binomial(dice, 20 if at < 30 else 60, 3) for at in range(60)]
    found = changes(daily)
    right = [row for row in found if row["rule"].startswith("new")]
    assert len({row["rule"] for row in right}) >= 18
    assert sum(abs((row["day"] - day(30)).days) <= 3 for row in right) >= 0.8 * len(right)
    assert len(found) - len(right) <= 0.1 * len(found)


def test_false_discoveries_by_hand() -> None:
    """Benjamini and Hochberg's own example (1995, section 4): four of fifteen stand at 5 %."""
    chances = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    assert false_discoveries(pl.Series(chances), 0.05) == 0.0095
    assert false_discoveries(pl.Series([0.5, 0.9]), 0.05) == 0
    assert false_discoveries(pl.Series([], dtype=pl.Float64), 0.05) == 0
