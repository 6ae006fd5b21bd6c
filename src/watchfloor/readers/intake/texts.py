"""Text files in blocks of UTF-8, whatever encoding they are stored in."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfloor.errors import BadColumnMap
from watchfloor.readers.intake import files

__all__ = ["Listener", "blocks", "is_utf8", "whole", "wide", "with_damage"]

BLOCK_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def _nothing(_: str) -> None:
    """Nobody asks."""


@dataclass(frozen=True)
class Listener:
    """Who is told what happens while a file is read."""

    progress: Callable[[int], None]
    """Bytes read from disk since the last call."""
    cut_short: Callable[[str], None]
    """Why the file ends too early, where it does."""
    note: Callable[[str], None]
    """What was taken for granted."""
    encoding: Callable[[str], None] = _nothing
    """How the text is stored, as soon as that is known, and again where it proves to be something else."""


def blocks(
    path: Path,
    encoding: str | None,
    listener: Listener,
    *,
    size: int | None = None,
) -> Iterator[bytes]:
    """The blocks of a file, each but the last ending in a line feed, in UTF-8.

    A file whose first bytes beyond ASCII are nowhere UTF-8 is Windows-1252, the common superset of Latin-1, and
    the listener is told. Single bad bytes in UTF-8 stay: they spoil a record, not the file.

    Arguments:
        path: the file.
        encoding: what the user says; null: by content.
        listener: is told what happens.
        size: of a block, in bytes; null: as usual.

    Raises:
        BadColumnMap: an encoding that does not exist.
        UnreadableFile: a line longer than 64 MiB.
    """
    found = wide(path, encoding)
    if found is not None and encoding is not None:
        yield whole(path, encoding, listener).encode()
        return
    if found is not None:
        encoding = "utf-8"  # blocks of files are in it
        _say_wide(path, found, listener)
    first = True
    for block in files.blocks(path, size or BLOCK_BYTES, progress=listener.progress, cut_short=listener.cut_short):
        text = block.removeprefix(_BOM) if first else block
        if first and found is None and encoding in (None, "utf-8"):
            listener.encoding("utf-8-sig" if len(text) < len(block) else "utf-8")
        first = False
        if encoding is None and not text.isascii():
            encoding = _by_content(text, listener.note)
            if encoding != "utf-8":
                listener.encoding(encoding)
        yield text if encoding in (None, "utf-8") else _decoded(text, encoding).encode()


def whole(
    path: Path,
    encoding: str | None,
    listener: Listener,
) -> str:
    """A whole file, with lines of any length; arguments and errors as for `blocks`."""
    stored = files.content(path)
    listener.progress(path.stat().st_size)
    if stored.partial:
        listener.cut_short(stored.partial)
    content = stored.content.removeprefix(_BOM)
    found = wide(path, encoding) or encoding or _by_content(content, listener.note)
    if encoding is None and found.startswith("utf-16"):
        _say_wide(path, found, listener)
    else:
        listener.encoding(found)
    text = _decoded(content, found).removeprefix("\ufeff")
    if found == "utf-8" and (bad := text.count("\ufffd") - content.count("\ufffd".encode())):
        listener.note(f"{bad:,} places with bytes that are not UTF-8, shown as \ufffd")
    return text


def _say_wide(path: Path, found: str, listener: Listener) -> None:
    """The encoding, and that it was taken from the zeros where no mark says it."""
    listener.encoding(files.encoding_of(files.first_bytes(path, 400)) or found)
    if found in ("utf-16-le", "utf-16-be"):
        listener.note(f"read as {found.upper()}: every second byte is zero")


def _known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise BadColumnMap(
            f"there is no encoding {encoding!r}", hint="such as utf-8, utf-16, windows-1252, latin-1"
        ) from error


def wide(path: Path, encoding: str | None) -> str | None:
    """UTF-16 or UTF-32, by what the user says, a byte-order mark, or the zeros of ASCII text; null where neither.

    Raises:
        BadColumnMap: an encoding that does not exist.
    """
    if encoding is not None:
        _known(encoding)
        name = codecs.lookup(encoding).name
        return name if name.startswith(("utf-16", "utf-32")) else None
    return files.wide(files.first_bytes(path, 400))


def _by_content(block: bytes, note: Callable[[str], None]) -> str:
    """UTF-8 if any line beyond ASCII is sound, else Windows-1252."""
    if is_utf8(block) or any(is_utf8(line) for line in block.split(b"\n") if not line.isascii()):
        return "utf-8"
    note("read as Windows-1252: the text is not UTF-8")
    return "windows-1252"


def with_damage(raw: bytes, first: int) -> tuple[str, list[int]]:
    """Text with bytes that are no UTF-8 replaced, and the numbers of their lines, counted from `first`."""
    try:
        return raw.decode(), []
    except UnicodeDecodeError:
        bad = [n for n, line in enumerate(raw.split(b"\n"), first) if not is_utf8(line)]
        return raw.decode(errors="replace"), bad


def is_utf8(line: bytes) -> bool:
    """Whether all bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(block: bytes, encoding: str) -> str:
    """Text; the few bytes that Windows-1252 leaves free are those of Latin-1, as browsers read them."""
    try:
        return block.decode(encoding)
    except UnicodeDecodeError:
        return block.decode("latin-1" if codecs.lookup(encoding).name == "cp1252" else encoding, errors="replace")
