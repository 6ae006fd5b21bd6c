"""Whether a beat is alone: what else its host does at the same moments, and which other targets share its period."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing.context import LOOKUP_PORTS
from watchfloor.analyses.beaconing.regularity import LONGEST

__all__ = ["NEAR", "SAME_PERIOD", "company", "solitude_weight", "twins", "twins_weight"]

NEAR = 1_500
"""Milliseconds before and after a beat in which other calls of its host are its company."""
SAME_PERIOD = 0.03
"""Periods that differ by less than this share are the same."""
_ENOUGH = 128
"""Beats of a stream that are looked at, about."""
_SHIFTS = (0.37, 0.63)
"""Parts of the period by which the same moments are shifted, to see how much company chance gives."""


def company(beats: pl.DataFrame, calls: pl.DataFrame, own: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `others, others_by_chance`: calls of its host to other targets near a beat of it, and near
    moments between its beats.

    Arguments:
        beats: `stream, host, group, at, period`: the first call of each beat, and milliseconds between them.
        calls: `host, at` of these hosts, without what others to every connection (look-ups of names).
        own: `group, at`: those of the calls that are to the target itself.
    """
    keys = _keys(calls, "host"), _keys(own, "group")
    placed = _sampled(beats)
    seen = placed.select(
        "stream", *(_others(placed, *keys, shift).alias(f"at_{number}") for number, shift in enumerate((0.0, *_SHIFTS)))
    )
    chance = [pl.col(f"at_{number}") for number in range(1, len(_SHIFTS) + 1)]
    return seen.group_by("stream").agg(
        others=pl.col("at_0").mean(), others_by_chance=pl.mean_horizontal(each.mean() for each in chance)
    )


def _keys(calls: pl.DataFrame, group: str) -> pl.Series:
    """Group and time as one number, in order."""
    key = pl.col(group).cast(pl.UInt64) * LONGEST + pl.col("at").cast(pl.UInt64)
    return calls.lazy().select(key=key.sort()).collect()["key"]


def _sampled(beats: pl.DataFrame) -> pl.DataFrame:
    """Of a stream with many beats, about `_ENOUGH` that are spread evenly: they say as much."""
    number = pl.int_range(pl.len()).over("stream")
    return beats.filter(number % ((pl.len().over("stream") + _ENOUGH - 1) // _ENOUGH) == 0)


def _others(beats: pl.DataFrame, of_host: pl.Series, own: pl.Series, shift: float) -> pl.Series:
    """How many calls of the host to other targets are near each beat, moved by a part of its period."""
    moment = pl.col("at") + (shift * pl.col("period")).cast(pl.Int64)
    around = pl.min_horizontal(pl.lit(NEAR), pl.col("period") * 0.2).cast(pl.Int64)
    counts = []
    for keys, group in ((of_host, "host"), (own, "group")):
        start = pl.col(group).cast(pl.UInt64) * LONGEST
        ends = beats.select(
            low=start + (moment - around).clip(0).cast(pl.UInt64), high=start + (moment + around).cast(pl.UInt64)
        )
        counts.append(
            keys.search_sorted(ends["high"], "right").cast(pl.Int64)
            - keys.search_sorted(ends["low"], "left").cast(pl.Int64)
        )
    return counts[0] - counts[1]


def solitude_weight(others: pl.Expr, by_chance: pl.Expr) -> pl.Expr:
    """1 where the beat has hardly more company than chance gives; a page load starts many calls at once.

    Half a call more is forgiven: jitter of moments, and a second server that is called each time.
    """
    more = (others - by_chance).fill_null(0.0)
    return 1 / (1 + (more - 0.5).clip(0))


def twins_weight(twins: pl.Expr, servers: pl.Expr) -> pl.Expr:
    """A half for three other targets with the same period: keepalives of peers, parts of one page.

    A half as well for one beat that moves from server to server: implants do that, and services behind many addresses.
    """
    return pl.when(servers > 1).then(0.5).otherwise(1 / (1 + twins / 3))


def twins(streams: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `twins`: other targets of the host that beat with the same period in the same time.

    Peers are twins of peers, on high ports, and parts of a page of one another, on those of services. A resolver is
    nobody's twin: it is asked before each call.

    Arguments:
        streams: `stream, host, target, main_port, period, first, last` of regular streams.
    """
    high = (pl.col("main_port") >= 1_024).fill_null(True)
    look_up = pl.col("main_port").is_in(LOOKUP_PORTS).fill_null(False)
    left = streams.select(
        "stream", "host", "target", "first", "last", high=high, look_up=look_up, log=pl.col("period").log()
    ).sort("host", "log")
    step = (pl.col("log") / SAME_PERIOD).floor().cast(pl.Int64)
    right = left.filter(~pl.col("look_up")).select(
        "host", "high", other="target", first_other="first", last_other="last", log_other="log", step=step
    )
    near = pl.concat([right.with_columns(step=pl.col("step") + shift) for shift in (-1, 0, 1)])
    return (
        left.with_columns(step=step)
        .lazy()
        .join(near.lazy(), on=["host", "high", "step"])
        .filter(
            pl.col("other") != pl.col("target"),
            (pl.col("log") - pl.col("log_other")).abs() <= SAME_PERIOD,
            pl.min_horizontal("last", "last_other") > pl.max_horizontal("first", "first_other"),
        )
        .group_by("stream")
        .agg(twins=pl.col("other").n_unique())
        .collect()
    )
