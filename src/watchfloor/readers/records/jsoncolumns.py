"""JSON lines whose records have the same keys in common, read column by column; others one by one.

What is read so is exactly what `jsonlog.event_of` makes of it: a record that is odd in any way is left to that.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.instants import instant_of
from watchfloor.jsonvalues import DECODER, EARLIER, unwrapped
from watchfloor.readers.meaning.endpoints import NAMED, PROTOCOLS
from watchfloor.readers.meaning.jsonnames import Place, Places, may_call_out, places_of
from watchfloor.readers.records.jsonrecords import Exact, settled
from watchfloor.readers.records.lines import Parse
from watchfloor.schemas import EVENTS, TIME

__all__ = ["NOTHING", "by_columns"]

NOTHING = ("", "-", "None", "null", "N/A", "n/a")
"""Words for a value that is not there."""

_FEW = 64
"""So few records are read one by one."""
_SHAPES = 12
"""So many kinds of records are looked for in a block."""
_KEYS = 120
_ODD = r"[0-9]{16}|\\u[dD][89a-fA-F]"
"""Numbers that are text here, and halves of surrogate pairs."""
_NUMBER = r"(?:0(?:\.0)?|-?[1-9][0-9]*(?:\.[0-9]*[1-9]|\.0)?|-?0\.0{0,3}[1-9](?:[0-9]*[1-9])?)"
"""A number as Python writes it again."""
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z$"
_V4 = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_H = "[0-9A-Fa-f]{1,4}"
_PLAIN_ADDRESS = rf"^(?:{_V4}|(?:{_H}:){{7}}{_H}|(?:{_H}(?::{_H}){{0,5}})?::(?:{_H}(?::{_H}){{0,5}})?)$"
_NO_ADDRESS = r"[^0-9A-Fa-f:.%\[\], ]"
_MAY_BE_ADDRESS = r"^[0-9A-Fa-f%\[\], ]*[:.][0-9A-Fa-f:.%\[\], ]*$"
_KIND = r"^(?:[0-9]{1,7}|[A-Za-z][A-Za-z0-9_.:/-]{0,39})$"
_OF_ONE = "^[0-9A-Fa-f-]{16,}$"
_JSON = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_JSON |= {chr(n): f"\\u{n:04x}" for n in range(32) if chr(n) not in _JSON}
_ROW = {
    **{"time": TIME, "clock": pl.Datetime("us"), "zone": pl.String(), "zone_rule": pl.String()},
    "time_quality": pl.String(),
}


def by_columns(exact: Parse) -> Parse:
    """Reads blocks of records by columns, and by `exact` what is odd."""

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        if not isinstance(exact, Exact) or records.height <= _FEW:
            return exact(records)
        parts: list[pl.DataFrame] = []
        aside: list[pl.DataFrame] = []
        left = records.select("record", "text")
        for _ in range(_SHAPES):
            if left.height <= _FEW:
                break
            shape = _Shape.of(left["text"][0])
            made = shape.read(left) if shape else None
            if made is None:
                # Its like will not fit either: as many keys.
                like = pl.col("text").str.count_matches('":', literal=True) == left["text"][0].count('":')
                aside.append(left.filter(like))
                left = left.filter(~like)
            else:
                parts.append(made[0])
                left = made[1]
        if not parts:
            return exact(records)
        rest = exact(pl.concat([left, *aside]).sort("record"))
        rows = pl.concat(parts)
        events = settled(rows, exact.source, exact.zone)
        others = [rest["events"].select(events.columns)] if "events" in rest else []
        return {**rest, "events": pl.concat([events, *others]).sort("record", maintain_order=True)}

    return parse


@dataclass(frozen=True)
class _Leaf:
    """A value of a record."""

    keys: tuple[str, ...]
    kind: str
    """`text`, `number`, `truth` or `null`."""


@dataclass(frozen=True)
class _Shape:
    """What records have in common: their keys, and of which kind each value is."""

    leaves: tuple[_Leaf, ...]
    keys: int
    """Keys of the record and of the objects in it."""
    colon: str
    """What stands between a key and its value."""
    places: Places

    @classmethod
    def of(cls, text: str) -> _Shape | None:
        """The shape of a record; null where it is none that is read by columns."""
        try:
            found = DECODER.decode(text.strip())
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or not found or unwrapped(found) is not found:
            return None
        leaves = list(_leaves(found))
        keys = _count(found)
        if (
            may_call_out(leaf.keys[-1] for leaf in leaves)
            or keys > _KEYS
            or text.count('":') != keys
            or not _can_be_told(leaves)
        ):
            return None
        colon = '": ' if text.count('": ') == keys else '":'
        return cls(tuple(leaves), keys, colon, places_of(found))

    @cached_property
    def by_place(self) -> dict[tuple[str, ...], int]:
        """The number of the leaf at a place."""
        return {leaf.keys: n for n, leaf in enumerate(self.leaves)}

    def fits(self) -> pl.Expr:
        """Whether a text is a record of this shape, as far as it can be told without reading it."""
        text = pl.col("text")
        checks = [text.str.count_matches('":', literal=True) == self.keys, ~text.str.contains(_ODD)]
        ends = {"truth": "(?:true|false)", "null": "null"}
        for leaf in self.leaves:
            mark = self._mark(leaf)
            if leaf.kind == "text" and (several := self._names[leaf.keys[-1]]) > 1:
                checks.append(text.str.count_matches(f'{mark}"', literal=True) == several)
            elif leaf.kind == "text":
                checks.append(text.str.contains(f'{mark}"', literal=True))
            elif leaf.kind != "number":
                checks.append(text.str.contains(re.escape(mark) + ends[leaf.kind]))
        return pl.all_horizontal(checks)

    def _mark(self, leaf: _Leaf) -> str:
        return f'"{leaf.keys[-1]}{self.colon}'

    @cached_property
    def _names(self) -> Counter[str]:
        """How often each name of a value is there."""
        return Counter(leaf.keys[-1] for leaf in self.leaves)

    def read(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Rows of the records of this shape, and the other records; null where there are none."""
        time = self._time()
        if time is None:
            return None
        like = records.filter(self.fits())
        if like.height <= _FEW:
            return None
        try:
            cells = like["text"].str.json_decode(self._schema()).struct.unnest()
        except PolarsError:
            return None
        # Numbers are taken as they are written.
        numbers = like.select(
            pl.col("text").str.extract(rf"{re.escape(self._mark(leaf))}({_NUMBER})[,}} ]").alias(str(n))
            for n, leaf in enumerate(self.leaves)
            if leaf.kind == "number"
        )
        flat = cells.select(self._cell(leaf).alias(str(n)) for n, leaf in enumerate(self.leaves))
        # One that stands elsewhere is none.
        in_place = [
            pl.when(pl.col(str(n)).is_not_null()).then(numbers[str(n)]).alias(str(n)) for n in map(int, numbers.columns)
        ]
        flat = flat.with_columns(in_place).with_columns(like["record"])
        whole = pl.all_horizontal(
            pl.col(str(n)).is_not_null() for n, leaf in enumerate(self.leaves) if leaf.kind != "null"
        )
        stamped = flat.with_columns(time_text=pl.col(str(time)))
        stamped = stamped.join(
            self._instants(stamped["time_text"], time), on="time_text", how="left", maintain_order="left"
        )
        timed = pl.col("time").is_not_null() | pl.col("clock").is_not_null()
        columns, odd, fields = self._columns(time)
        good = stamped.filter(whole & timed).with_columns(odd=odd)
        filled = {name: pl.col(name) for name in ("record", "time_text", *_ROW)} | columns | {"fields": fields}
        names = [*(name for name in EVENTS.schema.names() if name != "source"), "clock"]
        dtypes = {**EVENTS.schema, "clock": pl.Datetime("us")}
        rows = good.filter(~pl.col("odd")).select(
            filled.get(name, pl.lit(None)).cast(dtypes[name]).alias(name) for name in names
        )
        if not rows.height:
            return None
        return rows, records.join(rows.select("record"), on="record", how="anti", maintain_order="left")

    def _schema(self) -> pl.DataType:
        tree: dict[str, Any] = {}
        for leaf in self.leaves:
            at = tree
            for key in leaf.keys[:-1]:
                at = at.setdefault(key, {})
            at[leaf.keys[-1]] = pl.String()

        def typed(part: dict[str, Any]) -> pl.DataType:
            return pl.Struct({k: typed(v) if isinstance(v, dict) else v for k, v in part.items()})

        return typed(tree)

    def _cell(self, leaf: _Leaf) -> pl.Expr:
        found = pl.col(leaf.keys[0])
        for key in leaf.keys[1:]:
            found = found.struct.field(key)
        return found

    def _time(self) -> int | None:
        """The leaf with the time: the first, by its names, that may have one."""
        for place in (*self.places.columns["time"], *self.places.times):
            n = self.by_place.get(place.keys)
            if n is not None and not place.inside and self.leaves[n].kind in ("text", "number"):
                return n
        return None

    def _instants(self, texts: pl.Series, time: int) -> pl.DataFrame:
        """What the distinct texts of times mean."""
        distinct = texts.drop_nulls().unique()
        is_number = self.leaves[time].kind == "number"
        if not is_number and distinct.str.contains(_ISO).all():
            instants = distinct.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
            told = {"zone": "UTC", "zone_rule": "in the text", "time_quality": "exact"}
            return pl.DataFrame({"time_text": distinct, "time": instants.dt.replace_time_zone("UTC")}).select(
                "time_text",
                "time",
                pl.lit(None, pl.Datetime("us")).alias("clock"),
                *(pl.lit(value).alias(name) for name, value in told.items()),
            )
        found = []
        for text in distinct:
            value = (float(text) if "." in text else int(text)) if is_number else text
            if instant := instant_of(value, utc=self.places.zone == "UTC"):
                row = instant.row()
                found.append({"time_text": text, **{name: row[name] for name in _ROW}})
        return pl.DataFrame(found, schema={"time_text": pl.String(), **_ROW})

    def _columns(self, time: int) -> tuple[dict[str, pl.Expr], pl.Expr, pl.Expr]:
        """The columns, which rows are odd, and what no column holds."""
        used: dict[int, list[pl.Expr]] = {time: [pl.lit(value=True)]}
        odd: list[pl.Expr] = [pl.lit(value=False)]
        columns: dict[str, pl.Expr] = {}
        for column, places in self.places.columns.items():
            if column == "time":
                continue
            before: list[pl.Expr] = []
            values: list[pl.Expr] = []
            for n in self._asked(places):
                read = _value(column, n, self.leaves[n])
                if read is None:
                    continue
                value, unsure = read
                free = pl.all_horizontal(pl.lit(value=True), *(~one for one in used.get(n, [])))
                open_ = pl.all_horizontal(free, *(~one for one in before))
                if unsure is not None:
                    odd.append(open_ & unsure)
                has = free & value.is_not_null()
                used.setdefault(n, []).append(pl.all_horizontal(has, *(~one for one in before)))
                before.append(has)
                values.append(pl.when(free).then(value))
            if values:
                columns[column] = self._shown(column, pl.coalesce(values))
        return columns, pl.any_horizontal(odd), self._fields(used)

    def _asked(self, places: tuple[Place, ...]) -> Iterator[int]:
        for place in places:
            n = self.by_place.get(place.keys)
            if n is not None and not place.inside:
                yield n

    def _shown(self, column: str, value: pl.Expr) -> pl.Expr:
        if column in self.places.base:
            value = pl.coalesce(value.str.extract(r"([^/\\]+)$"), value)
        if column == "severity_text" and self.places.severities:
            value = value.replace(dict(self.places.severities))
        return value

    def _fields(self, used: Mapping[int, list[pl.Expr]]) -> pl.Expr:
        """The values that no column holds, as a JSON object; of objects within it those that are not empty."""
        inner = self._inside((), used)
        return pl.when(inner != "").then(pl.concat_str(pl.lit("{"), inner, pl.lit("}")))

    def _inside(self, above: tuple[str, ...], used: Mapping[int, list[pl.Expr]]) -> pl.Expr:
        depth = len(above)
        parts: list[pl.Expr] = []
        done: set[str] = set()
        for n, leaf in enumerate(self.leaves):
            if leaf.keys[:depth] != above or leaf.keys[depth] in done:
                continue
            key = leaf.keys[depth]
            name = pl.lit(f"{json.dumps(key)}:")
            if len(leaf.keys) > depth + 1:
                done.add(key)
                inner = self._inside((*above, key), used)
                parts.append(pl.when(inner != "").then(pl.concat_str(name, pl.lit("{"), inner, pl.lit("}"))))
                continue
            cell = pl.col(str(n))
            if leaf.kind == "text":
                cell = pl.concat_str(pl.lit('"'), cell.str.replace_many(_JSON), pl.lit('"'))
            elif leaf.kind == "null":
                cell = pl.lit("null")
            taken = used.get(n)
            shown = pl.concat_str(name, cell)
            parts.append(shown if taken is None else pl.when(~pl.any_horizontal(taken)).then(shown))
        return pl.concat_str(parts, separator=",", ignore_nulls=True)


def _can_be_told(leaves: Sequence[_Leaf]) -> bool:
    """Whether the values of such records can be told from their text."""
    kinds: dict[str, list[str]] = {}
    for leaf in leaves:
        kinds.setdefault(leaf.keys[-1], []).append(leaf.kind)
    plain = all(
        key.isascii() and key.isprintable() and not {'"', "\\"} & set(key) for one in leaves for key in one.keys
    )
    apart = all(len(several) == 1 or set(several) == {"text"} for several in kinds.values())
    return plain and apart and all(leaf.kind for leaf in leaves) and any(leaf.kind != "number" for leaf in leaves)


def _leaves(found: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[_Leaf]:
    for key, value in found.items():
        if isinstance(value, dict) and value and len(above) < 6 and EARLIER not in value:
            yield from _leaves(value, (*above, key))
        else:
            yield _Leaf((*above, key), _kind(value) if key != EARLIER else "")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "truth"
    return "text" if isinstance(value, str) else "number" if isinstance(value, int | float) else ""


def _count(found: Mapping[str, Any]) -> int:
    return sum(1 + (_count(value) if isinstance(value, dict) else 0) for value in found.values())


def _value(column: str, n: int, leaf: _Leaf) -> tuple[pl.Expr, pl.Expr | None] | None:
    """A value as its column holds it, and where that is not certain; null where it is of another kind."""
    cell = pl.col(str(n))
    said: pl.Expr = pl.when(~cell.is_in(NOTHING)).then(cell)
    if leaf.kind == "null" or (leaf.kind == "truth" and column != "message"):
        return None
    if column.endswith("_ip"):
        return _address(cell, said) if leaf.kind == "text" else None
    if column == "host":
        # A number is a kind of device.
        return pl.when(~cell.str.contains(r"^\p{Nd}+$")).then(said), None
    if column == "program":
        # What may be an address is not certain.
        return said, cell.str.contains(_MAY_BE_ADDRESS).fill_null(value=False)
    if column == "pid":
        digits = cell.str.contains("^(?:0|[1-9][0-9]{0,14})$")
        return pl.when(digits).then(cell).cast(pl.Int64, strict=False), said.is_not_null() & ~digits
    if column.endswith("_port"):
        digits = cell.str.contains("^[0-9]{1,5}$")
        said = pl.when(digits).then(cell).cast(pl.UInt16, strict=False).cast(pl.Int64)
    elif column == "proto":
        known = cell.str.strip_chars().str.to_lowercase().replace(PROTOCOLS)
        said = pl.when(known.is_in(NAMED)).then(known)
    elif column == "event_id":
        of_one = cell.str.contains(_OF_ONE) & cell.str.contains("[0-9]")
        said = pl.when(cell.str.contains(_KIND) & ~of_one & ~cell.is_in(NOTHING)).then(cell)
    return said, None


def _address(cell: pl.Expr, said: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """An address alone; with a port, or in any other way, it is not certain here."""
    plain = cell.str.contains(_PLAIN_ADDRESS) & ~cell.str.contains(r"(?i)^::ffff:.*\.")
    other = said.is_not_null() & ~plain & ~cell.str.contains(_NO_ADDRESS)
    return pl.when(plain).then(cell), other.fill_null(value=False)
