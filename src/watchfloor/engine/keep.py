"""Rows that are needed more than once: in memory while they are few, in Parquet parts on disk when they are many."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from threading import Lock

import polars as pl

__all__ = ["Keeper", "bytes_of", "keep", "owned"]

MEMORY_BYTES = 512 * 1024 * 1024
"""How much all keepers together hold in memory before those with most write a part to disk."""
_SMALL = 2 * 1024 * 1024
"""Bytes of a frame that is copied: what is read at a time is larger."""
_ROWS_AT_ONCE = 50_000
"""Rows of a part that are read together: several groups are decoded at a time, of one part and the next."""
_VIEW = 16
"""Bytes."""
_WORTH_A_PART = MEMORY_BYTES // 16
"""Smaller parts are not written for the sake of other keepers."""


class _Purse:
    """What all keepers hold."""

    def __init__(self) -> None:
        self._lock, self._held = Lock(), 0

    def add(self, more_bytes: int) -> int:
        """Bytes in all, after so many more."""
        with self._lock:
            self._held += more_bytes
            return self._held


_PURSE = _Purse()
_GIVEN: dict[int, tuple[pl.LazyFrame, pl.DataFrame]] = {}
"""Of frames that keepers gave, by their `id`: rows that are on disk, and those after them, in memory."""


class Keeper:
    """Collects frames of one schema; `lazy()` gives them back, in the order of adding."""

    def __init__(self, schema: pl.Schema, *, memory_bytes: int | None = None) -> None:
        """Parts on disk go when the process ends.

        Arguments:
            schema: of all frames.
            memory_bytes: how much it holds in memory at most; null: its share of what all keepers may hold.
        """
        self._schema = schema
        self._memory_bytes = memory_bytes
        self._frames: list[pl.DataFrame] = []
        self._held = [0]
        self._runs: list[list[Path] | pl.LazyFrame] = []
        """What is on disk: parts, and frames of other keepers."""
        self._folder: Path | None = None
        self._number = 0
        self.rows = 0
        """Rows added so far."""
        weakref.finalize(self, _give_back, self._held)

    def add(self, frame: pl.DataFrame) -> None:
        """Adds a frame of the keeper's schema."""
        if not frame.height:
            return
        held = bytes_of(frame)
        # A few rows would hold all of the block that they were cut from.
        self._frames.append(owned(frame) if held < _SMALL else frame)
        self.rows += frame.height
        self._held[0] += held
        in_all = _PURSE.add(held)
        if self._memory_bytes is not None:
            full = self._held[0] > self._memory_bytes
        else:
            full = in_all > MEMORY_BYTES and self._held[0] > _WORTH_A_PART
        if full:
            self._write()

    def take_over(self, frame: pl.LazyFrame) -> None:
        """Adds the rows of a lazy frame of this schema; what another keeper has on disk stays where it is."""
        if id(frame) in _GIVEN:
            on_disk, in_memory = _GIVEN[id(frame)]
            self._write()
            self._runs.append(on_disk)
            self.add(in_memory)
            return
        for batch in frame.collect_batches(maintain_order=True):
            self.add(batch)

    def lazy(self) -> pl.LazyFrame:
        """All rows so far."""
        if not self._runs:
            return pl.concat(self._frames).lazy() if self._frames else pl.LazyFrame(schema=self._schema)
        scans = [pl.scan_parquet(run) if isinstance(run, list) else run for run in self._runs]
        on_disk = scans[0] if len(scans) == 1 else pl.concat(scans)
        in_memory = pl.concat(self._frames) if self._frames else pl.DataFrame(schema=self._schema)
        frame = pl.concat([on_disk, in_memory.lazy()]) if in_memory.height else on_disk.clone()
        _GIVEN[id(frame)] = on_disk, in_memory
        weakref.finalize(frame, _GIVEN.pop, id(frame), None)
        return frame

    def _write(self) -> None:
        if not self._frames:
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="watchfloor-"))
            # Frames that scan the parts do not hold the keeper: the folder lives as long as the process.
            weakref.finalize(_Process, shutil.rmtree, self._folder, ignore_errors=True)
        part = self._folder / f"{self._number:05}.parquet"
        self._number += 1
        pl.concat(self._frames).write_parquet(part, compression="lz4", statistics=False, row_group_size=_ROWS_AT_ONCE)
        if self._runs and isinstance(run := self._runs[-1], list):
            run.append(part)
        else:
            self._runs.append([part])
        self._frames = []
        _give_back(self._held)


def bytes_of(frame: pl.DataFrame) -> int:
    """Bytes that a frame holds. Polars counts the characters of texts, and not the view of 16 bytes that each has."""
    texts = sum(dtype == pl.String for dtype in frame.schema.values())
    return int(frame.estimated_size()) + _VIEW * texts * frame.height


def _give_back(held: list[int]) -> None:
    """A keeper holds nothing any more."""
    _PURSE.add(-held[0])
    held[0] = 0


def owned(few: pl.DataFrame) -> pl.DataFrame:
    """A copy of some rows whose text does not hold the blocks in memory that it was cut from."""
    return few.with_columns(pl.col(pl.String) + "")


class _Process:
    """What the parts on disk are tied to: it dies with the interpreter."""


def keep(frame: pl.LazyFrame, *, memory_bytes: int | None = None) -> pl.LazyFrame:
    """The rows of a lazy frame, computed once: for an analysis that looks at them several times."""
    keeper = Keeper(frame.collect_schema(), memory_bytes=memory_bytes)
    for batch in frame.collect_batches(maintain_order=True):
        keeper.add(batch)
    return keeper.lazy()
