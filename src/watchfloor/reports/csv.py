"""CSV for spreadsheets: times as ISO 8601, lists joined, no cell that starts a formula."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import polars.selectors as cs

from watchfloor.hostile import disarm, harmless
from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import flat
from watchfloor.result import Result

__all__ = ["write"]


def write(result: Result, path: Path) -> None:
    """Streams the rows to disk. Text is made safe to open, not kept to the byte: Parquet and JSON do that."""
    with replacing(path) as beside:
        cells = flat(result.table).with_columns(disarm(cs.string()))
        cells.rename(_headings(cells.collect_schema().names())).sink_csv(beside, check_extension=False)


def _headings(names: list[str]) -> dict[str, str]:
    """Columns whose names would run or hide: a name may come from a log as well."""
    safe = pl.DataFrame({"name": [harmless(name) for name in names]}).select(disarm(pl.col("name")))["name"].to_list()
    return {name: new for name, new in zip(names, safe, strict=True) if name != new and safe.count(new) == 1}
