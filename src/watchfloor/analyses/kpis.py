"""How is the SOC doing? Volumes by tag, rule, client and day, verdicts, escalations, and a clock with a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import polars as pl

from watchfloor import times
from watchfloor.analyses import survival
from watchfloor.analyses.intervals import check_minimum, share, wilson, z_of
from watchfloor.analyses.volume import DISPOSITIONS, volume_by_client, volume_by_rule
from watchfloor.analyses.tags import TagRules, assign, matches
from watchfloor.charts import Bars, Lines
from watchfloor.errors import AmbiguousTime, BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, TIME

__all__ = ["INSTANTS", "kpis"]

INSTANTS = tuple(column.name for column in ALERTS.columns if column.dtype == TIME)
"""What a clock can start or stop with."""

_HALF, _NINE_TENTHS = Fraction(1, 2), Fraction(9, 10)


@dataclass(frozen=True)
class _Asked:
    """What the figures are about, checked."""

    clock: tuple[str, str]
    as_of: datetime | None
    start: datetime | None
    end: datetime | None
    zone: str
    minimum: int
    z: float
    percent: str

    @property
    def clock_name(self) -> str:
        return " -> ".join(self.clock)


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
) -> Result:
    """How is the SOC doing: volumes by tag, rule, client and day, closing reasons, escalations, a named clock.

    Arguments:
        alerts: the alerts, in their current state.
        tags: tag rules; without them those that are shipped.
        as_of: the instant at which what is open counts as open; without it the last instant in the data.
        start: alerts made before are left out.
        end: alerts made then or later are left out.
        clock: the two instants between which time is measured.
        zone: where a day begins.
        minimum: fewer alerts than this give no rate.
        confidence: of every interval.

    Raises:
        AmbiguousTime: an instant without a zone.
        BadOption: a clock, a period or a threshold that means nothing.
        UnknownZone: a zone that does not exist.
    """
    asked = _asked(as_of, start, end, clock, zone, minimum, confidence)
    rules = tags if tags is not None else TagRules.load()
    everything = ALERTS.conform(alerts).pipe(_at, asked)
    cohort = everything.pipe(_period, asked)
    known = cohort.filter(pl.col("known"))
    tagged = known.pipe(assign, rules)
    parts = (
        _tags(tagged, asked, rules),
        _tag_rules(known, rules),
        _rules(known, asked),
        _clients(known, asked),
        _per_day(everything, asked),
        _closing_reasons(known),
        _escalations(known, asked),
        _time_to_close(known, tagged, asked),
    )
    return Result(
        title="SOC figures",
        name="kpis",
        table=_figures(everything, cohort, known, asked),
        explanation=_explanation(asked),
        parts=parts,
    )


def _asked(
    as_of: datetime | None,
    start: datetime | None,
    end: datetime | None,
    clock: tuple[str, str],
    zone: str,
    minimum: int,
    confidence: float,
) -> _Asked:
    for name, instant in (("as_of", as_of), ("start", start), ("end", end)):
        if instant is not None and instant.tzinfo is None:
            raise AmbiguousTime(f"{name}={instant}: a clock time without a zone", hint="give it tzinfo, such as UTC")
    for name in clock:
        if name not in INSTANTS:
            raise BadOption(
                f"{name!r} is no instant of an alert", hint=f"a clock runs between two of {', '.join(INSTANTS)}"
            )
    if clock[0] == clock[1]:
        raise BadOption(f"the clock {clock[0]} -> {clock[1]} measures nothing", hint="name two different instants")
    if start is not None and end is not None and start >= end:
        raise BadOption(f"the period {start} to {end} is empty", hint="its end lies after its start")
    percent = f"{confidence:.1%}".replace(".0%", "%")
    return _Asked(clock, as_of, start, end, times.check_zone(zone), check_minimum(minimum), z_of(confidence), percent)


def _at(alerts: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """The alerts with `as_of`, `known` (made by then), `state` (open, closed, null) and what the clock says of each."""
    start, stop = (pl.col(name) for name in asked.clock)
    if asked.as_of is not None:
        rows = alerts.with_columns(as_of=pl.lit(asked.as_of.astimezone(UTC), dtype=TIME))
    else:
        latest = alerts.select(as_of=pl.max_horizontal(pl.col(name).max() for name in INSTANTS))
        rows = alerts.join(latest, how="cross", maintain_order="left")
    closed_later = pl.col("closed_time") > pl.col("as_of")
    state = (
        pl.when(pl.col("status") == "open")
        .then(pl.lit("open"))
        .when(closed_later)
        .then(pl.lit("open"))
        .when((pl.col("status") == "closed") | pl.col("closed_time").is_not_null())
        .then(pl.lit("closed"))
    )
    stopped = stop.is_not_null() & (stop <= pl.col("as_of"))
    if asked.clock[1] == "closed_time":  # reopened: an old closing time is no end
        stopped &= ~(pl.col("status") == "open").fill_null(False)
    clock = (
        pl.when(start.is_null())
        .then(pl.lit("no start"))
        .when(start > pl.col("as_of"))
        .then(pl.lit("starts later"))
        .when(stopped & (stop < start))
        .then(pl.lit("stops before it starts"))
        .when(stopped)
        .then(pl.lit("done"))
        .when(stop.is_null() & (pl.col("state") == "closed"))
        .then(pl.lit("closed without a stop"))
        .when(stop.is_null() & pl.col("state").is_null())
        .then(pl.lit("no status and no stop"))
        .otherwise(pl.lit("open"))
    )
    return rows.with_columns(
        known=(pl.col("created_time") <= pl.col("as_of")).fill_null(True),
        state=state,
    ).with_columns(clock=clock, duration=pl.min_horizontal(pl.when(stopped).then(stop), "as_of") - start)


def _period(rows: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """The alerts made in the period; without a period also those whose making nobody knows."""
    made = pl.col("created_time")
    if asked.start is not None:
        rows = rows.filter(made >= pl.lit(asked.start.astimezone(UTC), dtype=TIME))
    if asked.end is not None:
        rows = rows.filter(made < pl.lit(asked.end.astimezone(UTC), dtype=TIME))
    return rows


def _cases(known: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """What the clock measures: done or still running."""
    return known.filter(pl.col("clock").is_in(["done", "open"])).select(*by, "duration", done=pl.col("clock") == "done")


_LEFT_OUT = ("no start", "starts later", "stops before it starts", "closed without a stop", "no status and no stop")


def _times(cases: pl.LazyFrame, asked: _Asked, *by: str) -> pl.LazyFrame:
    """Median and p90 of the clock in hours: of the finished alone, and by Kaplan and Meier; one row per group."""
    done = pl.col("duration").filter(pl.col("done"))
    aggregated = {
        "done": pl.col("done").sum().cast(pl.Int64),
        "running": (~pl.col("done")).sum().cast(pl.Int64),
        "median_hours_done_only": _hours(done.median()),
        "p90_hours_done_only": done.dt.total_microseconds().quantile(0.9, "linear") / _HOUR,
    }
    finished = cases.group_by(*by).agg(**aggregated) if by else cases.select(**aggregated)
    curve = survival.curve(cases, *by)
    for name, part in (("median", _HALF), ("p90", _NINE_TENTHS)):
        at = survival.quantile(curve, part, *by, z=asked.z).select(
            *by,
            _hours(pl.col("duration")).alias(f"{name}_hours"),
            _hours(pl.col("low")).alias(f"{name}_hours_low"),
            _hours(pl.col("high")).alias(f"{name}_hours_high"),
        )
        finished = finished.join(at, on=by, how="left", nulls_equal=True) if by else finished.join(at, how="cross")
    return finished


_HOUR = 3_600_000_000


def _hours(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / _HOUR


def _figure(
    figure: str,
    value: pl.Expr,
    unit: str,
    *,
    n: pl.Expr | None = None,
    low: pl.Expr | None = None,
    high: pl.Expr | None = None,
    note: str | pl.Expr = "",
) -> pl.Expr:
    """One row of the figures, as a struct."""

    def number(expr: pl.Expr | None) -> pl.Expr:
        return expr.cast(pl.Float64) if expr is not None else pl.lit(None, pl.Float64)

    return pl.struct(
        figure=pl.lit(figure),
        value=number(value),
        unit=pl.lit(unit),
        low=number(low),
        high=number(high),
        n=n.cast(pl.Int64) if n is not None else pl.lit(None, pl.Int64),
        note=pl.lit(note) if isinstance(note, str) else note,
    )


def _figures(everything: pl.LazyFrame, cohort: pl.LazyFrame, known: pl.LazyFrame, asked: _Asked) -> pl.LazyFrame:
    """All figures, one row each."""
    state, disposition, age = pl.col("state"), pl.col("disposition"), pl.col("as_of") - pl.col("created_time")
    totals = known.select(
        alerts=pl.len(),
        open=(state == "open").sum(),
        closed=(state == "closed").sum(),
        unknown=state.is_null().sum(),
        reopened=((pl.col("status") == "open") & (pl.col("closed_time") <= pl.col("as_of"))).sum(),
        unlabelled=((state == "closed") & disposition.is_null()).sum(),
        escalated=pl.col("escalated").sum(),
        escalation_known=pl.col("escalated").is_not_null().sum(),
        **{word: (disposition == word).sum() for word in DISPOSITIONS},
        **{f"clock {word}": (pl.col("clock") == word).sum() for word in (*_LEFT_OUT, "done", "open")},
    )
    outside = everything.select(
        all_alerts=pl.len(),
        without_time=pl.col("created_time").is_null().sum(),
        as_of=pl.col("as_of").first(),
        backlog=(pl.col("known") & (state == "open")).sum(),
        age_median=_hours(age.filter(pl.col("known") & (state == "open")).median()),
        age_max=_hours(age.filter(pl.col("known") & (state == "open")).max()),
    )
    later = cohort.select(later=(~pl.col("known")).sum())
    one = totals.join(outside, how="cross").join(later, how="cross").join(_times(_cases(known), asked), how="cross")
    return (
        one.select(figures=pl.concat_list(_rows_of_figures(asked)))
        .explode("figures")
        .unnest("figures")
        .with_columns(pl.col("value").fill_nan(None))
    )


def _rows_of_figures(asked: _Asked) -> Sequence[pl.Expr]:
    col, minimum, z = pl.col, asked.minimum, asked.z
    n = col("alerts")

    def rate(name: str, part: pl.Expr, of: pl.Expr, note: str) -> pl.Expr:
        low, high = wilson(part, of, z)
        enough = of >= minimum
        value, low, high = (pl.when(enough).then(expr) for expr in (part / of, low, high))
        return _figure(name, value, "share", n=of, low=low, high=high, note=note)

    right, wrong, benign = (col(word) for word in ("true_positive", "false_positive", "benign_positive"))
    said = pl.sum_horizontal(DISPOSITIONS)
    clock = asked.clock_name
    measured = col("done") + col("running")
    return [
        _figure("as of", pl.lit(None), "instant", note=col("as_of").dt.strftime("%Y-%m-%d %H:%M:%S UTC")),
        _figure("alerts", n, "alerts", note="made in the period and known at that instant"),
        _figure("closed", col("closed"), "alerts", n=n),
        _figure("open", col("open"), "alerts", n=n),
        _figure("status unknown", col("unknown"), "alerts", n=n),
        rate("closing rate", col("closed"), col("closed") + col("open"), "closed of those whose status is known"),
        _figure("backlog", col("backlog"), "alerts", n=col("all_alerts"), note="open at that instant, whenever made"),
        _figure("backlog age, median", col("age_median"), "hours", n=col("backlog"), note="since created_time"),
        _figure("backlog age, longest", col("age_max"), "hours", n=col("backlog"), note="since created_time"),
        _figure("escalated", pl.when(col("escalation_known") > 0).then(col("escalated")), "alerts", n=col("escalation_known")),
        rate("escalation rate", col("escalated"), col("escalation_known"), "of alerts whose system says it"),
        *(_figure(word.replace("_", " "), col(word), "alerts", n=n) for word in DISPOSITIONS),
        _figure("without a disposition", n - said, "alerts", n=n),
        _figure("closed without a disposition", col("unlabelled"), "alerts", n=col("closed")),
        rate("precision", right, right + wrong + benign, "true / (true + false + benign positives)"),
        rate("precision, benign left out", right, right + wrong, "true / (true + false positives)"),
        _figure(f"{clock}: median", col("median_hours"), "hours", n=measured, low=col("median_hours_low"),
                high=col("median_hours_high"), note=_open_note("Kaplan-Meier")),
        _figure(f"{clock}: p90", col("p90_hours"), "hours", n=measured, low=col("p90_hours_low"),
                high=col("p90_hours_high"), note=_open_note("Kaplan-Meier")),
        _figure(f"{clock}: median of the finished", col("median_hours_done_only"), "hours", n=col("done"),
                note=pl.format("leaves out {} still running: too short while there are many", col("running"))),
        _figure(f"{clock}: p90 of the finished", col("p90_hours_done_only"), "hours", n=col("done"),
                note=pl.format("leaves out {} still running: too short while there are many", col("running"))),
        _figure(f"{clock}: finished", col("clock done"), "alerts", n=n),
        _figure(f"{clock}: still running", col("clock open"), "alerts", n=n),
        *(_figure(f"{clock}: left out, {word}", col(f"clock {word}"), "alerts", n=n) for word in _LEFT_OUT),
        _figure("open again after closing", col("reopened"), "alerts", n=n, note="status open beside an earlier closed_time"),
        _figure("made after that instant", col("later"), "alerts", note="in the period, not yet known: in no figure"),
        _figure("without created_time", col("without_time"), "alerts", n=col("all_alerts"), note="in no period and no day"),
    ]  # fmt: skip


def _open_note(method: str) -> pl.Expr:
    return pl.format("{}, {} still running counted as such", pl.lit(method), pl.col("running"))


def _state_counts(asked: _Asked) -> dict[str, pl.Expr]:
    state = pl.col("state")
    return {
        "alerts": pl.len().cast(pl.Int64),
        "open": (state == "open").sum().cast(pl.Int64),
        "closed": (state == "closed").sum().cast(pl.Int64),
        "true_positive": (pl.col("disposition") == "true_positive").sum().cast(pl.Int64),
        "false_positive": (pl.col("disposition") == "false_positive").sum().cast(pl.Int64),
        "benign_positive": (pl.col("disposition") == "benign_positive").sum().cast(pl.Int64),
        "escalated": pl.when(pl.col("escalated").is_not_null().any()).then(pl.col("escalated").sum().cast(pl.Int64)),
        "clients": pl.col("client").drop_nulls().n_unique().cast(pl.Int64),
        "rules": pl.col("rule").drop_nulls().n_unique().cast(pl.Int64),
    }


def _tags(tagged: pl.LazyFrame, asked: _Asked, rules: TagRules) -> Result:
    untagged = pl.col("tags").list.len() == 0
    several = pl.col("tags").list.len() > 1
    by_tag = tagged.filter(~untagged).explode("tags").group_by(tag="tags").agg(**_state_counts(asked))
    names = pl.LazyFrame({"tag": rules.names}, schema={"tag": pl.String})
    counts = ("alerts", "open", "closed", "true_positive", "false_positive", "benign_positive", "clients", "rules")
    table = (
        pl.concat([
            names.join(by_tag, on="tag", how="left").with_columns(pl.col(counts).fill_null(0)),
            tagged.filter(untagged).select(tag=pl.lit(None, pl.String), **_state_counts(asked)),
        ])
        .join(tagged.select(_all=pl.len()), how="cross")
        .with_columns(share=pl.when(pl.col("_all") > 0).then(pl.col("alerts") / pl.col("_all")))
        .sort(pl.col("tag").is_null(), pl.col("alerts").neg(), "tag")
        .select("tag", "alerts", "share", pl.all().exclude("tag", "alerts", "share", "_all"))
    )  # fmt: skip
    coverage = Result(
        title="Coverage of the tags",
        name="coverage",
        table=tagged.select(
            alerts=pl.len().cast(pl.Int64),
            tagged=(~untagged).sum().cast(pl.Int64),
            untagged=untagged.sum().cast(pl.Int64),
            with_several_tags=several.sum().cast(pl.Int64),
        ).with_columns(coverage=pl.when(pl.col("alerts") > 0).then(pl.col("tagged") / pl.col("alerts"))),
        explanation="Coverage is the share of alerts with at least one tag.",
    )
    rest = Result(
        title="Untagged alerts",
        name="untagged",
        table=tagged.filter(untagged)
        .group_by("rule", "title")
        .agg(alerts=pl.len().cast(pl.Int64))
        .sort(pl.col("alerts").neg(), "rule", "title", nulls_last=True),
        explanation="What no tag rule matched, the most frequent first: what the next rule should be about.",
    )
    return Result(
        title="Alerts by tag",
        name="tags",
        table=table,
        charts=(Bars(x="alerts", y="tag", title="Alerts by tag"),),
        explanation="An alert may have several tags and counts under each, so the shares add up to more than all. The row "
        "without a tag is the untagged rest. A tag with 0 alerts never matched.",
        parts=(coverage, rest),
    )


def _tag_rules(known: pl.LazyFrame, rules: TagRules) -> Result:
    return Result(
        title="Which rule tagged what",
        name="tag_rules",
        table=matches(known, rules),
        explanation="Each word and regex of the tag rules: in how many alerts it was found, how many of these `not_words` "
        "took out, how many have the tag by nothing else, and an example. 0 alerts: never matched.",
    )


def _rules(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by rule",
        name="rules",
        table=known.pipe(_status_at).pipe(volume_by_rule, minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="rule", title="Alerts by rule"),),
        explanation=f"Rates from {asked.minimum} alerts on, Wilson's intervals at {asked.percent}. The row without a rule is "
        "the alerts that name none. More in the question `noise`.",
    )


def _clients(known: pl.LazyFrame, asked: _Asked) -> Result:
    return Result(
        title="Alerts by client",
        name="clients",
        table=known.pipe(_status_at).pipe(volume_by_client, minimum=asked.minimum, z=asked.z),
        charts=(Bars(x="alerts", y="client", title="Alerts by client"),),
        explanation=f"Rates from {asked.minimum} alerts on, Wilson's intervals at {asked.percent}.",
    )


def _status_at(known: pl.LazyFrame) -> pl.LazyFrame:
    return known.with_columns(status="state")


def _per_day(everything: pl.LazyFrame, asked: _Asked) -> Result:
    placed = everything.filter(
        pl.col("known"),
        pl.col("created_time").is_not_null(),
        (pl.col("state") == "open") | pl.col("closed_time").is_not_null(),
    )

    def per_day(column: str, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        day = times.floor(pl.col(column), "1d", asked.zone).dt.date()
        return rows.group_by(day=day).agg(pl.len().cast(pl.Int64).alias(name))

    opened = per_day("created_time", "opened", placed)
    closed = per_day("closed_time", "closed", placed.filter(pl.col("state") == "closed"))
    last = everything.select(_day_of(pl.col("as_of").first(), asked.zone).alias("last"))
    first = pl.concat([opened.select("day"), closed.select("day")]).select(first=pl.col("day").min())
    days = (
        first.join(last, how="cross")
        .filter(pl.col("first").is_not_null(), pl.col("first") <= pl.col("last"))
        .select(day=pl.date_ranges("first", "last"))
        .explode("day")
    )
    table = (
        days.join(opened, on="day", how="left")
        .join(closed, on="day", how="left")
        .sort("day")
        .with_columns(pl.col("opened", "closed").fill_null(0))
        .with_columns(backlog=(pl.col("opened") - pl.col("closed")).cum_sum())
    )
    if asked.start is not None:
        table = table.filter(pl.col("day") >= _day_of(pl.lit(asked.start.astimezone(UTC), dtype=TIME), asked.zone))
    if asked.end is not None:
        last_instant = pl.lit(asked.end.astimezone(UTC), dtype=TIME) - pl.duration(microseconds=1)
        table = table.filter(pl.col("day") <= _day_of(last_instant, asked.zone))
    return Result(
        title="Opened, closed and backlog per day",
        name="per_day",
        table=table,
        charts=(Lines(x="day", y="backlog", title="Backlog at the end of the day", zone=asked.zone),),
        explanation=f"Days of {asked.zone}: alerts made, alerts closed (whenever made), and how many were open at the end of "
        "the day. All alerts of the data count, also those made before the period; the first day begins with what the data "
        "holds, not with what the SOC had. Alerts without created_time, or closed without closed_time, are not here.",
    )


def _day_of(instant: pl.Expr, zone: str) -> pl.Expr:
    return times.floor(instant, "1d", zone).dt.date()


def _closing_reasons(known: pl.LazyFrame) -> Result:
    closed = known.filter(pl.col("state") == "closed")
    top = pl.col("closed_by").drop_nulls()
    table = (
        closed.group_by("closing_reason")
        .agg(
            alerts=pl.len().cast(pl.Int64),
            **{word: (pl.col("disposition") == word).sum().cast(pl.Int64) for word in DISPOSITIONS},
            without_disposition=pl.col("disposition").is_null().sum().cast(pl.Int64),
            closers=top.n_unique().cast(pl.Int64),
            rules=pl.col("rule").drop_nulls().n_unique().cast(pl.Int64),
            clients=pl.col("client").drop_nulls().n_unique().cast(pl.Int64),
        )
        .with_columns(share=pl.col("alerts") / pl.col("alerts").sum())
        .sort(pl.col("closing_reason").is_null(), pl.col("alerts").neg(), "closing_reason")
        .select("closing_reason", "alerts", "share", pl.all().exclude("closing_reason", "alerts", "share"))
    )
    return Result(
        title="Closing reasons",
        name="closing_reasons",
        table=table,
        charts=(Bars(x="alerts", y="closing_reason", title="Closed alerts by reason"),),
        explanation="Closed alerts by the system's own words; the row without a reason are those closed without one. One "
        "closer with one reason may be an automation: its words are a default, not a verdict.",
    )


def _escalations(known: pl.LazyFrame, asked: _Asked) -> Result:
    escalated = pl.col("escalated")
    delay = (pl.col("escalated_time") - pl.col("created_time")).filter(escalated)
    table = (
        known.filter(escalated.is_not_null())
        .group_by("client", "rule")
        .agg(
            alerts=pl.len().cast(pl.Int64),
            escalated=escalated.sum().cast(pl.Int64),
            true_positive=(escalated & (pl.col("disposition") == "true_positive")).sum().cast(pl.Int64),
            median_hours_to_escalate=_hours(delay.median()),
            with_escalated_time=delay.count().cast(pl.Int64),
        )
        .filter(pl.col("escalated") > 0)
        .with_columns(
            *share("escalation_rate", pl.col("escalated"), pl.col("alerts"), minimum=asked.minimum, z=asked.z)
        )
        .sort(pl.col("escalated").neg(), "client", "rule", nulls_last=True)
    )
    return Result(
        title="Escalated alerts by client and rule",
        name="escalations",
        table=table,
        charts=(Bars(x="escalated", y="rule", color="client", title="Escalated alerts by rule"),),
        explanation=f"Alerts that were handed on as incidents. Rates from {asked.minimum} alerts on, Wilson's intervals at "
        f"{asked.percent}. `true_positive` counts the escalated ones that proved true. Alerts whose system does not say "
        "whether they were escalated are not here.",
    )


def _time_to_close(known: pl.LazyFrame, tagged: pl.LazyFrame, asked: _Asked) -> Result:
    groups = {
        "client": known.with_columns(group="client"),
        "tag": tagged.explode("tags").with_columns(group="tags"),
    }
    left_out = pl.col("clock").is_in(_LEFT_OUT).sum().cast(pl.Int64)
    frames = []
    for kind, rows in groups.items():
        counts = rows.group_by("group").agg(alerts=pl.len().cast(pl.Int64), left_out=left_out)
        measured = rows.pipe(_cases, "group").pipe(_times, asked, "group")
        table = counts.join(measured, on="group", how="left", nulls_equal=True)
        frames.append(
            table.with_columns(pl.col("done", "running").fill_null(0))
            .sort(pl.col("group").is_null(), pl.col("alerts").neg(), "group")
            .select(pl.lit(kind).alias("by"), "group", "alerts", "done", "running", "left_out", *_TIMES)
        )
    return Result(
        title=f"Time from {asked.clock[0]} to {asked.clock[1]}",
        name="time_to_close",
        table=pl.concat(frames),
        charts=(Bars(x="median_hours", y="group", low="median_hours_low", high="median_hours_high", color="by",
                     title="Median hours by client and tag"),),
        explanation=_clock_text(asked) + " The row without a group are alerts without a client or tag; an alert with several "
        "tags is under each.",
    )  # fmt: skip


_TIMES = (
    "median_hours",
    "median_hours_low",
    "median_hours_high",
    "p90_hours",
    "p90_hours_low",
    "p90_hours_high",
    "median_hours_done_only",
    "p90_hours_done_only",
)


def _clock_text(asked: _Asked) -> str:
    return (
        f"The clock runs from `{asked.clock[0]}` to `{asked.clock[1]}`, around the clock. Median and p90 are Kaplan and "
        "Meier's: an alert that is still running counts as longer than so far, it is not left out; empty means not reached. "
        f"Intervals are Brookmeyer and Crowley's at {asked.percent}, an empty end lies beyond what was seen. Figures of the "
        "finished alone are beside them for comparison: they are too short while many are open."
    )


def _explanation(asked: _Asked) -> str:
    period = (
        "All alerts of the data"
        if asked.start is None and asked.end is None
        else f"Alerts whose created_time lies from {asked.start or 'the beginning'} to before {asked.end or 'the end'}"
    )
    as_of = (
        f"{asked.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        if asked.as_of is not None
        else "the last instant that stands in the data (see the first row)"
    )
    return (
        f"{period}, as they stood at {as_of}: what was closed later counts as open. {_clock_text(asked)} "
        f"Rates are given from {asked.minimum} alerts on, with Wilson's interval at {asked.percent}. Alerts that the clock "
        "cannot measure are counted by reason, none is dropped silently. An alert has only its current state: what was open "
        "then and reopened or relabelled since shows today's label. Speed says nothing of quality: read it beside precision."
    )
