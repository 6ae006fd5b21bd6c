"""Lines become records, whatever stands between them, and every line is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.readers._reader import Options
from watchfloor.readers.intake import texts
from watchfloor.readers.records.lines import read_lines

BEGINS = pl.col("text").str.starts_with("> ")


def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Each record is an event; those that say `no` are rejected."""
    no = pl.col("text").str.contains("no", literal=True)
    return {
        "events": records.filter(~no).select("record", message="text"),
        "rejects": records.filter(no).select("record", reason=pl.lit("it says no")),
    }


def read(path: Path, content: bytes, **how: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables, whose ledger must add up."""
    path.write_bytes(content)
    tables = read_lines(path, Options(), format="example", tables=("events",), parse=parse, **how)
    found = {name: frame.collect().to_dicts() for name, frame in tables.items()}
    [ledger] = found["ledger"]
    assert ledger["lines"] == content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in found["rejects"])
    # Bytes before the record, where no decoding came between; the mark before the text is no part of it.
    starts = [0, *(place + 1 for place, byte in enumerate(content) if byte == ord("\n"))]
    if content.startswith(b"\xef\xbb\xbf"):
        starts[0] = 3
    known = ledger["encoding"] in ("utf-8", "utf-8-sig")
    assert all(
        row["byte_offset"] == starts[row["record"] - 1] or (row["byte_offset"] is None and not known)
        for row in found["rejects"]
    )
    return found


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_lines_are_read_continued_rejected_or_skipped(tmp_path: Path, block: int) -> None:
    """In blocks of any size."""
    text = "before\n\n> one\n more\n> ühm no\n> two\r\n\n> last"
    with mock.patch.object(texts, "BLOCK_BYTES", block):
        found = read(tmp_path / "x.log", text.encode(), begins=BEGINS)
    assert [(row["record"], row["message"]) for row in found["events"]] == [
        (3, "> one\n more"),
        (6, "> two\n"),
        (8, "> last"),
    ]
    assert [(row["record"], row["lines"], row["reason"]) for row in found["rejects"]] == [
        (1, 2, "no record has begun before this line"),
        (5, 1, "it says no"),
    ]


def test_a_byte_that_is_no_utf8_costs_one_record(tmp_path: Path) -> None:
    """The others are read."""
    found = read(tmp_path / "x.log", b"ok\n\xc3\xa9\nbad \xff\nok\n")
    assert [row["message"] for row in found["events"]] == ["ok", "é", "ok"]
    assert [(row["record"], row["reason"]) for row in found["rejects"]] == [(3, "bytes that are no UTF-8")]


def test_comments_are_skipped_and_preparation_sees_lines_in_order(tmp_path: Path) -> None:
    """A header holds for what follows it."""
    seen: list[int] = []

    def prepare(records: pl.DataFrame) -> pl.DataFrame:
        seen.extend(records["record"])
        return records.filter(pl.col("text") != "drop")

    with mock.patch.object(texts, "BLOCK_BYTES", 4):
        found = read(
            tmp_path / "x.log", b"# c\na\ndrop\nb\n", skips=pl.col("text").str.starts_with("#"), prepare=prepare
        )
    assert seen == [2, 3, 4]
    assert [row["message"] for row in found["events"]] == ["a", "b"]
    assert found["ledger"][0]["lines_skipped"] == 2


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"\xef\xbb\xbf> one\n> no\n", "utf-8-sig"),
        ("> one\n> no\n".encode("utf-16"), "utf-16-le"),
        (b"> one\n> no \xe9\n", "windows-1252"),
        (b"> one\n> no \xc3\xa9\n> \xff\n", "utf-8"),
    ],
)
def test_the_ledger_says_how_the_text_is_stored(tmp_path: Path, content: bytes, encoding: str) -> None:
    """What is no UTF-8 has no places in bytes: the text was decoded."""
    path = tmp_path / "x.log"
    path.write_bytes(content)
    tables = read_lines(path, Options(), format="example", tables=("events",), parse=parse, begins=BEGINS)
    assert tables["ledger"].collect()["encoding"].to_list() == [encoding]
    rejects = tables["rejects"].collect().sort("record")
    assert rejects["record"][0] == 2
    assert rejects["byte_offset"][0] == {"utf-8": 6, "utf-8-sig": 9}.get(encoding)


def test_an_empty_file_has_empty_tables(tmp_path: Path) -> None:
    """Of the right columns."""
    found = read(tmp_path / "x.log", b"", begins=BEGINS)
    assert (found["events"], found["rejects"], found["ledger"][0]["lines"]) == ([], [], 0)


@given(
    st.lists(
        st.sampled_from([b"> a", b" b", b"no", b"> no", b"\n", b"\r\n", b"\xff", b"\xc3\xa9", b"\0"]), max_size=20
    ),
    st.sampled_from([1, 5, 1 << 20]),
)
@examples(60)
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], block: int) -> None:
    """Whatever the lines hold, in blocks of any size."""
    path = tmp_path_factory.mktemp("lines") / "x.log"
    with mock.patch.object(texts, "BLOCK_BYTES", block):
        read(path, b"> start\n" + b"".join(pieces), begins=BEGINS)
