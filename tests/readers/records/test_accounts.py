"""Lines of several files in one block, and what became of them."""

from __future__ import annotations

import polars as pl

from helpers import rows
from watchfloor.readers.records.accounts import Account, Places, Share, Shares, tables_of


def test_each_file_has_its_own_numbers() -> None:
    """Lines 1 to 2 of a block are one file's, 3 to 5 another's; a third is empty."""
    contents = (b"a\nbb\n", b"", b"c\ndd\neee\n")
    accounts = [Account(f"{name}.log", "example", len(content)) for name, content in zip("xyz", contents, strict=True)]
    shares = Shares(
        [
            Share(account, Places(content, 0, 1, content.count(b"\n")), before)
            for account, content, before in zip(accounts, contents, (0, 2, 2), strict=True)
        ]
    )
    records = pl.DataFrame(
        {"record": [1, 2, 3, 5], "lines": [1, 1, 2, 1], "text": ["a", "bb", "c\ndd", "eee"]},
        schema_overrides={"record": pl.Int64, "lines": pl.Int64},
    )
    assert shares.named(records.select("record")).rows() == [(1, "x.log"), (2, "x.log"), (1, "z.log"), (3, "z.log")]

    kept = records.filter(pl.col("record") > 1).with_columns(reason=pl.when(pl.col("record") == 5).then(pl.lit("no")))
    shares.add(records, kept)
    found = {name: rows(frame) for name, frame in tables_of(accounts).items()}
    counts = ("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped")
    assert [tuple(row[name] for name in ("source", *counts)) for row in found["ledger"]] == [
        ("x.log", 2, 1, 0, 0, 1),
        ("y.log", 0, 0, 0, 0, 0),
        ("z.log", 3, 1, 1, 1, 0),
    ]
    assert [(row["source"], row["record"], row["byte_offset"], row["text"]) for row in found["rejects"]] == [
        ("z.log", 3, 5, "eee")
    ]
