"""Syslog lines (RFC 3164, RFC 5424) and other text logs whose lines begin with a time: events."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.readers import files
from watchfloor.readers._reader import REJECTED_CHARACTERS, Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.stamps import FAMILIES, instants
from watchfloor.readers.texts import with_damage
from watchfloor.schemas import EVENTS, LEDGER, REJECTS

__all__ = ["READER"]

MOST_LINES = 0.6
"""At least so many of a file's first lines must begin with a time."""
_BLOCK_BYTES = 16 * 1024 * 1024

_RFC5424 = (
    r"(?s)^<[0-9]{1,3}>1 [^ ]+ ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) "
    '(?:-|(?:\\[(?:[^\\]"\\\\]|\\\\.|"(?:[^"\\\\]|\\\\.)*")*\\])+) ?\ufeff?(.*)$'
)
"""Host, program, process id, message id, message; the structured data lies between."""
_TAGGED = r"(?s)^[ :]*([^ \[\]=:,]+) ([^ \[\]:=]+)(?:\[([0-9]+)\])?: ?(.*)$"
_HOST_AND_PAIRS = r"(?s)^[ :]*([^ \[\]=:,]+) ([A-Za-z0-9_.-]+=.*)$"
_ADDRESS = r"((?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
_FROM = rf"(?:from |rhost=|\b(?:src|SRC|srcip|src_ip)=){_ADDRESS}"
_USER = r"(?:for (?:invalid user )?|Invalid user |\buser[ =]|\busername=)([A-Za-z0-9_.@\\$-]+)"
_ACTION = r"\b(?:action|act)=\"?([A-Za-z0-9_-]+)"


def accepts(head: Head) -> bool:
    """Most lines begin with a time."""
    stamps = [re.compile(family.regex) for family in FAMILIES]
    return head.share(lambda line: any(stamp.match(line[:400]) for stamp in stamps)) >= MOST_LINES


def read(path: Path, options: Options) -> Tables:
    """The events of one file; a line without a time continues the one before it."""
    partial: list[str] = []
    raw = b"".join(files.blocks(path, _BLOCK_BYTES, progress=options.progress, cut_short=partial.append))
    lines = _lines(raw)
    stamped = instants(
        lines,
        source=str(path),
        zone=options.zone,
        written=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )
    if lines.height and stamped["time_text"].null_count() == lines.height:
        raise UnreadableFile(f"{path}: no line begins with a time", hint="`watchfloor formats` lists what can be read")
    records = _records(stamped)
    before, broken = pl.col("of") == 0, pl.col("damaged")
    empty = before & (pl.col("text").str.strip_chars() == "")
    unread = pl.col("time").is_null()
    rejects = records.filter((before & ~empty) | broken | (~before & unread)).with_columns(
        reason=pl.when(before)
        .then(pl.lit("no line with a time stands before it"))
        .when(broken)
        .then(pl.lit("bytes that are no UTF-8"))
        .otherwise(pl.lit("a time that does not exist")),
        text=pl.col("text").str.head(REJECTED_CHARACTERS),
    )
    good = records.filter(~before & ~broken & ~unread)
    count = {
        "lines": lines.height,
        "lines_read": good.height,
        "lines_continued": int(good["lines"].sum()) - good.height,
        "lines_rejected": int(rejects["lines"].sum()),
        "lines_skipped": int(records.filter(empty & ~broken)["lines"].sum()),
    }
    ledger = {"source": str(path), "format": "syslog", "file_bytes": path.stat().st_size} | count
    return {
        "events": EVENTS.fill(_fields(good), source=str(path)),
        "rejects": REJECTS.fill(rejects, source=str(path)),
        "ledger": LEDGER.fill(pl.DataFrame([ledger | {"partial": "; ".join(partial) or None}], schema=LEDGER.schema)),
    }


def _lines(raw: bytes) -> pl.DataFrame:
    """Physical lines with their numbers; a line with bytes that are no UTF-8 is damaged."""
    text, bad = with_damage(raw, 1)
    text = text.removeprefix("\ufeff").removesuffix("\n")
    if not raw:
        return pl.DataFrame(schema={"record": pl.Int64, "text": pl.String, "damaged": pl.Boolean})
    lines = pl.DataFrame({"text": [text]}).select(pl.col("text").str.split("\n").explode())
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return lines.select(
        record=number,
        text=pl.col("text").str.strip_suffix("\r"),
        damaged=number.is_in(bad) if bad else pl.lit(False),
    )


def _records(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with what continues them."""
    of = pl.col("time_text").is_not_null().cum_sum()
    keyed = lines.with_columns(of=of)
    return keyed.group_by("of", maintain_order=True).agg(
        pl.exclude("text", "damaged").first(),
        damaged=pl.col("damaged").any(),
        lines=pl.len().cast(pl.Int64),
        text=pl.col("text").str.join("\n"),
    )


def _fields(records: pl.DataFrame) -> pl.DataFrame:
    """Host, program, process, message, and user, address and action where the message says them plainly."""
    text = pl.col("text")
    modern = text.str.contains(_RFC5424)
    # What stands behind the time: cut by its place, since the time's text may occur again.
    place = text.str.find(pl.col("time_text"), literal=True).cast(pl.Int64) + pl.col("time_text").str.len_bytes()
    rest = text.cast(pl.Binary).bin.slice(place).cast(pl.String)

    def group(n: int) -> pl.Expr:
        return text.str.extract(_RFC5424, n)

    def said(value: pl.Expr) -> pl.Expr:
        return pl.when(value != "-").then(value)

    parts = records.with_columns(rest=rest, modern=modern)
    rest = pl.col("rest")
    message = (
        pl.when("modern")
        .then(group(5))
        .otherwise(pl.coalesce(rest.str.extract(_TAGGED, 4), rest.str.extract(_HOST_AND_PAIRS, 2), rest))
        .str.strip_chars(" ")
    )
    return parts.with_columns(
        host=pl.when("modern")
        .then(said(group(1)))
        .otherwise(pl.coalesce(rest.str.extract(_TAGGED, 1), rest.str.extract(_HOST_AND_PAIRS, 1))),
        program=pl.when("modern").then(said(group(2))).otherwise(rest.str.extract(_TAGGED, 2)),
        pid=pl.when("modern").then(group(3)).otherwise(rest.str.extract(_TAGGED, 3)).cast(pl.Int64, strict=False),
        message=message,
        user=message.str.extract(_USER),
        src_ip=message.str.extract(_FROM),
        action=pl.coalesce(pl.when("modern").then(said(group(4))), message.str.extract(_ACTION)),
    )


READER = Reader(
    name="syslog",
    about="Syslog (RFC 3164, RFC 5424) and text logs whose lines begin with a time, also gzip",
    tables=("events",),
    accepts=accepts,
    sign="each line begins with a time",
    read=one_by_one(read),
    grows=lambda _: True,
)
