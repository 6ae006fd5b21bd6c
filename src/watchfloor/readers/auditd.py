"""Linux audit logs (`/var/log/audit/audit.log`, ausearch's raw output, audisp by syslog): an event for each record.

Source of the grammar: the Linux Audit documentation, "Audit Event Parsing Library", and audit's `lib/` of field names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.prefix import peel
from watchfloor.readers.records.lines import read_lines
from watchfloor.schemas import TIME

__all__ = ["READER"]

_HEADER = (
    r"(?:node=([^ ]+) +)?type=([A-Z0-9_]+|UNKNOWN\[[0-9]+\]) (?:msg=)?audit\(([0-9]{1,11})\.([0-9]{3}):([0-9]+)\): ?"
)
_SIGN = r"type=[A-Z0-9_\[\]]+ (?:msg=)?audit\([0-9]"
_BETWEEN = r"^(?:----|time->.*)$"
"""What ausearch prints between events."""
_RECORD = rf"(?s)^(.*?){_HEADER}(.*)$"
_PAIR = r"""([A-Za-z][A-Za-z0-9_.-]*)=("[^"]*"|\{[^}]*\}|[^ \x1d]*)"""
_INNER = r"(?s)^(.*?)\bmsg='(.*)'(.*)$"
"""What a program of the user's space says, within the record of the kernel."""
_ENCODED = frozenset(
    ("acct", "comm", "exe", "cwd", "name", "proctitle", "cmd", "key", "data", "dir", "path", "vm", "old", "new", "file")
)
"""Fields that are written as hexadecimal digits where they hold a blank, a quote or a control character."""
_ARGUMENT = r"^a[0-9]+(?:\[[0-9]+\])?$"
_ANY, _TAIL = "[0-9A-F]", "[89AB][0-9A-F]"
_HEX = (
    rf"^(?:[0-7]{_ANY}|(?:C[2-9A-F]|D{_ANY}){_TAIL}|(?:E0[AB]{_ANY}|E[1-9A-CEF]{_TAIL}|ED[89]{_ANY}){_TAIL}"
    rf"|(?:F0[9AB]{_ANY}|F[123]{_TAIL}|F48{_ANY}){_TAIL}{_TAIL})+$"
)
"""Bytes of UTF-8, in hexadecimal digits; other bytes stay as they are written."""
_UNKNOWN = ("", "?", "(null)", "(none)")
_ADDRESS = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$"
_COMMANDS = {"PROCTITLE": "proctitle", "USER_CMD": "cmd", "USER_TTY": "data", "TTY": "data"}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pid": ("pid",),
    "user": ("acct", "AUID", "UID"),
    "src_ip": ("addr", "src", "saddr"),
    "src_port": ("sport", "src_port"),
    "dst_ip": ("dst", "daddr"),
    "dst_port": ("dport", "dest_port"),
    "comm": ("comm",),
    "exe": ("exe",),
}
_TAKEN = ("pid", "acct", "comm")


def accepts(head: Head) -> float:
    """The share of lines that name a type of record and an event of the audit system."""
    sign, between = re.compile(_SIGN), re.compile(_BETWEEN)
    return head.share(lambda line: sign.search(line) or between.match(line)) * any(map(sign.search, head.lines))


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        cut = records.with_columns(group=pl.col("text").str.extract_groups(_RECORD))
        is_record = pl.col("group").struct.field("3").is_not_null()
        rejects = cut.filter(~is_record).select("record", reason=pl.lit("no record of the audit system"))
        names = {"1": "prefix", "2": "node", "3": "type", "4": "seconds", "5": "millis", "6": "serial", "7": "rest"}
        rows = cut.filter(is_record).select(
            "record", *(pl.col("group").struct.field(n).alias(name) for n, name in names.items())
        )
        return {"events": _events(rows, str(path), options.zone, written), "rejects": rejects}

    return read_lines(
        path, options, format="auditd", tables=("events",), parse=parse, skips=pl.col("text").str.contains(_BETWEEN)
    )


def _events(rows: pl.DataFrame, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    pairs = _pairs(rows)
    micros = pl.col("seconds").cast(pl.Int64) * 1_000_000 + pl.col("millis").cast(pl.Int64) * 1_000
    rows = rows.join(_columns(pairs), on="record", how="left", maintain_order="left")
    rows = rows.join(_bodies(pairs), on="record", how="left", maintain_order="left")
    rows = rows.join(_commands(rows, pairs), on="record", how="left", maintain_order="left")
    identity = pl.concat_str(
        pl.lit('{"audit_id":"'), "seconds", pl.lit("."), "millis", pl.lit(":"), "serial", pl.lit('"')
    )
    kept = pl.when(pl.col("body").is_not_null()).then(pl.concat_str(pl.lit(","), "body")).otherwise(pl.lit(""))
    text = pl.col("rest").str.strip_chars(" \x1d")
    return rows.with_columns(
        time=micros.cast(TIME),
        time_text=pl.concat_str("seconds", pl.lit("."), "millis"),
        zone=pl.lit("UTC"),
        zone_rule=pl.lit("by the format"),
        time_quality=pl.lit("exact"),
        host=pl.coalesce("node", _host(rows, source, zone, written)),
        program=pl.coalesce("comm", pl.col("exe").str.extract("([^/]+)$")),
        action="type",
        message=pl.coalesce("command", pl.when(text != "").then(text)),
        fields=pl.concat_str(identity, kept, pl.lit("}")),
    )


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """The keys and values of all records: `record`, `type`, `key`, `value`; those that say nothing are left out."""
    inner = pl.col("rest").str.extract_groups(_INNER).struct
    flat = pl.coalesce(
        pl.concat_str(inner.field("1"), inner.field("2"), inner.field("3"), separator=" "), pl.col("rest")
    )
    pairs = (
        rows.select("record", "type", pair=flat.str.extract_all(_PAIR))
        .explode("pair", empty_as_null=True)
        .drop_nulls("pair")
        .with_columns(key=pl.col("pair").str.extract("^([^=]+)="), raw=pl.col("pair").str.extract("(?s)^[^=]+=(.*)$"))
    )
    raw = pl.col("raw")
    quoted = raw.str.starts_with('"')
    encoded = pl.col("key").is_in(list(_ENCODED)) | (
        (pl.col("type") == "EXECVE") & pl.col("key").str.contains(_ARGUMENT)
    )
    hexed = encoded & ~quoted & raw.str.contains(_HEX) & (raw.str.len_bytes() >= 2)
    # NUL stands between the arguments of a command.
    decoded = pl.when(hexed).then(raw).str.decode("hex", strict=False).cast(pl.String, strict=False)
    value = pl.coalesce(
        decoded.str.strip_chars("\x00").str.replace_all("\x00", " ", literal=True), raw.str.strip_chars('"')
    )
    return pairs.select("record", "type", "key", value=value).filter(~pl.col("value").is_in(_UNKNOWN))


def _columns(pairs: pl.DataFrame) -> pl.DataFrame:
    """Values of columns, by `record`."""
    wanted = sorted({key for keys in _COLUMNS.values() for key in keys})
    first = [pl.col("value").filter(pl.col("key") == key).first().alias(f"={key}") for key in wanted]
    # A program of the user's space says its own, behind the kernel's.
    last = [pl.col("value").filter(pl.col("key") == key).last().alias(f"={key}") for key in ("acct", "exe")]
    named = {expr.meta.output_name(): expr for expr in (*first, *last)}
    found = pairs.group_by("record", maintain_order=True).agg(*named.values())

    def said(column: str) -> pl.Expr:
        keys = [pl.col(f"={key}") for key in _COLUMNS[column]]
        if column.endswith("_ip"):
            keys = [
                pl.when(key.str.contains(_ADDRESS)).then(key.str.replace("(?i)^::ffff:([0-9]+[.])", "${1}"))
                for key in keys
            ]
        one = pl.coalesce(keys)
        if column.endswith("_port"):
            return one.cast(pl.UInt16, strict=False).cast(pl.Int64).alias(column)
        return one.cast(pl.Int64, strict=False).alias(column) if column == "pid" else one.alias(column)

    user = pl.when(pl.col("user") != "unset").then("user")
    return found.select("record", *(said(column) for column in _COLUMNS)).with_columns(user=user)


def _bodies(pairs: pl.DataFrame) -> pl.DataFrame:
    """What no column holds, as the inside of a JSON object, by `record`; keys that occur twice have lists."""
    kept = pairs.filter(~pl.col("key").is_in(_TAKEN) & (pl.col("type") != "PROCTITLE"))
    value = pl.concat_str(pl.lit('"'), pl.col("value").str.replace_many(_JSON), pl.lit('"'))
    listed = pl.concat_str(pl.lit("["), pl.col("text").str.join(","), pl.lit("]"))
    named = (
        kept.with_columns(text=value)
        .group_by("record", "key", maintain_order=True)
        .agg(text=pl.when(pl.len() > 1).then(listed).otherwise(pl.col("text").first()))
    )
    pair = pl.concat_str(pl.lit('"'), "key", pl.lit('":'), "text")
    return named.group_by("record", maintain_order=True).agg(body=pair.str.join(","))


_JSON = {'"': '\\"', "\\": "\\\\", **{chr(n): f"\\u{n:04x}" for n in range(32)}}


def _commands(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The command that a record is about, by `record`: as it was typed, or its arguments in order."""
    value = pl.col("value")
    said = [
        value.filter((pl.col("type") == type_) & (pl.col("key") == key)).first() for type_, key in _COMMANDS.items()
    ]
    arguments = value.filter((pl.col("type") == "EXECVE") & pl.col("key").str.contains(_ARGUMENT)).str.join(" ")
    some = pairs.filter(pl.col("type").is_in([*_COMMANDS, "EXECVE"]))
    command = pl.coalesce(*said, pl.when(arguments != "").then(arguments))
    return some.group_by("record", maintain_order=True).agg(command=command)


def _host(rows: pl.DataFrame, source: str, zone: str | None, written: datetime) -> pl.Series:
    """The host in front of records that syslog carried."""
    prefixed = rows["prefix"].str.strip_chars() != ""
    if not prefixed.any():
        return pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)
    some = rows.filter(prefixed).select("record", text=pl.col("prefix") + "type")
    peeled = peel(some, source=source, zone=zone, written=written, need_zone=False).select("record", said="host")
    return rows.select("record").join(peeled, on="record", how="left", maintain_order="left")["said"]


READER = Reader(
    name="auditd",
    about="Linux audit logs, raw or enriched, also behind syslog: an event for each record",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="`type=.. msg=audit(SECONDS.MILLISECONDS:SERIAL)` in most lines",
    grows=lambda _: True,
)
