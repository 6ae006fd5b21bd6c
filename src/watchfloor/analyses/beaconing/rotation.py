"""Beats that move from server to server: streams of a host that, put together, beat faster than each of them."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing import regularity

__all__ = ["MOST", "rotations"]

MOST = 64
"""Servers of a rotation, at most."""
_NEAR = 0.15
"""Periods in the same bin of so many nats may be of one rotation."""
_REGULAR = 0.2
_FEW = 3
"""Servers of a rotation are called by at most so many hosts each."""
_MORE = 1.5
"""All together have at least so many times the beats of each: twins that call at once are no rotation."""
_SURE = 0.5
"""Regularity that all together have at least."""


def rotations(streams: pl.DataFrame, times: pl.DataFrame, resolution: float) -> pl.DataFrame:
    """One row per stream that is part of a rotation: `servers`, and `joined_regularity, joined_period, joined_gaps`.

    A server that is called in turn has the period of all times their number; one that is picked at random has beats
    missing. Both have about one period with the others, and one host, port and direction.

    Arguments:
        streams: `stream, host, target, main_port, period, way, gaps, regularity, sources, known, twins` of regular
            streams.
        times: `stream, at` of their calls, in order.
        resolution: of the clock, in milliseconds.
    """
    groups = (
        streams.lazy()
        .filter(pl.col("regularity") >= _REGULAR, pl.col("sources") <= _FEW, pl.col("known").is_null())
        .group_by("host", "main_port", (pl.col("period").log() / _NEAR).round().alias("bin"))
        .agg("stream", "period", "way", "gaps", servers=pl.col("target").n_unique(), twins=pl.col("twins").max())
        .filter(pl.col("servers").is_between(2, MOST), pl.col("twins") <= pl.col("servers"))
        .sort("host", "main_port", "bin", nulls_last=True)
        .with_row_index("group")
        .collect()
    )
    members = groups.lazy().select("group", "stream", "period", "way", "gaps", "servers")
    members = members.explode("stream", "period", "way", "gaps")
    calls = (
        times.lazy()
        .join(members.select("stream", "group"), on="stream")
        .select(stream="group", at="at")
        .sort("stream", "at")
        .collect()
    )
    fits = regularity.fits(calls, resolution=resolution).lazy()
    fits = fits.select(
        group="stream",
        joined_regularity="regularity",
        joined_period=(pl.col("low") * pl.col("high")).sqrt(),
        joined_gaps="gaps",
    )
    ratio = (pl.col("period") / pl.col("joined_period")).log()
    in_turn = (ratio - pl.col("servers").log()).abs() <= _NEAR
    picked = (pl.col("way") == "missing") & (ratio.abs() <= _NEAR)
    return (
        members.join(fits, on="group")
        .filter(pl.col("joined_regularity") >= _SURE, pl.col("joined_gaps") >= _MORE * pl.col("gaps"), in_turn | picked)
        .select("stream", "servers", "joined_regularity", "joined_period", "joined_gaps")
        .collect()
    )
