"""Exports of flow collectors, as tables and as JSON, with one row for each conversation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import REJECTED_CHARACTERS, Head, Options, Reader, Tables
from watchfloor.readers.columns.plan import LINES, RECORD
from watchfloor.readers.columns.written import found
from watchfloor.readers.flows.exporters import Exporter, exporter_of, plain
from watchfloor.readers.flows.pairing import as_conversations
from watchfloor.readers.flows.rows import BAD, flow_rows
from watchfloor.readers.intake import files, texts
from watchfloor.readers.records import documents
from watchfloor.readers.records.jsonrecords import are_lines, objects_of, share_of
from watchfloor.readers.table.delimited import Delimited, Layout, layout
from watchfloor.readers.table.objects import JsonLines, parts_of
from watchfloor.readers.table.part import Part
from watchfloor.schemas import CONNECTIONS, LEDGER, REJECTS

__all__ = ["JSON", "TABLE"]

_LOOKED_AT = 50
_SUMMARY = r"^(?:Summary: |Sys: |Time window: |Total flows |Ident: )"
"""Below its table nfdump sums up."""


def accepts_table(head: Head) -> float:
    """The share of rows that have as many cells as the header, which a collector is known by."""
    if head.content.lstrip()[:1] in (b"{", b"[", b"<", b"#"):
        return 0.0
    return 1.0 if _table_of(head.lines[: _LOOKED_AT + 1]) else 0.0


def accepts_json(head: Head) -> float:
    """The share of objects that a collector is known by."""
    return share_of(head, lambda one: exporter_of(_keys(one), "json"))


def read_table(path: Path, options: Options) -> Tables:
    """The connections of one table.

    Raises:
        UnreadableFile: no header of a collector that is known.
        AmbiguousTime: clock times, and no zone.
    """
    told = _Told(options)
    blocks = texts.blocks(path, None, told.listener)
    first = next(blocks, b"")
    lines = first[: files.HEAD_BYTES].decode("utf-8", errors="replace").split("\n")
    known = _table_of([line.removesuffix("\r") for line in lines[:-1] or lines])
    if known is None:
        raise UnreadableFile(f"{path}: no header of a flow collector", hint="map its columns: --columns MAP.toml")
    exporter, shape = known
    theirs: dict[str, list[str]] = {}
    for name in shape.names:
        theirs.setdefault(plain(name), []).append(name)
    said = {
        column: [pl.col(own) for name in names for own in theirs.get(name, ())]
        for column, names in exporter.columns.items()
    }
    used = {name for names in exporter.columns.values() for name in names}
    others = {name: _meant(name) for name in shape.names if plain(name) not in used and not name.startswith("column_")}
    parts = (_without_summary(part) for part in Delimited(shape).parts(chain([first], blocks), told.partial))
    return _read(path, options, exporter, parts, said=said, others=others, told=told, format="flow-table")


def read_json(path: Path, options: Options) -> Tables:
    """The connections of one file of JSON.

    Raises:
        UnreadableFile: no objects of a collector that is known.
        AmbiguousTime: clock times, and no zone.
    """
    head = files.head(path)
    objects = [one for some in objects_of(head) for one in _within(some)]
    exporter = next((known for one in objects if (known := exporter_of(_keys(one), "json"))), None)
    if exporter is None:
        raise UnreadableFile(f"{path}: no JSON of a flow collector", hint="map its keys: --columns MAP.toml")
    # Of `a.b` both `a.b` and `a`, since a key may have a dot in its name.
    steps = [name.split(".") for name in exporter.asked]
    keys = list(dict.fromkeys(".".join(step[:n]) for step in steps for n in range(len(step), 0, -1)))
    schema = dict.fromkeys(keys, pl.String())
    told = _Told(options)
    if are_lines(head):
        parts: Iterable[Part] = JsonLines(keys).parts(texts.blocks(path, None, told.listener), told.partial)
    else:
        document = documents.document(texts.whole(path, None, told.listener), str(path), ())
        if document.broken:
            told.partial.append(document.broken)
        parts = parts_of(document, keys)

    def of(name: str) -> pl.Expr:
        place = found(name, schema, json=True)
        return place[0] if place else pl.lit(None, pl.String)

    said = {column: [of(name) for name in names] for column, names in exporter.columns.items()}
    others = {name: of(name) for name in exporter.keep}
    return _read(path, options, exporter, parts, said=said, others=others, told=told, format="flow-json")


class _Told:
    """What happens while a file is read."""

    def __init__(self, options: Options) -> None:
        self.partial: list[str] = []
        self.notes: list[str] = []
        self.encodings: list[str] = []
        self.listener = texts.Listener(options.progress, self.partial.append, self.notes.append, self.encodings.append)


def _read(
    path: Path,
    options: Options,
    exporter: Exporter,
    parts: Iterable[Part],
    *,
    said: Mapping[str, Sequence[pl.Expr]],
    others: Mapping[str, pl.Expr],
    told: _Told,
    format: str,
) -> Tables:
    connections, rejects = Keeper(CONNECTIONS.schema), Keeper(REJECTS.schema)
    counts = dict.fromkeys(("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped"), 0)
    for part in parts:
        rows = flow_rows(part.frame, exporter, said, others, source=str(path), zone=options.zone)
        bad = rows.filter(pl.col(BAD).is_not_null())
        good = rows.filter(pl.col(BAD).is_null())
        names = [name for name in CONNECTIONS.schema.names() if name in rows.columns]
        kept = CONNECTIONS.fill(good.select(*names, pl.col(RECORD).alias("record")), source=str(path))
        connections.add(kept.collect())
        rejects.add(_rejects(part, bad, str(path)))
        lost = sum(reject.lines for reject in part.rejects) + int(bad[LINES].sum())
        counts["lines"] += part.lines
        counts["lines_read"] += good.height
        counts["lines_continued"] += int(good[LINES].sum()) - good.height
        counts["lines_rejected"] += lost
        counts["lines_skipped"] += part.skipped
    ledger = {
        **{"source": str(path), "format": format, "file_bytes": path.stat().st_size, **counts},
        "encoding": told.encodings[-1] if told.encodings else None,
        "partial": "; ".join(dict.fromkeys(told.partial)) or None,
        "notes": "; ".join(dict.fromkeys([*told.notes, *_notes(exporter)])) or None,
    }
    return {
        "connections": connections.lazy(),
        "rejects": rejects.lazy(),
        "ledger": pl.LazyFrame([ledger], schema=LEDGER.schema),
    }


def _notes(exporter: Exporter) -> Iterator[str]:
    payload = ", payload where it is counted (orig_bytes)" if "orig_bytes" in exporter.columns else ""
    yield f"flows of {exporter.name}: sizes are IP-level (orig_ip_bytes){payload}"
    if exporter.note:
        yield exporter.note


def _keys(one: Mapping[str, Any]) -> set[str]:
    """Keys of an object, with a dot for a step into an object."""
    return set(documents.flat_names(one)) | set(one)


def _within(one: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """An object, or those in its only list."""
    if one is None:
        return
    yield one
    for value in one.values():
        if isinstance(value, list) and documents.are_objects(value):
            yield from value[:1]


def _table_of(lines: Sequence[str]) -> tuple[Exporter, Layout] | None:
    """The collector that wrote a table, and how it is written; it must have rows."""
    if len(lines) < 2:
        return None
    shape = layout([*lines], None)
    exporter = exporter_of(shape.names, "table")
    return (exporter, shape) if exporter is not None else None


def _meant(name: str) -> pl.Expr:
    """A cell that says something."""
    text = pl.col(name).str.strip_chars()
    return pl.when(~text.is_in(["", "-", "N/A"])).then(text)


def _without_summary(part: Part) -> Part:
    """What nfdump sums up below its table is no record: a line `Summary`, names, figures; or lines that begin so."""
    sums = [one.record for one in part.rejects if one.text.strip() == "Summary"]
    below = {record + n for record in sums for n in range(3)}
    left = [one for one in part.rejects if one.record not in below and not re.match(_SUMMARY, one.text)]
    lines = sum(one.lines for one in part.rejects) - sum(one.lines for one in left)
    return replace(part, rejects=left, skipped=part.skipped + lines)


def _rejects(part: Part, bad: pl.DataFrame, source: str) -> pl.DataFrame:
    """Rejects of the layout, and records that are no flow, in the order of the file."""
    rows = [(one.record, one.lines, one.reason, one.text) for one in part.rejects]
    rows += [
        (record, lines, reason, part.text(record, lines))
        for record, lines, reason in bad[[RECORD, LINES, BAD]].iter_rows()
    ]
    schema = {"record": pl.Int64, "lines": pl.Int64, "reason": pl.String, "text": pl.String}
    frame = pl.DataFrame(sorted(rows), schema=schema, orient="row")
    return REJECTS.fill(frame.with_columns(pl.col("text").str.head(REJECTED_CHARACTERS)), source=source).collect()


TABLE = Reader(
    name="flow-table",
    about="Flows as tables: Argus `ra -c`, nfdump `-o csv`, SiLK `rwcut`, pmacct; halves of a conversation are one row",
    tables=("connections",),
    accepts=accepts_table,
    read=as_conversations(read_table),
    sign="a header with the names of Argus, nfdump, SiLK or pmacct",
)
JSON = Reader(
    name="flow-json",
    about="NetFlow and IPFIX as JSON: nfdump, pmacct, GoFlow2, Logstash, Filebeat, ElastiFlow, yaf; halves are one row",
    tables=("connections",),
    accepts=accepts_json,
    read=as_conversations(read_json),
    sign="JSON with the keys of a flow collector",
)
