"""Text comes in UTF-8 whatever it is stored in, and what was taken for granted is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from watchfloor.errors import BadColumnMap
from watchfloor.readers.intake import texts
from watchfloor.readers.intake.texts import Listener

NOBODY = Listener(lambda _: None, lambda _: None, lambda _: None)


def read(path: Path, encoding: str | None = None) -> tuple[bytes, list[str], list[str]]:
    """Content, cuts and notes of a file in blocks; as one text it is the same."""
    cuts: list[str] = []
    notes: list[str] = []
    progress: list[int] = []
    content = b"".join(texts.blocks(path, encoding, Listener(progress.append, cuts.append, notes.append)))
    assert sum(progress) == path.stat().st_size
    assert texts.whole(path, encoding, NOBODY) == content.decode(errors="replace")
    return content, cuts, notes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_encoding_becomes_utf8(tmp_path: Path, encoding: str, packed: bool) -> None:
    """By marks and by content, plain and gzip."""
    raw = "id,name\r\n1,caf\u00e9\r\n".encode(encoding)
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    content, cuts, notes = read(path)
    assert content.decode() == "id,name\r\n1,caf\u00e9\r\n"
    assert not cuts
    assert bool(notes) == (encoding in ("utf-16-le", "utf-16-be", "cp1252", "latin-1"))


def test_bytes_that_windows_1252_leaves_free(tmp_path: Path) -> None:
    """They are those of Latin-1; the others beyond ASCII are Windows'."""
    (tmp_path / "x").write_bytes(b"\x80\n\x81\n")
    assert read(tmp_path / "x")[0].decode() in ("\u20ac\n\x81\n", "\x80\n\x81\n")


def test_one_sound_line_beyond_ascii_makes_it_utf8(tmp_path: Path) -> None:
    """Bad bytes elsewhere stay as they are."""
    (tmp_path / "x").write_bytes(b"caf\xc3\xa9\ncaf\xe9\n")
    assert read(tmp_path / "x") == (b"caf\xc3\xa9\ncaf\xe9\n", [], [])


def test_an_encoding_by_name(tmp_path: Path) -> None:
    """It is not overruled; one that does not exist is refused."""
    (tmp_path / "x").write_bytes("\u0416".encode("koi8-r"))
    assert read(tmp_path / "x", "koi8-r") == ("\u0416".encode(), [], [])
    with pytest.raises(BadColumnMap, match="no encoding"):
        read(tmp_path / "x", "utf-9")


def test_a_whole_text_counts_bad_bytes(tmp_path: Path) -> None:
    """Each becomes a mark, and a note says how many; marks that were there are none."""
    (tmp_path / "x").write_bytes(b"a\xff\n" + "\ufffd\n".encode())
    notes: list[str] = []
    text = texts.whole(tmp_path / "x", None, Listener(lambda _: None, notes.append, notes.append))
    assert text == "a\ufffd\n\ufffd\n"
    assert notes == ["1 places with bytes that are not UTF-8, shown as \ufffd"]


@pytest.mark.parametrize(
    ("raw", "text", "bad"),
    [
        (b"", "", []),
        (b"one\ntwo\n", "one\ntwo\n", []),
        ("é\n".encode(), "é\n", []),
        (b"one\n\xff two\nthree\xc3", "one\n\ufffd two\nthree\ufffd", [8, 9]),
        ("\ufffd\n".encode() + b"\x80", "\ufffd\n\ufffd", [8]),
    ],
)
def test_damage_is_known_by_its_line(raw: bytes, text: str, bad: list[int]) -> None:
    """A replacement character that the text itself holds is no damage; lines are counted from 7 here."""
    assert texts.with_damage(raw, 7) == (text, bad)
