"""Zeek logs (TSV and JSON lines): connections, DNS, HTTP and TLS; every other log is events."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.readers import files
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.schemas import CONNECTIONS

__all__ = ["READER"]


def accepts(head: Head) -> bool:
    """The header of a Zeek TSV log, or JSON lines with Zeek's names."""
    return bool(head.lines) and head.lines[0].startswith("#separator ")


def read(path: Path, options: Options) -> Tables:
    """The connections of one log."""
    text = files.content(path).content
    header = [line for line in text[:65536].decode("utf-8", errors="replace").split("\n") if line.startswith("#fields")]
    names = header[0].split("\t")[1:]
    options.progress(path.stat().st_size)
    frame = pl.read_csv(
        io.BytesIO(text),
        separator="\t",
        has_header=False,
        new_columns=names,
        comment_prefix="#",
        null_values="-",
        quote_char=None,
        infer_schema=False,
    )
    have = set(names)
    rows = frame.lazy().select(
        record=pl.int_range(9, pl.len() + 9),
        time=times.from_epoch(pl.col("ts"), "s"),
        **{
            ours: pl.col(theirs).cast(CONNECTIONS[ours].dtype)
            for ours, theirs in {
                "uid": "uid",
                "src_ip": "id.orig_h",
                "src_port": "id.orig_p",
                "dst_ip": "id.resp_h",
                "dst_port": "id.resp_p",
                "proto": "proto",
                "service": "service",
                "duration_seconds": "duration",
                "orig_bytes": "orig_bytes",
                "resp_bytes": "resp_bytes",
                "orig_ip_bytes": "orig_ip_bytes",
                "resp_ip_bytes": "resp_ip_bytes",
                "conn_state": "conn_state",
            }.items()
            if theirs in have
        },
    )
    lines = text.count(b"\n")
    ledger = pl.LazyFrame(
        {
            "source": [str(path)],
            "format": ["zeek"],
            "file_bytes": [path.stat().st_size],
            "lines": [lines],
            "lines_read": [frame.height],
            "lines_continued": [0],
            "lines_rejected": [0],
            "lines_skipped": [lines - frame.height],
        }
    )
    return {"connections": CONNECTIONS.fill(rows, source=str(path), still_open=False), "ledger": ledger}


READER = Reader(
    name="zeek",
    about="Zeek logs, TSV or JSON lines, also gzip: conn, dns, http, ssl; every other log as events",
    tables=("connections", "http_requests", "tls_sessions", "dns_queries", "events"),
    accepts=accepts,
    read=one_by_one(read),
)
