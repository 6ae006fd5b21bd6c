"""The histogram of a pair's calls over the window: RITA v5 asks if it is flat, has two heights, how long it runs on.

A frame of seconds has the columns `pair` (a number, counted from 0) and `value` (epoch seconds), in this order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add

import polars as pl

from watchfloor.analyses.rita.config import RitaConfig
from watchfloor.analyses.rita.rounding import divided, round3
from watchfloor.errors import BadOption

__all__ = [
    "BINS",
    "bars_of",
    "bimodal_scores",
    "bin_edges",
    "bins_of",
    "flatness",
    "frequency_counts",
    "histogram_scores",
    "histograms",
    "longest_run",
    "occupied",
    "total_bars",
]

BINS = 24
"""Bars of a histogram, over the whole window: an hour each where the window is a day."""


def bin_edges(start: int, end: int, bins: int = BINS) -> list[float]:
    """Edges of equal bins over the window, one more than bins.

    Raises:
        BadOption: no bins, or a window that does not last.
    """
    if bins < 1 or end <= start:
        raise BadOption(f"no histogram of {bins} bins from {start} to {end}", hint="the window must last a second")
    step = (end - start) / bins
    return [float(start), *(start + number * step for number in range(1, bins)), float(end)]


def bins_of(seconds: pl.Series, edges: Sequence[float]) -> pl.Series:
    """Number of the bin of each second; what lies outside is in the first or the last bin."""
    inner = pl.Series([math.ceil(edge) for edge in edges[1:-1]], dtype=pl.Int64)  # t < edge is t < ceil(edge)
    return inner.search_sorted(seconds.cast(pl.Int64), side="right").cast(pl.UInt32)


def histograms(seconds: pl.DataFrame, edges: Sequence[float]) -> pl.DataFrame:
    """One row per pair: its `histogram`, an array of the calls in each bin, from seconds (`value`) in order."""
    bins = len(edges) - 1
    if bins < 1:
        raise BadOption("a histogram needs two edges", hint="the window must last a second")
    shape = pl.Array(pl.UInt32, bins)
    if seconds.is_empty():
        return pl.DataFrame(schema={"pair": seconds.schema["pair"], "histogram": shape})
    pairs = int(seconds["pair"].max()) + 1  # type: ignore[arg-type]
    cells = (seconds["pair"].cast(pl.UInt32) * bins + bins_of(seconds["value"], edges)).rle().struct.unnest()
    flat = pl.zeros(pairs * bins, dtype=pl.UInt32, eager=True).scatter(cells["value"], cells["len"])
    return pl.DataFrame(
        {
            "pair": pl.int_range(pairs, eager=True).cast(seconds.schema["pair"]),
            "histogram": flat.reshape((pairs, bins)),
        }
    )


def bars_of(histograms: pl.DataFrame) -> pl.DataFrame:
    """The histograms with a column per bar, named by its number: as `histogram` may have, other columns stay."""
    bins = histograms.schema["histogram"].shape[0]  # type: ignore[attr-defined]
    bars = (pl.col("histogram").arr.get(number).alias(str(number)) for number in range(bins))
    return histograms.lazy().with_columns(*bars).drop("histogram").collect()


def total_bars(bars: Sequence[pl.Expr]) -> pl.Expr:
    """Bins that are not empty."""
    return pl.sum_horizontal((bar > 0).cast(pl.UInt32) for bar in bars)


def occupied(bars: Sequence[pl.Expr]) -> pl.Expr:
    """Bins that are not empty, as the bits of a number."""
    return pl.sum_horizontal((bar > 0).cast(pl.UInt64) * 2**number for number, bar in enumerate(bars))


def longest_run(occupied: pl.Series, bins: int = BINS) -> pl.Series:
    """Most bins in a row that are not empty; after the last comes the first."""
    twice = occupied * (2**bins + 1)
    run: pl.Series = twice
    longest: pl.Series = (twice > 0).cast(pl.UInt32)
    for length in range(1, bins):  # a bit stays where a run of more than `length` bins begins
        run = run & (twice // 2**length)
        longest += (run > 0).cast(pl.UInt32)
    return longest


def flatness(bars: Sequence[pl.Expr], mean: pl.Expr) -> pl.Expr:
    """Coefficient-of-variation score: 1 where all bins are equally high; null without calls."""
    squares = reduce(add, ((bar - mean).pow(2) for bar in bars))  # in order, as RITA adds them
    variation = divided(squares, len(bars)).sqrt() / mean
    score = pl.when(variation > 1).then(0.0).otherwise(round3(1 - variation).clip(upper_bound=1))
    return pl.when((mean > 0) & pl.all_horizontal(bar >= 0 for bar in bars)).then(score)


def frequency_counts(histograms: pl.DataFrame, sensitivity: float) -> pl.DataFrame:
    """One row per pair and height: the number of `bars` that are about as high; empty bins are no bars."""
    height = pl.col("histogram")
    return (
        histograms.lazy()
        .with_columns(size=(height.arr.max() * sensitivity).ceil())
        .explode("histogram")
        .filter(height > 0)
        .with_columns(
            height=pl.when(pl.col("size") > 0).then((height / pl.col("size")).floor() * pl.col("size")).otherwise(0)
        )
        .group_by("pair", pl.col("height").cast(pl.Int64))
        .agg(bars=pl.len())
        .collect()
    )


def bimodal_scores(counts: pl.DataFrame, totals: pl.DataFrame, config: RitaConfig) -> pl.DataFrame:
    """One row per pair: `bimodal`, the share of its bars that have one of its two commonest heights.

    Arguments:
        counts: as `frequency_counts` gives them.
        totals: columns `pair` and `total_bars`; a pair without bars has no score.
        config: minimum of bars (below 6 it is 11, as in RITA), and bars that may be of neither height.
    """
    least = config.histogram_bimodal_min_hours_seen
    least = least if least >= 6 else 11
    commonest = counts.group_by("pair").agg(two=pl.col("bars").top_k(2).sum())
    bars = pl.col("total_bars").cast(pl.Int64)
    fit = pl.col("two") / (bars - config.histogram_bimodal_outlier_removal).clip(1)
    return totals.join(commonest, on="pair", how="left").select(
        "pair",
        bimodal=pl.when(pl.col("two").is_null() | (bars <= 0))
        .then(None)
        .when(bars >= least)
        .then(round3(fit).clip(upper_bound=1))
        .otherwise(0.0),
    )


def histogram_scores(histograms: pl.DataFrame, config: RitaConfig) -> pl.DataFrame:
    """One row per pair: `total_bars, longest_run, score` of its histogram."""
    wide = bars_of(histograms)
    bars = [pl.col(name) for name in wide.columns if name != "pair"]
    table = (
        wide.lazy()
        .with_columns(mean=divided(pl.sum_horizontal(bars), len(bars)))
        .select("pair", total_bars=total_bars(bars), occupied=occupied(bars), flatness=flatness(bars, pl.col("mean")))
        .collect()
    )
    table = table.with_columns(longest_run=longest_run(table["occupied"], len(bars)))
    many = histograms.filter(table["total_bars"] >= config.histogram_bimodal_min_hours_seen)
    counts = frequency_counts(many, config.histogram_mode_sensitivity)
    fits = bimodal_scores(counts, table.select("pair", "total_bars"), config)
    score = pl.max_horizontal("flatness", pl.col("bimodal").fill_null(0))
    return table.join(fits, on="pair", how="left", maintain_order="left").select(
        "pair", "total_bars", "longest_run", score=pl.when(pl.col("flatness").is_not_null()).then(score)
    )
