"""Small files that are read together give what each gives alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.errors import AmbiguousTime
from watchfloor.readers import Options, Reader
from watchfloor.readers.intake import texts
from watchfloor.readers.jsonlog import READER as JSON
from watchfloor.readers.records import together
from watchfloor.readers.syslog import READER

LINES = (
    b"Oct 26 02:30:00 web app[7]: up",
    b"Oct 26 01:59:59 web app[7]: up",
    b"Oct 26 02:10:00 web sshd[9]: Failed password for root from 192.0.2.7 port 5 ssh2",
    b"Dec 31 23:59:59 web app: late",
    b"Jan  1 00:00:01 web app: early",
    b"Feb 29 12:00:00 web app: a day that few years have",
    b"<34>1 2025-03-14T15:09:26Z web app 7 ID47 - up",
    b"2025-02-30 15:09:26 no such day",
    b"\tgoes on",
    b"bytes \xff that are no UTF-8",
    "Mar 14 15:09:26 web app: grüße".encode(),
    b"Mar 14 15:09:26 web app: gr\xfc\xdfe",
    b"",
    b"\r",
)


def tables(
    paths: Sequence[Path], zone: str | None = "Europe/Paris", reader: Reader = READER
) -> dict[str, list[dict[str, Any]]]:
    """The tables of files but for the seconds that they took; rejects in the order of the lines."""
    found = reader.read(paths, Options(zone=zone))
    return {
        name: frame.drop("seconds", strict=False)
        .collect()
        .sort("source", "record" if name != "ledger" else "source", maintain_order=True)
        .to_dicts()
        for name, frame in found.items()
    }


def written(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    """A file of each content, of several years."""
    paths = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.log"
        path.write_bytes(content)
        when = datetime(2024 + number % 3, 1 + 10 * (number % 2), 3, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
        paths.append(path)
    return paths


FILES = st.lists(
    st.tuples(st.lists(st.sampled_from(LINES), max_size=8), st.booleans(), st.sampled_from((b"", b"\xef\xbb\xbf"))),
    min_size=2,
    max_size=6,
)


@examples(40)
@given(files=FILES)
def test_together_as_alone(tmp_path: Path, files: list[tuple[list[bytes], bool, bytes]]) -> None:
    """Years, repeated hours, record numbers, byte offsets, encodings and ledgers are those of each file."""
    # One line at least is a record: a log without any is no syslog.
    contents = [
        mark + b"\n".join([b"Jun  5 10:00:00 web app: x", *lines]) + b"\n" * ended for lines, ended, mark in files
    ]
    paths = written(tmp_path, contents)
    found = tables(paths)

    alone = [tables([path]) for path in paths]
    for name in ("events", "rejects", "ledger"):
        assert found[name] == [row for one in alone for row in one[name]]
    for row, content in zip(found["ledger"], contents, strict=True):
        assert row["lines"] == content.count(b"\n") + (not content.endswith(b"\n"))
        assert row["lines"] == sum(row[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))


OBJECTS = (
    b'{"time":"2026-03-14T15:09:26Z","host":"web","message":"up"}',
    b'{"time":"2026-03-14T15:09:26","host":"web","message":"no zone"}',
    b'{"time":"2026-03-14T15:09:26Z","host":"web","host":"twice"}',
    b'{"time":"2026-03-14T15:09:26Z","id":12345678901234567890}',
    b'{"message":"no time"}',
    b'{"time":"2026-03-14T15:09:26Z","message":"\xff"}',
    b"[",
    b"",
)


@examples(40)
@given(files=st.lists(st.lists(st.sampled_from(OBJECTS), max_size=8), min_size=2, max_size=5))
def test_json_lines_together_as_alone(tmp_path: Path, files: list[list[bytes]]) -> None:
    """A key that stands twice is a note of its own file; a document among them is read by itself."""
    paths = written(tmp_path, [b"\n".join([OBJECTS[0], *lines]) for lines in files] + [b"[\n" + OBJECTS[0] + b"\n]\n"])
    found = tables(paths, reader=JSON)
    alone = [tables([path], reader=JSON) for path in paths]
    for name in ("events", "rejects", "ledger"):
        assert found[name] == [row for one in alone for row in one[name]]


def test_large_files_are_read_by_themselves(tmp_path: Path) -> None:
    """In their place among the small ones."""
    line = b"Jun  5 10:00:00 web app: x\n"
    paths = written(tmp_path, [line, line * 9, line, line])
    with mock.patch.object(texts, "BLOCK_BYTES", 100):
        found = tables(paths)
    assert [row["source"] for row in found["ledger"]] == [str(path) for path in paths]
    assert [(row["source"], row["record"]) for row in found["events"]] == [
        (str(path), record) for path in paths for record in range(1, 10 if path == paths[1] else 2)
    ]


def test_groups_end_where_they_are_full(tmp_path: Path) -> None:
    """Of bytes, or of files."""
    paths = written(tmp_path, [b"Jun  5 10:00:00 web app: x\n"] * 7)
    expected = tables(paths)
    with mock.patch.object(together, "GROUP_FILES", 3):
        assert tables(paths) == expected
    with mock.patch.object(together, "GROUP_BYTES", 50):
        assert tables(paths) == expected


def test_an_error_names_its_file(tmp_path: Path) -> None:
    """And no other of those that are read with it."""
    paths = written(tmp_path, [b"2025-03-14T15:09:26Z web app: x\n", b"2025-03-14T15:09:26 web app: x\n"])
    with pytest.raises(AmbiguousTime, match=r"1\.log"):
        tables(paths, None)


def test_progress_is_told_once(tmp_path: Path) -> None:
    """As many bytes as the files have, also where they are read one by one in the end."""
    paths = written(tmp_path, [b"Jun  5 10:00:00 web app: x\n", b"Jun  5 10:00:00 web app: x\n"])
    for zone in ("UTC", None):
        told: list[int] = []
        try:
            READER.read(paths, Options(zone=zone, progress=told.append))
        except AmbiguousTime:
            assert zone is None
        assert sum(told) == sum(path.stat().st_size for path in paths)


def test_empty_files(tmp_path: Path) -> None:
    """They have a ledger and nothing else."""
    found = tables(written(tmp_path, [b"", b""]))
    assert [(row["lines"], row["file_bytes"]) for row in found["ledger"]] == [(0, 0), (0, 0)]
    assert found["events"] == []


def test_frames_have_their_types(tmp_path: Path) -> None:
    """Also where a file has nothing of a kind."""
    found = READER.read(written(tmp_path, [b"", b"Jun  5 10:00:00 web app: x\n"]), Options(zone="UTC"))
    assert found["events"].collect_schema()["record"] == pl.Int64
