"""How RITA divides and rounds: to the last bit."""

from __future__ import annotations

import polars as pl

__all__ = ["ceil3", "divided", "round3"]


def divided(value: pl.Expr, by: float) -> pl.Expr:
    """The quotient as IEEE 754 has it.

    Polars multiplies by the reciprocal of a constant, which may be off in the last bit: 42,000/50,000 becomes more than
    0.84, and that is 0.841 upwards. By a column it divides exactly.
    """
    return value / (value * 0 + by)


def round3(value: pl.Expr) -> pl.Expr:
    """Three decimals, halves away from zero: `math.Round(x * 1000) / 1000` in Go."""
    return divided((value * 1000).round(0, mode="half_away_from_zero"), 1000)


def ceil3(value: pl.Expr) -> pl.Expr:
    """Three decimals, upwards: `math.Ceil(x * 1000) / 1000` in Go."""
    return divided((value * 1000).ceil(), 1000)
