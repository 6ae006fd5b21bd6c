"""Which reader reads which file: by the name that the user gave, else by content."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import polars as pl

from watchfloor.engine import in_order
from watchfloor.errors import (
    AmbiguousTime,
    MissingExtra,
    NothingToRead,
    OtherTable,
    UnknownFormat,
    UnreadableFile,
    WatchfloorError,
)
from watchfloor.readers._reader import Head, Options, Reader, Tables, merge
from watchfloor.readers.alerts import READER as ALERT_SYSTEMS
from watchfloor.readers.auditd import READER as AUDITD
from watchfloor.readers.carried import READER as CARRIED
from watchfloor.readers.cef import READER as CEF
from watchfloor.readers.chainsaw import READER as CHAINSAW
from watchfloor.readers.clamav import READER as CLAMAV
from watchfloor.readers.csvlog import READER as CSVLOG
from watchfloor.readers.eve import READER as EVE
from watchfloor.readers.evtx import READER as EVTX
from watchfloor.readers.flows import JSON as FLOW_JSON
from watchfloor.readers.flows import LINES as FLOW_LINES
from watchfloor.readers.flows import TABLE as FLOW_TABLE
from watchfloor.readers.hayabusa import READER as HAYABUSA
from watchfloor.readers.intake import files
from watchfloor.readers.intake.since import Since
from watchfloor.readers.jsonlog import READER as JSONLOG
from watchfloor.readers.leef import READER as LEEF
from watchfloor.readers.loki import READER as LOKI
from watchfloor.readers.lokirs import READER as LOKIRS
from watchfloor.readers.nessus import READER as NESSUS
from watchfloor.readers.nmap import READER as NMAP
from watchfloor.readers.osquery import READER as OSQUERY
from watchfloor.readers.pairs import READER as PAIRS
from watchfloor.readers.paloalto import READER as PALOALTO
from watchfloor.readers.patterns.known import readers as shipped_patterns
from watchfloor.readers.patterns.known import shares as shares_of_patterns
from watchfloor.readers.patterns.reading import READER as PATTERN
from watchfloor.readers.pcap import READER as PCAP
from watchfloor.readers.plugins import plugins
from watchfloor.readers.qradar import READER as QRADAR
from watchfloor.readers.syslog import READER as SYSLOG
from watchfloor.readers.table import READER as TABLE
from watchfloor.readers.thor import READER as THOR
from watchfloor.readers.thortext import READER as THOR_TEXT
from watchfloor.readers.vpcflow import READER as VPCFLOW
from watchfloor.readers.w3c import READER as W3C
from watchfloor.readers.winevent import READER as WINEVENT
from watchfloor.readers.winxml import READER as WINDOWS_XML
from watchfloor.readers.zeek import READER as ZEEK
from watchfloor.schemas import LEDGER

__all__ = ["READERS", "Choice", "all_readers", "choices", "read_files"]

READERS: tuple[Reader, ...] = (
    LOKI,
    CLAMAV,
    THOR_TEXT,
    NMAP,
    NESSUS,
    WINDOWS_XML,
    EVTX,
    PCAP,
    ZEEK,
    W3C,
    EVE,
    LOKIRS,
    THOR,
    HAYABUSA,
    CHAINSAW,
    ALERT_SYSTEMS,
    OSQUERY,
    WINEVENT,
    QRADAR,
    CEF,
    LEEF,
    AUDITD,
    VPCFLOW,
    FLOW_TABLE,
    FLOW_JSON,
    FLOW_LINES,
    CARRIED,
    PALOALTO,
    TABLE,
    CSVLOG,
    JSONLOG,
    PAIRS,
    PATTERN,
    SYSLOG,
)
"""Our readers, in the order in which they are asked: the first that is sure of a file reads it."""

SURE = 0.9
"""So sure a reader is of a file that no other is asked."""
MOST = 0.6
"""At least so sure the surest must be."""

LOOKED_AT = 64
"""The beginnings of so many files are looked at together."""

NEAR = 0.1
"""Who is less sure than this is not named as the nearest."""


def all_readers() -> tuple[Reader, ...]:
    """Every reader in the order in which they are asked; those of other packages before ours.

    Each shipped pattern of whole lines is one, by its own name.
    """
    ours = tuple(
        one for reader in READERS for one in ((*shipped_patterns(), reader) if reader is PATTERN else (reader,))
    )
    return (*plugins(frozenset(reader.name for reader in ours)), *ours)


@dataclass(frozen=True)
class Choice:
    """Who reads a file, and why."""

    path: Path
    reader: Reader | None
    """Null: nobody does."""
    share: float
    """How sure it is: the share of the file's first lines that fit."""
    reason: str
    """In words; of a file that nobody reads, what it looks like."""
    others: tuple[tuple[Reader, float], ...] = field(default=())
    """Who else would, surest first; all of them only where the choice was to be explained."""


def choices(paths: Sequence[str | Path], *, format: str | None = None) -> Iterator[Choice]:
    """Who reads each of the files, with every reader asked.

    Arguments:
        paths: as for `read_files`.
        format: a reader's name, which is never overruled.

    Raises:
        NothingToRead: no file there.
        UnknownFormat: a format name that does not exist.
    """
    for path in files.find(paths):
        try:
            yield _choices([files.head(path)], Options(), format, explain=True)[0]
        except UnreadableFile as error:
            yield Choice(path, None, 0.0, str(error).removeprefix(f"{path}: "))


def read_files(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,
    options: Options | None = None,
    since: Since | None = None,
) -> Tables:
    """The canonical tables of files and folders, with what was rejected and a ledger of the files.

    Arguments:
        paths: files, or folders that are walked to any depth; patterns, archives, `-` for standard input.
        format: a reader's name, for files whose content does not say it; never overruled.
        options: what else the user said about the files.
        since: how far each file was read before: only what was added is read.

    Raises:
        NothingToRead: no file, or none that any reader knows.
        UnknownFormat: a file named by the user that no reader knows, or a format name that does not exist.
        UnreadableFile: a file named by the user that cannot be opened or is no such format.
    """
    options = options or Options()
    if format:
        _by_name(format)
    named = {Path(path) for path in paths}
    chosen: dict[str, tuple[Reader, list[Path]]] = {}
    said = _Said()
    left_out: list[tuple[Path, str]] = []

    def leave_out(path: Path, error: WatchfloorError) -> None:
        """Guessing forgives, asking does not: a file of a folder is left out and said so, a named one is an error."""
        if path in named:
            raise error
        left_out.append((path, str(error).removeprefix(f"{path}: ")))
        if since is not None:
            since.forget(path)

    for head, choice in _chosen(files.find(paths), options, format, growing=since is not None, leave_out=leave_out):
        path = head.path
        try:
            if choice.reader is None:
                raise UnknownFormat(f"{path}: {choice.reason}", hint=files.what_next(head))
            said.of(head, choice, format)
            part: Path | None = path
            if since is not None:
                part = since.part(head, format=choice.reader.name, grows=choice.reader.grows(head))
        except (MissingExtra, UnknownFormat, UnreadableFile) as error:
            leave_out(path, error)
        else:
            if part is not None:
                chosen.setdefault(choice.reader.name, (choice.reader, []))[1].append(part)
    parts = [
        said.add_to(part) for reader, group in chosen.values() for part in _read(reader, group, options, leave_out)
    ]
    if since is not None:
        parts = [since.placed(part) for part in parts]
        if since.has_unchanged:
            parts.append(since.unchanged())
    if not parts:
        raise NothingToRead(
            f"{', '.join(str(path) for path in paths)}: none of {len(left_out)} files can be read",
            hint=f"{left_out[0][0].name}: {left_out[0][1]}. `watchfloor formats` lists what can be read",
        )
    return merge([*parts, _rejects_of(left_out)] if left_out else parts)


def _read(
    reader: Reader, paths: list[Path], options: Options, leave_out: Callable[[Path, WatchfloorError], None]
) -> list[Tables]:
    """The files of one reader: all at once, and in halves only where one of them fails."""
    began = time.monotonic()
    try:
        tables = reader.read(paths, options)
    except (AmbiguousTime, MissingExtra, OtherTable, UnreadableFile) as error:
        if len(paths) == 1:
            leave_out(paths[0], error)
            return []
        half = len(paths) // 2
        return [part for some in (paths[:half], paths[half:]) for part in _read(reader, some, options, leave_out)]
    return [_timed(tables, paths, time.monotonic() - began)]


def _timed(tables: Tables, paths: list[Path], seconds: float) -> Tables:
    """Seconds for the files whose reader does not say them."""
    if "ledger" not in tables:
        return tables
    total = sum(path.stat().st_size for path in paths)
    share = pl.col("file_bytes") / total if total else pl.lit(1 / len(paths))
    ledger = LEDGER.fill(tables["ledger"]).with_columns(pl.col("seconds").fill_null(share * seconds))
    return tables | {"ledger": ledger}


class _Said:
    """What is known of files before they are read, for the ledger."""

    def __init__(self) -> None:
        self._rows: dict[str, list[str | None]] = {"source": [], "stored": [], "guess": []}

    def of(self, head: Head, choice: Choice, format: str | None) -> None:
        """Takes up a file."""
        guessed = format is None and choice.share < SURE
        guess = f"taken for {choice.reader.name}: {choice.reason}" if guessed and choice.reader else None
        for name, value in zip(self._rows, (str(head.path), head.encoding, guess), strict=True):
            self._rows[name].append(value)

    def add_to(self, tables: Tables) -> Tables:
        """The tables, their ledger with encodings and guesses."""
        if "ledger" not in tables:
            return tables
        said = pl.LazyFrame(self._rows, schema=dict.fromkeys(self._rows, pl.String)).unique("source")
        notes = pl.concat_str(pl.col("notes"), pl.col("guess"), separator="; ", ignore_nulls=True)
        ledger = (
            LEDGER.fill(tables["ledger"])
            .join(said, on="source", how="left", maintain_order="left")
            .with_columns(pl.col("encoding").fill_null(pl.col("stored")), notes=pl.when(notes != "").then(notes))
        )
        return tables | {"ledger": LEDGER.fill(ledger)}


def _by_name(name: str) -> Reader:
    for reader in all_readers():
        if reader.name == name:
            return reader
    names = ", ".join(reader.name for reader in all_readers())
    raise UnknownFormat(f"there is no format {name!r}", hint=f"formats: {names}")


def _chosen(
    paths: Iterable[Path],
    options: Options,
    format: str | None,
    *,
    growing: bool,
    leave_out: Callable[[Path, WatchfloorError], None],
) -> Iterator[tuple[Head, Choice]]:
    """The beginning of each file, and who reads it; `growing` files may end within a line that is being written."""

    def look(some: list[Path]) -> tuple[list[tuple[Head, Choice]], list[tuple[Path, WatchfloorError]]]:
        heads: list[Head] = []
        unread: list[tuple[Path, WatchfloorError]] = []
        for path in some:
            try:
                head = files.head(path)
            except UnreadableFile as error:
                unread.append((path, error))
                continue
            if growing and len(head.lines) > 1 and not head.content.endswith(b"\n"):
                head = replace(head, lines=head.lines[:-1])
            heads.append(head)
        return list(zip(heads, _choices(heads, options, format), strict=True)), unread

    left = iter(paths)
    for found, unread in in_order(look, iter(lambda: list(islice(left, LOOKED_AT)), []), threads=2):
        for path, error in unread:
            leave_out(path, error)
        yield from found


def _choices(heads: Sequence[Head], options: Options, format: str | None, *, explain: bool = False) -> Sequence[Choice]:
    """The first that is sure reads a file, else the surest one that is sure enough."""
    if format is not None:
        reader = _by_name(format)
        return [Choice(head.path, reader, 1.0, "named by the user") for head in heads]
    if options.pattern is not None:
        return [Choice(head.path, PATTERN, 1.0, "the pattern is for lines of text") for head in heads]
    if options.columns is not None:
        return [Choice(head.path, TABLE, 1.0, "the column map is for tables") for head in heads]
    asked: list[list[tuple[Reader, float]]] = [[] for _ in heads]
    looked_at = heads if explain else [replace(head, least=MOST) for head in heads]
    left = list(range(len(heads)))
    for some in _turns():
        of_each = _shares(some, [looked_at[n] for n in left])
        for n, shares in zip(left, of_each, strict=True):
            asked[n] += sorted(zip(some, shares, strict=True), key=lambda one: -one[1])
        if not explain:
            left = [n for n in left if asked[n][-len(some)][1] < SURE]
    return [_choice(head, told, explain=explain) for head, told in zip(heads, asked, strict=True)]


def _shares(readers: tuple[Reader, ...], heads: Sequence[Head]) -> list[list[float]]:
    """How sure readers are of each of some files."""
    if readers == shipped_patterns():
        return shares_of_patterns(heads)
    return [[min(1.0, float(reader.accepts(head))) for reader in readers] for head in heads]


def _choice(head: Head, asked: Sequence[tuple[Reader, float]], *, explain: bool) -> Choice:
    """Who reads a file, by how sure those are who were asked."""
    sure = next((one for one in asked if one[1] >= SURE), None)
    if sure is not None and sure[0] is SYSLOG:
        # Nearly all logs are lines that begin with a time: what is known of most of them goes before.
        names = {reader.name for reader in shipped_patterns()}
        sure = next((one for one in asked if one[0].name in names and one[1] >= MOST), sure)
    best, share = sure or max(asked, key=lambda one: one[1])
    if share < MOST:
        if not explain:
            return _choices([head], Options(), None, explain=True)[0]  # to name who is nearest
        near_ones = sorted((one for one in asked if one[1] > 0), key=lambda one: -one[1])
        near = f" (nearest: {best.name}, {_percent(share)})" if share >= NEAR else ""
        return Choice(head.path, None, share, f"{files.looks_like(head)}{near}", tuple(near_ones))
    others = sorted((one for one in asked if one[0] is not best and one[1] > 0), key=lambda one: -one[1])
    sign = (best.sign(head) if explain else "") if callable(best.sign) else best.sign
    sign = sign or best.about
    reason = sign if share == 1 else f"{_percent(share)}: {sign}"
    return Choice(head.path, best, share, reason, tuple(others))


def _turns() -> Iterator[tuple[Reader, ...]]:
    """Who is asked in turn; the shipped patterns together, since the best of them is meant."""
    patterns = shipped_patterns()
    for reader in all_readers():
        if reader not in patterns:
            yield (reader,)
        elif reader is patterns[-1]:
            yield patterns


def _percent(share: float) -> str:
    return f"{share:.0%} of its first lines fit"


def _rejects_of(strangers: list[tuple[Path, str]]) -> Tables:
    """Files of a folder that nobody reads: rejects, so that they are seen."""
    sources, reasons = [str(path) for path, _ in strangers], [reason for _, reason in strangers]
    sizes = pl.Series([_size(path) for path, _ in strangers], dtype=pl.Int64)
    return {
        "rejects": pl.LazyFrame({"source": sources, "reason": reasons}),
        "ledger": pl.LazyFrame({"source": sources, "file_bytes": sizes, "partial": reasons}),
    }


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
