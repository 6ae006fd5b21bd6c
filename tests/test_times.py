"""Zones in, UTC inside, zones out."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from watchfloor import times
from watchfloor.errors import BadOption, UnknownZone


@pytest.mark.parametrize(
    ("zone", "hint"),
    [("Europe/Pari", "Europe/Paris"), ("paris", "Europe/Paris"), ("", "Europe/Paris"), ("../etc/passwd", "")],
)
def test_a_zone_that_does_not_exist_is_said_with_the_nearest(zone: str, hint: str) -> None:
    """Whatever the spelling."""
    with pytest.raises(UnknownZone) as error:
        times.check_zone(zone)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (1_700_000_000.123456, "s"),
        (1_700_000_000_123, "ms"),
        (1_700_000_000_123_456, "us"),
        (1_700_000_000_123_456_789, "ns"),
    ],
)
def test_epochs_are_exact_to_the_microsecond(value: float, unit: times.Unit) -> None:
    """2023-11-14T22:13:20 and a fraction, as `date -u -d @1700000000` says."""
    [found] = pl.select(times.from_epoch(pl.lit(value), unit)).to_series()
    micro = 123_000 if unit == "ms" else 123_456
    assert found == datetime(2023, 11, 14, 22, 13, 20, micro, tzinfo=UTC)


def test_what_is_no_instant_is_null() -> None:
    """Infinite, not a number, beyond the year 9999; a unit that does not exist is an error."""
    frame = pl.DataFrame({"t": [float("inf"), float("nan"), 1e18, None, 0.0]})
    assert frame.select(times.from_epoch(pl.col("t"), "s")).to_series().to_list() == [None] * 4 + [
        datetime(1970, 1, 1, tzinfo=UTC)
    ]
    with pytest.raises(BadOption):
        times.from_epoch(pl.col("t"), "minutes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "clock", "earliest", "latest", "quality"),
    [
        ("Europe/Paris", datetime(2025, 10, 26, 2, 30), (0, 30), (1, 30), "ambiguous"),
        ("Europe/Paris", datetime(2025, 3, 30, 2, 30), (1, 30), (1, 30), "gap_shifted"),
        ("Europe/Paris", datetime(2025, 6, 1, 12, 0), (10, 0), (10, 0), "declared_zone"),
        ("Australia/Lord_Howe", datetime(2025, 4, 6, 1, 45), (14, 45), (15, 15), "ambiguous"),
        ("America/New_York", datetime(2025, 11, 2, 1, 30), (5, 30), (6, 30), "ambiguous"),
        ("UTC", datetime(2025, 10, 26, 2, 30), (2, 30), (2, 30), "declared_zone"),
    ],
)
def test_clock_times_become_instants_with_their_quality(
    zone: str, clock: datetime, earliest: tuple[int, int], latest: tuple[int, int], quality: str
) -> None:
    """The rules of the IANA list: hours and minutes in UTC."""
    frame = pl.DataFrame({"t": [clock]}, schema={"t": pl.Datetime("us")})
    names = ("earliest", "latest", "quality")
    [row] = frame.select(**dict(zip(names, times.resolve(pl.col("t"), zone), strict=True))).to_dicts()
    assert (row["earliest"].hour, row["earliest"].minute) == earliest
    assert (row["latest"].hour, row["latest"].minute) == latest
    assert row["quality"] == quality


def test_a_day_is_a_local_day() -> None:
    """23, 24 or 25 hours long."""
    hours = pl.DataFrame(
        {"t": pl.datetime_range(datetime(2025, 10, 25), datetime(2025, 10, 28), "1h", time_zone="UTC", eager=True)}
    )
    days = hours.group_by(day=times.floor(pl.col("t"), "1d", "Europe/Paris")).len().sort("day")
    assert days["len"].to_list()[1:3] == [25, 24]


def test_windows_of_hours() -> None:
    """Days by number, Monday is 0; a week may go over Sunday."""
    assert times.hours_of("Mon-Fri 22:00-06:00") == ([0, 1, 2, 3, 4], 22, 6)
    assert times.hours_of("Sat-Mon 01:00-02:00") == ([5, 6, 0], 1, 2)
    assert times.hours_of("01:00-02:00") == (list(range(7)), 1, 2)
