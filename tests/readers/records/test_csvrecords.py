"""Tools' own CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import rows
from readers.jsonfiles import written
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options
from watchfloor.readers.intake.files import head
from watchfloor.readers.records.csvrecords import header_of, read_csv


def test_records_of_any_order_of_columns(tmp_path: Path) -> None:
    """Where the time is not the first column, every line is a record."""
    path = written(tmp_path, "\ufeffa,when\n1,2026-03-14 15:09:26\n,x\n1\n", "x.csv")
    assert header_of(head(path)) == ["a", "when"]
    tables = read_csv(
        path,
        Options(),
        format="x",
        tables=("events",),
        make=lambda one: [("events", {"message": str(one)})],
        time="when",
    )
    assert [row["message"] for row in rows(tables["events"])] == [
        "{'a': '1', 'when': '2026-03-14 15:09:26'}",
        "{'when': 'x'}",
    ]
    assert [row["reason"] for row in rows(tables["rejects"])] == ["1 of 2 columns"]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    """Is refused with words."""
    with pytest.raises(UnreadableFile, match="no header"):
        read_csv(written(tmp_path, "x\n"), Options(), format="x", tables=(), make=lambda one: [], time="when")
