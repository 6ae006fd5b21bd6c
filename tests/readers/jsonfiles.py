"""What tests of JSON readers share: a file read by its reader, and files that are damaged in some way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from helpers import rows
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake.files import head

Tables = dict[str, list[dict[str, Any]]]


def written(tmp_path: Path, content: object, name: str = "x.json") -> Path:
    """A file: bytes and text as they are, a list of objects as lines."""
    path = tmp_path / name
    if isinstance(content, list):
        content = "".join(json.dumps(one) + "\n" for one in content)
    path.write_bytes(content if isinstance(content, bytes) else str(content).encode())
    return path


def read(
    tmp_path: Path, content: object, format: str | None = None, zone: str | None = None, name: str = "x.json"
) -> Tables:
    """The tables of a file, as lists of dicts."""
    tables = read_files([written(tmp_path, content, name)], format=format, options=Options(zone=zone))
    return {name: rows(frame) for name, frame in tables.items()}


def sure(reader: Any, tmp_path: Path, content: object, name: str = "x.json") -> float:
    """How sure a reader is of a file."""
    return float(reader.accepts(head(written(tmp_path, content, name))))


def said(row: dict[str, Any], *without: str) -> dict[str, Any]:
    """What a row says."""
    return {key: value for key, value in row.items() if value is not None and key not in {"source", *without}}


def adds_up(tables: Tables, content: bytes | None = None) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    [ledger] = tables["ledger"]
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
    if content is not None:
        assert ledger["lines"] == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """The content cut, with bytes changed, lines doubled or put in."""

    def changed(draws: tuple[list[tuple[int, int]], int, list[tuple[int, bytes]]]) -> bytes:
        changes, cut, more = draws
        body = bytearray(content)
        for place, byte in changes:
            body[place % len(body)] = byte
        lines = bytes(body[: len(body) - cut % len(body)]).split(b"\n")
        for place, line in more:
            lines.insert(place % (len(lines) + 1), line)
        return b"\n".join(lines)

    strange = st.sampled_from(
        [
            b"",
            b"\xff\x80",
            b"[]",
            b"{}",
            b"null",
            b"{",
            b'{"a":' * 3000,
            b"}{",
            b'{"a":1e999}',
            b"\x00",
            b'"' * 9,
            b"\r",
        ]
    )
    return st.tuples(
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
        st.integers(0, 200),
        st.lists(st.tuples(st.integers(0, 50), strange), max_size=3),
    ).map(changed)


def holds(tmp_path: Path, content: bytes, format: str, zone: str | None = "UTC", *, lines: bool = True) -> None:
    """Whatever the file holds, it is read and adds up, or refused with words."""
    try:
        tables = read(tmp_path, content, format, zone)
    except UnreadableFile as error:
        assert error.hint
        return
    adds_up(tables, content if lines else None)


def pieces(objects: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The objects in every layout that JSON has, with the layout's name."""
    yield "lines", "".join(json.dumps(one) + "\n" for one in objects)
    yield "lines with a BOM and CRLF", "\ufeff" + "".join(json.dumps(one) + "\r\n" for one in objects)
    yield "array", json.dumps(objects)
    yield "array, a line each", "[\n" + ",\n".join(json.dumps(one) for one in objects) + "\n]\n"
    yield "array from its first line", "[" + ",\n".join(json.dumps(one) for one in objects) + "]"
    yield "indented array", json.dumps(objects, indent=2)
    yield "one after the other", "".join(json.dumps(one, indent=2) + "\n" for one in objects)
    yield "without a break", "".join(json.dumps(one) for one in objects)
