"""Rows that are needed more than once: in memory while they are few, in Parquet parts on disk when they are many."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

import polars as pl

__all__ = ["Keeper", "keep", "owned"]

MEMORY_BYTES = 128 * 1024 * 1024
"""How much a keeper holds in memory before it writes a part to disk."""


class Keeper:
    """Collects frames of one schema; `lazy()` gives them back, in the order of adding."""

    def __init__(self, schema: pl.Schema, *, memory_bytes: int = MEMORY_BYTES) -> None:
        """Holds at most about `memory_bytes` in memory; parts on disk go when the process ends."""
        self._schema = schema
        self._memory_bytes = memory_bytes
        self._frames: list[pl.DataFrame] = []
        self._held = 0
        self._parts: list[Path] = []
        self._folder: Path | None = None
        self.rows = 0
        """Rows added so far."""

    def add(self, frame: pl.DataFrame) -> None:
        """Adds a frame of the keeper's schema."""
        if not frame.height:
            return
        self._frames.append(frame)
        self.rows += frame.height
        self._held += int(frame.estimated_size())
        if self._held > self._memory_bytes:
            self._write()

    def lazy(self) -> pl.LazyFrame:
        """All rows so far."""
        if self._parts:
            if self._frames:
                self._write()
            return pl.scan_parquet(self._parts)
        return pl.concat(self._frames).lazy() if self._frames else pl.LazyFrame(schema=self._schema)

    def _write(self) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="watchfloor-"))
            # Frames that scan the parts do not hold the keeper: the folder lives as long as the process.
            weakref.finalize(_Process, shutil.rmtree, self._folder, ignore_errors=True)
        part = self._folder / f"{len(self._parts):05}.parquet"
        pl.concat(self._frames).write_parquet(part, compression="lz4", statistics=False)
        self._parts.append(part)
        self._frames, self._held = [], 0


def owned(few: pl.DataFrame) -> pl.DataFrame:
    """A copy of some rows whose text does not hold the blocks in memory that it was cut from."""
    return few.with_columns(pl.col(pl.String) + "")


class _Process:
    """What the parts on disk are tied to: it dies with the interpreter."""


def keep(frame: pl.LazyFrame, *, memory_bytes: int = MEMORY_BYTES) -> pl.LazyFrame:
    """The rows of a lazy frame, computed once: for an analysis that looks at them several times."""
    keeper = Keeper(frame.collect_schema(), memory_bytes=memory_bytes)
    for batch in frame.collect_batches(maintain_order=True):
        keeper.add(batch)
    return keeper.lazy()
