"""Incidents that only one rule saw."""

from __future__ import annotations

from helpers import rows, table
from watchfloor.analyses.incidents import incidents_by_rule
from watchfloor.schemas import ALERTS


def test_sole_incidents() -> None:
    """Case 1 was seen by two rules, case 2 by one, case 3 was nothing; a true alert without a case is its own."""
    alerts = table(
        ALERTS,
        system=["s"] * 8,
        case_id=["1", "1", "2", "2", "3", None, None, "2"],
        rule=["a", "b", "a", "a", "b", "b", "a", "a"],
        disposition=["true_positive", "false_positive", None, None, "false_positive", "true_positive", None, None],
        escalated=[None, None, None, True, False, None, None, None],
    )
    assert sorted(rows(incidents_by_rule(alerts)), key=lambda row: row["rule"]) == [
        {"rule": "a", "incidents": 2, "sole_incidents": 1},
        {"rule": "b", "incidents": 2, "sole_incidents": 1},
    ]


def test_cases_of_two_systems_are_two() -> None:
    """Number 1 of each."""
    alerts = table(
        ALERTS,
        system=["s", "t"],
        case_id=["1", "1"],
        rule=["a", "b"],
        disposition=["true_positive", "true_positive"],
    )
    assert {row["sole_incidents"] for row in rows(incidents_by_rule(alerts))} == {1}


def test_without_cases_nobody_can_tell() -> None:
    """No rows."""
    alerts = table(ALERTS, rule=["a"], disposition=["true_positive"])
    assert rows(incidents_by_rule(alerts)) == []
    assert rows(incidents_by_rule(ALERTS.empty())) == []
