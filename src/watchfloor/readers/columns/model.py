"""The column map as a TOML file holds it, checked key by key: the one file of this room that imports pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from watchfloor.errors import BadColumnMap
from watchfloor.hints import nearest
from watchfloor.readers.columns.clocks import format_trouble
from watchfloor.schemas import ALERTS, TABLES, VOCABULARIES, Column, Table
from watchfloor.times import Unit, check_zone

__all__ = ["ColumnMap", "Origin", "parse"]


def _listed(given: Any) -> Any:
    """One text, or a list of them."""
    return (given,) if isinstance(given, str) else given


class _Numbers(BaseModel):
    """How numbers and missing values are written: for one column, or for the whole map."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    null: tuple[str, ...] = ()
    """Words that mean nothing: `["?", "-", "N/A"]`. An empty cell always does."""
    decimal: Literal[".", ","] | None = None
    """The decimal mark of numbers in text: a point where nothing is said."""
    thousands: Literal[",", ".", " ", "'", "\u00a0", "\u202f"] | None = None
    """The mark between thousands; where nothing is said, a number has none."""
    zone: str | None = None
    """Zone of clock times that carry none; a column's own goes before `--zone`, `--zone` before the map's."""

    _lists = field_validator("null", mode="before")(_listed)


class Origin(_Numbers):
    """Where the values of one canonical column come from."""

    names: tuple[str, ...] = Field(alias="from", min_length=1)
    """Their column; of several the first that is not null. `a.b` is a field within an object, where no column has that
    name."""
    join: str | None = None
    """Put the columns together with this between them, instead of taking the first: a date and a time."""
    unit: Unit | None = None
    """Unit of an epoch, or of a duration (which is in seconds where nothing is said)."""
    format: tuple[str, ...] = ()
    """How times are written in text: `%d.%m.%Y %H:%M`; of several the first that fits. Without: ISO 8601."""
    values: dict[str, str] = Field(default_factory=dict)
    """Their word = ours; exact, else in any case. A word that is not here stays, where the column takes any text."""
    other: str | None = None
    """Ours for every word that `values` does not know."""
    separator: str | None = None
    """What stands between the elements of a list in one cell."""

    _texts = field_validator("names", "format", mode="before")(_listed)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """`rule = "name"` is short for `rule = { from = "name" }`."""
        return {"from": given} if isinstance(given, str | list | tuple) else given

    @field_validator("values", mode="before")
    @classmethod
    def _as_words(cls, given: Any) -> Any:
        return {str(theirs): _word(ours) for theirs, ours in given.items()} if isinstance(given, Mapping) else given

    @field_validator("other", mode="before")
    @classmethod
    def _as_word(cls, given: Any) -> Any:
        return given if given is None else _word(given)


def _word(value: Any) -> Any:
    """A value as the cell of a text file: `true`, `70`."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


class ColumnMap(_Numbers):
    """Where the columns of one canonical table come from in a table of another shape."""

    table: str
    """Name of the canonical table."""
    columns: dict[str, Origin] = Field(default_factory=dict)
    """Canonical column = theirs."""
    evidence: dict[str, Origin] = Field(default_factory=dict)
    """Of alerts only: field of EVIDENCE = theirs."""
    constants: dict[str, Any] = Field(default_factory=dict)
    """Canonical column = a value that every row has."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Their column = a word, or several: only such records are read, the others are skipped."""

    sheet: str | int | None = None
    """Of a workbook: name of the sheet, or its number from 1; the first where nothing is said."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of CSV; found by content where nothing is said."""
    header: tuple[str, ...] | None = None
    """Names of the columns of a CSV file or sheet without a header."""
    encoding: str | None = None
    """Of CSV and JSON; UTF-8 or UTF-16 by their marks, Windows-1252 where the text is neither."""
    escape: Literal["\\"] | None = None
    r"""Of CSV: quotes in quoted cells are written `\"`, not doubled."""

    @field_validator("where", mode="before")
    @classmethod
    def _where_words(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        lists = {theirs: words if isinstance(words, list | tuple) else [words] for theirs, words in given.items()}
        return {str(theirs): tuple(map(_word, words)) for theirs, words in lists.items()}

    @property
    def kind(self) -> Table:
        """The canonical table."""
        return TABLES[self.table]


def parse(given: Mapping[str, Any], where: str) -> ColumnMap:
    """The column map that a dict holds.

    Arguments:
        given: as TOML gives it.
        where: what the errors call it.

    Raises:
        BadColumnMap: a key, a table, a column or a value that cannot be used.
        UnknownZone: a zone that does not exist.
    """
    try:
        mapping = ColumnMap.model_validate(dict(given))
    except ValidationError as error:
        raise _translated(error, where) from error
    _check(mapping, where)
    return mapping


def _translated(error: ValidationError, where: str) -> BadColumnMap:
    """Pydantic's first complaint in our words."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path) or "the map"
    if first["type"] == "extra_forbidden":
        model = Origin if len(path) > 1 else ColumnMap
        keys = [field.alias or name for name, field in model.model_fields.items()]
        return BadColumnMap(
            f"{where}: there is no key {key!r}", hint=f"{nearest(path[-1], keys)}keys: {', '.join(keys)}"
        )
    if first["type"] == "missing":
        hint = f"add one of the tables: table = {' | '.join(map(repr, TABLES))}" if key == "table" else "add it"
        return BadColumnMap(f"{where}: the key {key!r} is missing", hint=hint)
    shape = (
        'a column is "theirs", or { from = "theirs", unit = "s" }' if path[:1] in (["columns"], ["evidence"]) else ""
    )
    return BadColumnMap(f"{where}: {key}: {first['msg'][:1].lower()}{first['msg'][1:]}", hint=shape or "see the README")


def _check(mapping: ColumnMap, where: str) -> None:
    if mapping.table not in TABLES:
        raise BadColumnMap(
            f"{where}: there is no table {mapping.table!r}",
            hint=f"{nearest(mapping.table, TABLES)}tables: {', '.join(TABLES)}",
        )
    if mapping.evidence and mapping.kind is not ALERTS:
        raise BadColumnMap(
            f"{where}: [evidence] belongs to alerts, not to {mapping.table}", hint="map its fields under [columns]"
        )
    if not mapping.columns and not mapping.evidence:
        raise BadColumnMap(f"{where}: no column is mapped", hint='write [columns] and below it: rule = "theirs"')
    if both := mapping.columns.keys() & mapping.constants.keys():
        raise BadColumnMap(
            f"{where}: {', '.join(sorted(both))} is both a column and a constant", hint="keep one of the two"
        )
    for name, origin in mapping.columns.items():
        _check_origin(_column(mapping.kind, name, where), origin, f"{where}: {name}")
    for name, origin in mapping.evidence.items():
        _check_origin(Column(name, pl.List(pl.String), ""), origin, f"{where}: evidence.{name}")
    for name, value in mapping.constants.items():
        constant(_column(mapping.kind, name, where), value, where)
    for zone in (mapping.zone, *(origin.zone for origin in mapping.columns.values())):
        if zone is not None:
            check_zone(zone)


def _column(table: Table, name: str, where: str) -> Column:
    names = table.schema.names()
    if name not in names:
        raise BadColumnMap(
            f"{where}: the table {table.name} has no column {name!r}",
            hint=f"{nearest(name, names)}its columns: {', '.join(names)}",
        )
    return table[name]


def _check_origin(column: Column, origin: Origin, where: str) -> None:
    """Keys that mean nothing for the column's type."""
    time, number = isinstance(column.dtype, pl.Datetime), column.dtype.is_numeric()
    duration = column.name.endswith("_seconds")
    misplaced = {
        "unit": origin.unit and not (time or duration),
        "format": origin.format and not time,
        "zone": origin.zone and not time,
        "decimal": origin.decimal and not number,
        "thousands": origin.thousands and not number,
        "separator": origin.separator and not isinstance(column.dtype, pl.List),
    }
    for key, wrong in misplaced.items():
        if wrong:
            raise BadColumnMap(
                f"{where}: {key!r} means nothing here, the column is {_in_words(column)}", hint=f"leave {key} out"
            )
    if origin.unit and origin.format:
        raise BadColumnMap(f"{where}: both 'unit' and 'format'", hint="an epoch has a unit, a time in text a format")
    for form in origin.format:
        if trouble := format_trouble(form):
            raise BadColumnMap(f"{where}: the format {form!r}: {trouble}", hint="such as '%d.%m.%Y %H:%M:%S'")
    for ours in (*origin.values.values(), *([origin.other] if origin.other is not None else [])):
        known = VOCABULARIES.get(column.name)
        if known and ours and ours not in known:
            raise BadColumnMap(
                f"{where}: {ours!r} is no {column.name}", hint=f"{nearest(ours, known)}use {', '.join(known)}"
            )


def _in_words(column: Column) -> str:
    match column.dtype:
        case pl.Datetime():
            return "a time"
        case pl.Boolean():
            return "true or false"
        case pl.List():
            return "a list"
        case pl.String():
            return "text"
    return "a number"


def constant(column: Column, value: Any, where: str) -> Any:
    """A constant as its column holds it.

    Raises:
        BadColumnMap: a value of another type, or a time without a zone.
    """
    known = VOCABULARIES.get(column.name)
    if known and value not in known:
        raise BadColumnMap(f"{where}: {value!r} is no {column.name}", hint=f"use {', '.join(known)}")
    try:
        if isinstance(column.dtype, pl.Datetime):
            return _instant(value)
        if column.dtype == pl.String and not isinstance(value, str):
            value = _word(value)
        return pl.Series([value], dtype=column.dtype)[0]
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise BadColumnMap(
            f"{where}: constants.{column.name}: {value!r} is not {_in_words(column)}", hint="give a value of that type"
        ) from error


def _instant(value: Any) -> datetime:
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise TypeError("a time with its offset, such as 2025-10-03T12:00:00Z")
    return time
