"""How RITA rounds its scores."""

from __future__ import annotations

import polars as pl

__all__ = ["ceil3", "round3"]


def round3(value: pl.Expr) -> pl.Expr:
    """Three decimals, halves away from zero."""
    return (value * 1000).round(0, mode="half_away_from_zero") / 1000


def ceil3(value: pl.Expr) -> pl.Expr:
    """Three decimals, upwards."""
    return (value * 1000).ceil() / 1000
