"""How regular the gaps between the beats of a stream are: the best of several merge scales and widths.

A stream is all connections that are looked at together (of one pair, port or name). Times are whole milliseconds.
Frames of calls and beats are in order of stream and time.
"""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import polars as pl

__all__ = ["LONGEST", "SCALES", "WIDTHS", "beats", "fits", "gaps", "largest_share", "wilson"]

SCALES = (0, 2_000, 15_000, 90_000, 600_000)
"""Milliseconds: calls that are closer than this belong to one beat, of which the first call counts."""
LONGEST = 2**42
"""Milliseconds since 1970 that a time must stay below (year 2109), so that it fits in one number with its stream."""

_BIN = 0.008
"""Width of a bin of gaps, in nats: a gap is in the bin of its logarithm."""
_BINS = 2 * 3**7
"""More than there can be (the logarithm of `LONGEST` is 29.1), with room for the widest window after the last one."""
_STEPS = ((1, 3), (3, 3), (9, 3), (9, 5), (27, 3), (27, 5))
"""How many bins are taken together, and how many of those are a window."""
WIDTHS = tuple(_BIN * step * bins for step, bins in _STEPS)
"""Widths of the window of gaps that are called alike, in nats: from strict timers (2.4 %) to a jitter of 50 %."""
_TRUST = (1.0, 0.98, 0.96, 0.94, 0.92, 0.88)
"""What a window of this width is worth: a narrow one says a little more."""
_MERGED = 0.9
"""What a fit to merged calls is worth."""
_LATTICE_WIDTHS = 2
"""So many of the widths, the narrow ones, are tried with missing beats."""
_MULTIPLES = 4
"""A gap of up to so many periods is one with missing beats."""
_LATTICE_CHANCE = 3.5
"""How much more of the gaps of calls at random lie near 1 to 4 periods than near one: the maximum over t of the sum of
k t exp(-k t) is 1.31, that of t exp(-t) 0.37."""
_STEADY = 0.08
"""Gaps that differ by less than this from the one before, in nats, are steady: a sleep that changes now and then."""
_STEADY_CHANCE = 0.3
"""How many gaps are like the one before where nothing beats: those of a transfer, a stream or a page in use are not
independent of one another (of independent ones, tanh(w/2) would be)."""
_BURSTS = 0.75
"""Merging calls is tried where it leaves at most this share of the gaps: others are not in bursts."""
_ENOUGH = 512
"""Gaps of a stream that are looked at, about."""
_RUN = 64
_SURE = 1.0
"""Standard errors below the share that is seen."""


def wilson(hits: pl.Expr, of: pl.Expr, z: float) -> pl.Expr:
    """The lower bound of a share (Wilson 1927), z standard errors below."""
    share, square = hits / of, z * z
    spread = (share * (1 - share) / of + square / (4 * of * of)).sqrt()
    return (share + square / (2 * of) - z * spread) / (1 + square / of)


def beats(calls: pl.LazyFrame, scale: int) -> pl.LazyFrame:
    """The first call of each beat.

    Arguments:
        calls: `stream` and `at` (milliseconds).
        scale: milliseconds that part two beats, at least.
    """
    same = pl.col("stream") == pl.col("stream").shift(1)
    return calls.filter(~(same & (pl.col("at") - pl.col("at").shift(1) <= scale)).fill_null(False))


def gaps(beats: pl.LazyFrame) -> pl.LazyFrame:
    """Columns `stream` and `gap`: milliseconds between beats of one stream."""
    same = pl.col("stream") == pl.col("stream").shift(1)
    return beats.select("stream", gap=pl.when(same).then(pl.col("at") - pl.col("at").shift(1))).filter(
        pl.col("gap").is_not_null()
    )


def largest_share(ratio: pl.Expr) -> pl.Expr:
    """The largest share of its gaps that a stream of calls at random can have from one length to `ratio` times it.

    Gaps of calls at random (Poisson) are exponential; the most likely rate gives r^(-1/(r-1)) (1 - 1/r).
    """
    return ratio ** (-1 / (ratio - 1)) * (1 - 1 / ratio)


def fits(calls: pl.DataFrame, *, resolution: float = 1.0) -> pl.DataFrame:
    """One row per stream with 3 gaps or more: its best fit.

    Columns `stream, regularity` (0 to 1), `scale` (a number of `SCALES`), `low` and `high` (the window of gaps, in
    milliseconds), `inside` and `gaps`: how many of how many gaps are alike; `chance`: the share that is by chance; and
    `way`: `alike`, `missing` (with multiples of the period) or `steady` (like the one before).

    Arguments:
        calls: `stream` and `at`.
        resolution: of the clock, in milliseconds.
    """
    first = _gaps_at(calls, 0)
    found, before = [_at_scale(first, 0, resolution)], first.group_by("stream", maintain_order=True).len("before")
    for number in range(1, len(SCALES)):
        merged = _gaps_at(calls, number)
        changed = merged.group_by("stream", maintain_order=True).len().join(before, on="stream")
        changed = changed.filter(pl.col("len") >= 3, pl.col("len") <= _BURSTS * pl.col("before"))
        if changed.is_empty():
            continue
        found.append(
            _at_scale(merged.join(changed, on="stream", how="semi", maintain_order="left"), number, resolution)
        )
    return _best(pl.concat(found))


def _gaps_at(calls: pl.DataFrame, scale: int) -> pl.DataFrame:
    """The gaps of one scale."""
    return gaps(beats(calls.lazy(), SCALES[scale])).collect()


def _sampled(every: pl.DataFrame) -> pl.DataFrame:
    """Of a stream with more than `_ENOUGH` gaps, runs of `_RUN` that are spread evenly: they say as much."""
    runs = every["stream"].rle().struct.field("len")
    if runs.is_empty() or runs.max() <= _ENOUGH:  # type: ignore[operator]
        return every
    starts = runs.cum_sum() - runs
    row = pl.col("stream").rle_id()
    index = pl.int_range(pl.len(), dtype=pl.UInt32) - pl.lit(starts).gather(row)
    every_nth = pl.lit((runs + _ENOUGH - 1) // _ENOUGH).gather(row)
    return every.lazy().filter(index // _RUN % every_nth == 0).collect()


def _best(rows: pl.DataFrame) -> pl.DataFrame:
    """The most regular row of each stream: as one number, which takes a tenth of the time of a sort."""
    packed = (pl.col("regularity") * 2**20).cast(pl.UInt64) * 2**40 + pl.int_range(pl.len(), dtype=pl.UInt64)
    best = rows.lazy().select("stream", packed=packed).group_by("stream").agg(pl.col("packed").max()).collect()
    return rows[best["packed"] % 2**40]


def _at_scale(merged: pl.DataFrame, scale: int, resolution: float) -> pl.DataFrame:
    """The best fit of each stream to its gaps at one scale."""
    every = _sampled(merged).select("stream", log=pl.col("gap").cast(pl.Float64).log())
    highest = int(every["stream"].max() or 0) + 1  # type: ignore[arg-type]
    narrow = pl.UInt32 if highest * _BINS < 2**32 else pl.UInt64  # half the width is half the time of the sort
    code = pl.col("stream").cast(narrow) * _BINS + (pl.col("log") / _BIN).cast(narrow)
    codes = every.lazy().select(code=code.sort()).collect()["code"]
    counted = codes.rle().struct.unnest().select(code="value", count="len")
    totals = every.lazy().group_by("stream", maintain_order=True).agg(gaps=pl.len().cast(pl.Int64)).collect()
    rows = [_alike(counted, totals, number, scale, resolution) for number in range(len(_STEPS))]
    found = pl.concat(rows)
    missing = _missing(counted, found)
    steady = _steady(every, totals, _best(found))
    worth = _MERGED if scale else 1.0
    return (
        _best(pl.concat([found, missing, steady]))
        .with_columns(pl.col("regularity") * worth, scale=pl.lit(scale, pl.Int8))
        .drop("width")
    )


def _alike(counted: pl.DataFrame, totals: pl.DataFrame, width: int, scale: int, resolution: float) -> pl.DataFrame:
    """The best window of one width of each stream."""
    step, bins = _STEPS[width]
    code = pl.col("code")
    wide = counted.lazy()
    if step > 1:
        summed = wide.select(code=code // step, total=pl.col("count").cum_sum()).filter(
            (code != code.shift(-1)).fill_null(True)
        )
        wide = summed.select("code", count=pl.col("total") - pl.col("total").shift(1, fill_value=0))
    near = [pl.when(code.shift(-n) - code < bins).then(pl.col("count").shift(-n)).otherwise(0) for n in range(1, bins)]
    best = (
        wide.select("code", stream=(code // (_BINS // step)).cast(pl.UInt32), inside=reduce(add, near, pl.col("count")))
        .select("stream", packed=pl.col("inside").cast(pl.UInt64) * 2**32 + code % (_BINS // step))
        .group_by("stream", maintain_order=True)
        .agg(pl.col("packed").max())
    )
    low = ((pl.col("packed") % 2**32).cast(pl.Float64) * (step * _BIN)).exp()
    start = (low - SCALES[scale] - resolution).clip(low * 1e-3)
    end = low * math.exp(WIDTHS[width]) - SCALES[scale] + resolution
    return (
        best.join(totals.lazy().filter(pl.col("gaps") >= 3), on="stream")
        .select(
            "stream",
            "gaps",
            inside=(pl.col("packed") // 2**32).cast(pl.Int64),
            low=low,
            high=low * math.exp(WIDTHS[width]),
            chance=_searched(largest_share(end / start), pl.col("gaps")),
            width=pl.lit(width, pl.Int8),
            way=pl.lit("alike"),
        )
        .with_columns(regularity=_TRUST[width] * _beyond())
        .collect()
    )


def _missing(counted: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The narrow windows again, with the gaps of 2 to 4 periods: where beats are missing."""
    share = pl.col("inside") / pl.col("gaps")
    narrow = found.filter(pl.col("width") < _LATTICE_WIDTHS, pl.col("inside") >= 3, share.is_between(0.15, 0.9))
    codes, totals = counted["code"], counted["count"].cast(pl.Int64).cum_sum().extend_constant(0, 1)
    last = len(totals) - 1
    low, high = ((pl.col(name).log() / _BIN).round().cast(codes.dtype) for name in ("low", "high"))
    edges = narrow.select(first=pl.col("stream").cast(codes.dtype) * _BINS + low, bins=high - low)
    more = pl.zeros(narrow.height, dtype=pl.Int64, eager=True)
    for multiple in range(2, _MULTIPLES + 1):
        start = edges["first"] + round(math.log(multiple) / _BIN)
        ends = [
            totals[(codes.search_sorted(edge, "left").cast(pl.Int64) - 1).replace(-1, last).cast(pl.UInt32)]
            for edge in (start, start + edges["bins"])
        ]
        more = more + ends[1] - ends[0]
    return narrow.with_columns(
        inside=pl.col("inside") + more,
        chance=(pl.col("chance") * _LATTICE_CHANCE).clip(upper_bound=0.95),
        way=pl.lit("missing"),
    ).with_columns(regularity=0.95 * _beyond())


def _steady(every: pl.DataFrame, totals: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    """How many gaps are like the one before: a sleep that changes is two periods, and neither is most of the gaps."""
    same = pl.col("stream") == pl.col("stream").shift(1)
    near = same & ((pl.col("log") - pl.col("log").shift(1)).abs() <= _STEADY)
    counted = (
        every.lazy()
        .select("stream", near=near)
        .group_by("stream", maintain_order=True)
        .agg(near=pl.col("near").sum().cast(pl.Int64))
        .collect()
    )
    kept = totals.with_columns(counted["near"]).filter(pl.col("gaps") >= 8).drop("gaps")
    return (
        best.join(kept, on="stream")
        .with_columns(
            inside=pl.col("near") + 1,
            chance=_searched(pl.lit(_STEADY_CHANCE), pl.col("gaps")),
            way=pl.lit("steady"),
        )
        .with_columns(regularity=0.95 * _beyond())
        .select(best.columns)
    )


def _searched(chance: pl.Expr, gaps: pl.Expr) -> pl.Expr:
    """The best window is looked for: one gap is always in it."""
    return (chance + 1 / (gaps + 1)).clip(upper_bound=0.95)


def _beyond() -> pl.Expr:
    """By how much the share of gaps that are alike is surely above chance, 0 to 1."""
    sure = wilson(pl.col("inside"), pl.col("gaps"), _SURE)
    return ((sure - pl.col("chance")) / (1 - pl.col("chance"))).clip(0)
