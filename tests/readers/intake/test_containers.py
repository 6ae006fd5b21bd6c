"""Compressed files, archives, pipes: read in place, refused where they would not end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.errors import NothingToRead, UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import archives, containers, files

LINES = b"".join(b"2025-10-01T03:00:%02dZ web app[7]: up\n" % n for n in range(60))


def zstd(text: bytes) -> bytes:
    """Compressed by the package that the core brings."""
    if sys.version_info >= (3, 14):
        from compression import zstd as package
    else:
        package = pytest.importorskip("backports.zstd")
    packed: bytes = package.compress(text)
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two gzip members": lambda text: gzip.compress(text[:1000]) + gzip.compress(text[1000:]),
    "bzip2": bz2.compress,
    "two bzip2 streams": lambda text: bz2.compress(text[:1000]) + bz2.compress(text[1000:]),
    "xz": lzma.compress,
    "zstd": zstd,
    "two zstd frames": lambda text: zstd(text[:1000]) + zstd(text[1000:]),
}


def zipped(members: dict[str, bytes], **how: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text, **how)
    return buffer.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            info.mtime = 1_700_000_000
            archive.addfile(info, io.BytesIO(text))
    return buffer.getvalue()


def read_blocks(path: Path, size: int = 1000) -> tuple[bytes, list[str], int]:
    told: list[int] = []
    cut: list[str] = []
    found = list(files.blocks(path, size, progress=told.append, cut_short=cut.append))
    assert all(block.endswith(b"\n") for block in found[:-1])
    return b"".join(found), cut, sum(told)


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_files_are_known_by_their_first_bytes(tmp_path: Path, kind: str) -> None:
    """Whatever they are called."""
    path = tmp_path / "log.txt"
    path.write_bytes(PACKERS[kind](LINES))
    assert read_blocks(path) == (LINES, [], path.stat().st_size)
    assert files.content(path) == files.Content(LINES, None)
    assert files.head(path).content == LINES
    assert len(rows(read_files([path])["events"])) == 60


@pytest.mark.parametrize("kind", ["bzip2", "xz", "zstd"])
def test_a_cut_stream_gives_what_is_good_and_says_so(tmp_path: Path, kind: str) -> None:
    """As for gzip."""
    text = b"".join(b"%d a line %d\n" % (n, n * n * 7919 % 10007) for n in range(200_000))
    path = tmp_path / "log"
    path.write_bytes(PACKERS[kind](text)[:-3000])
    kept, [cut], _ = read_blocks(path, 1 << 16)
    assert text.startswith(kept)
    assert len(kept) > len(text) // 4
    assert "cut or damaged" in cut


@pytest.mark.parametrize(
    "pack", [zipped, tarred, lambda m: gzip.compress(tarred(m)), lambda m: lzma.compress(tarred(m))]
)
def test_members_of_archives_are_files(tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]) -> None:
    """In the order of their names, hidden ones left out, compressed ones unpacked; sizes are those on disk."""
    members = {"b/2.log": LINES, "a.log.gz": gzip.compress(LINES), "b/.hidden": b"x", "__MACOSX/a": b"x", "e.log": b""}
    path = tmp_path / "all.bin"
    path.write_bytes(pack(members))
    found = files.find([tmp_path])
    assert [str(file) for file in found] == [f"{path}!/{name}" for name in ("a.log.gz", "b/2.log", "e.log")]
    assert [file.name for file in found] == ["a.log.gz", "2.log", "e.log"]
    for file in found[:2]:
        assert read_blocks(file) == (LINES, [], file.stat().st_size)
        assert files.head(file).content == LINES
        assert 0 < file.stat().st_size <= path.stat().st_size
    assert (found[2].stat().st_size, files.content(found[2]).content) == (0, b"")
    assert files.find([f"{path}!/b"]) == [found[1]]
    tables = read_files([path])
    assert len(rows(tables["events"])) == 120
    assert {row["source"] for row in rows(tables["events"])} == {str(file) for file in found[:2]}
    assert [row["reason"] for row in rows(tables["rejects"])] == ["the file is empty"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_workbook_stays_one_file(tmp_path: Path) -> None:
    """It is a ZIP archive by its bytes, and a document by its members."""
    path = tmp_path / "x.xlsx"
    path.write_bytes(zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}))
    assert files.find([path]) == [path]


def test_tables_in_archives_are_read(tmp_path: Path) -> None:
    """Also those whose readers look at several places of the file: workbooks and Parquet."""
    pytest.importorskip("fastexcel")
    import polars as pl

    frame = pl.DataFrame({"rule": ["a", "b"], "alert_id": ["1", "2"], "severity": [1, 2]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_excel(tmp_path / "b.xlsx")
    path = tmp_path / "both.zip"
    path.write_bytes(zipped({name: (tmp_path / name).read_bytes() for name in ("a.parquet", "b.xlsx")}))
    columns = {"table": "alerts", "columns": {"rule": "rule", "alert_id": "alert_id"}}
    tables = read_files([path], options=Options(columns=columns))
    assert [(row["source"], row["rule"]) for row in rows(tables["alerts"])] == [
        (f"{path}!/{name}", rule) for name in ("b.xlsx", "a.parquet") for rule in "ab"
    ] or sorted((row["source"], row["rule"]) for row in rows(tables["alerts"])) == sorted(
        (f"{path}!/{name}", rule) for name in ("a.parquet", "b.xlsx") for rule in "ab"
    )


def test_archives_in_archives_to_a_depth(tmp_path: Path) -> None:
    """Three are opened, the fourth is a reject."""
    packed = zipped({"x.log": LINES})
    for depth in range(1, 5):
        path = tmp_path / f"{depth}.zip"
        path.write_bytes(packed)
        packed = zipped({f"{depth}.zip": packed})
    assert str(files.find([tmp_path / "3.zip"])[0]).endswith("3.zip!/2.zip!/1.zip!/x.log")
    with pytest.raises(NothingToRead, match="none of 1 files") as error:
        read_files([tmp_path / "4.zip"])
    assert "an archive within 3 others" in error.value.hint


def test_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    """A tar that was appended to holds a file twice."""
    path = tmp_path / "x.tar"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for text in (b"one\n", b"two\n"):
            info = tarfile.TarInfo("../x.log")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    path.write_bytes(buffer.getvalue())
    found = files.find([path])
    assert [str(file) for file in found] == [f"{path}!/../x.log", f"{path}!/../x.log#2"] or found == []


def encrypted(text: bytes) -> bytes:
    """The archive with the flag of encryption set in both of its headers."""
    packed = bytearray(zipped({"x.log": text}))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def test_an_encrypted_member_is_a_reject_with_its_reason(tmp_path: Path) -> None:
    """The others are read."""
    (tmp_path / "a.log").write_bytes(LINES)
    (tmp_path / "b.zip").write_bytes(encrypted(LINES))
    tables = read_files([tmp_path])
    assert len(rows(tables["events"])) == 60
    assert [(row["source"], row["reason"]) for row in rows(tables["rejects"])] == [
        (f"{tmp_path / 'b.zip'}!/x.log", "encrypted")
    ]


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ratio, once something has come out: in a stream, in an archive, in a compressed tar."""
    monkeypatch.setattr(containers, "FREE_BYTES", 1_000_000)
    zeros = b"\n" * 3_000_000
    for name, text in {
        "a.gz": gzip.compress(zeros),
        "b.zip": zipped({"x": zeros}),
        "c.tar.gz": gzip.compress(tarred({"x": zeros})),
        "d.xz": lzma.compress(zeros),
    }.items():
        (tmp_path / name).write_bytes(text)
        with pytest.raises((UnreadableFile, NothingToRead)) as error:
            read_files([tmp_path / name], format="syslog")
        assert "500 times" in str(error.value) + error.value.hint, name
    (tmp_path / "e.log").write_bytes(LINES)
    reasons = [row["reason"] for row in rows(read_files([tmp_path])["rejects"])]
    assert len(reasons) == 4


def test_what_must_be_laid_down_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed tar larger than that is refused."""
    monkeypatch.setattr(containers, "MOST_SPOOLED", 1 << 20)
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(tarred({"x": os.urandom(3 << 20)})))
    with pytest.raises(UnreadableFile, match="laid down"):
        read_files([path])


def test_what_is_laid_down_goes_to_disk_when_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a file without a name."""
    monkeypatch.setattr(containers, "_IN_MEMORY", 1000)
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(tarred({"a.log": LINES, "b.zip": zipped({"c.log": LINES})})))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = files.find([path])
    assert [files.content(file).content for file in found] == [LINES, LINES]
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_that_claims_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More members than anybody packs."""
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    path = tmp_path / "x.zip"
    path.write_bytes(zipped({f"{n}": b"x" for n in range(4)}))
    with pytest.raises(UnreadableFile, match="4 files in one archive"):
        read_files([path])


def test_a_member_with_damage_costs_itself_only(tmp_path: Path) -> None:
    """Its checksum fails; the other is read to its end."""
    text = b"".join(b"2025-10-01T03:00:00Z web app[7]: %d\n" % n for n in range(3000))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in ("a.log", "b.log"):
            archive.writestr(name, text)
    packed = bytearray(buffer.getvalue())
    packed[packed.index(b"app[7]: 2999")] ^= 1
    path = tmp_path / "x.zip"
    path.write_bytes(packed)
    ledger = rows(read_files([path])["ledger"])
    assert ["damaged" in (row["partial"] or "") for row in ledger] == [True, False]


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_tar_gives_the_members_that_are_whole(tmp_path: Path, packed: bool) -> None:
    """And says that others may be missing."""
    text = os.urandom(20_000).hex().encode()
    whole = tarred({"a.log": LINES, "b.log": LINES, "c.log": text})
    path = tmp_path / "x.tar"
    path.write_bytes(gzip.compress(whole)[:-9_000] if packed else whole[: -len(text) // 2])
    tables = read_files([path])
    assert len(rows(tables["events"])) == 120
    assert any("cut" in row["reason"] for row in rows(tables["rejects"]))


def test_broken_and_empty_archives_say_so(tmp_path: Path) -> None:
    """A named one is an error with the reason."""
    for text, reason in ((b"PK\x03\x04rest", "cut or damaged"), (zipped({}), "an archive without files")):
        path = tmp_path / "x.zip"
        path.write_bytes(text)
        with pytest.raises(UnreadableFile, match=reason):
            read_files([path])


def test_patterns_are_for_shells_that_leave_them_to_us(tmp_path: Path) -> None:
    """`*` within a folder, `**` through all; a pattern without a file is an error, as a name is."""
    for name in ("a.log", "b.txt", "c/d/e.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(LINES)
    assert files.find([f"{tmp_path}/*.log"]) == [tmp_path / "a.log"]
    assert files.find([f"{tmp_path}/**/*.log"]) == [tmp_path / "a.log", tmp_path / "c/d/e.log"]
    odd = tmp_path / "[x].log"
    odd.write_bytes(LINES)
    assert files.find([odd]) == [odd]
    with pytest.raises(NothingToRead, match="no file of such a name"):
        files.find([f"{tmp_path}/*.evtx"])


@pytest.mark.parametrize("text", [LINES, gzip.compress(LINES), zipped({"x.log": LINES})])
def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    """Also what is compressed or an archive."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    tables = read_files(["-"])
    assert len(rows(tables["events"])) == 60
    assert rows(tables["ledger"])[0]["source"].startswith("<stdin>")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    """As `watchfloor read <(journalctl ..)` gives it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(LINES,))
    writer.start()
    tables = read_files([path])
    writer.join()
    assert len(rows(tables["events"])) == 60


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_of_utf_16_are_utf_8(tmp_path: Path, coding: str, size: int, packed: bool) -> None:
    """With a mark and without one, for every reader."""
    text = LINES.decode() + "é \U0001f600\n"
    path = tmp_path / "x.log"
    raw = text.encode(coding)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert read_blocks(path, size) == (text.encode(), [], path.stat().st_size)
    assert files.head(path).content == text.encode()
    tables = read_files([path])
    assert len(rows(tables["events"])) == 60


def test_times_of_members_are_those_in_utc_where_the_archive_says_them(tmp_path: Path) -> None:
    """The extended timestamp of Info-ZIP: tag 0x5455, size 5, flags 1, seconds."""
    info = zipfile.ZipInfo("x.log", (2023, 11, 15, 0, 13, 20))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000)
    plain = zipfile.ZipInfo("y.log", (2023, 11, 15, 0, 13, 20))
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, LINES)
        archive.writestr(plain, LINES)
    assert [file.stat().st_mtime for file in files.find([path])] == [1_700_000_000, 1_700_007_200]


def test_zstd_without_its_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install; in a folder the others are read."""
    (tmp_path / "a.log").write_bytes(LINES)
    (tmp_path / "b.zst").write_bytes(b"\x28\xb5\x2f\xfd\x00\x00\x01\x00\x00")
    for name in ("compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UnreadableFile, match="zstd needs the package backports"):
        read_files([tmp_path / "b.zst"])
    [reject] = rows(read_files([tmp_path])["rejects"])
    assert reject["source"] == str(tmp_path / "b.zst")


@given(st.binary(max_size=60), st.integers(0, 2**32), st.sampled_from(["zip", "tar", "tgz", "xz", "bz2", "gz"]))
@examples(60)
def test_no_damage_of_a_container_stops_the_others(noise: bytes, place: int, kind: str) -> None:
    """Bytes anywhere in an archive or stream: it is read, in part or not at all, and its neighbour is read."""
    members = {"x/a.log": LINES, "b.log": LINES}
    pack: dict[str, Callable[[], bytes]] = {
        "zip": lambda: zipped(members),
        "tar": lambda: tarred(members),
        "tgz": lambda: gzip.compress(tarred(members)),
        "xz": lambda: lzma.compress(LINES),
        "bz2": lambda: bz2.compress(LINES),
        "gz": lambda: gzip.compress(LINES),
    }
    with tempfile.TemporaryDirectory() as folder:
        packed = bytearray(pack[kind]())
        start = place % len(packed)
        packed[start : start + len(noise)] = noise
        (Path(folder) / "packed").write_bytes(packed)
        (Path(folder) / "whole.log").write_bytes(LINES)
        tables = read_files([folder])
        found = rows(tables["events"])
        assert sum(row["source"].endswith("whole.log") for row in found) == 60
        for row in rows(tables["ledger"]):
            parts = [row[f"lines_{what}"] or 0 for what in ("read", "continued", "rejected", "skipped")]
            assert sum(parts) == (row["lines"] or 0)
