"""What files are in: compressed streams, archives whose members are read in place, pipes, standard input."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import sys
import tarfile
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from watchfloor.errors import MissingExtra, UnreadableFile

__all__ = [
    "DAMAGED",
    "STDIN",
    "Inside",
    "expanded",
    "is_pipe",
    "kind_of",
    "of_pipe",
    "of_stdin",
    "part_of",
    "rest_of",
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
MOST_MEMBERS = 100_000
DEEPEST = 3
"""Archives in archives in archives, not deeper."""
_IN_MEMORY = 32 * 1024 * 1024
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_TAR_MAGIC = slice(257, 262)
_HEAD = 512
_ENCRYPTED = 0x1
_UNIX_TIME = 0x5455
"""The extra field of a ZIP member that holds its time in UTC (Info-ZIP, extended timestamp)."""


class _Refused(UnreadableFile):
    """Unpacking stops before it fills memory or disk."""


DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError)
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
        inner = gzip.GzipFile(fileobj=raw, mode="rb")
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
            raise _Refused(
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


def _kept_open(path: Path) -> IO[bytes]:
    """An archive, to be read at any place: one that is packed in another is laid down, for going back in it is dear."""
    if not isinstance(path, Inside):
        return io.BufferedReader(_Handle(path))
    stream: IO[bytes] = path.open("rb")
    if isinstance(getattr(stream, "raw", None), _Slice):
        return stream
    with stream:
        shared, length, _ = _spooled(stream, str(path))
    return _opener(shared, 0, length)()


class _Shared:
    """A seekable stream that several readers read at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._lock = stream, threading.Lock()

    def read(self, place: int, size: int) -> bytes:
        with self._lock:
            self._stream.seek(place)
            return self._stream.read(size)

    def __del__(self) -> None:
        self._stream.close()


class _Slice(io.RawIOBase):
    """Some bytes of a shared stream, as a file."""

    def __init__(self, shared: _Shared, start: int, length: int) -> None:
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


def _opener(shared: _Shared, start: int, length: int) -> Callable[[], IO[bytes]]:
    return lambda: io.BufferedReader(_Slice(shared, start, length))


class _Behind(_Shared):
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
        return _opener(_Behind(_kept_open(path), header, start), 0, length)()

    return Inside.make(str(path), opens, size=end - start, changed=path.stat().st_mtime, length=length)


def rest_of(path: Path, stream: Any) -> Inside | None:
    """What a stream still holds, as a file of the path's name; null where that is nothing.

    Raises:
        UnreadableFile: a stream that is damaged.
    """
    shared, length = _whole(stream, str(path))
    found = path.stat()
    opens = _opener(shared, 0, length)
    return Inside.make(str(path), opens, size=found.st_size, changed=found.st_mtime, length=length) if length else None


def _spooled(stream: Any, what: str) -> tuple[_Shared, int, str | None]:
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
                raise _Refused(
                    f"{what}: more than {MOST_SPOOLED >> 30} GiB that must be laid down to be read",
                    hint="unpack it by hand, and name the folder",
                )
    except DAMAGED as error:
        cut = str(error)
    except BaseException:
        spool.close()
        raise
    spool.flush()
    return _Shared(spool), spool.tell(), cut


def _whole(stream: Any, what: str) -> tuple[_Shared, int]:
    shared, length, cut = _spooled(stream, what)
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
    return Inside.make(shown, _opener(shared, 0, length), size=length, changed=datetime.now(UTC).timestamp())


def expanded(path: Path, depth: int = 0) -> Iterator[Path]:
    """The members of an archive in the order of their names, or the file itself where it is none.

    What cannot be read of an archive is a file as well, which says why when it is opened.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(_HEAD)
            is_zip = magic.startswith(b"PK\x03\x04") or magic.startswith(b"PK\x05\x06")
            if not is_zip and kind_of(magic) is None and not _is_tar(magic):
                yield path
                return
    except (*DAMAGED, UnreadableFile):  # whoever reads it will say so
        yield path
        return
    if depth >= DEEPEST and (is_zip or _is_tar(magic)):
        yield _unreadable(path, f"an archive within {DEEPEST} others", "unpack the outer ones by hand")
        return
    try:
        members = _of_zip(path) if is_zip else _of_tar(path, packed=not _is_tar(magic))
    except (UnreadableFile, MissingExtra) as error:
        yield _unreadable(path, str(error).removeprefix(f"{path}: "), error.hint)
        return
    except (*DAMAGED, tarfile.TarError, NotImplementedError, ValueError) as error:
        yield _unreadable(path, f"an archive that is cut or damaged ({error})", "copy it again")
        return
    if members is None:
        yield path
        return
    if not members:
        yield _unreadable(path, "an archive without files", "name another")
    for member in members:
        yield from expanded(member, depth + 1)


def _is_tar(magic: bytes) -> bool:
    return magic[_TAR_MAGIC] == b"ustar"


def _unreadable(path: Path, reason: str, hint: str) -> Inside:
    """A file that cannot be read, and says so when it is."""

    def refuse() -> IO[bytes]:
        raise UnreadableFile(f"{path}: {reason}", hint=hint)

    try:
        found = path.stat()
        size, changed = found.st_size, found.st_mtime
    except OSError:
        size, changed = 0, 0.0
    return Inside.make(str(path), refuse, size=size, changed=changed)


def _rest_of(path: Path, cut: str) -> Inside:
    """Members that may have been in an archive which is cut."""
    shown = f"{path}!/(rest)"
    opens = _refusing(shown, f"the archive is cut or damaged ({cut}): members may be missing")
    return Inside.make(shown, opens, size=0, changed=0.0)


def _hidden(name: str) -> bool:
    """As in folders; and what macOS adds beside each file."""
    return any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in name.split("/"))


def _named(names: set[str], path: Path, member: str) -> str:
    """How a member is shown; a second one of the same name has its number."""
    shown, again = f"{path}!/{member}", 1
    while shown in names:
        again += 1
        shown = f"{path}!/{member}#{again}"
    names.add(shown)
    return shown


def _of_zip(path: Path) -> list[Inside] | None:
    """The members of a ZIP archive; null for a document that is one: a workbook, a text."""
    archive = zipfile.ZipFile(_kept_open(path))
    found = [info for info in archive.infolist() if not info.is_dir()]
    names = {info.filename for info in found}
    if "[Content_Types].xml" in names or (found and found[0].filename == "mimetype"):
        archive.close()
        return None
    _check_all(path, len(found), sum(info.file_size for info in found), path.stat().st_size)
    shown: set[str] = set()
    members = [
        (_named(shown, path, info.filename), info)
        for info in sorted(found, key=lambda info: info.filename)
        if not _hidden(info.filename)
    ]
    return [_of_zip_info(archive, name, info) for name, info in members]


def _check_all(path: Path, count: int, length: int, size: int) -> None:
    """Refuses an archive that would not end."""
    if count > MOST_MEMBERS:
        raise _Refused(f"{path}: {count:,} files in one archive", hint="unpack it by hand, and name the folder")
    if length > FREE_BYTES and length > MOST_TIMES * max(size, 1):
        raise _Refused(
            f"{path}: unpacks to more than {MOST_TIMES} times its size, as a bomb does",
            hint="unpack it by hand if it is meant",
        )


def _of_zip_info(archive: zipfile.ZipFile, shown: str, info: zipfile.ZipInfo) -> Inside:
    def opens() -> IO[bytes]:
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableFile(f"{shown}: encrypted", hint="unpack the archive with its password, name the folder")
        if info.file_size > FREE_BYTES and info.file_size > MOST_TIMES * max(info.compress_size, 1):
            raise _Refused(
                f"{shown}: unpacks to more than {MOST_TIMES} times its size, as a bomb does",
                hint="unpack it by hand if it is meant",
            )
        try:
            return archive.open(info)
        except (NotImplementedError, RuntimeError, zipfile.BadZipFile, OSError) as error:
            raise UnreadableFile(f"{shown}: {error}", hint="unpack the archive by hand, name the folder") from error

    size = info.compress_size if info.file_size else 0
    return Inside.make(shown, opens, size=size, changed=_changed(info), length=info.file_size)


def _changed(info: zipfile.ZipInfo) -> float:
    """When a member was changed: in UTC where it says so, else its clock time as if it were UTC."""
    extra, place = info.extra, 0
    while place + 4 <= len(extra):
        kind, size = (int.from_bytes(extra[at : at + 2], "little") for at in (place, place + 2))
        if kind == _UNIX_TIME and size >= 5 and extra[place + 4] & 1:
            return float(int.from_bytes(extra[place + 5 : place + 9], "little", signed=True))
        place += 4 + size
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _of_tar(path: Path, *, packed: bool) -> list[Inside] | None:
    """The members of a tar archive, also of a compressed one; null for a compressed file that is no archive."""
    stored, cut = path.stat().st_size, None
    raw = _kept_open(path)
    if packed:
        with raw:
            stream, _ = unpacked(raw, str(path))
            try:
                first = stream.read(_HEAD)
            except DAMAGED:
                return None
            if not _is_tar(first):
                return None
            raw.seek(0)
            shared, length, cut = _spooled(unpacked(raw, str(path))[0], str(path))
    else:
        shared, length = _Shared(raw), raw.seek(0, os.SEEK_END)
    members, shown, found = [], set[str](), list[tarfile.TarInfo]()
    with tarfile.open(fileobj=_opener(shared, 0, length)(), mode="r:") as archive:
        try:
            found.extend(info for info in archive if info.isfile())
        except tarfile.TarError as error:
            cut = cut or str(error)
    _check_all(path, len(found), length, stored)
    for info in sorted(found, key=lambda info: info.name):
        if _hidden(info.name):
            continue
        name = _named(shown, path, info.name.removeprefix("./"))
        size = max(1, info.size * stored // max(length, 1)) if info.size else 0
        opens = _opener(shared, info.offset_data, info.size)
        if info.issparse() or info.offset_data + info.size > length:
            reason = "stored with holes" if info.issparse() else "the archive is cut within it"
            opens = _refusing(name, reason)
        members.append(Inside.make(name, opens, size=size, changed=float(info.mtime), length=info.size))
    if cut:
        members.append(_rest_of(path, cut))
    return members


def _refusing(shown: str, reason: str) -> Callable[[], IO[bytes]]:
    def refuse() -> IO[bytes]:
        raise UnreadableFile(f"{shown}: {reason}", hint="unpack the archive by hand, name the folder")

    return refuse
