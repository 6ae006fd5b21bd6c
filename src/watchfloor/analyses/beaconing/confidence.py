"""How sure a beat is: the number of beats, and how many of the streams tested would look as regular by chance."""

from __future__ import annotations

import polars as pl

__all__ = ["FEW", "by_chance", "chance_weight", "few_weight"]

FEW = 8
"""Fewer beats than this are too few to be sure of a beat."""
_HALF = 4
_LOG_SEARCHED = 2.0
"""Logarithm of what searching for the best window costs, beyond what `chance` pays already. Of streams of calls at
random (Poisson, log-normal gaps, bursts) with 4 to 100 gaps, as many look so regular as Chernoff's bound says, with 1.3
at most; a little more is for traffic that is none of these."""


def few_weight(beats: pl.Expr) -> pl.Expr:
    """A half for 4 beats, near 1 for hundreds."""
    return beats / (beats + _HALF)


def by_chance(inside: pl.Expr, gaps: pl.Expr, chance: pl.Expr, tested: int) -> pl.Expr:
    """Logarithm of how many of the streams tested would have so many gaps alike by chance (Chernoff's bound)."""
    share = inside / gaps
    rest = 1 - share
    hit = pl.when(share > 0).then(share * (share / chance).log()).otherwise(0.0)
    miss = pl.when(rest > 0).then(rest * (rest / (1 - chance)).log()).otherwise(0.0)
    tail = pl.when(share > chance).then(-gaps * (hit + miss)).otherwise(0.0)
    return tail + pl.lit(float(max(tested, 1))).log() + _LOG_SEARCHED


def chance_weight(log_expected: pl.Expr) -> pl.Expr:
    """1 where hardly one of the streams would look so by chance, a quarter where 8,000 would."""
    return 1 / (1 + log_expected.clip(0) / 3)
