"""Ticks of time axes: round times by the clock of the zone."""

from __future__ import annotations

import itertools
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.charts.ticks import ticks


def ms(text: str, zone: str = "UTC") -> float:
    """Milliseconds of a clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000


def shown(start: str, end: str, zone: str = "UTC", most: int = 8) -> list[tuple[str, ...]]:
    """Labels between two clock times."""
    return [label for _, label in ticks(ms(start, zone), ms(end, zone), zone, most)]


def test_hours_of_a_day() -> None:
    """The first tick of a day says which."""
    assert shown("2025-10-03 22:30", "2025-10-04 09:00") == [("00:00", "4 Oct"), ("03:00",), ("06:00",), ("09:00",)]


def test_the_repeated_hour_is_there_twice() -> None:
    """26 October 2025 in Paris: 02:00 summer time, 02:00 winter time an hour later."""
    found = ticks(ms("2025-10-26 00:30", "Europe/Paris"), ms("2025-10-26 04:30", "Europe/Paris"), "Europe/Paris", 8)
    assert [label for _, label in found] == [
        ("01:00", "26 Oct"),
        ("02:00",),
        ("02:00",),
        ("03:00",),
        ("04:00",),
    ]
    assert {b - a for (a, _), (b, _) in itertools.pairwise(found)} == {3_600_000}


def test_the_missing_hour_is_not_there() -> None:
    """30 March 2025 in Paris: after 01:00 comes 03:00."""
    labels = shown("2025-03-30 00:30", "2025-03-30 05:30", "Europe/Paris", most=5)
    assert labels == [("01:00", "30 Mar"), ("03:00",), ("04:00",), ("05:00",)]


def test_days_begin_at_local_midnight() -> None:
    """Over the change from summer to winter time a day has 25 hours."""
    found = ticks(ms("2025-10-24", "Europe/Paris"), ms("2025-10-28", "Europe/Paris"), "Europe/Paris", 8)
    assert [label for _, label in found] == [("24 Oct", "2025"), ("25 Oct",), ("26 Oct",), ("27 Oct",), ("28 Oct",)]
    assert [(b - a) / 3_600_000 for (a, _), (b, _) in itertools.pairwise(found)] == [24, 24, 25, 24]


def test_weeks_begin_on_mondays() -> None:
    """A month has its ticks on Mondays."""
    assert shown("2025-10-01", "2025-10-31")[:2] == [("6 Oct", "2025"), ("13 Oct",)]


def test_months_and_years() -> None:
    """A new year is named."""
    assert shown("2025-09-15", "2026-05-15", most=10) == [
        ("Oct", "2025"),
        ("Nov",),
        ("Dec",),
        ("Jan", "2026"),
        ("Feb",),
        ("Mar",),
        ("Apr",),
        ("May",),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns"])
@given(
    second=st.integers(min_value=631_152_000, max_value=2_051_222_400),  # 1990 to 2034
    seconds=st.floats(min_value=0, max_value=20 * 365 * 86_400),
)
@examples(60)
def test_never_many_never_none(zone: str, second: int, seconds: float) -> None:
    """Whatever the span: at least one tick, not many more than asked for, in order, within the axis."""
    low, high = second * 1_000, (second + seconds) * 1_000
    found = ticks(low, high, zone, 6)
    places = [place for place, _ in found]
    assert 1 <= len(found) <= 9
    assert places == sorted(set(places))
    assert low - 1 <= places[0]
    assert places[-1] <= high + 1
