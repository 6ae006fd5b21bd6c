"""Whether a beat is alone: what else its host does at the same moments, and which other targets share its period."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing.regularity import LONGEST

__all__ = ["NEAR", "SAME_PERIOD", "company", "solitude_weight", "twins", "twins_weight"]

NEAR = 1_500
"""Milliseconds before and after a beat in which other calls of its host are its company."""
SAME_PERIOD = 0.03
"""Periods that differ by less than this share are the same."""
_SHIFTS = (0.31, 0.5, 0.69)
"""Parts of the period by which the same moments are shifted, to see how much company chance gives."""


def company(beats: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `beats`, `company` and `by_chance`: share of its beats near which the host calls other
    targets, and the same share at moments between the beats; `others`, `others_by_chance`: such calls per beat.

    Arguments:
        beats: `stream, host, target, at, period`: the first call of each beat, and milliseconds between them.
        calls: `host, target, at` of these hosts, without what answers to every connection (look-ups of names).
    """
    of_host = calls.select(key=pl.col("host").cast(pl.UInt64) * LONGEST + pl.col("at").cast(pl.UInt64))["key"].sort()
    pairs = beats.select("host", "target").unique().with_row_index("pair")
    own = (
        calls.join(pairs, on=["host", "target"])
        .select(key=pl.col("pair").cast(pl.UInt64) * LONGEST + pl.col("at").cast(pl.UInt64))["key"]
        .sort()
    )
    placed = beats.join(pairs, on=["host", "target"])
    seen = placed.select(
        "stream",
        *(_others(placed, of_host, own, shift).alias(f"at_{number}") for number, shift in enumerate((0.0, *_SHIFTS))),
    )
    chance = [pl.col(f"at_{number}") for number in range(1, len(_SHIFTS) + 1)]
    return seen.group_by("stream").agg(
        beats=pl.len(),
        company=(pl.col("at_0") > 0).mean(),
        by_chance=pl.mean_horizontal((each > 0).mean() for each in chance),
        others=pl.col("at_0").mean(),
        others_by_chance=pl.mean_horizontal(each.mean() for each in chance),
    )


def _others(beats: pl.DataFrame, of_host: pl.Series, own: pl.Series, shift: float) -> pl.Series:
    """How many calls of the host to other targets are near each beat, moved by a part of its period."""
    moment = pl.col("at") + (shift * pl.col("period")).cast(pl.Int64)
    around = pl.min_horizontal(pl.lit(NEAR), pl.col("period") * 0.2).cast(pl.Int64)
    counts = []
    for keys, group in ((of_host, "host"), (own, "pair")):
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


def twins_weight(twins: pl.Expr) -> pl.Expr:
    """A half for three other targets with the same period: keepalives of peers, parts of one page."""
    return 1 / (1 + twins / 3)


def twins(streams: pl.DataFrame) -> pl.DataFrame:
    """One row per stream: `twins`: other targets of the host that beat with the same period in the same time.

    Arguments:
        streams: `stream, host, target, period, first, last` of regular streams.
    """
    left = streams.select("stream", "host", "target", "first", "last", log=pl.col("period").log()).sort("host", "log")
    step = (pl.col("log") / SAME_PERIOD).floor().cast(pl.Int64)
    right = left.select("host", other="target", first_other="first", last_other="last", log_other="log", step=step)
    near = pl.concat([right.with_columns(step=pl.col("step") + shift) for shift in (-1, 0, 1)])
    return (
        left.with_columns(step=step)
        .lazy()
        .join(near.lazy(), on=["host", "step"])
        .filter(
            pl.col("other") != pl.col("target"),
            (pl.col("log") - pl.col("log_other")).abs() <= SAME_PERIOD,
            pl.min_horizontal("last", "last_other") > pl.max_horizontal("first", "first_other"),
        )
        .group_by("stream")
        .agg(twins=pl.col("other").n_unique())
        .collect()
    )
