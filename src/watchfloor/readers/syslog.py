"""Syslog lines and other text logs whose lines begin with a time: events."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from watchfloor.readers import files
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one

__all__ = ["READER"]

_STAMP = r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2}))"


def accepts(head: Head) -> bool:
    """Most lines begin with a time."""
    return head.share(re.compile(_STAMP).match) >= 0.6


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    raw = files.content(path).content
    options.progress(path.stat().st_size)
    lines = pl.DataFrame({"text": raw.decode("utf-8", errors="replace").splitlines()}).with_row_index("record", 1)
    stamp = pl.col("text").str.extract(_STAMP)
    time = stamp.str.replace("Z$", "+00:00").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC")
    rows = lines.select(
        source=pl.lit(str(path)), record="record", time=time, time_text=stamp, message="text", zone_rule=pl.lit("in the text")
    ).filter(pl.col("time").is_not_null())
    rejected = lines.height - rows.height
    ledger = {"source": [str(path)], "format": ["syslog"], "file_bytes": [path.stat().st_size], "lines": [lines.height]}
    counts = {"lines_read": [rows.height], "lines_continued": [0], "lines_rejected": [rejected], "lines_skipped": [0]}
    return {"events": rows.lazy(), "ledger": pl.LazyFrame(ledger | counts)}


READER = Reader(
    name="syslog",
    about="Syslog (RFC 3164, RFC 5424) and text logs whose lines begin with a time, also gzip",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
)
