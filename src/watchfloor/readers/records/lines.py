"""Formats whose records are lines: read in blocks, joined where a record goes on, accounted for, parsed in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper, in_order
from watchfloor.readers._reader import Options, Tables
from watchfloor.readers.intake import texts
from watchfloor.readers.records.accounts import Account, Block, Places, Share, Shares, tables_of
from watchfloor.schemas import TABLES

__all__ = ["Blocks", "Parse", "after_the_first", "joined", "not_blank", "parsed", "read_lines", "read_texts", "sound"]

Parse = Callable[[pl.DataFrame], Mapping[str, pl.DataFrame]]
"""Takes records (`record`: number of its first line, `lines`: how many it has, `text`) and gives rows of canonical
tables by the table's name, each with `record`, and under `rejects` the records that it cannot read: record, reason."""
Blocks = Callable[[Path, texts.Listener], Iterator[bytes]]
"""Gives a file's lines in blocks, each but the last ending in a line feed."""
_TOGETHER = 20_000
"""So many records that are no lines are parsed together."""
_BLANK = pl.col("text").str.strip_chars() == ""
"""Whether a record holds nothing."""


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
    block_bytes: int | None = None,
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
        block_bytes: so much is parsed at a time, where it is not as much as usual; more is better for a parser of many
            small steps.
    """
    account = Account(str(path), format, path.stat().st_size)

    def prepared() -> Iterator[Block]:
        found = _records(path, options, account, begins=begins, stored=blocks, block_bytes=block_bytes)
        for records, shares in found:
            kept = not_blank(records, skips)
            yield Block(records, kept if prepare is None else prepare(kept), shares)

    return parsed(prepared(), tables, parse) | tables_of([account])


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
    account = Account(str(path), format, path.stat().st_size)
    account.partial += partial
    account.notes += notes
    frame = pl.DataFrame({"text": records}, schema={"text": pl.String}).select(
        record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), lines=pl.lit(1, pl.Int64), text="text"
    )
    whole = Shares([Share(account, Places(b"", None, 1, 0), 0)])
    parts = (frame.slice(start, _TOGETHER) for start in range(0, frame.height, _TOGETHER))
    return parsed((Block(part, part, whole) for part in parts), tables, parse) | tables_of([account])


def not_blank(records: pl.DataFrame, skips: pl.Expr | None = None) -> pl.DataFrame:
    """Records that are neither blank nor to be skipped."""
    # A comparison costs a tenth of stripping: blank texts begin with a character up to the blank, or beyond ASCII.
    perhaps = (pl.col("text") < "!") | (pl.col("text") > "~")
    some = bool(records.select_seq(perhaps.any()).item()) if records.height else False
    if skips is None:
        return records.filter(~_BLANK) if some else records
    return records.filter(~(_BLANK | skips if some else skips))


def parsed(blocks: Iterable[Block], tables: tuple[str, ...], parse: Parse) -> Tables:
    """The tables of blocks, which are parsed in threads; what becomes of their lines is entered into the accounts.

    Arguments:
        blocks: of one file or more.
        tables: canonical tables that `parse` may give.
        parse: as for `read_lines`.
    """
    keepers = {name: Keeper(TABLES[name].schema) for name in tables}

    def of_block(block: Block) -> tuple[Block, dict[str, pl.DataFrame]]:
        found = parse(block.kept)
        rows = {name: TABLES[name].fill(block.shares.named(found[name])).collect() for name in tables if name in found}
        rejects = found.get("rejects")
        judged = block.kept.select("record", "lines", "text")
        if rejects is not None and rejects.height:
            judged = judged.join(rejects, on="record", how="left")
        return Block(block.records, judged, block.shares), rows

    for block, rows in in_order(of_block, blocks):
        block.shares.add(block.records, block.kept)
        for name, frame in rows.items():
            keepers[name].add(frame)
    return {name: keeper.lazy() for name, keeper in keepers.items()}


def _records(
    path: Path,
    options: Options,
    account: Account,
    *,
    begins: pl.Expr | None,
    stored: Blocks | None,
    block_bytes: int | None,
) -> Iterator[tuple[pl.DataFrame, Shares]]:
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
        places = Places(block, base, seen + 1, lines.height)
        shares = Shares([Share(account, places, 0)])
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
            records = joined(records, begins)
            if block:
                # The last record may go on in the next block.
                last = records["record"][-1]
                waiting = lines.filter(pl.col("record") >= last)
                kept_place = last, places.keep(last)
                records = records.filter(pl.col("record") < last)
            records = after_the_first(records, shares)
        yield sound(records, bad, shares), shares


def _lines(block: bytes, first: int) -> tuple[pl.DataFrame, list[int]]:
    try:
        text = pl.scan_lines(block, name="text").collect().rechunk()["text"]
        number = pl.int_range(first, first + len(text), dtype=pl.Int64, eager=True)
        return pl.DataFrame([number.alias("record"), text]), []
    except pl.exceptions.ComputeError:
        whole, bad = texts.with_damage(block.removesuffix(b"\n"), first)
        lines = pl.DataFrame({"text": [whole]}).select(pl.col("text").str.split("\n").explode().str.strip_suffix("\r"))
        return lines.select(record=pl.int_range(pl.len(), dtype=pl.Int64) + first, text="text"), bad


def joined(lines: pl.DataFrame, begins: pl.Expr, *, starts: pl.Expr | None = None) -> pl.DataFrame:
    """Lines as records, each with what goes on with it; `first` says whether its first line begins a record.

    Arguments:
        lines: `record`, `text`, `lines`.
        begins: whether a line begins a record.
        starts: whether a line is the first of its file: it goes on with none.
    """
    lines = lines.with_columns(first=begins.fill_null(False))
    if lines["first"].all():
        return lines
    lines = lines.with_columns(of=(pl.col("first") if starts is None else pl.col("first") | starts).cum_sum())
    several = pl.col("of").is_in(lines.filter(~pl.col("first"))["of"].unique().implode())
    made = (
        lines.filter(several)
        .group_by("of", maintain_order=True)
        .agg(pl.col("record", "first").first(), pl.col("text").str.join("\n"), pl.col("lines").sum())
    )
    columns = ["record", "text", "lines", "first"]
    return pl.concat([lines.filter(~several).select(columns), made.select(columns)]).sort("record")


def after_the_first(records: pl.DataFrame, shares: Shares) -> pl.DataFrame:
    """Without what stands before the first record of a file."""
    before = records.filter(~pl.col("first") & ~_BLANK)
    shares.reject(before.with_columns(reason=pl.lit("no record has begun before this line")))
    return records.filter(pl.col("first") | _BLANK).drop("first")


def sound(records: pl.DataFrame, bad: list[int], shares: Shares) -> pl.DataFrame:
    """Without records that hold one of the lines that are no UTF-8, which are taken from the list."""
    if not bad or not records.height:
        return records
    end = int(records["record"][-1]) + int(records["lines"][-1])
    here = [line for line in bad if line < end]
    bad[:] = [line for line in bad if line >= end]
    at = records["record"].search_sorted(pl.Series(here, dtype=pl.Int64), side="right").cast(pl.Int64) - 1
    damaged = pl.col("record").is_in(records["record"].gather(at.filter(at >= 0)).implode())
    shares.reject(records.filter(damaged).with_columns(reason=pl.lit("bytes that are no UTF-8")))
    return records.filter(~damaged)
