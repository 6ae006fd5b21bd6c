"""Random Zeek logs, damaged at random: every line is a row, a reject or skipped, and whole rows come back exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.readers import Options
from watchfloor.readers.zeek import READER, reading
from watchfloor.readers.zeek.jsonl import JsonLines
from watchfloor.readers.zeek.tsv import Tsv

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "duration": "interval",
    "orig_bytes": "count",
    "service": "string",
    "conn_state": "string",
    "note": "string",
}
COLUMNS = {
    "uid": "uid",
    "id.orig_h": "src_ip",
    "id.orig_p": "src_port",
    "orig_bytes": "orig_bytes",
    "service": "service",
    "conn_state": "conn_state",
}
MESSAGE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)
"""Any text, as an attacker may choose it."""


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """What happened: values, null where unset."""
    micros = draw(st.integers(0, 4_000_000_000_000_000))
    return {
        "ts": micros,
        "uid": draw(st.from_regex(r"\AC[0-9A-Za-z]{1,17}\Z")),
        "id.orig_h": f"{draw(st.ip_addresses())}",
        "id.orig_p": draw(st.integers(0, 65535)),
        "duration": draw(st.none() | st.integers(0, 10**12)),
        "orig_bytes": draw(st.none() | st.integers(0, 2**63 - 1)),
        "service": draw(st.none() | MESSAGE),
        "conn_state": draw(st.sampled_from(["SF", "S0", "REJ"])),
        "note": draw(st.none() | MESSAGE),
    }


def as_tsv(name: str, value: Any) -> str:
    """A value as Zeek's ASCII writer puts it."""
    if value is None:
        return "-"
    if name in {"ts", "duration"}:
        return f"{value // 1_000_000}.{value % 1_000_000:06}"
    if not isinstance(value, str):
        return str(value)
    escaped = "".join(
        r"\\" if sign == "\\" else f"\\x{ord(sign):02x}" if ord(sign) < 32 or ord(sign) == 127 else sign
        for sign in value
    )
    if escaped in {"-", "(empty)"}:
        return f"\\x{ord(escaped[0]):02x}{escaped[1:]}"
    return escaped.replace("#", "\\x23")


def as_json(row: dict[str, Any]) -> str:
    known = {name: value for name, value in row.items() if value is not None}
    return json.dumps(known | {name: row[name] / 1_000_000 for name in ("ts", "duration") if name in known})


def meant(row: dict[str, Any], *, escaped: bool) -> dict[str, Any]:
    """The columns of the row; control characters stay escaped in TSV."""
    keep = {"\b", "\t", "\n", "\f", "\r"}
    service = row["service"]
    if escaped and service is not None:
        service = "".join(
            f"\\x{ord(sign):02x}" if (ord(sign) < 32 or ord(sign) == 127) and sign not in keep else sign
            for sign in service
        )
    columns = {column: row[name] for name, column in COLUMNS.items()} | {"service": service}
    columns["time"] = EPOCH + timedelta(microseconds=row["ts"])
    columns["duration_seconds"] = None if row["duration"] is None else row["duration"] / 1_000_000
    return columns


SPOIL = st.one_of(
    st.none(),
    st.none(),
    st.sampled_from(["delete", "twice", "header", "blank"]),
    st.tuples(st.sampled_from(["replace", "insert"]), st.integers(0, 200), st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("cut"), st.integers(0, 200), st.just(b"")),
)


def spoilt(line: bytes, how: Any) -> bytes:
    """A line with other bytes in it; never with a line end."""
    what, place, new = how
    place %= len(line)
    new = new.replace(b"\n", b"\t")
    return line[:place] + new + {"replace": line[place + len(new) :], "insert": line[place:], "cut": b""}[what]


def damaged(
    lines: list[tuple[bytes, dict[str, Any]]], spoils: list[Any], header: list[bytes]
) -> tuple[list[bytes], dict[int, dict[str, Any]]]:
    """Physical lines, and the rows that must come back, by line number."""
    out, truth = list(header), {}
    for (line, row), how in zip(lines, spoils, strict=True):
        match how:
            case "delete":
                continue
            case "header":
                out += header
            case "blank":
                out.append(b"")
        if isinstance(how, tuple):
            out.append(spoilt(line, how))
            if out[-1] == line:
                truth[len(out)] = row
            continue
        for _ in range(2 if how == "twice" else 1):
            out.append(line)
            truth[len(out)] = row
    return out, truth


def check(path: Path, lines: list[bytes], truth: dict[int, dict[str, Any]], block: int, *, ends: bool) -> None:
    path.write_bytes(b"\n".join(lines) + (b"\n" if ends else b""))
    physical = len(lines) - (not ends and bool(lines) and not lines[-1])
    results = []
    for fast in (True, False):
        with (
            mock.patch.multiple(reading, BLOCK_BYTES=block, SMALL_BYTES=block // 3),
            mock.patch.object(Tsv, "at_once", Tsv.at_once if fast else lambda *_: None),
            mock.patch.object(JsonLines, "at_once", JsonLines.at_once if fast else lambda *_: None),
        ):
            tables = {name: frame.collect() for name, frame in READER.read([path], Options()).items()}
        results.append(tables)
        ledger = tables["ledger"].to_dicts()[0]
        found = [record for name, frame in tables.items() if name != "ledger" for record in frame["record"].to_list()]
        assert ledger["lines"] == physical
        assert ledger["lines_read"] + ledger["lines_rejected"] + ledger["lines_skipped"] == physical
        assert ledger["lines_read"] + ledger["lines_rejected"] == len(found) == len(set(found))
        rows = {row["record"]: row for row in tables["connections"].to_dicts()} if "connections" in tables else {}
        assert {record: {name: rows[record][name] for name in row} for record, row in truth.items()} == truth
    assert results[0].keys() == results[1].keys()
    for name, frame in results[0].items():
        assert frame.equals(results[1][name]), name


LOGS = st.lists(st.tuples(fields(), SPOIL), min_size=1, max_size=12)
BLOCKS = st.sampled_from([300, 1000, 1 << 20])


@pytest.mark.parametrize("separator", ["\t", "||"])
@given(log=LOGS, block=BLOCKS, order=st.permutations(list(TYPES)), ends=st.booleans())
@examples(60)
def test_tsv(tmp_path: Path, separator: str, log: Any, block: int, order: list[str], ends: bool) -> None:
    """Any order of columns; hostile text in two of them."""
    named = "".join(f"\\x{ord(sign):02x}" for sign in separator)
    header = [
        f"#separator {named}",
        *(separator.join(words) for words in (["#path", "conn"], ["#fields", *order])),
        separator.join(["#types", *(TYPES[name] for name in order)]),
    ]
    rows = [row | {"service": None} if separator != "\t" else row for row, _ in log]
    rows = [row | {"note": None} if separator != "\t" else row for row in rows]
    lines = [
        (separator.join(as_tsv(name, row[name]) for name in order).encode(), meant(row, escaped=True)) for row in rows
    ]
    check(tmp_path / "x.log", *damaged(lines, [how for _, how in log], [h.encode() for h in header]), block, ends=ends)


@given(log=LOGS, block=BLOCKS, ends=st.booleans())
@examples(60)
def test_json_lines(tmp_path: Path, log: Any, block: int, ends: bool) -> None:
    """The same rows as objects."""
    first = {"ts": 0, "uid": "C0", "id.orig_h": "::1", "id.orig_p": 0, "duration": None, "orig_bytes": None}
    rows = [first | {"service": None, "conn_state": "SF", "note": None}, *(row for row, _ in log)]
    lines = [(as_json(row).encode(), meant(row, escaped=False)) for row in rows]
    spoils = [None, *(None if how == "header" else how for _, how in log)]
    check(tmp_path / "conn.log", *damaged(lines, spoils, []), block, ends=ends)
