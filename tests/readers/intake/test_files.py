"""Files as readers see them."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers.intake import files


def read_blocks(path: Path, size: int) -> tuple[list[bytes], list[str], int]:
    """The blocks of a file, why it was cut short, and the bytes that progress was told."""
    told: list[int] = []
    cut: list[str] = []
    found = list(files.blocks(path, size, progress=told.append, cut_short=cut.append))
    return found, cut, sum(told)


@pytest.mark.parametrize("text", [b"", b"a", b"a\n", b"\n\n", b"one\ntwo\nthree", b"x" * 50 + b"\n" + b"y" * 5])
@pytest.mark.parametrize("size", [1, 4, 7, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_are_the_file_cut_at_line_ends(tmp_path: Path, text: bytes, size: int, packed: bool) -> None:
    """Together they are the file; each but the last ends with a line feed; every stored byte is told."""
    path = tmp_path / "log"
    path.write_bytes(gzip.compress(text) if packed else text)
    found, cut, told = read_blocks(path, size)
    assert b"".join(found) == text
    assert all(block.endswith(b"\n") for block in found[:-1])
    assert cut == []
    assert told == path.stat().st_size


def test_a_cut_gzip_stream_gives_what_is_good_and_says_so(tmp_path: Path) -> None:
    """What came before the damage is kept."""
    text = b"".join(b"line %d of a log that is long enough\n" % n for n in range(20_000))
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(text)[:-2000])
    found, cut, _ = read_blocks(path, 1 << 16)
    kept = b"".join(found)
    assert text.startswith(kept)
    assert len(kept) > len(text) // 2
    assert len(cut) == 1
    assert "cut or damaged" in cut[0]
    whole = files.content(path)
    assert whole.content == kept
    assert whole.partial == cut[0]


def test_a_short_gzip_stream_that_is_cut_gives_what_is_good(tmp_path: Path) -> None:
    """Also what is smaller than one read; the beginning of the file says what it is."""
    text = b"".join(b"%d a line\n" % n for n in range(500))
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(text)[:-200])
    found, cut, _ = read_blocks(path, 1 << 16)
    assert text.startswith(kept := b"".join(found))
    assert len(kept) > 100
    assert len(cut) == 1
    assert files.content(path).content == kept
    assert files.head(path).content == kept


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of one huge line is no log."""
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    path = tmp_path / "one-line.log"
    path.write_bytes(b"x" * 5000)
    with pytest.raises(UnreadableFile, match="a line of more than"):
        read_blocks(path, 100)


def test_a_document_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what comes out of it."""
    monkeypatch.setattr(files, "LARGEST_WHOLE", 1 << 20)
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(b"[" + b"1," * (1 << 20)))
    with pytest.raises(UnreadableFile, match="more than 1 MiB that must be read at once"):
        files.content(path)


def test_folders_are_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    """A file that is named twice is read once."""
    for name in ("b/2.log", "a/1.log", ".git/config", "a/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = files.find([tmp_path, tmp_path / "a" / "1.log"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/1.log", "b/2.log"]


@pytest.mark.parametrize("make_it", [False, True])
def test_nothing_there_is_said(tmp_path: Path, make_it: bool) -> None:
    """No such path, or a folder without files."""
    path = tmp_path / "empty"
    if make_it:
        path.mkdir()
    with pytest.raises(NothingToRead, match="empty: no ") as error:
        files.find([path])
    assert error.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "this is a PNG picture, not a log"),
        (b"abc\0\0def", "binary data, not a log"),
        (b"PK\x03\x04rest", "this is a ZIP archive, not a log"),
        (b"x" * 100_000, "no line ends within the first 64 KiB"),
        (b"just words\nand more\n", "no reader knows this text"),
        (b'{"a":1,"b":{}}\n', "JSON with the keys a, b: no log that is known"),
        (
            b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}\n',
            "JSON with the keys a, b, c, d, e, f, ..: no log that is known",
        ),
        (b'[\n{"a":1}\n]\n', "JSON over several lines: no log that is known"),
        (b"[" * 60_000 + b"\n", "no reader knows this text"),
        (b'{"a":' * 10_000 + b"\n", "JSON over several lines: no log that is known"),
    ],
)
def test_what_no_reader_knows_is_described(tmp_path: Path, content: bytes, words: str) -> None:
    """The message says what the file looks like."""
    path = tmp_path / "x.log"
    path.write_bytes(content)
    assert files.looks_like(files.head(path)) == words


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "rotated away"), (b"just words\n", "--suggest"), (b"\x89PNG\r\n\x1a\n\0\0", "--format")],
)
def test_what_to_do_next(tmp_path: Path, content: bytes, words: str) -> None:
    """With a file that nobody knows."""
    path = tmp_path / "x.log"
    path.write_bytes(content)
    assert words in files.what_next(files.head(path))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"\xef\xbb\xbfone\r\n\r\ntwo\r\n", ("one", "two")),
        ("one\ntwo\n".encode("utf-16"), ("one", "two")),
        (b"caf\xe9\n", ("caf\ufffd",)),
    ],
)
def test_the_head_is_text_without_marks(tmp_path: Path, content: bytes, lines: tuple[str, ...]) -> None:
    """Byte-order marks, line ends and empty lines are gone; a bad byte is replaced."""
    path = tmp_path / "x.log"
    path.write_bytes(content)
    assert files.head(path).lines == lines


def test_the_last_line_of_a_long_head_is_left_out_as_it_may_be_cut(tmp_path: Path) -> None:
    """A reader judges whole lines only."""
    path = tmp_path / "x.log"
    path.write_bytes(b"x" * 60_000 + b"\n" + b"y" * 60_000 + b"\n")
    assert files.head(path).lines == ("x" * 60_000,)


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the file and the reason of the system."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "x.log"
    path.write_text("x")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFile, match=r"x\.log: Permission denied") as error:
        files.head(path)
    assert "permissions" in error.value.hint


def test_pieces_of_any_bytes(tmp_path: Path) -> None:
    """Whether they have lines or not; a cut gzip stream gives what it still has."""
    content = bytes(range(256)) * 40
    plain, packed, cut = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    cut.write_bytes(gzip.compress(os.urandom(50_000))[:30_000])
    told: list[int] = []
    why: list[str] = []
    for path in (plain, packed):
        assert b"".join(files.chunks(path, 1_000, progress=told.append, cut_short=why.append)) == content
    assert sum(told) == plain.stat().st_size + packed.stat().st_size
    assert why == []
    assert sum(len(part) for part in files.chunks(cut, 1_000, progress=told.append, cut_short=why.append)) > 0
    assert len(why) == 1
