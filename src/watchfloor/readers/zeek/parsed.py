"""What a block of a Zeek log holds: canonical rows, rejects, and how many lines were neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from watchfloor.readers.zeek.columns import Log

__all__ = ["Parsed", "lines_of", "reject"]

LONGEST_TEXT = 2000
"""Characters of a rejected record that are kept."""


@dataclass
class Parsed:
    """The lines of a block, each counted once: rows + rejects + skipped = lines."""

    lines: int
    rows: list[tuple[Log, pl.DataFrame]] = field(default_factory=list)
    """Frames with `record` and some of the columns of the log's table."""
    rejects: list[pl.DataFrame] = field(default_factory=list)
    """Frames with `record`, `reason` and `text`."""
    skipped: int = 0


def reject(records: Sequence[int], reasons: Sequence[str], texts: Sequence[str]) -> pl.DataFrame:
    """Rejected lines."""
    return pl.DataFrame(
        {"record": records, "reason": reasons, "text": [text[:LONGEST_TEXT] for text in texts]},
        schema={"record": pl.Int64, "reason": pl.String, "text": pl.String},
    )


def lines_of(block: bytes) -> tuple[list[str], set[int]]:
    """The lines of a block, and the places of those that are no UTF-8."""
    block = block.removesuffix(b"\n")
    spoilt: set[int] = set()
    try:
        lines = block.decode().split("\n")
    except UnicodeDecodeError:
        raw = block.split(b"\n")
        lines = [line.decode("utf-8", errors="replace") for line in raw]
        spoilt = {place for place, line in enumerate(lines) if "\ufffd" in line and line.encode() != raw[place]}
    return [line.removesuffix("\r") for line in lines], spoilt
