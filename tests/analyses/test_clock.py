"""A clock measures what is done and what still runs, and says of every other alert why it cannot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.clock import (
    INSTANTS,
    LEFT_OUT,
    TIMES,
    Clock,
    as_it_stood,
    cases,
    instant,
    made_in,
    one_state_each,
    times_taken,
)
from watchfloor.errors import AmbiguousTime, BadOption
from watchfloor.schemas import ALERTS

Z = 1.959964
CLOSING = Clock("created_time", "closed_time")
CONTAINING = Clock("created_time", "contained_time")


def at(hour: int) -> datetime:
    """Hours of the first day of October and after."""
    return datetime(2025, 10, 1, tzinfo=UTC) + timedelta(hours=hour)


def test_alerts_as_they_stood() -> None:
    """What was closed later was open; a closing time without a status says closed; without either nobody knows."""
    alerts = table(
        ALERTS,
        alert_id=["open", "closed", "closed later", "no status", "unknown", "reopened", "made later", "no times"],
        status=["open", "closed", "closed", None, None, "open", "open", "closed"],
        created_time=[at(0), at(0), at(0), at(0), at(0), at(0), at(9), None],
        closed_time=[None, at(4), at(6), at(5), None, at(2), None, None],
    )
    stood = as_it_stood(alerts, CLOSING, at(5)).select("alert_id", "known", "state", "outcome", "waited")
    assert stood.collect().rows() == [
        ("open", True, "open", "running", timedelta(hours=5)),
        ("closed", True, "closed", "done", timedelta(hours=4)),
        ("closed later", True, "open", "running", timedelta(hours=5)),
        ("no status", True, "closed", "done", timedelta(hours=5)),
        ("unknown", True, None, "no status and no stop", timedelta(hours=5)),
        ("reopened", True, "open", "running", timedelta(hours=5)),
        ("made later", False, "open", "starts later", timedelta(hours=-4)),
        ("no times", True, "closed", "no start", None),
    ]


def test_a_clock_that_does_not_stop_with_closing() -> None:
    """Closed without the stop is left out and named; open it runs; a stop before the start measures nothing."""
    alerts = table(
        ALERTS,
        alert_id=["contained", "later", "closed without", "still open", "backwards", "reopened"],
        status=["open", "closed", "closed", "open", "closed", "open"],
        created_time=[at(1)] * 6,
        contained_time=[at(3), at(9), None, None, at(0), at(2)],
        closed_time=[None, at(4), at(4), None, at(4), at(4)],
    )
    stood = as_it_stood(alerts, CONTAINING, at(5)).select("alert_id", "outcome", "waited")
    assert stood.collect().rows() == [
        ("contained", "done", timedelta(hours=2)),
        ("later", "running", timedelta(hours=4)),
        ("closed without", "closed without a stop", timedelta(hours=4)),
        ("still open", "running", timedelta(hours=4)),
        ("backwards", "stops before it starts", timedelta(hours=-1)),
        ("reopened", "done", timedelta(hours=1)),
    ]


def test_the_last_instant_in_the_data_is_when_they_stood() -> None:
    """Of all columns, where no other instant is given; of no alerts there is none."""
    alerts = table(
        ALERTS, created_time=[at(1), at(2)], updated_time=[at(7), None], closed_time=[None, None], status=["open"] * 2
    )
    assert rows(as_it_stood(alerts, CLOSING).select("as_of", "waited")) == [
        {"as_of": at(7), "waited": timedelta(hours=6)},
        {"as_of": at(7), "waited": timedelta(hours=5)},
    ]
    assert as_it_stood(ALERTS.empty(), CLOSING).collect().height == 0


def test_made_in_a_period() -> None:
    """From its start to before its end; without a period also alerts of which nobody knows when."""
    alerts = table(ALERTS, alert_id=["a", "b", "c", "d"], created_time=[at(0), at(1), at(2), None])
    assert made_in(alerts, at(0), at(2)).collect()["alert_id"].to_list() == ["a", "b"]
    assert made_in(alerts, at(1), None).collect()["alert_id"].to_list() == ["b", "c"]
    assert made_in(alerts, None, None).collect().height == 4


def test_times_taken() -> None:
    """Hand computation: of 1, 2 and 3 hours done and 4 still running the median is 2 hours, p90 is not reached."""
    alerts = table(
        ALERTS,
        client=["x"] * 4 + ["y", None],
        status=["closed"] * 3 + ["open"] * 2 + ["closed"],
        created_time=[at(0)] * 5 + [None],
        closed_time=[at(1), at(2), at(3), None, None, at(1)],
    )
    measured = cases(as_it_stood(alerts, CLOSING, at(4)), "client")
    answer = {row.pop("client"): row for row in rows(times_taken(measured, "client", z=Z))}
    assert answer.keys() == {"x", "y"}
    hour = 3600.0
    assert {name: answer["x"][name] for name in ("done", "running", "median_seconds", "p90_seconds")} == {
        "done": 3,
        "running": 1,
        "median_seconds": 2 * hour,
        "p90_seconds": None,
    }
    assert answer["x"]["finished_median_seconds"] == 2 * hour
    assert answer["x"]["finished_p90_seconds"] == pytest.approx(2.8 * hour)
    assert answer["y"] == {"done": 0, "running": 1, **dict.fromkeys(TIMES)}


def test_times_of_all_alerts_are_one_row() -> None:
    """Also where there is nothing to measure."""
    stood = as_it_stood(ALERTS.empty(), CLOSING, at(4))
    assert rows(times_taken(cases(stood), z=Z)) == [{"done": 0, "running": 0, **dict.fromkeys(TIMES)}]


def test_clocks_run_between_instants() -> None:
    """Two different ones that alerts have."""
    assert str(CLOSING) == "created_time -> closed_time"
    assert "created_time" in INSTANTS and len(INSTANTS) == 10
    assert len(LEFT_OUT) == 5
    with pytest.raises(BadOption, match="'resolved_time' is no instant"):
        Clock("created_time", "resolved_time")
    with pytest.raises(BadOption, match="measures nothing"):
        Clock("created_time", "created_time")


def test_an_instant_has_a_zone() -> None:
    """Given in any, kept in UTC; a clock time without one is refused."""
    assert instant("as_of", None) is None
    assert instant("as_of", datetime(2025, 10, 1, 2, tzinfo=ZoneInfo("Europe/Paris"))) == at(0)
    with pytest.raises(AmbiguousTime, match="as_of=2025-10-01"):
        instant("as_of", datetime(2025, 10, 1))


def test_of_several_states_the_one_at_the_instant_counts() -> None:
    """A log of changes: the last state then, of equal times the later row, and the first one where none was yet."""
    first, second, third = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3))
    states = ALERTS.fill(
        pl.DataFrame({
            "system": ["a", "a", "a", "b", "a", "a", "a"],
            "alert_id": ["1", "1", "1", "1", "2", None, None],
            "updated_time": [first, third, third, second, third, first, first],
            "title": ["opened", "closed", "closed again", "other system", "only state", "x", "y"],
        })
    )  # fmt: skip
    assert one_state_each(states).collect()["title"].to_list() == [
        "closed again",
        "other system",
        "only state",
        "x",
        "y",
    ]
    assert one_state_each(states, second).collect()["title"].to_list() == [
        "opened",
        "other system",
        "only state",
        "x",
        "y",
    ]


def test_states_that_say_no_time_are_told_apart_by_their_place() -> None:
    """The one that stands last counts, and a state with a time counts more."""
    when = datetime(2026, 3, 1, tzinfo=UTC)
    states = ALERTS.fill(
        pl.DataFrame(
            {"alert_id": ["1", "1", "2", "2"], "updated_time": [None, None, when, None], "title": list("abcd")}
        )
    )
    assert one_state_each(states).collect()["title"].to_list() == ["b", "c"]
