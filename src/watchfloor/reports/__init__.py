"""Documents: what leaves the SOC. One file per kind of document; each has `write(result, path)`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watchfloor.errors import BadOption

if TYPE_CHECKING:
    import polars as pl

    from watchfloor.result import Result

__all__ = ["REPORTS", "write_report"]

REPORTS: dict[str, str] = {
    ".html": "watchfloor.reports.html",
    ".xlsx": "watchfloor.reports.xlsx",
    ".pdf": "watchfloor.reports.pdf",
    ".json": "watchfloor.reports.json",
}
"""Documents that hold several answers, by extension: each has `write_report`, and is imported when it is asked for."""


def write_report(
    results: Sequence[Result],
    path: Path,
    *,
    title: str,
    rejects: pl.LazyFrame | None = None,
    ledger: pl.LazyFrame | None = None,
) -> None:
    """Several answers in one document; the extension decides: .html .xlsx .pdf .json.

    Raises:
        BadOption: an extension that holds one table only, or none that we know; a place that cannot be written.
        MissingExtra: a document that needs a package which is not installed.
    """
    if (module := REPORTS.get(path.suffix.lower())) is None:
        raise BadOption(
            f"{path.name}: a report cannot be a {path.suffix or 'file without extension'}",
            hint=f"use one of {' '.join(REPORTS)}; a single answer can also be .csv .jsonl .parquet",
        )
    importlib.import_module(module).write_report(results, path, title=title, rejects=rejects, ledger=ledger)
