"""Regularity of a pair, as RITA v5 measures it: of the intervals between its calls, and of their sizes.

A frame of values has the columns `pair` (a number) and `value`. What RITA reports as an error is null here.
"""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.rita.rounding import round3

__all__ = ["distinct_counts", "in_order", "intervals", "mad_score", "mads", "quartiles", "skewness", "statistics"]


def in_order(values: pl.DataFrame) -> pl.DataFrame:
    """Columns `pair` and `value`, sorted by both.

    Whole numbers are packed with their pair into one where both fit: one sort of one column costs a tenth.
    """
    value, pair = values["value"], values["pair"]
    if value.is_empty() or value.dtype.is_float() or value.min() < 0:  # type: ignore[operator]
        return values.sort("pair", "value")
    bits = int(value.max()).bit_length()  # type: ignore[arg-type]
    if int(pair.max()).bit_length() + bits > 64:  # type: ignore[arg-type]
        return values.sort("pair", "value")
    packed = pl.col("pair").cast(pl.UInt64) * 2**bits + pl.col("value").cast(pl.UInt64)
    return (
        values.lazy()
        .select(packed=packed.sort())
        .select(
            pair=(pl.col("packed") // 2**bits).cast(pair.dtype).set_sorted(),
            value=(pl.col("packed") % 2**bits).cast(value.dtype),
        )
        .collect()
    )


def intervals(seconds: pl.DataFrame) -> pl.DataFrame:
    """Columns `pair` and `value`: the gaps between calls that are not 0, from seconds (`value`) in order."""
    same = pl.col("pair") == pl.col("pair").shift(1)
    gap = pl.col("value") - pl.col("value").shift(1)
    gaps = seconds.lazy().select("pair", value=pl.when(same).then(gap)).filter(pl.col("value") > 0)
    return gaps.collect(engine="streaming")  # keeps the order, and both cores busy


def quartiles(sorted_values: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Median of the lower half, median, median of the upper half; an odd middle value is in neither half."""
    half = pl.len() // 2
    return sorted_values.head(half).median(), sorted_values.median(), sorted_values.tail(half).median()


def skewness(low: pl.Expr, middle: pl.Expr, high: pl.Expr) -> pl.Expr:
    """Bowley's skewness; 0 where the quartiles are less than 10 apart, or one of them equals the median."""
    usable = (high - low >= 10) & (middle != low) & (middle != high)
    skew = pl.when(usable).then((low + high - 2 * middle) / (high - low)).otherwise(0.0)
    return pl.when(low.is_not_null()).then(skew)


def mads(values: pl.DataFrame, table: pl.DataFrame) -> pl.Series:
    """Median of the absolute deviations from the median, of each pair.

    Arguments:
        values: columns `pair` and `value`, in order.
        table: one row per pair, in the same order: the `median` of its values.
    """
    median_of_each = pl.lit(table["median"]).gather(pl.col("pair").rle_id())
    away = values.lazy().select("pair", away=(pl.col("value") - median_of_each).abs()).collect()
    return away.group_by("pair", maintain_order=True).agg(pl.col("away").median())["away"]


def mad_score(median: pl.Expr, deviation: pl.Expr, *, default: float) -> pl.Expr:
    """How small the deviation is against the median, 0 to 1; the default where the median is below 1."""
    return pl.when(median >= 1).then((median - deviation) / median).otherwise(default).clip(0)


def statistics(values: pl.DataFrame, *, default: float) -> pl.DataFrame:
    """One row per pair: `median, mad, skew, score` of its values, which are in order; no score below 3 values.

    Arguments:
        values: columns `pair` and `value`.
        default: the MAD score where the median is below 1: 1 for intervals, 0 for sizes.
    """
    low, median, high = quartiles(pl.col("value"))
    skew_score = 1 - pl.col("skew").abs()
    table = values.group_by("pair", maintain_order=True).agg(values=pl.len(), low=low, median=median, high=high)
    return (
        table.lazy()
        .with_columns(mad=mads(values, table), skew=skewness(pl.col("low"), pl.col("median"), pl.col("high")))
        .with_columns(score=round3((skew_score + mad_score(pl.col("median"), pl.col("mad"), default=default)) / 2))
        .select("pair", "median", "mad", "skew", pl.when(pl.col("values") >= 3).then("score"))
        .collect()
    )


def distinct_counts(values: pl.DataFrame) -> pl.DataFrame:
    """One row per pair and distinct value: `count`, in the order of the values, which are in order."""
    return values.group_by("pair", "value", maintain_order=True).agg(count=pl.len())
