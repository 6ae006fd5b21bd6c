"""Text files in blocks of UTF-8, whatever encoding they are stored in."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from watchfloor.errors import BadColumnMap
from watchfloor.readers import files

__all__ = ["blocks", "whole", "wide"]

BLOCK_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


def blocks(
    path: Path,
    encoding: str | None,
    *,
    progress: Callable[[int], None],
    cut_short: Callable[[str], None],
    note: Callable[[str], None],
) -> Iterator[bytes]:
    """The blocks of a file, each but the last ending in a line feed, in UTF-8.

    A file whose first bytes beyond ASCII are nowhere UTF-8 is Windows-1252, the common superset of Latin-1, and
    `note` is told. Single bad bytes in UTF-8 stay: they spoil a record, not the file.

    Arguments:
        path: the file.
        encoding: what the user says; null: by content.
        progress: is told the bytes read from disk.
        cut_short: is told why the file ends too early, where it does.
        note: is told what was taken for granted.

    Raises:
        BadColumnMap: an encoding that does not exist.
    """
    if encoding is not None:
        _known(encoding)
    if (found := wide(path, encoding)) is not None:
        stored = files.content(path)
        progress(path.stat().st_size)
        if stored.partial:
            cut_short(stored.partial)
        if encoding is None and found != "utf-16":
            note(f"read as {found.upper()}: every second byte is zero")
        yield stored.content.decode(found, errors="replace").removeprefix("\ufeff").encode()
        return
    first = True
    for block in files.blocks(path, BLOCK_BYTES, progress=progress, cut_short=cut_short):
        text = block.removeprefix(_BOM) if first else block
        first = False
        if encoding is None and not text.isascii():
            encoding = _by_content(text)
            if encoding != "utf-8":
                note("read as Windows-1252: the text is not UTF-8")
        yield text if encoding in (None, "utf-8") else _decoded(text, encoding).encode()


def whole(blocks: Iterable[bytes], note: Callable[[str], None]) -> str:
    """All blocks as one text; `note` is told of bytes that are not UTF-8."""
    content = b"".join(blocks)
    text = content.decode("utf-8", errors="replace")
    if bad := text.count("\ufffd") - content.count("\ufffd".encode()):
        note(f"{bad:,} places with bytes that are not UTF-8, shown as \ufffd")
    return text


def _known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise BadColumnMap(
            f"there is no encoding {encoding!r}", hint="such as utf-8, utf-16, windows-1252, latin-1"
        ) from error


def wide(path: Path, encoding: str | None) -> str | None:
    """UTF-16 or UTF-32, by what the user says, a byte-order mark, or the zeros of ASCII text."""
    if encoding is not None:
        name = codecs.lookup(encoding).name
        return name if name.startswith(("utf-16", "utf-32")) else None
    raw = files.first_bytes(path, 400)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = raw[:200:2], raw[1:200:2]
    if len(odd) >= 4 and b"\0" in raw:
        if not any(odd) and all(even):
            return "utf-16-le"
        if not any(even) and all(odd):
            return "utf-16-be"
    return None


def _by_content(block: bytes) -> str:
    """UTF-8 if any line beyond ASCII is sound, else Windows-1252."""
    try:
        block.decode()
    except UnicodeDecodeError:
        beyond = [line for line in block.split(b"\n") if not line.isascii()]
        return "utf-8" if any(map(_is_utf8, beyond)) else "windows-1252"
    return "utf-8"


def _is_utf8(line: bytes) -> bool:
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
