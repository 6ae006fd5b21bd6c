"""Windows event logs in binary, made by hand; the library that reads them is an extra."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtx_files import CHUNK, HEADER, RECORDS, log
from helpers import rows
from properties import examples
from watchfloor.errors import MissingExtra, UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.evtx import READER
from watchfloor.readers.intake import files

needs_library = pytest.mark.skipif(importlib.util.find_spec("evtx") is None, reason="the extra evtx is not installed")
EVENT = (
    "<Event><System><Provider Name='Made-Up' Guid='{1}'/><EventID Qualifiers='2'>46%02d</EventID><Level>2</Level>"
    "<TimeCreated SystemTime='2026-01-01T00:00:00.1234567Z'/><Channel>Security</Channel><Computer>dc-1</Computer>"
    "</System><EventData><Data Name='TargetUserName'>alice</Data><Data Name='IpAddress'>192.0.2.9</Data>"
    "<Data>one</Data><Data>two</Data></EventData></Event>"
)
LOG = log([EVENT % n for n in (1, 2, 3)])


def read(tmp_path: Path, content: bytes) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log."""
    path = tmp_path / "x.evtx"
    path.write_bytes(content)
    return {name: rows(frame) for name, frame in read_files([path]).items()}


def counts(tables: dict[str, list[dict[str, Any]]]) -> tuple[int, int, int]:
    """Records, read, rejected."""
    [ledger] = tables["ledger"]
    assert ledger["format"] == "evtx"
    return ledger["lines"], ledger["lines_read"], ledger["lines_rejected"]


@needs_library
@pytest.mark.parametrize("packed", [False, True])
def test_events_of_a_log(tmp_path: Path, packed: bool) -> None:
    """The same row as from XML; data without a name is kept beside data with one."""
    tables = read(tmp_path, gzip.compress(LOG) if packed else LOG)
    assert [(row["record"], row["event_id"]) for row in tables["events"]] == [(1, "4601"), (2, "4602"), (3, "4603")]
    row = tables["events"][0]
    assert (row["time"], row["host"], row["program"], row["category"], row["severity_text"]) == (
        datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
        "dc-1",
        "Made-Up",
        "Security",
        "Error",
    )
    assert (row["user"], row["src_ip"]) == ("alice", "192.0.2.9")
    assert json.loads(row["fields"]) == {
        "Data": ["one", "two"],
        "Provider.Guid": "{1}",
        "EventID.Qualifiers": "2",
        "Level": "2",
    }
    assert counts(tables) == (3, 3, 0)


@needs_library
def test_control_characters_are_kept(tmp_path: Path) -> None:
    """A command line may hold what XML does not allow."""
    tables = read(tmp_path, LOG.replace("alice".encode("utf-16-le"), "a\x1b\x01ce".encode("utf-16-le")))
    assert {row["user"] for row in tables["events"]} == {"a\x1b\x01ce"}


@needs_library
def test_one_damaged_record_is_one_reject(tmp_path: Path) -> None:
    """The one after it is read."""
    place = LOG.index("4602".encode("utf-16-le")) - 4
    tables = read(tmp_path, LOG[:place] + b"\x77" + LOG[place + 1 :])
    assert [row["event_id"] for row in tables["events"]] == ["4601", "4603"]
    assert [(row["record"], row["lines"]) for row in tables["rejects"]] == [(2, 1)]
    assert counts(tables) == (3, 2, 1)


@needs_library
def test_a_cut_log_gives_the_events_before_the_cut(tmp_path: Path) -> None:
    """What the chunk announces and does not hold is rejected, and the file is partial."""
    place = LOG.index("4602".encode("utf-16-le"))
    tables = read(tmp_path, LOG[:place])
    assert [row["event_id"] for row in tables["events"]] == ["4601"]
    assert counts(tables) == (3, 1, 2)
    assert tables["ledger"][0]["partial"].startswith("the last chunk is cut")


@needs_library
def test_damaged_chunks_do_not_hide_the_others(tmp_path: Path) -> None:
    """Unused chunks, which are zero, are none; a lost record header loses the rest of its chunk, and says how much."""
    chunk = LOG[HEADER:]
    tables = read(tmp_path, LOG + bytes(CHUNK) + b"xxx" + chunk[3:] + chunk)
    assert counts(tables) == (7, 6, 1)
    tables = read(tmp_path, LOG + chunk[:RECORDS] + b"xxxx" + chunk[RECORDS + 4 :])
    assert counts(tables) == (6, 3, 3)


@needs_library
def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    """The first bytes alone are none."""
    with pytest.raises(UnreadableFile, match="no event log"):
        read(tmp_path, LOG[:100])


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that an export does without."""
    path = tmp_path / "x.evtx"
    path.write_bytes(LOG)
    assert READER.accepts(files.head(path)) == 1

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"x\.evtx: binary Windows event logs need") as error:
        READER.read([path], Options())
    assert error.value.hint == "pip install 'watchfloor[evtx]', or export the log as XML"
    (tmp_path / "y.log").write_text("2026-01-01T00:00:00Z web app[7]: up\n")
    tables = {name: rows(frame) for name, frame in read_files([tmp_path]).items()}
    assert len(tables["events"]) == 1
    assert [row["source"] for row in tables["rejects"]] == [str(path)]


@needs_library
@examples(40)
@given(data=st.data())
def test_the_ledger_adds_up_whatever_the_damage(tmp_path: Path, data: st.DataObject) -> None:
    """Read + rejected are the records."""
    raw = bytearray(LOG[: HEADER + 4_096])
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(HEADER, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(HEADER + 100, len(raw)))]
    lines, good, bad = counts(tables := read(tmp_path, bytes(raw)))
    assert lines == good + bad
    assert good == len(tables["events"])
    assert bad == sum(row["lines"] for row in tables["rejects"])
