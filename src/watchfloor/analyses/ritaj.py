"""Who is calling home over HTTP, by the formulas of the RITA-J notebook: for those who have figures from it.

Cyb3r-Monk/RITA-J, `C2 Detection - HTTP.ipynb` (2022-07-02), its day wrap included.
"""

from __future__ import annotations

import polars as pl

from watchfloor.charts import Bars
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import HTTP_REQUESTS

__all__ = ["group_scores", "rita_j"]

_KEYS = {"src_ip": "src_ip", "dst_ip": "dst_ip", "name": "host", "dst_port": "dst_port", "method": "method"}
_DAY = 86_400
_JITTER_SECONDS, _JITTER_BYTES, _SMALL_BYTES, _EVERY_SECONDS = 30, 128, 8_192, 90
"""Where a score reaches 0: deviation of the intervals and of the sizes, size; and how often a call is expected."""
_LOW, _MIDDLE, _HIGH = 0.2, 0.5, 0.8
_COLUMNS = (
    "rank",
    "score",
    *_KEYS,
    "connections",
    "ts_score",
    "ds_score",
    "ts_skew_score",
    "ts_mad_score",
    "ts_count_score",
    "ds_skew_score",
    "ds_mad_score",
    "ds_smallness_score",
    "ts_skew",
    "ts_mad_seconds",
    "expected_connections",
    "interval_seconds",
    "ds_skew",
    "ds_mad_bytes",
    "bytes_median",
    "first_time",
    "last_time",
)


def rita_j(requests: pl.LazyFrame, *, least: int = 20, threshold: float = 0.8, top: int = 10) -> Result:
    """Who is calling home over HTTP at regular times, as the RITA-J notebook scores it?

    Arguments:
        requests: the canonical table of HTTP requests.
        least: a group needs more requests than this.
        threshold: scores above are what the notebook shows.
        top: how many groups the chart shows.

    Raises:
        BadOption: a value that means nothing here.
    """
    if least < 2 or top < 1 or not 0 <= threshold <= 1:
        raise BadOption(
            f"least={least}, threshold={threshold:g}, top={top}: one of them means nothing",
            hint="the notebook has least=20 and threshold=0.8",
        )
    scored = group_scores(HTTP_REQUESTS.conform(requests), least=least).collect()
    shown = scored.filter(pl.col("score") > threshold)
    unsized = scored.filter(pl.col("score").is_null()).height
    return Result(
        title="Beacons over HTTP (RITA-J)",
        name="beacons",
        table=scored.lazy(),
        explanation=f"Requests by source, destination, host, port and method; {scored.height:,} groups have more than "
        f"{least} requests, {shown.height:,} of them a score above {threshold:g}, which is what the RITA-J notebook "
        "shows. The score is the mean of two: of time (skew of the intervals, their deviation against "
        f"{_JITTER_SECONDS} s, one request per {_EVERY_SECONDS} s expected) and of size (skew, deviation against "
        f"{_JITTER_BYTES} bytes, median against {_SMALL_BYTES:,} bytes of the request's body). As in the notebook, "
        "intervals are whole seconds and wrap at one day: a gap of 25 hours counts as one hour."
        + (f" {unsized:,} groups have requests without a size, and so no score." if unsized else "")
        + " What the score does not say: which of them is bad. Most groups pass, so it hardly ranks.",
        parts=(_best(scored, top),),
    )


def group_scores(requests: pl.LazyFrame, *, least: int = 20) -> pl.LazyFrame:
    """One row per source, destination, host, port and method with more than so many requests, best score first.

    A request without one of the five is in no group, as pandas has it.
    """
    gaps = pl.col("time").diff().drop_nulls()
    interval = gaps.dt.total_microseconds() // 1_000_000 % _DAY  # `.dt.seconds` of pandas
    span = (pl.col("time").max() - pl.col("time").min()).dt.total_microseconds() // 1_000_000 % _DAY
    size = pl.col("orig_bytes")
    known = pl.all_horizontal(pl.col(column).is_not_null() for column in (*_KEYS.values(), "time"))
    return (
        requests.filter(known)
        .select("time", "orig_bytes", **{ours: pl.col(theirs) for ours, theirs in _KEYS.items()})
        .sort("time")
        .group_by(*_KEYS)
        .agg(
            connections=pl.len().cast(pl.Int64),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
            expected_connections=span / _EVERY_SECONDS,
            sized=size.is_not_null().all(),
            **_quantiles("ts", interval),
            **_quantiles("ds", size),
        )
        .filter(pl.col("connections") > least)
        .with_columns(ts_skew=_skew("ts"), ds_skew=pl.when("sized").then(_skew("ds")))
        .with_columns(
            ts_skew_score=1 - pl.col("ts_skew").abs(),
            ts_mad_score=_smallness(pl.col("ts_mad"), _JITTER_SECONDS),
            ts_count_score=(pl.col("connections") / pl.col("expected_connections")).clip(upper_bound=1),
            ds_skew_score=1 - pl.col("ds_skew").abs(),
            ds_mad_score=_smallness(pl.col("ds_mad"), _JITTER_BYTES),
            ds_smallness_score=_smallness(pl.col("ds_middle"), _SMALL_BYTES),
        )
        .with_columns(
            ts_score=(pl.col("ts_skew_score") + pl.col("ts_mad_score") + pl.col("ts_count_score")) / 3,
            ds_score=(pl.col("ds_skew_score") + pl.col("ds_mad_score") + pl.col("ds_smallness_score")) / 3,
        )
        .with_columns(score=(pl.col("ts_score") + pl.col("ds_score")) / 2)
        .sort(pl.col("score").neg(), pl.col("connections").neg(), *_KEYS, nulls_last=True)
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1),
            interval_seconds="ts_middle",
            ts_mad_seconds="ts_mad",
            bytes_median=pl.when("sized").then("ds_middle"),
            ds_mad_bytes=pl.when("sized").then("ds_mad"),
        )
        .select(_COLUMNS)
    )


def _quantiles(name: str, values: pl.Expr) -> dict[str, pl.Expr]:
    """The three quantiles, between two values on a line, as numpy has them, and the deviation from the median."""
    return {
        f"{name}_low": values.quantile(_LOW, interpolation="linear"),
        f"{name}_middle": values.quantile(_MIDDLE, interpolation="linear"),
        f"{name}_high": values.quantile(_HIGH, interpolation="linear"),
        f"{name}_mad": (values - values.median()).abs().median(),
    }


def _skew(name: str) -> pl.Expr:
    low, middle, high = (pl.col(f"{name}_{place}") for place in ("low", "middle", "high"))
    usable = (high != low) & (middle != low) & (middle != high)
    return pl.when(usable).then((low + high - 2 * middle) / (high - low)).otherwise(0.0)


def _smallness(value: pl.Expr, zero: float) -> pl.Expr:
    """1 at 0, and 0 from there on."""
    return (1 - value / zero).clip(lower_bound=0)


def _best(scored: pl.DataFrame, top: int) -> Result:
    table = scored.head(top).select(
        "rank",
        "score",
        "connections",
        group=pl.format("{} → {} {} {}:{}", "src_ip", "dst_ip", "method", "name", "dst_port"),
    )
    return Result(
        title="The best groups",
        name="best",
        table=table.lazy(),
        charts=(Bars(x="score", y="group", title="RITA-J's score of the best groups"),),
        explanation=f"The first {top} rows.",
    )
