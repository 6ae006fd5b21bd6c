"""Formats whose records are lines: read in blocks, joined where a record goes on, accounted for, parsed in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper, in_order, owned
from watchfloor.readers import texts
from watchfloor.readers._reader import REJECTED_CHARACTERS, Options, Tables
from watchfloor.schemas import LEDGER, REJECTS, TABLES

__all__ = ["Blocks", "Parse", "read_lines"]

Parse = Callable[[pl.DataFrame], Mapping[str, pl.DataFrame]]
"""Takes records (`record`: number of its first line, `lines`: how many it has, `text`) and gives rows of canonical
tables by the table's name, each with `record`, and under `rejects` the records that it cannot read: record, reason."""
Blocks = Callable[[Path, texts.Listener], Iterator[bytes]]
"""Gives a file's lines in blocks, each but the last ending in a line feed."""
_BLANK = pl.col("text").str.strip_chars() == ""


def read_lines(
    path: Path,
    options: Options,
    *,
    format: str,
    tables: tuple[str, ...],
    parse: Parse,
    begins: pl.Expr | None = None,
    skips: pl.Expr | None = None,
    prepare: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    blocks: Blocks | None = None,
) -> Tables:
    """The tables of one file; every line of it is read, continued, rejected or skipped.

    Arguments:
        path: the file.
        options: what the user said.
        format: name of the reader, for the ledger.
        tables: canonical tables that `parse` may give.
        parse: is called from threads, block by block, in any order.
        begins: whether a line (`text`) begins a record; a line that does not goes on with the one before it. Null:
            every line is a record.
        skips: whether a record is none: a header, a comment. Blank records are skipped in any case.
        prepare: is called block by block in the order of the file, before `parse`; it may add columns. What it takes
            away counts as skipped.
        blocks: gives the lines of the file, where they are stored otherwise; null: `texts.blocks` does.
    """
    keepers = {name: Keeper(TABLES[name].schema) for name in tables}
    account = _Account(str(path), format, path.stat().st_size)
    blank = _BLANK if skips is None else _BLANK | skips

    def prepared() -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for records in _records(path, options, account, begins, blocks):
            kept = records.filter(~blank)
            yield records, kept if prepare is None else prepare(kept)

    def parsed(block: tuple[pl.DataFrame, pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]:
        records, kept = block
        found = parse(kept)
        rows = {name: TABLES[name].fill(found[name], source=str(path)).collect() for name in tables if name in found}
        rejects = found.get("rejects", pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String}))
        return records, kept.select("record", "lines", "text").join(rejects, on="record", how="left"), rows

    for records, kept, rows in in_order(parsed, prepared()):
        account.add(records, kept)
        for name, frame in rows.items():
            keepers[name].add(frame)
    return {name: keeper.lazy() for name, keeper in keepers.items()} | account.tables()


class _Account:
    """What became of the lines of a file."""

    def __init__(self, source: str, format: str, size: int) -> None:
        self._source, self._format, self._size = source, format, size
        self._read = self._continued = self._rejected = self._skipped = 0
        self._rejects: list[pl.LazyFrame] = []
        self.partial: list[str] = []
        self.notes: list[str] = []

    def reject(self, records: pl.DataFrame) -> None:
        """Records (record, lines, text, reason) that cannot be read."""
        if records.height:
            self._rejected += int(records["lines"].sum())
            few = owned(records.with_columns(pl.col("text").str.head(REJECTED_CHARACTERS)))
            self._rejects.append(REJECTS.fill(few, source=self._source))

    def add(self, records: pl.DataFrame, kept: pl.DataFrame) -> None:
        """A block: all its records, and those that were parsed, with the `reason` of those that were rejected."""
        rejected = pl.col("reason").is_not_null()
        self.reject(kept.filter(rejected))
        good = kept.filter(~rejected)
        self._read += good.height
        self._continued += int(good["lines"].sum()) - good.height
        self._skipped += int(records["lines"].sum()) - int(kept["lines"].sum())

    def tables(self) -> Tables:
        """REJECTS and LEDGER."""
        counts = {
            "lines": self._read + self._continued + self._rejected + self._skipped,
            "lines_read": self._read,
            "lines_continued": self._continued,
            "lines_rejected": self._rejected,
            "lines_skipped": self._skipped,
        }
        said = {
            "source": self._source,
            "format": self._format,
            "file_bytes": self._size,
            "partial": "; ".join(self.partial) or None,
            "notes": "; ".join(dict.fromkeys(self.notes)) or None,
        }
        return {
            "rejects": pl.concat([REJECTS.empty(), *self._rejects]),
            "ledger": LEDGER.fill(pl.DataFrame([said | counts], schema_overrides=LEDGER.schema)),
        }


def _records(
    path: Path, options: Options, account: _Account, begins: pl.Expr | None, stored: Blocks | None
) -> Iterator[pl.DataFrame]:
    """The records of a file; those with bytes that are no UTF-8, and what stands before the first, are rejected."""
    listener = texts.Listener(options.progress, account.partial.append, account.notes.append)
    seen, waiting, bad = 0, None, list[int]()
    blocks = stored(path, listener) if stored else texts.blocks(path, None, listener)
    block = next(blocks, b"")
    while block:
        lines, damaged = _lines(block, seen + 1)
        seen += lines.height
        bad += damaged
        block = next(blocks, b"")
        if waiting is not None:
            lines = pl.concat([waiting, lines])
        waiting = None
        records = lines.with_columns(lines=pl.lit(1, pl.Int64))
        if begins is not None:
            records = _joined(records, begins)
            if block:
                # The last record may go on in the next block.
                last = records["record"][-1]
                waiting = lines.filter(pl.col("record") >= last)
                records = records.filter(pl.col("record") < last)
            records = _after_the_first(records, account)
        yield _sound(records, bad, account)


def _lines(block: bytes, first: int) -> tuple[pl.DataFrame, list[int]]:
    number = pl.int_range(pl.len(), dtype=pl.Int64) + first
    try:
        return pl.scan_lines(block, name="text").select(record=number, text="text").collect().rechunk(), []
    except pl.exceptions.ComputeError:
        text, bad = texts.with_damage(block.removesuffix(b"\n"), first)
        lines = pl.DataFrame({"text": [text]}).select(pl.col("text").str.split("\n").explode().str.strip_suffix("\r"))
        return lines.select(record=number, text="text"), bad


def _joined(lines: pl.DataFrame, begins: pl.Expr) -> pl.DataFrame:
    lines = lines.with_columns(first=begins.fill_null(False))
    if lines["first"].all():
        return lines
    lines = lines.with_columns(of=pl.col("first").cum_sum())
    several = pl.col("of").is_in(lines.filter(~pl.col("first"))["of"].unique().implode())
    joined = (
        lines.filter(several)
        .group_by("of", maintain_order=True)
        .agg(pl.col("record", "first").first(), pl.col("text").str.join("\n"), pl.col("lines").sum())
    )
    columns = ["record", "text", "lines", "first"]
    return pl.concat([lines.filter(~several).select(columns), joined.select(columns)]).sort("record")


def _after_the_first(records: pl.DataFrame, account: _Account) -> pl.DataFrame:
    """Without what stands before the first record of the file."""
    before = records.filter(~pl.col("first") & ~_BLANK)
    account.reject(before.with_columns(reason=pl.lit("no record has begun before this line")))
    return records.filter(pl.col("first") | _BLANK).drop("first")


def _sound(records: pl.DataFrame, bad: list[int], account: _Account) -> pl.DataFrame:
    """Without records that hold one of the lines that are no UTF-8."""
    if not bad or not records.height:
        return records
    end = int(records["record"][-1]) + int(records["lines"][-1])
    here = [line for line in bad if line < end]
    bad[:] = [line for line in bad if line >= end]
    at = records["record"].search_sorted(pl.Series(here, dtype=pl.Int64), side="right").cast(pl.Int64) - 1
    damaged = pl.col("record").is_in(records["record"].gather(at.filter(at >= 0)).implode())
    account.reject(records.filter(damaged).with_columns(reason=pl.lit("bytes that are no UTF-8")))
    return records.filter(~damaged)
