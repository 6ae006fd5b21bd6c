"""How many alerts, and what became of them: by rule, by client, by day, by hour of the week."""

from __future__ import annotations

import polars as pl

from watchfloor import times
from watchfloor.analyses.intervals import share

__all__ = [
    "DISPOSITIONS",
    "OTHERS",
    "RATES",
    "alerts_by_client_and_rule",
    "alerts_by_day_and_hour",
    "alerts_by_hour",
    "alerts_by_rule_and_day",
    "alerts_per_day",
    "day_of",
    "days_between",
    "escalated_per_day",
    "volume_at_a_glance",
    "volume_by",
    "volume_by_client",
    "volume_by_rule",
]

DISPOSITIONS = ("true_positive", "benign_positive", "false_positive", "duplicate", "test", "undetermined")
"""What an alert can turn out to be, in the canonical words."""

RATES = tuple(
    f"{rate}{end}" for rate in ("precision", "strict_precision", "escalated_share") for end in ("", "_low", "_high")
)
"""Columns of rates, each with both ends of its interval."""

OTHERS = "all other rules"
"""Stands for the rules that have no line of their own."""

MOST_DAYS = 3_660
"""Days that a calendar holds at most, the last ones: one wrong year must not make it endless."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STATE = ("open", "closed", *DISPOSITIONS, "undecided", "escalated")


def volume_by_rule(alerts: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per rule, the one with most alerts first; alerts without a rule are the last row."""
    return (
        volume_by(alerts, "rule", minimum=minimum, z=z, clients=pl.col("client"))
        .with_columns(cumulative_share=pl.col("alerts").cum_sum() / pl.col("alerts").sum())
        .select(
            "rule", "alerts", "share", "cumulative_share", pl.exclude("rule", "alerts", "share", "cumulative_share")
        )
    )


def volume_by_client(alerts: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per client, the one with most alerts first; alerts without a client are the last row."""
    return volume_by(alerts, "client", minimum=minimum, z=z, rules=pl.col("rule"))


def volume_at_a_glance(alerts: pl.LazyFrame, *, minimum: int, z: float, top: int) -> pl.LazyFrame:
    """One row: alerts, rules, the share that the rules with most alerts raise, open ones, undecided ones, rates."""
    loudest = _rules_with_a_line(alerts, top).select(loudest=pl.col("alerts").sum())
    rules = alerts.select(rules=pl.col("rule").drop_nulls().n_unique().cast(pl.Int64))
    counts = alerts.select(_counts()).with_columns(_rates(minimum, z))
    rates = [name for name in RATES if not name.startswith("strict")]
    return (
        counts.join(rules, how="cross")
        .join(loudest, how="cross")
        .with_columns(top_rules_share=pl.when(pl.col("alerts") > 0).then(pl.col("loudest") / pl.col("alerts")))
        .select("alerts", "rules", "top_rules_share", "open", "undecided", *rates)
    )


def alerts_per_day(alerts: pl.LazyFrame, *, zone: str, top: int) -> pl.LazyFrame:
    """One row per day and rule, for the rules with most alerts and all others together; a day without alerts is 0."""
    return _per_day(alerts, alerts, zone=zone, top=top, name="alerts")


def escalated_per_day(alerts: pl.LazyFrame, *, zone: str, top: int) -> pl.LazyFrame:
    """One row per day and rule: how many of the alerts made that day were escalated; days as in `alerts_per_day`.

    No rows where the system does not say of any alert whether it was escalated.
    """
    said = alerts.select(said=pl.col("escalated").is_not_null().any()).filter("said")
    days = _per_day(alerts, alerts.filter(pl.col("escalated")), zone=zone, top=top, name="escalated")
    return days.join(said, how="cross", maintain_order="left").drop("said")


def alerts_by_hour(alerts: pl.LazyFrame, *, zone: str) -> pl.LazyFrame:
    """One row per weekday and hour of the zone's clock: 168 rows; an hour without alerts is 0."""
    clock = times.in_zone(pl.col("created_time"), zone)
    seen = (
        alerts.filter(pl.col("created_time").is_not_null())
        .group_by(number=clock.dt.weekday().cast(pl.Int64), hour=clock.dt.hour().cast(pl.Int64))
        .agg(alerts=pl.len().cast(pl.Int64))
    )
    days = pl.LazyFrame({"number": range(1, 8), "weekday": _WEEKDAYS}, {"number": pl.Int64, "weekday": pl.String})
    hours = pl.LazyFrame({"hour": range(24)}, {"hour": pl.Int64})
    return (
        days.join(hours, how="cross")
        .join(seen, on=["number", "hour"], how="left")
        .sort("number", "hour")
        .select("weekday", "hour", pl.col("alerts").fill_null(0))
    )


def alerts_by_day_and_hour(alerts: pl.LazyFrame, *, zone: str) -> pl.LazyFrame:
    """One row per day and hour of the zone's clock, from the first day with an alert to the last; nothing is 0."""
    clock = times.in_zone(pl.col("created_time"), zone)
    seen = (
        alerts.filter(pl.col("created_time").is_not_null())
        .group_by(day=day_of(pl.col("created_time"), zone), hour=clock.dt.hour().cast(pl.Int64))
        .agg(alerts=pl.len().cast(pl.Int64))
    )
    hours = pl.LazyFrame({"hour": range(24)}, {"hour": pl.Int64})
    return (
        days_between(seen.select(first=pl.col("day").min(), last=pl.col("day").max()))
        .join(hours, how="cross")
        .join(seen, on=["day", "hour"], how="left")
        .sort("hour", "day")
        .select("hour", "day", pl.col("alerts").fill_null(0))
    )


def alerts_by_rule_and_day(alerts: pl.LazyFrame, *, zone: str, top: int) -> pl.LazyFrame:
    """One row per rule and day, for the `top` rules with most alerts, the largest first; a day without alerts is 0.

    `busiest_day_share` is the alerts of the day over those of the rule's busiest day.
    """
    return (
        _per_day(alerts, alerts, zone=zone, top=top, name="alerts")
        .filter(pl.col("rule") != OTHERS)
        .with_columns(_all=pl.col("alerts").sum().over("rule"), _most=pl.col("alerts").max().over("rule"))
        .sort(pl.col("_all").neg(), "rule", "day")
        .select("rule", "day", "alerts", busiest_day_share=pl.col("alerts") / pl.col("_most"))
    )


def alerts_by_client_and_rule(alerts: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per client and rule, the most frequent first: alerts, shares, precision there, and the lift.

    `client_share` is the rule's share of the client's alerts, `elsewhere_share` its share of all other clients'; `lift`
    the one over the other: null where no other client has it. Alerts without a client or a rule are in no row.
    """
    named = alerts.filter(pl.col("client").is_not_null(), pl.col("rule").is_not_null())
    right = (pl.col("disposition") == "true_positive").sum().cast(pl.Int64)
    judged = pl.col("disposition").is_in(DISPOSITIONS[:3]).sum().cast(pl.Int64)
    n, mine, all_mine = pl.col("alerts"), pl.col("_client"), pl.col("_all")
    return (
        named.group_by("client", "rule")
        .agg(alerts=pl.len().cast(pl.Int64), judged=judged, true_positive=right)
        .with_columns(_client=n.sum().over("client"), _rule=n.sum().over("rule"), _all=n.sum())
        .with_columns(
            client_share=n / mine,
            elsewhere_share=pl.when(all_mine > mine).then((pl.col("_rule") - n) / (all_mine - mine)),
        )
        .with_columns(
            share("precision", pl.col("true_positive"), pl.col("judged"), minimum=minimum, z=z),
            lift=pl.when(pl.col("elsewhere_share") > 0).then(pl.col("client_share") / pl.col("elsewhere_share")),
        )
        .sort(n.neg(), "client", "rule")
        .select(
            *("client", "rule", "alerts", "client_share", "elsewhere_share", "lift"),
            *("judged", "true_positive", "precision", "precision_low", "precision_high"),
        )
    )


def day_of(instant: pl.Expr, zone: str) -> pl.Expr:
    """The calendar day of an instant in the zone."""
    return times.floor(instant, "1d", zone).dt.date()


def days_between(span: pl.LazyFrame) -> pl.LazyFrame:
    """Every `day` from `first` to `last`, at most `MOST_DAYS` of them; no day where an end is missing."""
    start = pl.max_horizontal("first", pl.col("last").dt.offset_by(f"-{MOST_DAYS - 1}d"))
    return (
        span.filter(pl.col("first") <= pl.col("last")).select(day=pl.date_ranges(start, pl.col("last"))).explode("day")
    )


def volume_by(alerts: pl.LazyFrame, by: str, *, minimum: int, z: float, **distinct: pl.Expr) -> pl.LazyFrame:
    """One row per group: alerts, what became of them, rates, how many of other columns it touches, first and last."""
    return (
        alerts.group_by(by)
        .agg(
            *_counts(),
            first_time=pl.col("created_time").min(),
            last_time=pl.col("created_time").max(),
            **{name: column.drop_nulls().n_unique().cast(pl.Int64) for name, column in distinct.items()},
        )
        .sort(pl.col(by).is_null(), pl.col("alerts").neg(), by)
        .with_columns(_rates(minimum, z), share=pl.col("alerts") / pl.col("alerts").sum())
        .select(by, "alerts", "share", *_STATE, *RATES, *distinct, "first_time", "last_time")
    )


def _counts() -> list[pl.Expr]:
    """What a group of alerts came to; open, closed and escalated are null where no alert of the group says it."""
    disposition, status, escalated = pl.col("disposition"), pl.col("status"), pl.col("escalated")
    known = status.is_not_null().any()
    return [
        pl.len().cast(pl.Int64).alias("alerts"),
        *(pl.when(known).then((status == word).sum().cast(pl.Int64)).alias(word) for word in ("open", "closed")),
        *((disposition == word).sum().cast(pl.Int64).alias(word) for word in DISPOSITIONS),
        disposition.is_null().sum().cast(pl.Int64).alias("undecided"),
        pl.when(escalated.is_not_null().any()).then(escalated.sum().cast(pl.Int64)).alias("escalated"),
        escalated.is_not_null().sum().cast(pl.Int64).alias("_escalation_known"),
    ]


def _rates(minimum: int, z: float) -> list[pl.Expr]:
    """The columns of `RATES`, from what `_counts` gives."""
    right, wrong = pl.col("true_positive"), pl.col("false_positive")
    return [
        *share("precision", right, right + wrong + pl.col("benign_positive"), minimum=minimum, z=z),
        *share("strict_precision", right, right + wrong, minimum=minimum, z=z),
        *share("escalated_share", pl.col("escalated"), pl.col("_escalation_known"), minimum=minimum, z=z),
    ]


def _per_day(alerts: pl.LazyFrame, counted: pl.LazyFrame, *, zone: str, top: int, name: str) -> pl.LazyFrame:
    """Every day on which there could be alerts times every rule with a line, with the number of counted alerts."""
    rules = _rules_with_a_line(alerts, top).drop("alerts")
    day = day_of(pl.col("created_time"), zone)
    others = pl.LazyFrame({"line": [OTHERS], "place": [top]}, {"line": pl.String, "place": pl.Int64})
    lines = pl.concat([rules.select("line", "place"), others])
    seen = (
        counted.filter(pl.col("created_time").is_not_null())
        .select("rule", day=day)
        .join(rules, on="rule", how="left")
        .group_by("day", pl.col("line").fill_null(OTHERS))
        .agg(pl.len().cast(pl.Int64).alias(name))
    )
    return (
        days_between(alerts.select(first=day.min(), last=day.max()))
        .join(lines, how="cross")
        .join(seen, on=["day", "line"], how="left")
        .sort("day", "place")
        .select("day", pl.col("line").alias("rule"), pl.col(name).fill_null(0))
    )


def _rules_with_a_line(alerts: pl.LazyFrame, top: int) -> pl.LazyFrame:
    """The rules with most alerts: how many, the name of the line, and its place."""
    return (
        alerts.filter(pl.col("rule").is_not_null())
        .group_by("rule")
        .agg(alerts=pl.len().cast(pl.Int64))
        .sort(pl.col("alerts").neg(), "rule")
        .head(top)
        .select("rule", "alerts", line="rule", place=pl.int_range(pl.len(), dtype=pl.Int64))
    )
