"""Loki-RS's JSON lines: a finding for each reason of a match, and the scans of the file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.instants import instant_of
from watchfloor.jsonvalues import Rest, text_of
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.jsonrecords import read_json, share_of
from watchfloor.schemas import SCANS

__all__ = ["READER"]

_SCANNER = "Loki-RS"
_EVENTS = {"scan_start", "scan_end", "file_match", "process_match", "info", "error"}
_YARA = re.compile(r"YARA(?:-X)? match with rule \"?([^\s\"]+)")
_KINDS = (
    (re.compile(r"(?i)\byara"), "yara"),
    (re.compile(r"(?i)\bfile ?name\b"), "filename"),
    (re.compile(r"(?i)\bhash\b"), "hash"),
    (re.compile(r"(?i)\bc2\b|\bconnection\b"), "connection"),
)
_VERSION = re.compile(r"VERSION: ?(\S+)")
_COUNTED = {
    "alerts_counted": re.compile(r"Alerts: ?([0-9]{1,9})"),
    "warnings_counted": re.compile(r"Warnings: ?([0-9]{1,9})"),
}
_LEVELS = {"ERROR": "errors", "WARNING": "warnings", "ALERT": "alerts", "NOTICE": "notices"}


def accepts(head: Head) -> float:
    """The share of objects with a kind of Loki-RS and a host."""
    return share_of(head, _is_loki)


def _is_loki(found: Mapping[str, Any]) -> bool:
    kind = found.get("event_type")
    return (
        isinstance(kind, str) and kind in _EVENTS and {"timestamp", "level"} <= found.keys() and "flow_id" not in found
    )


def read(path: Path, options: Options) -> Tables:
    """The findings and scans of one file."""
    names = ({"event_type"}, {"level"})
    tables = read_json(path, options, format=READER.name, tables=READER.tables, make=_rows, names=names)
    scans = _scans(tables["scans"].collect())
    return tables | {"scans": SCANS.fill(scans, source=str(path), scanner=_SCANNER)}


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The findings of a record, and what it adds to its scan."""
    rest = Rest(found)
    kind = rest.word("event_type")
    instant = instant_of(rest.take("timestamp"))
    if kind not in _EVENTS:
        raise ValueError(f"no record of Loki-RS: event_type is {kind!r}"[:200])
    if instant is None or instant.exact is None:
        raise ValueError("no timestamp with an offset")
    level, host, message = (rest.word("level") or "").upper(), rest.word("hostname"), rest.word("message") or ""
    scan: dict[str, Any] = {"host": host} | {column: int(level == name) for name, column in _LEVELS.items()}
    if kind == "scan_start":
        version = _VERSION.search(message)
        scan |= {"started_time": instant.exact, "version": version[1] if version else None}
    if kind == "scan_end":
        counted = {column: pattern.search(message) for column, pattern in _COUNTED.items()}
        scan |= {"ended_time": instant.exact} | {name: int(hit[1]) for name, hit in counted.items() if hit}
    yield "scans", scan
    if kind.endswith("_match"):
        hit = {"time": instant.exact, "host": host, "scanner": _SCANNER, "level": level or None} | _hit(rest, kind)
        reasons = rest.take("reasons")
        listed = [one for one in reasons if isinstance(one, dict)] if isinstance(reasons, list) else []
        for number, reason in enumerate(listed, 1):
            yield "findings", hit | {"reason_number": number} | _reason(Rest(reason), kind)
        if not listed:
            yield "findings", hit | {"message": message or None}


def _hit(rest: Rest, kind: str) -> dict[str, Any]:
    score = rest.take("score")
    hit: dict[str, Any] = {
        "module": "FileScan" if kind == "file_match" else "ProcessScan",
        "score": math.floor(score + 0.5) if isinstance(score, int | float) else None,
        "path": rest.word("file_path", "context.PATH", "context.EXE"),
        "file_type": rest.word("file_type"),
        "size_bytes": rest.integer("file_size"),
        "md5": rest.word("md5", "context.MD5"),
        "sha1": rest.word("sha1", "context.SHA1"),
        "sha256": rest.word("sha256", "context.SHA256"),
        "pid": rest.integer("pid"),
        "process": rest.word("process_name"),
        "user": rest.word("context.USER", "context.OWNER"),
        "command": rest.word("context.CMD"),
    }
    for name in ("created", "modified", "accessed"):
        text = rest.word(f"file_{name}")
        instant = instant_of(text)
        hit |= {f"{name}_text": text, f"file_{name}_time": instant.exact if instant else None}
    return hit


def _reason(rest: Rest, kind: str) -> dict[str, Any]:
    message = rest.word("message") or ""
    rule = _YARA.match(message)
    other = "process" if kind == "process_match" else "other"
    matched = rest.take("matched_strings")
    texts = [text for one in matched if (text := text_of(one))] if isinstance(matched, list) else []
    return {
        "reason": next((name for pattern, name in _KINDS if pattern.search(message.split("\n")[0])), other),
        "rule": rule[1] if rule else None,
        "subscore": rest.integer("score"),
        "description": rest.word("description"),
        "reference": rest.word("reference"),
        "author": rest.word("author"),
        "matched": ", ".join(texts) or None,
        "message": message or None,
    }


def _scans(records: pl.DataFrame) -> pl.DataFrame:
    """The scans, of what each record adds to its own: a scan begins with its first record, or where the file does."""
    begun, ended = pl.col("started_time").is_not_null(), pl.col("ended_time").is_not_null()
    keyed = records.with_columns(of=begun.cum_sum().over("host"))
    scans = keyed.group_by("host", "of", maintain_order=True).agg(
        pl.col("record", "version", "started_time").first(),
        pl.col("ended_time", "alerts_counted", "warnings_counted").drop_nulls().last(),
        pl.col(*_LEVELS.values()).sum(),
    )
    lost = pl.col("alerts_counted") - pl.col("alerts")
    return scans.with_columns(
        complete=pl.when(begun & ended).then(True).when(begun).then(False),
        why_incomplete=pl.when(begun & ~ended)
        .then(pl.lit("no end record"))
        .when(~begun)
        .then(pl.lit("no start record")),
        remarks=pl.when(lost > 0).then(pl.format("{} alerts that the scanner counted are not in this file", lost)),
    )


READER = Reader(
    name="loki-rs",
    about="Loki-RS's JSON lines: a finding for each reason of a match, and the scans",
    tables=("findings", "scans"),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects whose `event_type` is scan_start, file_match, process_match, info, .., with `level`",
)
