"""The terminal: what fits, in words, harmless."""

from __future__ import annotations

from io import StringIO

import polars as pl
import pytest
from rich.cells import cell_len
from rich.console import Console

from watchfloor.reports.terminal import show, text
from watchfloor.result import Result


def test_the_whole_answer() -> None:
    """Title, rows, what is left out, explanation, parts: compared whole."""
    result = Result(
        title="Rules by noise",
        table=pl.LazyFrame(
            {"rule": ["a", "b", "c"], "alerts": [1200, 30, 4], "note": pl.Series([None] * 3, dtype=pl.String)}
        ),
        explanation="Noise.\nMore of it.",
        parts=(Result(title="Part", table=pl.LazyFrame({"n": [1] * 1500}), name="hashes"),),
    )
    assert repr(result) == text(result)
    assert text(result, limit=2) == (
        "Rules by noise\n"
        "rule  alerts\n"
        "a      1,200\n"
        "b         30\n"
        "columns without a value here: note\n"
        "2 of 3 rows: --limit shows more, --out writes all of them\n"
        "\n"
        "Noise.\n"
        "More of it.\n"
        "+ parts: hashes (1,500): --out report.html shows them"
    )


def test_key_figures() -> None:
    """A table of one row reads downwards."""
    table = pl.LazyFrame({"alerts": [46_500], "precision": [0.32], "precision_low": [0.31], "precision_high": [0.33]})
    assert text(Result(title="KPIs", table=table)) == "KPIs\nalerts     46,500\nprecision  32.0 %  31.0 % to 33.0 %"


def test_no_rows() -> None:
    """Said, not shown as an empty frame."""
    assert text(Result(title="x", table=pl.LazyFrame({"a": []}))) == "x\nno rows"


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_lines_fit(width: int, rules: Result) -> None:
    """No line is wider than the terminal, also with wide letters and many columns."""
    wide = rules.table.with_columns(chinese=pl.lit("漢字" * 40), end=pl.lit("x" * 400)).select("end", pl.exclude("end"))
    shown = text(Result(title="x", table=wide), width=width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert "…" in shown


def test_columns_without_room_are_named() -> None:
    """The first ones stay, the others are not silently gone; numbers are never cut."""
    table = (
        pl.LazyFrame({f"column_{n}": ["word " * 20] for n in range(6)})
        .with_columns(n=pl.lit(1))
        .select("n", pl.exclude("n"))
    )
    shown = text(Result(title="x", table=pl.concat([table, table])), width=70)
    assert shown.splitlines()[-1] == "columns that did not fit: column_3, column_4, column_5"


def test_nothing_that_a_terminal_obeys(rules: Result) -> None:
    """Titles, cells, headings, explanations and names of parts: no control sequence, no markup of Rich."""
    hostile = "\x1b]0;owned\x07\x1b[2J[bold red]markup[/]\r\n\u202e"
    result = Result(
        title=hostile,
        table=pl.LazyFrame({hostile: [hostile, "b"]}),
        explanation=hostile,
        parts=(Result(title=hostile, table=pl.LazyFrame({"n": [1]})),),
    )
    buffer = StringIO()
    show(result, Console(file=buffer, width=300, force_terminal=False), limit=5)
    shown = buffer.getvalue()
    assert not set(shown) & {"\x1b", "\x07", "\r", "\u202e"}
    assert shown.count("[bold red]markup[/]") == 5
