"""Zeek's JSON lines: one object a line; fast where all fields have the types of Zeek, line by line where not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_never

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.readers.zeek.columns import (
    LOGS,
    Cell,
    Log,
    Style,
    What,
    canonical,
    instant_text,
    log_of,
    number_text,
    plain_name,
)
from watchfloor.readers.zeek.kinds import PATH_FIELDS, by_fields, by_name, json_object, path_of
from watchfloor.readers.zeek.parsed import Parsed, lines_of, reject
from watchfloor.schemas import EVENTS

__all__ = ["JsonLines"]

_STYLE = Style(unset="", empty="")
_TYPES: dict[What, pl.DataType] = {
    "time": pl.Float64(),
    "count": pl.Int64(),
    "seconds": pl.Float64(),
    "text": pl.String(),
    "flag": pl.Boolean(),
    "texts": pl.List(pl.String),
    "numbers": pl.List(pl.Float64),
    "joined": pl.List(pl.String),
}
_ID = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
_ENVELOPE = {*PATH_FIELDS, "_write_ts", "@proc"}
"""Fields that say how the line was shipped, not what happened."""
_INSTANTS = {
    *("certificate.not_valid_before", "certificate.not_valid_after", "certificate_not_valid_before"),
    *("certificate_not_valid_after", "not_valid_before", "not_valid_after", "compile_ts", "up_since"),
    *("ref_time", "org_time", "rec_time", "xmt_time", "revoketime", "thisUpdate", "nextUpdate", "from", "till"),
    *("times.modified", "times.accessed", "times.created", "times.changed"),
}
"""Fields of type `time` in logs that become events: JSON lines do not say which numbers are times."""
_SURE = {"conn": "conn_state", "dns": "query", "http": "method", "ssl": "cipher"}
"""A column that a line of another log does not fill."""
_LATEST = 253_402_300_800
"""10000-01-01 in seconds since 1970."""
_MILLISECONDS = 1e11
"""Numbers from here on are milliseconds, which Zeek writes with `JSON::TS_MILLIS`; as seconds they begin in 5138."""


class JsonLines:
    """Reads the blocks of one file in order."""

    def __init__(self, file: Path, found: Mapping[str, Any]) -> None:
        """`found` is an object of the file's beginning."""
        self._file = file
        self._said = by_name(file)
        self._default = self._said or by_fields(_flat(found), file)

    def parse(self, block: bytes, first: int) -> Parsed:
        """The rows and rejects of a block of whole lines, the first of which has the number `first`."""
        return self._at_once(block, first) or self._line_by_line(block, first)

    def _at_once(self, block: bytes, first: int) -> Parsed | None:
        """A block of one log in which every line is sound; null where that is not certain."""
        found = json_object(block[: block.find(b"\n") + 1 or len(block)])
        if found is None:
            return None
        path = path_of(found)
        log = log_of(path or self._default)
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            frame = _scanned(block, log, found)
        except PolarsError:
            return None
        sure = None if path or self._said else _SURE.get(self._default)
        sound = (
            frame.height == lines
            and frame["_path"].n_unique() == 1
            and ("time" not in frame.columns or frame["time"].null_count() == frame["_ts"].null_count())
            and (sure is None or frame[sure].null_count() == 0)
        )
        if not sound:
            return None
        records = pl.int_range(first, first + lines, eager=True, dtype=pl.Int64)
        return Parsed(lines, rows=[(log, frame.drop("_path", "_ts").with_columns(record=records))])

    def _line_by_line(self, block: bytes, first: int) -> Parsed:
        lines, spoilt = lines_of(block)
        parsed = Parsed(lines=len(lines))
        groups: dict[str, list[dict[str, Any]]] = {}
        bad: list[tuple[int, str, str]] = []
        for place, line in enumerate(lines):
            if not line.strip():
                parsed.skipped += 1
            elif place in spoilt:
                bad.append((first + place, "no UTF-8", line))
            elif (found := json_object(line)) is None:
                bad.append((first + place, "no JSON object", line))
            else:
                flat = _flat(found)
                kind = self._kind(flat)
                try:
                    groups.setdefault(kind, []).append(_typed(flat, log_of(kind)) | {_RECORD: first + place})
                except ValueError as error:
                    bad.append((first + place, str(error), line))
        if bad:
            parsed.rejects.append(reject(*zip(*bad, strict=True)))
        for kind, objects in groups.items():
            if objects:
                parsed.rows.append((log_of(kind), _framed(objects, log_of(kind))))
        return parsed

    def _kind(self, fields: Mapping[str, Any]) -> str:
        if said := path_of(dict(fields)) or self._said:
            return said
        kind = by_fields(fields, self._file)
        return kind if kind in LOGS else self._default


_RECORD = "#record"


def _flat(found: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Objects within the object as fields with a dot, in Zeek's spelling; nulls are left out."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{name}.")
        elif value is not None:
            flat[plain_name(f"{above}{name}")] = value
    return flat


def _scanned(block: bytes, log: Log, found: Mapping[str, Any]) -> pl.DataFrame:
    """The canonical columns of all lines, with `_path` and `_ts` as written.

    Raises:
        PolarsError: a line that is no JSON, or a field that has not the type of Zeek.
    """
    if log.table is EVENTS:
        scan = pl.scan_ndjson(block, infer_schema_length=None)
        schema = dict(scan.collect_schema())
    else:
        schema = _schema(log, found)
        scan = pl.scan_ndjson(block, schema=schema)
    return _select(scan, schema, log)


def _schema(log: Log, found: Mapping[str, Any]) -> dict[str, pl.DataType]:
    types = {name: _TYPES[source.what] for source in log.columns.values() for name in source.names}
    if isinstance(found.get("ts"), str):
        types["ts"] = pl.String()
    spelled = {name.replace(".", "_"): types[name] for name in _ID}
    if isinstance(found.get("id"), dict):
        spelled["id"] = pl.Struct({name[3:]: types[name] for name in _ID})
    return types | spelled | {name: pl.String() for name in PATH_FIELDS}


def _select(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], log: Log) -> pl.DataFrame:
    cells: dict[str, Cell] = {}
    for name, cell in _leaves(schema):
        plain = plain_name(name)
        if plain in cells and cell.dtype == cells[plain].dtype:
            cell = Cell(pl.coalesce(cells[plain].written, cell.written), cell.dtype)
        cells[plain] = cell
    paths = [cells[name].written.cast(pl.String) for name in PATH_FIELDS if name in cells]
    written = cells["ts"].written if "ts" in cells else pl.lit(None)
    fields = {name: _readable(name, cell) for name, cell in cells.items() if name not in _ENVELOPE}
    if log.table is EVENTS:
        fields = {name: Cell(cell.written, cell.dtype, _shown(name, cell)) for name, cell in fields.items()}
    return frame.select(
        *canonical(log, fields, _STYLE),
        pl.coalesce(*paths, pl.lit("")).alias("_path"),
        written.alias("_ts"),
    ).collect(engine="streaming")


def _leaves(
    schema: Mapping[str, pl.DataType], above: pl.Expr | None = None, path: str = ""
) -> Iterator[tuple[str, Cell]]:
    """The fields, those within objects with a dot."""
    for name, dtype in schema.items():
        written = pl.col(name) if above is None else above.struct.field(name)
        if isinstance(dtype, pl.Struct):
            yield from _leaves(dtype.to_schema(), written, f"{path}{name}.")
        else:
            yield f"{path}{name}", Cell(written, dtype)


def _readable(name: str, cell: Cell) -> Cell:
    """Times as seconds, whichever of Zeek's three forms they have; durations to the microsecond that Zeek's clock has."""
    if name == "duration" and cell.dtype == pl.Float64:
        return Cell(cell.written.round(6), cell.dtype)
    if name != "ts" or cell.dtype == pl.Null:
        return cell
    if cell.dtype == pl.String:
        clock = cell.written.str.strip_suffix("Z").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")
        return Cell(clock.dt.epoch("us") / 1_000_000, pl.Float64())
    number = cell.written.cast(pl.Float64)
    return Cell(pl.when(number.abs() < _MILLISECONDS).then(number).otherwise(number / 1000), pl.Float64())


def _shown(name: str, cell: Cell) -> pl.Expr | None:
    """A field's text in the message of an event, as TSV has it."""
    written, dtype = cell.written, cell.dtype
    if isinstance(dtype, pl.List):
        inner = pl.element()
        element = (
            inner.struct.json_encode() if isinstance(dtype.inner, pl.Struct) else _shown(name, Cell(inner, dtype.inner))
        )
        return written.list.eval(inner if element is None else element).list.join(",", ignore_nulls=True)
    if dtype == pl.String:
        return None
    if dtype == pl.Boolean:
        return pl.when(written).then(pl.lit("T")).when(~written).then(pl.lit("F"))
    if name in _INSTANTS and dtype.is_numeric():
        return instant_text(written.cast(pl.Float64))
    return number_text(written) if dtype.is_float() else written.cast(pl.String)


def _framed(objects: list[dict[str, Any]], log: Log) -> pl.DataFrame:
    """The canonical columns of objects that `_typed` has made sound."""
    if log.table is EVENTS:
        frame = pl.from_dicts(_uniform(objects), infer_schema_length=None)
    else:
        types = {name: _TYPES[source.what] for source in log.columns.values() for name in source.names}
        frame = pl.from_dicts(objects, schema=types | {_RECORD: pl.Int64()})
    rows = _select(frame.drop(_RECORD).lazy(), dict(frame.drop(_RECORD).schema), log)
    return rows.drop("_path", "_ts").with_columns(frame[_RECORD].alias("record"))


def _typed(fields: dict[str, Any], log: Log) -> dict[str, Any]:
    """The fields that the log needs, with its types.

    Raises:
        ValueError: a field that is no such value, by name.
    """
    whats = {name: source.what for source in log.columns.values() for name in source.names if name in fields}
    typed = {name: _as(what, name, fields[name]) for name, what in whats.items()}
    return fields | typed if log.table is EVENTS else typed


def _as(what: What, name: str, value: Any) -> Any:
    match what:
        case "time":
            return _seconds(name, value)
        case "seconds":
            return _number(name, value)
        case "count":
            return _count(name, value)
        case "flag":
            if (known := {"T": True, "F": False}.get(value, value)) not in (True, False):
                raise ValueError(f"{name} is neither true nor false: {_plain(value)[:100]!r}")
            return bool(known)
        case "text":
            return _plain(value)
        case "numbers":
            return [None if one is None else _number(name, one) for one in _listed(value)]
        case "texts" | "joined":
            return [None if one is None else _plain(one) for one in _listed(value)]
    assert_never(what)


def _seconds(name: str, value: Any) -> float:
    """Seconds since 1970 from a number, a number as text, or RFC 3339."""
    try:
        clock = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        clock = None
    if clock is None:
        seconds = _number(name, value)
        seconds = seconds / 1000 if abs(seconds) >= _MILLISECONDS else seconds
    else:
        since = (clock if clock.tzinfo else clock.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        seconds = since / timedelta(seconds=1)
    if abs(seconds) >= _LATEST:
        raise ValueError(f"{name} is no time: {_plain(value)[:100]!r}")
    return seconds


def _number(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is no number: {_plain(value)[:100]!r}")
    return number


def _count(name: str, value: Any) -> int:
    number = value
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit() and len(value) < 21:
        number = int(value)
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int) or not -(2**63) <= number < 2**63:
        raise ValueError(f"{name} is no whole number: {_plain(value)[:100]!r}")
    return number


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    """A value as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return ",".join(_plain(one) for one in value)
    return json.dumps(value)


def _uniform(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with one type a field: where types differ, all values are text."""
    kinds: dict[str, set[str]] = {}
    for found in objects:
        for name, value in found.items():
            kinds.setdefault(name, set()).add(_kind_of(value))
    return [{name: _cast(value, kinds[name]) for name, value in found.items()} for found in objects]


def _kind_of(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -(2**63) <= value < 2**63 else "str"
    if isinstance(value, list):
        inner = {_kind_of(one) for one in value if one is not None}
        return f"list {_common(inner)}"
    return type(value).__name__


def _common(kinds: set[str]) -> str:
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else "str"


def _cast(value: Any, kinds: set[str]) -> Any:
    lists = {kind.removeprefix("list ") for kind in kinds if kind.startswith("list ")}
    if lists:
        if len(lists) < len(kinds) and any(not kind.startswith("list ") for kind in kinds):
            return _plain(value)
        kind = _common(lists)
        return [None if one is None else _plain(one) if kind not in {"int", "float", "bool"} else one for one in value]
    kind = _common(set(kinds))
    return float(value) if kind == "float" else _plain(value) if kind == "str" else value
