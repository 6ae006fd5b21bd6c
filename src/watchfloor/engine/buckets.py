"""Groups of rows that together are larger than memory, or than the processor's cache, dealt so that none is torn."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from watchfloor.engine.keep import bytes_of

__all__ = ["BUCKET_ROWS", "MEMORY_BYTES", "dealt", "of_each"]

MEMORY_BYTES = 1024 * 1024 * 1024
"""How much is held in memory before it goes to disk."""
BUCKET_ROWS = 2_000_000
"""About how many rows a bucket has: few enough for a sort to be quick, many enough for its fixed costs not to count."""

_WORKERS = 4
"""Buckets that are worked on at a time, at most: each needs memory."""
_SLOTS = 32
"""Into how many parts rows are dealt before their number is known; small ones are put together."""
_BATCH_ROWS = 100_000
"""So few that they stay in the processor's cache while they are dealt."""


@contextmanager
def dealt(
    frame: pl.LazyFrame, key: str, *, memory_bytes: int = MEMORY_BYTES, bucket_rows: int = BUCKET_ROWS
) -> Iterator[list[pl.LazyFrame]]:
    """The frame, computed once, as buckets: all rows of one key (an integer column, or null) are in one of them.

    What does not fit into memory is in files that go when the block ends: collect what you need of the buckets before.
    """
    with tempfile.TemporaryDirectory(prefix="watchfloor-", ignore_cleanup_errors=True) as folder:
        dealer = _Dealer(Path(folder), frame.collect_schema(), memory_bytes)
        slot = (pl.col(key).hash() % _SLOTS).cast(pl.UInt8).alias(_SLOT)
        for batch in frame.with_columns(slot).collect_batches(chunk_size=_BATCH_ROWS, maintain_order=False):
            dealer.deal(batch)
        yield dealer.buckets(bucket_rows)


def of_each(buckets: list[pl.LazyFrame], work: Callable[[int, pl.LazyFrame], pl.DataFrame]) -> pl.DataFrame:
    """What work makes of each bucket and its number, in the order of the buckets; some are worked on at the same time.

    A step that Polars does on one core leaves the others to the next bucket.
    """
    workers = min(_WORKERS, len(buckets), os.cpu_count() or 1)
    if workers == 1:
        return pl.concat(work(number, bucket) for number, bucket in enumerate(buckets))
    with ThreadPoolExecutor(workers) as pool:
        return pl.concat(pool.map(work, range(len(buckets)), buckets))


_SLOT = "slot of the dealer"


class _Dealer:
    """Holds rows by slot, in memory and in files."""

    def __init__(self, folder: Path, schema: pl.Schema, memory_bytes: int) -> None:
        self._folder, self._schema, self._memory_bytes = folder, schema, memory_bytes
        self._held: list[list[pl.DataFrame]] = [[] for _ in range(_SLOTS)]
        self._files: list[list[Path]] = [[] for _ in range(_SLOTS)]
        self._rows = [0] * _SLOTS
        self._bytes = 0

    def deal(self, batch: pl.DataFrame) -> None:
        for part in batch.partition_by(_SLOT, maintain_order=False):
            slot = part[_SLOT][0]
            self._held[slot].append(part.drop(_SLOT))
            self._rows[slot] += part.height
        self._bytes += bytes_of(batch)
        if self._bytes > self._memory_bytes:
            self._write()

    def _write(self) -> None:
        for slot, held in enumerate(self._held):
            if held:
                path = self._folder / f"{slot:03}-{len(self._files[slot]):05}.arrow"
                pl.concat(held).write_ipc(path)
                self._files[slot].append(path)
                held.clear()
        self._bytes = 0

    def buckets(self, bucket_rows: int) -> list[pl.LazyFrame]:
        """Slots, as many together as a bucket has rows."""
        groups: list[list[int]] = [[]]
        rows = 0
        for slot, more in enumerate(self._rows):
            if groups[-1] and rows + more > bucket_rows:
                groups.append([])
                rows = 0
            groups[-1].append(slot)
            rows += more
        return [self._bucket(slots) for slots in groups]

    def _bucket(self, slots: list[int]) -> pl.LazyFrame:
        files = [path for slot in slots for path in self._files[slot]]
        held = [part for slot in slots for part in self._held[slot]]
        parts = ([pl.scan_ipc(files)] if files else []) + ([pl.concat(held).lazy()] if held else [])
        return pl.concat(parts) if parts else pl.LazyFrame(schema=self._schema)
