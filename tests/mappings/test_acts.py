"""When people took up an alert, by what shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.mappings import ACTS, STATES, acts_of_notes, acts_of_states, with_acts
from watchfloor.schemas import ALERTS

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """An instant so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def ms(minutes: float) -> int:
    """The same as QRadar writes it."""
    return int(at(minutes).timestamp() * 1000)


def note(minutes: float, **changes: Any) -> dict[str, Any]:
    """A note as the API gives it, with the id of its offense."""
    return {"offense_id": 41, "id": 3, "create_time": ms(minutes), "username": "ann", "note_text": "looking"} | changes


def acts(*given: tuple[str, datetime, str, str]) -> pl.DataFrame:
    """Acts."""
    return pl.DataFrame(given, schema=ACTS, orient="row")


def states(*given: tuple[str, str | None, datetime, datetime | None, datetime]) -> pl.DataFrame:
    """States: id, assignee, made, changed, seen."""
    return pl.DataFrame(given, schema=STATES, orient="row")


def test_notes_of_people_are_acts() -> None:
    """Those of API tokens, and broken ones, are none."""
    notes = [
        note(5.25),
        note(1, username="API_user: robot"),
        note(1, username=None),
        note(1, create_time="yesterday"),
        note(1, create_time=0),
        note(1, create_time=2**62),
        note(1, offense_id=None),
    ]
    assert rows(acts_of_notes(notes)) == [
        {"alert_id": "41", "time": at(5.25), "act": "acknowledged", "basis": "note"},
    ]
    assert acts_of_notes([]).schema == acts_of_notes(notes).schema == ACTS


def test_two_states_show_an_assignment() -> None:
    """Between them: at the record's own change where that lies there, else when the second was seen."""
    found = acts_of_states(
        states(
            ("1", None, at(0), at(1), at(10)),
            ("1", "ann", at(0), at(14), at(20)),
            ("1", "bob", at(0), at(25), at(30)),
            ("2", "  ", at(0), None, at(10)),
            ("2", "ann", at(0), None, at(20)),
            ("3", None, at(0), None, at(10)),
        )
    )
    assert found.schema == ACTS
    assert found.rows() == [("1", at(14), "assigned", "snapshot"), ("2", at(20), "assigned", "snapshot")]


def test_a_first_state_that_is_assigned_shows_it_only_where_it_was_seen_soon() -> None:
    """An offense that was fetched weeks later was assigned at a time that nobody knows."""
    found = acts_of_states(states(("1", "ann", at(0), at(40), at(50)), ("2", "ann", at(0), at(90), at(30_000))))
    assert found.rows() == [("1", at(40), "assigned", "snapshot")]
    closer = acts_of_states(states(("1", "ann", at(0), at(40), at(50))), within=timedelta(minutes=15))
    assert closer.rows() == []


def test_alerts_get_the_times_that_acts_show() -> None:
    """The first assignment, the first act of all; each says what showed it."""
    alerts = table(ALERTS, alert_id=["1", "2", None], created_time=[at(0)] * 3)
    found = with_acts(
        alerts,
        acts(
            ("1", at(9), "assigned", "snapshot"),
            ("1", at(7), "acknowledged", "note"),
            ("1", at(12), "assigned", "audit"),
        ),
    )
    assert found.select("assigned_time", "acknowledged_time", "time_basis").collect().rows() == [
        (at(9), at(7), "assigned: snapshot; acknowledged: note"),
        (None, None, None),
        (None, None, None),
    ]
    assert found.collect_schema() == ALERTS.schema


def test_times_of_the_system_itself_stay() -> None:
    """And what was said of times before."""
    alerts = table(
        ALERTS, alert_id=["1"], created_time=[at(0)], acknowledged_time=[at(1)], time_basis=["closed: last change"]
    )
    found = with_acts(alerts, acts(("1", at(9), "assigned", "audit")))
    assert found.select("assigned_time", "acknowledged_time", "time_basis").collect().rows() == [
        (at(9), at(1), "closed: last change; assigned: audit"),
    ]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (-5, None),  # of an earlier offense of this id
        (-0.01, at(0)),  # times are cut to seconds
        (3, at(3)),
        (30.5, at(30)),  # the note on closing
        (45, None),  # after the work
    ],
)
def test_acts_belong_to_an_alerts_lifetime(minutes: float, expected: datetime | None) -> None:
    """From its making to its closing."""
    alerts = table(ALERTS, alert_id=["1"], created_time=[at(0)], closed_time=[at(30)])
    found = with_acts(alerts, acts(("1", at(minutes), "acknowledged", "note")))
    assert found.collect()["acknowledged_time"].to_list() == [expected]


def test_an_alert_without_times_takes_any_act() -> None:
    """Nothing says when it was made."""
    found = with_acts(table(ALERTS, alert_id=["1"]), acts(("1", at(3), "acknowledged", "note")))
    assert found.collect()["acknowledged_time"].to_list() == [at(3)]
