"""What does a rule cost? Alerts that come to nothing, times the work that one of them takes."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from watchfloor.analyses import survival
from watchfloor.analyses.intervals import wilson
from watchfloor.analyses.labels import is_closed, is_true, is_useless

__all__ = ["handling", "handling_basis", "handling_columns", "wasted_by_rule"]

_BEGINS, _ENDS = ("acknowledged_time", "assigned_time"), ("triaged_time", "closed_time")
"""Work on an alert begins with the first of these that is known, and ends with the first of those."""


def handling_columns(instants: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Columns to add to alerts: `waited` since work on it began, `done`, and between which two instants (`clock`).

    Arguments:
        instants: columns of instants; the last instant in any of them is the end of what is known.
    """
    as_of = pl.max_horizontal(pl.col(name).max() for name in instants)
    begin, end = pl.coalesce(_BEGINS), pl.coalesce(_ENDS)
    over = end.is_not_null() & (end >= begin)
    running = end.is_null() & ~is_closed()
    return {
        "waited": pl.when(over).then(end - begin).when(running).then(as_of - begin),
        "done": over.fill_null(False),
        "clock": pl.when(over).then(pl.format("{} to {}", _which(_BEGINS), _which(_ENDS))).cast(pl.Categorical),
    }


def handling(alerts: pl.LazyFrame, *by: str, z: float) -> pl.LazyFrame:
    """Per group (or in one row): `handled`, and the median of its handling time with its interval, in seconds.

    Kaplan and Meier's median: what is still being worked on counts as at least so long. What no person closed took no
    person's time and is left out.
    """
    cases = alerts.filter(pl.col("waited").is_not_null(), ~pl.col("automatic").fill_null(False)).select(
        *by, "waited", "done"
    )
    count = pl.col("done").sum().cast(pl.Int64)
    counted = cases.group_by(*by).agg(handled=count) if by else cases.select(handled=count)
    ends = {"waited": "handling_seconds", "low": "handling_seconds_low", "high": "handling_seconds_high"}
    median = survival.quantile(survival.curve(cases, *by), Fraction(1, 2), *by, z=z).select(
        *by, *(_seconds(pl.col(end)).alias(name) for end, name in ends.items())
    )
    if not by:
        return counted.join(median, how="cross")
    return counted.join(median, on=by, how="left", nulls_equal=True)


def handling_basis(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per pair of instants between which work was measured: how many `alerts`, and their median, in seconds."""
    return (
        alerts.filter("done", ~pl.col("automatic").fill_null(False))
        .group_by(pl.col("clock").cast(pl.String))
        .agg(alerts=pl.len().cast(pl.Int64), median_seconds=_seconds(pl.col("waited").median()))
        .sort(pl.col("alerts").neg(), "clock")
    )


def wasted_by_rule(alerts: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """One row per rule: `wasted_alerts` with both ends, `wasted_hours`, and on what each of them rests.

    Judged alerts count as they were judged. Those that nobody judged are expected to come to nothing as often as the
    rule's judged ones (from `minimum` of them on), else as all rules' judged ones; where nobody judges anything each
    alert counts: that is volume alone. Hours are the rule's median handling time (from `minimum` handled ones on),
    else all rules', times the wasted alerts that a person closes.

    Arguments:
        alerts: as `doubts_by_alert` gives them, with `handling_columns`.
        minimum: see above.
        z: of the interval of the expected ones, Wilson's.
    """
    counts = {
        "_alerts": pl.len(),
        "useless": is_useless().sum(),
        "_true": is_true().sum(),
        "_useless_automatic": (is_useless() & pl.col("automatic").fill_null(False)).sum(),
    }
    counts = {name: count.cast(pl.Int64) for name, count in counts.items()}
    judged = pl.col("useless") + pl.col("_true")
    overall = alerts.select(**counts).select(_all_useless="useless", _all_judged=judged)
    whole = handling(alerts, z=z).select(_all_handled="handled", _all_seconds="handling_seconds")
    own, all_rules = judged >= minimum, pl.col("_all_judged") >= minimum
    of = pl.when(own).then(judged).when(all_rules).then("_all_judged")
    part = pl.when(own).then("useless").when(all_rules).then("_all_useless")
    low, high = wilson(part, of, z)
    rest = pl.col("_alerts") - judged
    measured = (pl.col("handled") >= minimum) & pl.col("handling_seconds").is_not_null()
    borrowed = (pl.col("_all_handled") >= minimum) & pl.col("_all_seconds").is_not_null()
    each = pl.when(measured).then("handling_seconds").when(borrowed).then("_all_seconds")
    by_hand = pl.when(pl.col("useless") > 0).then(1 - pl.col("_useless_automatic") / pl.col("useless")).otherwise(1.0)
    return (
        alerts.group_by("rule")
        .agg(**counts)
        .join(handling(alerts, "rule", z=z), on="rule", how="left", nulls_equal=True)
        .join(overall, how="cross")
        .join(whole, how="cross")
        .with_columns(
            wasted_alerts=pl.col("useless") + rest * (part / of).fill_null(1.0),
            wasted_alerts_low=pl.col("useless") + rest * low,
            wasted_alerts_high=pl.col("useless") + rest * high,
            wasted_basis=pl.when(own)
            .then(pl.format("{} judged alerts of this rule", judged))
            .when(all_rules)
            .then(pl.format("{} judged alerts of all rules", "_all_judged"))
            .otherwise(pl.lit("volume alone: nobody judged enough")),
            handling_basis=pl.when(measured)
            .then(pl.format("{} handled alerts of this rule", "handled"))
            .when(borrowed)
            .then(pl.format("{} handled alerts of all rules", "_all_handled")),
            _each=each,
        )
        .with_columns(wasted_hours=pl.col("wasted_alerts") * by_hand * pl.col("_each") / 3600)
        .select(
            *("rule", "wasted_hours", "wasted_alerts", "wasted_alerts_low", "wasted_alerts_high", "wasted_basis"),
            *("handled", pl.when(measured).then(pl.col("^handling_seconds.*$")), "handling_basis"),
        )
    )


def _which(names: tuple[str, ...]) -> pl.Expr:
    """The first of the columns that has a value."""
    return pl.coalesce(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in names)


def _seconds(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 1e6
