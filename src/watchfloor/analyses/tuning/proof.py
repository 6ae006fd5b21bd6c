"""What exclusions do to alerts that they were not learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from watchfloor.analyses.tuning.exclusion import Exclusion, matching
from watchfloor.analyses.tuning.gates import upper_bound
from watchfloor.analyses.tuning.work import FOLDS, Work

__all__ = ["Proof", "Step", "applied", "backtest", "folds_of"]

Learn = Callable[[Work], Sequence[Exclusion]]


@dataclass(frozen=True)
class Step:
    """What one exclusion does beyond those before it."""

    removed: int
    hidden: int
    """Cases that were attacks or escalated, of which nothing is left."""
    partly: int
    """Cases of which something is removed for the first time, and something left."""
    upper_bound: float | None
    """The share of true alerts that it may hide, at 95 %."""
    rows: pl.Series
    """All alerts that it matches, sorted."""


@dataclass(frozen=True)
class Proof:
    """What was learned again on shorter pasts, and applied to what came after."""

    removed: dict[object, int]
    """By the exclusion's shape: alerts removed in the parts of the time that followed."""
    chosen: dict[object, int]
    """In how many of the pasts it was chosen."""
    pasts: int
    alerts: int
    """In the parts that followed."""


def applied(work: Work, exclusions: Sequence[Exclusion]) -> list[Step]:
    """Each exclusion in turn on alerts, in one pass over each rule."""
    rules = [exclusion.rule for exclusion in exclusions]
    alerts = work.alerts.filter(pl.col("rule").is_in(rules))
    facts = work.facts.filter(pl.col("rule").is_in(rules))
    size = int(work.alerts["row"].max() or 0) + 1 if work.alerts.height else 1  # type: ignore[arg-type]
    alive = pl.Series([1], dtype=pl.UInt8).new_from_index(0, size)
    protected = work.alerts.filter("protected").select("row", "case")
    case_of = dict(protected.iter_rows())
    left = Counter(case_of.values())
    touched: set[int] = set()
    steps = []
    for exclusion in exclusions:
        rows = matching(exclusion, alerts, facts)
        fresh = rows.filter(alive.gather(rows) == 1)
        lost = Counter(case_of[row] for row in fresh.filter(fresh.is_in(protected["row"].implode())).to_list())
        left.subtract(lost)
        hidden = sum(1 for case in lost if left[case] == 0)
        partly = sum(1 for case in lost if left[case] and case not in touched)
        touched.update(lost)
        alive = alive.scatter(rows, 0)
        mine = alerts.filter(pl.col("row").is_in(rows.implode()))
        bound = upper_bound(int(mine["positive"].sum()), int(mine["decided"].sum()))
        steps.append(Step(fresh.len(), hidden, partly, bound, rows))
    return steps


def folds_of(work: Work) -> list[datetime]:
    """Where the parts of the time begin, but the first."""
    times = work.alerts["time"]
    start, end = times.min(), times.max()
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return []
    part = (end - start + timedelta(microseconds=1)) / FOLDS
    return [start + part * k for k in range(1, FOLDS)]


def backtest(work: Work, learn: Learn) -> Proof:
    """Rolling origin: learned on the first half, proven on the third quarter; on three quarters, proven on the last.

    Tashman 2000: each forecast is made with what was known then. An exclusion of a later past is the same where rule
    and conditions are, but for values that a list gained.
    """
    removed: Counter[object] = Counter()
    chosen: Counter[object] = Counter()
    alerts = pasts = 0
    origins: list[datetime | None] = [*folds_of(work)[1:], None]
    for origin, end in pairwise(origins):
        if origin is None:
            continue
        past = work.before(origin)
        future = work.after(origin, end)
        exclusions = list(learn(past))
        pasts += 1
        alerts += future.alerts.height
        chosen.update(exclusion.shape() for exclusion in exclusions)
        for exclusion, step in zip(exclusions, applied(future, exclusions), strict=True):
            removed[exclusion.shape()] += step.removed
    return Proof(dict(removed), dict(chosen), pasts, alerts)
