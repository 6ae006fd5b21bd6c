"""The column map: where the columns of a canonical table come from in a file or frame of another shape."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.errors import BadColumnMap
from watchfloor.schemas import TABLES, Tables

__all__ = ["apply", "load"]


def load(given: str | Path | Mapping[str, Any]) -> Mapping[str, Any]:
    """A column map from a TOML file, or as a dict."""
    if isinstance(given, Mapping):
        return given
    try:
        return tomllib.loads(Path(given).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadColumnMap(f"{given}: {error.strerror or error}", hint="name a TOML file") from error


def apply(frame: pl.LazyFrame, mapping: Mapping[str, Any], *, source: str, zone: str | None) -> Tables:
    """The canonical table of a frame by a column map."""
    table = TABLES[mapping["table"]]
    rows = frame.with_row_index("record", 1).select(
        "record", **{to: pl.col(of) for to, of in mapping["columns"].items()}
    )
    return {table.name: table.fill(rows, source=source)}
