"""How RITA rounds its scores."""

from __future__ import annotations

import polars as pl

__all__ = ["ceil3", "round3"]


def round3(value: pl.Expr) -> pl.Expr:
    """Three decimals, halves away from zero: `math.Round(x * 1000) / 1000` in Go."""
    return _thousandths((value * 1000).round(0, mode="half_away_from_zero"))


def ceil3(value: pl.Expr) -> pl.Expr:
    """Three decimals, upwards: `math.Ceil(x * 1000) / 1000` in Go."""
    return _thousandths((value * 1000).ceil())


def _thousandths(whole: pl.Expr) -> pl.Expr:
    """Whole numbers divided by 1000, to the last bit.

    Polars divides a column by a literal by multiplying with its reciprocal, which gives 0.41400000000000003 for 414;
    rounding to the decimals that are there gives the nearest float again.
    """
    return (whole / 1000).round(3)
