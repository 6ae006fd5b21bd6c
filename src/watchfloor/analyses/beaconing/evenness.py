"""How evenly the calls of a stream fill the time from its first to its last."""

from __future__ import annotations

import polars as pl

__all__ = ["PARTS", "spread"]

PARTS = 24
"""Into how many parts the time from the first to the last call is divided."""


def spread(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `connections, first, last, evenness` (0 to 1), `largest` (its longest gap in milliseconds).

    Evenness is the root of the share of parts with calls, as many as there can be, times the share of the time that is
    not its longest gap. The length of the log is not looked at: captures of malware are short.

    Arguments:
        calls: `stream` and `at` (milliseconds), in order.
    """
    ends = calls.group_by("stream", maintain_order=True).agg(
        connections=pl.len().cast(pl.Int64), first=pl.col("at").first(), last=pl.col("at").last()
    )
    span = pl.col("last") - pl.col("first")
    placed = (
        pl.concat([calls, ends.select(pl.col("first", "last").repeat_by("connections").explode())], how="horizontal")
        .lazy()
        .select(
            "stream",
            part=pl.lit(1, pl.UInt32) * 2 ** ((pl.col("at") - pl.col("first")) * PARTS // (span + 1)).cast(pl.UInt32),
            gap=pl.col("at").diff(),
            begins=pl.col("stream") != pl.col("stream").shift(1),
        )
        .with_columns(gap=pl.when("begins").then(None).otherwise("gap"))
    )
    seen = (
        placed.group_by("stream", maintain_order=True)
        .agg(parts=pl.col("part").bitwise_or(), largest=pl.col("gap").max())
        .with_columns(parts=pl.col("parts").bitwise_count_ones())
        .collect()
    )
    share = pl.col("parts") / pl.min_horizontal(pl.lit(PARTS), "connections")
    quiet = pl.when(span > 0).then(pl.col("largest") / span).otherwise(1.0)
    return ends.hstack(seen.drop("stream")).with_columns(evenness=(share * (1 - quiet)).clip(0).sqrt()).drop("parts")
