"""How evenly the calls of a stream fill the time in which it is active."""

from __future__ import annotations

import polars as pl

__all__ = ["PARTS", "PAUSE", "ends", "evenness"]

PARTS = 24
"""Into how many parts the active time is divided."""
PAUSE = 10
"""A gap of more periods than this is a pause: it counts as so many, whether it lasts a night or a week."""


def ends(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `first` and `last`, milliseconds.

    Arguments:
        calls: `stream` and `at` (milliseconds), in order.
    """
    return calls.group_by("stream", maintain_order=True).agg(first=pl.col("at").first(), last=pl.col("at").last())


def evenness(calls: pl.DataFrame, streams: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `evenness` (0 to 1).

    It is the root of the share of parts with calls, as many as there can be, times the share of the time that is not
    the longest gap. The length of the log is not looked at: captures of malware are short.

    Arguments:
        calls: `stream` and `at` (milliseconds), in order.
        streams: `stream`, counted from 0 without gaps and in order, and `period` (milliseconds, null where there is
            none).
    """
    stream = pl.col("stream")
    longest = pl.lit(streams["period"] * PAUSE).gather(stream)
    gap = (
        pl.when(stream == stream.shift(1))
        .then(pl.min_horizontal(pl.col("at") - pl.col("at").shift(1), longest))
        .otherwise(0)
    )
    active = (
        calls.lazy()
        .select("stream", gap=gap.cast(pl.Int64))
        .select("stream", "gap", passed=pl.col("gap").cum_sum())
        .collect()
    )
    spans = active.group_by("stream", maintain_order=True).agg(
        connections=pl.len(), begin=pl.col("passed").first(), end=pl.col("passed").last(), largest=pl.col("gap").max()
    )
    row = pl.col("stream").rle_id()
    begin, span = (pl.lit(values).gather(row) for values in (spans["begin"], spans["end"] - spans["begin"]))
    part = (pl.col("passed") - begin) * PARTS // (span + 1)
    parts = (
        active.lazy()
        .select("stream", part=pl.lit(1, pl.UInt32) * 2 ** part.cast(pl.UInt32))
        .group_by("stream", maintain_order=True)
        .agg(pl.col("part").bitwise_or())
        .select(pl.col("part").bitwise_count_ones())
        .collect()["part"]
    )
    length = pl.col("end") - pl.col("begin")
    share = pl.lit(parts) / pl.min_horizontal(pl.lit(PARTS), "connections")
    mean = length / (pl.col("connections") - 1)  # few calls are paid for elsewhere: what counts is more than the mean
    quiet = pl.when(length > 0).then((pl.col("largest") - mean) / length).otherwise(1.0)
    return spans.select("stream", evenness=(share * (1 - quiet)).clip(0).sqrt())
