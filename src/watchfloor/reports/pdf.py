"""PDF by Typst: the answers as a printed report, with charts and the first rows of each table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.charts.draw import svg
from watchfloor.charts.shape import of, title_of
from watchfloor.errors import MissingExtra
from watchfloor.hostile import harmless
from watchfloor.reports.atomic import replacing
from watchfloor.reports.chapters import (
    as_read,
    chapters_of,
    facts_of,
    merged,
    paragraphs,
    tiles_of,
    traces_of,
    warnings_of,
)
from watchfloor.reports.fitting import fitted
from watchfloor.result import Result

typst: Any
try:
    import typst
except ImportError:  # the extra is not installed
    typst = None

__all__ = ["write", "write_report"]

ROWS = 15
"""Rows of a table that are printed."""
CHARACTERS = 118
"""Characters of a line of a table on the page."""
LINES = 3
"""Lines of a cell at most."""
WIDTH = 680
"""Of a chart, in the pixels that it is drawn in: type is then as large as the page's."""


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
    """Several answers as one printed report.

    Raises:
        MissingExtra: where Typst is not installed.
    """
    if typst is None:
        raise MissingExtra("a PDF needs Typst, which is not installed", hint="pip install 'watchfloor[pdf]'")
    with replacing(path) as beside, tempfile.TemporaryDirectory(prefix="watchfloor-") as name:
        folder = Path(name)
        provenance = merged(results)
        data = {
            "title": harmless(title),
            "version": metadata.version("watchfloor"),
            "facts": [vars(fact) for fact in facts_of(provenance)],
            "warnings": list(warnings_of(provenance)),
            "sections": [_section(result, folder, 1) for result in chapters_of(results, rejects, ledger)],
        }
        # Everything from the logs goes in as data, and comes out as text: none of it is Typst's markup.
        (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
        source = folder / "report.typ"
        source.write_text(_asset("report.typ"), encoding="utf-8")
        beside.write_bytes(typst.compile(str(source), root=name))


def _section(result: Result, folder: Path, level: int) -> dict[str, Any]:
    frame = result.table.head(ROWS + 1).collect()
    tiles = tiles_of(frame)
    return {
        "level": min(level, 3),
        "title": harmless(result.title),
        "explanation": paragraphs(result.explanation),
        "tiles": [vars(tile) for tile in tiles],
        "figures": [_figure(chart, result.table, folder) for chart in result.charts] if frame.height else [],
        "table": None if tiles or not frame.width else _table(result, frame),
        "parts": [_section(part, folder, level + 1) for part in result.parts],
        "traces": [vars(fact) for fact in traces_of(result.provenance)],
    }


def _figure(chart: Any, table: pl.LazyFrame, folder: Path) -> dict[str, str]:
    place = folder / f"chart-{len(list(folder.iterdir()))}.svg"
    place.write_text(svg(chart, table, width=WIDTH), encoding="utf-8")
    return {"title": title_of(chart), "path": place.name, "note": of(chart, table).note}


def _table(result: Result, frame: pl.DataFrame) -> dict[str, Any]:
    rows = frame.height if frame.height <= ROWS else int(result.table.select(pl.len()).collect().item())
    fit = fitted(as_read(frame.head(ROWS), result), CHARACTERS)
    notes = []
    if rows > ROWS:
        notes.append(f"The first {ROWS} of {rows:,} rows.")
    if fit.left_out:
        notes.append(f"Columns without room: {', '.join(fit.left_out)}.")
    if fit.empty and rows:
        notes.append(f"Columns without a value here: {', '.join(fit.empty)}.")
    return {
        "columns": [{"heading": column.heading, "numeric": column.numeric} for column in fit.columns],
        "widths": list(fit.widths),
        "rows": [
            [_cut(value, LINES * width) for value, width in zip(row, fit.widths, strict=True)]
            for row in zip(*(column.values for column in fit.columns), strict=True)
        ],
        "note": " ".join(notes),
    }


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "\u2026"


def _asset(name: str) -> str:
    return resources.files("watchfloor.reports").joinpath(name).read_text(encoding="utf-8")
