"""The SOC's figures, one row each: value, unit, interval, of how many, and what to mind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from watchfloor.analyses import survival
from watchfloor.analyses.clock import LEFT_OUT, Clock, cases, made_in, times_taken
from watchfloor.analyses.intervals import share, wilson
from watchfloor.analyses.volume import DISPOSITIONS
from watchfloor.schemas import TIME
from watchfloor.wording import spoken

__all__ = ["figures", "glance"]

_HOUR = 3_600

_COLUMNS = pl.Schema(
    {
        "figure": pl.String(),
        "reads": pl.String(),
        "value": pl.Float64(),
        "unit": pl.String(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n": pl.Int64(),
        "note": pl.String(),
    }
)


def figures(
    stood: pl.LazyFrame,
    clock: Clock,
    *,
    start: datetime | None,
    end: datetime | None,
    minimum: int,
    z: float,
    marks: tuple[timedelta, ...],
) -> pl.LazyFrame:
    """All figures of the alerts made in a period: `figure, reads, value, unit, low, high, n, note`.

    `reads` is the value with its interval as people read it.

    Arguments:
        stood: alerts as `as_it_stood` gives them.
        clock: the clock they were given with.
        start: of the period, or None.
        end: of the period, or None.
        minimum: the least number for a rate.
        z: of the intervals.
        marks: after how long to ask which share is still running; the last one also limits the mean.
    """
    cohort = stood.pipe(made_in, start, end)
    known = cohort.filter("known")
    measured = cases(known)
    curve = survival.curve(measured)
    one = known.select(**_counts())
    for more in (
        stood.select(**_whole(start, end)),
        cohort.select(later=(~pl.col("known")).sum()),
        times_taken(measured, z=z).rename({"done": "finished"}),
        survival.restricted_mean(curve, measured, marks[-1]),
        *(
            survival.still_running(curve, measured, mark, z=z).rename(
                {"share": f"after_{n}", "low": f"after_{n}_low", "high": f"after_{n}_high"}
            )
            for n, mark in enumerate(marks)
        ),
    ):
        one = one.join(more, how="cross")
    rows = [*_volume(minimum, z), *_verdicts(minimum, z), *_times(clock, marks), *_left_out(clock)]
    table = one.select(figures=pl.concat_list(rows)).explode("figures").unnest("figures")
    return table.map_batches(_with_words, schema=_COLUMNS)


def glance(known: pl.LazyFrame, *, minimum: int, z: float) -> pl.LazyFrame:
    """The few figures that come first, in one row; ends of an interval are `_low` and `_high`."""
    right = pl.col("true_positive")
    decided = right + pl.col("false_positive") + pl.col("benign_positive")
    times = times_taken(cases(known), z=z).select("median_seconds", "median_seconds_low", "median_seconds_high")
    return (
        known.select(**_counts())
        .join(times, how="cross")
        .select(
            pl.col("alerts", "open", "closed").cast(pl.Int64),
            *share("escalated_share", pl.col("escalated"), pl.col("escalation_known"), minimum=minimum, z=z),
            *share("precision", right, decided, minimum=minimum, z=z),
            pl.col("median_seconds").alias("median_time_seconds"),
            pl.col("median_seconds_low").alias("median_time_seconds_low"),
            pl.col("median_seconds_high").alias("median_time_seconds_high"),
        )
    )


def _counts() -> dict[str, pl.Expr]:
    """Of the alerts in question."""
    state, disposition, outcome = pl.col("state"), pl.col("disposition"), pl.col("outcome")
    return {
        "alerts": pl.len(),
        "stated": state.count(),
        "open": _if_any(state, (state == "open").sum()),
        "closed": _if_any(state, (state == "closed").sum()),
        "reopened": ((pl.col("status") == "open") & (pl.col("closed_time") <= pl.col("as_of"))).sum(),
        "closed_undecided": ((state == "closed") & disposition.is_null()).sum(),
        "undecided": disposition.is_null().sum(),
        "escalated": _if_any(pl.col("escalated"), pl.col("escalated").sum()),
        "escalation_known": pl.col("escalated").count(),
        **{word: (disposition == word).sum() for word in DISPOSITIONS},
        **{f"clock: {word}": (outcome == word).sum() for word in LEFT_OUT},
    }


def _whole(start: datetime | None, end: datetime | None) -> dict[str, pl.Expr]:
    """Of all alerts, whenever made."""
    open_then = pl.col("known") & (pl.col("state") == "open")
    age = (pl.col("as_of") - pl.col("created_time")).filter(open_then).dt.total_microseconds() / 1e6
    closed = pl.col("known") & (pl.col("state") == "closed") & pl.col("closed_time").is_not_null()
    if start is not None:
        closed &= pl.col("closed_time") >= pl.lit(start, dtype=TIME)
    if end is not None:
        closed &= pl.col("closed_time") < pl.lit(end, dtype=TIME)
    return {
        "as_of": pl.col("as_of").first(),
        "all_alerts": pl.len(),
        "all_stated": (pl.col("known") & pl.col("state").is_not_null()).sum(),
        "without_created_time": pl.col("created_time").is_null().sum(),
        "backlog": _if_any(pl.col("state"), open_then.sum()),
        "backlog_age_median": age.median(),
        "backlog_age_p90": age.quantile(0.9, "linear"),
        "backlog_age_longest": age.max(),
        "closed_then": _if_any(pl.col("state"), closed.sum()),
    }


def _if_any(said: pl.Expr, count: pl.Expr) -> pl.Expr:
    """A count of something that the system says; null where it says it of no alert."""
    return pl.when(said.count() > 0).then(count)


def _row(
    figure: str,
    value: pl.Expr | str,
    unit: str,
    *,
    n: pl.Expr | str | None = None,
    interval: tuple[pl.Expr, pl.Expr] | None = None,
    note: pl.Expr | str | None = None,
) -> pl.Expr:
    """One row as a struct; a text as value or n is the column of that name."""
    low, high = interval or (pl.lit(None), pl.lit(None))
    return pl.struct(
        figure=pl.lit(figure),
        value=(pl.col(value) if isinstance(value, str) else value).cast(pl.Float64),
        unit=pl.lit(unit),
        low=low.cast(pl.Float64),
        high=high.cast(pl.Float64),
        n=(pl.col(n) if isinstance(n, str) else pl.lit(None) if n is None else n).cast(pl.Int64),
        note=note if isinstance(note, pl.Expr) else pl.lit(note, pl.String),
    )


def _rate(figure: str, part: pl.Expr, of: pl.Expr, note: str, *, minimum: int, z: float) -> pl.Expr:
    low, high = wilson(part, of, z)
    value, low, high = (pl.when(of >= minimum).then(number) for number in (part / of, low, high))
    return _row(figure, value, "share", n=of, interval=(low, high), note=note)


def _volume(minimum: int, z: float) -> Iterator[pl.Expr]:
    col = pl.col
    yield _row("as of", pl.lit(None), "instant", note=col("as_of").dt.strftime("%Y-%m-%d %H:%M:%S UTC"))
    yield _row("alerts", "alerts", "alerts", note="made in the period and known then; n below is of these")
    yield _row("open", "open", "alerts", n="alerts")
    yield _row("closed", "closed", "alerts", n="alerts")
    yield _row("status unknown", col("alerts") - col("stated"), "alerts", n="alerts")
    yield _rate("closing rate", col("closed"), col("stated"), "closed / (open + closed)", minimum=minimum, z=z)
    yield _row("closed in the period", "closed_then", "alerts", n="all_alerts", note="whenever made")
    yield _row("backlog", "backlog", "alerts", n="all_stated", note="open then, whenever made")
    for which in ("median", "p90", "longest"):
        age = col(f"backlog_age_{which}") / _HOUR
        yield _row(f"backlog age, {which}", age, "hours", n="backlog", note="since created_time")


def _verdicts(minimum: int, z: float) -> Iterator[pl.Expr]:
    col = pl.col
    right, wrong, benign = (col(word) for word in ("true_positive", "false_positive", "benign_positive"))
    yield _row("escalated", "escalated", "alerts", n="escalation_known", note="n: alerts of which the system says it")
    yield _rate(
        "escalation rate", col("escalated"), col("escalation_known"), "escalated / those known", minimum=minimum, z=z
    )
    for word in DISPOSITIONS:
        yield _row(word.replace("_", " "), word, "alerts", n="alerts")
    yield _row("without a disposition", "undecided", "alerts", n="alerts")
    yield _row("closed without a disposition", "closed_undecided", "alerts", n="closed")
    for name, of, note in (
        ("precision", right + wrong + benign, "true / (true + false + benign positives)"),
        ("strict precision", right + wrong, "true / (true + false positives)"),
    ):
        yield _rate(name, right, of, note, minimum=minimum, z=z)


def _times(clock: Clock, marks: tuple[timedelta, ...]) -> Iterator[pl.Expr]:
    measured = pl.col("finished") + pl.col("running")
    with_running = pl.format("Kaplan-Meier, {} still running among them", "running")
    for name in ("median", "p90"):
        value, *ends = (pl.col(f"{name}_seconds{end}") / _HOUR for end in ("", "_low", "_high"))
        yield _row(f"{clock}: {name}", value, "hours", n=measured, interval=(ends[0], ends[1]), note=with_running)
    mean = pl.col("mean_seconds") / _HOUR
    yield _row(f"{clock}: mean, each at most {_words(marks[-1])}", mean, "hours", n=measured, note=with_running)
    for number, mark in enumerate(marks):
        value, *ends = (pl.col(f"after_{number}{end}") for end in ("", "_low", "_high"))
        figure = f"{clock}: still running after {_words(mark)}"
        yield _row(figure, value, "share", n=measured, interval=(ends[0], ends[1]), note=with_running)
    too_short = pl.format("leaves out {} still running: too short while they are many", "running")
    for name in ("median", "p90"):
        value = pl.col(f"finished_{name}_seconds") / _HOUR
        yield _row(f"{clock}: {name} of the finished", value, "hours", n="finished", note=too_short)


def _left_out(clock: Clock) -> Iterator[pl.Expr]:
    yield _row(f"{clock}: finished", "finished", "alerts", n="alerts")
    yield _row(f"{clock}: still running", "running", "alerts", n="alerts")
    for word in LEFT_OUT:
        yield _row(f"{clock}: left out, {word}", f"clock: {word}", "alerts", n="alerts")
    yield _row("open again", "reopened", "alerts", n="alerts", note="open beside an earlier closed_time")
    yield _row("made later", "later", "alerts", note="in the period, but after `as of`: in no figure")
    yield _row("without created_time", "without_created_time", "alerts", n="all_alerts", note="in no period and no day")


def _with_words(table: pl.DataFrame) -> pl.DataFrame:
    """The figures, some forty of them, with how each reads."""
    words = [_reads(row) for row in table.iter_rows(named=True)]
    return table.with_columns(reads=pl.Series(words, dtype=pl.String)).select(_COLUMNS.names())


def _reads(row: dict[str, Any]) -> str | None:
    """A value with its interval in words; null where it is not known."""
    if row["unit"] == "instant":
        return str(row["note"]) if row["note"] is not None else None

    def word(value: float | None) -> str:
        if value is None:
            return "?"
        if row["unit"] == "hours":
            return spoken(value * _HOUR, "seconds")
        return spoken(value, "share") if row["unit"] == "share" else spoken(int(value), "count")

    if row["value"] is None:
        return None
    interval = "" if row["low"] is None and row["high"] is None else f" ({word(row['low'])} to {word(row['high'])})"
    return word(row["value"]) + interval


def _words(length: timedelta) -> str:
    """A length in words."""
    hours = length / timedelta(hours=1)
    return f"{hours / 24:g} {'day' if hours == 24 else 'days'}" if hours >= 24 else f"{hours:g} h"
