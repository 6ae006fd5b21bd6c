"""What exactly should be tuned, and what would it cost? Exclusions and other remedies, each with its proof."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from watchfloor.analyses.clock import instant, one_state_each
from watchfloor.analyses.intervals import check_minimum
from watchfloor.analyses.noise import missing_labels
from watchfloor.analyses.tuning.candidates import candidates
from watchfloor.analyses.tuning.examples import EXAMPLES, alerts_shown, examples_json, nearest_kept, spread_removed
from watchfloor.analyses.tuning.gates import SEVERE, Judged, judge, upper_bound
from watchfloor.analyses.tuning.pictures import evidence_of_rules, where_to_stop
from watchfloor.analyses.tuning.proof import Proof, Step, applied, backtest, folds_of
from watchfloor.analyses.tuning.remedies import Remedy, merges, named_entities, remedies
from watchfloor.analyses.tuning.selection import Chosen, select
from watchfloor.analyses.tuning.shortcomings import shortcomings
from watchfloor.analyses.tuning.sources import faults
from watchfloor.analyses.tuning.threshold import thresholds
from watchfloor.analyses.tuning.work import FOLDS, Work, work_of
from watchfloor.charts import Bars
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE

__all__ = ["tune"]

_SCHEMA = {
    "rank": pl.Int64,
    "remedy": pl.String,
    "rule": pl.String,
    "conditions": pl.String,
    "removed_past": pl.Int64,
    "removed_future": pl.Int64,
    "share_removed_future": pl.Float64,
    "cases_hidden_fully": pl.Int64,
    "cases_hidden_partly": pl.Int64,
    "upper_bound": pl.Float64,
    "stability": pl.Float64,
    "recommended": pl.Boolean,
    "reason": pl.String,
    "cause": pl.String,
    "exclusion": pl.String,
    "other_rule": pl.String,
    "per_day": pl.Float64,
    "minutes_saved": pl.Float64,
    "label": pl.String,
    "parameters": pl.String,
    "examples_removed": pl.String,
    "examples_kept": pl.String,
}
_FIRST = ("rank", "remedy", "rule", "exclusion", "removed_past", "recommended", "reason")
"""What a person reads first; `exclusion` is the conditions in words."""
_JSON = ("conditions", "parameters", "examples_removed", "examples_kept")
_CAUSES = {
    "hours": "a job that runs at these hours",
    "matches": "service accounts of one kind",
    "in_network": "one network of like machines",
    "in": "the same few are behind it, steadily",
}
"""What stands behind alerts that have such a condition, the most telling first."""
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
    passed: list[Judged]
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
    chosen, passed = select(past, judged, most=most + _TAIL, worth=minimum)
    proof = backtest(past, lambda known: [one.exclusion for one in learn(known)])
    plan = _Plan(past, future, chosen, judged, passed, proof)
    table, examples, gone = _table(work, plan, until is not None, most=most, floor=floor, minimum=minimum)
    return Result(
        title="Tuning",
        name="tune",
        table=table.lazy(),
        json_columns=_JSON,
        json_pairs=(("rule", "other_rule"),),
        first_columns=_FIRST,
        charts=(
            Bars(x="removed_past", y="label", color="remedy", title="Alerts that each row removes beyond those above"),
        ),
        explanation="\n".join(
            filter(
                None,
                (
                    shortcomings(past, rows=table.height, minimum=minimum),
                    _explanation(work, until, most=most, worth=worth, expiry_days=expiry_days, minimum=minimum),
                ),
            )
        ),
        parts=(
            Result(
                title="Three alerts that each row removes, and the three nearest that stay",
                name="examples",
                table=examples.lazy(),
                first_columns=("rank", "what", "alert_id", "created_time", "evidence", "shared"),
                explanation="Nearest are alerts of the same rule, then those that share most facts (`shared`) with the "
                "removed ones, then those nearest in time. `result.picture(1)` shows those of the first row.",
            ),
            _curve(table, plan, past, floor, most),
            evidence_of_rules(work, _rules_of(table, work), gone),
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


def _table(
    work: Work, plan: _Plan, held_out: bool, *, most: int, floor: float, minimum: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """The rows, recommended ones first, the alerts that stand for each, and what recommended exclusions remove."""
    rows, chosen = _exclusions(work, plan, held_out, most=most, floor=floor)
    good = [matched for row, matched in zip(rows, chosen, strict=True) if row["recommended"]]
    gone = _union(good)
    removed = [*chosen]
    done = {str(row["rule"]) for row in rows if row["recommended"]}
    others = _others(work, plan, gone, done, held_out, minimum=minimum)
    taken = gone
    for remedy in others:
        fresh = remedy.rows.filter(~remedy.rows.is_in(taken.implode()))
        if fresh.len() < minimum or len(rows) - len(chosen) >= _OTHERS:
            continue
        row = _remedy(remedy, fresh, taken, work=work, plan=plan, held_out=held_out)
        if row["recommended"]:
            taken = _union([taken, fresh])
        rows.append(row)
        removed.append(fresh)
    ordered = sorted(zip(rows, removed, strict=True), key=lambda pair: not pair[0]["recommended"])
    examples: list[dict[str, object]] = []
    for rank, (row, mine) in enumerate(ordered, start=1):
        row["rank"] = rank
        minutes = work.minutes.get(str(row["rule"]))
        row["minutes_saved"] = None if minutes is None else minutes * int(str(row["removed_past"]))
        examples += _examples(row, mine, taken, work)
    return (
        pl.DataFrame([row for row, _ in ordered], schema=_SCHEMA),
        pl.DataFrame(examples, schema=EXAMPLES),
        gone,
    )


def _union(parts: list[pl.Series]) -> pl.Series:
    return pl.concat(parts).unique().sort() if parts else pl.Series([], dtype=pl.UInt32)


def _examples(row: dict[str, object], mine: pl.Series, taken: pl.Series, work: Work) -> list[dict[str, object]]:
    """Three alerts that a row removes and the three nearest that stay, as rows of their own and in the row."""
    first = spread_removed(mine)
    gone = _union([taken, mine])
    kept = nearest_kept(work, str(row["rule"]), first, gone)
    shown = alerts_shown(work, [*first, *(number for number, _ in kept)])
    row["examples_removed"] = examples_json(shown, first)
    row["examples_kept"] = examples_json(shown, [number for number, _ in kept])
    said = [("removed", number, None) for number in first] + [("kept", number, shared) for number, shared in kept]
    return [
        shown[number]
        | {"rank": row["rank"], "remedy": row["remedy"], "what": what, "shared": shared}
        | {"evidence": ", ".join(f"{field} = {', '.join(v)}" for field, v in shown[number]["evidence"].items())}
        for what, number, shared in said
    ]


def _exclusions(
    work: Work, plan: _Plan, held_out: bool, *, most: int, floor: float
) -> tuple[list[dict[str, object]], list[pl.Series]]:
    """A row per exclusion, recommended ones first, and what each matches."""
    good = [one for one in plan.chosen if one.gain >= floor]
    ordered = plan.chosen
    both = applied(work, [one.exclusion for one in ordered])
    hiding = {id(one) for one, step in zip(ordered, both, strict=True) if step.hidden}
    while True:
        good = [one for one in good if id(one) not in hiding]
        first = good[:most]
        taken = {id(one) for one in first}
        again = [*first, *(one for one in plan.chosen if id(one) not in taken)]
        if list(map(id, again)) != list(map(id, ordered)):
            ordered = again
            both = applied(work, [one.exclusion for one in ordered])
        # In another order another one may be the last to touch a case.
        late = {id(one) for one, step in zip(first, both, strict=False) if step.hidden}
        if not late:
            break
        hiding |= late
    exclusions = [one.exclusion for one in ordered]
    past = applied(plan.past, exclusions) if held_out else both
    future = applied(plan.future, exclusions) if held_out else both
    days = max(1.0, _span(plan.past) / timedelta(days=1))
    rows: list[dict[str, object]] = []
    for number, one in enumerate(ordered):
        shape = one.exclusion.shape()
        stability = plan.proof.chosen.get(shape, 0) / plan.proof.pasts if plan.proof.pasts else None
        removed_future = future[number].removed if held_out else plan.proof.removed.get(shape, 0)
        total = plan.future.alerts.height if held_out else plan.proof.alerts
        rule = one.exclusion.rule
        rows.append(
            {
                "remedy": "lower_severity" if _is_rule(one, plan.past) else "exclude",
                "rule": rule,
                "conditions": one.exclusion.json(),
                "removed_past": past[number].removed,
                "removed_future": removed_future,
                "share_removed_future": removed_future / total if total else None,
                "cases_hidden_fully": both[number].hidden,
                "cases_hidden_partly": both[number].partly,
                "upper_bound": both[number].upper_bound,
                "stability": stability,
                "recommended": number < len(first),
                "reason": _reason(
                    one,
                    work,
                    plan.past,
                    both[number],
                    stability,
                    good=number < len(first),
                    hides=id(one) in hiding,
                    most=most,
                    floor=floor,
                ),
                "cause": _cause_of(one, plan.past),
                "exclusion": str(one.exclusion),
                "parameters": "{}",
                "per_day": past[number].rows.len() / days,
                "label": one.exclusion.label,
            }
        )
    return rows, [step.rows for step in both]


def _cause_of(one: Chosen, past: Work) -> str:
    """What is behind such alerts, by the conditions that name them."""
    if _is_rule(one, past) or not one.exclusion.conditions:
        return "the rule is too loud, whoever raises it"
    ops = {condition.op for condition in one.exclusion.conditions}
    for op, cause in _CAUSES.items():
        if op in ops:
            return cause
    return "one known source behind many alerts"


def _others(work: Work, plan: _Plan, gone: pl.Series, done: set[str], held_out: bool, *, minimum: int) -> list[Remedy]:
    """Remedies that are no exclusion, of what exclusions leave, those that remove most first."""
    everything = named_entities(work, pl.Series([], dtype=pl.UInt32))
    rest = everything.filter(~pl.col("row").is_in(gone.implode()))
    counted = _thresholds(rest, plan, held_out, minimum=minimum)
    others = [
        *counted,
        *faults(work, rest, minimum=minimum),
        *remedies(rest, minimum=minimum, left_out={one.rule for one in counted if not one.doubt}),
        *merges(everything, minimum=minimum, left_out=done),
    ]
    return sorted(others, key=lambda one: (bool(one.doubt), -one.rows.len(), one.rule, one.kind))


def _thresholds(rest: pl.DataFrame, plan: _Plan, held_out: bool, *, minimum: int) -> list[Remedy]:
    """Thresholds of the past; without a future of its own each must have hidden nothing after shorter pasts."""
    found = list(thresholds(rest, plan.past.alerts["row"], minimum=minimum))
    if held_out or not found:
        return found
    failed: dict[str, int] = {}
    rules = [one.rule for one in found]
    for origin in folds_of(plan.past)[1:]:
        shorter = rest.filter(pl.col("rule").is_in(rules))
        known, later = shorter.filter(pl.col("time") < origin), shorter.filter(pl.col("time") >= origin)
        for one in thresholds(shorter, known["row"], minimum=minimum):
            cases = later.filter("protected").group_by("case").agg(gone=pl.col("row").is_in(one.rows.implode()).all())
            hidden = int(cases["gone"].sum())
            if hidden:
                failed[one.rule] = max(failed.get(one.rule, 0), hidden)
    return [
        replace(one, doubt=f"learned earlier it would have hidden {failed[one.rule]} cases that were true")
        if one.rule in failed
        else one
        for one in found
    ]


def _remedy(
    remedy: Remedy, fresh: pl.Series, taken: pl.Series, *, work: Work, plan: _Plan, held_out: bool
) -> dict[str, object]:
    """A row for a remedy that removes `fresh` beyond what is taken already."""
    protected = (
        work.alerts.filter("protected")
        .select("row", "case")
        .with_columns(held=pl.col("row").is_in(fresh.implode()), before=pl.col("row").is_in(taken.implode()))
    )
    cases = protected.group_by("case").agg(
        gone=(pl.col("held") | pl.col("before")).all() & pl.col("held").any(), touched=pl.col("held").any()
    )
    hidden = int(cases["gone"].sum())
    in_past = int(fresh.is_in(plan.past.alerts["row"].implode()).sum())
    in_future = fresh.len() - in_past if held_out else None
    total = plan.future.alerts.height
    bound = None
    if remedy.kind == "threshold":
        mine = work.alerts.filter(pl.col("row").is_in(fresh.implode()))
        bound = upper_bound(int(mine["positive"].sum()), int(mine["decided"].sum()))
    doubt = remedy.doubt or (f"{hidden} cases that were true would not be shown" if hidden else "")
    conditions = " and ".join(map(str, remedy.conditions))
    return {
        "remedy": remedy.kind,
        "rule": remedy.rule,
        "conditions": json.dumps([one.plain() for one in remedy.conditions], ensure_ascii=False),
        "removed_past": in_past,
        "removed_future": in_future,
        "share_removed_future": in_future / total if in_future is not None and total else None,
        "cases_hidden_fully": hidden,
        "cases_hidden_partly": int(cases["touched"].sum()) - hidden,
        "upper_bound": bound,
        "stability": None,
        "recommended": not doubt,
        "reason": remedy.reason + (f"; but {doubt}" if doubt else ""),
        "cause": remedy.cause,
        "exclusion": conditions or None,
        "parameters": json.dumps(dict(remedy.parameters), ensure_ascii=False),
        "label": f"{' and '.join(one.label for one in remedy.conditions) or remedy.kind} ({remedy.rule})",
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
    one: Chosen,
    work: Work,
    past: Work,
    step: Step,
    stability: float | None,
    *,
    good: bool,
    hides: bool,
    most: int,
    floor: float,
) -> str:
    judged = one.judged
    if past.labelled:
        said = f"{judged.useless} of its {judged.decided} judged alerts were useless, {judged.positive} true"
        if _is_rule(one, past):
            said += "; whoever raises it, it is noise: the rule itself is too loud"
    else:
        said = "it fires steadily, in no burst; no verdicts tell whether it was ever right: look at examples first"
    rule = one.exclusion.rule
    if judged.severity is not None and judged.severity >= SEVERE:
        said += f"; severity {judged.severity:.0f}: it had to be proven ten times as surely"
    if rule in work.sole:
        said += f"; this rule alone covers {', '.join(work.sole[rule][:3])}: nothing else would see it"
    if stability == 0:
        said += "; none of the shorter pasts would have chosen it: it is new or rare"
    if step.hidden or hides:
        n = step.hidden or "some"
        return f"{said}; but of what followed it would hide {n} cases that were true"
    if good:
        return said
    if one.gain < floor:
        return f"{said}; beyond the knee: it would save fewer than an exclusion is worth"
    return f"{said}; beyond the {most} that can be reviewed"


def _curve(table: pl.DataFrame, plan: _Plan, past: Work, floor: float, most: int) -> Result:
    """The marginal curve in the order of the answer."""
    known = {(one.exclusion.rule, one.exclusion.json()): one for one in plan.chosen}
    rows = table.filter(pl.col("remedy").is_in(["exclude", "lower_severity"])).select(
        "rule", "conditions", "recommended"
    )
    ordered = [(known[rule, conditions], bool(good)) for rule, conditions, good in rows.iter_rows()]
    return where_to_stop(past, ordered, floor, most)


def _rules_of(table: pl.DataFrame, work: Work) -> list[str]:
    """Those of the answer, in its order, then the loudest."""
    counts = work.alerts["rule"].cast(pl.String).value_counts(sort=True)
    return list(dict.fromkeys([*table["rule"].to_list(), *counts["rule"].to_list()]))


def _why_not(plan: _Plan) -> Result:
    """What looks like noise and is not recommended, with what speaks against it."""
    speaking = [one for one in plan.judged if one.against] + plan.passed
    rows = [
        {
            "rule": one.candidate.exclusion.rule,
            "conditions": str(one.candidate.exclusion),
            "alerts": one.n,
            "useless": one.useless,
            "true": one.positive,
            "against": (f"{one.positive} of them true: " if one.positive else "") + one.against,
        }
        for one in sorted(speaking, key=lambda one: (-one.n, str(one.candidate.exclusion)))
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
