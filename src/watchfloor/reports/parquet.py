"""Parquet: the table alone, types exact, with its title and provenance in the file's metadata."""

from __future__ import annotations

from pathlib import Path

from watchfloor.reports.atomic import replacing
from watchfloor.reports.json import head
from watchfloor.result import Result

__all__ = ["write"]


def write(result: Result, path: Path) -> None:
    """Streams the rows to disk; what they are is under the key `watchfloor` of the file's metadata, as JSON."""
    with replacing(path) as beside:
        result.table.sink_parquet(beside, metadata={"watchfloor": head(result)})
