"""Canonical values from what is written: numbers, truth values, lists, words, times; null where that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from watchfloor.readers.columns.clocks import Clock, clock_of
from watchfloor.readers.columns.written import array, text
from watchfloor.schemas import VOCABULARIES, Column

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap, Origin

__all__ = ["Cell", "cell"]

_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_LIST_MARK = ";"
"""How our own CSV files join lists."""


@dataclass(frozen=True)
class Cell:
    """One canonical column, as expressions over a frame with what is written in a column of its own."""

    name: str
    value: pl.Expr
    """Null where nothing is written, or what is written is no such value."""
    wrong: str | None = None
    """What a written value without a value is: `is no number`; null where every written value has one."""
    clock: Clock | None = None
    """Of times: how they were found."""
    unknown: pl.Expr | None = None
    """Of columns that know only some words: a written word that is none of them; the record is kept without it."""


def cell(  # noqa: PLR0911 - one type after the other
    column: Column,
    said: pl.Expr,
    dtype: pl.DataType,
    origin: Origin,
    mapping: ColumnMap,
    *,
    zone: str | None,
    json: bool,
) -> Cell:
    """The canonical column of what is written.

    Arguments:
        column: the canonical column.
        said: what is written, null where nothing is.
        dtype: its type.
        origin: units, formats, separators.
        mapping: the same for the whole map.
        zone: of clock times that carry none.
        json: text that begins with `[` is a JSON array.
    """
    name = column.name
    if isinstance(column.dtype, pl.Datetime):
        clock = clock_of(said, dtype, origin, zone)
        return Cell(name, clock.instant, clock.wrong, clock=clock)
    if isinstance(column.dtype, pl.List):
        return _list_cell(column, array(said, dtype, origin.separator or _LIST_MARK, json=json))
    if name in VOCABULARIES:
        return _word_cell(name, text(said, dtype))
    if column.dtype == pl.String:
        return Cell(name, text(said, dtype))
    if column.dtype == pl.Boolean:
        return _truth_cell(name, said, dtype)
    if dtype == pl.String:
        said = _plain_number(said, origin.decimal or mapping.decimal, origin.thousands or mapping.thousands)
    if column.dtype.is_integer():
        return _count_cell(name, said, dtype)
    if isinstance(dtype, pl.Duration):
        return Cell(name, said.dt.total_microseconds() / 1_000_000)
    return _number_cell(name, said, dtype, 1 / _PER_SECOND[origin.unit or "s"])


def _plain_number(said: pl.Expr, decimal: str | None, thousands: str | None) -> pl.Expr:
    """A number as Rust reads it."""
    bare = said.str.strip_chars()
    if thousands is not None:
        bare = bare.str.replace_all(thousands, "", literal=True)
    return bare.str.replace(",", ".", literal=True) if decimal == "," else bare


def _count_cell(name: str, said: pl.Expr, dtype: pl.DataType) -> Cell:
    if dtype.is_integer() or dtype == pl.Boolean:
        return Cell(name, said.cast(pl.Int64, strict=False), "is too large for a whole number")
    if dtype != pl.String:
        return Cell(name, _whole(said.cast(pl.Float64, strict=False)), "is no whole number")
    digits = said.cast(pl.Int64, strict=False)
    others = pl.when(digits.is_null()).then(said)  # so that the slower ways cost nothing where there are none
    hexadecimal = others.str.extract(r"^0[xX]([0-9a-fA-F]{1,15})$").str.to_integer(base=16, strict=False)
    whole = _whole(others.cast(pl.Float64, strict=False))
    return Cell(name, pl.coalesce(digits, whole, hexadecimal), "is no whole number")


def _whole(number: pl.Expr) -> pl.Expr:
    """Floats that are whole: pandas makes floats of integers where one is missing."""
    fits = (number == number.round()) & (number.abs() < 2**63)
    return pl.when(fits).then(number).cast(pl.Int64, strict=False)


def _number_cell(name: str, said: pl.Expr, dtype: pl.DataType, scale: float) -> Cell:
    number = said.cast(pl.Float64, strict=False)
    finite = pl.when(number.is_finite()).then(number if scale == 1 else number * scale)
    return Cell(name, finite, None if dtype.is_integer() else "is no number")


def _truth_cell(name: str, said: pl.Expr, dtype: pl.DataType) -> Cell:
    if dtype == pl.Boolean:
        return Cell(name, said)
    word = text(said, dtype).str.strip_chars().str.to_lowercase()
    truth = pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)
    return Cell(name, truth, "is neither true nor false")


def _list_cell(column: Column, texts: pl.Expr) -> Cell:
    values = texts.cast(column.dtype, strict=False)
    if column.dtype == pl.List(pl.String):
        return Cell(column.name, values)
    lost = values.list.drop_nulls().list.len() < texts.list.drop_nulls().list.len()
    return Cell(column.name, pl.when(~lost).then(values), "holds what is no number")


def _word_cell(name: str, said: pl.Expr) -> Cell:
    """A word of a closed vocabulary: `True Positive` is `true_positive`, `CLOSED` is `closed`."""
    word = said.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s-]+", "_")
    known = word.is_in(VOCABULARIES[name])
    return Cell(name, pl.when(known).then(word), unknown=pl.when(~known).then(said))
