"""Small files whose records are lines, read together: what a block costs is paid once for many files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import polars as pl

from watchfloor.errors import WatchfloorError
from watchfloor.readers._reader import Head, Options, Tables, gathered, in_turn, merge
from watchfloor.readers.intake import files, texts
from watchfloor.readers.records.accounts import Account, Block, Places, Share, Shares
from watchfloor.readers.records.lines import Parse, after_the_first, joined, not_blank, parsed, sound

__all__ = ["Prepare", "Small", "by_size", "read_together"]

GROUP_BYTES = 8 * 1024 * 1024
"""So much text of several files is read together."""
GROUP_FILES = 2_000

Read = Callable[[Path, Options], Tables]
Prepare = Callable[[pl.DataFrame], Callable[[pl.DataFrame], pl.DataFrame]]
"""Looks at all lines of some files (`record`: number of the line among all, `file`: place of its file, `text`), and
gives what adds columns to their records, by `record`."""


@dataclass(frozen=True)
class Small:
    """A file that is one block of text."""

    path: Path
    content: bytes
    """In UTF-8; a line feed ends its last line."""
    encoding: str | None = None
    partial: list[str] = field(default_factory=list)
    """Why it ends too early."""
    notes: list[str] = field(default_factory=list)
    """What was taken for granted."""

    @cached_property
    def head(self) -> Head:
        """Its beginning."""
        return files.head_of(self.path, self.content, self.encoding)

    @property
    def base(self) -> int | None:
        """Bytes before the text as stored; null where the text was decoded, and has other lengths."""
        return {"utf-8": 0, "utf-8-sig": 3}.get(self.encoding or "")


def by_size(
    read: Read,
    read_small: Callable[[Sequence[Small], Options], Tables],
    *,
    alone: Callable[[Small], bool] = lambda _: False,
) -> Callable[[Sequence[Path], Options], Tables]:
    """Makes a reader's `read` of two functions: large files are read one by one, small ones together.

    Arguments:
        read: reads one file.
        read_small: reads several; where it raises an error, they are read one by one, and it is raised for the file
            that it is about.
        alone: whether a file is to be read by itself though it is small.
    """

    def read_part(part: Path | list[Small], options: Options) -> Tables:
        if isinstance(part, Path):
            return read(part, options)
        try:
            return read_small(part, options)
        except WatchfloorError:
            silent = replace(options, progress=lambda _: None)  # it was told when the group was made
            return merge([read(small.path, silent) for small in part])

    def read_all(paths: Sequence[Path], options: Options) -> Tables:
        options = in_turn(options)
        return gathered(read_part, paths if len(paths) == 1 else _parts(paths, options, alone), options)

    return read_all


def _parts(paths: Sequence[Path], options: Options, alone: Callable[[Small], bool]) -> Iterator[Path | list[Small]]:
    """The files in their order, small ones that follow one another together."""
    group: list[Small] = []
    size = 0
    for path in paths:
        small = _small(path, options)
        if small is None or alone(small):
            if group:
                yield group
                group, size = [], 0
            yield path
            continue
        group.append(small)
        size += len(small.content)
        if size >= GROUP_BYTES or len(group) >= GROUP_FILES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _small(path: Path, options: Options) -> Small | None:
    """The file, where it is small; null where it is not, or cannot be read."""
    told, encodings = 0, [""]
    partial: list[str] = []
    notes: list[str] = []

    def progress(read_bytes: int) -> None:
        nonlocal told
        told += read_bytes

    listener = texts.Listener(progress, partial.append, notes.append, encodings.append)
    try:
        if path.stat().st_size > texts.BLOCK_BYTES:
            return None
        blocks = texts.blocks(path, None, listener)
        content = next(blocks, b"")
        if next(blocks, b""):
            return None
    except (OSError, WatchfloorError):
        return None  # whoever reads it alone says why
    options.progress(told)
    ended = content if content.endswith(b"\n") or not content else content + b"\n"
    return Small(path, ended, encodings[-1] or None, partial, notes)


def read_together(
    group: Sequence[Small],
    *,
    format: str,
    tables: tuple[str, ...],
    parse: Parse,
    begins: pl.Expr | None = None,
    skips: pl.Expr | None = None,
    prepare: Prepare | None = None,
) -> tuple[Tables, Shares]:
    """The tables of some files but for rejects and the ledger, and what became of the lines of each.

    Arguments:
        group: the files.
        format: name of the reader, for the ledger.
        tables: canonical tables that `parse` may give.
        parse: as for `read_lines`; `record` is the number of a record's first line among all lines of the files.
        begins: whether a line begins a record, as for `read_lines`.
        skips: whether a record is none, as for `read_lines`.
        prepare: adds what only the order of a file's lines tells.
    """
    accounts = [_account(small, format) for small in group]
    lines, bad, shares = _lines(group, accounts)
    if not lines.height:
        return parsed([], tables, parse), shares
    records = lines.select("record", "text", lines=pl.lit(1, pl.Int64))
    if begins is not None:
        firsts = lines["file"] != lines["file"].shift(1, fill_value=-1)
        records = joined(records, begins, starts=pl.lit(firsts))
        records = after_the_first(records, shares)
    records = sound(records, bad, shares)
    kept = not_blank(records, skips)
    if prepare is not None:
        kept = prepare(lines)(kept)
    return parsed([Block(records, kept, shares)], tables, parse), shares


def _account(small: Small, format: str) -> Account:
    account = Account(str(small.path), format, small.path.stat().st_size)
    account.partial, account.notes, account.encoding = small.partial, small.notes, small.encoding
    return account


def _lines(group: Sequence[Small], accounts: Sequence[Account]) -> tuple[pl.DataFrame, list[int], Shares]:
    """All lines, the numbers of those that are no UTF-8, and whose they are."""
    heights = [small.content.count(b"\n") for small in group]
    before = [0, *accumulate(heights)]
    shares = [
        Share(account, Places(small.content, small.base, 1, height), first)
        for small, account, height, first in zip(group, accounts, heights, before, strict=False)
    ]
    content = b"".join(small.content for small in group)
    if not content:
        return pl.DataFrame(schema={"record": pl.Int64, "file": pl.Int64, "text": pl.String}), [], Shares(shares)
    bad: list[int] = []
    try:
        text = pl.scan_lines(content, name="text").collect().rechunk()
    except pl.exceptions.ComputeError:
        decoded, bad = texts.with_damage(content, 1)
        text = pl.scan_lines(decoded.encode(), name="text").collect().rechunk()
    files = pl.DataFrame({"file": range(len(group)), "height": heights})
    of_lines = files.select(pl.col("file").repeat_by("height").explode(empty_as_null=False))["file"]
    return (
        text.select(record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), file=of_lines, text="text"),
        bad,
        Shares(shares),
    )
