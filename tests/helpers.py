"""What tests share: small canonical tables, rows as dicts, and the folder of real data where it is present."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.schemas import Table

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real logs beside the checkout; absent elsewhere."""

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data is not here: {DATA}")


def table(kind: Table, **columns: list[Any]) -> pl.LazyFrame:
    """A canonical table from the columns given; the others are null."""
    known = {name: pl.Series(values, dtype=kind[name].dtype) for name, values in columns.items()}
    return kind.fill(pl.DataFrame(known))


def rows(frame: pl.LazyFrame | pl.DataFrame) -> list[dict[str, Any]]:
    """All rows, as dicts."""
    return frame.lazy().collect().to_dicts()
