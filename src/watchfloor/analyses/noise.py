"""Which rules are noise? Volume, verdicts, trend, and the evidence that stands out, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from watchfloor import times
from watchfloor.analyses.intervals import check_minimum, ratio_of_halves, share, z_of
from watchfloor.charts import Bars, Heat, Lines
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE

__all__ = [
    "DISPOSITIONS",
    "ENTITIES",
    "alerts_by_hour",
    "alerts_per_day",
    "escalated_per_day",
    "evidence_by_rule",
    "noise",
    "volume_by_client",
    "volume_by_rule",
]

DISPOSITIONS = ("true_positive", "benign_positive", "false_positive", "duplicate", "test", "undetermined")
"""What an alert can turn out to be, in the canonical words."""

ENTITIES = ("src_ip", "dst_ip", "user", "host", "process", "domain", "offense_source")
"""Fields of evidence that name someone or something: what one would exclude by. Others describe the kind of alert."""

OTHERS = "(all other rules)"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
        minimum: the least number of alerts for a rate, a trend or a piece of evidence that stands out.
        zone: where a day begins, and whose clock the hours are.
        confidence: of every interval.
        top: how many rules the charts by day show, and how many values each rule and field.
        steady: a trend is steady where a change by more than this factor is ruled out.

    Raises:
        UnknownZone: a zone that does not exist.
        BadOption: a threshold that means nothing.
    """
    times.check_zone(zone)
    z = z_of(confidence)
    check_minimum(minimum)
    if top < 1:
        raise BadOption(f"top={top} means nothing", hint="use 1 or more; 5 is the default")
    if steady <= 1:
        raise BadOption(f"steady={steady} means nothing", hint="use a factor above 1; 2 is the default")
    rows = ALERTS.conform(alerts)
    facts = EVIDENCE.conform(evidence) if evidence is not None else EVIDENCE.empty()
    by_evidence = evidence_by_rule(rows, facts, top=top)
    table = (
        volume_by_rule(rows, minimum=minimum, z=z)
        .join(_trends(rows, zone=zone, minimum=minimum, z=z, steady=steady), on="rule", how="left", nulls_equal=True)
        .join(_standing_out(by_evidence, minimum), on="rule", how="left", nulls_equal=True)
        .sort(*_BY_VOLUME)
    )
    percent = f"{confidence:.0%}" if round(confidence * 100) == confidence * 100 else f"{confidence:.1%}"
    return Result(
        title="Rules by noise",
        name="noise",
        table=table,
        charts=(
            Bars(x="alerts", y="rule", color="trend", title="Alerts by rule"),
            Bars(x="precision", y="rule", low="precision_low", high="precision_high", title="Precision by rule"),
        ),
        explanation=(
            "One row per rule, the one with most alerts first; alerts without a rule are the row without a name, last. "
            "Precision = true positives / (true + false + benign positives); `precision_strict` leaves the benign "
            "positives out. Duplicates, tests, undetermined and undecided alerts are in neither. Rates and trends are "
            f"given from {minimum} alerts on (of those that they are about); the intervals are Wilson's at {percent}. "
            "`trend_ratio` is alerts of the last half of the days over those of the first half (an odd middle day is left "
            f"out), days of {zone}; rising or falling only where its interval, widened for bursts, leaves no room for "
            f"`no change`; steady where a change by more than a factor of {steady:g} is ruled out; else empty: nobody can tell. "
            "Empty counts of open, closed or escalated mean that the system does not say. "
            "What this does not tell: volume is not uselessness, and a rule without true positives may yet be the only one "
            "that sees its attack. Verdicts are what somebody chose while closing: default reasons, bulk closures and "
            "labels that change over time bend precision; see `labels` for how many alerts have none."
        ),
        parts=(
            _per_day(rows, zone, top),
            _escalated(rows, zone, top),
            _evidence(by_evidence, top, minimum),
            _clients(rows, minimum, z, percent),
            _per_hour(rows, zone),
            _labels(rows),
        ),
    )


_BY_VOLUME = (pl.col("rule").is_null(), pl.col("alerts").neg(), pl.col("rule"))


def volume_by_rule(alerts: pl.LazyFrame, *, minimum: int = 10, z: float = 1.959964) -> pl.LazyFrame:
    """One row per rule, the one with most alerts first; alerts without a rule are the last row."""
    return (
        alerts.group_by("rule")
        .agg(*_counts(), clients=pl.col("client").drop_nulls().n_unique().cast(pl.Int64), **_span())
        .sort(*_BY_VOLUME)
        .with_columns(*_rates(minimum, z))
        .with_columns(cumulative_share=pl.col("alerts").cum_sum() / pl.col("alerts").sum())
        .select("rule", "alerts", "share", "cumulative_share", *_STATE, *_RATES, "clients", "first_time", "last_time")
    )


def volume_by_client(alerts: pl.LazyFrame, *, minimum: int = 10, z: float = 1.959964) -> pl.LazyFrame:
    """One row per client, the one with most alerts first; alerts without a client are the last row."""
    return (
        alerts.group_by("client")
        .agg(*_counts(), rules=pl.col("rule").drop_nulls().n_unique().cast(pl.Int64), **_span())
        .sort(pl.col("client").is_null(), pl.col("alerts").neg(), "client")
        .with_columns(*_rates(minimum, z))
        .select("client", "alerts", "share", *_STATE, *_RATES, "rules", "first_time", "last_time")
    )


def alerts_per_day(alerts: pl.LazyFrame, *, zone: str, top: int = 5) -> pl.LazyFrame:
    """One row per day and rule, for the rules with most alerts and all others together; a day without alerts is 0."""
    return _grid(alerts.filter(pl.col("created_time").is_not_null()), alerts, zone, top)


def escalated_per_day(alerts: pl.LazyFrame, *, zone: str, top: int = 5) -> pl.LazyFrame:
    """One row per day and rule: alerts made that day that were escalated; days as in `alerts_per_day`."""
    return _grid(alerts.filter(pl.col("escalated")), alerts, zone, top).rename({"alerts": "escalated"})


def alerts_by_hour(alerts: pl.LazyFrame, *, zone: str) -> pl.LazyFrame:
    """One row per weekday and hour of the zone's clock: 168 rows; an hour without alerts is 0."""
    clock = times.in_zone(pl.col("created_time"), zone)
    seen = (
        alerts.filter(pl.col("created_time").is_not_null())
        .group_by(number=clock.dt.weekday().cast(pl.Int64), hour=clock.dt.hour().cast(pl.Int64))
        .agg(alerts=pl.len().cast(pl.Int64))
    )
    days = pl.LazyFrame({"number": range(1, 8), "weekday": WEEKDAYS}, schema={"number": pl.Int64, "weekday": pl.String})
    hours = pl.LazyFrame({"hour": range(24)}, schema={"hour": pl.Int64})
    return (
        days.join(hours, how="cross")
        .join(seen, on=["number", "hour"], how="left")
        .sort("number", "hour")
        .select("weekday", "hour", pl.col("alerts").fill_null(0))
    )


def evidence_by_rule(alerts: pl.LazyFrame, evidence: pl.LazyFrame, *, top: int = 5) -> pl.LazyFrame:
    """One row per rule, field and value, for the values in most alerts of the rule.

    `lift` is the share of the rule's alerts that have the value over the share of all other alerts that do; null where
    no other alert has it. An alert counts once per value. Alert and evidence meet by source and alert id, or by source and
    record where there is no id.
    """
    keyed = alerts.select("rule", _key=_alert_key()).unique()
    facts = evidence.filter(pl.col("value").is_not_null(), pl.col("field").is_not_null())
    pairs = facts.select("field", "value", _key=_alert_key()).unique().join(keyed, on="_key", how="inner")
    by_rule = keyed.group_by("rule").agg(rule_alerts=pl.len().cast(pl.Int64))
    counts = pairs.group_by("rule", "field", "value").agg(alerts=pl.len().cast(pl.Int64))
    elsewhere = pl.col("value_alerts") - pl.col("alerts")
    others = pl.col("all_alerts") - pl.col("rule_alerts")
    return (
        counts.join(by_rule, on="rule", how="left", nulls_equal=True)
        .join(keyed.select(all_alerts=pl.len().cast(pl.Int64)), how="cross")
        .with_columns(value_alerts=pl.col("alerts").sum().over("field", "value"))
        .with_columns(
            share=pl.col("alerts") / pl.col("rule_alerts"),
            share_elsewhere=pl.when(others > 0).then(elsewhere / others),
        )
        .with_columns(lift=pl.when(pl.col("share_elsewhere") > 0).then(pl.col("share") / pl.col("share_elsewhere")))
        .sort("rule", "field", pl.col("alerts").neg(), "value", nulls_last=True)
        .with_columns(
            values=pl.len().cast(pl.Int64).over("rule", "field"),
            rank=pl.int_range(1, pl.len() + 1).over("rule", "field"),
        )
        .filter(pl.col("rank") <= top)
        .sort(pl.col("rule").is_null(), pl.col("rule_alerts").neg(), "rule", "field", "rank")
        .select("rule", "field", "value", "alerts", "share", "share_elsewhere", "lift", "rule_alerts", "values", "rank")
    )


_STATE = ("open", "closed", *DISPOSITIONS, "undecided")
_RATES = (
    *(f"precision{end}" for end in ("", "_low", "_high")),
    *(f"precision_strict{end}" for end in ("", "_low", "_high")),
    "escalated",
    *(f"escalation_rate{end}" for end in ("", "_low", "_high")),
)


def _counts() -> list[pl.Expr]:
    """What a group of alerts came to; null where none of them says it."""
    disposition, status, escalated = pl.col("disposition"), pl.col("status"), pl.col("escalated")
    return [
        pl.len().cast(pl.Int64).alias("alerts"),
        *(
            pl.when(status.is_not_null().any()).then((status == word).sum().cast(pl.Int64)).alias(word)
            for word in ("open", "closed")
        ),
        *((disposition == word).sum().cast(pl.Int64).alias(word) for word in DISPOSITIONS),
        disposition.is_null().sum().cast(pl.Int64).alias("undecided"),
        pl.when(escalated.is_not_null().any()).then(escalated.sum().cast(pl.Int64)).alias("escalated"),
        escalated.is_not_null().sum().cast(pl.Int64).alias("_escalation_known"),
    ]


def _span() -> dict[str, pl.Expr]:
    return {"first_time": pl.col("created_time").min(), "last_time": pl.col("created_time").max()}


def _rates(minimum: int, z: float) -> list[pl.Expr]:
    right = pl.col("true_positive")
    strict = right + pl.col("false_positive")
    return [
        (pl.col("alerts") / pl.col("alerts").sum()).alias("share"),
        *share("precision", right, strict + pl.col("benign_positive"), minimum=minimum, z=z),
        *share("precision_strict", right, strict, minimum=minimum, z=z),
        *share("escalation_rate", pl.col("escalated"), pl.col("_escalation_known"), minimum=minimum, z=z),
    ]


def _day(zone: str) -> pl.Expr:
    return times.floor(pl.col("created_time"), "1d", zone).dt.date()


def _trends(alerts: pl.LazyFrame, *, zone: str, minimum: int, z: float, steady: float) -> pl.LazyFrame:
    """One row per rule: last half of the days against the first, over the days that all alerts span."""
    timed = alerts.filter(pl.col("created_time").is_not_null()).select("rule", day=_day(zone))
    span = timed.select(first=pl.col("day").min(), last=pl.col("day").max()).with_columns(
        half=((pl.col("last") - pl.col("first")).dt.total_days() + 1) // 2
    )
    number = (pl.col("day") - pl.col("first")).dt.total_days()
    from_end = (pl.col("last") - pl.col("day")).dt.total_days()
    daily = timed.group_by("rule", "day").agg(n=pl.len().cast(pl.Float64)).join(span, how="cross")

    def of(half: pl.Expr, name: str) -> list[pl.Expr]:
        n = pl.col("n").filter(half)
        # Pearson's statistic over the days of a half; days without alerts are in it: sum n^2 / mean - sum n.
        pearson = pl.when(n.sum() > 0).then((n**2).sum() * pl.col("half").first() / n.sum() - n.sum()).otherwise(0.0)
        return [n.sum().alias(name), pearson.alias(f"_{name}")]

    df = 2 * (pl.col("half") - 1)
    low, high = ratio_of_halves(pl.col("_before"), pl.col("_after"), dispersion=pl.col("_dispersion"), df=df, z=z)
    enough = (pl.col("_before") + pl.col("_after") >= minimum) & (df >= 2)
    return (
        daily.group_by("rule")
        .agg(
            *of(number < pl.col("half"), "_before"),
            *of(from_end < pl.col("half"), "_after"),
            half=pl.col("half").first(),
        )
        .with_columns(_dispersion=((pl.col("__before") + pl.col("__after")) / df).clip(1))
        .with_columns(
            trend_ratio=pl.when(enough & (pl.col("_before") > 0)).then(pl.col("_after") / pl.col("_before")),
            trend_low=pl.when(enough).then(low),
            trend_high=pl.when(enough).then(high),
        )
        .select(
            "rule",
            pl.when(pl.col("trend_low").is_null())
            .then(None)
            .when(pl.col("trend_low") > 1)
            .then(pl.lit("rising"))
            .when(pl.col("trend_high") < 1)
            .then(pl.lit("falling"))
            .when((pl.col("trend_low") >= 1 / steady) & (pl.col("trend_high") <= steady))
            .then(pl.lit("steady"))
            .alias("trend"),
            "trend_ratio",
            "trend_low",
            "trend_high",
        )
    )


def _top_rules(alerts: pl.LazyFrame, top: int) -> pl.LazyFrame:
    named = alerts.filter(pl.col("rule").is_not_null()).group_by("rule").agg(alerts=pl.len().cast(pl.Int64))
    return (
        named.sort(pl.col("alerts").neg(), "rule").head(top).select("rule", series="rule", order=pl.int_range(pl.len()))
    )


def _grid(counted: pl.LazyFrame, alerts: pl.LazyFrame, zone: str, top: int) -> pl.LazyFrame:
    """Every day from the first to the last alert times every top rule, with the number of counted alerts."""
    best = _top_rules(alerts, top)
    timed = alerts.filter(pl.col("created_time").is_not_null())
    days = timed.select(first=_day(zone).min(), last=_day(zone).max()).filter(pl.col("first").is_not_null())
    days = days.select(day=pl.date_ranges("first", "last")).explode("day")
    others = pl.LazyFrame({"series": [OTHERS], "order": [top]}, schema={"series": pl.String, "order": pl.Int64})
    series = pl.concat([best.select("series", pl.col("order").cast(pl.Int64)), others])
    seen = (
        counted.filter(pl.col("created_time").is_not_null())
        .select("rule", day=_day(zone))
        .join(best, on="rule", how="left")
        .group_by("day", series=pl.col("series").fill_null(OTHERS))
        .agg(alerts=pl.len().cast(pl.Int64))
    )
    return (
        days.join(series, how="cross")
        .join(seen, on=["day", "series"], how="left")
        .sort("day", "order")
        .select("day", pl.col("series").alias("rule"), pl.col("alerts").fill_null(0))
    )


def _alert_key() -> pl.Expr:
    """What an alert and its evidence share."""
    return pl.struct("source", "alert_id", pl.when(pl.col("alert_id").is_null()).then("record").alias("record"))


def _standing_out(evidence: pl.LazyFrame, minimum: int) -> pl.LazyFrame:
    """One row per rule: the value that is in most of its alerts, one that names somebody where there is one."""
    return (
        evidence.filter(pl.col("alerts") >= minimum)
        .sort(
            ~pl.col("field").is_in(ENTITIES),
            pl.col("alerts").neg(),
            pl.col("lift").fill_null(float("inf")).neg(),
            "field",
            "value",
        )
        .group_by("rule", maintain_order=True)
        .first()
        .select(
            "rule",
            top_evidence=pl.format("{} = {}", "field", "value"),
            top_evidence_share="share",
            top_evidence_lift="lift",
        )
    )


def _per_day(rows: pl.LazyFrame, zone: str, top: int) -> Result:
    return Result(
        title="Alerts per day",
        name="per_day",
        table=alerts_per_day(rows, zone=zone, top=top),
        charts=(Lines(x="day", y="alerts", color="rule", title="Alerts per day", zone=zone, stacked=True),),
        explanation=f"Days of {zone} by `created_time`, from the first alert to the last: both may be cut. The {top} rules "
        "with most alerts, and all others (also alerts without a rule) together. Alerts without `created_time` are not here.",
    )


def _escalated(rows: pl.LazyFrame, zone: str, top: int) -> Result:
    return Result(
        title="Escalated alerts per day",
        name="escalated_per_day",
        table=escalated_per_day(rows, zone=zone, top=top),
        charts=(
            Lines(x="day", y="escalated", color="rule", title="Escalated alerts per day", zone=zone, stacked=True),
        ),
        explanation=f"Alerts that were escalated, on the day of {zone} on which they were made (`created_time`), whenever "
        "they were handed on. The last days may still grow.",
    )


def _evidence(by_evidence: pl.LazyFrame, top: int, minimum: int) -> Result:
    table = by_evidence.with_columns(
        label=pl.format("{}: {} = {}", pl.col("rule").fill_null("(no rule)"), "field", "value")
    )
    entities = table.filter(pl.col("field").is_in(ENTITIES), pl.col("alerts") >= minimum)
    chart = Result(
        title="Evidence that stands out",
        name="standing_out",
        table=entities.sort(pl.col("alerts").neg(), "label").head(20),
        charts=(Bars(x="alerts", y="label", color="field", title="Alerts by rule and value"),),
        explanation=f"Values that name somebody or something ({', '.join(ENTITIES)}), in at least {minimum} alerts.",
    )
    return Result(
        title="Evidence by rule",
        name="evidence",
        table=by_evidence,
        charts=(),
        parts=(chart,),
        explanation=f"For each rule and field the {top} values that are in most of its alerts. `share` is of the rule's "
        "alerts; `lift` is how many times more often than in all other alerts, empty where no other alert has the value. "
        "`values` is how many values the field has under the rule.",
    )


def _clients(rows: pl.LazyFrame, minimum: int, z: float, percent: str) -> Result:
    return Result(
        title="Alerts by client",
        name="clients",
        table=volume_by_client(rows, minimum=minimum, z=z),
        charts=(Bars(x="alerts", y="client", title="Alerts by client"),),
        explanation=f"As in the table of rules: rates from {minimum} alerts on, Wilson's intervals at {percent}.",
    )


def _per_hour(rows: pl.LazyFrame, zone: str) -> Result:
    return Result(
        title="Alerts by weekday and hour",
        name="per_hour",
        table=alerts_by_hour(rows, zone=zone),
        charts=(Heat(x="hour", y="weekday", color="alerts", title=f"Alerts by weekday and hour ({zone})"),),
        explanation=f"All alerts by the clock of {zone} at `created_time`; a time with few weeks of data shows its weeks, "
        "not a habit.",
    )


def _labels(rows: pl.LazyFrame) -> Result:
    """How far the labels carry: what is missing."""
    closed = pl.col("status") == "closed"
    counts: Sequence[tuple[str, pl.Expr]] = (
        ("alerts", pl.len()),
        ("without a rule", pl.col("rule").is_null().sum()),
        ("without created_time (in no day, hour or trend)", pl.col("created_time").is_null().sum()),
        ("without a status", pl.col("status").is_null().sum()),
        ("without a disposition", pl.col("disposition").is_null().sum()),
        ("closed without a disposition", (closed & pl.col("disposition").is_null()).sum()),
        ("closed without a reason", (closed & pl.col("closing_reason").is_null()).sum()),
        ("open with a disposition", ((pl.col("status") == "open") & pl.col("disposition").is_not_null()).sum()),
        ("where the system does not say whether escalated", pl.col("escalated").is_null().sum()),
    )
    table = rows.select(count.cast(pl.Int64).alias(name) for name, count in counts).unpivot(
        variable_name="count", value_name="value"
    )
    return Result(
        title="What the labels carry",
        name="labels",
        table=table,
        explanation="How many alerts lack what the rates need. A rate over few labelled alerts is a rate of those, not of all.",
    )
