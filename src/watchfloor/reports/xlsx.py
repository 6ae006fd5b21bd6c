"""XLSX: a first sheet in words, then one sheet per table; no cell is a formula, and nothing is cut without saying so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from watchfloor.hostile import harmless
from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import flat
from watchfloor.result import Provenance, Result
from watchfloor.wording import Kind, kind_of, spoken

__all__ = ["write", "write_report"]

ROWS = 1_048_574
"""Rows of a sheet between its heading and a last line that says where the others are."""
CELL = 32_767
"""Characters that a cell can hold; longer text is cut and says so."""
CUT = " [cut: {:,} characters]"

_FORMATS: dict[Kind, str] = {
    "time": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
    "count": "#,##0",
    "id": "0",
    "share": "0.0%",
    "bytes": "#,##0",
}
_FIRST_DAY = date(1900, 3, 1)  # before it, spreadsheets disagree: 1900 was no leap year
_SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}


@dataclass(frozen=True)
class _Sheet:
    name: str
    result: Result


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
    """Several answers in one workbook. Times are in UTC, or in the zone that the heading names, to the second."""
    beside = [
        Result(title=text, table=table, name=name)
        for name, text, table in (
            ("rejects", "What could not be read", rejects),
            ("files", "What was read", ledger),
        )
        if table is not None
    ]
    with replacing(path) as place, xlsxwriter.Workbook(place, _SAFE) as book:
        _Book(book).write(results, beside, title)


class _Book:
    """A workbook being written, sheet after sheet."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._taken: set[str] = set()
        self._formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        self._head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF2F6"})
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._bold = book.add_format({"bold": True, "valign": "top"})
        self._quoted = book.add_format({"quote_prefix": True})

    def write(self, results: Sequence[Result], beside: Sequence[Result], title: str) -> None:
        sheets = [_Sheet(self._name(part.name or part.title), part) for part in _all(results)]
        sheets += [_Sheet(self._name(part.name), part) for part in beside]
        self._about(results, sheets, title)
        for sheet in sheets:
            self._table(sheet)

    def _name(self, wanted: str) -> str:
        """A sheet's name: 31 characters, none that a spreadsheet refuses, no two alike."""
        plain = re.sub(r"[\[\]:*?/\\']", " ", harmless(wanted)).strip()[:26] or "table"
        name, number = plain, 1
        while name.lower() in self._taken | {"about", "history"}:
            number += 1
            name = f"{plain} {number}"
        self._taken.add(name.lower())
        return name

    def _about(self, results: Sequence[Result], sheets: Sequence[_Sheet], title: str) -> None:
        """Title, explanations, and where the numbers come from."""
        page = self._book.add_worksheet("About")
        page.set_column(0, 0, 24)
        page.set_column(1, 1, 110)
        page.hide_gridlines(2)
        line = 0

        def put(left: str, right: str = "", style: Any = None) -> None:
            nonlocal line
            page.write_string(line, 0, _fit(left), style or self._bold)
            if right:
                page.write_string(line, 1, _fit(right), self._wrap)
            line += 1

        put(harmless(title), style=self._title)
        for result in results:
            put("")
            put(harmless(result.title), "\n".join(harmless(text) for text in result.explanation.splitlines()))
            for label, value in _traces(result.provenance):
                put(label, value)
        put("")
        put("Sheets")
        for sheet in sheets:
            put(sheet.name, harmless(sheet.result.title))

    def _table(self, sheet: _Sheet) -> None:
        result, number, first = sheet.result, 0, 0
        rows = int(result.table.select(pl.len()).collect().item())
        while True:
            name = sheet.name if not number else self._name(f"{sheet.name[:20]} p{number + 1}")
            more = f"rows {first + ROWS + 1:,} and on are on the next sheet" if rows > first + ROWS else ""
            self._sheet(name, result.table.slice(first, ROWS), min(ROWS, rows - first), more)
            first, number = first + ROWS, number + 1
            if first >= rows:
                break

    def _sheet(self, name: str, table: pl.LazyFrame, rows: int, more: str) -> None:
        page = self._book.add_worksheet(name)
        frame = table.collect()
        if not frame.width:
            return
        columns = [_column(series) for series in frame]
        for at, (series, (kind, _)) in enumerate(zip(frame, columns, strict=True)):
            page.set_column(at, at, _width(series, kind))
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(1, rows), frame.width - 1)
        for at, series in enumerate(frame):
            zone = getattr(series.dtype, "time_zone", None)
            heading = f"{series.name} ({zone})" if zone else series.name
            page.write_string(0, at, _fit(harmless(heading)), self._head)
        writers = [self._writer(page, kind) for kind, _ in columns]
        for row, values in enumerate(zip(*(values for _, values in columns), strict=True), start=1):
            for at, (put, value) in enumerate(zip(writers, values, strict=True)):
                if value is not None:
                    put(row, at, value)
        if more:
            page.write_string(rows + 1, 0, more, self._bold)

    def _writer(self, page: Any, kind: Kind) -> Any:
        style = self._formats.get(kind)
        match kind:
            case "text":
                return lambda row, at, value: page.write_string(row, at, _fit(value), self._text(value))
            case "time" | "day":
                return lambda row, at, value: (
                    page.write_string(row, at, value)
                    if isinstance(value, str)
                    else page.write_datetime(row, at, value, style)
                )
            case "bool":
                return page.write_boolean
            case _:
                return lambda row, at, value: page.write_number(row, at, value, style)

    def _text(self, value: str) -> Any:
        """A text that looks like a formula stays a text when somebody edits its cell."""
        return self._quoted if value[:1] in _FORMULA else None


_FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def _all(results: Sequence[Result]) -> Iterator[Result]:
    for result in results:
        yield result
        yield from _all(result.parts)


def _column(series: pl.Series) -> tuple[Kind, list[Any]]:
    """The kind of the cells and their values; what a cell cannot hold as a number or a date is text."""
    kind = kind_of(series.name, series.dtype)
    if kind in ("time", "day"):
        return kind, [_moment(value) for value in series.to_list()]
    if kind in ("text", "bool"):
        values = flat(series.to_frame().lazy()).collect().to_series()
        return kind, values.to_list() if kind == "bool" else values.cast(pl.String).to_list()
    if series.dtype.is_integer() and (series.abs().max() or 0) > _EXACT:
        return "text", series.cast(pl.String).to_list()
    return kind, series.cast(pl.Float64).fill_nan(None).replace([float("inf"), float("-inf")], None).to_list()


_EXACT = 10**15
"""A spreadsheet keeps 15 digits."""


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.date() >= _FIRST_DAY else spoken(value, "time")
    return value if value is None or value >= _FIRST_DAY else str(value)


def _fit(text: str) -> str:
    """The text, or as much of it as a cell holds."""
    if _length(text) <= CELL:
        return text
    remark = CUT.format(len(text))
    return text[: (CELL - len(remark)) // 2] + remark if not text.isascii() else text[: CELL - len(remark)] + remark


def _length(text: str) -> int:
    """Characters as spreadsheets count them, in UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def _width(series: pl.Series, kind: Kind) -> float:
    heading = len(series.name) + 3
    if kind == "time":
        return max(20, heading)
    if kind != "text":
        return max(10, heading)
    texts = flat(series.head(500).to_frame().lazy()).collect().to_series().cast(pl.String)
    longest = texts.str.len_chars().quantile(0.95) or 0
    return float(min(70, max(8, heading, longest + 1)))


def _traces(provenance: Provenance) -> Iterator[tuple[str, str]]:
    if provenance.made_time:
        yield "made", f"{provenance.made_time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    for name, value in (*provenance.parameters.items(), *provenance.versions.items()):
        yield harmless(name), harmless(str(value))
    for name, rows in provenance.rows_in.items():
        yield f"rows of {harmless(name)}", f"{rows:,}"
    yield "records not read", f"{provenance.rejected:,}"
    for source in provenance.inputs:
        facts = (
            f"sha256 {source.sha256}" if source.sha256 else "",
            source.format or "",
            harmless(source.partial or ""),
        )
        yield "input", "  ".join((harmless(source.source), *filter(None, facts)))
