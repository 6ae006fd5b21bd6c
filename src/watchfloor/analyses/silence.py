"""Which rules fell silent? Active until a day, then nothing, for longer than chance explains."""

from __future__ import annotations

from math import exp, lgamma

import polars as pl

from watchfloor.analyses.changes import false_discoveries, one_in
from watchfloor.analyses.volume import day_of

__all__ = ["chance_of_silence", "silent_rules"]

_COLUMNS = pl.Schema(
    {
        "rule": pl.String(),
        "client": pl.String(),
        "system": pl.String(),
        "last_time": pl.Datetime("us", "UTC"),
        "silent_days": pl.Int64(),
        "longest_pause_days": pl.Int64(),
        "active_days": pl.Int64(),
        "days": pl.Int64(),
        "alerts": pl.Int64(),
        "expected_alerts": pl.Float64(),
        "chance": pl.Float64(),
        "one_in": pl.Int64(),
    }
)


def silent_rules(alerts: pl.LazyFrame, *, zone: str, minimum: int, share: float) -> pl.LazyFrame:
    """One row per rule that was active and stopped, the surest first; where it stopped for one client only, that one.

    `silent_days` are whole days without an alert, up to the last day that its system's alerts reach (which may be cut
    and is not counted). `chance` is how often its active days, laid at random over its days, would leave so many
    empty at the end. A rule is listed where the silence is longer than its longest pause before, and false ones are
    at most `share` of the list (Benjamini and Hochberg over all rules and clients that are asked). Rules below
    `minimum` alerts are not asked. `expected_alerts` is what its mean until then would have brought.
    """
    day = day_of(pl.col("created_time"), zone)
    timed = alerts.filter(pl.col("created_time").is_not_null(), pl.col("rule").is_not_null()).select(
        "rule", "client", "system", "created_time", day=day
    )
    # Counted once: per rule, client, system and day there is little left.
    counted = timed.group_by("rule", "client", "system", "day").agg(
        alerts=pl.len().cast(pl.Int64), last_time=pl.col("created_time").max()
    )
    return counted.map_batches(lambda frame: _silent(frame, minimum=minimum, share=share), schema=_COLUMNS)


def chance_of_silence(active: int, days: int, silent: int) -> float:
    """How often `active` of `days` days, drawn at random, leave the last `silent` ones empty: a hypergeometric chance.

    C(days - silent, active) / C(days, active), in logarithms.
    """
    left = days - silent
    if active > left:
        return 0.0
    logs = lgamma(left + 1) - lgamma(left - active + 1) - lgamma(days + 1) + lgamma(days - active + 1)
    return min(1.0, exp(logs))


def _silent(counted: pl.DataFrame, *, minimum: int, share: float) -> pl.DataFrame:
    ends = counted.group_by("system").agg(first_day=pl.col("day").min(), last_day=pl.col("day").max())
    whole = _stopped(counted, ends, ["rule", "system"]).with_columns(client=pl.lit(None, pl.String))
    asked = [whole]
    if counted["client"].drop_nulls().n_unique() > 1:
        gone = whole.filter(pl.col("silent_days") > 0).select("rule", "system")
        named = counted.filter(pl.col("client").is_not_null())
        # A client's own days: one that came last month has been silent for none of those before, one that left is
        # silent for all of its rules, which is no rule's fault.
        own = named.group_by("system", "client").agg(first_day=pl.col("day").min(), last_day=pl.col("day").max())
        by_client = _stopped(named, own, ["rule", "system", "client"])
        asked.append(by_client.join(gone, on=["rule", "system"], how="anti", nulls_equal=True))
    rows = pl.concat(asked, how="diagonal").filter(pl.col("alerts") >= minimum)
    chances = [chance_of_silence(*row) for row in rows.select("active_days", "days", "silent_days").iter_rows()]
    rows = rows.with_columns(chance=pl.Series(chances, dtype=pl.Float64))
    limit = false_discoveries(rows["chance"], share)
    return (
        rows.filter(
            pl.col("silent_days") > 0,
            pl.col("silent_days") > pl.col("longest_pause_days"),
            pl.col("chance") <= limit,
        )
        .with_columns(
            expected_alerts=pl.col("alerts") / (pl.col("days") - pl.col("silent_days")) * pl.col("silent_days"),
            one_in=one_in(pl.col("chance")),
        )
        .sort("chance", pl.col("expected_alerts").neg(), "rule", "client", nulls_last=True)
        .select(_COLUMNS.names())
    )


def _stopped(counted: pl.DataFrame, ends: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Per group: how many days it was active, of how many, and how many are empty at the end."""
    on = [name for name in by if name in ends.columns]
    pause = (pl.col("day").diff().dt.total_days() - 1).max().fill_null(0)
    return (
        counted.group_by(*by, "day")
        .agg(pl.col("alerts").sum(), pl.col("last_time").max())
        .sort("day")
        .group_by(by)
        .agg(
            alerts=pl.col("alerts").sum(),
            active_days=pl.len().cast(pl.Int64),
            begun=pl.col("day").min(),
            ended=pl.col("day").max(),
            last_time=pl.col("last_time").max(),
            longest_pause_days=pause,
        )
        .join(ends, on=on, nulls_equal=True)
        .with_columns(silent_days=((pl.col("last_day") - pl.col("ended")).dt.total_days() - 1).clip(0))
        .with_columns(
            # From its first alert on: before, it may not have been there.
            days=(pl.col("ended") - pl.col("begun")).dt.total_days() + 1 + pl.col("silent_days")
        )
    )
