"""Syslog as TCP carries it (RFC 6587): each message behind its length in bytes, with or without line ends between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from watchfloor.readers.intake import files
from watchfloor.readers.intake.texts import BLOCK_BYTES, Listener

__all__ = ["blocks", "is_framed"]

_LENGTH = re.compile(rb"([1-9][0-9]{0,6}) (?=<[0-9])")
_NEXT = re.compile(rb"[1-9][0-9]{0,6} <[0-9]")


def is_framed(content: bytes) -> bool:
    """Whether the first length leads to the second, or to the end, and not to the end of a line as in other logs."""
    found = _LENGTH.match(content)
    if not found:
        return False
    end = found.end() + int(found[1])
    message = content[found.end() : end]
    return bool(_NEXT.match(content, end)) or (end == len(content) and b"\n" in message.rstrip(b"\r\n"))


def blocks(path: Path, listener: Listener) -> Iterator[bytes]:
    """The messages of a file, one a line. A line break within a message becomes one that a blank follows.

    Where no length stands, what comes up to the next line break is a line of its own.

    Arguments:
        path: the file.
        listener: is told what happens.

    Raises:
        UnreadableFile: a line longer than 64 MiB.
    """
    rest = b""
    for block in files.blocks(path, BLOCK_BYTES, progress=listener.progress, cut_short=listener.cut_short):
        messages, rest = _messages(rest + block)
        if messages:
            yield b"\n".join(messages) + b"\n"
    if rest:
        listener.cut_short("the last message is shorter than its length says")
        yield _line(rest)


def _messages(content: bytes) -> tuple[list[bytes], bytes]:
    """Whole messages, without their lengths, and what waits for more."""
    messages = []
    place = 0
    while place < len(content):
        start = place
        if found := _LENGTH.match(content, place):
            start, end = found.end(), found.end() + int(found[1])
            if end > len(content):
                break
        else:
            end = content.find(b"\n", place) + 1
            if not end:
                break
        if line := content[start:end].rstrip(b"\r\n"):
            messages.append(_line(line))
        place = end
    return messages, content[place:]


def _line(message: bytes) -> bytes:
    return message.rstrip(b"\r\n").replace(b"\n", b"\n ")
