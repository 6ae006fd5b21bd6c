"""The beat of the best streams in numbers: its period, how far beats are off, how many are missing, when it pauses."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing import regularity

__all__ = ["PAUSE", "beat"]

PAUSE = 10
"""A gap of more periods than this is a pause, of which no beat is missed."""


def beat(calls: pl.LazyFrame) -> pl.DataFrame:
    """One row per stream: `beats, period_ms, off_ms, present, active_ms, sessions`.

    `period_ms` is the median of the gaps in the window that fits best, `off_ms` the median of how far they are from it;
    `present` the share of beats that are there between pauses, `active_ms` the time without pauses.

    Arguments:
        calls: `stream, at` in order, with `scale, low, high` of the stream's fit.
    """
    every = pl.concat(
        _gaps(regularity.beats(calls.filter(pl.col("scale") == number), scale))
        for number, scale in enumerate(regularity.SCALES)
    )
    inside = pl.col("gap").is_between("low", "high")
    counted = every.with_columns(
        period_ms=pl.when(inside).then("gap").median().over("stream").cast(pl.Float64)
    ).with_columns(periods=(pl.col("gap") / pl.col("period_ms")).round().clip(1))
    runs = pl.col("periods") <= PAUSE
    return (
        counted.group_by("stream")
        .agg(
            beats=pl.len().cast(pl.Int64) + 1,
            period_ms=pl.col("period_ms").first(),
            off_ms=(pl.col("gap") - pl.col("period_ms")).abs().filter(inside).median(),
            missed=(pl.col("periods").filter(runs) - 1).sum(),
            active_ms=pl.col("gap").filter(runs).sum(),
            sessions=(~runs).sum().cast(pl.Int64) + 1,
        )
        .with_columns(present=pl.col("beats") / (pl.col("beats") + pl.col("missed")))
        .drop("missed")
        .collect()
    )


def _gaps(beats: pl.LazyFrame) -> pl.LazyFrame:
    same = pl.col("stream") == pl.col("stream").shift(1)
    return beats.select(
        "stream", "low", "high", gap=pl.when(same).then(pl.col("at") - pl.col("at").shift(1))
    ).drop_nulls()
