"""Workbooks (XLSX and its kin): one sheet as a table of text, as it shows in the cells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from watchfloor.errors import BadColumnMap, UnreadableFile
from watchfloor.readers.columns.plan import LINES, RECORD
from watchfloor.readers.intake import files
from watchfloor.readers.table.delimited import HEADER_WITHIN, once
from watchfloor.readers.table.part import Part, wanted

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["sheet", "with_dates"]

DATE_FORM = "%Y-%m-%d %H:%M:%S%.f"
"""How a cell that is a date becomes text, whatever the sheet shows."""


def with_dates(mapping: ColumnMap) -> ColumnMap:
    """The map for cells: a time may be text in a format of its own, or a date, which becomes ISO 8601."""
    columns = {
        name: origin.model_copy(update={"format": (*origin.format, DATE_FORM)}) if origin.format else origin
        for name, origin in mapping.columns.items()
    }
    return mapping.model_copy(update={"columns": columns})


def sheet(path: Path, mapping: ColumnMap) -> Iterator[Part]:
    """The rows of the sheet below its header, which may have other rows above it.

    Raises:
        UnreadableFile: no workbook.
        BadColumnMap: no such sheet.
    """
    cells = _cells(path, mapping.sheet)
    if not cells.height:
        raise UnreadableFile(f"{path}: the sheet is empty", hint="name another: sheet = 2, or its name")
    if mapping.header is not None:
        names, above = once(mapping.header), 0
        if len(names) != cells.width:
            raise BadColumnMap(
                f"{path}: {cells.width} columns, but the map names {len(names)}", hint="give header one name a column"
            )
    else:
        header = _header(cells, wanted(mapping))
        names, above = once(cell or "" for cell in cells.row(header)), header + 1
    rows = cells.slice(above).rename(dict(zip(cells.columns, names, strict=False)))
    placed = rows.with_columns(
        pl.int_range(above + 1, cells.height + 1, dtype=pl.Int64).alias(RECORD), pl.lit(1, dtype=pl.Int64).alias(LINES)
    ).filter(~pl.all_horizontal(pl.col(name).is_null() for name in names))

    def text(record: int, _: int) -> str:
        return "\t".join(cell or "" for cell in cells.row(record - 1))

    yield Part(placed, cells.height, text, skipped=cells.height - placed.height)


def _cells(path: Path, wanted_sheet: str | int | None) -> pl.DataFrame:
    """All cells as text: ids keep their zeros, whole numbers have no point, dates are ISO 8601."""
    import fastexcel  # noqa: PLC0415 - the one file that needs it, and only for workbooks

    try:
        stored = files.in_any_order(path)
        book = fastexcel.read_excel(stored if isinstance(stored, Path) else stored.getvalue())
        name = wanted_sheet - 1 if isinstance(wanted_sheet, int) else wanted_sheet if wanted_sheet is not None else 0
        loaded = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.SheetNotFoundError as error:
        raise BadColumnMap(
            f"{path}: there is no sheet {wanted_sheet!r}", hint=f"sheets: {', '.join(book.sheet_names)}"
        ) from error
    except fastexcel.FastExcelError as error:
        raise UnreadableFile(
            f"{path}: no workbook ({str(error).splitlines()[0]})", hint="save it again as .xlsx, or as CSV"
        ) from error
    return loaded.rename({name: f"{place}" for place, name in enumerate(loaded.columns)})


def _header(cells: pl.DataFrame, names: list[set[str]]) -> int:
    """The row in which most of the names are."""
    best, place = -1, 0
    for number, row in enumerate(cells.head(HEADER_WITHIN).iter_rows()):
        bare = {cell.strip() for cell in row if cell}
        hits = sum(1 for any_of in names if any_of & bare)
        if bare and hits > best:
            best, place = hits, number
    return place
