"""What became of the lines of files: read, continued, rejected or skipped; and where those that are rejected stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from watchfloor.engine import owned
from watchfloor.readers._reader import REJECTED_CHARACTERS, Tables
from watchfloor.schemas import LEDGER, REJECTS

__all__ = ["Account", "Block", "Places", "Share", "Shares", "tables_of"]


class Places:
    """Where the lines of a block begin in the file."""

    def __init__(self, block: bytes, base: int | None, first: int, height: int) -> None:
        """`base` bytes and `first - 1` lines stand before the block; a null says that nobody knows."""
        self._block, self._base, self._first, self._height = block, base, first, height
        self._earlier: dict[int, int | None] = {}

    def of(self, lines: pl.Series) -> pl.Series:
        """Bytes before each of these lines, by their numbers."""
        starts: list[int] = []
        if self._base is not None and any(line >= self._first for line in lines):
            starts = list(accumulate((len(line) + 1 for line in self._block.split(b"\n")), initial=self._base))
        found = [
            self._earlier.get(line) if line < self._first else starts[line - self._first] if starts else None
            for line in lines
        ]
        return pl.Series("byte_offset", found, dtype=pl.Int64)

    def keep(self, line: int) -> int | None:
        """Where a line near the end of the block begins: the block need not be held for it."""
        if line < self._first:
            return self._earlier.get(line)
        if self._base is None:
            return None
        place = len(self._block) - self._block.endswith(b"\n")
        for _ in range(self._first + self._height - line):
            place = self._block.rfind(b"\n", 0, place)
        return self._base + place + 1

    def also(self, line: int, place: int | None) -> None:
        """A line of a block before, whose record goes on in this one."""
        self._earlier[line] = place


class Account:
    """What became of the lines of a file."""

    def __init__(self, source: str, format: str, size: int) -> None:
        self.source, self._format, self._size = source, format, size
        self.read = self.continued = self.skipped = 0
        self._rejected = 0
        self.rejects: list[pl.LazyFrame] = []
        self.partial: list[str] = []
        self.notes: list[str] = []
        self.encoding: str | None = None

    def reads_as(self, encoding: str) -> None:
        """How the text is stored."""
        self.encoding = encoding

    def reject(self, records: pl.DataFrame, places: Places) -> None:
        """Records (record, lines, text, reason) that cannot be read."""
        if records.height:
            self._rejected += int(records["lines"].sum())
            few = owned(
                records.with_columns(pl.col("text").str.head(REJECTED_CHARACTERS), places.of(records["record"]))
            )
            self.rejects.append(REJECTS.fill(few, source=self.source))

    @property
    def row(self) -> dict[str, object]:
        """A row of LEDGER."""
        return {
            "source": self.source,
            "format": self._format,
            "file_bytes": self._size,
            "encoding": self.encoding,
            "partial": "; ".join(self.partial) or None,
            "notes": "; ".join(dict.fromkeys(self.notes)) or None,
            "lines": self.read + self.continued + self._rejected + self.skipped,
            "lines_read": self.read,
            "lines_continued": self.continued,
            "lines_rejected": self._rejected,
            "lines_skipped": self.skipped,
        }


def tables_of(accounts: Sequence[Account]) -> Tables:
    """REJECTS and LEDGER of some files."""
    rows = [account.row for account in accounts]
    return {
        "rejects": pl.concat([REJECTS.empty(), *(frame for account in accounts for frame in account.rejects)]),
        "ledger": LEDGER.fill(pl.DataFrame(rows, schema_overrides=LEDGER.schema)),
    }


@dataclass(frozen=True)
class Share:
    """A file's share of a block."""

    account: Account
    places: Places
    """Of its lines, by their numbers in the file."""
    before: int
    """How many lines of other files stand before it: so much higher is the number of a line in the block."""


class Shares:
    """The files of a block, in order: the block has one number for each line, and a file has its own."""

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares = shares
        self._before = pl.Series([share.before for share in shares], dtype=pl.Int64)

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows by `record` in the block with the `source`, and by `record` in it."""
        if len(self._shares) == 1:
            return frame.with_columns(source=pl.lit(self._shares[0].account.source))
        at = self._of(frame["record"])
        sources = pl.Series([share.account.source for share in self._shares], dtype=pl.String)
        record = frame["record"].cast(pl.Int64) - self._before.gather(at)
        return frame.with_columns(source=sources.gather(at), record=record)

    @property
    def accounts(self) -> list[Account]:
        """Of the files."""
        return [share.account for share in self._shares]

    def note(self, records: Sequence[int], text: str) -> None:
        """Says something of the files that have records."""
        for n in self._of(pl.Series(records, dtype=pl.Int64)).unique():
            self._shares[n].account.notes.append(text)

    def reject(self, records: pl.DataFrame) -> None:
        """Records (record, lines, text, reason) that cannot be read."""
        if not records.height:
            return
        at = self._of(records["record"])
        for n in at.unique(maintain_order=True):
            share = self._shares[n]
            own = records.filter(at == n).with_columns(record=pl.col("record") - share.before)
            share.account.reject(own, share.places)

    def add(self, records: pl.DataFrame, kept: pl.DataFrame) -> None:
        """All records of the block, and those that were parsed, with the `reason` where some were rejected."""
        for share, _, lines in self._sums(records):
            share.account.skipped += lines
        for share, _, lines in self._sums(kept):
            share.account.skipped -= lines
        if "reason" in kept.columns:
            rejected = pl.col("reason").is_not_null()
            self.reject(kept.filter(rejected))
            kept = kept.filter(~rejected)
        for share, height, lines in self._sums(kept):
            share.account.read += height
            share.account.continued += lines - height

    def _of(self, records: pl.Series) -> pl.Series:
        """The place of each record's file."""
        return self._before.search_sorted(records, side="left").cast(pl.Int64) - 1

    def _sums(self, records: pl.DataFrame) -> list[tuple[Share, int, int]]:
        """How many records and lines are of each file."""
        if len(self._shares) == 1:
            return [(self._shares[0], records.height, int(records["lines"].sum()))]
        by_file = records.select("lines", at=self._of(records["record"])).group_by("at")
        return [
            (self._shares[at], height, lines) for at, height, lines in by_file.agg(pl.len(), pl.sum("lines")).rows()
        ]


@dataclass(frozen=True)
class Block:
    """Some lines as records: the number of the first line (`record`), how many they are (`lines`), their `text`."""

    records: pl.DataFrame
    """All of them."""
    kept: pl.DataFrame
    """Those that are to be parsed, or were."""
    shares: Shares
