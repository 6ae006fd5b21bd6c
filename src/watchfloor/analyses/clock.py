"""A clock with a name: how long alerts take from one instant to another, those that still run included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

import polars as pl

from watchfloor.analyses import survival
from watchfloor.errors import AmbiguousTime, BadOption
from watchfloor.schemas import ALERTS, TIME

__all__ = [
    "INSTANTS",
    "LEFT_OUT",
    "TIMES",
    "Clock",
    "as_it_stood",
    "cases",
    "instant",
    "made_in",
    "one_state_each",
    "times_taken",
]

INSTANTS = tuple(column.name for column in ALERTS.columns if column.dtype == TIME)
"""What a clock can start or stop with."""

LEFT_OUT = ("no start", "starts later", "stops before it starts", "closed without a stop", "no status and no stop")
"""Why a clock cannot measure an alert."""

TIMES = (
    *("median_seconds", "median_seconds_low", "median_seconds_high"),
    *("p90_seconds", "p90_seconds_low", "p90_seconds_high"),
    *("finished_median_seconds", "finished_p90_seconds"),
)
"""Columns of `times_taken`: Kaplan and Meier's with their intervals, then those of the finished alone."""

_QUANTILES = {"median_seconds": Fraction(1, 2), "p90_seconds": Fraction(9, 10)}


@dataclass(frozen=True)
class Clock:
    """Two instants of an alert.

    Raises:
        BadOption: an instant that alerts do not have, or twice the same.
    """

    start: str
    stop: str

    def __post_init__(self) -> None:
        for name in (self.start, self.stop):
            if name not in INSTANTS:
                raise BadOption(
                    f"{name!r} is no instant of an alert", hint=f"a clock runs between two of {', '.join(INSTANTS)}"
                )
        if self.start == self.stop:
            raise BadOption(f"the clock {self} measures nothing", hint="name two different instants")

    def __str__(self) -> str:
        return f"{self.start} -> {self.stop}"


def instant(name: str, value: datetime | None) -> datetime | None:
    """The instant in UTC.

    Raises:
        AmbiguousTime: a clock time without a zone.
    """
    if value is not None and value.tzinfo is None:
        raise AmbiguousTime(f"{name}={value}: a clock time without a zone", hint="give it a tzinfo, such as UTC")
    return value.astimezone(UTC) if value is not None else None


def one_state_each(alerts: pl.LazyFrame, as_of: datetime | None = None) -> pl.LazyFrame:
    """One row per alert, where a table holds several of its states: a log of changes, or exports of several days.

    It is the last state by `updated_time` at the instant, or the first one after it where there is none; of states
    that do not say when, the one that stands last. Rows without an id are alerts of their own.
    """
    updated, several = pl.col("updated_time"), pl.col("alert_id").is_not_null()
    later = updated > pl.lit(as_of, dtype=TIME) if as_of is not None else pl.lit(False)
    # What is later comes first, the earliest of it last; then what had been so, the latest of it last.
    place = pl.when(later.fill_null(False)).then(-updated.dt.epoch("us")).otherwise(updated.dt.epoch("us"))
    numbered, key = alerts.with_row_index("_row"), ["system", "alert_id"]
    named = numbered.filter(several)
    repeated = named.group_by(key).agg(_states=pl.len()).filter(pl.col("_states") > 1).select(key)
    # Only what has several states is sorted, and of it only what tells them apart: the other columns are many.
    states = (
        named.select("_row", *key, _known=~later.fill_null(False), _place=place)
        .join(repeated, on=key, how="semi", nulls_equal=True)
        .sort("_row")
        .sort("_known", "_place", nulls_last=False, maintain_order=True)
        .with_columns(_last=pl.int_range(pl.len()).over(key) == pl.len().over(key) - 1)
    )
    replaced = states.filter(~pl.col("_last")).select("_row")
    return numbered.join(replaced, on="_row", how="anti", maintain_order="left").drop("_row")


def as_it_stood(alerts: pl.LazyFrame, clock: Clock, as_of: datetime | None = None) -> pl.LazyFrame:
    """The alerts as they stood at an instant (without one: the last that stands in them), and what the clock says.

    Adds `as_of`, `known` (false where made later), `state` (open, closed, or null), `outcome` of the clock (done,
    running, or one of `LEFT_OUT`) and `waited`, how long it took or has taken. What was closed later was open then.
    """
    if as_of is not None:
        rows = alerts.with_columns(as_of=pl.lit(as_of, dtype=TIME))
    else:
        latest = alerts.select(as_of=pl.max_horizontal(pl.col(name).max() for name in INSTANTS))
        rows = alerts.join(latest, how="cross", maintain_order="left")
    return (
        rows.with_columns(known=(pl.col("created_time") <= pl.col("as_of")).fill_null(True), state=_state())
        .with_columns(_stopped=_stopped(clock))
        .with_columns(outcome=_outcome(clock))
        .with_columns(waited=pl.when(pl.col("_stopped")).then(clock.stop).otherwise("as_of") - pl.col(clock.start))
        .drop("_stopped")
    )


def made_in(rows: pl.LazyFrame, start: datetime | None, end: datetime | None) -> pl.LazyFrame:
    """The alerts made from start to before end; without either also those of which nobody knows when."""
    made = pl.col("created_time")
    if start is not None:
        rows = rows.filter(made >= pl.lit(start, dtype=TIME))
    if end is not None:
        rows = rows.filter(made < pl.lit(end, dtype=TIME))
    return rows


def cases(rows: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """What the clock measures: those that are done, and those that still run."""
    outcome = pl.col("outcome")
    return rows.filter(outcome.is_in(["done", "running"])).select(*by, "waited", done=outcome == "done")


def times_taken(cases: pl.LazyFrame, *by: str, z: float) -> pl.LazyFrame:
    """Per group: how many are `done` and `running`, and the columns of `TIMES`; one row where there is no group."""
    waited = pl.col("waited").filter("done")
    counts = {
        "done": pl.col("done").sum().cast(pl.Int64),
        "running": (~pl.col("done")).sum().cast(pl.Int64),
        "finished_median_seconds": _seconds(waited.median()),
        "finished_p90_seconds": waited.dt.total_microseconds().quantile(0.9, "linear") / 1e6,
    }
    table = cases.group_by(*by).agg(**counts) if by else cases.select(**counts)
    curve = survival.curve(cases, *by)
    for name, share in _QUANTILES.items():
        ends = {"waited": name, "low": f"{name}_low", "high": f"{name}_high"}
        reached = survival.quantile(curve, share, *by, z=z).select(
            *by, *(_seconds(pl.col(end)).alias(column) for end, column in ends.items())
        )
        table = table.join(reached, on=by, how="left", nulls_equal=True) if by else table.join(reached, how="cross")
    return table.select(*by, "done", "running", *TIMES)


def _seconds(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / 1e6


def _state() -> pl.Expr:
    """Open or closed at that instant; the status is today's, so what was closed later was open then."""
    status, closed_time = pl.col("status"), pl.col("closed_time")
    return (
        pl.when((status == "open") | (closed_time > pl.col("as_of")))
        .then(pl.lit("open"))
        .when((status == "closed") | closed_time.is_not_null())
        .then(pl.lit("closed"))
    )


def _stopped(clock: Clock) -> pl.Expr:
    stop = pl.col(clock.stop)
    stopped = stop.is_not_null() & (stop <= pl.col("as_of"))
    # Open beside an old closing time means reopened: that was no end.
    return stopped & (pl.col("state") != "open").fill_null(True) if clock.stop == "closed_time" else stopped


def _outcome(clock: Clock) -> pl.Expr:
    start, stop, state = pl.col(clock.start), pl.col(clock.stop), pl.col("state")
    return (
        pl.when(start.is_null())
        .then(pl.lit("no start"))
        .when(start > pl.col("as_of"))
        .then(pl.lit("starts later"))
        .when(pl.col("_stopped") & (stop < start))
        .then(pl.lit("stops before it starts"))
        .when("_stopped")
        .then(pl.lit("done"))
        .when(stop.is_null() & (state == "closed"))
        .then(pl.lit("closed without a stop"))
        .when(stop.is_null() & state.is_null())
        .then(pl.lit("no status and no stop"))
        .otherwise(pl.lit("running"))
    )
