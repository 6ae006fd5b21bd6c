"""CSV for spreadsheets: times as ISO 8601, lists joined, no cell that starts a formula."""

from __future__ import annotations

from pathlib import Path

import polars.selectors as cs

from watchfloor.hostile import disarm
from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import flat
from watchfloor.result import Result

__all__ = ["write"]


def write(result: Result, path: Path) -> None:
    """Streams the rows to disk. Text is made safe to open, not kept to the byte: Parquet and JSON do that."""
    with replacing(path) as beside:
        flat(result.table).with_columns(disarm(cs.string())).sink_csv(beside, check_extension=False)
