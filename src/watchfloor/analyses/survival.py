"""How long until it is done, when some are not done yet: Kaplan and Meier's curve, its quantiles, its mean."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import prod

import polars as pl

__all__ = ["curve", "quantile", "restricted_mean", "still_open"]

_EPSILON = 2.0**-53


def curve(cases: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Kaplan and Meier's estimate (1958), one row per group and distinct time at which a case was done.

    Cases have `duration` (a duration) and `done` (false: still open after that long, censored). A case censored at the
    time of another's end is still at risk then. Columns: by, `duration, at_risk, done, survival, greenwood`.
    """
    leaving = pl.col("leaving")
    factor = (pl.col("at_risk") - pl.col("done")) / pl.col("at_risk")
    risk = pl.col("done") / (pl.col("at_risk") * (pl.col("at_risk") - pl.col("done")))
    return (
        cases.group_by(*by, "duration")
        .agg(done=pl.col("done").sum().cast(pl.Int64), leaving=pl.len().cast(pl.Int64))
        .sort(*by, "duration", nulls_last=True)
        .with_columns(at_risk=_per(leaving.cum_sum(reverse=True), by))
        .filter(pl.col("done") > 0)
        .with_columns(survival=_per(factor.cum_prod(), by), greenwood=_per(risk.cum_sum(), by))
        .select(*by, "duration", "at_risk", "done", "survival", "greenwood")
    )


def quantile(curve: pl.LazyFrame, done: Fraction, *by: str, z: float) -> pl.LazyFrame:
    """The time by which this share of the cases is done, per group: `duration`, and its interval `low` to `high`.

    The smallest time with survival at most 1 - done, exact also where they are equal; a group that has not got so far has
    null. The interval is Brookmeyer and Crowley's (1982) with a log-log transform of Greenwood's variance: each end may be
    null, which means beyond what was seen.
    """
    left = 1 - done
    spread = z * pl.col("greenwood").sqrt() / pl.col("survival").log()
    # Survival 0 is certain to be at most `left` from below, and says nothing of the upper end.
    inside = (pl.col("survival") > 0) & (pl.col("survival") < 1)
    lower = pl.when(inside).then(pl.col("survival") ** (-spread).exp()).otherwise(pl.col("survival"))
    upper = pl.when(inside).then(pl.col("survival") ** spread.exp())
    settled = curve.map_batches(
        partial(_settle, left=left, by=by), schema=pl.Schema({**curve.collect_schema(), "reached": pl.Boolean()})
    )
    return settled.with_columns(low=lower <= float(left), high=upper <= float(left)).pipe(
        _first_where, by, duration="reached", low="low", high="high"
    )


def restricted_mean(curve: pl.LazyFrame, cases: pl.LazyFrame, until: pl.Expr, *by: str) -> pl.LazyFrame:
    """Mean time until done when nobody waits longer than `until`: the area under the curve, as `mean`, per group.

    Null where the curve is not known that far: nobody was followed so long, and some are still open.
    """
    before = _per(pl.col("survival").shift(1, fill_value=1.0), by)
    gained = pl.when(pl.col("duration") < until).then(
        (before - pl.col("survival")) * (until - pl.col("duration")).dt.total_microseconds()
    )
    areas = _group(
        curve.with_columns(_gained=gained), by, gained=pl.col("_gained").sum(), end=pl.col("survival").last()
    )
    followed = _group(cases, by, followed=pl.col("duration").max())
    known = (pl.col("followed") >= until) | (pl.col("end") == 0)
    mean = until.dt.total_microseconds() - pl.col("gained").fill_null(0.0)
    return _join(followed, areas, by).select(
        *by, mean=pl.when(known).then(pl.duration(microseconds=mean.round().cast(pl.Int64)))
    )


def still_open(curve: pl.LazyFrame, cases: pl.LazyFrame, after: pl.Expr, *by: str) -> pl.LazyFrame:
    """Share of the cases that are still open after that long, as `share`, per group; null where nobody was followed so long."""
    shares = _group(curve.filter(pl.col("duration") <= after), by, share=pl.col("survival").last())
    ends = _group(curve, by, end=pl.col("survival").last())
    followed = _group(cases, by, followed=pl.col("duration").max())
    known = (pl.col("followed") >= after) | (pl.col("end") == 0)
    joined = _join(_join(followed, shares, by), ends, by)
    return joined.select(*by, share=pl.when(known).then(pl.col("share").fill_null(1.0)))


def _per(value: pl.Expr, by: tuple[str, ...]) -> pl.Expr:
    return value.over(*by) if by else value


def _group(frame: pl.LazyFrame, by: tuple[str, ...], **values: pl.Expr) -> pl.LazyFrame:
    return frame.group_by(*by).agg(**values) if by else frame.select(**values)


def _join(left: pl.LazyFrame, right: pl.LazyFrame, by: tuple[str, ...]) -> pl.LazyFrame:
    return left.join(right, on=by, how="left", nulls_equal=True) if by else left.join(right, how="cross")


def _first_where(frame: pl.LazyFrame, by: tuple[str, ...], **reached: str) -> pl.LazyFrame:
    return _group(frame, by, **{name: pl.col("duration").filter(pl.col(flag)).min() for name, flag in reached.items()})


def _settle(curve: pl.DataFrame, *, left: Fraction, by: tuple[str, ...]) -> pl.DataFrame:
    """The curve with `reached`: is survival at most `left`? Floats decide where they can, fractions where they are too close.

    A product of m rounded factors is off by less than 2 m rounding errors; no more than that is settled exactly.
    """
    steps = curve.with_columns(_step=_per(pl.int_range(1, pl.len() + 1), by))
    doubt = 4 * _EPSILON * float(left) * (pl.col("_step") + 1)
    close = (pl.col("survival") - float(left)).abs() <= doubt
    sure = steps.with_columns(reached=pl.col("survival") <= float(left), _close=close)
    if not sure["_close"].any():
        return sure.drop("_step", "_close")
    groups = sure.partition_by(*by, maintain_order=True) if by else [sure]
    return pl.concat([_settle_group(group, left) for group in groups]).drop("_step", "_close")


def _settle_group(group: pl.DataFrame, left: Fraction) -> pl.DataFrame:
    """One group's doubtful rows by whole numbers: survival <= left <=> product of those who stayed <= left * product of all."""
    at_risk, done = group["at_risk"], group["done"]
    rows = group["_close"].arg_true().to_list()
    exact = [
        Fraction(prod((at_risk[: row + 1] - done[: row + 1]).to_list()), prod(at_risk[: row + 1].to_list())) <= left
        for row in rows
    ]
    return group.with_columns(reached=group["reached"].scatter(rows, exact)) if rows else group
