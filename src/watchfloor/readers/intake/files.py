"""Files as readers see them: found, also in archives, unpacked, looked at, given in blocks that end at line ends."""

from __future__ import annotations

import codecs
import glob
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from watchfloor.engine import prefetched
from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers._reader import Head
from watchfloor.readers.intake.archives import expanded
from watchfloor.readers.intake.containers import DAMAGED, STDIN, Inside, is_pipe, of_pipe, of_stdin, unpacked

__all__ = [
    "Content",
    "blocks",
    "chunks",
    "content",
    "encoding_of",
    "find",
    "first_bytes",
    "head",
    "in_any_order",
    "looks_like",
    "on_disk",
    "what_next",
    "wide",
]

HEAD_BYTES = 64 * 1024
HEAD_LINES = 200
_BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 64 * 1024 * 1024
"""A line longer than this is no log line: the file is refused before it fills the memory."""
LARGEST_WHOLE = 4 * 1024 * 1024 * 1024
"""A document that is larger, unpacked, is refused before it fills the memory."""
_PIECE = 1024 * 1024
"""So much is unpacked at a time."""
_SHOWN_NAMES, _SHOWN_NAME = 6, 40
"""So many keys of an object are named, and so much of each."""
_WINDOW = 64 * 1024
"""So many bytes are looked at for the end of a block's last line."""


def find(paths: Iterable[str | Path]) -> list[Path]:
    """The files at the paths, folders walked to any depth in the order of names; hidden files only where named.

    A pattern (`*.log`, `**/*.gz`) is for the shells that leave it to us, `-` is standard input. Of an archive its
    members are found, as `archive.zip!/folder/file.log`; such a name is also a path.

    Raises:
        NothingToRead: a path that does not exist, or a folder without files.
    """
    return list(dict.fromkeys(file for path in paths for file in _found(Path(path))))


def on_disk(path: str | Path) -> list[Path]:
    """The files at a path, archives as they are; none where nothing is there."""
    path = Path(path)
    if path.is_dir():
        return sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
    if path.exists():
        return [path]
    if glob.has_magic(str(path)):
        fitting = (Path(name) for name in sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207 - `**` at any place
        return [file for one in fitting for file in on_disk(one)]
    return []


def _found(path: Path) -> Iterator[Path]:
    if str(path) in ("-", STDIN):
        yield from expanded(of_stdin())
    elif inside := on_disk(path):
        for file in inside:
            yield from expanded(of_pipe(file) if is_pipe(file) else file)
    elif path.is_dir():
        raise NothingToRead(f"{path}: no files in this folder", hint="name a folder that holds logs, or a file")
    elif members := _members(path):
        yield from members
    else:
        what = "no file of such a name" if glob.has_magic(str(path)) else "no such file or folder"
        raise NothingToRead(f"{path}: {what}", hint="check the spelling, or the folder you are in")


def _members(path: Path) -> list[Path]:
    """What a name as `archive.zip!/folder` means."""
    archive, mark, name = path.as_posix().partition("!/")
    if not mark or not Path(archive).is_file():
        return []
    shown = f"{Path(archive)}!/{name}"
    return [
        file
        for file in expanded(Path(archive))
        if str(file) == shown or str(file).startswith((f"{shown}/", f"{shown}!/"))
    ]


def head(path: Path) -> Head:
    """The beginning of a file.

    Raises:
        UnreadableFile: a file that may not be opened, or is damaged from its start.
    """
    raw, damage = _first(path, HEAD_BYTES)
    if damage:
        raise UnreadableFile(f"{path}: {damage}", hint="copy it again")
    stored = encoding_of(raw)
    if encoding := wide(raw):
        raw = raw[: len(raw) // 2 * 2].decode(encoding, errors="replace").encode()
    return head_of(path, raw, stored, full=len(raw) >= HEAD_BYTES)


def head_of(path: Path, content: bytes, encoding: str | None, *, full: bool | None = None) -> Head:
    """The beginning of a file whose content is known, in UTF-8.

    Arguments:
        path: the file.
        content: as much of it as is to be looked at, or more.
        encoding: how it is stored.
        full: whether there may be more of its last line; null: where there is more than is looked at.
    """
    full = len(content) >= HEAD_BYTES if full is None else full
    raw = content[:HEAD_BYTES].removeprefix(_BOM)
    text = raw.decode("utf-8", errors="replace").split("\n")
    if full:
        text.pop()
    lines = tuple(line.removesuffix("\r") for line in text if line.strip())[:HEAD_LINES]
    return Head(path, raw, lines, encoding)


def first_bytes(path: Path, size: int) -> bytes:
    """The first bytes of a file, decompressed, as they are; what comes before a damaged place.

    Raises:
        UnreadableFile: a file that may not be opened.
    """
    return _first(path, size)[0]


def _first(path: Path, size: int) -> tuple[bytes, str | None]:
    """The first bytes, and why there are none at all where the damage comes first."""
    with _opened(path) as opened:
        try:
            return _some(opened.stream, size), None
        except DAMAGED as error:
            return b"", opened.damage(error)


def wide(raw: bytes) -> str | None:
    """UTF-16 by the mark at the start, or by the zeros of ASCII text; null where it is none."""
    if raw.startswith(b"\xff\xfe\0\0"):
        return "utf-32"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = raw[:200:2], raw[1:200:2]
    if len(odd) >= 4 and b"\0" in raw[:200]:
        if not any(odd) and all(even):
            return "utf-16-le"
        if not any(even) and all(odd):
            return "utf-16-be"
    return None


def encoding_of(raw: bytes) -> str | None:
    """How the text of a file is stored, by its beginning; null for what is no text."""
    if found := wide(raw):
        return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(raw[:2], found)
    if b"\0" in raw[:4096] or not raw:
        return None
    if raw.startswith(_BOM):
        return "utf-8-sig"
    for line in raw.split(b"\n")[:-1] or [raw]:
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                continue
            return "utf-8"
    return "utf-8" if raw.isascii() else "windows-1252"


def in_any_order(path: Path) -> Path | io.BytesIO:
    """A file for a library that reads it at several places: its path, or its content where it is in an archive."""
    return io.BytesIO(content(path).content) if isinstance(path, Inside) else path


@dataclass(frozen=True)
class Content:
    """A whole file in memory."""

    content: bytes
    """Decompressed; a byte-order mark is left in place."""
    partial: str | None
    """Why the file ends too early, where it does: a cut gzip stream."""


def content(path: Path) -> Content:
    """A whole file, decompressed; what a cut gzip stream still gives is kept and called partial."""
    with _opened(path) as opened:
        chunks: list[bytes] = []
        try:
            left = LARGEST_WHOLE
            while chunk := opened.stream.read1(1 << 20):
                chunks.append(chunk)
                left -= len(chunk)
                if left < 0:
                    raise UnreadableFile(
                        f"{path}: more than {LARGEST_WHOLE >> 20:,} MiB that must be read at once",
                        hint="export it in parts, or as a format with a record per line",
                    )
        except DAMAGED as error:
            return Content(b"".join(chunks), opened.damage(error))
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
    with _opened(path) as opened:
        try:
            coded = wide(_some(opened.stream, 400))
        except DAMAGED:
            coded = None
        opened.rewind()
        if coded is None and isinstance(opened.stream, io.BufferedReader) and opened.stream.seekable():
            yield from _plain_blocks(path, opened.stream, size, progress)
            return
        if coded is not None:
            yield from _decoded_blocks(opened, size, coded, progress=progress, cut_short=cut_short)
            return
        # To decompress takes as long as to read: it goes on while the block before is read.
        yield from prefetched(_unpacked_blocks(opened, size, progress=progress, cut_short=cut_short))


def _unpacked_blocks(
    opened: _Opened, size: int, *, progress: Callable[[int], None], cut_short: Callable[[str], None]
) -> Iterator[bytes]:
    """The blocks of a file that is compressed or in an archive; what comes out of it is copied once."""
    _keep_memory()
    done = filled = 0
    buffer = bytearray(size + _PIECE)
    last = False
    while not last:
        while filled < size and not last:
            try:
                # `read` would lose what it has when it meets the damage; `read1` gives it first.
                piece = opened.stream.read1(_PIECE)
            except DAMAGED as error:
                cut_short(opened.damage(error))
                piece = b""
            last = not piece
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        progress(opened.place() - done)
        done = opened.place()
        end = filled if last else buffer.rfind(b"\n", 0, filled) + 1
        if not end and not last:
            if filled > LONGEST_LINE:
                raise _too_long(opened.path)
            size += size
            buffer.extend(bytes(size + _PIECE - len(buffer)))
            continue
        if end:
            yield bytes(memoryview(buffer)[:end])
        buffer[: filled - end] = buffer[end:filled]
        filled -= end


def _decoded_blocks(
    opened: _Opened, size: int, coded: str, *, progress: Callable[[int], None], cut_short: Callable[[str], None]
) -> Iterator[bytes]:
    """The blocks of a file in UTF-16."""
    rest, done = b"", 0
    decoder = codecs.getincrementaldecoder(coded)(errors="replace")
    first = True
    while True:
        try:
            chunk = _some(opened.stream, size)
        except DAMAGED as error:
            cut_short(opened.damage(error))
            chunk = b""
        place = opened.place()
        progress(place - done)
        done = place
        last = not chunk
        text = decoder.decode(chunk, final=last)
        chunk = (text.removeprefix("\ufeff") if first else text).encode(errors="replace")
        first = False
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join((rest, memoryview(chunk)[:end]))
            rest = chunk[end:]
        else:
            rest += chunk
            if len(rest) > LONGEST_LINE:
                raise _too_long(opened.path)
        if last:
            break
    if rest:
        yield rest


def chunks(
    path: Path, size: int, *, progress: Callable[[int], None], cut_short: Callable[[str], None]
) -> Iterator[bytes]:
    """A file in pieces of `size` bytes, decompressed, wherever its lines end; arguments as for `blocks`."""
    done = 0
    with _opened(path) as opened:
        while True:
            try:
                chunk = _some(opened.stream, size)
            except DAMAGED as error:
                cut_short(opened.damage(error))
                return
            progress(opened.place() - done)
            done = opened.place()
            if not chunk:
                return
            yield chunk


def _plain_blocks(path: Path, raw: io.BufferedReader, size: int, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The blocks of a file that is stored as it is; each is read once, up to where its last line ends."""
    _keep_memory()
    total = raw.seek(0, os.SEEK_END)  # what is written from now on may end within a line
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
        progress(_stored(path, start + len(block)) - _stored(path, start))
        start += len(block)
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


@dataclass
class _Opened:
    """A file that is read."""

    path: Path
    raw: IO[bytes]
    """As stored."""
    stream: io.BufferedIOBase
    """What is in it."""
    kind: str | None
    """How it is compressed."""

    def place(self) -> int:
        """Bytes read so far, as stored."""
        return _stored(self.path, self.raw.tell())

    def damage(self, error: Exception) -> str:
        """Why there is no more."""
        return f"the {self.kind or 'stored'} stream is cut or damaged ({error})"

    def rewind(self) -> None:
        """Back to the start."""
        self.raw.seek(0)
        stream, self.kind = unpacked(self.raw, str(self.path))
        self.stream = stream  # type: ignore[assignment]


def _stored(path: Path, place: int) -> int:
    return path.stored(place) if isinstance(path, Inside) else place


@contextmanager
def _opened(path: Path) -> Iterator[_Opened]:
    """The file as stored, and what is in it."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(
            f"{path}: {error.strerror or error}", hint="check the permissions of the file and of its folder"
        ) from error
    with raw:
        opened = _Opened(path, raw, raw, None)
        opened.rewind()
        yield opened


def _some(stream: io.BufferedIOBase, size: int) -> bytes:
    """Up to `size` bytes; what came before a damaged place is given first, the error with the next call."""
    if isinstance(stream, io.BufferedReader):
        return stream.read(size)
    buffer = io.BytesIO()
    while buffer.tell() < size:
        try:
            # `read` would lose what it has when it meets the damage; `read1` gives it first.
            chunk = stream.read1(min(size - buffer.tell(), 1 << 20))
        except DAMAGED:
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
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"ElfFile\x00", "a Windows event log (EVTX)"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
)


_UNKNOWN_TEXT = "no reader knows this text"


def looks_like(head: Head) -> str:
    """What a file that no reader knows looks like, in words."""
    if not head.content:
        return "the file is empty"
    for magic, name in _MAGIC:
        if head.content.startswith(magic):
            return f"this is {name}, not a log"
    if head.content.startswith(b"PAR1"):
        return "a Parquet file whose columns are those of no canonical table: it needs a column map"
    if b"\0" in head.content[:4096]:
        return "binary data, not a log"
    if not head.lines:
        return f"no line ends within the first {HEAD_BYTES >> 10} KiB"
    return _text_in_words(head.lines[0])


def what_next(head: Head) -> str:
    """What to do with a file that no reader knows."""
    if not head.content:
        return "look where it comes from: a copy may have broken off, or the log was rotated away"
    if looks_like(head) == _UNKNOWN_TEXT:
        return "`watchfloor read --suggest FILE` proposes patterns for it; or name its --format, or map --columns"
    return "name it with --format, or map it with --columns"


def _text_in_words(line: str) -> str:
    """What text that no reader knows looks like, by its first line: JSON by its keys."""
    if not line.startswith(("{", "[{")) and line.strip() != "[":
        return _UNKNOWN_TEXT
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "JSON over several lines: no log that is known"
    names = [str(name)[:_SHOWN_NAME] for name in found] if isinstance(found, dict) else []
    more = ", .." if len(names) > _SHOWN_NAMES else ""
    keys = f" with the keys {', '.join(names[:_SHOWN_NAMES])}{more}" if names else ""
    return f"JSON{keys}: no log that is known"
