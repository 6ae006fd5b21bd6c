"""Which reader reads which file."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import rows
from watchfloor.errors import AmbiguousTime, NothingToRead, UnknownFormat
from watchfloor.readers import READERS, Options, read_files

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
