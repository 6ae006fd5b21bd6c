"""What a candidate must be before it may be excluded: useless beyond chance where there are verdicts, and steady."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from watchfloor.analyses.intervals import wilson, z_of
from watchfloor.analyses.tuning.candidates import Candidate
from watchfloor.analyses.tuning.natures import fault_by_nature, grouped_by_nature
from watchfloor.analyses.tuning.work import FOLDS, Work

__all__ = ["SEVERE", "Chance", "Judged", "beyond", "judge", "upper_bound"]

_BURST = 0.35
"""An hour that holds a larger share of the alerts is a burst: an attack, or a fault that is over."""
_MANY_DAYS, _TWO_DAYS = 14, 0.6
"""In so many days and more, alerts of which two days hold a larger share are no steady noise."""
_FOLDS = FOLDS - 1
"""So many parts of the time must have alerts, the last one among them."""
_AT_ONCE = 1_000_000
"""Rows of candidates that are counted together."""
SEVERE = 70
"""Alerts of this severity (0-100) and more, by their median, need more proof."""
_DEAR = 10
"""So many times smaller is the chance allowed for them, and for rules that alone cover a technique or tactic."""
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
    severity: float | None
    """The median of its alerts'."""
    against: str
    """Why it is not excluded; empty where nothing speaks against it."""


def judge(work: Work, found: Sequence[Candidate]) -> list[Judged]:
    """Candidates with a verdict each.

    With verdicts: the share of useless alerts must be above that of all alerts, by the exact binomial tail, at 5 %
    over all candidates together. Without: what a rule's alerts are is told by how they come: in at least three of
    four parts of the time, the last among them, and not in one burst.
    """
    alerts = _timed(work)
    chance = Chance.of(work, found)
    hours = alerts["hour"]
    days = (int(hours.max()) - int(hours.min())) // 24 + 1 if alerts.height else 0  # type: ignore[arg-type]
    judged = []
    for batch in _batches(found):
        for candidate, facts in zip(batch, _counted(batch, alerts), strict=True):
            cause = grouped_by_nature(candidate.exclusion.rule)
            fault = fault_by_nature(candidate.exclusion.rule)
            against = f"{cause}: grouped, never excluded" if cause else ""
            against = against or (f"{fault}: mend the source, its silence would go unseen" if fault else "")
            if not against and candidate.hindsight:
                against = (
                    "these hours hold half of its alerts or less, and were picked because the true ones lie elsewhere"
                )
            dear = _is_dear(work, candidate.exclusion.rule, facts["severity"])
            if not against:
                parts = FOLDS if dear else _FOLDS
                unsteady = _steady(facts, parts, days)
                doubt = chance.against(facts["useless"], facts["decided"], dear=dear) if work.labelled else ""
                against = "; ".join(filter(None, (unsteady, doubt)))
            touched = pl.Series(facts["touched"] if work.labelled else [], dtype=pl.UInt32)
            counts = {name: facts[name] for name in ("n", "useless", "positive", "decided", "severity")}
            judged.append(Judged(candidate, **counts, touched=touched, against=against))
    return judged


@dataclass(frozen=True)
class Chance:
    """How many useless ones among some alerts chance alone would give."""

    base: float
    """The share of useless ones among all that were judged."""
    tested: int
    """Candidates that are tested together."""

    @classmethod
    def of(cls, work: Work, found: Sequence[Candidate]) -> Chance:
        """Of the part that is learned from."""
        decided = int(work.alerts["decided"].sum())
        base = int(work.alerts["useless"].sum()) / decided if decided else 0.0
        return cls(base, sum(c.picked for c in found) or 1)

    def against(self, useless: int, decided: int, *, dear: bool) -> str:
        """Why so many useless ones among so many judged ones prove nothing; empty where they do."""
        if not decided:
            return "nobody judged any of them"
        if binomial_tail(useless, decided, self.base) * self.tested * (_DEAR if dear else 1) <= _ALPHA:
            return ""
        share = f"{useless} of {decided} judged ones were useless, and {self.base:.0%} of all alerts are"
        return f"{share}: that may be chance"


def beyond(one: Judged, work: Work, chance: Chance, useless: int, decided: int) -> str:
    """Why what an exclusion adds to others proves nothing by itself: it would live on what they remove, too."""
    doubt = chance.against(useless, decided, dear=_is_dear(work, one.candidate.exclusion.rule, one.severity))
    return f"beyond what is excluded already, {doubt}" if doubt else ""


def _is_dear(work: Work, rule: str, severity: float | None) -> bool:
    """Whether it would be missed most, and must be proven most."""
    return (severity or 0) >= SEVERE or rule in work.sole


def _timed(work: Work) -> pl.DataFrame:
    """Alerts in the order of their rows, with the part of the time that each lies in."""
    seconds = pl.col("time").dt.epoch("s")
    since, span = seconds - seconds.min(), seconds.max() - seconds.min() + 1
    return work.alerts.sort("row").select(
        *("row", "useless", "positive", "decided", "protected", "hour", "severity"),
        fold=(since * FOLDS // span).cast(pl.UInt8),
    )


def _batches(found: Sequence[Candidate]) -> Iterator[list[Candidate]]:
    """Candidates with so many rows together as are counted at once."""
    batch: list[Candidate] = []
    rows = 0
    for candidate in found:
        batch.append(candidate)
        rows += candidate.rows.len()
        if rows >= _AT_ONCE:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _counted(batch: Sequence[Candidate], alerts: pl.DataFrame) -> list[dict[str, Any]]:
    """What each candidate's alerts are, and when they came."""
    sizes = pl.DataFrame({"n": [candidate.rows.len() for candidate in batch]})
    which = sizes.select(pl.int_range(pl.len(), dtype=pl.UInt32).repeat_by("n").explode()).to_series()
    rows = pl.concat([candidate.rows for candidate in batch])
    frame = alerts[alerts["row"].search_sorted(rows)].with_columns(which=which)
    counts = frame.group_by("which").agg(
        pl.col("useless", "positive", "decided").sum(),
        n=pl.len(),
        severity=pl.col("severity").median(),
        folds=pl.col("fold").n_unique(),
        recent=(pl.col("fold") == FOLDS - 1).any(),
        touched=pl.col("row").filter("protected"),
    )
    hours = frame.group_by("which", "hour").len()
    tops = hours.group_by("which").agg(top=pl.col("len").max())
    days = hours.group_by("which", day=pl.col("hour") // 24).agg(pl.col("len").sum())
    two_days = days.group_by("which").agg(two_days=pl.col("len").top_k(2).sum())
    return counts.join(tops, on="which").join(two_days, on="which").sort("which").to_dicts()


def _steady(facts: Mapping[str, Any], parts: int, days: int) -> str:
    n, folds = facts["n"], facts["folds"]
    if not facts["recent"]:
        return "it stopped: none of them came in the last quarter of the time"
    if folds < parts:
        return f"it is new or rare: they came in {folds} of {FOLDS} quarters of the time"
    if facts["top"] > _BURST * n:
        return f"one hour holds {facts['top'] / n:.0%} of them: a burst is grouped, not excluded"
    if days >= _MANY_DAYS and facts["two_days"] > _TWO_DAYS * n:
        return f"two of {days} days hold {facts['two_days'] / n:.0%} of them: that is an event, not a habit"
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
    # One-sided at 95 % is the upper end of the two-sided interval at 90 %.
    _, high = wilson(pl.lit(positive), pl.lit(decided), z_of(0.9))
    return float(pl.select(high).item())
