"""How long until it is done, when some are not done yet: Kaplan and Meier's curve, its quantiles, its mean."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import partial
from math import prod

import polars as pl

__all__ = ["curve", "quantile", "restricted_mean", "still_running"]

_ROUNDING = 2.0**-53
"""Relative error of one operation on floats."""


def curve(cases: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Kaplan and Meier's estimate (1958), one row per group and time at which a case was done.

    Cases have `waited` (a duration) and `done` (false: still running after that long, so censored). A case censored at
    the very time of another's end is still at risk then. Columns: by, `waited, at_risk, done, survival, greenwood`; the
    last is the sum in Greenwood's formula (1926) for the variance.
    """
    staying = pl.col("at_risk") - pl.col("done")
    return (
        cases.group_by(*by, "waited")
        .agg(done=pl.col("done").sum().cast(pl.Int64), leaving=pl.len().cast(pl.Int64))
        .sort(*by, "waited", nulls_last=True)
        .with_columns(at_risk=_per(pl.col("leaving").cum_sum(reverse=True), by))
        .filter(pl.col("done") > 0)
        .with_columns(
            survival=_per((staying / pl.col("at_risk")).cum_prod(), by),
            greenwood=_per((pl.col("done") / (pl.col("at_risk") * staying)).cum_sum(), by),
        )
        .select(*by, "waited", "at_risk", "done", "survival", "greenwood")
    )


def quantile(curve: pl.LazyFrame, done: Fraction, *by: str, z: float) -> pl.LazyFrame:
    """The time by which this share of the cases is done, per group: `waited`, and its interval `low` to `high`.

    The smallest time with survival <= 1 - done, exact also where they are equal; null where a group has not got so far.
    The interval is Brookmeyer and Crowley's (1982), with Greenwood's variance on the log-log scale; an end that is null
    lies beyond what was seen.
    """
    left = 1 - done
    lower, upper = _interval(z)
    settled = curve.map_batches(
        partial(_settle, left=left, by=by), schema=pl.Schema({**curve.collect_schema(), "reached": pl.Boolean()})
    )
    ends = {
        "waited": pl.col("reached"),
        # Survival 0 certainly lies below; of its upper end nobody knows.
        "low": pl.when(pl.col("survival") > 0).then(lower <= float(left)).otherwise(True),
        "high": upper <= float(left),
    }
    return _group(settled, by, **{name: pl.col("waited").filter(reached).min() for name, reached in ends.items()})


def restricted_mean(curve: pl.LazyFrame, cases: pl.LazyFrame, until: timedelta, *by: str) -> pl.LazyFrame:
    """Mean time until done when nobody waits longer than `until`, the area under the curve, per group: `mean_seconds`.

    Null where the curve is not known so far: nobody was followed that long, and some are still running.
    """
    fall = _per(pl.col("survival").shift(1, fill_value=1.0), by) - pl.col("survival")
    rest = (pl.lit(until) - pl.col("waited")).dt.total_microseconds()
    saved = pl.when(pl.col("waited") < until).then(fall * rest)
    sums = _group(curve.with_columns(saved=saved), by, saved=pl.col("saved").sum())
    mean = until.total_seconds() - pl.col("saved").fill_null(0.0) / 1e6
    return _join(_followed(curve, cases, until, by), sums, by).select(
        *by, mean_seconds=pl.when(pl.col("known")).then(mean)
    )


def still_running(curve: pl.LazyFrame, cases: pl.LazyFrame, after: timedelta, *by: str, z: float) -> pl.LazyFrame:
    """Share of the cases that are not done after that long, per group: `share`, and its interval `low` to `high`.

    Null where nobody was followed that long, and some are still running.
    """
    low, high = _interval(z)
    before = curve.filter(pl.col("waited") <= after).with_columns(low=low, high=high)
    ends = _group(before, by, **{name: pl.col(name).last() for name in ("survival", "low", "high")})
    known = pl.col("known")
    return _join(_followed(curve, cases, after, by), ends, by).select(
        *by,
        pl.when(known).then(pl.col("survival").fill_null(1.0)).alias("share"),
        pl.when(known).then("low").alias("low"),
        pl.when(known).then("high").alias("high"),
    )


def _interval(z: float) -> tuple[pl.Expr, pl.Expr]:
    """Both ends of survival's interval, null where it is 0 or 1."""
    survival = pl.col("survival")
    spread = z * pl.col("greenwood").sqrt() / survival.log()
    inside = (survival > 0) & (survival < 1)
    return tuple(pl.when(inside).then(survival ** (sign * spread).exp()) for sign in (-1, 1))  # type: ignore[return-value]


def _followed(curve: pl.LazyFrame, cases: pl.LazyFrame, until: timedelta, by: tuple[str, ...]) -> pl.LazyFrame:
    """Per group, `known`: somebody was followed until then, or nobody is left before."""
    longest = _group(cases, by, longest=pl.col("waited").max())
    last = _group(curve, by, last=pl.col("survival").last())
    known = (pl.col("longest") >= until) | (pl.col("last") == 0)
    return _join(longest, last, by).with_columns(known=known.fill_null(False))


def _per(value: pl.Expr, by: tuple[str, ...]) -> pl.Expr:
    return value.over(*by) if by else value


def _group(frame: pl.LazyFrame, by: tuple[str, ...], **values: pl.Expr) -> pl.LazyFrame:
    return frame.group_by(*by).agg(**values) if by else frame.select(**values)


def _join(left: pl.LazyFrame, right: pl.LazyFrame, by: tuple[str, ...]) -> pl.LazyFrame:
    return left.join(right, on=by, how="left", nulls_equal=True) if by else left.join(right, how="cross")


def _settle(curve: pl.DataFrame, *, left: Fraction, by: tuple[str, ...]) -> pl.DataFrame:
    """The curve with `reached`, whether survival <= left: by floats, and by whole numbers where floats cannot tell.

    A product of m quotients of whole numbers is off by less than 2 m roundings; what is no nearer than twice that to
    the limit is on the right side of it.
    """
    factors = _per(pl.int_range(1, pl.len() + 1), by)
    doubtful = (pl.col("survival") - float(left)).abs() <= 4 * _ROUNDING * float(left) * (factors + 1)
    rows = curve.with_columns(reached=pl.col("survival") <= float(left), doubtful=doubtful)
    if not rows["doubtful"].any():
        return rows.drop("doubtful")
    close = _per(pl.col("doubtful").any(), by)
    groups = rows.filter(close).partition_by(*by) if by else [rows]
    return pl.concat([rows.filter(~close), *(_settle_group(group, left) for group in groups)]).drop("doubtful")


def _settle_group(group: pl.DataFrame, left: Fraction) -> pl.DataFrame:
    """One group, its doubtful rows by exact products."""
    places = group["doubtful"].arg_true().to_list()
    exact = [_reached(group.head(place + 1), left) for place in places]
    return group.with_columns(reached=group["reached"].scatter(places, exact)) if places else group


def _reached(steps: pl.DataFrame, left: Fraction) -> bool:
    """Is the product of all (at_risk - done) / at_risk at most `left`?"""
    rows = steps.select("at_risk", staying=pl.col("at_risk") - pl.col("done"))
    # Where nobody is censored between two steps, who stayed in the one is at risk in the next: both cancel out.
    above = rows.filter((pl.col("staying") != pl.col("at_risk").shift(-1)).fill_null(True))["staying"]
    below = rows.filter((pl.col("at_risk") != pl.col("staying").shift(1)).fill_null(True))["at_risk"]
    return _product(above.to_list()) * left.denominator <= left.numerator * _product(below.to_list())


def _product(factors: list[int]) -> int:
    """The product, halves first: long numbers are multiplied with long ones, which is what is fast."""
    if len(factors) <= 64:
        return prod(factors)
    middle = len(factors) // 2
    return _product(factors[:middle]) * _product(factors[middle:])
