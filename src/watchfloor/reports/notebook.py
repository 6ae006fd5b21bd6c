"""A notebook's cell: the charts and the first rows, escaped, in the colours of the notebook."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, StrictUndefined

from watchfloor.charts.draw import picture
from watchfloor.hostile import harmless
from watchfloor.result import Result
from watchfloor.wording import NUMBERS, kind_of, label_of, spoken

__all__ = ["ROWS", "cell"]

ROWS = 10
"""Rows that a cell shows."""
TEXT = 120
"""Characters of a text that a cell shows."""


def cell(result: Result) -> str:
    """The answer as HTML, without scripts: what a notebook strips from a file it does not trust is not needed."""
    frame = result.table.head(ROWS + 1).collect()
    kinds = [kind_of(name, dtype) for name, dtype in frame.schema.items()]
    return _TEMPLATE.render(
        title=harmless(result.title),
        explanation=[harmless(text) for text in result.explanation.splitlines() if text.strip()],
        pictures=[picture(chart, result.table) for chart in result.charts],
        heads=[
            (label_of(name), getattr(dtype, "time_zone", None) or "", kind in NUMBERS)
            for (name, dtype), kind in zip(frame.schema.items(), kinds, strict=True)
        ],
        rows=[
            [(_cut(spoken(value, kind)), kind in NUMBERS) for value, kind in zip(row, kinds, strict=True)]
            for row in frame.head(ROWS).rows()
        ],
        more=frame.height > ROWS,
        parts=[harmless(part.name or part.title) for part in result.parts],
    )


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else text[: TEXT - 1] + "\u2026"


_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    resources.files("watchfloor.reports").joinpath("cell.html.j2").read_text(encoding="utf-8")
)
