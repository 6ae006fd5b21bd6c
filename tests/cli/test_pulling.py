"""What a pull shows: the ledger's rows, what is rare, what is missing, harmless whatever a system wrote."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from watchfloor.cli.pulling import show, telling
from watchfloor.sources.ledger import Entry, Ledger
from watchfloor.store import open_workspace


def test_the_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row per list, rare figures in words, what is missing and remarks; control characters are taken out."""
    lists = {"things": Entry(pages=2, received=1_250, stored=3, new=1, changed=2, reopened=1)}
    ledger = Ledger("https://one.example", 1, "v1", lists, {"others": "403 \x1b[2Jno"}, ["some wait"])
    with open_workspace(tmp_path / "w.db", create=True) as workspace:
        show(ledger, workspace)
    said = capsys.readouterr().out
    assert "https://one.example, API v1" in said
    assert next(line for line in said.splitlines() if line.startswith("things ")).split()[1:4] == ["2", "1,250", "3"]
    assert "things: 1 opened again" in said
    assert "missing: others: 403" in said
    assert "\x1b" not in said
    assert "some wait" in said


def test_remarks_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """And none, where it is to be quiet."""
    logger = logging.getLogger("watchfloor.pull")
    with telling(quiet=False):
        logger.info("try %d of %d", 1, 8)
    with telling(quiet=True):
        logger.info("try %d of %d", 2, 8)
    said = capsys.readouterr().err
    assert "try 1 of 8" in said
    assert "try 2 of 8" not in said
