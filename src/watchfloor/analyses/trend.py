"""Is a rule's volume rising or falling? Alerts of the last half of the days against those of the first half."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.intervals import ratio_of_halves
from watchfloor.analyses.volume import day_of

__all__ = ["trend_by_rule"]


def trend_by_rule(alerts: pl.LazyFrame, *, zone: str, minimum: int, z: float, steady: float) -> pl.LazyFrame:
    """One row per rule: `trend`, and `trend_ratio` (last half of the days over first half) with its interval.

    The days are those that all alerts span, also where the rule was silent; of an odd number the middle one is left
    out. `trend` is rising or falling where the interval leaves no room for no change, steady where it leaves none for a
    change by more than the factor `steady`, else null. No trend below `minimum` alerts, or in fewer than 4 days.
    """
    timed = alerts.filter(pl.col("created_time").is_not_null()).select("rule", day=day_of(pl.col("created_time"), zone))
    span = timed.select(first=pl.col("day").min(), last=pl.col("day").max()).with_columns(
        half=((pl.col("last") - pl.col("first")).dt.total_days() + 1) // 2
    )
    return (
        timed.group_by("rule", "day")
        .agg(alerts=pl.len().cast(pl.Float64))
        .join(span, how="cross")
        .group_by("rule")
        .agg(
            *_half("before", (pl.col("day") - pl.col("first")).dt.total_days() < pl.col("half")),
            *_half("after", (pl.col("last") - pl.col("day")).dt.total_days() < pl.col("half")),
            df=2 * (pl.col("half").first() - 1),
        )
        .with_columns(_effective_days())
        .pipe(_with_interval, minimum=minimum, z=z)
        .select("rule", _words(steady).alias("trend"), "trend_ratio", "trend_low", "trend_high")
    )


def _half(name: str, inside: pl.Expr) -> tuple[pl.Expr, ...]:
    """Alerts of a half, and how unevenly they fall on its days: Pearson's statistic, sum (n - mean)^2 / mean.

    Written as sum n^2 / mean - sum n, it counts the days without alerts too. Then the second and the fourth moment
    about the mean, in means.
    """
    n, half = pl.col("alerts").filter(inside), pl.col("half").first()
    mean, silent = n.sum() / half, half - n.len()
    uneven = pl.when(n.sum() > 0).then((n**2).sum() / mean - n.sum()).otherwise(0.0)
    second, fourth = (
        pl.when(n.sum() > 0).then(((n / mean - 1) ** power).sum() + silent).otherwise(0.0) for power in (2, 4)
    )
    return (
        n.sum().alias(name),
        uneven.alias(f"{name}_uneven"),
        second.alias(f"{name}_second"),
        fourth.alias(f"{name}_fourth"),
    )


def _effective_days() -> pl.Expr:
    """Degrees of freedom of the dispersion: fewer where a few days make most of it.

    The variance of an estimated variance is 2 / df + k / n of its square, k being the excess kurtosis.
    """
    n = pl.col("df") + 2.0
    second = pl.col("before_second") + pl.col("after_second")
    kurtosis = pl.when(second > 0).then((pl.col("before_fourth") + pl.col("after_fourth")) * n / second**2 - 3)
    return (pl.col("df") / (1 + kurtosis.fill_null(0.0).clip(0) / 2)).clip(2).alias("df_effective")


def _with_interval(halves: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    before, after, df = pl.col("before"), pl.col("after"), pl.col("df")
    # 1 where alerts come independently of one another; bursts make it larger and the interval wider.
    dispersion = ((pl.col("before_uneven") + pl.col("after_uneven")) / df).clip(1)
    low, high = ratio_of_halves(before, after, dispersion=dispersion, df=pl.col("df_effective"), z=z)
    enough = (before + after >= minimum) & (df >= 2)
    return halves.with_columns(
        trend_ratio=pl.when(enough & (before > 0)).then(after / before),
        trend_low=pl.when(enough).then(low),
        trend_high=pl.when(enough).then(high),
    )


def _words(steady: float) -> pl.Expr:
    low, high = pl.col("trend_low"), pl.col("trend_high")
    return (
        pl.when(low > 1)
        .then(pl.lit("rising"))
        .when(high < 1)
        .then(pl.lit("falling"))
        .when((low >= 1 / steady) & (high <= steady))
        .then(pl.lit("steady"))
    )
