"""Readers of other packages: found by their entry points, and no broken one stops the others."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import rows
from watchfloor.errors import UnreadableFile
from watchfloor.readers import READERS, Options, choices, plugins, read_files
from watchfloor.readers.patterns.known import readers

CODE = """
import polars as pl
from watchfloor.readers import Reader, one_by_one

def read(path, options):
    if b"fail" in path.read_bytes():
        raise RuntimeError("a bug of theirs")
    lines = path.read_text().splitlines()
    rows = pl.LazyFrame({"source": str(path), "record": range(1, len(lines) + 1), "message": lines})
    count = len(lines)
    ledger = {"source": [str(path)], "format": ["acme"], "lines": [count], "lines_read": [count]}
    return {"events": rows, "rejects": pl.LazyFrame(schema={"source": pl.String}), "ledger": pl.LazyFrame(ledger)}

def accepts(head):
    if "raise" in head.content.decode():
        raise KeyError("theirs")
    return head.share(lambda line: line.startswith("ACME|"))

READER = Reader("acme", "Acme's own log", ("events",), accepts, one_by_one(read))
SAME = Reader("syslog", "Another", ("events",), accepts, one_by_one(read))
ODD = Reader("odd", "Odd", ("evens",), accepts, one_by_one(read))
TEXT = "no reader"
"""
ENTRIES = """\
[watchfloor.readers]
acme = acme_logs:READER
gone = acme_gone:READER
missing = acme_logs:NOTHING
odd = acme_logs:ODD
same = acme_logs:SAME
text = acme_logs:TEXT
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A distribution in a folder of its own, as an installer lays it down; the warnings of loading it."""
    folder = tmp_path / "site"
    info = folder / "acme_logs-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "acme_logs.py").write_text(CODE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-logs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(folder)
    plugins.plugins.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = plugins.plugins(frozenset(reader.name for reader in (*READERS, *readers())))
    assert [reader.name for reader in found] == ["acme"]
    yield [str(one.message) for one in caught]
    plugins.plugins.cache_clear()
    sys.modules.pop("acme_logs", None)


def test_broken_ones_are_named_and_do_not_stop_the_others(installed: list[str]) -> None:
    """Not there, no reader, a name that is taken, a table that there is not."""
    said = dict(zip(("gone", "missing", "odd", "same", "text"), installed, strict=True))
    assert all(f"the plug-in {name!r} of acme-logs" in text and "it is left out" in text for name, text in said.items())
    assert "ModuleNotFoundError" in said["gone"]
    assert "AttributeError" in said["missing"]
    assert "tables that there are not: evens" in said["odd"]
    assert "has the name 'syslog'" in said["same"]
    assert "is no watchfloor.readers.Reader" in said["text"]


def test_its_files_are_found_by_content_and_read(installed: list[str], tmp_path: Path) -> None:
    """Beside ours, by name as well, and in the explanation of the choice."""
    path = tmp_path / "a.log"
    path.write_text("ACME|1\nACME|2\n")
    for format in (None, "acme"):
        tables = read_files([path], format=format)
        assert [row["message"] for row in rows(tables["events"])] == ["ACME|1", "ACME|2"]
        [ledger] = rows(tables["ledger"])
        assert (ledger["format"], ledger["encoding"], ledger["partial"]) == ("acme", "utf-8", None)
    [choice] = choices([path])
    assert choice.reader is not None
    assert (choice.reader.name, choice.share) == ("acme", 1.0)


def test_one_that_fails_is_an_error_of_that_file_only(installed: list[str], tmp_path: Path) -> None:
    """A named file says whose bug it is; in a folder the others are read."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("ACME|fail\n")
    (tmp_path / "logs" / "b.log").write_text("ACME|good\n")
    with pytest.raises(
        UnreadableFile, match=r"the plug-in 'acme' of acme-logs fails \(RuntimeError: a bug of theirs\)"
    ):
        read_files([tmp_path / "logs" / "a.log"])
    tables = read_files([tmp_path / "logs"])
    assert [row["message"] for row in rows(tables["events"])] == ["ACME|good"]
    assert "a bug of theirs" in rows(tables["rejects"])[0]["reason"]


def test_one_that_fails_to_decide_is_left_out_with_a_warning(installed: list[str], tmp_path: Path) -> None:
    """Ours read the file."""
    path = tmp_path / "a.log"
    path.write_text("2025-10-01T03:00:00Z web app[7]: raise\n" * 4)
    with pytest.warns(UserWarning, match="the plug-in 'acme' of acme-logs fails on"):
        tables = read_files([path], options=Options())
    assert len(rows(tables["events"])) == 4
