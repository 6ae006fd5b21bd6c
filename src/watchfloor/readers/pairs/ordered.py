"""Lines whose keys come in an order that recurs: cut at their equals signs into a column for each value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import polars as pl

from watchfloor.readers.pairs.grammar import LOOSE, Values, pairs_of
from watchfloor.readers.records.keyed import control_free
from watchfloor.readers.records.orders import both, cut, split, split_into, where

__all__ = ["Ordered", "ordered"]

FEW = 20
"""So few lines are not worth an order of their own."""
_ORDERS = 32
_LOOSE_VALUE = r'^[^ "]*(?: \([^ ()="]*\))?$'


class Ordered(Values):
    """Lines of a few orders of keys, those of each order together."""

    def __init__(self, parts: list[pl.DataFrame]) -> None:
        """A frame for each order: its keys are its columns, in order."""
        self._parts = parts
        self.height = sum(part.height for part in parts)
        self.keys = frozenset(key for part in parts for key in part.columns)

    def frame(self, keys: Iterable[str]) -> pl.DataFrame:
        """First values; see `Values`."""
        names = list(dict.fromkeys(keys))
        nothing = pl.lit(None, pl.String)
        return pl.concat(
            part.select(pl.col(name) if name in part.columns else nothing.alias(name) for name in names)
            if set(names) & set(part.columns)
            else pl.DataFrame({"": [None]}).select(
                nothing.repeat_by(part.height).explode().alias(name) for name in names
            )
            for part in self._parts
        )

    def rest(self, taken: Mapping[str, pl.Series], words: pl.Series | None = None) -> pl.Series:
        """JSON of what is left; see `Values`."""
        found = []
        at = 0
        for part in self._parts:
            gone = {key: mask.slice(at, part.height) for key, mask in taken.items() if key in part.columns}
            found.append(_objects(part, {key: mask for key, mask in gone.items() if mask.any()}))
            at += part.height
        return pl.concat(found)

    def only(self, which: pl.Series, keys: frozenset[str] | None = None) -> Ordered:
        """Some of the lines, and only some of their keys, where they are told."""
        parts = []
        at = 0
        for part in self._parts:
            mask = which.slice(at, part.height)
            at += part.height
            some = part if mask.all() else part.filter(mask)
            parts += [some] if some.height else []
        chosen = Ordered(parts)
        chosen.keys = chosen.keys if keys is None else chosen.keys & keys
        return chosen

    def words(self) -> pl.Series:
        """There are none."""
        return pl.Series([None], dtype=pl.String).new_from_index(0, self.height)


def _objects(part: pl.DataFrame, gone: Mapping[str, pl.Series]) -> pl.Series:
    """A JSON object of each row; a key may be left out in some rows."""
    # Polars 2.1 panics in `format` where a chunk of a column is empty.
    part = part.rechunk()
    left = [key for key in part.columns if key not in gone or not gone[key].all()]
    always = next((key for key in left if key not in gone), None)
    empty = part.select_seq((pl.col(key) == "").any() for key in left).row(0, named=True) if left else {}
    form, values = "{{", []
    before = always is not None
    for key in left:
        name = json.dumps(key, ensure_ascii=False).replace("{", "{{").replace("}", "}}")
        value = pl.col(key)
        text = f'{name}:"{{}}"'
        if empty[key]:
            text = f"{name}:{{}}"
            value = pl.when(value == "").then(pl.lit("null")).otherwise(pl.format('"{}"', value))
        if key == always:
            before = False
        else:
            text = f"{text}," if before else f",{text}"
        if key in gone:
            form += "{}"
            values.append(pl.when(~pl.lit(gone[key])).then(pl.format(text, value)).otherwise(pl.lit("")))
        else:
            form += text
            values.append(value)
    if always is not None:
        return part.select_seq(rest=pl.format(form + "}}", *values)).to_series()
    if not left:
        return pl.Series("rest", [None], dtype=pl.String).new_from_index(0, part.height)
    whole = part.select_seq(rest=pl.format(form + "}}", *values))
    rest = pl.col("rest")
    return whole.select_seq(pl.when(rest != "{}").then(rest.str.replace("{,", "{", literal=True))).to_series()


def ordered(rows: pl.DataFrame, between: str) -> tuple[pl.DataFrame, Ordered | None, pl.DataFrame]:
    """The rows (`rest`: pairs) whose order recurs, their values in the same order, null for none; and the others."""
    if between != " " or rows.height <= FEW or not control_free(rows["rest"]):
        return rows.clear(), None, rows
    text = pl.col("rest")
    plain = where(rows, [~text.str.contains("\\", literal=True)])
    others = [] if plain is None else [rows.filter(~plain)]
    rows = rows if plain is None else rows.filter(plain)
    columns = rows.columns
    pieces, rows = split(rows, text, "=")
    found, parts = [], []
    for _ in range(_ORDERS):
        if rows.height <= FEW:
            break
        first, n = rows["rest"][0], rows["n"][0]
        pairs, words = pairs_of(first)
        same = rows["n"] == n
        fits: pl.Series | None = pl.Series([False]).new_from_index(0, int(same.sum()))
        tried = rows.filter(same)
        if not words and len(pairs) == n - 1 and all(len(values) == 1 for values in pairs.values()):
            fits, values = _by_order(split_into(pieces, tried["at"], n), list(pairs), tried)
            if values.height:
                found.append(tried if fits is None else tried.filter(fits))
                parts.append(values)
        rest = tried.clear() if fits is None else tried.filter(~fits)
        if rest.height and rest["rest"][0] == first:
            others.append(rest.select(columns))
            rest = rest.clear()
        rows = pl.concat([rest, rows.filter(~same)])
    others.append(rows.select(columns))
    if not parts:
        return rows.select(columns).clear(), None, pl.concat(others)
    return pl.concat(found).select(columns), Ordered(parts), pl.concat(others)


def _by_order(pieces: pl.DataFrame, keys: list[str], rows: pl.DataFrame) -> tuple[pl.Series | None, pl.DataFrame]:
    """Which lines have an order of keys, null for all, and their values without quotes, by key."""
    two = bool(rows.select_seq(pl.col("rest").str.contains("  ", literal=True).any()).item())
    fit, values = cut(pieces, keys, key_first=False, fixed={}, trim=two)
    if not values.height:
        return fit, values
    began = values.select_seq(pl.all().str.starts_with('"').sum()).row(0, named=True)
    mixed = [name for name, times in began.items() if 0 < times < values.height]
    # Where it is told by its key whether a value is quoted, quotes that are no ends of values show in their number.
    kept = rows if fit is None else rows.filter(fit)
    quotes = kept.select_seq(quotes=pl.col("rest").str.count_matches('"', literal=True))
    checks = [] if mixed else [pl.col("quotes") == 2 * sum(times > 0 for times in began.values())]
    shown = []
    for place, key in enumerate(keys):
        name = str(place)
        text = pl.col(name)
        inner = text.str.slice(1).str.head(-1)
        closed = text.str.ends_with('"') & (text.str.len_bytes() >= 2)
        bare = text.str.contains(_LOOSE_VALUE) if key == LOOSE else ~text.str.contains(" ", literal=True)
        if mixed:
            quoted = text.str.starts_with('"')
            closed &= ~inner.str.contains('"', literal=True)
            bare &= ~text.str.contains('"', literal=True)
            checks.append((quoted & closed) | (~quoted & bare))
            shown.append(pl.when(quoted).then(inner).otherwise(text).alias(key))
        else:
            checks.append(closed if began[name] else bare)
            shown.append((inner if began[name] else text).alias(key))
    values = values.hstack(quotes)
    right = where(values, checks)
    values = values if right is None else values.filter(right)
    return both(fit, right), values.select_seq(shown)
