"""Reads offenses and, from the files beside them, the closing reasons, rules, domains and tenants that they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.mappings.qradar import Lookups, Offenses, alerts_of, evidence_of
from watchfloor.readers._reader import Options, Tables, merge
from watchfloor.readers.intake import files, texts
from watchfloor.readers.qradar.cells import Cells, keys_of, rows_of
from watchfloor.readers.qradar.kinds import Kind, has_header, kind_of, misspelled
from watchfloor.readers.qradar.reasons import reasons_in
from watchfloor.readers.records.documents import document, has_lines, loads
from watchfloor.schemas import LEDGER, REJECTS

__all__ = ["read"]


@dataclass
class _Export:
    """One file: its records with their numbers, and what is no record."""

    path: Path
    kind: Kind
    records: list[tuple[int, Any]]
    lines: int
    """Of JSON lines; records where the format has no lines."""
    offenses: int = 0
    """Records that are offenses."""
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    """Number, reason and text of each."""
    spans: dict[int, int] = field(default_factory=dict)
    """Lines of the records that have more than one."""
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    """Closing reasons, domains and offense types that were written in place of their ids, with ids of their own."""
    partial: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(paths: Sequence[Path], options: Options) -> Tables:
    """Alerts and evidence of offenses.

    Raises:
        UnreadableFile: no file with offenses, or one that is not as the API returns them.
    """
    exports, refused = _exports(paths, options)
    lookups = Lookups(verdicts=options.verdicts)
    for export in exports:
        if export.kind != "offenses":
            lookups.add(export.kind, [record for _, record in export.records])
        lookups.reasons |= {number: name for name, number in export.names.get("closing_reason_id", {}).items()}
        lookups.domains |= {number: name for name, number in export.names.get("domain_id", {}).items()}
        lookups.offense_types |= {number: name for name, number in export.names.get("offense_type", {}).items()}
    if options.closing_reasons is not None:
        lookups.add("closing reasons", reasons_in(options.closing_reasons))
    offenses = [export for export in exports if export.kind == "offenses"]
    if not offenses:
        raise refused[0] if refused else _nothing(exports)
    latest = _latest([_offenses(export) for export in offenses])
    if options.mapping is not None:
        offenses[0].notes.append(lookups.verdicts.note)
    parts = [_tables(export, rows, lookups) for export, rows in zip(offenses, latest, strict=True)]
    parts += [_of_names(export) for export in exports if export.kind != "offenses"]
    parts += [_refused(error) for error in refused]
    return merge(parts)


def _exports(paths: Sequence[Path], options: Options) -> tuple[list[_Export], list[UnreadableFile]]:
    """Every file that can be read; where others can, one that cannot must not take their closing reasons away."""
    exports: list[_Export] = []
    refused: list[UnreadableFile] = []
    for path in paths:
        try:
            exports.append(_export(path, options, exports))
        except UnreadableFile as error:
            if len(paths) == 1:
                raise
            refused.append(error)
    return exports, refused


def _nothing(exports: Sequence[_Export]) -> UnreadableFile:
    kinds = ", ".join(sorted({export.kind for export in exports})) or "nothing"
    return UnreadableFile(f"{exports[0].path}: {kinds}, but no offenses", hint="name the file with the offenses too")


def _export(path: Path, options: Options, before: Sequence[_Export]) -> _Export:
    """The records of a file; names in place of ids go on with the ids of the files before.

    Raises:
        UnreadableFile: neither JSON nor CSV, or not as QRadar's API returns it.
        AmbiguousTime: clock times in CSV, and no zone.
    """
    export = _Export(path, "offenses", [], 0)
    head = files.head(path)
    if why := misspelled(head.content.decode("utf-8", errors="replace")):
        raise UnreadableFile(f"{path}: {why}", hint="export GET /siem/offenses as JSON")
    listener = texts.Listener(options.progress, export.partial.append, export.notes.append)
    if has_header(head):
        names = next((one.names for one in reversed(before) if one.names), None)
        _add_rows(export, texts.whole(path, None, listener), Cells([], options.zone, str(path)), names)
        return export
    if has_lines(head.lines):
        _add_lines(export, texts.blocks(path, None, listener))
    else:
        _add_document(export, texts.whole(path, None, listener))
    first = next((record for _, record in export.records if isinstance(record, dict)), {})
    export.kind = kind_of(first, path) or "offenses"
    if any(isinstance(record, dict) and "http_response" in record for _, record in export.records):
        export.partial.append("the API answered with an error within the list")
    return export


def _add_document(export: _Export, text: str) -> None:
    found = document(text, str(export.path), [{"status"}, {"id"}])
    export.records = list(enumerate(found.records, start=1))
    export.lines = len(found.records)
    if found.broken:
        export.partial.append(found.broken)
    if found.rest:
        export.lines += 1
        export.rejects.append((export.lines, found.broken or "no JSON", found.rest))


def _add_rows(export: _Export, text: str, cells: Cells, names: dict[str, dict[str, int]] | None) -> None:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    export.lines = len(lines)
    header = next(place for place, line in enumerate(lines) if line.strip())
    cells.keys, mark = keys_of(lines[header])
    if names is not None:
        cells.names = names
    export.names = cells.names
    for row in rows_of(lines[header:], mark, len(cells.keys)):
        number = row.number + header
        if row.lines > 1:
            export.spans[number] = row.lines
        try:
            if row.wrong is not None:
                raise ValueError(row.wrong)
            export.records.append((number, cells.offense(row.cells)))
        except ValueError as error:
            export.rejects.append((number, f"{error}", row.text))


def _add_lines(export: _Export, blocks: Iterable[bytes]) -> None:
    for line in (line for block in blocks for line in block.removesuffix(b"\n").split(b"\n")):
        export.lines += 1
        if not line.strip():
            continue
        try:
            export.records.append((export.lines, loads(line.decode())))
        except (ValueError, RecursionError) as error:
            reason = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error}"
            export.rejects.append((export.lines, reason, line.decode(errors="replace").removesuffix("\r")))


def _tables(export: _Export, offenses: Offenses, lookups: Lookups) -> Tables:
    """The tables of one file of offenses, earlier states left out."""
    source = str(export.path)
    if again := export.offenses - offenses.rows.height:
        export.notes.append(f"{again:,} records are earlier states or copies of other records")
    return {
        "alerts": alerts_of(offenses, lookups, source),
        "evidence": evidence_of(offenses, lookups, source),
        "rejects": _rejects(export),
        "ledger": _ledger(
            export,
            read=offenses.rows.height,
            continued=sum(export.spans.get(record, 1) - 1 for record in offenses.rows["record"]),
        ),
    }


def _of_names(export: _Export) -> Tables:
    """A file of names: none of its records is a row of a table."""
    export.notes.append(f"names of {export.kind}")
    return {"rejects": _rejects(export), "ledger": _ledger(export, read=0)}


def _offenses(export: _Export) -> Offenses:
    def reject(number: int, reason: str, record: Any) -> None:
        export.rejects.append((number, reason, json.dumps(record)))

    offenses = Offenses.of(export.records, reject)
    export.offenses = offenses.rows.height
    return offenses


def _latest(files_of: Sequence[Offenses]) -> list[Offenses]:
    """Each offense once, in its last state, in the file that has it: pages that shift while they are read give some
    twice. Ids begin again after a Hard Clean, so the start counts too."""
    changed = pl.coalesce("last_persisted_time", "close_time", "last_updated_time", pl.lit(0))
    offense = ("id", "start_time")
    latest = (
        pl.concat(of_file.rows.with_columns(file=pl.lit(number)) for number, of_file in enumerate(files_of))
        .with_columns(place=changed.rank("ordinal").over(offense))
        .filter(pl.col("place") == pl.col("place").max().over(offense))
    )
    return [
        of_file.only(latest.filter(pl.col("file") == number).drop("file", "place"))
        for number, of_file in enumerate(files_of)
    ]


def _rejects(export: _Export) -> pl.LazyFrame:
    columns = list(zip(*sorted(export.rejects), strict=True)) or [(), (), ()]
    rejects = dict(zip(("record", "reason", "text"), columns, strict=True))
    frame = pl.DataFrame(rejects, schema={"record": pl.Int64, "reason": pl.String, "text": pl.String})
    lines = [export.spans.get(number, 1) for number in columns[0]]
    counted = frame.with_columns(pl.col("text").str.head(2000), lines=pl.Series(lines, dtype=pl.Int64))
    return REJECTS.fill(counted, source=str(export.path))


def _ledger(export: _Export, *, read: int, continued: int = 0) -> pl.LazyFrame:
    rejected = sum(export.spans.get(number, 1) for number, _, _ in export.rejects)
    row = {
        "source": str(export.path),
        "format": "qradar",
        "file_bytes": export.path.stat().st_size,
        "lines": export.lines,
        "lines_read": read,
        "lines_continued": continued,
        "lines_rejected": rejected,
        "lines_skipped": export.lines - read - continued - rejected,
        "partial": "; ".join(export.partial) or None,
        "notes": "; ".join(export.notes) or None,
    }
    return pl.LazyFrame([row], schema=LEDGER.schema)


def _refused(error: UnreadableFile) -> Tables:
    """A file that is not as the API returns it, among others that are: a reject, so that it is seen."""
    source, _, reason = str(error).partition(": ")
    return {
        "rejects": pl.LazyFrame({"source": [source], "reason": [reason]}),
        "ledger": pl.LazyFrame({"source": [source], "format": ["qradar"], "partial": [reason]}),
    }
