"""The truth survives its file, and refuses what it cannot hold."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from watchfloor.demo import Truth
from watchfloor.demo.truth import _instant


def test_the_file_is_plain_json(folder: Path, truth: Truth) -> None:
    """Instants are ISO text in UTC; whoever does not use Python can read it."""
    plain = json.loads((folder / "truth.json").read_text(encoding="utf-8"))

    assert plain["seed"] == 7
    assert plain["network"]["beacons"][0]["first_time"] == "2025-10-27T00:00:07Z"
    assert plain["offenses"]["noisy"]["address"] == truth.offenses.noisy.address
    assert Truth.load(folder) == truth


def test_only_instants_are_added_to_json() -> None:
    """Anything else is an error of the generator."""
    with pytest.raises(TypeError, match="set has no place"):
        _instant({1})
    assert _instant(datetime.fromisoformat("2025-10-26T01:00:00+00:00")) == "2025-10-26T01:00:00Z"
