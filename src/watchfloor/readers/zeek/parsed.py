"""What a block of a Zeek log holds: canonical rows, rejects, and how many lines were neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from watchfloor.readers.zeek.columns import Log

__all__ = ["Parsed", "Parser", "lines_of"]


@dataclass
class Parsed:
    """The lines of a block, each counted once: rows + rejects + skipped = lines."""

    lines: int
    rows: list[tuple[Log, pl.DataFrame]] = field(default_factory=list)
    """Frames with `record` and some of the columns of the log's table."""
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    """Line number, reason and text of each."""
    skipped: int = 0


class Parser(Protocol):
    """A layout: reads the blocks of one file in order, each of whole lines, the first with the number `first`."""

    @property
    def unfinished(self) -> str | None:
        """What it means that a file does not end with a line end; null where it means nothing."""
        ...

    def at_once(self, block: bytes, first: int) -> Parsed | None:
        """What a block holds in which every line is sound; null, and nothing remembered, where that is not certain."""

    def line_by_line(self, block: bytes, first: int) -> Parsed:
        """What any block holds."""


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
