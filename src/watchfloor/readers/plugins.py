"""Readers that other packages bring, by the entry-point group `watchfloor.readers`: each entry names a `Reader`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path

from watchfloor.errors import UnreadableFile, WatchfloorError
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.schemas import TABLES

__all__ = ["GROUP", "plugins"]

GROUP = "watchfloor.readers"


@cache
def plugins(taken: frozenset[str]) -> tuple[Reader, ...]:
    """The readers of installed packages, in the order of their names.

    One that is broken is named in a warning; the others are there all the same.

    Arguments:
        taken: names that our readers have, and no other may have.
    """
    return tuple(_loaded(sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name), set(taken)))


def _loaded(entries: Iterable[metadata.EntryPoint], taken: set[str]) -> Iterator[Reader]:
    for entry in entries:
        try:
            reader = entry.load()
        except Exception as error:  # noqa: BLE001, RUF100 - another's code may raise anything
            _warn(entry, f"cannot be loaded ({type(error).__name__}: {error})")
            continue
        if wrong := _wrong(reader, taken):
            _warn(entry, wrong)
            continue
        taken.add(reader.name)
        yield _guarded(reader, entry)


def _wrong(reader: object, taken: set[str]) -> str | None:
    """Why it cannot be used."""
    if not isinstance(reader, Reader):
        return "is no watchfloor.readers.Reader"
    if reader.name in taken:
        return f"has the name {reader.name!r}, which another reader has"
    if unknown := set(reader.tables) - TABLES.keys():
        return f"makes tables that there are not: {', '.join(sorted(unknown))}"
    return None


def _guarded(reader: Reader, entry: metadata.EntryPoint) -> Reader:
    """The reader, whose failures are its own."""

    def accepts(head: Head) -> float:
        try:
            return float(reader.accepts(head))
        except Exception as error:  # noqa: BLE001, RUF100 - as above
            _warn(entry, f"fails on {head.path} ({type(error).__name__}: {error})")
            return 0.0

    def read(paths: Sequence[Path], options: Options) -> Tables:
        try:
            return reader.read(paths, options)
        except WatchfloorError:
            raise
        except Exception as error:
            raise UnreadableFile(
                f"{paths[0]}: the plug-in {_name(entry)} fails ({type(error).__name__}: {error})",
                hint="tell its authors, or name another --format",
            ) from error

    return replace(reader, accepts=accepts, read=read)


def _name(entry: metadata.EntryPoint) -> str:
    package = f" of {entry.dist.name}" if entry.dist else ""
    return f"{entry.name!r}{package}"


def _warn(entry: metadata.EntryPoint, what: str) -> None:
    warnings.warn(f"the plug-in {_name(entry)} {what}: it is left out", stacklevel=2)
