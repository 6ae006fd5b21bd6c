"""QRadar offenses as the API returns them, with the closing reasons from a second file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.schemas import ALERTS

__all__ = ["READER"]


def accepts(head: Head) -> bool:
    """The first object has the keys of an offense."""
    return all(key in head.content for key in (b'"offense_source"', b'"magnitude"', b'"status"'))


def read(path: Path, options: Options) -> Tables:
    """The alerts of one file."""
    rows = json.loads(path.read_bytes())
    frame = pl.DataFrame({"alert_id": [str(row["id"]) for row in rows], "title": [row["description"] for row in rows]})
    return {"alerts": ALERTS.fill(frame, source=str(path), system="qradar")}


READER = Reader(
    "qradar", "QRadar offenses as its API gives them (JSON)", ("alerts", "evidence"), accepts, one_by_one(read)
)
