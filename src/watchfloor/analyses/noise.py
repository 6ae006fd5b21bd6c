"""Which rules are noise? Volume, verdicts, trend, and the evidence that stands out, rule by rule."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.clock import one_state_each
from watchfloor.analyses.evidence import ENTITIES, evidence_by_rule, standing_out, top_by_rule
from watchfloor.analyses.intervals import check_minimum, percent, z_of
from watchfloor.analyses.trend import trend_by_rule
from watchfloor.analyses.volume import (
    OTHERS,
    alerts_by_hour,
    alerts_per_day,
    escalated_per_day,
    volume_at_a_glance,
    volume_by_client,
    volume_by_rule,
)
from watchfloor.charts import Bars, Heat, Lines
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE
from watchfloor.times import check_zone

__all__ = ["missing_labels", "noise"]


_FIRST = (
    *("rule", "alerts", "share", "precision", "precision_low", "precision_high", "trend"),
    *("top_evidence", "top_evidence_share", "cumulative_share"),
)
"""Columns that stand first; the others follow in their own order."""


def noise(
    alerts: pl.LazyFrame,
    evidence: pl.LazyFrame | None = None,
    *,
    minimum: int = 10,
    zone: str = "UTC",
    confidence: float = 0.95,
    top: int = 5,
    steady: float = 2.0,
) -> Result:
    """Which rules are noise, how precise is each, and what evidence stands out?

    Arguments:
        alerts: the alerts, in their current state.
        evidence: what they were about.
        minimum: the least number of alerts for a rate, a trend, or evidence that stands out.
        zone: where a day begins, and whose clock the hours are.
        confidence: of every interval.
        top: how many rules have a line of their own per day, and how many values each rule and field.
        steady: a trend is steady where a change by more than this factor is ruled out.

    Raises:
        UnknownZone: a zone that does not exist.
        BadOption: a threshold that means nothing.
        SchemaError: frames that are not these tables.
    """
    check_zone(zone)
    check_minimum(minimum)
    if top < 1:
        raise BadOption(f"top={top} means nothing", hint="use 1 or more; 5 is the default")
    if steady <= 1:
        raise BadOption(f"steady={steady} means nothing", hint="use a factor above 1; 2 is the default")
    z, sure = z_of(confidence), percent(confidence)
    rows = one_state_each(ALERTS.conform(alerts))
    facts = EVIDENCE.conform(evidence) if evidence is not None else EVIDENCE.empty()
    by_evidence = evidence_by_rule(rows, facts, top=top)
    table = (
        volume_by_rule(rows, minimum=minimum, z=z)
        .join(
            trend_by_rule(rows, zone=zone, minimum=minimum, z=z, steady=steady),
            on="rule",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        .join(top_by_rule(by_evidence, minimum=minimum), on="rule", how="left", nulls_equal=True, maintain_order="left")
        .select(*_FIRST, pl.exclude(_FIRST))
    )
    return Result(
        title="Rules by noise",
        name="noise",
        table=table,
        charts=(
            Bars(x="alerts", y="rule", title="Alerts by rule"),
            Bars(x="precision", y="rule", low="precision_low", high="precision_high", title="Precision by rule"),
        ),
        explanation=_explanation(minimum=minimum, zone=zone, sure=sure, steady=steady),
        parts=(
            _glance(rows, minimum, z, sure, top),
            _standing_out(by_evidence, minimum),
            _per_day(rows, zone, top),
            _escalated_per_day(rows, zone, top),
            _per_hour(rows, zone),
            _clients(rows, minimum, z, sure),
            _evidence(by_evidence, top),
            _labels(rows),
        ),
    )


def missing_labels(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """How many alerts lack what the figures need, one row each: `count`, `alerts`."""
    closed, undecided = pl.col("status") == "closed", pl.col("disposition").is_null()
    counts = {
        "all": pl.len(),
        "without a rule": pl.col("rule").is_null().sum(),
        "without created_time (in no day, hour or trend)": pl.col("created_time").is_null().sum(),
        "without a status": pl.col("status").is_null().sum(),
        "without a disposition": undecided.sum(),
        "closed without a disposition": (closed & undecided).sum(),
        "closed without a reason": (closed & pl.col("closing_reason").is_null()).sum(),
        "open with a disposition": ((pl.col("status") == "open") & ~undecided).sum(),
        "whose system does not say whether escalated": pl.col("escalated").is_null().sum(),
    }
    return alerts.select(count.cast(pl.Int64).alias(name) for name, count in counts.items()).unpivot(
        variable_name="count", value_name="alerts"
    )


def _explanation(*, minimum: int, zone: str, sure: str, steady: float) -> str:
    return (
        "One row per rule, the one with most alerts first; alerts without a rule are the row without a name, last. "
        "Precision is true positives / (true + false + benign positives); strict precision leaves the benign ones out. "
        "Duplicates, tests, undetermined and undecided alerts are in neither. Open, closed or escalated is empty where "
        f"the system does not say it. Rates and trends stand from {minimum} alerts on, with Wilson's interval at "
        f"{sure}. The trend compares alerts of the last half of the days with those of the first half (an odd middle "
        f"day is left out; days of {zone}; the first and the last day may be cut): rising or falling where its "
        "interval, widened for bursts, leaves no room for no change; steady where it leaves none for a change by more "
        f"than {steady:g} times; else empty, because nobody can tell. Top evidence is the value in most of the rule's "
        f"alerts, in at least {minimum}.\n"
        "What this does not say: many alerts are not useless alerts, and a rule without a true positive may be the "
        "only one that would see its attack. A disposition is what somebody chose while closing: default reasons, bulk "
        "closures and labels that drift bend precision. `labels` counts the alerts without one."
    )


def _glance(rows: pl.LazyFrame, minimum: int, z: float, sure: str, top: int) -> Result:
    return Result(
        title="At a glance",
        name="glance",
        table=volume_at_a_glance(rows, minimum=minimum, z=z, top=top),
        explanation=f"The top rules' share is the share of all alerts that the {top} rules with most alerts raise. "
        f"Rates stand from {minimum} alerts on, with Wilson's interval at {sure}.",
    )


def _standing_out(by_evidence: pl.LazyFrame, minimum: int) -> Result:
    return Result(
        title="Evidence that stands out",
        name="standing_out",
        table=standing_out(by_evidence, minimum=minimum),
        charts=(Bars(x="alerts", y="evidence", color="rule", title="Alerts by address, user, host and the like"),),
        explanation=f"Values that name somebody or something ({', '.join(ENTITIES)}) in at least {minimum} alerts of "
        "one rule. One value in most of a rule's alerts is the first candidate for an exclusion, and for a visit: a "
        "machine that is misconfigured looks the same as one that is attacked all day.",
    )


def _per_day(rows: pl.LazyFrame, zone: str, top: int) -> Result:
    return Result(
        title="Alerts per day",
        name="per_day",
        table=alerts_per_day(rows, zone=zone, top=top),
        charts=(Lines(x="day", y="alerts", color="rule", title="Alerts per day", zone=zone, stacked=True),),
        explanation=f"Days of {zone} by `created_time`, from the first alert to the last, both of which may be cut. "
        f"The {top} rules with most alerts, and {OTHERS} together (alerts without a rule too). Alerts without "
        "`created_time` are not here.",
    )


def _escalated_per_day(rows: pl.LazyFrame, zone: str, top: int) -> Result:
    return Result(
        title="Escalated alerts per day",
        name="escalated_per_day",
        table=escalated_per_day(rows, zone=zone, top=top),
        charts=(
            Lines(x="day", y="escalated", color="rule", title="Escalated alerts per day", zone=zone, stacked=True),
        ),
        explanation=f"Alerts that were escalated, on the day of {zone} on which they were made (`created_time`), "
        "whenever they were handed on: the last days may still grow. Empty where no system says whether an alert was "
        "escalated.",
    )


def _per_hour(rows: pl.LazyFrame, zone: str) -> Result:
    return Result(
        title="Alerts by weekday and hour",
        name="per_hour",
        table=alerts_by_hour(rows, zone=zone),
        charts=(Heat(x="hour", y="weekday", color="alerts", title=f"Alerts by weekday and hour ({zone})"),),
        explanation=f"All alerts by the clock of {zone} at `created_time`. Few weeks of data show these weeks, no "
        "habit.",
    )


def _clients(rows: pl.LazyFrame, minimum: int, z: float, sure: str) -> Result:
    return Result(
        title="Alerts by client",
        name="clients",
        table=volume_by_client(rows, minimum=minimum, z=z),
        charts=(Bars(x="alerts", y="client", title="Alerts by client"),),
        explanation=f"Rates stand from {minimum} alerts on, with Wilson's interval at {sure}. The row without a client "
        "is the alerts that name none.",
    )


def _evidence(by_evidence: pl.LazyFrame, top: int) -> Result:
    return Result(
        title="Evidence by rule",
        name="evidence",
        table=by_evidence,
        explanation=f"For each rule and field the {top} values in most of its alerts, of how many values there are. "
        "Share is of the rule's alerts, other share of all other alerts; lift is how many times more often under the "
        "rule, empty where no other alert has the value.",
    )


def _labels(rows: pl.LazyFrame) -> Result:
    return Result(
        title="What the labels carry",
        name="labels",
        table=missing_labels(rows),
        explanation="How many alerts lack what the figures need. A rate over few labelled alerts speaks of those "
        "alone.",
    )
