"""What a candidate must be before it may be excluded: useless beyond chance where there are verdicts, and steady."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from watchfloor.analyses.tuning.candidates import Candidate
from watchfloor.analyses.tuning.remedies import grouped_by_nature
from watchfloor.analyses.tuning.work import FOLDS, Work

__all__ = ["Judged", "judge", "upper_bound"]

_BURST = 0.35
"""An hour that holds a larger share of the alerts is a burst: an attack, or a fault that is over."""
_FOLDS = FOLDS - 1
"""So many parts of the time must have alerts, the last one among them."""
_ALPHA = 0.05
"""Of finding anything at all where verdicts fell by chance, over all candidates together (Bonferroni)."""


@dataclass(frozen=True)
class Judged:
    """A candidate with what speaks for it and against it."""

    candidate: Candidate
    n: int
    useless: int
    positive: int
    decided: int
    touched: pl.Series
    """Its rows whose cases were attacks or escalated."""
    against: str
    """Why it is not excluded; empty where nothing speaks against it."""


def judge(work: Work, found: Sequence[Candidate]) -> list[Judged]:
    """Candidates with a verdict each.

    With verdicts: the share of useless alerts must be above that of all alerts, by the exact binomial tail, at 5 %
    over all candidates together. Without: what a rule's alerts are is told by how they come: in at least three of
    four parts of the time, the last among them, and not in one burst.
    """
    alerts = work.alerts.sort("row")
    place = alerts["row"]
    n_rows = alerts.height
    dense = n_rows == 0 or (place[0] == 0 and place[n_rows - 1] == n_rows - 1)
    index = None if dense else place
    decided_all = int(alerts["decided"].sum())
    base = int(alerts["useless"].sum()) / decided_all if decided_all else 0.0
    tested = sum(c.picked for c in found) or 1
    seconds = alerts["time"].dt.epoch("s")
    first, last = pl.DataFrame({"s": seconds}).select(pl.col("s").min(), last=pl.col("s").max()).row(0)
    fold = ((seconds - (first or 0)) * FOLDS // ((last or 0) - (first or 0) + 1)).cast(pl.UInt8)
    columns = {name: alerts[name] for name in ("useless", "positive", "decided", "protected", "hour")}
    judged = []
    for candidate in found:
        at = candidate.rows if index is None else index.search_sorted(candidate.rows)
        sums = {name: int(columns[name].gather(at).sum()) for name in ("useless", "positive", "decided")}
        n = at.len()
        touched = candidate.rows.filter(columns["protected"].gather(at)) if work.labelled else candidate.rows.clear()
        cause = grouped_by_nature(candidate.exclusion.rule)
        against = f"{cause}: grouped, never excluded" if cause else ""
        if not against and work.labelled:
            against = _chance(sums, base, tested)
        against = against or _steady(fold.gather(at), columns["hour"].gather(at), n)
        judged.append(Judged(candidate, n, **sums, touched=touched, against=against))
    return judged


def _chance(sums: dict[str, int], base: float, tested: int) -> str:
    decided, useless = sums["decided"], sums["useless"]
    p = binomial_tail(useless, decided, base) if decided else 1.0
    if p * tested <= _ALPHA:
        return ""
    if not decided:
        return "nobody judged any of them"
    return f"{useless} of {decided} judged ones were useless, and {base:.0%} of all alerts are: that may be chance"


def _steady(fold: pl.Series, hour: pl.Series, n: int) -> str:
    folds = fold.n_unique()
    if not (fold == FOLDS - 1).any():
        return "it stopped: none of them came in the last quarter of the time"
    if folds < _FOLDS:
        return f"it is new or rare: they came in {folds} of {FOLDS} quarters of the time"
    top: int = hour.value_counts().sort("count")["count"][-1]
    if top > _BURST * n:
        return f"one hour holds {top / n:.0%} of them: a burst is grouped, not excluded"
    return ""


def binomial_tail(successes: int, n: int, p: float) -> float:
    """The chance of at least so many successes in n tries, exact, summed in logarithms."""
    if successes <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    log_p, log_q = math.log(p), math.log1p(-p)
    total = 0.0
    term = math.lgamma(n + 1) - math.lgamma(successes + 1) - math.lgamma(n - successes + 1)
    term += successes * log_p + (n - successes) * log_q
    for k in range(successes, n + 1):
        added = math.exp(term)
        total += added
        if k > n * p and added < total * 1e-17:
            break
        if k < n:
            term += math.log(n - k) - math.log(k + 1) + log_p - log_q
    return min(1.0, total)


def upper_bound(positive: int, decided: int) -> float | None:
    """The share of true alerts that such an exclusion may hide, at 95 %: 3 / n where none was seen (the rule of three,
    Hanley and Lippman-Hand 1983), else by Wilson's score; null where nobody judged.
    """
    if not decided:
        return None
    if positive == 0:
        return min(1.0, 3 / decided)
    z = 1.6448536269514722
    share = positive / decided
    centre = share + z * z / (2 * decided)
    half = z * math.sqrt(share * (1 - share) / decided + z * z / (4 * decided * decided))
    return min(1.0, (centre + half) / (1 + z * z / decided))
