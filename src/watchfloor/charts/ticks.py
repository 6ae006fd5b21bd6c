"""Where a time axis has its ticks: at round times by the clock of its zone, over clock changes as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Tick", "ticks"]

Tick = tuple[int, tuple[str, ...]]
"""Milliseconds since 1970 and the lines of its label."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS = (
    1,
    5,
    15,
    30,
    _MINUTE,
    5 * _MINUTE,
    15 * _MINUTE,
    30 * _MINUTE,
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    _DAY,
    2 * _DAY,
    7 * _DAY,
    14 * _DAY,
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120)
_MONTH = 30.4 * _DAY


def ticks(start: float, end: float, zone: str, most: int) -> list[Tick]:
    """At most about `most` ticks between two instants (milliseconds); the first of a day or year also says which."""
    clock = ZoneInfo(zone)
    first, last = (datetime.fromtimestamp(ms / 1_000, UTC).astimezone(clock) for ms in (start, end))
    span = max((end - start) / 1_000, 1)
    step = next((step for step in _STEPS if span / step <= most), None)
    if step is None:
        months = next((n for n in _MONTHS if span / (n * _MONTH) <= most), _MONTHS[-1])
        instants = _months(first, last, months)
    elif step >= _DAY:
        instants = _days(first, last, step // _DAY)
    else:
        instants = _times(first, last, step)
    inside = [instant for instant in instants if first <= instant <= last] or [first]
    return _labelled(inside, step)


def _times(first: datetime, last: datetime, step: int) -> list[datetime]:
    """Multiples of the step since each local midnight; a step of hours counts by the clock, not by the stopwatch."""
    found: dict[float, datetime] = {}
    day = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    while day <= last:
        # Around the clock times of both ends, with room for the hour that a clock change adds or takes.
        low = _second(first) - 2 * _HOUR if day.date() == first.date() else 0
        high = _second(last) + 2 * _HOUR if day.date() == last.date() else _DAY
        for second in range(max(0, low // step * step), min(_DAY, high), step):
            wall = day.replace(hour=second // _HOUR, minute=second % _HOUR // 60, second=second % 60)
            for fold in (0, 1):
                instant = wall.replace(fold=fold).astimezone(UTC).astimezone(day.tzinfo)
                if first <= instant <= last and (instant.hour, instant.minute) == (wall.hour, wall.minute):
                    found[instant.timestamp()] = instant
        day = _next_day(day, 1)
    return [found[key] for key in sorted(found)]


def _second(instant: datetime) -> int:
    return instant.hour * _HOUR + instant.minute * _MINUTE + instant.second


def _days(first: datetime, last: datetime, step: int) -> list[datetime]:
    day = first.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if step in (7, 14):
        day = _next_day(day, -day.weekday())  # weeks begin on Mondays
    days = []
    while day <= last:
        days.append(day)
        day = _next_day(day, step)
    return days


def _months(first: datetime, last: datetime, step: int) -> list[datetime]:
    month = (first.year * 12 + first.month - 1) // step * step
    months = []
    while (instant := datetime(month // 12, month % 12 + 1, 1, tzinfo=first.tzinfo)) <= last:
        months.append(instant)
        month += step
    return months


def _next_day(day: datetime, days: int) -> datetime:
    return (day.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=day.tzinfo)


def _labelled(instants: list[datetime], step: int | None) -> list[Tick]:
    found: list[Tick] = []
    before: datetime | None = None
    for instant in instants:
        day = f"{instant.day} {instant:%b}"
        new_year = before is None or before.year != instant.year
        if step is None:
            lines = (f"{instant:%b}", str(instant.year)) if new_year else (f"{instant:%b}",)
        elif step >= _DAY:
            lines = (day, str(instant.year)) if new_year else (day,)
        else:
            time = f"{instant:%H:%M:%S}" if step < _MINUTE else f"{instant:%H:%M}"
            new_day = before is None or before.date() != instant.date()
            lines = (time, day) if new_day else (time,)
        found.append((round(instant.timestamp() * 1_000), lines))
        before = instant
    return found
