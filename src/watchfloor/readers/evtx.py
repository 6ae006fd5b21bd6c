"""Windows event logs in binary (`.evtx`), by the library `evtx` of the extra `[evtx]`; times are UTC.

Its XML is read, not its JSON: the latter leaves out data without a name where other data has one.
The format has no lines: the ledger counts records.
"""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from watchfloor.errors import MissingExtra, UnreadableFile
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake import files
from watchfloor.readers.records.xmlstream import Account, Rows, whole
from watchfloor.readers.winxml import row_of

__all__ = ["READER"]

_MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_HEADER = 4_096
_CHUNK = 65_536
_SMALLEST = 28
"""Bytes of the shortest record: a chunk cannot hold more of them than that allows."""
_MOST_ERRORS = 100_000
"""After so many errors one after the other nothing is expected any more."""


def accepts(head: Head) -> float:
    """The file's first bytes say so."""
    return float(head.content.startswith(_MAGIC))


@dataclass
class _Log:
    """A log, and what the headers of its chunks say of it."""

    source: str | io.BytesIO
    """What the library reads."""
    records: int = 0
    """Records that the chunks announce."""
    tail: bytes = b""
    """A last chunk that was cut, filled up with zeros: the library would pass it over."""


def read(path: Path, options: Options) -> Tables:
    """The events of one log.

    Raises:
        MissingExtra: the library is not installed.
        UnreadableFile: no such log.
    """
    parser = _library(path)
    account = Account(path, "evtx")
    rows = Rows(path, ("events",))
    log = _looked_at(path, account)
    seen = 0
    for source in (log.source, io.BytesIO(log.tail)) if log.tail else (log.source,):
        for found in _records(path, parser, source):
            seen += 1
            text = "" if isinstance(found, Exception) else found
            row = f"a damaged record ({found})" if isinstance(found, Exception) else _row(seen, text)
            if isinstance(row, str):
                account.reject(seen, seen, row, text.encode(errors="replace"))
            else:
                account.read(seen, seen)
                rows.add("events", row)
    options.progress(path.stat().st_size)
    if log.records > seen:
        missing = "records that the log announces are not in it"
        account.reject(seen + 1, log.records, missing, b"")
        account.partial.append(f"{log.records - seen:,} {missing}")
    account.total = max(seen, log.records)
    return rows.tables() | account.tables()


def _library(path: Path) -> Any:
    try:
        return importlib.import_module("evtx").PyEvtxParser
    except ImportError as error:
        raise MissingExtra(
            f"{path}: binary Windows event logs need the library evtx, which is not installed",
            hint="pip install 'watchfloor[evtx]', or export the log as XML",
        ) from error


def _row(record: int, text: str) -> dict[str, Any] | str:
    try:
        return row_of(record, whole(text))
    except ValueError as error:
        return str(error)


def _records(path: Path, parser: Any, source: str | io.BytesIO) -> Iterator[str | Exception]:
    """The XML of each record, or why it has none."""
    try:
        # Texts that are not Unicode are of the machine's code page; Western Europe's is the library's choice too.
        found = parser(source, ansi_codec="windows-1252").records()
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(f"{path}: no event log that can be read ({error})", hint="copy it again") from error
    errors = 0
    while errors < _MOST_ERRORS:
        try:
            record = next(found)
        except StopIteration:
            return
        except (OSError, RuntimeError, ValueError) as error:
            errors += 1
            yield error
        else:
            errors = 0
            yield str(record["data"])


def _looked_at(path: Path, account: Account) -> _Log:
    """What the headers say; a log that is compressed, in an archive or cut is read into memory."""
    # The library opens the file by its name, which a member of an archive has none of on disk.
    on_disk = Path(str(path))
    if on_disk.is_file():
        with on_disk.open("rb") as raw:
            if raw.read(len(_MAGIC)) == _MAGIC:
                raw.seek(0)
                return _chunks(raw, on_disk.stat().st_size, _Log(str(on_disk)), account)
    stored = files.content(path)
    if stored.partial:
        account.partial.append(stored.partial)
    stream = io.BytesIO(stored.content)
    return _chunks(stream, len(stored.content), _Log(stream), account)


def _chunks(raw: IO[bytes], size: int, log: _Log, account: Account) -> _Log:
    header = raw.read(_HEADER)
    for start in range(_HEADER, size, _CHUNK):
        raw.seek(start)
        magic, first, last = struct.unpack("<8sQQ", raw.read(24).ljust(24, b"\0"))
        if magic == _CHUNK_MAGIC and first <= last < first + _CHUNK // _SMALLEST:
            log.records += last - first + 1
        if start + _CHUNK > size:
            account.partial.append("the last chunk is cut")
            raw.seek(start)
            log.tail = header.ljust(_HEADER, b"\0") + raw.read().ljust(_CHUNK, b"\0")
    raw.seek(0)
    return log


READER = Reader(
    name="evtx",
    about="Windows event logs in binary (.evtx), with the extra [evtx]: events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="ElfFile, the first bytes of the file",
)
