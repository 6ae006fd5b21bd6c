"""Groups that do not all fit into memory: rows dealt into buckets on disk, so that no group is torn."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

__all__ = ["BUCKETS", "MEMORY_BYTES", "dealt"]

MEMORY_BYTES = 512 * 1024 * 1024
"""How much is held in memory before rows go to disk, and about how large a bucket becomes."""
BUCKETS = 32
"""Into how many parts rows on disk are dealt; small ones are read together."""


@contextmanager
def dealt(
    frame: pl.LazyFrame, key: str, *, memory_bytes: int = MEMORY_BYTES, buckets: int = BUCKETS
) -> Iterator[list[pl.LazyFrame]]:
    """The frame, computed once, as buckets: rows of one key (an integer column, or null) are all in one of them.

    Few rows are one bucket in memory. Many are Parquet files, gone when the block ends: collect what you need of them.
    """
    with tempfile.TemporaryDirectory(prefix="watchfloor-") as folder:
        dealer = _Dealer(Path(folder), key, buckets)
        held: list[pl.DataFrame] = []
        size = 0
        for batch in frame.collect_batches(maintain_order=False):
            held.append(batch)
            size += int(batch.estimated_size())
            if size > memory_bytes:
                dealer.deal(pl.concat(held))
                held, size = [], 0
        if not dealer.files:
            yield [pl.concat(held).lazy()] if held else [pl.LazyFrame(schema=frame.collect_schema())]
            return
        if held:
            dealer.deal(pl.concat(held))
        del held
        yield dealer.gathered(memory_bytes)


class _Dealer:
    """Writes rows to the file of their bucket."""

    def __init__(self, folder: Path, key: str, buckets: int) -> None:
        self._folder, self._key, self._buckets = folder, key, buckets
        self.files: dict[int, list[tuple[Path, int]]] = {}

    def deal(self, rows: pl.DataFrame) -> None:
        bucket = (pl.col(self._key).hash() % self._buckets).cast(pl.UInt16)
        for number in range(self._buckets):
            part = rows.filter(bucket == number)
            if part.height:
                mine = self.files.setdefault(number, [])
                path = self._folder / f"{number:03}-{len(mine):05}.parquet"
                part.write_parquet(path, compression="lz4", statistics=False)
                mine.append((path, int(part.estimated_size())))

    def gathered(self, memory_bytes: int) -> list[pl.LazyFrame]:
        """Buckets, as many together as memory holds."""
        groups: list[list[Path]] = [[]]
        size = 0
        for files in self.files.values():
            more = sum(bytes_ for _, bytes_ in files)
            if groups[-1] and size + more > memory_bytes:
                groups.append([])
                size = 0
            groups[-1] += [path for path, _ in files]
            size += more
        return [pl.scan_parquet(group) for group in groups]
