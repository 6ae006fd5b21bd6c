"""Texts of keys and values whose keys come in an order that recurs: cut into columns, a column for each value.

A text is split at its delimiter or at its equals signs. Texts with as many pieces, each with its key where the order
has it, have the order. Steps are over whole columns, and start no threads: blocks are worked on in threads already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

__all__ = ["both", "cut", "split", "split_into", "where"]


def where(frame: pl.DataFrame, checks: Sequence[pl.Expr]) -> pl.Series | None:
    """The rows that pass all checks; null where all rows do, which is found much faster than which rows do."""
    if not checks or not frame.height:
        return None
    passed = frame.select_seq(check.all(ignore_nulls=False).alias(str(n)) for n, check in enumerate(checks)).row(0)
    failed = [
        check.alias(str(n)) for n, (check, all_pass) in enumerate(zip(checks, passed, strict=True)) if not all_pass
    ]
    if not failed:
        return None
    first, *others = frame.select_seq(failed).get_columns()
    for other in others:
        first &= other
    return first.fill_null(False)


def split(rows: pl.DataFrame, text: pl.Expr, by: pl.Expr | str) -> tuple[pl.Series, pl.DataFrame]:
    """All pieces of the texts of some rows, and the rows with `at`, where theirs begin, and `n`, how many there are."""
    pieces = rows.select_seq(text.str.split(by)).to_series()
    n = pieces.list.len().alias("n")
    return pieces.explode(), rows.hstack([(n.cum_sum() - n).alias("at"), n])


def split_into(pieces: pl.Series, at: pl.Series, n: int) -> pl.DataFrame:
    """The `n` pieces of each of some rows, a column for each place: `0` to `n - 1`."""
    return pl.DataFrame([at]).select_seq(
        pl.lit(pieces).gather(pl.col("at") + place).alias(str(place)) for place in range(n)
    )


def cut(
    pieces: pl.DataFrame, keys: Sequence[str], *, key_first: bool, fixed: Mapping[int, str], trim: bool
) -> tuple[pl.Series | None, pl.DataFrame]:
    """Which rows have an order of keys, null for all, and the values of those that do, by their places.

    Arguments:
        pieces: of rows with as many pieces as the order has, by place.
        keys: the order.
        key_first: whether a piece is `key=value`; else texts were split at `=`, and a piece is `value next-key`.
        fixed: values that must be these, by place.
        trim: whether blanks may stand around values.
    """
    steps = _steps(tuple(keys), key_first, tuple(fixed.items()), trim)
    fit = where(pieces, steps.checks)
    if fit is not None:
        pieces = pieces.filter(fit)
    values = pieces.select_seq(steps.values)
    if not steps.right:
        return fit, values
    right = where(values, steps.right)
    values = values.drop(steps.known)
    return (fit, values) if right is None else (both(fit, right), values.filter(right))


@dataclass(frozen=True)
class _Steps:
    """What an order is compiled to: expressions cost more to make than to run on a block."""

    checks: list[pl.Expr]
    """Whether pieces have the keys."""
    values: list[pl.Expr]
    right: list[pl.Expr]
    """Whether values that are known, and could not be checked within their pieces, are so."""
    known: list[str]
    """Columns of these values."""


@lru_cache(512)
def _steps(keys: tuple[str, ...], key_first: bool, known: tuple[tuple[int, str], ...], trim: bool) -> _Steps:
    fixed = dict(known)
    last = len(keys) - 1
    shift = 0 if key_first else 1

    def piece(n: int) -> pl.Expr:
        return pl.col(str(n + shift))

    def mark(n: int) -> str:
        """What a piece holds besides the value."""
        if key_first:
            return f"{keys[n]}="
        return f" {keys[n + 1]}" if n < last else ""

    def has_mark(n: int) -> pl.Expr:
        if n in fixed and not trim and n < last:
            return piece(n) == (mark(n) + fixed[n] if key_first else fixed[n] + mark(n))
        return piece(n).str.starts_with(mark(n)) if key_first else piece(n).str.ends_with(mark(n))

    def value(n: int) -> pl.Expr:
        if not mark(n):
            bare = piece(n)
        elif key_first:
            bare = piece(n).str.slice(len(mark(n)))
        else:
            bare = piece(n).str.head(-len(mark(n)))
        return (bare.str.strip_chars(" ") if trim or n == last else bare).alias(str(n))

    checks = [has_mark(n) for n in range(len(keys)) if mark(n)]
    if not key_first:
        checks.append(pl.col("0").str.strip_chars_start(" ") == keys[0])
    loose = [n for n in fixed if trim or n == last]
    values = [value(n) for n in range(len(keys)) if n not in fixed or n in loose]
    return _Steps(checks, values, [pl.col(str(n)) == fixed[n] for n in loose], [str(n) for n in loose])


def both(fit: pl.Series | None, right: pl.Series | None) -> pl.Series | None:
    """Rows that fit, of which some are right: null for all in each."""
    if right is None or fit is None:
        return fit if right is None else right
    return fit.scatter(fit.arg_true(), right)
