"""From the fields of a Zeek log to canonical columns, whatever the layout that the fields came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import polars as pl

from watchfloor import times
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, EVENTS, HTTP_REQUESTS, TLS_SESSIONS, Table

__all__ = [
    "LOGS",
    "Cell",
    "Field",
    "Fields",
    "Log",
    "Style",
    "What",
    "canonical",
    "instant_text",
    "log_of",
    "number_text",
    "plain_name",
    "value",
]

What = Literal["time", "count", "seconds", "text", "flag", "texts", "numbers", "joined"]
"""What a field holds: `texts` and `numbers` are lists, `joined` is a list that becomes one text."""


@dataclass(frozen=True)
class Cell:
    """A field of a log, as its layout gives it."""

    written: pl.Expr
    dtype: pl.DataType
    """Text in TSV, typed in JSON."""
    shown: pl.Expr | None = None
    """The text that stands in the message of an event, where it is not what is written."""


Fields = Mapping[str, Cell]
"""The fields that a log has, by Zeek's names."""


@dataclass(frozen=True)
class Field:
    """Where a canonical column comes from: the first of the names that is set."""

    what: What
    names: tuple[str, ...]


@dataclass(frozen=True)
class Log:
    """A Zeek log: its table, and where the columns come from."""

    table: Table
    columns: Mapping[str, Field]
    still_open: bool = False
    """The log of connections that had not ended."""
    action: str | None = None
    """The log's path, where the table is events."""

    @property
    def constants(self) -> dict[str, Any]:
        """Columns that are the same in all rows of the log."""
        if self.table is EVENTS:
            return {"program": "zeek", "action": self.action}
        return {"still_open": self.still_open} if "still_open" in self.table.schema else {}


@dataclass(frozen=True)
class Style:
    """How values are written."""

    unset: str = "-"
    empty: str = "(empty)"
    set_separator: str = ","


def _f(what: What, *names: str) -> Field:
    return Field(what, names)


_PAIR = {
    "time": _f("time", "ts"),
    "uid": _f("text", "uid"),
    "src_ip": _f("text", "id.orig_h"),
    "src_port": _f("count", "id.orig_p"),
    "dst_ip": _f("text", "id.resp_h"),
    "dst_port": _f("count", "id.resp_p"),
}
LOGS: dict[str, Log] = {
    "conn": Log(
        CONNECTIONS,
        _PAIR
        | {
            "proto": _f("text", "proto"),
            "service": _f("text", "service"),
            "duration_seconds": _f("seconds", "duration"),
            "orig_bytes": _f("count", "orig_bytes"),
            "resp_bytes": _f("count", "resp_bytes"),
            "orig_ip_bytes": _f("count", "orig_ip_bytes"),
            "resp_ip_bytes": _f("count", "resp_ip_bytes"),
            "conn_state": _f("text", "conn_state"),
            "sensor": _f("text", "_node_name", "_system_name", "peer", "agent_hostname", "@system"),
        },
    ),
    "dns": Log(
        DNS_QUERIES,
        _PAIR
        | {
            "query": _f("text", "query"),
            "query_type": _f("text", "qtype_name"),
            "rcode": _f("text", "rcode_name"),
            "answers": _f("texts", "answers"),
            "ttls": _f("numbers", "TTLs"),
        },
    ),
    "http": Log(
        HTTP_REQUESTS,
        _PAIR
        | {
            "method": _f("text", "method"),
            "host": _f("text", "host"),
            "url": _f("text", "uri"),
            "referrer": _f("text", "referrer"),
            "user_agent": _f("text", "user_agent"),
            "user": _f("text", "username"),
            "status_code": _f("count", "status_code"),
            "orig_bytes": _f("count", "request_body_len"),
            "resp_bytes": _f("count", "response_body_len"),
            "mime_type": _f("joined", "resp_mime_types"),
        },
    ),
    "ssl": Log(
        TLS_SESSIONS,
        _PAIR
        | {
            "server_name": _f("text", "server_name"),
            "version": _f("text", "version"),
            "cipher": _f("text", "cipher"),
            "ja3": _f("text", "ja3"),
            "ja3s": _f("text", "ja3s"),
            "ja4": _f("text", "ja4"),
            "validation": _f("text", "validation_status"),
            "established": _f("flag", "established"),
        },
    ),
}


def log_of(path: str) -> Log:
    """The log of that path: `conn`, `open_conn`, `weird`, .."""
    plain = path.removeprefix("open_")
    if plain in LOGS:
        return Log(LOGS[plain].table, LOGS[plain].columns, still_open=path != plain)
    return Log(EVENTS, {"time": _PAIR["time"]}, action=path)


def plain_name(name: str) -> str:
    """Zeek's own spelling of a field: exporters write `id_orig_h` for `id.orig_h`."""
    return f"id.{name[3:]}" if name in {"id_orig_h", "id_orig_p", "id_resp_h", "id_resp_p"} else name


def canonical(log: Log, fields: Fields, style: Style) -> list[pl.Expr]:
    """The columns of the log's table that its fields give."""
    columns = {
        column: pl.coalesce(
            value(source.what, fields[name].written, fields[name].dtype, style)
            for name in source.names
            if name in fields
        )
        for column, source in log.columns.items()
        if any(name in fields for name in source.names)
    }
    if log.table is EVENTS:
        columns |= _event(fields, style)
        known = columns["time"].is_not_null() if "time" in columns else pl.lit(False)
        columns |= {name: pl.when(known).then(pl.lit(text)) for name, text in _CLOCK.items()}
    return [column.alias(name) for name, column in columns.items()]


_CLOCK = {"zone": "UTC", "zone_rule": "by the format", "time_quality": "exact"}


def value(what: What, written: pl.Expr, dtype: pl.DataType, style: Style, *, strict: bool = True) -> pl.Expr:
    """A field's value from what is written.

    Text that is no such value raises, or is null where not `strict`; a time that is none is null in both cases.
    """
    text = dtype == pl.String
    number = written.str.strip_chars_start(" ") if text else written  # as a typed scan of TSV reads numbers
    elements = _split(written, style) if text else written
    match what:
        case "time":
            read = times.from_epoch(number.cast(pl.Float64, strict=strict), "s")
        case "count":
            read = number.cast(pl.Int64, strict=strict)
        case "seconds":
            read = number.cast(pl.Float64, strict=strict)
        case "flag":
            read = _flag(written, strict=strict) if text else written
        case "text":
            read = _unless_empty(written, style)
        case "texts":
            read = elements
        case "numbers":
            read = elements.cast(pl.List(pl.Float64), strict=strict)
        case "joined":
            read = _unless_empty(written if text else written.list.join(","), style)
        case _:
            assert_never(what)
    return read


def _unless_empty(text: pl.Expr, style: Style) -> pl.Expr:
    """An empty text says nothing: it is null."""
    return pl.when(text != style.empty).then(text)


def _split(text: pl.Expr, style: Style) -> pl.Expr:
    """The elements of a set or vector; those that are unset are null."""
    elements = text.str.split(style.set_separator).list.eval(pl.element().replace(style.unset, None))
    return pl.when(text == style.empty).then(pl.lit([], dtype=pl.List(pl.String))).otherwise(elements)


def _flag(text: pl.Expr, *, strict: bool) -> pl.Expr:
    flags = {"T": True, "F": False}
    if strict:
        return text.replace_strict(flags, return_dtype=pl.Boolean)
    return text.replace_strict(flags, default=None, return_dtype=pl.Boolean)


_HOSTS = ("host_name", "hostname", "host")
_USERS = ("username", "user")
_SOURCES = ("id.orig_h", "src", "client_addr")


def _event(fields: Fields, style: Style) -> dict[str, pl.Expr]:
    """Who an event is about, and the other fields that are set, as `name=value`.

    By name, so that TSV and JSON lines of one event give one text.
    """

    def text(name: str) -> pl.Expr:
        cell = fields[name]
        return _unless_empty(cell.written if cell.shown is None else cell.shown, style)

    def present(names: Sequence[str]) -> list[str]:
        return [name for name in names if name in fields]

    who = {"host": present(_HOSTS)[:1], "user": present(_USERS)[:1], "src_ip": present(_SOURCES)}
    told = {*who["host"], *who["user"], "id.orig_h", "ts"}
    rest = [_pair(name, text(name)) for name in sorted(fields) if name not in told]
    columns = {column: pl.coalesce(text(name) for name in names) for column, names in who.items() if names}
    if rest:
        columns["message"] = _unless_empty(pl.concat_str(rest, separator=" ", ignore_nulls=True), Style(empty=""))
    return columns


def _pair(name: str, text: pl.Expr) -> pl.Expr:
    quote = pl.when(text.str.contains(" ", literal=True)).then(pl.lit('"')).otherwise(pl.lit(""))
    return pl.concat_str(pl.lit(f"{name}="), quote, text, quote)


def number_text(number: pl.Expr) -> pl.Expr:
    """A float as text, to the microsecond that TSV writes: JSON lines of the same value have more digits."""
    return number.round(6).cast(pl.String).str.strip_suffix(".0")


def instant_text(seconds: pl.Expr) -> pl.Expr:
    """Seconds since 1970 as text, in the form that Zeek's JSON lines have."""
    return times.from_epoch(seconds, "s").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
