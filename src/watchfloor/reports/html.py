"""The HTML report: one file that opens anywhere, fetches nothing, and runs nothing but its own script.

Tables are our own 250 lines of JavaScript (11 kB), not the DataTables bundle of itables (726 kB per report)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from watchfloor.charts.draw import Picture, picture
from watchfloor.hostile import harmless
from watchfloor.reports.atomic import replacing
from watchfloor.reports.view import ALL_ROWS, Room, View, view_of
from watchfloor.result import Provenance, Result
from watchfloor.wording import kind_of, label_of, spoken

__all__ = ["render", "write", "write_report"]

TILES = 12
"""A table of one row and at most this many columns is shown as key figures."""


def write(result: Result, path: Path) -> None:
    """One answer as a report."""
    write_report([result], path, title=result.title, rejects=result.rejects)


def write_report(
    results: Sequence[Result],
    path: Path,
    *,
    title: str,
    rejects: pl.LazyFrame | None = None,
    ledger: pl.LazyFrame | None = None,
) -> None:
    """Several answers in one file, with what was read and what could not be read."""
    page = render(results, title=title, rejects=rejects, ledger=ledger)
    with replacing(path) as beside:
        beside.write_text(page, encoding="utf-8", errors="replace", newline="\n")


@dataclass(frozen=True)
class Fact:
    """A label and its value; the note is small print."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    id: str
    title: str
    explanation: Sequence[str] = ()
    tiles: Sequence[Fact] = ()
    figures: Sequence[Picture] = ()
    view: View | None = None
    parts: Sequence[Section] = ()
    provenance: Sequence[Fact] = ()


@dataclass
class _Pen:
    """What sections of one page share: names that are taken, room that is left."""

    room: Room = field(default_factory=Room)
    taken: set[str] = field(default_factory=set)

    def ident(self, text: str) -> str:
        """A word for an anchor, no two alike."""
        slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "part"
        word, number = slug, 1
        while word in self.taken:
            number += 1
            word = f"{slug}-{number}"
        self.taken.add(word)
        return word


def render(
    results: Sequence[Result],
    *,
    title: str,
    rejects: pl.LazyFrame | None = None,
    ledger: pl.LazyFrame | None = None,
) -> str:
    """The page."""
    pen = _Pen()
    sections = [_section(result, pen) for result in results]
    provenance = results[0].provenance if results else Provenance()
    if (inputs := _inputs(provenance, ledger)) is not None:
        sections.append(_section(inputs, pen))
    if rejects is not None and provenance.rejected:
        sections.append(_section(_rejects(rejects), pen))
    css, js = _asset("report.css"), _asset("report.js")
    version = metadata.version("watchfloor")
    made = max((r.provenance.made_time for r in results if r.provenance.made_time), default=None)
    return _template().render(
        title=harmless(title),
        version=version,
        made=_when(made),
        facts=list(_facts(provenance, made, version)),
        warnings=list(_warnings(provenance)),
        sections=sections,
        css=Markup(css),  # noqa: S704 - our own file
        js=Markup(js),  # noqa: S704 - our own file
        policy="; ".join(
            (
                "default-src 'none'",
                f"script-src {_hash(js)}",
                f"style-src {_hash(css)}",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    )


def _section(result: Result, pen: _Pen) -> Section:
    name = result.name or result.title
    ident = pen.ident(name)
    frame = result.table.head(ALL_ROWS + 1).collect()
    few = frame.height == 1 and 0 < frame.width <= TILES
    return Section(
        id=ident,
        title=harmless(result.title),
        explanation=[harmless(text) for text in result.explanation.splitlines() if text.strip()],
        tiles=list(_tiles(frame)) if few else (),
        figures=[picture(chart, frame) for chart in result.charts],
        view=None if few or not frame.width else view_of(result.table, frame, ident, f"table-{ident}", pen.room),
        parts=[_section(part, pen) for part in result.parts],
        provenance=list(_traces(result.provenance)),
    )


def _tiles(frame: pl.DataFrame) -> Iterator[Fact]:
    """The only row as key figures; the ends of an interval are the small print of what they belong to."""
    row = frame.row(0, named=True)
    for series in frame:
        base = series.name.removesuffix("_low").removesuffix("_high")
        if base != series.name and base in row:
            continue
        kind = kind_of(series.name, series.dtype)
        low, high = (row.get(f"{series.name}_{end}") for end in ("low", "high"))
        note = f"{spoken(low, kind)} to {spoken(high, kind)}" if low is not None and high is not None else ""
        yield Fact(label_of(series.name), spoken(row[series.name], kind) or "unknown", note)


def _facts(provenance: Provenance, made: datetime | None, version: str) -> Iterator[Fact]:
    if made:
        yield Fact("Made", _when(made))
    yield Fact("By", f"watchfloor {version}")
    if provenance.inputs:
        size = sum(source.bytes or 0 for source in provenance.inputs)
        yield Fact("From", f"{len(provenance.inputs):,} inputs, {spoken(size, 'bytes')}")
    for name, rows in provenance.rows_in.items():
        yield Fact(label_of(name), f"{rows:,}")


def _warnings(provenance: Provenance) -> Iterator[str]:
    if provenance.rejected:
        yield f"{provenance.rejected:,} records could not be read. They are listed at the end, each with its reason."
    if cut := [source for source in provenance.inputs if source.partial]:
        names = "; ".join(f"{harmless(source.source)}: {harmless(source.partial or '')}" for source in cut[:3])
        more = f"; and {len(cut) - 3:,} more" if len(cut) > 3 else ""
        yield f"{len(cut):,} of {len(provenance.inputs):,} inputs were not read to their end: {names}{more}."


def _traces(provenance: Provenance) -> Iterator[Fact]:
    if provenance.question:
        yield Fact("Question", harmless(provenance.question))
    for name, value in provenance.parameters.items():
        yield Fact(harmless(name), harmless(str(value)))
    for name, rows in provenance.rows_in.items():
        yield Fact(f"rows of {harmless(name)}", f"{rows:,}")
    for name, version in provenance.versions.items():
        yield Fact(harmless(name), harmless(version))


def _inputs(provenance: Provenance, ledger: pl.LazyFrame | None) -> Result | None:
    """What was read: each input with its hash, and what became of its lines."""
    if not provenance.inputs:
        return None
    table = pl.LazyFrame(
        [vars(source) for source in provenance.inputs],
        schema={
            "source": pl.String,
            "bytes": pl.Int64,
            "sha256": pl.String,
            "format": pl.String,
            "lines": pl.Int64,
            "rejected": pl.Int64,
            "partial": pl.String,
        },
    )
    if ledger is not None:
        lines = ledger.select("source", "lines_read", "lines_continued", "lines_rejected", "lines_skipped")
        table = table.join(lines, on="source", how="left", maintain_order="left").drop("rejected")
    return Result(
        title="What was read",
        table=table,
        name="inputs",
        explanation="Each input with the hash of its bytes. "
        "Lines are those of the file: read (the first line of a record), continued, rejected, and skipped (headers, comments, empty lines).",
    )


def _rejects(rejects: pl.LazyFrame) -> Result:
    """What could not be read, by reason and record by record."""
    reasons = Result(
        title="By reason",
        table=rejects.group_by("reason")
        .agg(records=pl.len(), sources=pl.col("source").n_unique(), first=pl.col("text").first())
        .sort("records", "reason", descending=[True, False]),
        name="rejects by reason",
    )
    return Result(
        title="What could not be read",
        table=rejects,
        parts=(reasons,),
        name="rejects",
        explanation="Records that no reader understood. They are in none of the figures above.",
    )


def _when(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else ""


@cache
def _asset(name: str) -> str:
    return resources.files("watchfloor.reports").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("report.html.j2"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
