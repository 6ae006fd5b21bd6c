"""Numbers of a column as they stand in a sentence: whole or with one decimal, seconds in the unit that reads best."""

from __future__ import annotations

import polars as pl

__all__ = ["duration", "number", "size"]


def number(value: pl.Expr) -> pl.Expr:
    """As text: whole, or with one decimal."""
    short = value.round(1)
    return pl.when(short == short.floor()).then(short.cast(pl.Int64).cast(pl.String)).otherwise(short.cast(pl.String))


def duration(seconds: pl.Expr) -> pl.Expr:
    """As text, in the unit that reads best."""
    return (
        pl.when(seconds < 600)
        .then(pl.format("{} s", number(seconds)))
        .when(seconds < 7_200)
        .then(pl.format("{} min", number(seconds / 60)))
        .otherwise(pl.format("{} h", number(seconds / 3_600)))
    )


def size(count: pl.Expr) -> pl.Expr:
    """Bytes as text, in powers of 1,000."""
    return (
        pl.when(count < 10_000)
        .then(pl.format("{} bytes", number(count)))
        .when(count < 10_000_000)
        .then(pl.format("{} kB", number(count / 1_000)))
        .otherwise(pl.format("{} MB", number(count / 1_000_000)))
    )
