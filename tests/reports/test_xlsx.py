"""XLSX: read back with another library, and looked at inside."""

from __future__ import annotations

import re
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import fastexcel
import polars as pl
import pytest

from watchfloor.reports import write_report, xlsx
from watchfloor.result import Result


def sheet(path: Path, name: str) -> list[dict[str, object]]:
    """The rows of a sheet, as Rust's calamine reads them."""
    return pl.read_excel(path, sheet_name=name).to_dicts()


def inside(path: Path) -> str:
    """All XML of the workbook's sheets."""
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if "worksheets/" in name)


def test_cells(tmp_path: Path) -> None:
    """Numbers, dates and booleans are what they are; text is text; what is missing is empty."""
    frame = pl.LazyFrame(
        {
            "time": [datetime(2025, 10, 3, 14, 22, 10, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC)],
            "day": [date(2025, 10, 3), None],
            "text": ["=cmd|' /C calc'!A0", "http://example.org"],
            "digits": ["007", "1e5"],
            "number": [-1, None],
            "share": [0.25, float("inf")],
            "yes": [True, None],
            "big": [2**62 + 1, 1],
            "list": [["a", "b"], None],
        }
    )
    path = Result(title="Cells", table=frame, name="cells").save(tmp_path / "out.xlsx")
    assert sheet(path, "cells") == [
        {
            "time (UTC)": "2025-10-03 14:22:10",
            "day": date(2025, 10, 3),
            "text": "=cmd|' /C calc'!A0",
            "digits": "007",
            "number": -1,
            "share": 0.25,
            "yes": True,
            "big": "4611686018427387905",
            "list": "a; b",
        },
        {
            "time (UTC)": "1601-01-01 00:00:00",
            "day": None,
            "text": "http://example.org",
            "digits": "1e5",
            "number": None,
            "share": None,
            "yes": None,
            "big": "1",
            "list": None,
        },
    ]


def test_no_formula_no_link(tmp_path: Path, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame) -> None:
    """Not a single one, whatever the text begins with; such text stays text when its cell is edited."""
    path = tmp_path / "out.xlsx"
    write_report([rules], path, title="=1+1", rejects=rejects, ledger=ledger)
    xml = inside(path)
    assert "<f>" not in xml
    assert "hyperlink" not in xml
    with zipfile.ZipFile(path) as archive:
        assert 'quotePrefix="1"' in archive.read("xl/styles.xml").decode()


def test_sheets(tmp_path: Path, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame) -> None:
    """One per table, after a first one that explains; names that a spreadsheet takes."""
    path = tmp_path / "out.xlsx"
    odd = Result(title="[a]: very long * name? of a /sheet\\ that 'nobody' takes", table=rules["hours"].table)
    write_report([rules, odd, odd], path, title="SOC report", rejects=rejects, ledger=ledger)
    assert fastexcel.read_excel(path).sheet_names == [
        "About",
        "noise",
        "figures",
        "daily",
        "hours",
        "events",
        "nothing",
        "a very long name of a sh",
        "a very long name of a sh 2",
        "inputs",
        "rejects",
        "rejects by reason",
    ]
    about = pl.read_excel(path, sheet_name="About", has_header=False).rows()
    assert about[0][0] == "SOC report"
    assert ("minimum", "10") in about
    assert any(str(right).startswith("2 records could not be read") for _, right in about)
    assert sheet(path, "inputs")[0] == {
        "source": "offenses.json",
        "format": "qradar",
        "bytes": 1_234_567,
        "lines": 500,
        "partial": None,
        "lines_read": 498,
        "lines_continued": 0,
        "lines_rejected": 2,
        "lines_skipped": 0,
        "sha256": "ab" * 32,
    }


def test_control_characters_can_be_seen(tmp_path: Path) -> None:
    """XML has no place for them; text that looks like an escape of a spreadsheet is not read as one."""
    frame = pl.LazyFrame({"text": ["a\x00b\x1bc\x0b", "_x0041_", "two\nlines", "\ufffe\uffff"]})
    path = Result(title="x", table=frame, name="x").save(tmp_path / "out.xlsx")
    assert [row["text"] for row in sheet(path, "x")] == ["a␀b␛c␋", "_x0041_", "two\nlines", "[U+FFFE][U+FFFF]"]


@pytest.mark.parametrize("letter", ["a", "ä", "🙂"])
def test_text_that_is_too_long_says_so(tmp_path: Path, letter: str) -> None:
    """A cell holds 32,767 units of UTF-16."""
    frame = pl.LazyFrame({"text": [letter * 40_000, letter * 100]})
    path = Result(title="x", table=frame, name="x").save(tmp_path / "out.xlsx")
    cut, whole = (str(row["text"]) for row in sheet(path, "x"))
    assert whole == letter * 100
    assert cut.endswith(" [cut: 40,000 characters]")
    assert 32_766 <= len(cut.encode("utf-16-le")) // 2 <= 32_767


def test_rows_go_on_to_the_next_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet ends at 1,048,576 rows; it says that there are more."""
    assert xlsx.ROWS + 2 == 1_048_576
    monkeypatch.setattr(xlsx, "ROWS", 4)
    path = Result(title="x", table=pl.LazyFrame({"n": list(range(10))}), name="rows").save(tmp_path / "out.xlsx")
    assert fastexcel.read_excel(path).sheet_names == ["About", "rows", "rows 2", "rows 3"]
    assert [row["n"] for row in sheet(path, "rows")] == ["0", "1", "2", "3", "6 more rows on the next sheet"]
    assert [row["n"] for row in sheet(path, "rows 3")] == [8, 9]


def test_dates_are_real_dates(tmp_path: Path) -> None:
    """Excel can count with them: days since 1900, with a format."""
    frame = pl.LazyFrame({"time": [datetime(2025, 10, 3, 12, tzinfo=UTC)]})
    path = Result(title="x", table=frame, name="x").save(tmp_path / "out.xlsx")
    assert re.search(r'<c r="A2" s="\d+"><v>45933\.5</v></c>', inside(path))
    assert sheet(path, "x") == [{"time (UTC)": datetime(2025, 10, 3, 12)}]
