"""The records of one log file, block by block, and the account of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from watchfloor.engine import owned
from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import REJECTED_CHARACTERS, Options
from watchfloor.readers.intake import files
from watchfloor.readers.intake.texts import with_damage
from watchfloor.readers.loki.hits import is_cut
from watchfloor.readers.loki.layouts import LAYOUTS, STAMP_BYTES, Layout, frame, layout_of, starts_scan
from watchfloor.schemas import LEDGER, REJECTS

__all__ = ["LONGEST_JOIN", "Log"]

LONGEST_JOIN = 20
"""So many records may a hit be cut into by forged prefixes."""
PIECE_BYTES = 4 * 1024 * 1024
"""Blocks are read in pieces: an allocator gives larger pieces of memory back each time, and their pages cost more
than the reading."""
_ROUNDS = 5
"""So often what waits may grow: a file of nothing but cut hits is not to wait as a whole."""
_BOM = b"\xef\xbb\xbf"
_SYSTEM = r"^.*?Starting Loki Scan VERSION: .*? SYSTEM: ([^ ]+) TIME: "


@dataclass
class Log:
    """A log file: how it is laid out, and what has been read of it."""

    path: Path
    number: int
    """Among the files that are read together."""
    layout: Layout
    hosts: set[str] = field(default_factory=set)
    """Of the scans that have started."""
    host: str | None = None
    """Of the scan that goes on, where the layout names it at its start only."""
    escapes_breaks: bool = False
    """Whether a line break is written as backslash and n: so does a syslog over TCP."""
    lines: int = 0
    read: int = 0
    continued: int = 0
    rejected: int = 0
    skipped: int = 0
    partial: str | None = None
    rejects: list[pl.LazyFrame] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, number: int) -> Log:
        """A log whose lines have not been read.

        Raises:
            UnreadableFile: not a line of it is Loki's.
        """
        layout = layout_of(files.head(path).lines)
        if layout is None and path.stat().st_size:
            raise UnreadableFile(
                f"{path}: no record of a Loki scan begins its first lines", hint="is it another tool's log?"
            )
        one = cls(path, number, layout or LAYOUTS[0])
        one.escapes_breaks = one.layout.name == "syslog" and _one_line_each(path)
        return one

    def records(self, size: int, options: Options) -> Iterator[tuple[pl.DataFrame, int]]:
        """Blocks of whole records, and the bytes that each was made of; damaged ones are among the rejects."""
        waiting: pl.DataFrame | None = None
        """Lines of the block before that are not over."""
        damaged: list[int] = []
        seen = 0
        pieces = files.blocks(self.path, min(size, PIECE_BYTES), progress=options.progress, cut_short=self._cut_short)
        piece = next(pieces, b"")
        while piece:
            stored = 0
            texts: list[pl.Series] = []
            while piece and stored < size:
                stored += len(piece)
                first = seen + sum(map(len, texts)) + 1
                text, bad = _split(piece if first > 1 else piece.removeprefix(_BOM), first)
                texts.append(text)
                damaged += bad
                # Not earlier: the next piece finds its place in memory where this one was.
                piece = b""
                piece = next(pieces, b"")
            text = pl.concat(texts, rechunk=True)
            lines = pl.DataFrame({"line": pl.int_range(len(text), dtype=pl.Int64, eager=True) + seen + 1, "text": text})
            seen += len(text)
            if waiting is not None:
                lines = pl.concat([waiting, lines], rechunk=True)
            records = frame(lines, self.layout, self.hosts)
            waiting = None
            over = _over(records) if piece and records.height else 0
            if over or (piece and records.height and lines["text"].str.len_bytes().sum() < files.LONGEST_LINE):
                last = int(records["record"][over])
                waiting = lines.filter(pl.col("line") >= last)
                records = records.filter(pl.col("record") < last)
                self.lines = last - 1
            else:
                self.lines = seen
            yield self._sound(records, [line for line in damaged if line <= self.lines]), stored
            damaged = [line for line in damaged if line > self.lines]

    def reject(self, records: pl.DataFrame, reason: str) -> None:
        """Puts records (record, lines, text) among the rejects."""
        if records.height:
            cut = records.with_columns(pl.col("text").str.strip_suffix("\r").str.head(REJECTED_CHARACTERS))
            self.rejects.append(
                REJECTS.fill(owned(cut.select("record", "lines", "text")), source=str(self.path), reason=reason)
            )
            self.rejected += int(records["lines"].sum())

    def ledger(self) -> dict[str, object]:
        """The account of the file, a row of LEDGER."""
        counts = {
            name: getattr(self, name.removeprefix("lines_")) for name in LEDGER.schema if name.startswith("lines")
        }
        return counts | {
            "source": str(self.path),
            "format": "loki",
            "file_bytes": self.path.stat().st_size,
            "partial": self.partial,
        }

    def _cut_short(self, why: str) -> None:
        self.partial = why

    def _sound(self, records: pl.DataFrame, bad: list[int]) -> pl.DataFrame:
        """The records without what is damaged; the file's number, its stamp's length and the hosts are with them."""
        if records.height and records["begin"][0] is None:
            before, records = records.head(1), records.slice(1)
            if before["text"][0].strip():
                self.reject(before, "no record has begun before this line")
            else:
                self.skipped += int(before["lines"][0])
        if bad:
            # Signed: a line before the first record has no place in the list.
            at = records["record"].search_sorted(pl.Series(bad, dtype=pl.Int64), side="right").cast(pl.Int64) - 1
            damaged = pl.col("record").is_in(records["record"].gather(at.filter(at >= 0)).implode())
            self.reject(records.filter(damaged), "bytes that are no UTF-8")
            records = records.filter(~damaged)
        if not self.layout.has_host and records.height:
            starts = pl.when(starts_scan()).then("text").str.extract(_SYSTEM)
            records = records.with_columns(host=starts.forward_fill().fill_null(pl.lit(self.host, pl.String)))
            self.host = records["host"][-1]
        stamp = STAMP_BYTES if self.layout.stamped else 0
        return records.with_columns(file=pl.lit(self.number, pl.Int32), stamp=pl.lit(stamp, pl.Int64))


def _over(records: pl.DataFrame) -> int:
    """How many records at the begin of a block are over, whatever the next block holds.

    The last one may go on there, and a hit that is cut may be joined with what follows it: it waits, and so does one
    that may reach up to it.
    """
    end = records.height - 1
    for _ in range(_ROUNDS):
        start = max(0, end - LONGEST_JOIN)
        cut = is_cut(records.slice(start, end - start)).arg_true()
        if not len(cut):
            break
        end = start + int(cut[0])
    return end


def _split(block: bytes, first: int) -> tuple[pl.Series, list[int]]:
    """Physical lines as `frame` wants them, and the numbers of those that hold bytes that are no UTF-8.

    `scan_lines` takes one carriage return away before each line feed, but what stands in a record must stay.
    """
    doubled = block.replace(b"\r", b"\r\r") if b"\r" in block else block
    try:
        return pl.scan_lines(doubled, name="text").collect()["text"], []
    except pl.exceptions.ComputeError:
        text, bad = with_damage(doubled.removesuffix(b"\n"), first)
        return pl.Series("text", [text]).str.split("\n").explode().str.strip_suffix("\r"), bad


def _one_line_each(path: Path) -> bool:
    """Whether every line of a syslog begins a record. The whole file decides: a block may hold no sign of it."""
    blocks = files.blocks(path, 16 * 1024 * 1024, progress=lambda _: None, cut_short=lambda _: None)
    for n, block in enumerate(blocks):
        text = b"\n" + (block if n else block.removeprefix(_BOM)).removesuffix(b"\n")
        if text.count(b"\n") != text.count(b"\n<"):
            return False
    return True
