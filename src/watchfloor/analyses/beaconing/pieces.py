"""Pieces of long connections: exporters of flows cut them by a timer, which looks like a beat."""

from __future__ import annotations

import polars as pl

__all__ = ["pieces", "whole_weight"]

_FULL = 0.9
"""A piece fills this share of the time to the next one, at least: it ends where the next begins."""
_LONG = 1_000
"""Milliseconds: what is shorter is no piece of a long connection."""


def pieces(calls: pl.DataFrame, resolution: float) -> pl.DataFrame:
    """One row per stream: `pieces`, the share of calls after the first that go on where the one before ended, from
    the same port.

    Calls that overlap are connections of their own, and so are those from different ports, or from ports that the log
    does not tell: implants that call again when they are cut off look the same but for the port.

    Arguments:
        calls: `stream, at` (milliseconds), `lasts` (milliseconds) and `src_port`, in any order.
        resolution: of the clock, in milliseconds.
    """
    before = pl.col("stream") == pl.col("stream").shift(1)
    gap, lasted = pl.col("at") - pl.col("at").shift(1), pl.col("lasts").shift(1)
    same_port = (pl.col("src_port") == pl.col("src_port").shift(1)).fill_null(False)
    goes_on = (lasted >= _LONG) & (lasted >= _FULL * gap) & (lasted <= gap + resolution) & same_port
    return (
        calls.lazy()
        .sort("stream", "at")
        .select("stream", goes_on=pl.when(before).then(goes_on.fill_null(False)))
        .group_by("stream")
        .agg(pieces=pl.col("goes_on").mean().fill_null(0.0))
        .collect()
    )


def whole_weight(pieces: pl.Expr) -> pl.Expr:
    """1 where at most half of the calls are pieces of one connection, a quarter where all of them are."""
    return 1 - 1.5 * (pieces - 0.5).clip(0)
