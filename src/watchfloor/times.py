"""Zones in, UTC inside, zones out: the one place where watchfloor parses, resolves and rounds time."""

from __future__ import annotations

import difflib
import re
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import polars as pl

from watchfloor.errors import BadOption, UnknownZone

__all__ = ["TIME_QUALITIES", "Unit", "check_zone", "floor", "from_epoch", "hours_of", "in_zone", "resolve"]

Unit = Literal["s", "ms", "us", "ns"]

TIME_QUALITIES = (
    "exact",
    "declared_zone",
    "ambiguous",
    "ambiguous_earlier",
    "ambiguous_later",
    "gap_shifted",
    "year_inferred",
    "unit_inferred",
)
"""What `time_quality` can say of a row; several are joined by `+`."""

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = re.compile(r"(?:([A-Z][a-z]{2})-([A-Z][a-z]{2}) )?([0-9]{2}):00-([0-9]{2}):00")


def hours_of(window: str) -> tuple[list[int], int, int]:
    """Days (0 is Monday), first and last hour of `Mon-Fri 22:00-06:00`; the last hour is left out.

    Raises:
        BadOption: a window that cannot be read.
    """
    found = _HOURS.fullmatch(window)
    known = found and (found[1] is None or {found[1], found[2]} <= set(_DAYS))
    if not found or not known or int(found[3]) > 23 or int(found[4]) > 24:
        raise BadOption(f"{window!r} is no window of hours", hint="Mon-Fri 22:00-06:00, or 22:00-06:00 for every day")
    start, end = int(found[3]), int(found[4])
    if found[1] is None:
        return list(range(7)), start, end
    first, last = _DAYS.index(found[1]), _DAYS.index(found[2])
    return [(first + n) % 7 for n in range((last - first) % 7 + 1)], start, end


def check_zone(zone: str) -> str:
    """The zone's name, if the IANA list has it.

    Raises:
        UnknownZone: with the nearest names as a hint.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        names = sorted(available_timezones())
        by_city = {name.rsplit("/", 1)[-1].lower(): name for name in names}
        near = difflib.get_close_matches(zone, names, n=2) or [
            by_city[city] for city in difflib.get_close_matches(zone.replace(" ", "_").lower(), by_city, n=2)
        ]
        raise UnknownZone(
            f"there is no time zone {zone!r}",
            hint=f"did you mean {' or '.join(near)}?" if near else "use a name such as 'Europe/Paris' or 'UTC'",
        ) from error
    return zone


def from_epoch(column: pl.Expr, unit: Unit) -> pl.Expr:
    """Instants from seconds, milliseconds, microseconds or nanoseconds since 1970, integers or floats.

    Microseconds are right for float seconds with six decimals until the year 2242 (the spacing of floats is then 1 us).
    Infinite and NaN values, and instants beyond the year 9999, are null.
    """
    if unit not in _PER_SECOND:
        raise BadOption(f"{unit!r} is no unit of time", hint=f"use one of {', '.join(_PER_SECOND)}")
    scale = _PER_SECOND["us"] / _PER_SECOND[unit]
    micros = (column.cast(pl.Float64) * scale).round() if unit == "s" else _scaled(column, unit)
    limit = 253_402_300_800_000_000  # 10000-01-01
    inside = micros.is_between(-limit, limit)
    return pl.when(inside).then(micros.cast(pl.Int64, strict=False)).otherwise(None).cast(pl.Datetime("us", "UTC"))


def _scaled(column: pl.Expr, unit: Unit) -> pl.Expr:
    """Microseconds from integers without a detour over floats."""
    whole = column.cast(pl.Int64, strict=False)
    return {"ms": whole * 1_000, "us": whole, "ns": whole // 1_000}[unit]


def resolve(clock: pl.Expr, zone: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Earliest instant, latest instant and quality of clock times (`Datetime("us")` without a zone) in a zone.

    In the repeated hour the two instants differ and the quality is `ambiguous`. A clock time in the missing hour is
    read with the offset before the change, and is `gap_shifted`. All others are `declared_zone`, with equal instants.
    """
    check_zone(zone)

    def at(which: Literal["earliest", "latest"]) -> pl.Expr:
        return clock.dt.replace_time_zone(zone, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC")

    before = pl.duration(hours=3)  # no zone changes twice within three hours
    shifted = (clock - before).dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC") + before
    gap = at("earliest").is_null() & clock.is_not_null()
    quality = (
        pl.when(clock.is_null())
        .then(None)
        .when(gap)
        .then(pl.lit("gap_shifted"))
        .when(at("earliest") != at("latest"))
        .then(pl.lit("ambiguous"))
        .otherwise(pl.lit("declared_zone"))
    )
    return at("earliest").fill_null(shifted), at("latest").fill_null(shifted), quality


def floor(column: pl.Expr, every: str, zone: str) -> pl.Expr:
    """The start of the interval (`1d`, `1h`, `15m`, ..) that holds each instant, by the clock of the zone.

    The result keeps the zone, so that a day is a local day, of 23, 24 or 25 hours.
    """
    return in_zone(column, zone).dt.truncate(every)


def in_zone(column: pl.Expr, zone: str) -> pl.Expr:
    """The same instants, shown by the clock of the zone."""
    return column.dt.convert_time_zone(check_zone(zone))
