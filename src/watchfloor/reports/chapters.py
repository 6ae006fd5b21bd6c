"""What every document of answers says beside its tables: key figures, where numbers come from, what was not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata

import polars as pl

from watchfloor.hostile import harmless
from watchfloor.result import Provenance, Result
from watchfloor.wording import kind_of, label_of, spoken

__all__ = [
    "TILES",
    "Fact",
    "as_read",
    "chapters_of",
    "everything",
    "facts_of",
    "merged",
    "paragraphs",
    "tiles_of",
    "traces_of",
    "warnings_of",
    "when",
]

TILES = 12
"""A table of one row and at most this many columns is shown as key figures."""


@dataclass(frozen=True)
class Fact:
    """A label and its value; the note is small print."""

    label: str
    value: str
    note: str = ""


def everything(results: Sequence[Result]) -> Iterator[Result]:
    """The answers and their parts, each before its parts."""
    for result in results:
        yield result
        yield from everything(result.parts)


def chapters_of(results: Sequence[Result], rejects: pl.LazyFrame | None, ledger: pl.LazyFrame | None) -> list[Result]:
    """The answers, then what was read, then what could not be read."""
    provenance = merged(results)
    last = [_inputs(provenance, ledger)] if provenance.inputs or ledger is not None else []
    if rejects is not None and (provenance.rejected or rejects.head(1).collect().height):
        last.append(_rejects(rejects))
    return [*results, *last]


def merged(results: Sequence[Result]) -> Provenance:
    """One provenance for several answers: all inputs, each once."""
    traces = [result.provenance for result in results] or [Provenance()]
    periods = [trace.period for trace in traces if trace.period]
    return replace(
        traces[0],
        inputs=tuple(dict.fromkeys(source for trace in traces for source in trace.inputs)),
        rows_in={name: rows for trace in traces for name, rows in trace.rows_in.items()},
        rejected=max(trace.rejected for trace in traces),
        period=(min(start for start, _ in periods), max(end for _, end in periods)) if periods else None,
        made_time=max((trace.made_time for trace in traces if trace.made_time), default=None),
    )


def tiles_of(frame: pl.DataFrame) -> list[Fact]:
    """The only row of a table as key figures, or none; the ends of an interval are small print below their figure."""
    if frame.height != 1 or not 0 < frame.width <= TILES:
        return []
    row, tiles = frame.row(0, named=True), []
    for series in frame:
        base = series.name.removesuffix("_low").removesuffix("_high")
        if base != series.name and base in row:
            continue
        kind = kind_of(series.name, series.dtype)
        low, high = (row.get(f"{series.name}_{end}") for end in ("low", "high"))
        note = f"{spoken(low, kind)} to {spoken(high, kind)}" if low is not None and high is not None else ""
        tiles.append(Fact(label_of(series.name), spoken(row[series.name], kind) or "unknown", note))
    return tiles


def facts_of(provenance: Provenance) -> Iterator[Fact]:
    """What stands below the title: period, time of making, version, inputs."""
    if provenance.period:
        yield Fact("Period", f"{when(provenance.period[0])} to {when(provenance.period[1])}")
    if provenance.made_time:
        yield Fact("Made", when(provenance.made_time))
    yield Fact("By", f"watchfloor {metadata.version('watchfloor')}")
    if provenance.inputs:
        size = sum(source.bytes or 0 for source in provenance.inputs)
        inputs = "input" if len(provenance.inputs) == 1 else "inputs"
        yield Fact("From", f"{len(provenance.inputs):,} {inputs}, {spoken(size, 'bytes')}")
    for name, rows in provenance.rows_in.items():
        yield Fact(label_of(name), f"{rows:,}")


def as_read(frame: pl.DataFrame, result: Result) -> pl.DataFrame:
    """The columns in the order of reading: what a row says first, the file and line that it came from last."""
    where = ["source", "record"]
    last = [name for name in result.json_columns if name in frame.columns]
    if frame.columns[:2] == where and frame.width > 6:
        last += where
    first = [name for name in result.first_columns if name in frame.columns]
    return frame.select(*first, pl.exclude(*first, *last), *last) if first or last else frame


def warnings_of(provenance: Provenance) -> Iterator[str]:
    """What a reader must know before any number: what was not read."""
    if provenance.rejected:
        records = "record" if provenance.rejected == 1 else "records"
        yield f"{provenance.rejected:,} {records} could not be read: in no figure here, at the end with the reasons."
    if cut := [source for source in provenance.inputs if source.partial]:
        names = "; ".join(f"{harmless(source.source)} ({harmless(source.partial or '')})" for source in cut[:3])
        more = f"; and {len(cut) - 3:,} more" if len(cut) > 3 else ""
        yield f"{len(cut):,} of {len(provenance.inputs):,} inputs were not read to their end: {names}{more}."


def traces_of(provenance: Provenance) -> Iterator[Fact]:
    """Where the numbers of one answer come from."""
    if provenance.question:
        yield Fact("question", harmless(provenance.question))
    for name, value in provenance.parameters.items():
        yield Fact(harmless(name), harmless(str(value)))
    for name, rows in provenance.rows_in.items():
        yield Fact(f"rows of {harmless(name)}", f"{rows:,}")
    for name, version in provenance.versions.items():
        yield Fact(harmless(name), harmless(version))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of an explanation."""
    return [harmless(line) for line in text.splitlines() if line.strip()]


def when(instant: datetime) -> str:
    """An instant to the minute, in UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _inputs(provenance: Provenance, ledger: pl.LazyFrame | None) -> Result:
    """What was read: each input with its hash, and what became of its lines."""
    columns = {
        "source": pl.String,
        "format": pl.String,
        "bytes": pl.Int64,
        "lines": pl.Int64,
        "rejected": pl.Int64,
        "partial": pl.String,
        "sha256": pl.String,
    }
    table = pl.LazyFrame([{name: getattr(source, name) for name in columns} for source in provenance.inputs], columns)
    if ledger is not None:
        lines = pl.col("lines_read", "lines_continued", "lines_rejected", "lines_skipped")
        counted = ledger.unique("source", maintain_order=True).select("source", "partial", lines)
        table = (
            table.drop("rejected", "partial").join(counted, on="source", how="left", maintain_order="left")
            if provenance.inputs
            else ledger
        )
        table = table.select(pl.exclude("sha256"), *(["sha256"] if provenance.inputs else []))
    return Result(
        title="What was read",
        name="inputs",
        table=table,
        explanation="Each input with the hash of its bytes. Its lines were read (as the first line of a record), "
        "continued (further lines of a record), rejected, or skipped (headers, comments, empty lines).",
    )


def _rejects(rejects: pl.LazyFrame) -> Result:
    """What could not be read, by reason and record by record."""
    by_reason = (
        rejects.group_by("reason")
        .agg(records=pl.len(), sources=pl.col("source").n_unique(), example=pl.col("text").first())
        .sort("records", "reason", descending=[True, False])
    )
    return Result(
        title="What could not be read",
        name="rejects",
        table=rejects,
        parts=(Result(title="By reason", name="rejects by reason", table=by_reason),),
        explanation="Records that no reader understood. They are in none of the figures above.",
    )
