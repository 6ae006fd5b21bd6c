"""What a reader is: it says which files it accepts, and makes canonical tables and rejects of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from watchfloor.engine import Keeper, in_order
from watchfloor.schemas import TABLES, Tables

if TYPE_CHECKING:
    from watchfloor.mappings import Verdicts
    from watchfloor.readers.columns.model import ColumnMap
    from watchfloor.readers.patterns.files import Pattern

__all__ = ["REJECTED_CHARACTERS", "Head", "Options", "Reader", "Tables", "gathered", "in_turn", "merge", "one_by_one"]

REJECTED_CHARACTERS = 2_000
"""So much of its text is kept of a rejected record."""
Part = TypeVar("Part")
FILES_AT_A_TIME = 2
"""A step of one file that one core does leaves the other to the next file."""


@dataclass(frozen=True)
class Head:
    """The beginning of a file, as a reader looks at it to decide."""

    path: Path
    content: bytes
    """The first 64 KiB, decompressed, without a byte-order mark, as UTF-8."""
    lines: tuple[str, ...] = field(default=())
    """Its non-empty lines, 200 at most, the last one only if it is whole; bytes that are no UTF-8 are replaced."""
    encoding: str | None = None
    """How its text is stored, as far as this beginning shows; null where it is no text."""
    least: float = 0.0
    """A share that is smaller need not be exact."""

    def share(self, fits: Callable[[str], object]) -> float:
        """The share of lines that fit, 0 without lines; not all are looked at where it is too small anyway."""
        lines = len(self.lines)
        left = lines
        for line in self.lines:
            if not fits(line):
                left -= 1
                if left / lines < self.least:
                    return 0.0
        return left / lines if lines else 0.0


def _nothing(_: int) -> None:
    """No progress is shown."""


def _never(_: Head) -> bool:
    """Files of this format are read whole."""
    return False


@dataclass(frozen=True)
class Options:
    """What the user said about the files."""

    zone: str | None = None
    """Zone of clock times that carry none; null: none was given."""
    columns: ColumnMap | Mapping[str, Any] | None = None
    """A column map, or a dict as `--columns MAP.toml` holds it."""
    closing_reasons: Path | None = None
    """QRadar's closing reasons, from their own export."""
    mapping: Path | None = None
    """What words for closing an alert mean, before the defaults."""
    pattern: str | Path | Mapping[str, Any] | Pattern | None = None
    """A pattern by which all files are read: a shipped one's name, a pattern file, the same as a dict, or its text."""
    progress: Callable[[int], None] = _nothing
    """To be called with the number of bytes of input (as stored) that were read since the last call."""

    @property
    def verdicts(self) -> Verdicts:
        """What words for closing an alert mean.

        Raises:
            BadMapping: the file that the user named cannot be used.
        """
        from watchfloor.mappings import load_verdicts, shipped_verdicts  # noqa: PLC0415 - few formats ask

        return load_verdicts(self.mapping) if self.mapping is not None else shipped_verdicts()


@dataclass(frozen=True)
class Reader:
    """One format."""

    name: str
    """Its name for `--format`."""
    about: str
    """One line for `watchfloor formats`."""
    tables: tuple[str, ...]
    """Canonical tables that it makes, `rejects` and `ledger` left out."""
    accepts: Callable[[Head], float]
    """How sure a file is of this format, by its content (and its name where content cannot tell): the share of its
    lines that fit, where it has lines; true and false are 1 and 0."""
    read: Callable[[Sequence[Path], Options], Tables]
    """The tables of some files, `rejects` and `ledger` (one row a file) among them. Errors are raised here."""
    sign: str | Callable[[Head], str] = ""
    """What the format is known by, in words, for `watchfloor formats --explain`; it may depend on the file."""
    grows: Callable[[Head], bool] = _never
    """Whether what is added to a file can be read by itself (`--since-last`): records are lines, and all that they need
    from before are lines that begin with `#`."""


def one_by_one(read: Callable[[Path, Options], Tables]) -> Callable[[Sequence[Path], Options], Tables]:
    """Makes a reader's `read` of a function that reads one file: two files are read at a time, given in their order."""

    def read_all(paths: Sequence[Path], options: Options) -> Tables:
        return gathered(read, paths, in_turn(options))

    return read_all


def in_turn(options: Options) -> Options:
    """The options, whose progress may be called from several threads."""
    lock = Lock()

    def told(read_bytes: int) -> None:
        with lock:
            options.progress(read_bytes)

    return replace(options, progress=told)


def gathered(read: Callable[[Part, Options], Tables], parts: Iterable[Part], options: Options) -> Tables:
    """The tables of several parts, two of which are read at a time, in their order; the ledger says how long each took.

    Arguments:
        read: gives the tables of a part, which is a file or several.
        parts: the parts.
        options: what the user said, `in_turn`.
    """

    def timed(part: Part) -> Tables:
        began = time.monotonic()
        tables = read(part, options)
        if "ledger" in tables:
            size = pl.col("file_bytes").cast(pl.Float64) + 1
            seconds = size / size.sum() * (time.monotonic() - began)
            tables["ledger"] = TABLES["ledger"].fill(tables["ledger"]).with_columns(seconds=seconds)
        return tables

    if isinstance(parts, Sequence) and len(parts) == 1:
        return merge([timed(parts[0])])
    # Hundreds of small tables become few large ones, on disk where they are more than memory is to hold.
    kept: dict[str, Keeper] = {}
    for tables in in_order(timed, parts, threads=FILES_AT_A_TIME):
        for name, table in TABLES.items():
            if (frame := tables.get(name)) is not None:
                own = frame if frame.collect_schema() == table.schema else table.fill(frame)
                kept.setdefault(name, Keeper(table.schema)).take_over(own)
    return {name: kept[name].lazy() for name in TABLES if name in kept}


def merge(parts: Sequence[Tables]) -> Tables:
    """The tables of all parts, rows in the order of the parts, each filled to its canonical schema."""
    names = [name for name in TABLES if any(name in part for part in parts)]
    return {name: pl.concat([TABLES[name].fill(part[name]) for part in parts if name in part]) for name in names}
