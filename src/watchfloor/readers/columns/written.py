"""Their columns as they are written: found by name or path, as text where the map speaks of words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, cast

import polars as pl

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap, Origin

__all__ = ["array", "fact", "found", "leaves", "text", "written"]


def written(
    origin: Origin, mapping: ColumnMap, schema: Mapping[str, pl.DataType], *, json: bool
) -> tuple[pl.Expr, pl.DataType] | None:
    """What a record says for a column, null where it says nothing, and its type; none if the frame has no such column.

    Arguments:
        origin: which columns, and which words mean what.
        mapping: the whole map.
        schema: the frame's columns.
        json: text that begins with `{` or `[` is JSON.
    """
    parts = [part for name in origin.names if (part := found(name, schema, json=json)) is not None]
    if not parts:
        return None
    words = origin.null + mapping.null
    same_type = len({dtype for _, dtype in parts}) == 1
    if same_type and parts[0][1] != pl.String and not (words or origin.values or origin.other or origin.join):
        return (pl.coalesce(part for part, _ in parts) if len(parts) > 1 else parts[0][0]), parts[0][1]
    texts = [_meaningful(text(part, dtype), words, origin.values) for part, dtype in parts]
    if origin.join is not None:
        said = pl.concat_str(texts, separator=origin.join)
    else:
        said = pl.coalesce(texts) if len(texts) > 1 else texts[0]
    return (_translated(said, origin) if origin.values or origin.other is not None else said), pl.String()


def found(name: str, schema: Mapping[str, pl.DataType], *, json: bool) -> tuple[pl.Expr, pl.DataType] | None:
    """A column by its name, or a field within an object by its path, with its type."""
    fits = [(pl.col(name), schema[name])] if name in schema else []
    parts = name.split(".")
    for depth in range(1, len(parts)):
        above = ".".join(parts[:depth])
        if above in schema and (field := _within(pl.col(above), schema[above], parts[depth:], json=json)) is not None:
            fits.append(field)
    if not fits:
        return None
    if len(fits) == 1:
        return fits[0]
    # Where lines of one file have either spelling, each line has its own.
    return pl.coalesce(text(expression, dtype) for expression, dtype in fits), pl.String()


def _within(above: pl.Expr, dtype: pl.DataType, path: list[str], *, json: bool) -> tuple[pl.Expr, pl.DataType] | None:
    """A field within an object; its key may have dots itself."""
    if not path:
        return above, dtype
    if json and dtype == pl.String:
        spellings = {("".join(f"['{key}']" for key in path)), f"['{'.'.join(path)}']"}
        usable = [f"${spelling}" for spelling in sorted(spellings) if "\\" not in spelling and "''" not in spelling]
        return pl.coalesce(above.str.json_path_match(spelling) for spelling in usable), pl.String()
    fields = dict(dtype.to_schema()) if isinstance(dtype, pl.Struct) else {}
    for end in range(1, len(path) + 1):
        key = ".".join(path[:end])
        if key in fields:
            field = above.struct.field(key)
            if (inner := _within(field, cast("pl.DataType", fields[key]), path[end:], json=json)) is not None:
                return inner
    return None


def leaves(schema: Mapping[str, pl.DataType], above: str = "") -> Iterator[str]:
    """Names of the columns, fields within objects with a dot."""
    for name, dtype in schema.items():
        if isinstance(dtype, pl.Struct):
            yield from leaves(cast("Mapping[str, pl.DataType]", dtype.to_schema()), f"{above}{name}.")
        else:
            yield f"{above}{name}"


def text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:  # noqa: PLR0911 - one type after the other
    """A value as it stands in a text file; whole floats without their `.0`, as ids come from pandas."""
    if dtype == pl.String:
        return column
    if dtype.is_float():
        number = column.fill_nan(None)
        whole = (number == number.round()) & (number.abs() < 2**63)
        return (
            pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))
        )
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    if isinstance(dtype, pl.Array):
        return text(column.arr.to_list(), pl.List(dtype.inner))
    if isinstance(dtype, pl.List):
        return _elements(column, dtype).list.join(",", ignore_nulls=True)
    if isinstance(dtype, pl.Struct):
        return column.struct.json_encode()
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("%:z" if dtype.time_zone else ""))
    return column.cast(pl.String, strict=False)


def _elements(column: pl.Expr, dtype: pl.List) -> pl.Expr:
    return column.list.eval(text(pl.element(), cast("pl.DataType", dtype.inner)))


def array(column: pl.Expr, dtype: pl.DataType, separator: str | None, *, json: bool) -> pl.Expr:
    """A list of texts: of a list, of JSON's `["a", "b"]`, or of text with a separator."""
    if isinstance(dtype, pl.Array):
        return array(column.arr.to_list(), pl.List(dtype.inner), separator, json=json)
    if isinstance(dtype, pl.List):
        return _elements(column, dtype)
    said = text(column, dtype)
    if separator:
        split = said.str.split(separator).list.eval(pl.element().str.strip_chars())
    else:
        split = pl.when(said.is_not_null()).then(pl.concat_list(said))
    if not json:
        return split
    is_array = said.str.starts_with("[") & said.str.json_path_match("$").is_not_null()
    return pl.when(is_array).then(pl.when(is_array).then(said).str.json_decode(_TEXTS)).otherwise(split)


_TEXTS = pl.List(pl.String)


def fact(column: pl.Expr, dtype: pl.DataType, separator: str | None, *, json: bool) -> tuple[pl.Expr, bool]:
    """A piece of evidence as text, or as a list of texts, and whether it is one."""
    if separator or json or isinstance(dtype, pl.List | pl.Array):
        return array(column, dtype, separator, json=json), True
    return text(column, dtype), False


def _meaningful(said: pl.Expr, words: Iterable[str], known: Mapping[str, str]) -> pl.Expr:
    """Text that says something: not blank, and none of the words that mean nothing."""
    bare = said.str.strip_chars()
    empty = sorted({word.strip() for word in words} - known.keys())
    says = bare.str.len_bytes() > 0
    return pl.when(says & ~bare.is_in(empty) if empty else says).then(said)


def _translated(said: pl.Expr, origin: Origin) -> pl.Expr:
    """Their words in ours: exact first, then in any case; an empty one of ours means nothing."""
    bare, exact = said.str.strip_chars(), origin.values
    if not exact:
        return pl.when(said.is_not_null()).then(pl.lit(origin.other))
    folded = {theirs.lower(): ours for theirs, ours in reversed(exact.items())}
    ours = pl.coalesce(
        bare.replace_strict(exact, default=None, return_dtype=pl.String),
        bare.str.to_lowercase().replace_strict(folded, default=None, return_dtype=pl.String),
    )
    rest = said if origin.other is None else pl.when(said.is_not_null()).then(pl.lit(origin.other))
    translated = pl.coalesce(ours, rest)
    return pl.when(translated != "").then(translated)
