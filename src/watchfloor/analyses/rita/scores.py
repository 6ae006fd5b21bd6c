"""The beacon score of RITA v5 and what it means, for many pairs at once.

What RITA reports as an error is null here: such a pair has no score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import add

import polars as pl

from watchfloor.analyses.rita.config import IMPACTS, RitaConfig, Thresholds
from watchfloor.analyses.rita.histogram import BINS, bin_edges, histogram_scores, histograms
from watchfloor.analyses.rita.regularity import in_order, intervals, statistics
from watchfloor.analyses.rita.rounding import ceil3, divided, round3

__all__ = [
    "Window",
    "beacon_score",
    "consistency",
    "coverage",
    "duration_score",
    "score_calls",
    "severity",
    "threat_score",
]


@dataclass(frozen=True)
class Window:
    """The part of the log that is scored, in epoch seconds."""

    start: int
    end: int

    @property
    def selected_from(self) -> int:
        """Rows count from the start of the hour in which the window starts."""
        return self.start - self.start % 3_600

    @property
    def selected_time(self) -> datetime:
        """The same as an instant."""
        return datetime.fromtimestamp(self.selected_from, UTC)

    @property
    def bar_seconds(self) -> float:
        """How much of the window a bar of the histogram is."""
        return (self.end - self.start) / BINS

    def __str__(self) -> str:
        start, end = (datetime.fromtimestamp(second, UTC) for second in (self.start, self.end))
        return f"{start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"


def coverage(first: pl.Expr, last: pl.Expr, window: Window) -> pl.Expr:
    """Share of the window between the first and the last call; null where either does not last."""
    span = last.cast(pl.Int64) - first.cast(pl.Int64)
    share = ceil3(divided(span, window.end - window.start)).clip(upper_bound=1)
    return pl.when((span > 0) & pl.lit(window.end > window.start)).then(share)


def consistency(run: pl.Expr, config: RitaConfig) -> pl.Expr:
    """The longest run of bars against the ideal one."""
    return ceil3(divided(run, config.duration_consistency_ideal_hours_seen)).clip(upper_bound=1)


def duration_score(coverage: pl.Expr, consistency: pl.Expr, bars: pl.Expr, config: RitaConfig) -> pl.Expr:
    """The better of both where there are bars enough, else 0; null where the coverage is."""
    enough = bars >= config.duration_min_hours_seen
    better = pl.when(enough).then(pl.max_horizontal(coverage, consistency)).otherwise(0.0)
    return pl.when(coverage.is_not_null()).then(better)


def beacon_score(ts: pl.Expr, ds: pl.Expr, dur: pl.Expr, hist: pl.Expr, config: RitaConfig) -> pl.Expr:
    """Weighted mean of the four scores; null where one is missing or outside of 0 to 1."""
    scores = (ts, ds, dur, hist)
    valid = pl.all_horizontal(score.is_between(0, 1) for score in scores)
    total = reduce(add, (score * weight for score, weight in zip(scores, config.weights, strict=True)))
    return pl.when(valid).then(round3(total))


def threat_score(value: pl.Expr, thresholds: Thresholds) -> pl.Expr:
    """A value as a threat score: 0 below `base`, 0.2, 0.4 and 0.6 where a class begins, 0.8 from `high` on."""

    def between(floor: float, low: float, high: float) -> pl.Expr:
        return floor + divided(0.2 * (pl.min_horizontal(value, pl.lit(high)) - low), high - low)

    base, low, medium, high = thresholds.base, thresholds.low, thresholds.medium, thresholds.high
    return (
        pl.when(value.is_null())
        .then(None)
        .when(value < base)
        .then(0.0)
        .when(value < low)
        .then(between(0.2, base, low))
        .when(value < medium)
        .then(between(0.4, low, medium))
        .otherwise(between(0.6, medium, high))
    )


def severity(score: pl.Expr) -> pl.Expr:
    """The word for a threat score: critical above 0.8, high from 0.6, medium from 0.4, low from 0.2, else none."""
    return (
        pl.when(score.is_null())
        .then(None)
        .when(score > 0.8)
        .then(pl.lit("critical"))
        .when(score >= 0.6)
        .then(pl.lit("high"))
        .when(score >= 0.4)
        .then(pl.lit("medium"))
        .when(score >= 0.2)
        .then(pl.lit("low"))
        .otherwise(pl.lit("none"))
    )


def score_calls(calls: pl.DataFrame, window: Window, config: RitaConfig) -> pl.DataFrame:
    """One row per pair that passes the gate, with its scores and what they are made of.

    Arguments:
        calls: `pair` (a number, counted from 0 without gaps), `second` (of the epoch) and `bytes` of each connection,
            in any order.
        window: the ends of the histogram.
        config: RITA's parameters.
    """
    if window.end <= window.start:  # all in one second: no pair passes the gate
        calls, window = calls.clear(), Window(0, 1)
    seconds = in_order(calls.select("pair", value="second"))
    sizes = in_order(calls.select("pair", value="bytes"))
    gaps = in_order(intervals(seconds))
    bars = histograms(seconds, bin_edges(window.start, window.end))
    parts = (
        _spans(seconds),
        gaps.group_by("pair", maintain_order=True).agg(unique_seconds=pl.len().cast(pl.Int64) + 1),
        statistics(gaps, default=1).select(
            "pair", interval_seconds="median", interval_mad_seconds="mad", ts_score="score"
        ),
        statistics(sizes, default=0).select("pair", bytes_median="median", bytes_mad="mad", ds_score="score"),
        histogram_scores(bars, config).rename({"score": "hist_score"}),
        bars,
    )
    table = reduce(lambda left, right: left.join(right, on="pair", how="left", maintain_order="left"), parts)
    return table.lazy().pipe(_gated, config).pipe(_summed, window, config).collect()


def _spans(seconds: pl.DataFrame) -> pl.DataFrame:
    second = pl.col("value").cast(pl.Int64)
    return seconds.group_by("pair", maintain_order=True).agg(
        connections=pl.len().cast(pl.Int64), first_second=second.first(), last_second=second.last()
    )


def _gated(table: pl.LazyFrame, config: RitaConfig) -> pl.LazyFrame:
    """Pairs with calls in enough seconds, and strobes."""
    strobe = pl.col("connections") >= config.strobe_connections
    enough = pl.col("unique_seconds") >= config.unique_connection_threshold
    return table.with_columns(pl.col("unique_seconds").fill_null(1), strobe=strobe).filter(enough | pl.col("strobe"))


def _summed(table: pl.LazyFrame, window: Window, config: RitaConfig) -> pl.LazyFrame:
    """Adds the duration score, the beacon score and what it is worth; a strobe is not scored but has its impact."""
    covered = coverage(pl.col("first_second"), pl.col("last_second"), window)
    steady = consistency(pl.col("longest_run"), config)
    ts, ds, dur, hist = (pl.col(name) for name in ("ts_score", "ds_score", "dur_score", "hist_score"))
    worth = pl.when("strobe").then(pl.lit(IMPACTS[config.strobe_impact])).otherwise("beacon_threat_score")
    return (
        table.with_columns(coverage=covered, dur_score=duration_score(covered, steady, pl.col("total_bars"), config))
        .with_columns(beacon_score=pl.when("strobe").then(0.0).otherwise(beacon_score(ts, ds, dur, hist, config)))
        .filter(pl.col("beacon_score").is_not_null())  # where a formula fails, RITA skips the pair
        .with_columns(beacon_threat_score=threat_score(pl.col("beacon_score") * 100, config.score_thresholds))
        .with_columns(severity=severity(worth))
    )
