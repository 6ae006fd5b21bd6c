"""Entries: from an answer of `tune`, and their paper work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from exclusion_entries import ENTRIES, HOSTILE, entry
from tuning_alerts import Made
from watchfloor.analyses.tune import tune
from watchfloor.errors import BadOption
from watchfloor.reports.exclusions import entries_of, write_all


def test_only_what_is_recommended() -> None:
    """With an end, an owner, and how much is expected of it."""
    made = Made().add("r", 240, host="x").add("s", 100, host="x")
    [first, second] = entries_of(tune(made.alerts, made.evidence), owner="us", created=date(2026, 3, 1), expiry_days=90)
    assert (first.rule, first.conditions) == ("r", ({"field": "host", "op": "eq", "value": "x"},))
    assert (first.expires, first.owner, first.removed) == (date(2026, 5, 30), "us", 240)
    assert first.per_day == pytest.approx(24, rel=0.02)
    assert second.rule == "s"
    assert (
        entries_of(tune(made.alerts, made.evidence, most=0), owner="us", created=date(2026, 3, 1), expiry_days=1) == []
    )


def test_a_name_is_that_of_rule_and_conditions() -> None:
    """The same again, another for another."""
    assert entry(("host", "eq", "x")).name == entry(("host", "eq", "x")).name
    assert entry(("host", "eq", "x")).name != entry(("host", "eq", "y")).name


def test_what_a_log_says_begins_no_line() -> None:
    """A rule's name with a line feed stays in its comment."""
    assert all("\n" not in line for line in entry(rule=HOSTILE).head())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place."""
    (tmp_path / "x").write_text("")
    with pytest.raises(BadOption, match="x"):
        write_all(ENTRIES, tmp_path / "x")
