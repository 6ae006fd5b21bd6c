"""The figures, one row each: hand-counted on a small SOC, null where nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.clock import Clock, as_it_stood
from watchfloor.analyses.figures import figures, glance
from watchfloor.schemas import ALERTS

Z = 1.959964
CLOSING = Clock("created_time", "closed_time")
CLOCK = "created_time -> closed_time"
MARKS = (timedelta(hours=6), timedelta(days=1), timedelta(days=30))


def at(hour: int) -> datetime:
    """Hours after the beginning of October."""
    return datetime(2025, 10, 1, tzinfo=UTC) + timedelta(hours=hour)


ALERT_ROWS = table(
    ALERTS,
    status=["closed", "closed", "closed", "open", "open", "closed", None, "open", "closed"],
    disposition=["true_positive", "false_positive", None, None, None, "duplicate", None, None, "true_positive"],
    escalated=[True, False, False, None, False, None, None, None, True],
    created_time=[at(0), at(0), at(0), at(0), at(10), at(2), at(3), None, at(30)],
    closed_time=[at(2), at(4), at(40), None, at(11), None, None, None, at(31)],
)


def ask(start: datetime | None = None, end: datetime | None = None, minimum: int = 1) -> dict[str, dict[str, Any]]:
    """The figures by name, as they stood 24 hours after the beginning."""
    stood = as_it_stood(ALERT_ROWS, CLOSING, at(24))
    table_ = figures(stood, CLOSING, start=start, end=end, minimum=minimum, z=Z, marks=MARKS)
    return {row.pop("figure"): row for row in rows(table_)}


def test_every_count() -> None:
    """9 alerts, of which 1 is made later; what was closed later is open; an unknown status is neither."""
    values = {name: row["value"] for name, row in ask().items() if row["unit"] == "alerts"}
    assert values == {
        "alerts": 8,
        "open": 4,
        "closed": 3,
        "status unknown": 1,
        "closed in the period": 2,
        "backlog": 4,
        "escalated": 1,
        "true positive": 1,
        "benign positive": 0,
        "false positive": 1,
        "duplicate": 1,
        "test": 0,
        "undetermined": 0,
        "without a disposition": 5,
        "closed without a disposition": 0,
        f"{CLOCK}: finished": 2,
        f"{CLOCK}: still running": 3,
        f"{CLOCK}: left out, no start": 1,
        f"{CLOCK}: left out, starts later": 0,
        f"{CLOCK}: left out, stops before it starts": 0,
        f"{CLOCK}: left out, closed without a stop": 1,
        f"{CLOCK}: left out, no status and no stop": 1,
        "open again": 1,
        "made later": 1,
        "without created_time": 1,
    }


def test_every_alert_is_measured_or_left_out_with_a_reason() -> None:
    """Finished + running + left out = alerts."""
    seen = ask()
    parts = (f"{CLOCK}: finished", f"{CLOCK}: still running", f"{CLOCK}: left out")
    clock = [row["value"] for name, row in seen.items() if name.startswith(parts) and row["unit"] == "alerts"]
    assert sum(clock) == seen["alerts"]["value"]


def test_rates_with_their_intervals() -> None:
    """3 of 7 closed, 1 of 4 escalated, 1 of 2 true; below the minimum none, but n is still there."""
    seen = ask()
    assert {name: (row["value"], row["n"]) for name, row in seen.items() if row["unit"] == "share"} == {
        "closing rate": (pytest.approx(3 / 7), 7),
        "escalation rate": (0.25, 4),
        "precision": (0.5, 2),
        "strict precision": (0.5, 2),
        f"{CLOCK}: still running after 6 h": (pytest.approx(0.6), 5),
        f"{CLOCK}: still running after 1 day": (pytest.approx(0.6), 5),
        f"{CLOCK}: still running after 30 days": (None, 5),
    }
    # Wilson's interval of 1 in 2.
    assert (seen["precision"]["low"], seen["precision"]["high"]) == (
        pytest.approx(0.0945, abs=5e-5),
        pytest.approx(0.9055, abs=5e-5),
    )
    few = ask(minimum=5)["precision"]
    assert (few["value"], few["low"], few["high"], few["n"]) == (None, None, None, 2)


def test_times_and_ages() -> None:
    """Hours; the backlog's age is since it was made: 24, 24, 14 hours, and one of unknown age."""
    seen = {name: row["value"] for name, row in ask().items() if row["unit"] == "hours"}
    assert seen == {
        "backlog age, median": 24.0,
        "backlog age, p90": 24.0,
        "backlog age, longest": 24.0,
        f"{CLOCK}: median": None,
        f"{CLOCK}: p90": None,
        f"{CLOCK}: mean, each at most 30 days": None,
        f"{CLOCK}: median of the finished": 3.0,
        f"{CLOCK}: p90 of the finished": pytest.approx(3.8),
    }


def test_a_period_is_a_cohort() -> None:
    """Alerts made in it, whenever closed; the backlog and what was closed in it are of all alerts."""
    seen = {name: row["value"] for name, row in ask(start=at(1), end=at(11)).items()}
    assert {name: seen[name] for name in ("alerts", "open", "closed", "status unknown", "made later")} == {
        "alerts": 3,
        "open": 1,
        "closed": 1,
        "status unknown": 1,
        "made later": 0,
    }
    assert (seen["closed in the period"], seen["backlog"]) == (2, 4)


def test_figures_in_words() -> None:
    """As people read them, with the interval; an end that is not known is a question mark; unknown is empty."""
    words = {name: row["reads"] for name, row in ask().items()}
    assert {name: words[name] for name in ("as of", "alerts", "precision", "backlog age, median", f"{CLOCK}: p90")} == {
        "as of": "2025-10-02 00:00:00 UTC",
        "alerts": "8",
        "precision": "50.0 % (9.5 % to 90.5 %)",
        "backlog age, median": "24 h 00 min",
        f"{CLOCK}: p90": None,
    }


def test_the_first_row_says_when() -> None:
    """The instant at which alerts stood so."""
    assert ask()["as of"]["note"] == "2025-10-02 00:00:00 UTC"


def test_notes_say_how_many_still_run() -> None:
    """Beside every time."""
    seen = ask()
    assert seen[f"{CLOCK}: median"]["note"] == "Kaplan-Meier, 3 still running among them"
    assert seen[f"{CLOCK}: median of the finished"]["note"].startswith("leaves out 3 still running")


def test_what_no_system_says_is_null() -> None:
    """Alerts of a sensor: no status, no escalation, no verdict; nothing reads as 0 open."""
    bare = table(ALERTS, rule=["a", "b"], created_time=[at(0), at(1)])
    table_ = figures(as_it_stood(bare, CLOSING), CLOSING, start=None, end=None, minimum=1, z=Z, marks=MARKS)
    seen = {row["figure"]: row["value"] for row in rows(table_)}
    for name in ("open", "closed", "closing rate", "backlog", "closed in the period", "escalated", "precision"):
        assert seen[name] is None, name
    assert (seen["alerts"], seen["status unknown"], seen["without a disposition"]) == (2, 2, 2)


def test_no_alerts_give_figures_all_the_same() -> None:
    """0 alerts, nothing else."""
    table_ = figures(as_it_stood(ALERTS.empty(), CLOSING), CLOSING, start=None, end=None, minimum=1, z=Z, marks=MARKS)
    seen = {row["figure"]: row for row in rows(table_)}
    assert (seen["alerts"]["value"], seen["open"]["value"], seen["as of"]["note"]) == (0, None, None)
    assert len(seen) == len(ask())


def test_at_a_glance() -> None:
    """One row, few columns, intervals by name."""
    known = as_it_stood(ALERT_ROWS, CLOSING, at(24)).filter("known")
    assert rows(glance(known, minimum=2, z=Z).with_columns(pl.selectors.float().round(4))) == [
        {
            "alerts": 8,
            "open": 4,
            "closed": 3,
            "escalated_share": 0.25,
            "escalated_share_low": 0.0456,
            "escalated_share_high": 0.6994,
            "precision": 0.5,
            "precision_low": 0.0945,
            "precision_high": 0.9055,
            "median_time_seconds": None,
            "median_time_seconds_low": 7200.0,
            "median_time_seconds_high": None,
        }
    ]
