"""Derived times are counted by what shows them."""

from __future__ import annotations

from datetime import UTC, datetime

from helpers import rows, table
from watchfloor.analyses.bases import times_by_basis
from watchfloor.schemas import ALERTS

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)


def test_times_by_what_shows_them() -> None:
    """Of each time that is derived anywhere; a basis of a time that is not there says nothing."""
    alerts = table(
        ALERTS,
        created_time=[NOON] * 5,
        closed_time=[NOON, NOON, NOON, NOON, None],
        acknowledged_time=[NOON, None, None, None, None],
        time_basis=[
            "closed: last change; acknowledged: note",
            "closed: last change",
            None,
            "closed: last review",
            "closed: x",
        ],
    )
    assert rows(times_by_basis(alerts)) == [
        {"time": "acknowledged_time", "basis": "note", "alerts": 1, "share": 1.0},
        {"time": "closed_time", "basis": "last change", "alerts": 2, "share": 0.5},
        {"time": "closed_time", "basis": "last review", "alerts": 1, "share": 0.25},
        {"time": "closed_time", "basis": None, "alerts": 1, "share": 0.25},
    ]


def test_no_derived_times_no_rows() -> None:
    """The systems gave them all; no alerts, no rows."""
    assert rows(times_by_basis(table(ALERTS, closed_time=[NOON], created_time=[NOON]))) == []
    assert rows(times_by_basis(ALERTS.empty())) == []


def test_a_basis_that_is_no_pair() -> None:
    """Whatever another package wrote there."""
    alerts = table(ALERTS, closed_time=[NOON] * 3, time_basis=["", "closed", "closed: a: b"])
    assert rows(times_by_basis(alerts)) == [
        {"time": "closed_time", "basis": "a: b", "alerts": 1, "share": 1 / 3},
        {"time": "closed_time", "basis": None, "alerts": 2, "share": 2 / 3},
    ]
