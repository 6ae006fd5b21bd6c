"""What files are in: compressed streams, pipes, standard input, other files; nothing is unpacked to a name on disk."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import stat
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from watchfloor.errors import MissingExtra, UnreadableFile

__all__ = [
    "DAMAGED",
    "STDIN",
    "Inside",
    "Shared",
    "TooMuch",
    "is_pipe",
    "kept_open",
    "kind_of",
    "of_pipe",
    "of_stdin",
    "opener",
    "part_of",
    "rest_of",
    "spooled",
    "unpacked",
]

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path

STDIN = "<stdin>"
"""What the ledger calls standard input."""
FREE_BYTES = 256 * 1024 * 1024
"""So much may come out of anything; beyond it, the ratios hold."""
MOST_TIMES = 500
"""More times its size is no log: gzip makes at most 1,032 times less of anything, of logs 5 to 100 times less."""
MOST_SPOOLED = 16 * 1024 * 1024 * 1024
"""No more is laid down in an unnamed temporary file: a tar in a compressed stream, an archive in an archive."""
_IN_MEMORY = 32 * 1024 * 1024
_GZIP_BITS = 31
"""Tells zlib that the stream is gzip."""
_STORED_PIECE = 64 * 1024
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)


def _inflate() -> Any:
    """The module that unpacks gzip."""
    try:
        from zlib_ng import zlib_ng  # noqa: PLC0415 - there may be none for a platform: then it is slower
    except ImportError:
        return zlib
    return zlib_ng


_INFLATE = _inflate()
_NO_GZIP: type[Exception] = _INFLATE.error


class TooMuch(UnreadableFile):
    """Unpacking stops before it fills memory or disk."""


DAMAGED = (EOFError, zlib.error, _NO_GZIP, lzma.LZMAError, zipfile.BadZipFile, OSError)
"""What a stream raises that is cut or damaged; zstd's error is turned into the first of these."""


class Inside(_Path):
    """A file that has no place of its own on disk, with all of a path that readers use."""

    _shown: str
    _size: int
    _changed: float
    _opens: Callable[[], IO[bytes]]
    _length: int | None

    @classmethod
    def make(
        cls, shown: str, opens: Callable[[], IO[bytes]], *, size: int, changed: float, length: int | None = None
    ) -> Inside:
        """A file.

        Arguments:
            shown: what tables call it.
            opens: gives its bytes, to be read from the start and closed.
            size: its size as stored.
            changed: when it was changed, in seconds since 1970.
            length: how many bytes `opens` gives, where that is another number than its size.
        """
        made = cls(shown)
        made._shown, made._size, made._changed, made._opens, made._length = shown, size, changed, opens, length
        return made

    def __str__(self) -> str:
        return self._shown if hasattr(self, "_shown") else super().__str__()

    @property
    def parent(self) -> Path:  # type: ignore[override]
        """Where it would be, as a path like any other."""
        return Path(self._shown).parent

    def stored(self, place: int) -> int:
        """Bytes as stored, for a place in what `open` gives."""
        return place * self._size // self._length if self._length else place

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
        """Its bytes; `mode` must be `rb`."""
        if mode != "rb":
            raise ValueError(f"{self} can only be read, as bytes")
        return self._opens()

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Its size as stored, and its time."""
        changed = self._changed
        return os.stat_result((stat.S_IFREG | 0o444, 0, 0, 1, 0, 0, self._size, changed, changed, changed))

    def exists(self, **_: Any) -> bool:
        """It was found."""
        return True

    def is_file(self, **_: Any) -> bool:
        """It is one."""
        return True

    def is_dir(self, **_: Any) -> bool:
        """It is none."""
        return False

    def read_bytes(self) -> bytes:
        """All of it."""
        with self.open("rb") as stream:
            found: bytes = stream.read()
            return found

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        """All of it, as text."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")


def kind_of(magic: bytes) -> str | None:
    """How a stream is compressed, by its first bytes; null where it is not."""
    return next((kind for start, kind in _MAGIC if magic.startswith(start)), None)


def unpacked(raw: IO[bytes], what: str) -> tuple[IO[bytes] | io.BufferedIOBase, str | None]:
    """What is in a stream that stands at its start, by its first bytes, never by its name; and how it was compressed.

    Arguments:
        raw: the stream; it can be sought in.
        what: how errors call it.

    Raises:
        MissingExtra: zstd, and no package for it.
    """
    try:
        kind = kind_of(raw.read(6))
    except DAMAGED:  # whoever reads on meets it again
        kind = None
    raw.seek(0)
    if kind is None:
        return raw, None
    inner: Any
    if kind == "gzip":
        inner = _Gzip(raw)
    elif kind == "bzip2":
        inner = bz2.BZ2File(raw)
    elif kind == "xz":
        inner = lzma.LZMAFile(raw)  # noqa: SIM115 - closed with what bounds it
    else:
        inner = _zstd(raw)
    return _Bounded(inner, raw, what), kind


def _zstd(raw: IO[bytes]) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - Python 3.14
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415 - what has no zstd in it costs no import
        except ImportError as error:
            raise MissingExtra(
                "zstd needs the package backports.zstd", hint="pip install backports.zstd, or unpack the file first"
            ) from error
    return zstd.ZstdFile(raw)


class _Gzip:
    """A gzip stream of one or more members, read in larger pieces than the standard library's file object reads.

    What stands before a damaged place is given to its last byte.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._waiting = raw, b""
        self._member: Any = _INFLATE.decompressobj(_GZIP_BITS)
        self._begun = False
        self._broken: Exception | None = None

    def read1(self, size: int) -> bytes:
        """Some bytes, none at the end.

        Raises:
            EOFError: the stream is cut.
            zlib.error: it is damaged (zlib-ng has one of its own).
        """
        while True:
            if self._broken:
                raise self._broken
            data = self._waiting or self._raw.read(_STORED_PIECE)
            if self._member.eof or not self._begun:
                # Between members, zeros fill a block of a tape or a disk.
                data = data.lstrip(b"\0") if self._begun else data
                if not data:
                    if self._waiting:
                        self._waiting = b""
                        continue
                    return b""
                self._member, self._begun = _INFLATE.decompressobj(_GZIP_BITS), True
            elif not data:
                raise EOFError("the stream ends within a member")
            before = self._member.copy()
            try:
                found: bytes = self._member.decompress(data, size)
            except _NO_GZIP as error:
                self._broken, found = error, _up_to_the_damage(before, data)
            self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if found:
                return found

    def close(self) -> None:
        """The raw stream is closed by whoever opened it."""


def _up_to_the_damage(member: Any, data: bytes) -> bytes:
    found = bytearray()
    with suppress(_NO_GZIP):
        for start in range(len(data)):
            found += member.decompress(data[start : start + 1])
    return bytes(found)


class _Bounded(io.BufferedIOBase):
    """A compressed stream that ends with an error before it fills memory or disk."""

    def __init__(self, inner: Any, raw: IO[bytes], what: str) -> None:
        self._inner, self._raw, self._what, self._given = inner, raw, what, 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        try:
            chunk: bytes = self._inner.read1(size if size >= 0 else 1 << 20)
        except DAMAGED:
            raise
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise EOFError(str(error)) from error
            raise
        self._given += len(chunk)
        if self._given > FREE_BYTES and self._given > MOST_TIMES * max(self._raw.tell(), 1):
            raise TooMuch(
                f"{self._what}: unpacks to more than {MOST_TIMES} times its size, as a bomb does",
                hint="unpack it by hand if it is meant",
            )
        return chunk

    def read(self, size: int | None = -1, /) -> bytes:
        chunks, wanted = [], size if size is not None and size >= 0 else sys.maxsize
        while wanted and (chunk := self.read1(min(wanted, 1 << 20))):
            chunks.append(chunk)
            wanted -= len(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Handle(io.FileIO):
    """A file that members of an archive keep open: it closes with the last of them, and that is no oversight."""

    def __del__(self) -> None:
        self.close()

    def _dealloc_warn(self, _: object) -> None:
        """Says nothing."""


def kept_open(path: Path) -> IO[bytes]:
    """An archive, to be read at any place: one that is packed in another is laid down, for going back in it is dear."""
    if not isinstance(path, Inside):
        return io.BufferedReader(_Handle(path))
    stream: IO[bytes] = path.open("rb")
    if isinstance(getattr(stream, "raw", None), _Slice):
        return stream
    with stream:
        shared, length, _ = spooled(stream, str(path))
    return opener(shared, 0, length)()


class Shared:
    """A seekable stream that several readers read at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def read(self, place: int, size: int) -> bytes:
        """So many bytes from a place."""
        with self._lock:
            self._stream.seek(place)
            return self._stream.read(size)

    def __del__(self) -> None:
        self._stream.close()


class _Slice(io.RawIOBase):
    """Some bytes of a shared stream, as a file."""

    def __init__(self, shared: Shared, start: int, length: int) -> None:
        self._shared, self._start, self._length, self._place = shared, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._length}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        wanted = max(0, min(len(buffer), self._length - self._place))
        chunk = self._shared.read(self._start + self._place, wanted) if wanted else b""
        buffer[: len(chunk)] = chunk
        self._place += len(chunk)
        return len(chunk)


def opener(shared: Shared, start: int, length: int) -> Callable[[], IO[bytes]]:
    """What opens some bytes of a shared stream as a file."""
    return lambda: io.BufferedReader(_Slice(shared, start, length))


class _Behind(Shared):
    """Part of a file behind some other bytes."""

    def __init__(self, stream: IO[bytes], header: bytes, start: int) -> None:
        super().__init__(stream)
        self._header, self._start = header, start

    def read(self, place: int, size: int) -> bytes:
        if place < len(self._header):
            return self._header[place : place + size]
        return super().read(self._start + place - len(self._header), size)


def part_of(path: Path, header: bytes, start: int, end: int) -> Inside:
    """The bytes of a file from `start` to `end`, behind a header, as a file of the same name."""
    length = len(header) + end - start

    def opens() -> IO[bytes]:
        return opener(_Behind(kept_open(path), header, start), 0, length)()

    return Inside.make(str(path), opens, size=end - start, changed=path.stat().st_mtime, length=length)


def rest_of(path: Path, stream: Any) -> Inside | None:
    """What a stream still holds, as a file of the path's name; null where that is nothing.

    Raises:
        UnreadableFile: a stream that is damaged.
    """
    shared, length = _whole(stream, str(path))
    found = path.stat()
    opens = opener(shared, 0, length)
    return Inside.make(str(path), opens, size=found.st_size, changed=found.st_mtime, length=length) if length else None


def spooled(stream: Any, what: str) -> tuple[Shared, int, str | None]:
    """The bytes of a stream where they can be read in any order: in memory, beyond 32 MiB in an unnamed file.

    With their number, and why there are no more, where the stream is damaged.
    """
    spool: IO[bytes] = io.BytesIO()
    cut = None
    try:
        while chunk := stream.read1(1 << 20):
            spool.write(chunk)
            if isinstance(spool, io.BytesIO) and spool.tell() > _IN_MEMORY:
                spool = _unnamed(spool.getvalue())
            if spool.tell() > MOST_SPOOLED:
                raise TooMuch(
                    f"{what}: more than {MOST_SPOOLED >> 30} GiB that must be laid down to be read",
                    hint="unpack it by hand, and name the folder",
                )
    except DAMAGED as error:
        cut = str(error)
    except BaseException:
        spool.close()
        raise
    spool.flush()
    return Shared(spool), spool.tell(), cut


def _whole(stream: Any, what: str) -> tuple[Shared, int]:
    shared, length, cut = spooled(stream, what)
    if cut is not None:
        raise UnreadableFile(f"{what}: the stream is cut or damaged ({cut})", hint="copy it again")
    return shared, length


def _unnamed(start: bytes) -> IO[bytes]:
    """A file on disk that has no name, and goes when it is closed."""
    with tempfile.TemporaryFile() as made:
        file = io.BufferedRandom(_Handle(os.dup(made.fileno()), "r+b"))
    file.write(start)
    return file


def of_stdin() -> Inside:
    """Standard input, read to its end."""
    return _piped(STDIN, sys.stdin.buffer)


def is_pipe(path: Path) -> bool:
    """Whether a path is read once and no more: a named pipe, a device, a shell's `<(..)`."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def of_pipe(path: Path) -> Inside:
    """What comes out of a pipe, read to its end.

    Raises:
        UnreadableFile: a pipe that may not be opened.
    """
    try:
        with path.open("rb") as stream:
            return _piped(str(path), stream)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}", hint="check its permissions") from error


def _piped(shown: str, stream: Any) -> Inside:
    shared, length = _whole(stream, shown)
    return Inside.make(shown, opener(shared, 0, length), size=length, changed=datetime.now(UTC).timestamp())
