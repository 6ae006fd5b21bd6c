"""Archives: ZIP and tar, also compressed and in one another; their members are files that are read in place."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from watchfloor.errors import MissingExtra, UnreadableFile
from watchfloor.readers.intake import containers
from watchfloor.readers.intake.containers import (
    DAMAGED,
    Inside,
    Shared,
    TooMuch,
    kept_open,
    kind_of,
    opener,
    spooled,
    unpacked,
)

__all__ = ["expanded"]

MOST_MEMBERS = 100_000
"""An archive with more files is refused."""
DEEPEST = 3
"""Archives in archives in archives, not deeper."""
_TAR_MAGIC = slice(257, 262)
_HEAD = 512
_ENCRYPTED = 0x1
_UNIX_TIME = 0x5455
"""The extra field of a ZIP member that holds its time in UTC (Info-ZIP, extended timestamp)."""


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
    archive = zipfile.ZipFile(kept_open(path))
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
        raise TooMuch(f"{path}: {count:,} files in one archive", hint="unpack it by hand, and name the folder")
    if length > containers.FREE_BYTES and length > containers.MOST_TIMES * max(size, 1):
        raise TooMuch(
            f"{path}: unpacks to more than {containers.MOST_TIMES} times its size, as a bomb does",
            hint="unpack it by hand if it is meant",
        )


def _of_zip_info(archive: zipfile.ZipFile, shown: str, info: zipfile.ZipInfo) -> Inside:
    def opens() -> IO[bytes]:
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableFile(f"{shown}: encrypted", hint="unpack the archive with its password, name the folder")
        if info.file_size > containers.FREE_BYTES and info.file_size > containers.MOST_TIMES * max(
            info.compress_size, 1
        ):
            raise TooMuch(
                f"{shown}: unpacks to more than {containers.MOST_TIMES} times its size, as a bomb does",
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
    raw = kept_open(path)
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
            shared, length, cut = spooled(unpacked(raw, str(path))[0], str(path))
    else:
        shared, length = Shared(raw), raw.seek(0, os.SEEK_END)
    members, shown, found = [], set[str](), list[tarfile.TarInfo]()
    with tarfile.open(fileobj=opener(shared, 0, length)(), mode="r:") as archive:
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
        opens = opener(shared, info.offset_data, info.size)
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
