"""LEEF 1.0 and 2.0, QRadar's Log Event Extended Format, with or without a syslog prefix: events.

Source of the grammar: IBM, QRadar Log Event Extended Format (LEEF), version 2, and what products make of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.keyed import BLOCK_BYTES, Grammar, control_free, events, said_of_header
from watchfloor.readers.records.lines import read_lines
from watchfloor.readers.records.orders import where

__all__ = ["READER"]

_SIGN = r"LEEF: ?[0-9]\.[0-9]\|"
_PARTS = ("vendor", "product", "version", "event_id", "extension")
_FACTS = said_of_header()
_DELIMITER = r"^(|\||[^|=]|0?[xX][0-9A-Fa-f]{1,6})\|"
"""The sixth field of LEEF 2.0: nothing, a character, or its number; some products leave the field out."""
_AT_THE_END = "LEEF: ?[0-9]\\.[0-9]$"
_TAB = r"^(?:|0?[xX]0?9)\|"
"""The sixth field of LEEF 2.0, where it says what is meant without it, too."""
_BLANK_BEFORE_KEY = r" [A-Za-z][A-Za-z0-9_.]*="


def pairs(text: str, delimiter: str) -> list[tuple[str, str]]:
    """The keys and values between delimiters; a piece without `=` goes on with the value before it."""
    pieces = re.split(f"{delimiter}(?={_BLANK_BEFORE_KEY[1:]})", text) if delimiter == " " else text.split(delimiter)
    found: list[tuple[str, str]] = []
    for piece in pieces:
        key, equals, value = piece.partition("=")
        if equals and key.strip(" "):
            found.append((key.strip(" "), value.strip(" ")))
        elif piece.strip(" ") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]}{delimiter}{piece}".strip(" "))
        elif piece.strip(" "):
            found.append(("extension", piece.strip(" ")))
    return found


def accepts(head: Head) -> float:
    """The share of lines that hold LEEF's sign."""
    return head.share(re.compile(_SIGN).search)


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    hosts: dict[str, str | None] = {}

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        found, rejects = events(records, _LEEF, source=str(path), zone=options.zone, written=written, hosts=hosts)
        return {"events": found, "rejects": rejects}

    return read_lines(path, options, format="leef", tables=("events",), parse=parse, block_bytes=BLOCK_BYTES)


def _headers(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records with what their headers say, the delimiter and the extension; and those that are none."""
    clean = control_free(records["text"], but_tabs=True)
    text, at = pl.col("text"), pl.col("at")
    raw = text.cast(pl.Binary)
    signed = records.with_columns(at=text.str.find(_SIGN).cast(pl.Int64))
    cut = signed.with_columns(header=raw.bin.slice(at).cast(pl.String).str.splitn("|", len(_PARTS) + 1))
    cut = cut.unnest("header").rename({f"field_{n}": name for n, name in enumerate(("sign", *_PARTS))})
    # A record without any pair may end behind the event's id.
    extension, event = pl.col("extension"), pl.col("event_id")
    rejects = cut.filter(event.is_null()).select(
        "record",
        reason=pl.when(at.is_null())
        .then(pl.lit("no LEEF header in this line"))
        .otherwise(pl.lit("a LEEF header of less than 5 fields")),
    )
    cut = cut.filter(event.is_not_null()).with_columns(
        prefix=raw.bin.head(at).cast(pl.String), extension=extension.fill_null("")
    )
    named = pl.when(pl.col("sign").str.contains("2.", literal=True)).then(extension.str.extract(_DELIMITER))
    rest = extension.cast(pl.Binary).bin.slice(named.str.len_bytes().cast(pl.Int64) + 1).cast(pl.String)
    cut = cut.with_columns(named=named, extension=pl.coalesce(rest, extension))
    said = pl.when(pl.col("named") != "").then("named")
    cut = cut.with_columns(delimiter=said.replace_strict(_characters(cut["named"]), default=None)).with_columns(
        delimiter=pl.coalesce("delimiter", pl.when(extension.str.contains("\t", literal=True)).then(pl.lit("\t")))
    )
    # Where no tab stands: what relays and products put in its place.
    guess = (
        pl.when(extension.str.contains("#011", literal=True))
        .then(pl.lit("#011"))
        .when(extension.str.contains(rf"\|{_BLANK_BEFORE_KEY[1:]}"))
        .then(pl.lit("|"))
        .when(extension.str.count_matches(_BLANK_BEFORE_KEY) > 1)
        .then(pl.lit(" "))
        .otherwise(pl.lit("\t"))
    )
    if cut["delimiter"].null_count():
        cut = cut.with_columns(delimiter=pl.coalesce("delimiter", guess))
    delimiter = pl.col("delimiter")
    odd = delimiter == " "
    if not clean:
        odd |= pl.any_horizontal(pl.col("prefix", "extension").str.contains("[\x00-\x08\x0a-\x1f]"))
    # A tab that does not delimit is a character of a value.
    odd |= (delimiter != "\t") & extension.str.contains("\t", literal=True)
    return cut.select(
        "record",
        "prefix",
        "delimiter",
        (odd | (pl.col("version").str.contains(r'[\\"\x00-\x1f]'))).alias("odd"),
        (extension.str.contains("\\", literal=True) | extension.str.contains('"', literal=True)).alias("escaped"),
        extension.str.strip_suffix(delimiter).alias("extension"),
        *_FACTS,
    ), rejects


def _heads(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series | None]:
    """What texts up to their first tab say, where headers are as usual, and which are: a version behind the prefix, no
    delimiter but the tab."""
    names = ("sign", *_PARTS[:-1], "first")
    header = pl.col("text").str.splitn("|", len(names)).struct.rename_fields(names)
    first = pl.col("first").str.replace(_TAB, "")
    cut = texts.select_seq(header.struct.unnest()).with_columns(first)
    usual = where(cut, [pl.col("sign").str.contains(_AT_THE_END), ~pl.col("first").str.contains("|", literal=True)])
    prefix = pl.col("sign").str.replace(_AT_THE_END, "").alias("prefix")
    return cut.select_seq(prefix, *_FACTS, "first"), usual


def _characters(named: pl.Series) -> dict[str, str]:
    """The characters that the distinct names of delimiters mean."""
    found = {}
    for name in named.drop_nulls().unique():
        number = re.fullmatch("0?[xX]([0-9A-Fa-f]{1,6})", name)
        code = int(number[1], 16) if number else 0
        if name and (not number or (0 < code < 0x110000 and not 0xD800 <= code < 0xE000)):
            found[name] = chr(code) if number else name
    return found or {"": "\t"}


_LEEF = Grammar(
    columns={
        "src_ip": ("src", "identSrc"),
        "src_port": ("srcPort",),
        "dst_ip": ("dst",),
        "dst_port": ("dstPort",),
        "proto": ("proto",),
        "user": ("usrName", "accountName"),
        "host": ("identHostName", "hostName"),
        "action": ("action", "act"),
        "category": ("cat",),
        "severity_text": ("sev", "severity"),
        "url": ("url",),
        "message": ("msg", "message"),
    },
    times=("devTime",),
    pairs=pairs,
    protect=lambda text: text.str.replace_many(["\\", '"'], ["\x01", "\x05"]),
    key_first=True,
    headers=_headers,
    heads=_heads,
    time_format="devTimeFormat",
)

READER = Reader(
    name="leef",
    about="LEEF 1.0 and 2.0, QRadar's Log Event Extended Format, with or without a syslog prefix",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="`LEEF:`, a version and a pipe in most lines",
    grows=lambda _: True,
)
