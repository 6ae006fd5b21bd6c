"""Reads Loki scan logs, many files at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from watchfloor.readers import files
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.schemas import FINDINGS, LEDGER, REJECTS, SCANS

__all__ = ["READER"]

_CSV = r"^([0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z),([^, ]+),([A-Z]+),([A-Za-z]+),"
_HEADER = (
    r"(?s)^FILE: (.*) SCORE: (-?[0-9]+) TYPE: ([^ ]+) SIZE: ([0-9]+) FIRST_BYTES: ([0-9a-f]*) / .* MD5: ([0-9a-f]{32}) "
    r"SHA1: ([0-9a-f]{40}) SHA256: ([0-9a-f]{64}) CREATED: (.{24}) MODIFIED: (.{24}) ACCESSED: (.{24}) REASON_1: (.*)"
)
_YARA = r"(?s)^Yara Rule MATCH: ([^ ]+) SUBSCORE: (-?[0-9]+) DESCRIPTION: (.*) REF: (.*) AUTHOR: (.*?)(?: MATCHES: (\$.*))?$"


def accepts(head: Head) -> bool:
    """The first line has the prefix of a scan's record."""
    return bool(head.lines) and re.match(_CSV, head.lines[0]) is not None


def read(path: Path, options: Options) -> Tables:
    """The findings and the scan of one file."""
    raw = files.content(path).content
    options.progress(path.stat().st_size)
    lines = pl.DataFrame({"text": raw.decode("utf-8", errors="replace").removesuffix("\n").split("\n")})
    prefix = pl.col("text").str.extract_groups(_CSV).struct.rename_fields(["time", "host", "level", "module"])
    records = lines.with_row_index("record", 1).with_columns(prefix.alias("p")).unnest("p")
    started = records.filter(pl.col("time").is_not_null()).with_columns(
        time=pl.col("time").str.to_datetime("%Y%m%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
        message=pl.col("text").str.replace(_CSV, ""),
    )
    names = ["path", "score", "file_type", "size_bytes", "first_bytes", "md5", "sha1", "sha256"]
    names += ["created_text", "modified_text", "accessed_text", "reasons"]
    hits = started.with_columns(pl.col("message").str.extract_groups(_HEADER).struct.rename_fields(names).alias("h"))
    hits = hits.drop("message").unnest("h").filter(pl.col("path").is_not_null())
    split = pl.col("reasons").str.replace_all(r"REASON_[0-9]+: ", "\0").str.split("\0")
    reasons = hits.with_columns(text=split, reason_number=pl.int_ranges(1, split.list.len() + 1)).explode(
        "text", "reason_number"
    )
    fields = ["rule", "subscore", "description", "reference", "author", "matched"]
    found = reasons.with_columns(pl.col("text").str.extract_groups(_YARA).struct.rename_fields(fields).alias("r"))
    frame = found.unnest("r").with_columns(reason=pl.when(pl.col("rule").is_not_null()).then(pl.lit("yara")))
    message = pl.col("message")
    started_at = started.filter(message.str.starts_with("Starting Loki Scan"))
    ended_at = started.filter(message.str.starts_with("Finished LOKI Scan"))
    scan = {
        "source": [str(path)],
        "record": [1],
        "host": [started["host"][0] if started.height else None],
        "scanner": ["loki"],
        "version": [started_at["message"].str.extract(r"VERSION: ([^ ]+)").first()],
        "started_time": [started_at["time"].first()],
        "ended_time": [ended_at["time"].last()],
        "complete": [bool(ended_at.height) if started_at.height else None],
    }
    counts = {"lines": [lines.height], "lines_read": [started.height], "lines_rejected": [0], "lines_skipped": [0]}
    counts["lines_continued"] = [lines.height - started.height]
    ledger = {"source": [str(path)], "format": ["loki"], "file_bytes": [path.stat().st_size]} | counts
    return {
        "findings": FINDINGS.fill(frame, source=str(path), scanner="loki"),
        "scans": SCANS.fill(pl.DataFrame(scan)),
        "rejects": REJECTS.empty(),
        "ledger": LEDGER.fill(pl.DataFrame(ledger)),
    }


READER = Reader(
    name="loki",
    about="Loki scan logs: csv, log, syslog, console",
    tables=("findings", "scans"),
    accepts=accepts,
    read=one_by_one(read),
)
