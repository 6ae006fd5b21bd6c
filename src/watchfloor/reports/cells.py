"""Columns as documents carry them: times as ISO 8601, lists joined, control characters visible."""

from __future__ import annotations

from typing import Any

import polars as pl
import polars.selectors as cs

from watchfloor.hostile import visible
from watchfloor.wording import JOIN

__all__ = ["exact", "flat", "largest"]


def exact(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns as JSON carries them: times as ISO 8601 text, `Z` in UTC, an offset in another zone; text as it is."""
    schema = frame.collect_schema()
    return frame.with_columns(
        [_iso(name, dtype) for name, dtype in schema.items() if isinstance(dtype, pl.Datetime)]
        + [pl.col(name).bin.encode("hex") for name, dtype in schema.items() if dtype == pl.Binary]
        + [pl.col(name).cast(pl.Float64) for name, dtype in schema.items() if dtype.is_decimal()]
    )


def flat(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns as one cell each: lists joined by `; `, structs as JSON, and no character that hides itself."""
    schema = frame.collect_schema()
    texts = exact(frame).with_columns(_flat(name, dtype) for name, dtype in schema.items())
    return texts.with_columns(visible(cs.string()))


def largest(values: pl.Series) -> float:
    """The largest distance from zero, 0 where there is none."""
    distance: Any = values.abs().max()
    return float(distance or 0)


def _flat(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Array):
        return _flat_list(column.arr.to_list(), dtype.inner)
    if isinstance(dtype, pl.List):
        return _flat_list(column, dtype.inner)
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode()
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if isinstance(dtype, pl.Duration):
        return column.dt.to_string("iso")
    return column


def _flat_list(column: pl.Expr, inner: object) -> pl.Expr:
    if isinstance(inner, pl.Struct):
        return column.list.eval(pl.element().struct.json_encode()).list.join(JOIN)
    return column.cast(pl.List(pl.String)).list.drop_nulls().list.join(JOIN)


def _iso(name: str, dtype: pl.Datetime) -> pl.Expr:
    offset = "" if dtype.time_zone is None else "Z" if dtype.time_zone == "UTC" else "%:z"
    return pl.col(name).dt.strftime(f"%Y-%m-%dT%H:%M:%S%.f{offset}")
