"""Wasted work: what was judged, what is expected of the rest, and the time that one alert takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.clock import INSTANTS
from watchfloor.analyses.labels import doubts_by_alert
from watchfloor.analyses.waste import handling_basis, handling_columns, wasted_by_rule
from watchfloor.schemas import ALERTS

NOON = datetime(2025, 10, 1, 12, tzinfo=UTC)
Z = 1.959964


def prepared(**columns: list[Any]) -> pl.LazyFrame:
    frame = table(ALERTS, **columns).with_columns(**handling_columns(INSTANTS))
    return doubts_by_alert(frame, bulk=5, seconds=10).collect().lazy()


def wasted(minimum: int = 10, **columns: list[Any]) -> dict[str, dict[str, Any]]:
    """By rule."""
    return {row["rule"]: row for row in rows(wasted_by_rule(prepared(**columns), minimum=minimum, z=Z))}


def test_judged_alerts_and_those_that_nobody_judged() -> None:
    """20 judged, 15 of them nothing, 10 unjudged: 15 + 10 * 0.75; Wilson's interval of 15 in 20 for the ten."""
    row = wasted(
        rule=["a"] * 30,
        disposition=["false_positive"] * 10
        + ["duplicate"] * 3
        + ["test"] * 2
        + ["true_positive"] * 5
        + ["undetermined"] * 4
        + [None] * 6,
    )["a"]
    assert row["wasted_alerts"] == pytest.approx(15 + 7.5)
    assert row["wasted_alerts_low"] == pytest.approx(15 + 10 * 0.5313, abs=0.002)
    assert row["wasted_alerts_high"] == pytest.approx(15 + 10 * 0.8881, abs=0.002)
    assert row["wasted_basis"] == "20 judged alerts of this rule"
    assert (row["wasted_hours"], row["handling_basis"]) == (None, None)


def test_what_was_escalated_was_not_in_vain() -> None:
    """Whatever its label says."""
    row = wasted(rule=["a"] * 12, disposition=["false_positive"] * 12, escalated=[True] * 2 + [False] * 10)["a"]
    assert row["wasted_alerts"] == 10


def test_a_rule_with_few_verdicts_borrows_from_all() -> None:
    """5 of 5 are too few: the 40 judged of all rules say how often, 30 in 40."""
    judged = ["false_positive"] * 25 + ["true_positive"] * 10 + ["false_positive"] * 5 + [None] * 8
    row = wasted(rule=["a"] * 35 + ["b"] * 13, disposition=judged)["b"]
    assert row["wasted_alerts"] == pytest.approx(5 + 8 * 0.75)
    assert row["wasted_basis"] == "40 judged alerts of all rules"


def test_without_verdicts_it_is_volume_alone() -> None:
    """And says so."""
    row = wasted(rule=["a"] * 12)["a"]
    assert (row["wasted_alerts"], row["wasted_alerts_low"]) == (12, None)
    assert row["wasted_basis"].startswith("volume alone")


def test_work_is_waste_times_the_median() -> None:
    """20 alerts that came to nothing, ten minutes each from the first act to the verdict; 2 by a robot take none."""
    made = [NOON + timedelta(hours=k) for k in range(20)]
    columns: dict[str, list[Any]] = {
        "rule": ["a"] * 20,
        "status": ["closed"] * 20,
        "disposition": ["false_positive"] * 20,
        "created_time": made,
        "acknowledged_time": [time + timedelta(minutes=30) for time in made],
        "closed_time": [time + timedelta(minutes=40) for time in made],
        "closed_by": ["ann"] * 18 + ["svc_bot"] * 2,
    }
    row = wasted(**columns)["a"]
    assert (row["handled"], row["handling_seconds"]) == (18, 600)
    assert row["wasted_hours"] == pytest.approx(3)
    assert row["handling_basis"] == "18 handled alerts of this rule"
    assert rows(handling_basis(prepared(**columns))) == [
        {"clock": "acknowledged_time to closed_time", "alerts": 18, "median_seconds": 600.0}
    ]


def test_what_is_still_being_worked_on_counts_as_at_least_so_long() -> None:
    """6 took 1 h each, 9 have been running for 10 h: the median is not reached, and not 1 h."""
    late = NOON + timedelta(hours=10)
    row = wasted(
        minimum=5,
        rule=["a"] * 15,
        status=["closed"] * 6 + ["open"] * 9,
        created_time=[NOON] * 15,
        assigned_time=[NOON] * 15,
        closed_time=[NOON + timedelta(hours=1)] * 6 + [None] * 9,
        updated_time=[late] * 15,
    )["a"]
    assert row["handled"] == 6
    assert (row["handling_seconds"], row["wasted_hours"]) == (None, None)


def test_a_rule_that_few_handled_borrows_the_time() -> None:
    """Its own from the minimum on, else that of all rules."""
    took = [timedelta(minutes=5)] * 20 + [timedelta(hours=5)] * 3
    answer = wasted(
        rule=["a"] * 20 + ["b"] * 3,
        status=["closed"] * 23,
        disposition=["false_positive"] * 23,
        created_time=[NOON] * 23,
        assigned_time=[NOON] * 23,
        triaged_time=[NOON + time for time in took],
    )
    assert answer["b"]["wasted_hours"] == pytest.approx(0.25)
    assert answer["b"]["handling_basis"] == "23 handled alerts of all rules"
    assert answer["b"]["handling_seconds"] is None
