"""Pictures of beats: calls on the time axis, the gaps with the period that fits, sizes, hours of the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.charts import Bars, Heat, Points
from watchfloor.result import Result

__all__ = ["of_best", "of_row"]

_MARKS = 200
"""Calls of each of the best that are drawn, the latest ones."""
_BINS = 18
"""Bins of a histogram, about."""
_NARROWEST = 0.02
_KEYS = {"pair": ("src_ip", "dst_ip"), "name": ("src_ip", "target"), "port": ("src_ip", "dst_ip", "dst_port")}


def of_best(targets: pl.LazyFrame, best: pl.DataFrame, by: str) -> tuple[Result, Result]:
    """The beat of the best rows, and the hours in which they call."""
    calls = _calls(targets, best, by).sort("rank", "time")
    gap = pl.col("time").diff().over("rank").dt.total_microseconds() / 1_000_000
    times = calls.with_columns(gap_seconds=gap).select("rank", "pair", "time", "gap_seconds", "orig_bytes")
    hours = calls.group_by("rank", "pair", time=pl.col("time").dt.truncate("1h")).agg(
        connections=pl.len().cast(pl.Int64)
    )
    return (
        Result(
            title="The beat of the best",
            name="top_pair_times",
            table=times.group_by("rank", maintain_order=True).tail(_MARKS),
            charts=(
                Points(x="time", y="pair", tooltip=("gap_seconds",), title="Connections over time"),
                Points(x="time", y="gap_seconds", color="pair", title="Seconds since the call before"),
            ),
            explanation=f"The latest {_MARKS} connections of each of the {best.height} best rows. "
            "A steady beat is a level line.",
        ),
        Result(
            title="When the best call",
            name="histogram",
            table=hours.sort("rank", "time"),
            charts=(Heat(x="time", y="pair", color="connections", title="Connections per hour"),),
            explanation="Connections of the best rows in each hour (UTC).",
        ),
    )


def of_row(targets: pl.LazyFrame, row: Mapping[str, Any], by: str) -> Result:
    """One row: its calls on the time axis, and as parts the gaps, the sizes and the hours."""
    one = pl.DataFrame(
        [{name: row[name] for name in ("src_ip", "dst_ip", "name", "dst_port", "rank", "pair")}],
        schema={
            "src_ip": pl.String,
            "dst_ip": pl.String,
            "name": pl.String,
            "dst_port": pl.Int64,
            "rank": pl.Int64,
            "pair": pl.String,
        },
    )
    gap = pl.col("time").diff().dt.total_microseconds() / 1_000_000
    calls = _calls(targets, one, by).sort("time").with_columns(gap_seconds=gap)
    period, off = row["period_seconds"], row["off_seconds"]
    fitted = (
        f" The beat that fits is {period:,.1f} s, off by {off:,.1f} s in the middle."
        if period is not None and off is not None
        else ""
    )
    gaps = _histogram(calls, "gap_seconds")
    marked = (
        gaps.with_columns(
            fits=pl.when(pl.lit(period).is_between("from", "to")).then(pl.lit("the period")).otherwise(pl.lit("other"))
        )
        if period is not None
        else gaps.with_columns(fits=pl.lit("other"))
    )
    return Result(
        title=f"{row['pair']}",
        name="pair",
        table=calls.select("time", "gap_seconds", "dst_ip", "dst_port", "duration_seconds", "orig_bytes", "resp_bytes"),
        charts=(
            Points(
                x="time", y="gap_seconds", tooltip=("orig_bytes", "resp_bytes"), title="Seconds since the call before"
            ),
            Points(x="time", y="orig_bytes", title="Bytes sent"),
        ),
        explanation=f"{row['why']}.",
        parts=(
            Result(
                title="Gaps",
                name="gaps",
                table=marked,
                charts=(Bars(x="connections", y="gap_seconds", color="fits", title="Gaps between connections"),),
                explanation=f"Seconds from one connection to the next, in bins of equal ratio.{fitted}",
            ),
            Result(
                title="Sizes",
                name="sizes",
                table=_histogram(calls, "orig_bytes"),
                charts=(Bars(x="connections", y="orig_bytes", title="Bytes sent"),),
                explanation="Payload bytes sent per connection, in bins of equal ratio.",
            ),
            Result(
                title="Hours",
                name="hours",
                table=calls.group_by(
                    day=pl.col("time").dt.strftime("%Y-%m-%d"), hour=pl.col("time").dt.hour().cast(pl.Int64)
                )
                .agg(connections=pl.len().cast(pl.Int64))
                .sort("day", "hour"),
                charts=(Heat(x="hour", y="day", color="connections", title="Connections per hour (UTC)"),),
                explanation="When it calls: days and hours in UTC.",
            ),
        ),
    )


def _calls(targets: pl.LazyFrame, rows: pl.DataFrame, by: str) -> pl.LazyFrame:
    """The connections of these rows."""
    wanted = rows.lazy().select(
        "src_ip",
        "dst_ip",
        "dst_port",
        "rank",
        "pair",
        target=pl.coalesce("name", "dst_ip") if by == "name" else "dst_ip",
    )
    keys = _KEYS[by]
    return targets.filter(~pl.col("still_open").fill_null(False), pl.col("time").is_not_null()).join(
        wanted.select(*keys, "rank", "pair"), on=list(keys), nulls_equal=True
    )


def _histogram(calls: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Bins of equal ratio: `from`, `to`, their text under the column's name, `connections`.

    A bin is 2 % wide, or as wide as it takes for all of them to be few enough to be drawn.
    """
    value = pl.col(column)
    log = pl.when(value > 0).then(value.log())
    width = ((log.max() - log.min()) / _BINS).clip(_NARROWEST)
    low = pl.when(pl.col("step").is_null()).then(0.0).otherwise((pl.col("step") * pl.col("width")).exp())
    high = pl.when(pl.col("step").is_null()).then(0.0).otherwise(((pl.col("step") + 1) * pl.col("width")).exp())
    return (
        calls.filter(value.is_not_null())
        .with_columns(width=width.fill_null(_NARROWEST))
        .group_by("width", step=(log / pl.col("width")).floor().cast(pl.Int64))
        .agg(connections=pl.len().cast(pl.Int64))
        .select("connections", low.alias("from"), high.alias("to"))
        .sort("from")
        .select(
            pl.format("{} to {}", _short(pl.col("from")), _short(pl.col("to"))).alias(column),
            "connections",
            "from",
            "to",
        )
    )


def _short(value: pl.Expr) -> pl.Expr:
    """Three digits."""
    return value.round_sig_figs(3).cast(pl.String).str.strip_suffix(".0")
