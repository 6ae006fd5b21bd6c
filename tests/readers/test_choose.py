"""Which reader reads which file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from helpers import rows
from watchfloor.errors import AmbiguousTime, NothingToRead, UnknownFormat
from watchfloor.readers import READERS, Head, Options, Reader, all_readers, choices, choose, read_files

SYSLOG = "".join(f"Oct  {n} 03:00:00 web sshd[7]: session opened\n" for n in range(1, 9))


def test_names_are_unique_and_every_reader_says_what_it_makes() -> None:
    """`watchfloor formats` has a line for each."""
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert all(reader.about and reader.tables for reader in READERS)


def test_a_stranger_in_a_folder_is_a_reject_and_the_rest_is_read(tmp_path: Path) -> None:
    """Guessing forgives: nothing is lost silently, and nothing stops the others."""
    (tmp_path / "auth.log").write_text(SYSLOG)
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    tables = read_files([tmp_path], options=Options(zone="UTC"))
    assert len(rows(tables["events"])) == 8
    assert [(row["source"], row["reason"]) for row in rows(tables["rejects"])] == [
        (str(tmp_path / "logo.png"), "this is a PNG picture, not a log")
    ]
    assert {row["source"]: row["partial"] is None for row in rows(tables["ledger"])} == {
        str(tmp_path / "auth.log"): True,
        str(tmp_path / "logo.png"): False,
    }


def test_a_named_file_that_nobody_reads_is_an_error(tmp_path: Path) -> None:
    """Asking does not forgive."""
    path = tmp_path / "logo.log"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(UnknownFormat, match="this is a PNG picture"):
        read_files([path])


def test_a_folder_that_nobody_reads_is_an_error(tmp_path: Path) -> None:
    """The first reason is the hint."""
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(NothingToRead, match="none of 1 files can be read") as error:
        read_files([tmp_path])
    assert "PNG" in error.value.hint


def test_clock_times_without_a_zone_stop_a_named_file_only(tmp_path: Path) -> None:
    """In a folder the file is left out, with its reason; the others are read."""
    named = tmp_path / "auth.log"
    named.write_text(SYSLOG)
    (tmp_path / "app.log").write_text("2025-10-01T03:00:00Z web app[7]: up\n" * 5)
    with pytest.raises(AmbiguousTime):
        read_files([named])
    tables = read_files([tmp_path])
    assert len(rows(tables["events"])) == 5
    [reject] = rows(tables["rejects"])
    assert reject["source"] == str(named)
    assert "clock times" in reject["reason"]


def sure(name: str, share: float) -> Reader:
    """A reader that is so sure of every file."""

    def read(paths: Sequence[Path], _: Options) -> dict[str, pl.LazyFrame]:
        source = [str(path) for path in paths]
        return {"events": pl.LazyFrame({"source": source}), "ledger": pl.LazyFrame({"source": source, "format": name})}

    def accepts(head: Head) -> float:
        return share

    return Reader(name, f"About {name}", ("events",), accepts, read, sign=f"sign of {name}")


@pytest.mark.parametrize(
    ("shares", "chosen", "runner_up"),
    [
        ({"a": 0.95, "b": 1.0}, "a", "b"),  # the first that is sure
        ({"a": 0.7, "b": 0.9, "c": 0.95}, "b", "c"),
        ({"a": 0.7, "b": 0.8, "c": 0.1}, "b", "a"),  # else the surest
        ({"a": 0.6, "b": 0.6}, "a", "b"),
        ({"a": 0.59, "b": 0.0}, None, "a"),
        ({"a": 0.0}, None, None),
    ],
)
def test_the_first_that_is_sure_reads_a_file_else_the_surest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shares: dict[str, float], chosen: str | None, runner_up: str | None
) -> None:
    """0.9 is sure, 0.6 is needed; a guess is noted in the ledger."""
    monkeypatch.setattr(choose, "READERS", tuple(sure(name, share) for name, share in shares.items()))
    path = tmp_path / "x.log"
    path.write_text("words\n")
    [choice] = choices([path])
    assert (choice.reader.name if choice.reader else None) == chosen
    assert (choice.others[0][0].name if choice.others else None) == runner_up
    if chosen is None:
        with pytest.raises(UnknownFormat, match="no reader knows this text"):
            read_files([path])
        return
    assert choice.share == shares[chosen]
    assert f"sign of {chosen}" in choice.reason
    [ledger] = rows(read_files([path])["ledger"])
    assert (ledger["format"], ledger["encoding"]) == (chosen, "utf-8")
    guessed = shares[chosen] < 0.9
    assert (ledger["notes"] is not None) == guessed
    if guessed:
        assert f"taken for {chosen}: {shares[chosen]:.0%} of its first lines fit" in ledger["notes"]


def test_a_named_format_is_never_overruled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the others say."""
    monkeypatch.setattr(choose, "READERS", (sure("a", 1.0), sure("b", 0.0)))
    path = tmp_path / "x.log"
    path.write_text("words\n")
    [ledger] = rows(read_files([path], format="b")["ledger"])
    assert (ledger["format"], ledger["notes"]) == ("b", None)
    [choice] = choices([path], format="b")
    assert choice.reader is not None
    assert (choice.reader.name, choice.reason) == ("b", "named by the user")


def test_text_of_no_known_kind_is_a_reject_that_says_who_comes_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder."""
    monkeypatch.setattr(choose, "READERS", (sure("a", 0.4),))
    (tmp_path / "x.txt").write_text("Dear all,\nsee below.\n")
    with pytest.raises(NothingToRead) as error:
        read_files([tmp_path])
    assert "no reader knows this text (nearest: a, 40% of its first lines fit)" in error.value.hint


def test_a_folder_of_many_formats_gives_all_tables(tmp_path: Path) -> None:
    """Also from archives; every file has its row in the ledger, with encoding and seconds."""
    (tmp_path / "auth.log").write_text(SYSLOG)
    (tmp_path / "conn.json").write_text(
        '{"ts":1700000000.0,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":1,"id.resp_h":"192.0.2.2","id.resp_p":2,'
        '"proto":"tcp","conn_state":"SF"}\n'
    )
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("events.csv", "source,record,message,program\na,1,b,c\n")
        archive.writestr("web.log", SYSLOG.encode("utf-16"))
        archive.writestr("logo.png", b"\x89PNG\r\n\x1a\n\0\0")
    tables = read_files([tmp_path], options=Options(zone="UTC"))
    assert tables.keys() == {"connections", "events", "rejects", "ledger"}
    assert [len(rows(tables[name])) for name in ("connections", "events", "rejects")] == [1, 17, 1]
    ledger = {Path(row["source"]).name: row for row in rows(tables["ledger"])}
    assert {name: row["encoding"] for name, row in ledger.items() if row["partial"] is None} == {
        "auth.log": "utf-8",
        "conn.json": "utf-8",
        "events.csv": "utf-8",
        "web.log": "utf-16-le",
    }
    assert all((row["seconds"] is not None) == (row["partial"] is None) for row in ledger.values())


def test_many_files_where_some_fail_are_all_read(tmp_path: Path) -> None:
    """Two at a time, in their order."""
    for n in range(40):
        text = f"2025-10-01T03:00:00Z web app[7]: {n}\n" if n not in (3, 29) else "Oct  1 03:00:00 web app[7]: up\n"
        (tmp_path / f"{n:02}.log").write_text(text)
    tables = read_files([tmp_path])
    assert [row["message"] for row in rows(tables["events"])] == [str(n) for n in range(40) if n not in (3, 29)]
    assert [Path(row["source"]).name for row in rows(tables["rejects"])] == ["03.log", "29.log"]


def test_ours_are_asked_in_their_order() -> None:
    """The most general one last; the shipped patterns of whole lines have their place among them."""
    assert [reader for reader in all_readers() if reader in READERS] == list(READERS)
    assert READERS[-1].name == "syslog"
    names = [reader.name for reader in all_readers()]
    assert (
        names.index("pairs") < names.index("apache_access") < names.index("exchange_tracking") < names.index("pattern")
    )
