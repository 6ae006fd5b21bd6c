"""A notebook's cell: charts with tooltips and the first rows, escaped, in the colours of the notebook, no script."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from watchfloor.charts import Chart
from watchfloor.charts.draw import page, picture
from watchfloor.hostile import harmless
from watchfloor.reports.chapters import as_read, paragraphs, tiles_of
from watchfloor.reports.html import code
from watchfloor.result import Result
from watchfloor.wording import NUMBERS, kind_of, label_of, spoken

__all__ = ["ROWS", "Explorer", "cell"]

ROWS = 10
"""Rows that a cell shows."""
TEXT = 120
"""Characters of a text that a cell shows."""


def cell(result: Result) -> str:
    """The answer as HTML without scripts, so that a notebook shows it whether it trusts the file or not."""
    frame = as_read(result.table.head(ROWS + 1).collect(), result)
    tiles = tiles_of(frame)
    kinds = {name: kind_of(name, dtype) for name, dtype in frame.schema.items()}
    rows = int(result.table.select(pl.len()).collect().item()) if frame.height > ROWS else frame.height
    return _template().render(
        colors=Markup(_asset("colors.css")),  # noqa: S704 - our own file
        title=harmless(result.title),
        explanation=[code(text) for text in paragraphs(result.explanation)],
        tiles=tiles,
        pictures=[picture(chart, result.table) for chart in result.charts] if frame.height else [],
        heads=[]
        if tiles or not rows
        else [
            (label_of(series.name), getattr(series.dtype, "time_zone", None), kinds[series.name] in NUMBERS)
            for series in frame
        ],
        rows=[
            [(_cut(spoken(value, kind)), kind in NUMBERS) for value, kind in zip(row, kinds.values(), strict=True)]
            for row in frame.head(ROWS).rows()
        ],
        shown=min(ROWS, rows),
        total=rows,
        parts=[harmless(part.name or part.title) for part in result.parts],
    )


@dataclass(frozen=True)
class Explorer:
    """A chart in a frame of its own, which nothing in it can leave."""

    chart: Chart
    table: pl.LazyFrame

    def _repr_html_(self) -> str:
        frame = 'sandbox="allow-scripts" width="100%" height="460" style="border:0"'
        return f'<iframe {frame} srcdoc="{escape(page(self.chart, self.table))}"></iframe>'


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "\u2026"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("cell.html.j2"))


@cache
def _asset(name: str) -> str:
    return resources.files("watchfloor.reports").joinpath(name).read_text(encoding="utf-8")
