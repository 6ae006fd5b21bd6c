"""Tabular files through a column map, whatever their layout; without a map those that are canonical already."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import Head, Options, Tables, merge
from watchfloor.readers.columns import load
from watchfloor.readers.columns.plan import RECORD, SAMPLE_ROWS, Plan, missing_columns
from watchfloor.readers.intake import files, texts
from watchfloor.readers.records import documents
from watchfloor.readers.table import canonical, objects, sheets
from watchfloor.readers.table.delimited import Delimited, layout
from watchfloor.readers.table.intake import Intake
from watchfloor.readers.table.part import Part, wanted
from watchfloor.schemas import LEDGER, REJECTS, TABLES

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["accepts", "read"]

_PARQUET, _WORKBOOKS = b"PAR1", (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def accepts(head: Head) -> bool:
    """Without a column map, a file whose columns are those of exactly one canonical table."""
    return canonical.table_of(canonical.names_of(head)) is not None


def read(paths: Sequence[Path], options: Options) -> Tables:
    """The canonical table of some files.

    Raises:
        UnreadableFile: a file that is no table, or needs a column map.
        BadColumnMap: a map that does not fit a file.
        AmbiguousTime: clock times without a zone.
    """
    kept: dict[str, Keeper] = {"rejects": Keeper(REJECTS.schema)}
    ledger: list[dict[str, object]] = []
    lazy: list[Tables] = []
    for path in paths:
        head = files.head(path)
        mapping = load(options.columns) if options.columns is not None else _own(head)
        if head.content.startswith(_PARQUET):
            lazy += _parquet(path, mapping, options)
        else:
            ledger.append(_intake(head, mapping, options, kept))
    in_memory = {name: keeper.lazy() for name, keeper in kept.items()}
    return merge([in_memory, {"ledger": pl.LazyFrame(ledger, schema=LEDGER.schema)}, *lazy])


def _own(head: Head) -> ColumnMap:
    """The map of a file that needs none."""
    names = canonical.names_of(head)
    if (table := canonical.table_of(names)) is None:
        raise UnreadableFile(
            f"{head.path}: its columns are those of no canonical table, so a column map is needed",
            hint=f"pass --columns MAP.toml; columns present: {', '.join(names) or 'none found'}",
        )
    return canonical.identity(names, table)


def _parquet(path: Path, mapping: ColumnMap, options: Options) -> list[Tables]:
    """A Parquet file, lazily: nothing is read but what types cannot tell."""
    frame = pl.scan_parquet(files.in_any_order(path), row_index_name=RECORD, row_index_offset=1, glob=False)
    try:
        schema = dict(frame.collect_schema())
        count = frame.select(pl.len()).collect().item()
    except PolarsError as error:
        raise UnreadableFile(f"{path}: no whole Parquet file ({error})", hint="copy it again") from error
    plan = Plan.of(mapping, schema, source=str(path), zone=options.zone)
    frame = plan.choose(frame)
    plan.check(frame.head(SAMPLE_ROWS))
    surveyed = plan.survey(frame)
    _warn(path, surveyed.notes())
    size = path.stat().st_size
    options.progress(size)
    tables = {mapping.table: plan.rows(frame)}
    if mapping.evidence:
        tables["evidence"] = plan.evidence(frame)
    rejects = plan.rejects(frame)
    chosen = frame.select(pl.len()).collect().item() if plan.chosen is not None else count
    counts = rejects.select(
        lines=pl.lit(count),
        lines_read=chosen - pl.len().cast(pl.Int64),
        lines_continued=pl.lit(0),
        lines_rejected=pl.len(),
        lines_skipped=pl.lit(count - chosen),
    )
    notes = "; ".join(surveyed.notes()) or None
    ledger = LEDGER.fill(counts, source=str(path), format="table", file_bytes=size, notes=notes)
    return [tables, {"rejects": rejects, "ledger": ledger}]


def _intake(head: Head, mapping: ColumnMap, options: Options, kept: dict[str, Keeper]) -> dict[str, object]:
    """Any other file: its rows are added to what is kept; its row of the ledger."""
    kept.setdefault(mapping.table, Keeper(TABLES[mapping.table].schema))
    path, is_json = head.path, False
    if head.content.startswith(_WORKBOOKS):
        mapping = sheets.with_dates(mapping)
        intake = Intake(path, mapping, options.zone, kept, json=False)
        options.progress(path.stat().st_size)
        _take(intake, sheets.sheet(path, mapping))
    else:
        _refuse_binary(head)
        is_json = _is_json(head)
        intake = Intake(path, mapping, options.zone, kept, json=is_json)
        listener = texts.Listener(options.progress, intake.partial.append, intake.notes.append, intake.reads_as)
        if is_json and not documents.has_lines(head.lines):
            _take_document(path, mapping, intake, texts.whole(path, mapping.encoding, listener))
        else:
            blocks = texts.blocks(path, mapping.encoding, listener)
            (_take_json_lines if is_json else _take_delimited)(head, mapping, options, intake, blocks)
    _warn(path, intake.surveyed())
    return intake.ledger()


def _take(intake: Intake, parts: Iterable[Part]) -> None:
    for part in parts:
        intake.take(part)


def _take_delimited(head: Head, mapping: ColumnMap, options: Options, intake: Intake, blocks: Iterator[bytes]) -> None:
    first = next(blocks, b"")
    lines = first[: files.HEAD_BYTES].decode("utf-8", errors="replace").split("\n")
    if len(first) > files.HEAD_BYTES:
        lines.pop()
    layout_found = layout([line.removesuffix("\r") for line in lines], mapping)
    parts = Delimited(layout_found).parts(_with(first, blocks), intake.partial)
    ours = options.columns is None
    for part in parts:
        intake.take(replace(part, frame=canonical.armed(part.frame)) if ours else part)


def _take_json_lines(head: Head, mapping: ColumnMap, _: Options, intake: Intake, blocks: Iterator[bytes]) -> None:
    lines = objects.JsonLines(_keys_of_interest(mapping))
    _take(intake, lines.parts(blocks, intake.partial))
    missing_columns(mapping, lines.keys, intake.filled, str(head.path))


def _take_document(path: Path, mapping: ColumnMap, intake: Intake, text: str) -> None:
    found = documents.document(text, str(path), wanted(mapping))
    if found.broken:
        intake.partial.append(found.broken)
    _take(intake, objects.parts_of(found, _keys_of_interest(mapping)))
    some = [record for record in found.records[: objects.LOOKED_AT] if isinstance(record, dict)]
    keys = dict.fromkeys(name for record in some for name in documents.flat_names(record))
    missing_columns(mapping, keys, intake.filled, str(path))


def _keys_of_interest(mapping: ColumnMap) -> list[str]:
    """Keys of the first level: of `a.b` both `a.b` and `a`, since a key may have a dot in its name."""
    names = [name for any_of in wanted(mapping) for name in sorted(any_of)]
    parts = [name.split(".") for name in names]
    return list(dict.fromkeys(".".join(part[:depth]) for part in parts for depth in range(len(part), 0, -1)))


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _refuse_binary(head: Head) -> None:
    if texts.wide(head.path, None) is not None:
        return
    said = files.looks_like(head)
    if not head.content or (said.startswith(("this is", "binary"))):
        raise UnreadableFile(f"{head.path}: {said}", hint="a table is CSV, TSV, XLSX, JSON, JSON lines or Parquet")


def _is_json(head: Head) -> bool:
    text = head.content.decode("utf-8", errors="replace").lstrip()
    return text.startswith("{") or (text.startswith("[") and text[1:].lstrip()[:1] in ("{", "]", ""))


def _warn(path: Path, notes: Iterable[str]) -> None:
    for note in notes:
        warnings.warn(f"{path}: {note}", stacklevel=2)
