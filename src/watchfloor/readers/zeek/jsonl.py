"""Zeek's JSON lines: one object a line; fast where all fields have the types of Zeek, line by line where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

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
from watchfloor.readers.zeek.kinds import PATH_FIELDS, by_fields, by_name, path_of
from watchfloor.readers.zeek.objects import MILLISECONDS, flat, json_object, typed, uniform
from watchfloor.readers.zeek.parsed import Parsed, lines_of
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


class JsonLines:
    """Reads the blocks of one file in order."""

    unfinished = None

    def __init__(self, file: Path, found: Mapping[str, Any]) -> None:
        """`found` is an object of the file's beginning."""
        self._file = file
        self._said = by_name(file)
        self._default = self._said or by_fields(flat(found), file)

    def at_once(self, block: bytes, first: int) -> Parsed | None:
        """A block of one log in which every line is sound; null where that is not certain."""
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            found = json_object(block[: block.find(b"\n") + 1 or len(block)])
            path = path_of(found)
            log = log_of(path or self._default)
            frame = _scanned(block, log, found)
        except (ValueError, PolarsError):
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

    def line_by_line(self, block: bytes, first: int) -> Parsed:
        """A block in which lines are no JSON, fields have other types than Zeek's, or logs are mixed."""
        lines, spoilt = lines_of(block)
        parsed = Parsed(len(lines))
        by_kind: dict[str, list[dict[str, Any]]] = {}
        for place, line in enumerate(lines):
            if not line.strip():
                parsed.skipped += 1
                continue
            try:
                if place in spoilt:
                    raise ValueError("no UTF-8")
                fields = flat(json_object(line))
                kind = self._kind(fields)
                row = typed(fields, log_of(kind))
            except ValueError as error:
                parsed.rejects.append((first + place, f"{error}", line))
            else:
                by_kind.setdefault(kind, []).append(row | {_RECORD: first + place})
        parsed.rows += [(log_of(kind), _framed(objects, log_of(kind))) for kind, objects in by_kind.items()]
        return parsed

    def _kind(self, fields: Mapping[str, Any]) -> str:
        """The log of one line: a file may hold several."""
        if said := path_of(fields) or self._said:
            return said
        kind = by_fields(fields, self._file)
        return kind if kind in LOGS else self._default


_RECORD = "#record"


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


def _select(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType], log: Log, *also: pl.Expr) -> pl.DataFrame:
    cells: dict[str, Cell] = {}
    for written_name, cell in _leaves(schema):
        name = plain_name(written_name)
        same = name in cells and cell.dtype == cells[name].dtype
        cells[name] = Cell(pl.coalesce(cells[name].written, cell.written), cell.dtype) if same else cell
    paths = [cells[name].written.cast(pl.String) for name in PATH_FIELDS if name in cells]
    fields = {name: _readable(name, cell) for name, cell in cells.items() if name not in _ENVELOPE}
    if log.table is EVENTS:
        fields = {name: replace(cell, shown=_shown(name, cell)) for name, cell in fields.items()}
    return frame.select(
        *canonical(log, fields, _STYLE),
        pl.coalesce(*paths, pl.lit("")).alias("_path"),
        (cells["ts"].written if "ts" in cells else pl.lit(None)).alias("_ts"),
        *also,
    ).collect(engine="streaming")


def _leaves(
    schema: Mapping[str, pl.DataType], above: pl.Expr | None = None, path: str = ""
) -> Iterator[tuple[str, Cell]]:
    """The fields, those within objects with a dot."""
    for name, dtype in schema.items():
        written = pl.col(name) if above is None else above.struct.field(name)
        if isinstance(dtype, pl.Struct):
            yield from _leaves(cast("Mapping[str, pl.DataType]", dtype.to_schema()), written, f"{path}{name}.")
        else:
            yield f"{path}{name}", Cell(written, dtype)


def _readable(name: str, cell: Cell) -> Cell:
    """Times in seconds, whichever of Zeek's forms they have; durations to the microsecond, as Zeek's clock measures."""
    if name == "duration" and cell.dtype == pl.Float64:
        return replace(cell, written=cell.written.round(6))
    if name != "ts":
        return cell
    seconds: pl.Expr = pl.lit(None, pl.Float64())
    if cell.dtype == pl.String:
        clock = cell.written.str.strip_suffix("Z").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us")
        seconds = clock.dt.epoch("us") / 1_000_000
    elif cell.dtype.is_numeric():
        number = cell.written.cast(pl.Float64)
        seconds = pl.when(number.abs() < MILLISECONDS).then(number).otherwise(number / 1000)
    return Cell(seconds, pl.Float64())


def _shown(name: str, cell: Cell) -> pl.Expr | None:
    """A field's text in the message of an event, as TSV has it."""
    written, dtype = cell.written, cell.dtype
    if isinstance(dtype, pl.List):
        inner = cast("pl.DataType", dtype.inner)
        element = _shown(name, Cell(pl.element(), inner))
        return written.list.eval(pl.element() if element is None else element).list.join(",", ignore_nulls=True)
    if isinstance(dtype, pl.Struct):  # only within lists: others are taken apart
        return written.struct.json_encode()
    if dtype == pl.String:
        return None
    if dtype == pl.Boolean:
        return pl.when(written).then(pl.lit("T")).when(~written).then(pl.lit("F"))
    if name in _INSTANTS and dtype.is_numeric():
        return instant_text(written.cast(pl.Float64))
    return number_text(written) if dtype.is_float() else written.cast(pl.String)


def _framed(objects: list[dict[str, Any]], log: Log) -> pl.DataFrame:
    """The canonical columns of objects whose fields have the right types."""
    if log.table is EVENTS:
        frame = pl.from_dicts(uniform(objects), infer_schema_length=None)
    else:
        types = {name: _TYPES[source.what] for source in log.columns.values() for name in source.names}
        frame = pl.from_dicts(objects, schema=types | {_RECORD: pl.Int64()})
    schema = {name: dtype for name, dtype in frame.schema.items() if name != _RECORD}
    return _select(frame.lazy(), schema, log, pl.col(_RECORD).alias("record")).drop("_path", "_ts")
