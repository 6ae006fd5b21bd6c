"""What happened when."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.timeline import from_alerts, from_connections, from_findings, majority_zone, timeline
from watchfloor.errors import BadOption, UnknownZone
from watchfloor.schemas import ALERTS, CONNECTIONS, EVENTS, FINDINGS


def at(hour: int, minute: int = 0) -> datetime:
    """An instant of the night in which Paris puts its clocks back."""
    return datetime(2025, 10, 26, hour, minute, tzinfo=UTC)


def events() -> pl.LazyFrame:
    """Three sources, one event without a time, two that a change of the clock touches."""
    return table(
        EVENTS,
        source=["b.log", "a.log", "c.log", "c.log", "a.log"],
        record=[1, 2, 1, 2, 1],
        time=[at(0, 30), at(0, 30), None, at(3), at(0, 10)],
        time_latest=[at(1, 30), None, None, None, None],
        zone=["Europe/Paris", "Europe/Paris", None, "UTC", "Europe/Paris"],
        time_quality=["ambiguous", "ambiguous_earlier", None, "exact", "declared_zone"],
        message=["b", "a2", "none", "c", "a1"],
    )


def test_events_of_all_sources_are_in_one_order() -> None:
    """By instant, then source, then record; without a time there is no place."""
    result = timeline(events())
    assert result.collect()["message"].to_list() == ["a1", "a2", "b", "c"]
    assert rows(result["without_time"].table)[0]["message"] == "none"


def test_the_clock_that_is_shown_is_the_one_asked_for() -> None:
    """A zone by name, or the zone of most events."""
    shown = timeline(events(), to="America/New_York").collect()["local_time"]
    assert str(shown[0]) == "2025-10-25 20:10:00-04:00"
    assert majority_zone(events()) == "Europe/Paris"
    result = timeline(events(), to="majority")
    assert "clock of Europe/Paris (the zone of most events" in result.explanation
    with pytest.raises(UnknownZone):
        timeline(events(), to="Europe/Pari")


def test_the_repeated_hour_is_flagged_per_row() -> None:
    """By the clock that wrote it, and by the clock that shows it."""
    flagged = timeline(events(), to="UTC").collect()
    assert flagged["in_repeated_hour"].to_list() == [False, True, True, False]
    shown = timeline(events(), to="Europe/Paris").collect()
    assert shown["in_repeated_hour"].to_list() == [True, True, True, False]
    assert [row["message"] for row in rows(timeline(events())["doubtful"].table)] == ["a2", "b"]


def test_each_source_says_its_clock() -> None:
    """Span, zone, and how many rows needed care."""
    found = {row["source"]: row for row in rows(timeline(events())["sources"].table)}
    assert (found["a.log"]["events"], found["a.log"]["resolved_by_order"], found["a.log"]["zone"]) == (
        2,
        1,
        "Europe/Paris",
    )
    assert (found["b.log"]["ambiguous"], found["c.log"]["without_time"]) == (1, 1)


def test_density_counts_every_timed_event() -> None:
    """Whatever the step."""
    for every in ("1m", "1h", "1d", None):
        assert sum(row["events"] for row in rows(timeline(events(), every=every)["density"].table)) == 4


def test_a_limit_shows_the_first_and_counts_all() -> None:
    """Below one there is nothing to show."""
    assert timeline(events(), limit=2).collect().height == 2
    with pytest.raises(BadOption):
        timeline(events(), limit=0)


def test_nothing_is_a_timeline_without_rows() -> None:
    """No event, no error."""
    assert timeline(EVENTS.empty(), to="majority").collect().height == 0


def test_other_tables_have_their_place_on_it() -> None:
    """An alert when it was made, a hit once, a connection when it began."""
    alert = table(ALERTS, alert_id=["1"], created_time=[at(1)], title=["odd logon"], rule=["r"], system=["siem"])
    hits = table(
        FINDINGS, host=["h", "h"], time=[at(2), at(2)], reason_number=[1, 2], path=["/x", "/x"], level=["ALERT"] * 2
    )
    began = table(CONNECTIONS, time=[at(3)], src_ip=["10.0.0.1"], src_port=[5], dst_ip=["192.0.2.1"], dst_port=[443])
    together = pl.concat([from_alerts(alert), from_findings(hits), from_connections(began)])
    assert [(row["time"], row["message"]) for row in rows(timeline(together).table)] == [
        (at(1), "odd logon"),
        (at(2), "ALERT /x"),
        (at(3), "10.0.0.1:5 -> 192.0.2.1:443"),
    ]
