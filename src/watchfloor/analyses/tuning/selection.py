"""The few exclusions that remove most work, none of which hides a case that was an attack or was escalated."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from watchfloor.analyses.tuning.exclusion import Exclusion
from watchfloor.analyses.tuning.gates import Chance, Judged, beyond
from watchfloor.analyses.tuning.work import Work

__all__ = ["Chosen", "select"]

_BREADTH = {0: 0.5, 1: 1.0, 2: 0.97, 3: 0.94}
"""What an exclusion is worth by its number of conditions: none is the whole rule; many are hard to keep."""
_SOLE = 0.5
"""What is left of its worth where its rule alone covers a technique or tactic."""
_SEVERITY = 0.5
"""Severity 100 takes this share of it."""
_WIDTH = {"eq": 1.0, "in": 0.98, "in_network": 0.9, "matches": 0.85, "hours": 0.8}
"""What each kind of condition leaves of it: the wider, the less."""


@dataclass(frozen=True)
class Chosen:
    """An exclusion that was chosen."""

    judged: Judged
    gain: int
    """Useless alerts that it removes beyond those chosen before it."""

    @property
    def exclusion(self) -> Exclusion:
        """What to exclude."""
        return self.judged.candidate.exclusion


def select(work: Work, judged: Sequence[Judged], *, most: int, worth: float) -> tuple[list[Chosen], list[Judged]]:
    """Chosen exclusions, best first, and those that were passed over, with what speaks against them: they would hide a
    case, or what they add to the others may be chance.

    The greedy choice for weighted cover (at least 1 - 1/e of the best that as many could remove: Nemhauser, Wolsey
    and Fisher 1978), lazily: what a candidate removes never grows (Minoux 1978).

    Arguments:
        work: the part that is learned from.
        judged: candidates; those with something against them are passed over.
        most: so many exclusions at most.
        worth: the least number of useless alerts that one must remove beyond the others.
    """
    size = int(work.alerts["row"].max() or 0) + 1  # type: ignore[arg-type]

    def marked(rows: pl.Series) -> pl.Series:
        """Of all rows, which are among these."""
        return pl.Series([0], dtype=pl.UInt8).new_from_index(0, size).scatter(rows, 1)

    alive = marked(work.alerts.filter(work.useless)["row"])
    case_of = dict(work.alerts.filter("protected").select("row", "case").iter_rows())
    left = Counter(case_of.values())
    gone: set[int] = set()
    heap: list[tuple[float, str, int]] = []
    factors = []
    passed = []
    chance = Chance.of(work, [one.candidate for one in judged])
    undone = marked(work.alerts.filter("decided")["row"])
    for number, one in enumerate(judged):
        rule = one.candidate.exclusion.rule
        factors.append(_factor(one) * work.effort.get(rule, 1.0) * (_SOLE if rule in work.sole else 1.0))
        if not one.against:
            heapq.heappush(heap, (-_gain(one, alive) * factors[number], str(one.candidate.exclusion), number))
    chosen: list[Chosen] = []
    while heap and len(chosen) < most:
        score, name, number = heapq.heappop(heap)
        one = judged[number]
        gain = _gain(one, alive)
        now = -gain * factors[number]
        if gain < worth:
            continue
        if now > score and heap and now > heap[0][0]:
            heapq.heappush(heap, (now, name, number))
            continue
        fresh = [row for row in one.touched.to_list() if row not in gone]
        lost = Counter(case_of[row] for row in fresh)
        if any(left[case] <= n for case, n in lost.items()):
            passed.append(replace(one, against="it would hide a case that was an attack or was escalated"))
            continue
        if work.labelled and gain < one.useless:
            doubt = beyond(one, work, chance, gain, _gain(one, undone))
            if doubt:
                passed.append(replace(one, against=doubt))
                continue
        left.subtract(lost)
        gone.update(fresh)
        alive = alive.scatter(one.candidate.rows, 0)
        undone = undone.scatter(one.candidate.rows, 0)
        chosen.append(Chosen(one, gain))
    return chosen, passed


def _gain(one: Judged, alive: pl.Series) -> int:
    return int(alive.gather(one.candidate.rows).cast(pl.Int64).sum())


def _factor(one: Judged) -> float:
    """What breadth, severity, and cases of which a part would be hidden, leave of an exclusion's worth."""
    conditions = one.candidate.exclusion.conditions
    factor = _BREADTH[len(conditions)]
    for condition in conditions:
        factor *= _WIDTH[condition.op]
        if condition.op == "in":
            factor *= 1 - 0.002 * len(condition.value)
    factor *= 1 - _SEVERITY * min(100.0, max(0.0, one.severity or 0.0)) / 100
    return factor * (1 - min(0.9, 10 * one.touched.len() / max(1, one.n)))
