"""What came in, what went out and why: tags, days, closing reasons, escalations, times, of alerts as they stood."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from watchfloor.analyses import survival
from watchfloor.analyses.clock import LEFT_OUT, TIMES, cases, times_taken
from watchfloor.analyses.intervals import share
from watchfloor.analyses.tags import TagRules, tag_by_alert
from watchfloor.analyses.volume import DISPOSITIONS, day_of, days_between, volume_by
from watchfloor.schemas import TIME

__all__ = [
    "closing_reasons",
    "coverage_of_tags",
    "escalations",
    "flow_per_day",
    "times_by_group",
    "untagged",
    "volume_by_tag",
    "waiting",
]


def volume_by_tag(tagged: pl.LazyFrame, rules: TagRules, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per tag, the one with most alerts first, with tags that never matched; the untagged rest is the last."""
    alerts = tag_by_alert(tagged).with_columns(status="state")
    counted = volume_by(alerts, "tag", minimum=minimum, z=z, rules=pl.col("rule"), clients=pl.col("client"))
    every_tag = pl.LazyFrame({"tag": [*rules.names, None]}, schema={"tag": pl.String})
    return (
        every_tag.join(counted, on="tag", how="left", nulls_equal=True)
        .join(tagged.select(total=pl.len()), how="cross")
        .with_columns(pl.col("alerts", *DISPOSITIONS, "undecided", "rules", "clients").fill_null(0))
        .with_columns(share=pl.when(pl.col("total") > 0).then(pl.col("alerts") / pl.col("total")))
        .sort(pl.col("tag").is_null(), pl.col("alerts").neg(), "tag")
        .drop("total")
    )


def coverage_of_tags(tagged: pl.LazyFrame) -> pl.LazyFrame:
    """One row: alerts, how many have a tag, several, none, and the share that has one."""
    number = pl.col("tags").list.len()
    counts = {"alerts": pl.len(), "tagged": (number > 0).sum(), "with_several_tags": (number > 1).sum()}
    return tagged.select(count.cast(pl.Int64).alias(name) for name, count in counts.items()).with_columns(
        untagged=pl.col("alerts") - pl.col("tagged"),
        coverage=pl.when(pl.col("alerts") > 0).then(pl.col("tagged") / pl.col("alerts")),
    )


def untagged(tagged: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule and title of alerts without a tag, the most frequent first."""
    return (
        tagged.filter(pl.col("tags").list.len() == 0)
        .group_by("rule", "title")
        .agg(alerts=pl.len().cast(pl.Int64))
        .sort(pl.col("alerts").neg(), "rule", "title", nulls_last=True)
    )


def flow_per_day(
    stood: pl.LazyFrame, *, zone: str, start: datetime | None = None, end: datetime | None = None
) -> pl.LazyFrame:
    """One row per day of the zone: alerts `opened` and `closed` that day, and the `backlog` open at its end.

    All alerts count, whenever made; the period only says which days are shown. Left out are alerts of which nobody
    knows when they were made or closed, or whether they are open.
    """
    placed = stood.filter(
        pl.col("known"),
        pl.col("created_time").is_not_null(),
        (pl.col("state") == "open") | pl.col("closed_time").is_not_null(),
    )

    def per_day(rows: pl.LazyFrame, column: str, name: str) -> pl.LazyFrame:
        return rows.group_by(day=day_of(pl.col(column), zone)).agg(pl.len().cast(pl.Int64).alias(name))

    opened = per_day(placed, "created_time", "opened")
    closed = per_day(placed.filter(pl.col("state") == "closed"), "closed_time", "closed")
    first = pl.concat([opened.select("day"), closed.select("day")]).select(first=pl.col("day").min())
    last = stood.select(last=day_of(pl.col("as_of").first(), zone))
    table = (
        days_between(first.join(last, how="cross"))
        .join(opened, on="day", how="full", coalesce=True)
        .join(closed, on="day", how="full", coalesce=True)
        .sort("day")
        .with_columns(pl.col("opened", "closed").fill_null(0))
        .with_columns(backlog=(pl.col("opened") - pl.col("closed")).cum_sum())
    )
    if start is not None:
        table = table.filter(pl.col("day") >= day_of(pl.lit(start, dtype=TIME), zone))
    if end is not None:
        table = table.filter(pl.col("day") <= day_of(pl.lit(end - timedelta(microseconds=1), dtype=TIME), zone))
    return table


def closing_reasons(known: pl.LazyFrame) -> pl.LazyFrame:
    """One row per closing reason, the most frequent first; alerts closed without a reason are the last row.

    `most_by_one_share` is the share that the busiest closer has: all of a frequent reason by one name looks automatic.
    """
    closer = pl.col("closed_by").drop_nulls()
    return (
        known.filter(pl.col("state") == "closed")
        .group_by("closing_reason")
        .agg(
            alerts=pl.len().cast(pl.Int64),
            **{word: (pl.col("disposition") == word).sum().cast(pl.Int64) for word in DISPOSITIONS},
            undecided=pl.col("disposition").is_null().sum().cast(pl.Int64),
            closers=closer.n_unique().cast(pl.Int64),
            most_by_one_share=closer.unique_counts().max() / closer.count(),
            rules=pl.col("rule").drop_nulls().n_unique().cast(pl.Int64),
            clients=pl.col("client").drop_nulls().n_unique().cast(pl.Int64),
        )
        .with_columns(share=pl.col("alerts") / pl.col("alerts").sum())
        .sort(pl.col("closing_reason").is_null(), pl.col("alerts").neg(), "closing_reason")
        .select("closing_reason", "alerts", "share", pl.exclude("closing_reason", "alerts", "share"))
    )


def escalations(known: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per client and rule of which alerts were escalated, most escalations first."""
    escalated = pl.col("escalated")
    delay = (pl.col("escalated_time") - pl.col("created_time")).filter(escalated)
    return (
        known.filter(escalated.is_not_null())
        .group_by("client", "rule")
        .agg(
            alerts=pl.len().cast(pl.Int64),
            escalated=escalated.sum().cast(pl.Int64),
            true_positive=(escalated & (pl.col("disposition") == "true_positive")).sum().cast(pl.Int64),
            timed=delay.count().cast(pl.Int64),
            median_escalation_seconds=delay.median().dt.total_microseconds() / 1e6,
        )
        .filter(escalated > 0)
        .with_columns(*share("escalated_share", escalated, pl.col("alerts"), minimum=minimum, z=z))
        .sort(escalated.neg(), "client", "rule", nulls_last=True)
    )


def times_by_group(known: pl.LazyFrame, tagged: pl.LazyFrame, *, z: float) -> pl.LazyFrame:
    """One row per client and per tag (`by`, `group`): how many the clock measured, and the times they took.

    An alert counts under each of its tags; without a client or a tag it is in the row without a group.
    """
    groups = {"client": known.with_columns(group="client"), "tag": tag_by_alert(tagged).with_columns(group="tag")}
    tables = []
    for name, rows in groups.items():
        counts = rows.group_by("group").agg(
            alerts=pl.len().cast(pl.Int64), left_out=pl.col("outcome").is_in(LEFT_OUT).sum().cast(pl.Int64)
        )
        times = times_taken(cases(rows, "group"), "group", z=z)
        tables.append(
            counts.join(times, on="group", how="left", nulls_equal=True)
            .with_columns(pl.col("done", "running").fill_null(0), by=pl.lit(name))
            .sort(pl.col("group").is_null(), pl.col("alerts").neg(), "group")
            .select("by", "group", "alerts", "done", "running", "left_out", *TIMES)
        )
    return pl.concat(tables)


def waiting(known: pl.LazyFrame) -> pl.LazyFrame:
    """Kaplan and Meier's curve: `days`, and the share of alerts that still run after so long, in steps of 0.1 %."""
    begin = pl.LazyFrame({"days": [0.0], "running_share": [1.0]})
    steps = (
        survival.curve(cases(known))
        .select(days=pl.col("waited").dt.total_microseconds() / 86_400e6, running_share="survival")
        .group_by(pl.col("running_share").round(3).alias("step"))
        .agg(pl.col("days", "running_share").sort_by("days").first())
        .sort("days")
        .select("days", "running_share")
    )
    return pl.concat([begin, steps])
