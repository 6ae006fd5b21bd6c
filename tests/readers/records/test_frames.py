"""Messages behind their lengths, as TCP carries them."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchfloor.readers.intake.texts import Listener
from watchfloor.readers.records import frames


def framed(*messages: bytes, between: bytes = b"") -> bytes:
    """Messages, each behind its length."""
    return between.join(b"%d %s" % (len(message), message) for message in messages)


def unpacked(tmp_path: Path, content: bytes) -> tuple[bytes, list[str]]:
    """The lines of a file, and why it ends too early."""
    path = tmp_path / "x.log"
    path.write_bytes(content)
    cut: list[str] = []
    listener = Listener(lambda _: None, cut.append, lambda _: None)
    return b"".join(frames.blocks(path, listener)), cut


@pytest.mark.parametrize(
    ("content", "framed"),
    [
        (framed(b"<13>one", b"<13>two"), True),
        (framed(b"<13>one\n", b"<13>two\n"), True),
        (framed(b"<13>one\nmore"), True),
        (framed(b"<13>one", b"<13>two", between=b"\n"), False),
        (b"7 <13>one", False),
        (b"99 <13>one\n99 <13>two\n", False),
        (b"<13>one\n<13>two\n", False),
        (b"", False),
    ],
)
def test_lengths_that_lead_to_one_another(content: bytes, framed: bool) -> None:
    """Lengths before lines need no taking apart."""
    assert frames.is_framed(content) is framed


def test_a_message_is_a_line(tmp_path: Path) -> None:
    """A line break within it is followed by a blank, so that nothing in a message looks like the next."""
    content = framed(b"<13>one\n5 <13>forged", b"<13>two\n", b"<13>\xc3\xa9")
    assert unpacked(tmp_path, content) == (b"<13>one\n 5 <13>forged\n<13>two\n<13>\xc3\xa9\n", [])


def test_a_cut_end_and_what_has_no_length(tmp_path: Path) -> None:
    """A stray line is a line of its own; the last message says that it is cut."""
    lines, cut = unpacked(tmp_path, framed(b"<13>one") + b"stray\n" + framed(b"<13>two") + b"50 <13>cut")
    assert lines == b"<13>one\nstray\n<13>two\n50 <13>cut"
    assert cut == ["the last message is shorter than its length says"]
