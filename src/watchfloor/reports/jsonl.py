"""JSON lines: one row each, times as ISO 8601, text exact."""

from __future__ import annotations

from pathlib import Path

from watchfloor.reports.atomic import replacing
from watchfloor.reports.cells import exact
from watchfloor.result import Result

__all__ = ["write"]


def write(result: Result, path: Path) -> None:
    """Streams the rows to disk."""
    with replacing(path) as beside:
        exact(result.table).sink_ndjson(beside, check_extension=False)
