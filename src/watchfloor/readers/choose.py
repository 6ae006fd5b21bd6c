"""Which reader reads which file: by the name that the user gave, else by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from watchfloor.errors import AmbiguousTime, NothingToRead, OtherTable, UnknownFormat, UnreadableFile, WatchfloorError
from watchfloor.readers import files
from watchfloor.readers._reader import Head, Options, Reader, Tables, merge
from watchfloor.readers.loki import READER as LOKI
from watchfloor.readers.patterns.reading import READER as PATTERN
from watchfloor.readers.qradar import READER as QRADAR
from watchfloor.readers.syslog import READER as SYSLOG
from watchfloor.readers.table import READER as TABLE
from watchfloor.readers.zeek import READER as ZEEK

__all__ = ["READERS", "read_files"]

READERS: tuple[Reader, ...] = (LOKI, ZEEK, QRADAR, TABLE, PATTERN, SYSLOG)
"""Every reader, in the order in which they are asked; the first that accepts a file reads it."""

MOST = 0.6
"""At least so sure a reader must be of a file."""


def read_files(paths: Sequence[str | Path], *, format: str | None = None, options: Options | None = None) -> Tables:
    """The canonical tables of files and folders, with what was rejected and a ledger of the files.

    Arguments:
        paths: files, or folders that are walked to any depth.
        format: a reader's name, for files whose content does not say it; never overruled.
        options: what else the user said about the files.

    Raises:
        NothingToRead: no file, or none that any reader knows.
        UnknownFormat: a file named by the user that no reader knows, or a format name that does not exist.
        UnreadableFile: a file named by the user that cannot be opened or is no such format.
    """
    options = options or Options()
    named = {Path(path) for path in paths}
    chosen: dict[str, tuple[Reader, list[Path]]] = {}
    left_out: list[tuple[Path, str]] = []

    def leave_out(path: Path, error: WatchfloorError) -> None:
        """Guessing forgives, asking does not: a file of a folder is left out and said so, a named one is an error."""
        if path in named:
            raise error
        left_out.append((path, str(error).removeprefix(f"{path}: ")))

    for path in files.find(paths):
        try:
            reader = _by_name(format) if format else _by_content(files.head(path), options)
        except (UnknownFormat, UnreadableFile) as error:
            leave_out(path, error)
        else:
            chosen.setdefault(reader.name, (reader, []))[1].append(path)
    parts = [part for reader, group in chosen.values() for part in _read(reader, group, options, leave_out)]
    if not parts:
        raise NothingToRead(
            f"{', '.join(str(path) for path in paths)}: none of {len(left_out)} files can be read",
            hint=f"{left_out[0][0].name}: {left_out[0][1]}. `watchfloor formats` lists what can be read",
        )
    return merge([*parts, _rejects_of(left_out)] if left_out else parts)


def _read(
    reader: Reader, paths: list[Path], options: Options, leave_out: Callable[[Path, WatchfloorError], None]
) -> list[Tables]:
    """The files of one reader: all at once, and one by one only where one of them fails."""
    try:
        return [reader.read(paths, options)]
    except (AmbiguousTime, OtherTable, UnreadableFile) as error:
        if len(paths) == 1:
            leave_out(paths[0], error)
            return []
    return [part for path in paths for part in _read(reader, [path], options, leave_out)]


def _by_name(name: str) -> Reader:
    for reader in READERS:
        if reader.name == name:
            return reader
    raise UnknownFormat(f"there is no format {name!r}", hint=f"formats: {', '.join(reader.name for reader in READERS)}")


def _by_content(head: Head, options: Options) -> Reader:
    if options.pattern is not None:
        return PATTERN
    if options.columns is not None:
        return TABLE
    for reader in READERS:
        if reader.accepts(head) >= MOST:
            return reader
    raise UnknownFormat(
        f"{head.path}: {files.looks_like(head)}", hint="name it with --format, or map it with --columns"
    )


def _rejects_of(strangers: list[tuple[Path, str]]) -> Tables:
    """Files of a folder that nobody reads: rejects, so that they are seen."""
    sources, reasons = [str(path) for path, _ in strangers], [reason for _, reason in strangers]
    return {
        "rejects": pl.LazyFrame({"source": sources, "reason": reasons}),
        "ledger": pl.LazyFrame({"source": sources, "partial": reasons}),
    }
