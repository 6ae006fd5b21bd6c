"""Alerts beside their cases: work counts once, with the verdict of the case."""

from __future__ import annotations

from typing import Any

from helpers import rows, table
from watchfloor.mappings.cases import with_cases
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS, Tables


def tables(**columns: list[Any]) -> Tables:
    facts = {"alert_id": columns["alert_id"], "field": ["host"] * len(columns["alert_id"])}
    return {"alerts": table(ALERTS, **columns), "evidence": table(EVIDENCE, **facts), "rejects": table(REJECTS)}


def test_an_alert_has_its_case_s_verdict() -> None:
    """Where it has no words of its own; a case without alerts keeps its row and its evidence."""
    alerts = tables(
        alert_id=["a", "b", "c", "d"],
        case_id=["x", "x", "gone", None],
        disposition=[None, "duplicate", None, None],
        closing_reason=[None, "Duplicated", None, None],
    )
    cases = tables(
        alert_id=["x", "y"], disposition=["true_positive", "false_positive"], closing_reason=["TruePositive", "FP"]
    )
    both = with_cases(alerts, cases)
    found = [(row["alert_id"], row["disposition"], row["closing_reason"]) for row in rows(both["alerts"])]
    assert found == [
        ("a", "true_positive", "TruePositive"),
        ("b", "duplicate", "Duplicated"),
        ("c", None, None),
        ("d", None, None),
        ("y", "false_positive", "FP"),
    ]
    assert [row["alert_id"] for row in rows(both["evidence"])] == ["a", "b", "c", "d", "y"]
