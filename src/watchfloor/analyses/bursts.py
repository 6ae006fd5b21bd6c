"""When does a rule fire in bursts? Many alerts without a pause, at many times its usual pace."""

from __future__ import annotations

import polars as pl

__all__ = ["GAP_MINUTES", "TIMES", "bursts", "bursts_by_rule"]

GAP_MINUTES = 10
"""A burst ends with a pause of so many minutes."""
TIMES = 10.0
"""A burst comes at so many times the rule's mean pace, at the least."""


def bursts(alerts: pl.LazyFrame, *, minimum: int) -> pl.LazyFrame:
    """One row per burst, the largest first: when, how long, `alerts`, `share` of the rule's alerts, `times_usual`.

    A burst is at least twice `minimum` alerts of one rule with no pause of `GAP_MINUTES` among them, at `TIMES` times
    the rule's mean pace over all the time that the alerts span. `true_positive` counts the true ones in it.
    """
    pause = pl.duration(minutes=GAP_MINUTES)
    timed = alerts.filter(pl.col("created_time").is_not_null())
    span = timed.select(
        _span=(pl.col("created_time").max() - pl.col("created_time").min()).dt.total_microseconds() / 1e6
    )
    long = pl.col("duration_seconds") + 60.0 * GAP_MINUTES
    return (
        timed.select("rule", "created_time", _true=pl.col("disposition") == "true_positive")
        .sort("created_time")
        .with_columns(_new=(pl.col("created_time").diff() >= pause).fill_null(True).cum_sum().over("rule"))
        .group_by("rule", "_new")
        .agg(
            start_time=pl.col("created_time").min(),
            end_time=pl.col("created_time").max(),
            alerts=pl.len().cast(pl.Int64),
            true_positive=pl.col("_true").sum().cast(pl.Int64),
        )
        .with_columns(share=pl.col("alerts") / pl.col("alerts").sum().over("rule"))
        .filter(pl.col("alerts") >= 2 * minimum)
        .join(span, how="cross")
        .with_columns(
            duration_seconds=(pl.col("end_time") - pl.col("start_time")).dt.total_microseconds() / 1e6,
        )
        .with_columns(times_usual=pl.col("share") * pl.col("_span") / long)
        .filter(pl.col("times_usual") >= TIMES)
        .sort(pl.col("alerts").neg(), "start_time", "rule", nulls_last=True)
        .select(
            *("rule", "start_time", "end_time", "duration_seconds", "alerts", "share", "times_usual", "true_positive")
        )
    )


def bursts_by_rule(found: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule with bursts: how many `bursts`, and the `burst_share` of its alerts that came in them."""
    return found.group_by("rule").agg(bursts=pl.len().cast(pl.Int64), burst_share=pl.col("share").sum())
