"""What exactly should be tuned, and what would it cost? Exclusions and other remedies, each with its proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from watchfloor.analyses.clock import instant, one_state_each
from watchfloor.analyses.intervals import check_minimum
from watchfloor.analyses.noise import missing_labels
from watchfloor.analyses.tuning.candidates import candidates
from watchfloor.analyses.tuning.gates import Judged, judge
from watchfloor.analyses.tuning.proof import Proof, Step, applied, backtest
from watchfloor.analyses.tuning.remedies import Remedy, merges, remedies
from watchfloor.analyses.tuning.selection import Chosen, select
from watchfloor.analyses.tuning.work import FOLDS, Work, work_of
from watchfloor.charts import Bars, Lines
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE

__all__ = ["tune"]

_SCHEMA = {
    "rank": pl.Int64,
    "remedy": pl.String,
    "rule": pl.String,
    "exclusion": pl.String,
    "removed_past": pl.Int64,
    "removed_future": pl.Int64,
    "share_removed_future": pl.Float64,
    "cases_hidden_fully": pl.Int64,
    "cases_hidden_partly": pl.Int64,
    "upper_bound": pl.Float64,
    "stability": pl.Float64,
    "recommended": pl.Boolean,
    "reason": pl.String,
    "conditions": pl.String,
    "other_rule": pl.String,
    "per_day": pl.Float64,
    "label": pl.String,
}
_TAIL = 10
"""So many more exclusions than recommended are listed, to show what they would bring."""
_OTHERS = 15
"""So many remedies that are no exclusion are listed."""
_WHY_NOT = 30
_LIST = 10
"""Where so many values and more are all there ever were, it is the rule."""


@dataclass(frozen=True)
class _Plan:
    """What was learned."""

    past: Work
    future: Work
    chosen: list[Chosen]
    judged: list[Judged]
    hiding: list[Judged]
    proof: Proof


def tune(
    alerts: pl.LazyFrame,
    evidence: pl.LazyFrame | None = None,
    *,
    learn_until: datetime | None = None,
    most: int = 15,
    worth: float = 30,
    expiry_days: int = 90,
    minimum: int = 10,
) -> Result:
    """What exactly should be tuned, and what would it cost us?

    Arguments:
        alerts: the alerts, in their current state.
        evidence: what they were about; without it nothing but whole rules can be named.
        learn_until: learns on alerts created before, and proves on those that follow; without it learns on all of
            them, and proves by learning again on shorter pasts.
        most: so many exclusions are recommended at most: each has to be reviewed, and again when it expires.
        worth: alerts that an exclusion must save until it expires, at the pace of what was learned from.
        expiry_days: after how many days an exclusion expires.
        minimum: the least number of alerts behind a recommendation.

    Raises:
        BadOption: a threshold that means nothing, or nothing before `learn_until`.
        AmbiguousTime: `learn_until` without a zone.
        SchemaError: frames that are not these tables.
    """
    check_minimum(minimum)
    if most < 0 or worth < 0 or expiry_days < 1:
        raise BadOption(
            f"most={most}, worth={worth:g}, expiry_days={expiry_days} means nothing",
            hint="most and worth are 0 or more, expiry_days 1 or more",
        )
    rows = one_state_each(ALERTS.conform(alerts))
    facts = EVIDENCE.conform(evidence) if evidence is not None else EVIDENCE.empty()
    work = work_of(rows, facts)
    until = instant("learn_until", learn_until)
    past = work.before(until) if until is not None else work
    future = work.after(until) if until is not None else work
    if until is not None and past.alerts.is_empty() and not work.alerts.is_empty():
        first = work.alerts["time"].min()
        raise BadOption(
            f"nothing lies before learn_until={until:%Y-%m-%dT%H:%M:%SZ}",
            hint=f"the first alert was created at {first!s}",
        )

    def learn(known: Work) -> list[Chosen]:
        judged = judge(known, list(candidates(known, minimum=minimum)))
        return select(known, judged, most=most, worth=_worth(known, worth, expiry_days, minimum))[0]

    judged = judge(past, list(candidates(past, minimum=minimum)))
    floor = _worth(past, worth, expiry_days, minimum)
    chosen, hiding = select(past, judged, most=most + _TAIL, worth=minimum)
    proof = backtest(past, lambda known: [one.exclusion for one in learn(known)])
    plan = _Plan(past, future, chosen, judged, hiding, proof)
    table = _table(work, plan, until is not None, most=most, floor=floor, minimum=minimum)
    return Result(
        title="Tuning",
        name="tune",
        table=table.lazy(),
        json_columns=("conditions",),
        charts=(
            Bars(x="removed_past", y="label", color="remedy", title="Alerts that each row removes beyond those above"),
        ),
        explanation=_explanation(work, until, most=most, worth=worth, expiry_days=expiry_days, minimum=minimum),
        parts=(
            _curve(table, plan, past, floor),
            _why_not(plan),
            _labels(rows),
        ),
    )


def _span(known: Work) -> timedelta:
    """From the first alert to the last."""
    times = known.alerts["time"]
    start, end = times.min(), times.max()
    return end - start if isinstance(start, datetime) and isinstance(end, datetime) else timedelta(0)


def _worth(known: Work, worth: float, expiry_days: int, minimum: int) -> float:
    """Alerts that an exclusion must remove of what was learned from, so that it saves `worth` until it expires."""
    return max(minimum, worth * (_span(known) / timedelta(days=expiry_days)))


def _table(work: Work, plan: _Plan, held_out: bool, *, most: int, floor: float, minimum: int) -> pl.DataFrame:
    exclusions = [one.exclusion for one in plan.chosen]
    past, future = applied(plan.past, exclusions), applied(plan.future, exclusions)
    both = applied(work, exclusions) if held_out else past
    days = max(1.0, _span(plan.past) / timedelta(days=1))
    rows: list[dict[str, object]] = []
    recommended = 0
    for number, one in enumerate(plan.chosen):
        shape = one.exclusion.shape()
        stability = plan.proof.chosen.get(shape, 0) / plan.proof.pasts if plan.proof.pasts else None
        good = recommended < most and one.gain >= floor and not both[number].hidden
        recommended += good
        removed_future = future[number].removed if held_out else plan.proof.removed.get(shape, 0)
        total = plan.future.alerts.height if held_out else plan.proof.alerts
        rows.append(
            {
                "remedy": "lower_severity" if _is_rule(one, plan.past) else "exclude",
                "rule": one.exclusion.rule,
                "conditions": one.exclusion.json(),
                "removed_past": past[number].removed,
                "removed_future": removed_future,
                "share_removed_future": removed_future / total if total else None,
                "cases_hidden_fully": both[number].hidden,
                "cases_hidden_partly": both[number].partly,
                "upper_bound": both[number].upper_bound,
                "stability": stability,
                "recommended": good,
                "reason": _reason(one, plan.past, both[number], stability, good=good, most=most, floor=floor),
                "exclusion": str(one.exclusion),
                "per_day": past[number].rows.len() / days,
                "label": f"{one.exclusion.rule}: {one.exclusion}",
            }
        )
    kept = [step for row, step in zip(rows, both, strict=True) if row["recommended"]]
    gone = pl.concat([step.rows for step in kept]).unique() if kept else pl.Series([], dtype=pl.UInt32)
    done = {str(row["rule"]) for row in rows if row["recommended"]}
    others = [*remedies(work, gone, minimum=minimum), *merges(work, minimum=minimum, left_out=done)]
    others.sort(key=lambda one: -one.rows.len())
    rows.extend(_remedy(remedy, work, plan, held_out) for remedy in others[:_OTHERS])
    for rank, row in enumerate(rows, start=1):
        row["rank"] = rank
    return pl.DataFrame(rows, schema=_SCHEMA)


def _remedy(remedy: Remedy, work: Work, plan: _Plan, held_out: bool) -> dict[str, object]:
    protected = (
        work.alerts.filter("protected")
        .select("row", "case")
        .with_columns(held=pl.col("row").is_in(remedy.rows.implode()))
    )
    cases = protected.group_by("case").agg(gone=pl.col("held").all(), touched=pl.col("held").any())
    hidden = int(cases["gone"].sum())
    in_past = int(remedy.rows.is_in(plan.past.alerts["row"].implode()).sum())
    in_future = remedy.rows.len() - in_past if held_out else None
    total = plan.future.alerts.height
    return {
        "remedy": remedy.kind,
        "rule": remedy.rule,
        "conditions": "[]",
        "removed_past": in_past,
        "removed_future": in_future,
        "share_removed_future": in_future / total if in_future is not None and total else None,
        "cases_hidden_fully": hidden,
        "cases_hidden_partly": int(cases["touched"].sum()) - hidden,
        "upper_bound": None,
        "stability": None,
        "recommended": not hidden,
        "reason": remedy.reason + (f"; but {hidden} cases that were true would not be shown" if hidden else ""),
        "label": f"{remedy.rule}: {remedy.kind}",
        "other_rule": remedy.other,
    }


def _is_rule(one: Chosen, past: Work) -> bool:
    """Whether the whole rule is at fault, by verdicts: a list of everybody who ever raised it is no exclusion."""
    rows = past.alerts.filter(pl.col("rule") == one.exclusion.rule).height
    several = [
        condition for condition in one.exclusion.conditions if condition.op == "in" and len(condition.value) > _LIST
    ]
    return past.labelled and one.judged.n == rows and (bool(several) or not one.exclusion.conditions)


def _reason(
    one: Chosen, past: Work, step: Step, stability: float | None, *, good: bool, most: int, floor: float
) -> str:
    judged = one.judged
    if past.labelled:
        said = f"{judged.useless} of its {judged.decided} judged alerts were useless, {judged.positive} true"
        if _is_rule(one, past):
            said += "; whoever raises it, it is noise: the rule itself is too loud"
    else:
        said = "it fires steadily, in no burst; no verdicts tell whether it was ever right: look at examples first"
    if stability == 0:
        said += "; none of the shorter pasts would have chosen it: it is new or rare"
    if step.hidden:
        return f"{said}; but of what followed it would hide {step.hidden} cases that were true"
    if good:
        return said
    if one.gain < floor:
        return f"{said}; beyond the knee: it would save fewer than an exclusion is worth"
    return f"{said}; beyond the {most} that can be reviewed"


def _curve(table: pl.DataFrame, plan: _Plan, past: Work, floor: float) -> Result:
    total = past.alerts.filter(past.useless).height
    gains = [one.gain for one in plan.chosen]
    curve = pl.DataFrame(
        {"exclusions": range(1, len(gains) + 1), "removed": gains}, schema={"exclusions": pl.Int64, "removed": pl.Int64}
    )
    good = table.filter(pl.col("remedy").is_in(["exclude", "lower_severity"]))["recommended"]
    knee = int(good.sum())
    return Result(
        title="Where to stop",
        name="curve",
        table=curve.with_columns(
            share=pl.col("removed").cum_sum() / total if total else pl.lit(None, dtype=pl.Float64),
            recommended=good,
        ).lazy(),
        charts=(Lines(x="exclusions", y="share", title="Share of the work removed by the first exclusions"),),
        explanation=f"Each point is one exclusion more. The recommendation stops after {knee}: the next would remove "
        f"fewer than {floor:.0f} of the alerts that were learned from, or there are more than anyone reviews.",
    )


def _why_not(plan: _Plan) -> Result:
    """What looks like noise and is not recommended, with what speaks against it."""
    chosen = {id(one.judged) for one in plan.chosen}
    hiding = {id(one) for one in plan.hiding}
    rows = [
        {
            "rule": one.candidate.exclusion.rule,
            "conditions": str(one.candidate.exclusion),
            "alerts": one.n,
            "useless": one.useless,
            "true": one.positive,
            "against": "it would hide a case that was an attack or was escalated" if id(one) in hiding else one.against,
        }
        for one in sorted(plan.judged, key=lambda one: (-one.n, str(one.candidate.exclusion)))
        if id(one) not in chosen and (one.against or id(one) in hiding)
    ]
    schema = {
        "rule": pl.String,
        "conditions": pl.String,
        "alerts": pl.Int64,
        "useless": pl.Int64,
        "true": pl.Int64,
        "against": pl.String,
    }
    return Result(
        title="What is not recommended, and why",
        name="why_not",
        table=pl.LazyFrame(rows[:_WHY_NOT], schema=schema),
        explanation=f"The {_WHY_NOT} largest groups of alerts that could be excluded and should not be.",
    )


def _labels(rows: pl.LazyFrame) -> Result:
    return Result(
        title="What the labels carry",
        name="labels",
        table=missing_labels(rows),
        explanation="Verdicts that are missing or were given in bulk bend every rate that is learned from them.",
    )


def _explanation(work: Work, until: datetime | None, *, most: int, worth: float, expiry_days: int, minimum: int) -> str:
    proven = (
        f"Learned on alerts created before {until:%Y-%m-%d %H:%M:%S} UTC, proven on those that follow."
        if until is not None
        else f"Learned on all alerts; proven by learning again on the first {FOLDS // 2} and {FOLDS - 1} of {FOLDS} "
        "equal parts of the time and counting in the part that follows: `removed_future` is the sum."
    )
    basis = (
        "An exclusion is useless beyond chance (exact binomial test at 5 % over all candidates), steady, and hides no "
        "case that was an attack or was escalated."
        if work.labelled
        else "There are hardly any verdicts: what fires steadily, in at least three of four parts of the time and in "
        "no burst, is taken for noise by its nature. Nothing here says that it was never right."
    )
    return (
        f"{proven} {basis} Each row counts what it removes beyond the rows above it. At most {most} exclusions are "
        f"recommended, each of which saves at least {worth:g} alerts until it expires after {expiry_days} days and has "
        f"at least {minimum} alerts behind it. `upper_bound` is the share of true alerts that it may still hide, at "
        "95 %. Groups and suppressions show one alert for many; no case loses its last one.\n"
        f"What this does not say: zero lost is what was seen, not what will be. {work.left_out} alerts without a rule "
        "or a time are in no count."
    )
