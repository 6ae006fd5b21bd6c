"""Examples: which are shown of those removed, and which of those that stay are nearest."""

from __future__ import annotations

import json

import polars as pl

from tuning_alerts import Made
from watchfloor.analyses.tuning.examples import alerts_shown, examples_json, nearest_kept, spread_removed


def test_first_middle_and_last() -> None:
    """Of few all."""
    assert spread_removed(pl.Series([9, 1, 5, 7, 3])) == [1, 5, 9]
    assert spread_removed(pl.Series([4])) == [4]
    assert spread_removed(pl.Series([], dtype=pl.UInt32)) == []


def test_nearest_share_most() -> None:
    """Of the same rule first, of these the ones with the same host and user; then others that share something."""
    work = (
        Made()
        .add("r", 4, host="a", user="mia")  # 0 to 3: removed
        .add("r", 1, host="b", user="eve")  # 4: nothing in common
        .add("r", 1, host="a", user="eve")  # 5: the host
        .add("s", 1, host="a", user="mia")  # 6: of another rule
        .add("s", 1, host="a", user="eve")  # 7
        .add("s", 1, host="z", user="zoe")  # 8
        .work
    )
    gone = pl.Series([0, 1, 2, 3], dtype=pl.UInt32)
    assert nearest_kept(work, "r", [0, 2, 3], gone) == [(5, 1), (4, 0), (6, 2)]
    assert nearest_kept(work, "r", [], gone) == []


def test_as_json() -> None:
    """Who, when and what about."""
    work = Made().add("r", 1, host="a", user="mia").work
    (shown,) = json.loads(examples_json(alerts_shown(work, [0]), [0]))
    assert shown == {
        "alert_id": "0",
        "record": None,
        "source": "made",
        "rule": "r",
        "created_time": "2026-03-07T00:00:00+00:00",
        "evidence": {"host": ["a"], "user": ["mia"]},
    }
