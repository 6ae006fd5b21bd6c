"""XLSX: a first sheet in words, then one per table; no cell is a formula, nothing is cut without saying so."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from watchfloor.hostile import harmless
from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import flat, largest
from watchfloor.reports.chapters import (
    Fact,
    chapters_of,
    everything,
    facts_of,
    merged,
    paragraphs,
    traces_of,
    warnings_of,
)
from watchfloor.result import Result
from watchfloor.wording import Kind, kind_of, spoken

__all__ = ["CELL", "ROWS", "write", "write_report"]

ROWS = 1_048_574
"""Rows of a sheet between its heading and a last line that says where the others are."""
CELL = 32_767
"""Characters that a cell can hold, as UTF-16; longer text is cut and says so."""

_EXACT = 10**15
"""A spreadsheet keeps 15 digits; larger integers are text."""
_FIRST_DAY = date(1900, 3, 1)
"""Before it, spreadsheets disagree on dates: 1900 was no leap year. Earlier times are text."""
_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_FORMATS: dict[Kind, str] = {
    "time": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
    "count": "#,##0",
    "id": "0",
    "share": "0.0%",
    "bytes": "#,##0",
}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def write(result: Result, path: Path) -> None:
    """One answer and its parts."""
    write_report([result], path, title=result.title, rejects=result.rejects)


def write_report(
    results: Sequence[Result],
    path: Path,
    *,
    title: str,
    rejects: pl.LazyFrame | None = None,
    ledger: pl.LazyFrame | None = None,
) -> None:
    """Several answers in one workbook. Times show seconds, in UTC or in the zone that the heading names."""
    chapters = chapters_of(results, rejects, ledger)
    with replacing(path) as place, xlsxwriter.Workbook(place, _OPTIONS) as workbook:
        book = _Book(workbook)
        tables = [(book.name(part.name or part.title), part) for part in everything(chapters)]
        book.about(results, tables, title)
        for name, part in tables:
            book.table(name, part.table)


class _Book:
    """A workbook being written, sheet after sheet."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._taken = {"about", "history"}  # Excel keeps `History` for itself
        self._formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        self._head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF2F6"})
        self._title = book.add_format({"bold": True, "font_size": 16})
        self._chapter = book.add_format({"bold": True, "font_size": 12, "top": 1})
        self._label = book.add_format({"valign": "top", "font_color": "#55616F"})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._warn = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#8A4B00"})
        # A text that looks like a formula stays a text when somebody edits its cell.
        self._quoted = book.add_format({"quote_prefix": True})

    def name(self, wanted: str) -> str:
        """A sheet's name: 31 characters, none that a spreadsheet refuses, no two alike."""
        plain = re.sub(r"[\s\[\]:*?/\\']+", " ", harmless(wanted)).strip()[:24] or "table"
        name, number = plain, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{plain} {number}"
        self._taken.add(name.lower())
        return name

    def about(self, results: Sequence[Result], tables: Sequence[tuple[str, Result]], title: str) -> None:
        """The first sheet: explanations, where the numbers come from, and what the other sheets hold."""
        page = self._book.add_worksheet("About")
        page.hide_gridlines(2)
        page.set_column(0, 0, 24)
        page.set_column(1, 1, 110)
        provenance = merged(results)
        lines: list[tuple[str, str, Any, Any]] = [(harmless(title), "", self._title, None)]
        lines += [_line(fact, self._label, self._wrap) for fact in facts_of(provenance)]
        lines += [("", text, None, self._warn) for text in warnings_of(provenance)]
        for result in results:
            lines += [("", "", None, None), (harmless(result.title), "", self._chapter, self._chapter)]
            lines += [("", text, None, self._wrap) for text in paragraphs(result.explanation)]
            lines += [_line(fact, self._label, self._wrap) for fact in traces_of(result.provenance)]
        lines += [("", "", None, None), ("Sheets", "", self._chapter, self._chapter)]
        lines += [(name, harmless(part.title), self._label, self._wrap) for name, part in tables]
        for row, (left, right, left_style, right_style) in enumerate(lines):
            page.write_string(row, 0, _fit(left), left_style)
            page.write_string(row, 1, _fit(right), right_style)

    def table(self, name: str, table: pl.LazyFrame) -> None:
        """The table on its sheet, and on further ones where it has more rows than a sheet can hold."""
        total = int(table.select(pl.len()).collect().item())
        for first in range(0, max(total, 1), ROWS):
            rest = total - first - ROWS
            remark = f"{rest:,} more rows on the next sheet" if rest > 0 else ""
            self._sheet(self.name(name) if first else name, table.slice(first, ROWS).collect(), remark)

    def _sheet(self, name: str, frame: pl.DataFrame, remark: str) -> None:
        page = self._book.add_worksheet(name)
        if not frame.width:
            return
        columns = [_column(series) for series in frame]
        for at, (series, (kind, values)) in enumerate(zip(frame, columns, strict=True)):
            page.set_column(at, at, _width(series.name, kind, values[:500]))
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(1, frame.height), frame.width - 1)
        for at, series in enumerate(frame):
            zone = getattr(series.dtype, "time_zone", None)
            page.write_string(0, at, _fit(harmless(series.name) + (f" ({zone})" if zone else "")), self._head)
        writers = [self._writer(page, kind) for kind, _ in columns]
        for row, line in enumerate(zip(*(values for _, values in columns), strict=True), start=1):
            for at, (put, value) in enumerate(zip(writers, line, strict=True)):
                if value is not None:
                    put(row, at, value)
        if remark:
            page.write_string(frame.height + 1, 0, remark, self._head)

    def _writer(self, page: Any, kind: Kind) -> Any:
        style = self._formats.get(kind)

        def text(row: int, at: int, value: str) -> None:
            page.write_string(row, at, _fit(value), self._quoted if value[:1] in _FORMULA else None)

        def moment(row: int, at: int, value: Any) -> None:
            if isinstance(value, str):
                text(row, at, value)
            else:
                page.write_datetime(row, at, value, style)

        def number(row: int, at: int, value: float) -> None:
            page.write_number(row, at, value, style)

        writers: dict[Kind, Callable[[int, int, Any], Any]] = {"text": text, "time": moment, "day": moment}
        return page.write_boolean if kind == "bool" else writers.get(kind, number)


def _line(fact: Fact, left: Any, right: Any) -> tuple[str, str, Any, Any]:
    return fact.label, fact.value, left, right


def _column(series: pl.Series) -> tuple[Kind, list[Any]]:
    """The kind of the cells and their values; what a cell cannot hold as a number or a date is text."""
    kind = kind_of(series.name, series.dtype)
    if kind in ("time", "day"):
        return kind, [_moment(value) for value in series.to_list()]
    if kind == "bool":
        return kind, series.to_list()
    if kind == "text" or (series.dtype.is_integer() and largest(series) > _EXACT):
        return "text", flat(series.to_frame().lazy()).collect().to_series().cast(pl.String).to_list()
    numbers = series.cast(pl.Float64)
    return kind, numbers.set(~numbers.is_finite(), None).to_list()


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.date() >= _FIRST_DAY else spoken(value, "time")
    return value if value is None or value >= _FIRST_DAY else str(value)


def _fit(text: str) -> str:
    """The text, or as much of it as a cell holds, with the number of characters that it has."""
    if len(text) <= CELL // 2:
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) // 2 <= CELL:
        return text
    remark = f" [cut: {len(text):,} characters]"
    return units[: 2 * (CELL - len(remark))].decode("utf-16-le", "ignore") + remark


def _width(name: str, kind: Kind, values: Sequence[Any]) -> float:
    """Wide enough for most cells, the heading and its filter button."""
    heading = len(name) + 4
    if kind != "text":
        return max({"time": 19, "day": 11}.get(kind, 9), heading)
    lengths = sorted(len(value) for value in values if value is not None)
    most = lengths[int(0.95 * len(lengths))] if lengths else 0
    return min(70, max(8, heading, most + 1))
