"""Formats whose records are lines: read in blocks, joined where a record goes on, accounted for, parsed in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper, in_order, owned
from watchfloor.readers._reader import REJECTED_CHARACTERS, Options, Tables
from watchfloor.readers.intake import texts
from watchfloor.schemas import LEDGER, REJECTS, TABLES

__all__ = ["Blocks", "Parse", "read_lines", "read_texts"]

Parse = Callable[[pl.DataFrame], Mapping[str, pl.DataFrame]]
"""Takes records (`record`: number of its first line, `lines`: how many it has, `text`) and gives rows of canonical
tables by the table's name, each with `record`, and under `rejects` the records that it cannot read: record, reason."""
Blocks = Callable[[Path, texts.Listener], Iterator[bytes]]
"""Gives a file's lines in blocks, each but the last ending in a line feed."""
_TOGETHER = 20_000
"""So many records that are no lines are parsed together."""
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
    block_bytes: int = texts.BLOCK_BYTES,
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
        block_bytes: so much is parsed at a time; more is better for a parser of many small steps.
    """
    account = _Account(str(path), format, path.stat().st_size)

    def prepared() -> Iterator[_Block]:
        found = _records(path, options, account, begins=begins, stored=blocks, block_bytes=block_bytes)
        for records, places in found:
            kept = _kept(records, skips)
            yield records, kept if prepare is None else prepare(kept), places

    return _parsed(str(path), account, tables, parse, prepared())


def read_texts(
    path: Path,
    records: Sequence[str],
    *,
    format: str,
    tables: tuple[str, ...],
    parse: Parse,
    partial: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Tables:
    """The tables of a file whose records are no lines: they are numbered, and the ledger counts records.

    Arguments:
        path: the file.
        records: their texts.
        format: name of the reader, for the ledger.
        tables: canonical tables that `parse` may give.
        parse: as for `read_lines`.
        partial: why the file ends too early.
        notes: what was taken for granted.
    """
    account = _Account(str(path), format, path.stat().st_size)
    account.partial += partial
    account.notes += notes
    frame = pl.DataFrame({"text": records}, schema={"text": pl.String}).select(
        record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), lines=pl.lit(1, pl.Int64), text="text"
    )
    nowhere = _Places(b"", None, 1, 0)
    parts = (frame.slice(start, _TOGETHER) for start in range(0, frame.height, _TOGETHER))
    return _parsed(str(path), account, tables, parse, ((part, part, nowhere) for part in parts))


def _kept(records: pl.DataFrame, skips: pl.Expr | None) -> pl.DataFrame:
    """Records that are neither blank nor to be skipped."""
    # A comparison costs a tenth of stripping: blank texts begin with a character up to the blank, or beyond ASCII.
    perhaps = (pl.col("text") < "!") | (pl.col("text") > "~")
    some = bool(records.select_seq(perhaps.any()).item()) if records.height else False
    if skips is None:
        return records.filter(~_BLANK) if some else records
    return records.filter(~(_BLANK | skips if some else skips))


def _parsed(
    source: str,
    account: _Account,
    tables: tuple[str, ...],
    parse: Parse,
    blocks: Iterator[_Block],
) -> Tables:
    """The tables of blocks: all records of each, and those that are to be parsed."""
    keepers = {name: Keeper(TABLES[name].schema) for name in tables}

    def parsed(block: _Block) -> tuple[_Block, dict[str, pl.DataFrame]]:
        records, kept, places = block
        found = parse(kept)
        rows = {name: TABLES[name].fill(found[name], source=source).collect() for name in tables if name in found}
        rejects = found.get("rejects")
        judged = kept.select("record", "lines", "text")
        if rejects is not None and rejects.height:
            judged = judged.join(rejects, on="record", how="left")
        return (records, judged, places), rows

    for block, rows in in_order(parsed, blocks):
        account.add(*block)
        for name, frame in rows.items():
            keepers[name].add(frame)
    return {name: keeper.lazy() for name, keeper in keepers.items()} | account.tables()


class _Places:
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


_Block = tuple[pl.DataFrame, pl.DataFrame, _Places]
"""All records of a block, those that are parsed, and where they begin."""


class _Account:
    """What became of the lines of a file."""

    def __init__(self, source: str, format: str, size: int) -> None:
        self._source, self._format, self._size = source, format, size
        self._read = self._continued = self._rejected = self._skipped = 0
        self._rejects: list[pl.LazyFrame] = []
        self.partial: list[str] = []
        self.notes: list[str] = []
        self.encoding: str | None = None

    def reads_as(self, encoding: str) -> None:
        """How the text is stored."""
        self.encoding = encoding

    def reject(self, records: pl.DataFrame, places: _Places) -> None:
        """Records (record, lines, text, reason) that cannot be read."""
        if records.height:
            self._rejected += int(records["lines"].sum())
            few = owned(
                records.with_columns(pl.col("text").str.head(REJECTED_CHARACTERS), places.of(records["record"]))
            )
            self._rejects.append(REJECTS.fill(few, source=self._source))

    def add(self, records: pl.DataFrame, kept: pl.DataFrame, places: _Places) -> None:
        """A block: all its records, and those that were parsed, with the `reason` where some were rejected."""
        lines = int(kept["lines"].sum())
        self._skipped += int(records["lines"].sum()) - lines
        if "reason" in kept.columns:
            rejected = pl.col("reason").is_not_null()
            self.reject(kept.filter(rejected), places)
            kept = kept.filter(~rejected)
            lines = int(kept["lines"].sum())
        self._read += kept.height
        self._continued += lines - kept.height

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
            "encoding": self.encoding,
            "partial": "; ".join(self.partial) or None,
            "notes": "; ".join(dict.fromkeys(self.notes)) or None,
        }
        return {
            "rejects": pl.concat([REJECTS.empty(), *self._rejects]),
            "ledger": LEDGER.fill(pl.DataFrame([said | counts], schema_overrides=LEDGER.schema)),
        }


def _records(
    path: Path,
    options: Options,
    account: _Account,
    *,
    begins: pl.Expr | None,
    stored: Blocks | None,
    block_bytes: int,
) -> Iterator[tuple[pl.DataFrame, _Places]]:
    """The records of a file; those with bytes that are no UTF-8, and what stands before the first, are rejected."""
    listener = texts.Listener(options.progress, account.partial.append, account.notes.append, account.reads_as)
    seen, waiting, bad = 0, None, list[int]()
    kept_place: tuple[int, int | None] | None = None
    blocks = stored(path, listener) if stored else texts.blocks(path, None, listener, size=block_bytes)
    block = next(blocks, b"")
    before = 3 if account.encoding == "utf-8-sig" else 0
    while block:
        lines, damaged = _lines(block, seen + 1)
        # What was decoded has other lengths than what is stored.
        base = before if stored is None and account.encoding in ("utf-8", "utf-8-sig") else None
        places = _Places(block, base, seen + 1, lines.height)
        if kept_place is not None:
            places.also(*kept_place)
        seen += lines.height
        before += len(block)
        bad += damaged
        block = next(blocks, b"")
        if waiting is not None:
            lines = pl.concat([waiting, lines])
        waiting = kept_place = None
        records = lines.with_columns(lines=pl.lit(1, pl.Int64))
        if begins is not None:
            records = _joined(records, begins)
            if block:
                # The last record may go on in the next block.
                last = records["record"][-1]
                waiting = lines.filter(pl.col("record") >= last)
                kept_place = last, places.keep(last)
                records = records.filter(pl.col("record") < last)
            records = _after_the_first(records, account, places)
        yield _sound(records, bad, account, places), places


def _lines(block: bytes, first: int) -> tuple[pl.DataFrame, list[int]]:
    try:
        text = pl.scan_lines(block, name="text").collect().rechunk()["text"]
        number = pl.int_range(first, first + len(text), dtype=pl.Int64, eager=True)
        return pl.DataFrame([number.alias("record"), text]), []
    except pl.exceptions.ComputeError:
        whole, bad = texts.with_damage(block.removesuffix(b"\n"), first)
        lines = pl.DataFrame({"text": [whole]}).select(pl.col("text").str.split("\n").explode().str.strip_suffix("\r"))
        return lines.select(record=pl.int_range(pl.len(), dtype=pl.Int64) + first, text="text"), bad


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


def _after_the_first(records: pl.DataFrame, account: _Account, places: _Places) -> pl.DataFrame:
    """Without what stands before the first record of the file."""
    before = records.filter(~pl.col("first") & ~_BLANK)
    account.reject(before.with_columns(reason=pl.lit("no record has begun before this line")), places)
    return records.filter(pl.col("first") | _BLANK).drop("first")


def _sound(records: pl.DataFrame, bad: list[int], account: _Account, places: _Places) -> pl.DataFrame:
    """Without records that hold one of the lines that are no UTF-8."""
    if not bad or not records.height:
        return records
    end = int(records["record"][-1]) + int(records["lines"][-1])
    here = [line for line in bad if line < end]
    bad[:] = [line for line in bad if line >= end]
    at = records["record"].search_sorted(pl.Series(here, dtype=pl.Int64), side="right").cast(pl.Int64) - 1
    damaged = pl.col("record").is_in(records["record"].gather(at.filter(at >= 0)).implode())
    account.reject(records.filter(damaged).with_columns(reason=pl.lit("bytes that are no UTF-8")), places)
    return records.filter(~damaged)
