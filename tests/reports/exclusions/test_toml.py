"""exclusions.toml: read again as it was written."""

from __future__ import annotations

import json
from pathlib import Path

from exclusion_entries import ENTRIES
from watchfloor.analyses.recheck import load_exclusions
from watchfloor.reports.exclusions import write_all


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Every condition, and a hostile name, and nothing besides."""
    write_all(ENTRIES, tmp_path)
    found = load_exclusions(tmp_path / "exclusions.toml")
    assert [one.exclusion.rule for one in found] == [one.rule for one in ENTRIES]
    assert [json.loads(one.exclusion.json()) for one in found] == [list(one.conditions) for one in ENTRIES]
    assert [(one.name, one.expires, one.per_day) for one in found] == [(e.name, e.expires, 10.5) for e in ENTRIES]
    assert len({one.name for one in found}) == len(found)
