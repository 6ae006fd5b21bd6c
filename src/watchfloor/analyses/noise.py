"""Which rules are noise? The work that each wastes, how far its labels can be trusted, and what lies behind it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from watchfloor.analyses.bursts import GAP_MINUTES, TIMES, bursts, bursts_by_rule
from watchfloor.analyses.changes import changes_by_rule, last_change
from watchfloor.analyses.clock import INSTANTS, one_state_each
from watchfloor.analyses.evidence import ENTITIES, evidence_by_rule, facts_by_alert, standing_out, top_by_rule
from watchfloor.analyses.held import held
from watchfloor.analyses.incidents import incidents_by_rule
from watchfloor.analyses.intervals import check_minimum, percent, share, z_of
from watchfloor.analyses.labels import (
    closers,
    doubts_by_alert,
    is_closed,
    label_audit,
    missing_labels,
    precision_without_doubts,
)
from watchfloor.analyses.silence import silent_rules
from watchfloor.analyses.together import rules_together
from watchfloor.analyses.trend import trend_by_rule
from watchfloor.analyses.volume import (
    DISPOSITIONS,
    OTHERS,
    alerts_by_client_and_rule,
    alerts_by_day_and_hour,
    alerts_by_hour,
    alerts_by_rule_and_day,
    alerts_per_day,
    escalated_per_day,
    volume_at_a_glance,
    volume_by_client,
    volume_by_rule,
)
from watchfloor.analyses.waste import handling_basis, handling_columns, wasted_by_rule
from watchfloor.charts import Bars, Heat, Lines, Points
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE
from watchfloor.times import check_zone

__all__ = ["missing_labels", "noise"]


_FIRST = (
    *("rule", "alerts", "share", "wasted_alerts", "wasted_hours", "cumulative_share"),
    *("precision", "precision_low", "precision_high", "judged", "doubtful", "trend"),
    *("top_evidence", "top_evidence_share"),
    *("incidents", "sole_incidents", "wasted_share"),
)
"""Columns that stand first; the others follow in their own order."""

_KEPT = (
    *("source", "record", "alert_id", "case_id", "client", "system", "rule", "status", "disposition"),
    *("closing_reason", "escalated", "closed_by", "created_time", "closed_time", "time_basis"),
)
"""Columns of ALERTS that the answer looks at."""

_ROWS_OF_HEAT = 25


@dataclass(frozen=True)
class _Asked:
    """The thresholds, checked."""

    minimum: int
    zone: str
    z: float
    sure: str
    false_share: float
    top: int
    steady: float
    bulk: int
    automatic_seconds: float
    together_seconds: float


def noise(
    alerts: pl.LazyFrame,
    evidence: pl.LazyFrame | None = None,
    *,
    minimum: int = 10,
    zone: str = "UTC",
    confidence: float = 0.95,
    top: int = 5,
    steady: float = 2.0,
    bulk: int = 5,
    automatic_seconds: float = 10.0,
    together_seconds: float = 60.0,
) -> Result:
    """Which rules are noise, what do they cost, how precise is each, and what lies behind them?

    Arguments:
        alerts: the alerts, in their current state.
        evidence: what they were about.
        minimum: the least number of alerts for a rate, a trend, or evidence that stands out.
        zone: where a day begins, and whose clock the hours are.
        confidence: of every interval; what it leaves is the share of false ones among changes and silent rules.
        top: how many rules have a line of their own per day, and how many values each rule and field.
        steady: a trend is steady where a change by more than this factor is ruled out.
        bulk: so many cases that one name closes within one second are closed in bulk.
        automatic_seconds: what is closed sooner after it was made, no person closed.
        together_seconds: two rules fire together where their alerts are at most so far apart.

    Raises:
        UnknownZone: a zone that does not exist.
        BadOption: a threshold that means nothing.
        SchemaError: frames that are not these tables.
    """
    _check("top", top, 1, 5)
    _check("bulk", bulk, 2, 5)
    _check("automatic_seconds", automatic_seconds, 0, 10)
    _check("together_seconds", together_seconds, 0.001, 60)
    asked = _Asked(
        minimum=check_minimum(minimum),
        zone=check_zone(zone),
        z=z_of(confidence),
        sure=percent(confidence),
        false_share=1 - confidence,
        top=top,
        steady=steady,
        bulk=bulk,
        automatic_seconds=automatic_seconds,
        together_seconds=together_seconds,
    )
    if steady <= 1:
        raise BadOption(f"steady={steady} means nothing", hint="use a factor above 1; 2 is the default")
    said = EVIDENCE.conform(evidence) if evidence is not None else EVIDENCE.empty()
    rows = held(_prepared(ALERTS.conform(alerts), asked))
    facts = held(facts_by_alert(rows, said), rows)
    by_evidence = held(evidence_by_rule(rows, facts, top=asked.top), rows, facts)
    changes = held(changes_by_rule(rows, zone=asked.zone, minimum=asked.minimum, share=asked.false_share), rows)
    found_bursts = held(bursts(rows, minimum=asked.minimum), rows)
    found = _Found(rows=rows, evidence=by_evidence, changes=changes, bursts=found_bursts)
    table = held(_rules(found, asked), rows, by_evidence, changes, found_bursts)
    return Result(
        title="Rules by noise",
        name="noise",
        table=table,
        charts=(Bars(x="wasted_alerts", y="rule", title="Alerts that come to nothing, by rule"),),
        explanation=_explanation(asked),
        parts=(
            _labels(rows, asked),
            _without_doubts(rows, asked),
            _closers(rows),
            _glance(table, rows, asked),
            _work(table, rows, asked),
            _precision(table, asked),
            _standing_out(by_evidence, asked),
            _changes(found.changes, asked),
            _silent(rows, asked),
            _together(rows, facts, asked),
            _bursts(found.bursts, asked),
            _per_day(rows, asked),
            _rule_days(rows, asked),
            _escalated_per_day(rows, asked),
            _per_hour(rows, asked),
            _day_hours(rows, asked),
            _clients(rows, asked),
            _client_rules(rows, asked),
            _evidence(by_evidence, asked),
        ),
    )


@dataclass(frozen=True)
class _Found:
    """What several tables are made from."""

    rows: pl.LazyFrame
    evidence: pl.LazyFrame
    changes: pl.LazyFrame
    bursts: pl.LazyFrame


def _check(name: str, value: float, least: float, default: float) -> None:
    if value < least:
        raise BadOption(f"{name}={value} means nothing", hint=f"use {least:g} or more; {default:g} is the default")


def _prepared(alerts: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """One row per alert with a number, how long it was worked on, and the doubts about its label."""

    def doubted(states: pl.LazyFrame) -> pl.LazyFrame:
        one_each = one_state_each(states).drop("updated_time").with_row_index("row")
        return one_each.pipe(doubts_by_alert, bulk=asked.bulk, seconds=asked.automatic_seconds)

    # Read once, one step after another: the steps look at their rows several times.
    read = alerts.select(*_KEPT, "updated_time", **handling_columns(INSTANTS))
    return read.map_batches(
        lambda frame: doubted(frame.lazy()).collect(),
        schema=doubted(pl.LazyFrame(schema=read.collect_schema())).collect_schema(),
    )


def _rules(found: _Found, asked: _Asked) -> pl.LazyFrame:
    """One row per rule, the one that wastes most work first; alerts without a rule are the last row."""
    minimum, z, rows = asked.minimum, asked.z, found.rows
    sides = (
        wasted_by_rule(rows, minimum=minimum, z=z),
        _trusted(rows, minimum, z),
        trend_by_rule(rows, zone=asked.zone, minimum=minimum, z=z, steady=asked.steady),
        last_change(found.changes),
        bursts_by_rule(found.bursts),
        incidents_by_rule(rows),
        top_by_rule(found.evidence, minimum=minimum),
    )
    table = volume_by_rule(rows, minimum=minimum, z=z).drop("cumulative_share")
    for side in sides:
        table = table.join(side, on="rule", how="left", nulls_equal=True, maintain_order="left")
    known = rows.select(_known=pl.col("case_id").is_not_null().any())
    hours, wasted = pl.col("wasted_hours"), pl.col("wasted_alerts")
    work = pl.when(hours.is_not_null().all()).then(hours).otherwise(wasted)
    return (
        table.join(known, how="cross", maintain_order="left")
        .with_columns(
            pl.when("_known").then(pl.col("incidents", "sole_incidents").fill_null(0)),
            pl.col("bursts").fill_null(0),
            pl.col("burst_share").fill_null(0.0),
        )
        .sort(pl.col("rule").is_null(), work.neg(), wasted.neg(), "rule")
        .with_columns(wasted_share=pl.when(work.sum() > 0).then(work / work.sum()))
        .with_columns(cumulative_share=pl.col("wasted_share").cum_sum())
        .with_columns(pl.col("wasted_alerts", "wasted_alerts_low", "wasted_alerts_high").round().cast(pl.Int64))
        .with_columns(pl.col("wasted_hours").round(1))
        .with_columns(reading=_reading())
        .select(*_FIRST, pl.exclude(*_FIRST, "reading", "_known"), "reading")
    )


def _trusted(rows: pl.LazyFrame, minimum: int, z: float) -> pl.LazyFrame:
    """Per rule: `judged` labels, how many are `doubtful`, and the precision by the others."""
    judged = pl.col("disposition").is_in(DISPOSITIONS[:3]).fill_null(False)
    right, kept = pl.col("disposition") == "true_positive", ~pl.col("doubtful")
    return (
        rows.group_by("rule")
        .agg(
            judged=judged.sum().cast(pl.Int64),
            doubtful=(judged & ~kept).sum().cast(pl.Int64),
            _right=(right & kept).sum().cast(pl.Int64),
        )
        .with_columns(
            share("trusted_precision", pl.col("_right"), pl.col("judged") - pl.col("doubtful"), minimum=minimum, z=z)
        )
        .drop("_right")
    )


def _reading() -> pl.Expr:
    """Each row in words."""

    def part(name: str, digits: int = 0) -> pl.Expr:
        return (100 * pl.col(name)).round(digits).cast(pl.Int64)

    sentences = (
        pl.format("{} alerts, of which {} come to nothing", "alerts", "wasted_alerts"),
        pl.format(" ({})", "wasted_basis"),
        pl.when(pl.col("wasted_hours").is_not_null()).then(
            pl.format(": {} hours of work ({})", "wasted_hours", "handling_basis")
        ),
        pl.when(pl.col("precision").is_not_null()).then(
            pl.format(
                ". {} % of {} judged are true ({} to {} %)",
                part("precision"),
                "judged",
                part("precision_low"),
                part("precision_high"),
            )
        ),
        pl.when(pl.col("doubtful") > 0).then(pl.format(", {} labels are doubtful", "doubtful")),
        pl.when(pl.col("sole_incidents") > 0).then(
            pl.format(". Alone in {} of its {} incidents", "sole_incidents", "incidents")
        ),
        pl.when(pl.col("top_evidence").is_not_null()).then(
            pl.format(". {} is in {} % of it", "top_evidence", part("top_evidence_share"))
        ),
        pl.when(pl.col("changed_day").is_not_null()).then(pl.format(". Its level changed on {}", "changed_day")),
        pl.lit("."),
    )
    return pl.concat_str([sentence.fill_null("") for sentence in sentences])


def _explanation(asked: _Asked) -> str:
    return (
        "One row per rule, the one that wastes most work first; alerts without a rule are the row without a name, "
        "last. Before any rate look at `labels`: it says how far verdicts can be trusted here. Wasted alerts are those "
        "judged false positive, benign positive, duplicate or test, and of those that nobody judged as large a part as "
        f"of the rule's judged ones, from {asked.minimum} of them on (else of all rules'; where nobody judges, all: "
        "that is volume alone, and `wasted_basis` says so). Wasted work is these, without what no person closed, times "
        "the median handling time; empty where no system says when work began, and then the order is by wasted "
        "alerts.\n"
        "Precision is true positives / (true + false + benign positives); strict precision leaves the benign ones out, "
        "trusted precision the doubtful labels. Duplicates, tests, undetermined and undecided alerts are in none of "
        "them. Open, closed or escalated is empty where the system does not say it. Sole incidents are cases with a "
        "true or escalated alert that no other rule saw: what would be missed without the rule; empty where no alert "
        f"names its case. Rates and trends stand from {asked.minimum} alerts on, with Wilson's interval at "
        f"{asked.sure}.\n"
        f"The trend compares the last half of the days with the first (days of {asked.zone}; the ends may be "
        "cut): rising or falling where its interval, widened for bursts, leaves no room for no change; steady where "
        f"it leaves none for a change by more than {asked.steady:g} times; else empty, because nobody can tell. "
        f"Top evidence is the value in most of the rule's alerts, in at least {asked.minimum}.\n"
        "What this does not say: many alerts are not useless alerts, and a rule without a true positive may be the "
        "only one that would see its attack. A disposition is what somebody chose while closing: default reasons, bulk "
        "closures and labels that drift bend precision. Handling time runs from the first act to the verdict by the "
        "clock on the wall: breaks are in it, and work that left no trace is not."
    )


def _labels(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Can the labels be trusted?",
        name="labels",
        table=label_audit(rows),
        explanation="Each check: how many alerts it found, of those of which the data can tell; empty, and of 0, where "
        "it cannot. Doubtful is a label that may be no verdict: closed without a reason, where the system gives "
        "reasons; one reason for at least 95 % of a name's closings, on at least 3 rules of whose alerts others closed "
        f"at most 80 % for it; in bulk, at least {asked.bulk} cases by one name within one second, where closing times "
        "have seconds and are the system's own; by no person, so a name such as svc_soar or API_user, or less than "
        f"{asked.automatic_seconds:g} s after the alert was made. An alert can be in several. A doubtful label can be "
        "right: who closes a hundred copies at once may have looked at one of them.",
    )


def _without_doubts(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Precision without the doubtful labels",
        name="without_doubts",
        table=precision_without_doubts(rows, minimum=asked.minimum, z=asked.z),
        charts=(
            Bars(
                x="precision",
                y="labels",
                low="precision_low",
                high="precision_high",
                title="Precision by all labels, and without the doubtful ones",
            ),
        ),
        explanation="Precision of all rules together, by which labels count. Where the first and the last row differ "
        "by more than their intervals, rates here tell of how alerts are closed, not of how good rules are. "
        f"Rates stand from {asked.minimum} judged alerts on, with Wilson's interval at {asked.sure}.",
    )


def _closers(rows: pl.LazyFrame) -> Result:
    return Result(
        title="Who closes, and for what reasons",
        name="closers",
        table=closers(rows),
        explanation="The most frequent reason of each name, its share of the name's closings with a reason, and what "
        "share others gave it on the same rules. Then how many of its closings each check of `labels` found; empty "
        "where it cannot tell. Hours of the day (UTC) with a closing: a person has some ten, a shared account or a "
        "machine all 24. This is about labels, not about people: nobody's work is measured here.",
    )


def _glance(table: pl.LazyFrame, rows: pl.LazyFrame, asked: _Asked) -> Result:
    glance = volume_at_a_glance(rows, minimum=asked.minimum, z=asked.z, top=asked.top)
    closed = is_closed().sum()
    return Result(
        title="At a glance",
        name="glance",
        table=pl.concat(
            [
                glance.select("alerts", "rules", "top_rules_share"),
                table.select(pl.col("wasted_alerts").sum()),
                rows.select(doubtful_share=pl.when(closed > 0).then(pl.col("doubtful").sum() / closed)),
                glance.select(
                    *("undecided", "precision", "precision_low", "precision_high"),
                    *("escalated_share", "escalated_share_low", "escalated_share_high"),
                ),
            ],
            how="horizontal",
        ),
        explanation=f"The top rules' share is the share of all alerts that the {asked.top} rules with most alerts "
        "raise. Wasted alerts are those that came to nothing, or are expected to. The doubtful share is of closed "
        "alerts: labels that may be no verdict. "
        f"Rates stand from {asked.minimum} alerts on, with Wilson's interval at {asked.sure}.",
    )


def _work(table: pl.LazyFrame, rows: pl.LazyFrame, asked: _Asked) -> Result:
    columns = (
        *("rule", "wasted_hours", "wasted_share", "wasted_alerts", "handling_seconds"),
        *("handling_seconds_low", "handling_seconds_high", "handled", "handling_basis", "wasted_basis"),
    )
    return Result(
        title="Work that comes to nothing",
        name="work",
        table=table.filter(pl.col("wasted_hours").is_not_null()).select(columns),
        charts=(Bars(x="wasted_hours", y="rule", title="Hours of work on alerts that come to nothing, by rule"),),
        explanation="Wasted alerts times the median handling time: of the rule from "
        f"{asked.minimum} handled alerts on, else of all rules. Kaplan and Meier's median, in which what is still "
        f"being worked on counts as at least so long; Brookmeyer and Crowley's interval at {asked.sure}. What no "
        "person closed takes no work. Without rows, no system says when work on an alert began and ended.",
        parts=(
            Result(
                title="Between which instants work was measured",
                name="handling",
                table=handling_basis(rows),
                explanation="Work begins with the first human act, or where it left no trace with the assignment; it "
                "ends with the verdict, or where that has no time of its own with the closing.",
            ),
        ),
    )


def _precision(table: pl.LazyFrame, asked: _Asked) -> Result:
    columns = (
        *("rule", "judged", "true_positive", "precision", "precision_low", "precision_high"),
        *("doubtful", "trusted_precision", "trusted_precision_low", "trusted_precision_high"),
        *("incidents", "sole_incidents"),
    )
    return Result(
        title="Precision by rule",
        name="precision",
        table=table.filter(pl.col("precision").is_not_null())
        .select(columns)
        .sort("precision", pl.col("judged").neg(), "rule", nulls_last=True),
        charts=(Bars(x="precision", y="rule", low="precision_low", high="precision_high", title="Precision by rule"),),
        explanation="True positives among those judged true, false or benign positive, the lowest first, with Wilson's "
        f"interval at {asked.sure}; rules with fewer than {asked.minimum} judged alerts are not here. Trusted "
        "precision leaves out the doubtful labels (part `labels`). A rule low in this list that is alone in an "
        "incident needs tuning, not switching off.",
    )


def _standing_out(by_evidence: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Evidence that stands out",
        name="standing_out",
        table=standing_out(by_evidence, minimum=asked.minimum),
        charts=(Bars(x="alerts", y="evidence", color="rule", title="Alerts by address, user, host and the like"),),
        explanation=f"Values that name somebody or something ({', '.join(ENTITIES)}) in at least {asked.minimum} "
        "alerts of one rule. One value in most of a rule's alerts is the first candidate for an exclusion, and for a "
        "visit: a machine that is misconfigured looks the same as one that is attacked all day.",
    )


def _changes(changes: pl.LazyFrame, asked: _Asked) -> Result:
    grew = pl.col("per_day_after") > pl.col("per_day_before")
    return Result(
        title="Rules whose volume changed its level",
        name="changes",
        table=changes.with_columns(change=pl.when(grew).then(pl.lit("more")).otherwise(pl.lit("less"))).select(
            "rule", "day", "change", pl.exclude("rule", "day", "change")
        ),
        charts=(
            Points(
                x="day",
                y="rule",
                color="change",
                tooltip=("rule", "day", "per_day_before", "per_day_after"),
                title="On which day the level changed",
            ),
        ),
        explanation=f"The first day (of {asked.zone}) of each new level, with the alerts per day before and after, up "
        "to the rule's neighbouring changes. Pettitt's test (1979) on the ranks of the days: one loud day is one rank "
        "and no change; days that hang together count for fewer. Chance is how often days in random order would part "
        "as clearly, once in `one_in` cases (a million at most). At most "
        f"{percent(asked.false_share)} of what is listed is expected to be by chance (Benjamini and Hochberg over all "
        f"rules with at least {asked.minimum} alerts). Not seen are changes of less than 3 days, in the first and the "
        "last day, and those too small for so few days.",
    )


def _silent(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Rules that fell silent",
        name="silent",
        table=silent_rules(rows, zone=asked.zone, minimum=asked.minimum, share=asked.false_share),
        charts=(Bars(x="silent_days", y="rule", title="Whole days of silence at the end, by rule"),),
        explanation="Rules that were active and stopped: a log source that ended, a rule switched off, or an attack "
        "that is over. Whole days without an alert until the last day of its system, which is not counted; longer than "
        "any pause before. Chance is how often the rule's active days, laid at random over its days, would leave so "
        "many empty at the end, once in `one_in` cases: rare where the rule fired nearly every day. Where a rule "
        f"stopped for one client only, the row names it. At most {percent(asked.false_share)} of what is listed is "
        f"expected to be by chance; rules with fewer than {asked.minimum} alerts are not asked.",
    )


def _together(rows: pl.LazyFrame, facts: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Rules that fire together",
        name="together",
        table=rules_together(rows, facts, minimum=asked.minimum, seconds=asked.together_seconds),
        explanation="Two rules of which at least 90 % of one's alerts have one of the other at most "
        f"{asked.together_seconds:g} s away on the same address, user, host or the like. Always together: both ways, "
        "they see one thing, and one of them can go. Never without the other: the first adds nothing to the second, "
        "which also fires alone. Alerts of one rule and entity within ten minutes are one occasion; support is on how "
        "many occasions of the first the second fired beside it, 5 at the least. Lift is "
        "how many times more often than when the other's alerts are moved by some minutes, empty where none is near "
        "then; pairs below 3 are near by chance and left out. Compare true positives before one of them goes.",
    )


def _bursts(found: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Bursts",
        name="bursts",
        table=found,
        charts=(
            Points(
                x="start_time",
                x_end="end_time",
                y="rule",
                tooltip=("rule", "start_time", "end_time", "alerts", "times_usual"),
                title="Bursts by rule",
                zone=asked.zone,
            ),
        ),
        explanation=f"At least {2 * asked.minimum} alerts of one rule with no pause of {GAP_MINUTES} minutes, at "
        f"{TIMES:g} times its mean pace or more. A burst is one event that alerts many times: group it; an exclusion "
        "would hide the next one.",
    )


def _per_day(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts per day",
        name="per_day",
        table=alerts_per_day(rows, zone=asked.zone, top=asked.top),
        charts=(Lines(x="day", y="alerts", color="rule", title="Alerts per day", zone=asked.zone, stacked=True),),
        explanation=f"Days of {asked.zone} by `created_time`, from the first alert to the last, both of which may be "
        f"cut. The {asked.top} rules with most alerts, and {OTHERS} together (alerts without a rule too). Alerts "
        "without `created_time` are not here.",
    )


def _rule_days(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by rule and day",
        name="rule_days",
        table=alerts_by_rule_and_day(rows, zone=asked.zone, top=_ROWS_OF_HEAT),
        charts=(
            Heat(
                x="day",
                y="rule",
                color="busiest_day_share",
                title=f"Alerts by rule and day ({asked.zone}), of the rule's busiest day",
            ),
        ),
        explanation=f"The {_ROWS_OF_HEAT} rules with most alerts, each row by its own busiest day, so that a small "
        "rule shows as well as a large one. A row that changes its colour for good is a change of level, one that "
        "ends is a silence, a single strong cell is a burst.",
    )


def _escalated_per_day(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Escalated alerts per day",
        name="escalated_per_day",
        table=escalated_per_day(rows, zone=asked.zone, top=asked.top),
        charts=(
            Lines(
                x="day", y="escalated", color="rule", title="Escalated alerts per day", zone=asked.zone, stacked=True
            ),
        ),
        explanation=f"Alerts that were escalated, on the day of {asked.zone} on which they were made "
        "(`created_time`), whenever they were handed on: the last days may still grow. Empty where no system says "
        "whether an alert was escalated.",
    )


def _per_hour(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by weekday and hour",
        name="per_hour",
        table=alerts_by_hour(rows, zone=asked.zone),
        charts=(Heat(x="hour", y="weekday", color="alerts", title=f"Alerts by weekday and hour ({asked.zone})"),),
        explanation=f"All alerts by the clock of {asked.zone} at `created_time`. Few weeks of data show these weeks, "
        "no habit.",
    )


def _day_hours(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by day and hour",
        name="day_hours",
        table=alerts_by_day_and_hour(rows, zone=asked.zone),
        charts=(Heat(x="day", y="hour", color="alerts", title=f"Alerts by day and hour ({asked.zone})"),),
        explanation=f"All alerts by the calendar and the clock of {asked.zone} at `created_time`: the hours in which "
        "one event raised hundreds, and those in which nothing came.",
    )


def _clients(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by client",
        name="clients",
        table=volume_by_client(rows, minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="client", title="Alerts by client"),),
        explanation=f"Rates stand from {asked.minimum} alerts on, with Wilson's interval at {asked.sure}. The row "
        "without a client is the alerts that name none.",
    )


def _client_rules(rows: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Rules by client",
        name="client_rules",
        table=alerts_by_client_and_rule(rows, minimum=asked.minimum, z=asked.z),
        charts=(Heat(x="client", y="rule", color="alerts", title="Alerts by rule and client"),),
        explanation="How often each rule fires at each client, and its share of the client's alerts beside its share "
        "of all others'. A rule that is loud at one client only is a matter of that client's network, and tuned there. "
        "Alerts without a client or a rule are not here.",
    )


def _evidence(by_evidence: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Evidence by rule",
        name="evidence",
        table=by_evidence,
        explanation=f"For each rule and field the {asked.top} values in most of its alerts, of how many values there "
        "are. Share is of the rule's alerts, other share of all other alerts; lift is how many times more often under "
        "the rule, empty where no other alert has the value.",
    )
