"""CEF, ArcSight's Common Event Format, with or without a syslog prefix: events.

Source of the grammar: Micro Focus Security ArcSight Common Event Format, implementation standard, version 25, and what
products make of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.keyed import BLOCK_BYTES, Grammar, control_free, events, said_of_header
from watchfloor.readers.records.lines import read_lines
from watchfloor.readers.records.orders import where

__all__ = ["READER"]

_SIGN = r"CEF: ?[0-9]{1,2}\|"
_SIGNED = re.compile(_SIGN)
_KEY = re.compile(r"(?:^| )([A-Za-z0-9_.\[\]]+)=")
_HEADER = re.compile(r"((?:[^|\\]|\\.|\\$)*)(?:\||$)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\=|nr])")
_ESCAPES = {"n": "\n", "r": "\r"}
_PASSES = 4
_HEADERS = 7
"""Fields of the header: sign and version, vendor, product, version, event class, name, severity."""


def pairs(text: str, _: str = "") -> list[tuple[str, str]]:
    """The keys and values of an extension, both unescaped; what stands before the first key is under `extension`."""
    keys = list(_KEY.finditer(text))
    ends = [*(key.start() for key in keys), len(text)][1:]
    before = text[: keys[0].start()].strip(" ") if keys else text.strip(" ")
    # Where a backslash escapes nothing, it is a path's: `C:\\new` holds no line break, and this writer escapes none.
    bare = "\\" in _ESCAPE.sub("", text)
    found = [(key[1], _unescaped(text[key.end() : end].strip(" "), bare)) for key, end in zip(keys, ends, strict=True)]
    return [("extension", before), *found] if before else found


def _unescaped(value: str, bare: bool) -> str:
    if bare:
        return value.replace("\\=", "=").replace("\\|", "|")
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)


def _protected(text: pl.Expr) -> pl.Expr:
    """The same over a column."""
    escapes = {"\\\\": "\x01", "\\=": "\x02", "\\n": "\x03", "\\r": "\x04", "\\|": "|", '"': "\x05"}
    unescaped = text.str.replace_many(list(escapes), list(escapes.values()))
    paths = {"\\=": "\x02", "\\|": "|", "\\": "\x01", '"': "\x05"}
    bare = text.str.replace_many(list(paths), list(paths.values()), leftmost=True)
    return pl.when(unescaped.str.contains("\\", literal=True)).then(bare).otherwise(unescaped)


def _protected_inner(text: pl.Expr) -> pl.Expr:
    """The same, with equals signs that follow no key, as in `request=/a?b=1&c=2`."""
    text = _protected(text)
    # Every pass halves the equals signs of a word that has several.
    for _ in range(_PASSES):
        text = text.str.replace_all("(=[^ =]*)=", "${1}\x02")
    return text.str.replace_all(r"((?:^| )[^ =]*[^ =A-Za-z0-9_.\[\]][^ =]*)=", "${1}\x02").str.replace_all(
        "(^| )=", "${1}\x02"
    )


def accepts(head: Head) -> float:
    """The share of lines that hold CEF's sign."""
    return head.share(_SIGNED.search)


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    hosts: dict[str, str | None] = {}

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        found, rejects = events(records, _CEF, source=str(path), zone=options.zone, written=written, hosts=hosts)
        return {"events": found, "rejects": rejects}

    return read_lines(path, options, format="cef", tables=("events",), parse=parse, block_bytes=BLOCK_BYTES)


def _headers(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with what their headers say and the extension; and those that are none."""
    text = pl.col("text")
    escaped = text.str.contains("\\", literal=True) | text.str.contains('"', literal=True)
    odd = pl.lit(False) if control_free(records["text"]) else text.str.contains("[\x00-\x1f]")
    names = ("sign", *_PARTS)
    header = text.str.splitn("|", len(names)).struct.rename_fields(names)
    cut = records.select_seq("record", "text", header.struct.unnest(), odd=odd, escaped=escaped)
    checks = [pl.col("sign").str.ends_with("CEF:0"), pl.col("extension").is_not_null()]
    if cut["escaped"].any():
        checks += [~pl.col(name).str.contains("\\", literal=True) for name in names[:-1]]
        checks.append(~pl.col("version").str.contains('"', literal=True))
    usual = where(cut, checks)
    prefix = pl.col("sign").str.strip_suffix("CEF:0").alias("prefix")
    rejects = pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String})
    if usual is None:
        cut = cut.with_columns(prefix)
    else:
        exact = cut.filter(~usual)
        cut = cut.filter(usual).with_columns(prefix)
        fixed, rejects = _exact_headers(exact.select("record", "text", "odd", "escaped"), cut.schema)
        cut = pl.concat([cut, fixed]).sort("record")
    return cut.select(
        "record",
        "prefix",
        "extension",
        "odd",
        "escaped",
        pl.lit("").alias("delimiter"),
        *_FACTS,
    ), rejects


_PARTS = ("vendor", "product", "version", "event_id", "title", "severity", "extension")
_FACTS = said_of_header(("title", "title"), ("severity", "severity_text"))


def _heads(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """What texts up to their first equals sign say, where headers are as usual, and which are."""
    names = ("sign", *_PARTS[:-1], "first")
    header = pl.col("text").str.splitn("|", len(names)).struct.rename_fields(names)
    cut = texts.select_seq(header.struct.unnest())
    usual = where(cut, [pl.col("sign").str.ends_with("CEF:0"), pl.col("first").is_not_null()])
    return cut.select_seq(pl.col("sign").str.strip_suffix("CEF:0").alias("prefix"), *_FACTS, "first"), usual


def _exact_headers(rows: pl.DataFrame, schema: pl.Schema) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Headers with escapes, behind prefixes with pipes, without an extension; and those that are none."""
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for record, text, odd, escaped in rows.iter_rows():
        sign = _SIGNED.search(text)
        if sign is None:
            bad.append({"record": record, "reason": "no CEF header in this line"})
            continue
        parts: list[str] = []
        end = sign.start()
        while len(parts) < _HEADERS and end <= len(text):
            found = _HEADER.match(text, end)
            if found is None:
                break
            parts.append(re.sub(r"\\([\\|])", r"\1", found[1]))
            end = found.end() + (not found[0].endswith("|"))
        if len(parts) < _HEADERS:
            bad.append({"record": record, "reason": f"a CEF header of {len(parts)} of {_HEADERS} fields"})
            continue
        values = dict(zip(("sign", *_PARTS), [*parts, text[end:]], strict=True))
        # What the header holds after unescaping may need an escape in JSON: the exact way gives it.
        told = {"record": record, "text": text, "odd": odd or escaped, "escaped": escaped}
        good.append(told | values | {"prefix": text[: sign.start()]})
    return pl.DataFrame(good, schema=schema), pl.DataFrame(bad, schema={"record": pl.Int64, "reason": pl.String})


_CEF = Grammar(
    columns={
        "src_ip": ("src", "sourceAddress", "c6a2"),
        "src_port": ("spt", "sourcePort"),
        "dst_ip": ("dst", "destinationAddress", "c6a3"),
        "dst_port": ("dpt", "destinationPort"),
        "proto": ("proto", "transportProtocol"),
        "user": (
            *("suser", "sourceUserName", "duser", "destinationUserName"),
            *("suid", "sourceUserId", "duid", "destinationUserId"),
        ),
        "host": ("shost", "sourceHostName", "dhost", "destinationHostName", "dvchost", "deviceHostName"),
        "action": ("act", "deviceAction"),
        "category": ("cat", "deviceEventCategory"),
        "url": ("request", "requestURL", "requestUrl"),
        "message": ("msg", "message"),
    },
    times=("rt", "deviceReceiptTime", "start", "startTime", "end", "endTime"),
    pairs=pairs,
    protect=_protected,
    protect_inner=_protected_inner,
    key_first=False,
    headers=_headers,
    heads=_heads,
)

READER = Reader(
    name="cef",
    about="CEF, ArcSight's Common Event Format, with or without a syslog prefix",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="`CEF:`, a number and a pipe in most lines",
    grows=lambda _: True,
)
