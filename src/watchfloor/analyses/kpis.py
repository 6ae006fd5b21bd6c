"""How is the SOC doing? Volumes by tag, rule, client and day, verdicts, escalations, and a clock with a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from watchfloor.analyses.bases import times_by_basis
from watchfloor.analyses.clock import Clock, as_it_stood, instant, made_in, one_state_each
from watchfloor.analyses.figures import figures, glance
from watchfloor.analyses.intervals import check_minimum, percent, z_of
from watchfloor.analyses.tags import TagRules, assign, matches
from watchfloor.analyses.volume import volume_by_client, volume_by_rule
from watchfloor.analyses.workload import (
    closing_reasons,
    coverage_of_tags,
    escalations,
    flow_per_day,
    times_by_group,
    untagged,
    volume_by_tag,
    waiting,
)
from watchfloor.charts import Bars, Lines
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS
from watchfloor.times import check_zone

__all__ = ["MARKS", "kpis"]

MARKS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""After how long the figures say which share is still running."""


@dataclass(frozen=True)
class _Asked:
    """What the figures are about, checked."""

    clock: Clock
    as_of: datetime | None
    start: datetime | None
    end: datetime | None
    zone: str
    minimum: int
    z: float
    sure: str


def kpis(
    alerts: pl.LazyFrame,
    *,
    tags: TagRules | None = None,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    clock: tuple[str, str] = ("created_time", "closed_time"),
    zone: str = "UTC",
    minimum: int = 10,
    confidence: float = 0.95,
    marks: tuple[timedelta, ...] = MARKS,
) -> Result:
    """How is the SOC doing: volumes by tag, rule, client and day, closing reasons, escalations, a named clock.

    Arguments:
        alerts: the alerts, in their current state; of several states of one alert the last one counts.
        tags: tag rules; without them those that are shipped.
        as_of: the instant at which what is open counts as open; without it the last instant in the data.
        start: alerts made before are left out.
        end: alerts made then or later are left out.
        clock: the two instants between which time is measured.
        zone: where a day begins.
        minimum: fewer alerts than this give no rate.
        confidence: of every interval.
        marks: after how long to ask which share is still running; the last one limits the mean.

    Raises:
        AmbiguousTime: an instant without a zone.
        BadOption: a clock, a period or a threshold that means nothing.
        UnknownZone: a zone that does not exist.
        SchemaError: a frame that is no table of alerts.
    """
    asked = _Asked(
        clock=Clock(*clock),
        as_of=instant("as_of", as_of),
        start=instant("start", start),
        end=instant("end", end),
        zone=check_zone(zone),
        minimum=check_minimum(minimum),
        z=z_of(confidence),
        sure=percent(confidence),
    )
    if asked.start is not None and asked.end is not None and asked.start >= asked.end:
        raise BadOption(f"the period {start} to {end} is empty", hint="its end lies after its start")
    if not marks or sorted(set(marks)) != list(marks) or marks[0] <= timedelta(0):
        raise BadOption(
            "the marks are no rising lengths of time", hint="such as 1, 7 and 30 days, which is the default"
        )
    rules = tags if tags is not None else TagRules.load()
    states = one_state_each(ALERTS.conform(alerts), asked.as_of)
    stood = as_it_stood(states, asked.clock, asked.as_of)
    known = stood.pipe(made_in, asked.start, asked.end).filter("known")
    tagged = assign(known, rules)
    return Result(
        title="SOC figures",
        name="kpis",
        table=figures(
            stood,
            asked.clock,
            start=asked.start,
            end=asked.end,
            minimum=asked.minimum,
            z=asked.z,
            marks=marks,
        ),
        explanation=_explanation(asked),
        parts=(
            _glance(known, asked),
            _per_day(stood, asked),
            _tags(tagged, rules, asked),
            _coverage(tagged),
            _untagged(tagged),
            _tag_rules(known, rules),
            _rules(known, asked),
            _clients(known, asked),
            _closing_reasons(known),
            _escalations(known, asked),
            _time_to_close(known, tagged, asked),
            _waiting(known, asked),
            _bases(known),
        ),
    )


def _explanation(asked: _Asked) -> str:
    made = "All alerts"
    if asked.start is not None or asked.end is not None:
        made = " ".join(
            ["Alerts made"]
            + ([f"from {_when(asked.start)}"] if asked.start is not None else [])
            + ([f"to before {_when(asked.end)}"] if asked.end is not None else [])
        )
    stood = _when(asked.as_of) if asked.as_of is not None else "the last instant in the data, which the first row names"
    return (
        f"{made}, as they stood at {stood}: what was closed later counts as open. {_clock_in_words(asked)} Alerts that "
        f"the clock cannot measure are counted by why. Rates stand from {asked.minimum} alerts on, with Wilson's "
        f"interval at {asked.sure}.\n"
        "What this does not say: data holds the current state of an alert, so what was relabelled or reopened since "
        "shows today's label. Quick closing is not good closing: read times beside precision, and closed beside "
        "backlog."
    )


def _clock_in_words(asked: _Asked) -> str:
    return (
        f"The clock runs from `{asked.clock.start}` to `{asked.clock.stop}`, day and night. Median and p90 are Kaplan "
        "and Meier's: an alert that still runs counts as at least so long, it is not left out; empty means not reached "
        f"yet. Their intervals are Brookmeyer and Crowley's at {asked.sure}; an empty end lies beyond what was seen. "
        "The same of the finished alone stands beside them, for comparison with others: it is too short while many "
        "still run."
    )


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _glance(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="At a glance",
        name="glance",
        table=glance(known, minimum=asked.minimum, z=asked.z),
        explanation=f"The median time is from `{asked.clock.start}` to `{asked.clock.stop}`, alerts that still run "
        "counted as such (Kaplan-Meier). Precision is true / (true + false + benign positives). Intervals at "
        f"{asked.sure}.",
    )


def _per_day(stood: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Opened, closed and backlog per day",
        name="per_day",
        table=flow_per_day(stood, zone=asked.zone, start=asked.start, end=asked.end),
        charts=(
            Lines(x="day", y="backlog", title="Backlog at the end of each day", zone=asked.zone),
            Lines(x="day", y="opened", title="Alerts opened per day", zone=asked.zone),
            Lines(x="day", y="closed", title="Alerts closed per day", zone=asked.zone),
        ),
        explanation=f"Days of {asked.zone}. All alerts count, also those made before the period: the backlog begins "
        "with what the data holds, not with what the SOC had. Left out are alerts of which nobody knows when they were "
        "made or closed, or whether they are open.",
    )


def _tags(tagged: pl.LazyFrame, rules: TagRules, asked: _Asked) -> Result:
    return Result(
        title="Alerts by tag",
        name="tags",
        table=volume_by_tag(tagged, rules, minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="tag", title="Alerts by tag"),),
        explanation="An alert counts under each of its tags, so shares may add up to more than all. The row without a "
        "tag is the untagged rest; a tag with 0 alerts never matched. Rates stand from "
        f"{asked.minimum} alerts on, with Wilson's interval at {asked.sure}.",
    )


def _coverage(tagged: pl.LazyFrame) -> Result:
    return Result(
        title="Coverage of the tags",
        name="coverage",
        table=coverage_of_tags(tagged),
        explanation="Coverage is the share of alerts with at least one tag.",
    )


def _untagged(tagged: pl.LazyFrame) -> Result:
    return Result(
        title="Untagged alerts",
        name="untagged",
        table=untagged(tagged),
        explanation="What no tag rule matched, the most frequent first: what the next tag rule should be about.",
    )


def _tag_rules(known: pl.LazyFrame, rules: TagRules) -> Result:
    return Result(
        title="Which tag rule matched what",
        name="tag_rules",
        table=matches(known, rules),
        explanation="Each word and regex: in how many alerts it was found, how many of these `not_words` took out, how "
        "many have the tag by nothing else, and an example. 0 alerts: it never matched.",
    )


def _rules(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by rule",
        name="rules",
        table=volume_by_rule(known.with_columns(status="state"), minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="rule", title="Alerts by rule"),),
        explanation=f"Rates stand from {asked.minimum} alerts on, with Wilson's interval at {asked.sure}. The row "
        "without a rule is the alerts that name none. The question `noise` says more of rules.",
    )


def _clients(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by client",
        name="clients",
        table=volume_by_client(known.with_columns(status="state"), minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="client", title="Alerts by client"),),
        explanation=f"Rates stand from {asked.minimum} alerts on, with Wilson's interval at {asked.sure}. The row "
        "without a client is the alerts that name none.",
    )


def _closing_reasons(known: pl.LazyFrame) -> Result:
    return Result(
        title="Closing reasons",
        name="closing_reasons",
        table=closing_reasons(known),
        charts=(Bars(x="alerts", y="closing_reason", title="Closed alerts by reason"),),
        explanation="Closed alerts by the system's own words; the row without a reason is those closed without one. "
        "Where one closer has all of a frequent reason, it may be an automation, and its words a default, not a "
        "verdict.",
    )


def _escalations(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Escalated alerts by client and rule",
        name="escalations",
        table=escalations(known, minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="escalated", y="rule", color="client", title="Escalated alerts by rule"),),
        explanation=f"Rates stand from {asked.minimum} alerts on, with Wilson's interval at {asked.sure}. "
        "`true_positive` is of the escalated ones. The median is from `created_time` to `escalated_time`, over the "
        "alerts that have both (`timed`). Alerts whose system does not say whether they were escalated are not here.",
    )


def _time_to_close(known: pl.LazyFrame, tagged: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title=f"Time from {asked.clock.start} to {asked.clock.stop}",
        name="time_to_close",
        table=times_by_group(known, tagged, z=asked.z),
        charts=(
            Bars(
                x="median_seconds",
                y="group",
                low="median_seconds_low",
                high="median_seconds_high",
                title="Median time by client and tag",
            ),
        ),
        explanation=f"{_clock_in_words(asked)} An alert counts under each of its tags; the rows without a group are "
        "alerts without a client or without a tag.",
    )


def _waiting(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="How long alerts wait",
        name="waiting",
        table=waiting(known),
        charts=(Lines(x="days", y="running_share", title=f"Share still running, {asked.clock}"),),
        explanation="Share of alerts that still run after so many days, by Kaplan and Meier; where the line ends above "
        "0, nobody has been followed longer.",
    )


def _bases(known: pl.LazyFrame) -> Result:
    return Result(
        title="Times that were derived",
        name="time_bases",
        table=times_by_basis(known),
        explanation="Times that a system does not keep, by what shows them: the last change of a closed alert is when "
        "it was closed or later, a note is the first act that left a trace. The row without a basis is of alerts whose "
        "system gave the time itself. Without rows, all did.",
    )
