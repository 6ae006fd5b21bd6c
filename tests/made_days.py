"""Made days for the tests of trend, change and silence: counts that are constant but for chance, and their alerts."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from watchfloor.schemas import ALERTS

NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)


def poisson(dice: random.Random, mean: float) -> int:
    """A number of events that come independently of one another."""
    if mean > 500:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        n += 1
    return n


def negative_binomial(dice: random.Random, mean: float, size: float) -> int:
    """The same with a mean that varies from day to day: bursts, the more of them the smaller the size."""
    return poisson(dice, dice.gammavariate(size, mean / size))


def alerts_of(daily: Mapping[str, Sequence[int]], **constants: Any) -> pl.LazyFrame:
    """Alerts of rules, from the number of each on each day, all at noon."""
    pairs = [(rule, day, n) for rule, counts in daily.items() for day, n in enumerate(counts) if n]
    frame = pl.DataFrame(
        {"rule": [rule for rule, _, _ in pairs], "created_time": [NOON + timedelta(days=day) for _, day, _ in pairs]}
    )
    each = pl.Series([n for _, _, n in pairs], dtype=pl.UInt32)
    return ALERTS.fill(
        frame.select(pl.all().repeat_by(each)).explode("rule", "created_time", empty_as_null=False), **constants
    )
