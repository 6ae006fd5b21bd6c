"""The story of the night can only be told with the right zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from watchfloor.demo.story import STEPS

ZONES = {"linux": "Europe/Paris", "firewall": "America/New_York", "cloud": "UTC"}


def clock(source: str, time: datetime) -> datetime:
    """What the source's clock shows."""
    return time.astimezone(ZoneInfo(ZONES[source])).replace(tzinfo=None)


def numbers(times: list[datetime]) -> list[int]:
    """Numbers of the steps in the order of these times."""
    return [step.number for _, step in sorted(zip(times, STEPS, strict=True), key=lambda pair: pair[0])]


def test_the_true_order_is_that_of_the_steps() -> None:
    """13 steps, told by all three sources; four of them by two."""
    assert numbers([step.time for step in STEPS]) == sorted(step.number for step in STEPS)
    assert {step.number for step in STEPS} == set(range(1, 14))
    assert {step.source for step in STEPS} == set(ZONES)
    sources = [{step.source for step in STEPS if step.number == number} for number in range(1, 14)]
    assert sum(len(told) > 1 for told in sources) == 6


def test_clocks_taken_for_utc_give_another_order() -> None:
    """So do clocks read with the wrong offset between Paris and New York: it changes that night."""
    assert numbers([clock(step.source, step.time) for step in STEPS]) != [step.number for step in STEPS]

    shift = {"linux": timedelta(hours=-2), "firewall": timedelta(hours=4), "cloud": timedelta()}
    summer_all_night = [clock(step.source, step.time) + shift[step.source] for step in STEPS]
    assert numbers(summer_all_night) != [step.number for step in STEPS]


def test_steps_lie_on_both_sides_of_the_change() -> None:
    """In the hour that Paris shows twice, Linux lines are told in each of its two passes."""
    change = datetime(2025, 10, 26, 1, 0, tzinfo=UTC)
    linux = [step.time for step in STEPS if step.source == "linux"]

    assert sum(change - timedelta(hours=1) <= time < change for time in linux) == 2
    assert sum(change <= time < change + timedelta(hours=1) for time in linux) == 4
