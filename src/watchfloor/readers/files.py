"""Files as readers see them: found on disk, decompressed, looked at, and given in blocks that end at line ends."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers._reader import Head

__all__ = ["Content", "blocks", "chunks", "content", "find", "first_bytes", "head", "looks_like"]

HEAD_BYTES = 64 * 1024
HEAD_LINES = 200
_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)
LONGEST_LINE = 64 * 1024 * 1024
"""A line longer than this is no log line: the file is refused before it fills the memory."""
_WINDOW = 64 * 1024
"""So many bytes are looked at for the end of a block's last line."""


def find(paths: Iterable[str | Path]) -> list[Path]:
    """The files at the paths, folders walked to any depth in the order of names; hidden files only where named.

    Raises:
        NothingToRead: a path that does not exist, or a folder without files.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
            if not inside:
                raise NothingToRead(f"{path}: no files in this folder", hint="name a folder that holds logs, or a file")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise NothingToRead(f"{path}: no such file or folder", hint="check the spelling, or the folder you are in")
    return list(dict.fromkeys(found))


def head(path: Path) -> Head:
    """The beginning of a file.

    Raises:
        UnreadableFile: a file that may not be opened.
    """
    raw = first_bytes(path, HEAD_BYTES)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw[: len(raw) // 2 * 2].decode("utf-16", errors="replace").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    text = raw.decode("utf-8", errors="replace").split("\n")
    if len(raw) >= HEAD_BYTES:
        text.pop()
    lines = tuple(line.removesuffix("\r") for line in text if line.strip())[:HEAD_LINES]
    return Head(path, raw, lines)


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of a file, decompressed, as they are; what comes before a damaged place.

    Raises:
        UnreadableFile: a file that may not be opened.
    """
    with _opened(path) as (_, stream):
        try:
            return _some(stream, size)
        except _DAMAGED:
            return b""


@dataclass(frozen=True)
class Content:
    """A whole file in memory."""

    content: bytes
    """Decompressed; a byte-order mark is left in place."""
    partial: str | None
    """Why the file ends too early, where it does: a cut gzip stream."""


def content(path: Path) -> Content:
    """A whole file, decompressed; what a cut gzip stream still gives is kept and called partial."""
    with _opened(path) as (_, stream):
        chunks: list[bytes] = []
        try:
            while chunk := stream.read1(1 << 20):
                chunks.append(chunk)
        except _DAMAGED as error:
            return Content(b"".join(chunks), f"the gzip stream is cut or damaged ({error})")
    return Content(b"".join(chunks), None)


def blocks(
    path: Path, size: int, *, progress: Callable[[int], None], cut_short: Callable[[str], None]
) -> Iterator[bytes]:
    """A file in blocks of about `size` bytes, decompressed, each but the last ending in a line feed.

    Arguments:
        path: the file.
        size: bytes of a block before decompression is undone; a longer line makes a longer block.
        progress: is told the bytes read from disk.
        cut_short: is told why the file ends too early, where it does.

    Raises:
        UnreadableFile: a line longer than 64 MiB.
    """
    rest = b""
    done = 0
    with _opened(path) as (raw, stream):
        if isinstance(stream, io.BufferedReader) and stream.seekable():
            yield from _plain_blocks(path, stream, size, progress)
            return
        while True:
            try:
                chunk = _some(stream, size)
            except _DAMAGED as error:
                cut_short(f"the gzip stream is cut or damaged ({error})")
                chunk = b""
            progress(raw.tell() - done)
            done = raw.tell()
            if not chunk:
                break
            end = chunk.rfind(b"\n") + 1
            if not end:
                rest += chunk
                if len(rest) > LONGEST_LINE:
                    raise _too_long(path)
                continue
            yield b"".join((rest, memoryview(chunk)[:end]))
            rest = chunk[end:]
    if rest:
        yield rest


def chunks(
    path: Path, size: int, *, progress: Callable[[int], None], cut_short: Callable[[str], None]
) -> Iterator[bytes]:
    """A file in pieces of `size` bytes, decompressed, wherever its lines end; arguments as for `blocks`."""
    done = 0
    with _opened(path) as (raw, stream):
        while True:
            try:
                chunk = _some(stream, size)
            except _DAMAGED as error:
                cut_short(f"the gzip stream is cut or damaged ({error})")
                return
            progress(raw.tell() - done)
            done = raw.tell()
            if not chunk:
                return
            yield chunk


def _plain_blocks(path: Path, raw: io.BufferedReader, size: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The blocks of a file that is stored as it is; each is read once, up to where its last line ends."""
    _keep_memory()
    total = os.fstat(raw.fileno()).st_size  # what is written from now on may end within a line
    start = 0
    while start < total:
        end = start + size
        while end < total:
            window = max(start, end - _WINDOW)
            raw.seek(window)
            if (last := raw.read(end - window).rfind(b"\n")) >= 0:
                end = window + last + 1
                break
            end += min(size, _WINDOW)
            if end - start > LONGEST_LINE + size:
                raise _too_long(path)
        raw.seek(start)
        block = raw.read(min(end, total) - start)
        if not block:
            return
        start += len(block)
        progress(len(block))
        yield block
        del block


@cache
def _keep_memory() -> None:
    """Has glibc keep freed blocks of some MiB, whose pages cost more to get anew than a file costs to read.

    Its thresholds follow the largest block that has been freed. This one is never touched: it takes no memory. Other
    allocators do not mind.
    """
    bytes((32 << 20) - (1 << 13))


def _too_long(path: Path) -> UnreadableFile:
    return UnreadableFile(
        f"{path}: a line of more than {LONGEST_LINE >> 20} MiB", hint="this is no log with a record per line"
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], io.BufferedIOBase]]:
    """The file as stored, and what is in it."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(
            f"{path}: {error.strerror or error}", hint="check the permissions of the file and of its folder"
        ) from error
    with raw:
        magic = raw.read(2)
        raw.seek(0)
        if magic == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
                yield raw, unpacked
        else:
            yield raw, raw


def _some(stream: io.BufferedIOBase, size: int) -> bytes:
    """Up to `size` bytes; what came before a damaged place is given first, the error with the next call."""
    if isinstance(stream, io.BufferedReader):
        return stream.read(size)
    buffer = io.BytesIO()
    while buffer.tell() < size:
        try:
            # `read` would lose what it has when it meets the damage; `read1` gives it first.
            chunk = stream.read1(min(size - buffer.tell(), 1 << 20))
        except _DAMAGED:
            if buffer.tell():
                return buffer.getvalue()
            raise
        if not chunk:
            break
        buffer.write(chunk)
    return buffer.getvalue()


_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"ElfFile\x00", "a Windows event log (EVTX)"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
)


def looks_like(head: Head) -> str:
    """What a file that no reader knows looks like, in words."""
    if not head.content:
        return "the file is empty"
    for magic, name in _MAGIC:
        if head.content.startswith(magic):
            return f"this is {name}, not a log"
    if b"\0" in head.content[:4096]:
        return "binary data, not a log"
    if not head.lines:
        return f"no line ends within the first {HEAD_BYTES >> 10} KiB"
    return "no reader knows this text"
