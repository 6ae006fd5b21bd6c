"""Exclusions: what they match, in words and as JSON."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import polars as pl
import pytest

from tuning_alerts import START, Made
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion, in_hours, matching
from watchfloor.errors import BadOption

WORK = (
    Made()
    .add("scan", 2, src_ip="10.1.2.3", user="svc_backup")
    .add("scan", 1, src_ip="10.1.3.3", user="svc_scan2")
    .add("scan", 1, src_ip="2001:db8::5", user="mia")
    .add("login", 1, src_ip="10.1.2.3")
    .work
)


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ((), [0, 1, 2, 3]),
        ((Condition("src_ip", "eq", "10.1.2.3"),), [0, 1]),
        ((Condition("src_ip", "in", ("10.1.3.3", "2001:db8::5")),), [2, 3]),
        ((Condition("src_ip", "in_network", "10.1.2.0/23"),), [0, 1, 2]),
        ((Condition("src_ip", "in_network", "2001:db8::/64"),), [3]),
        ((Condition("user", "matches", "svc_[a-z]+"),), [0, 1]),  # the whole value, not svc_scan2
        ((Condition("src_ip", "in_network", "10.0.0.0/8"), Condition("user", "matches", "svc_.*[0-9]")), [2]),
        ((Condition("host", "eq", "10.1.2.3"),), []),
    ],
)
def test_what_an_exclusion_matches(conditions: tuple[Condition, ...], rows: list[int]) -> None:
    """All conditions, of its own rule only."""
    assert matching(Exclusion("scan", conditions), WORK.alerts, WORK.facts).to_list() == rows


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("Mon-Fri 22:00-06:00", ["2026-03-02T22:00", "2026-03-07T05:59"], ["2026-03-07T06:00", "2026-03-07T22:00"]),
        ("09:00-17:00", ["2026-03-01T09:00", "2026-03-02T16:59"], ["2026-03-02T17:00", "2026-03-02T08:59"]),
        ("Sat-Mon 00:00-01:00", ["2026-03-07T00:30", "2026-03-02T00:00"], ["2026-03-03T00:30", "2026-03-07T01:00"]),
    ],
)
def test_hours_end_is_left_out_and_midnight_belongs_to_the_evening(
    window: str, inside: list[str], outside: list[str]
) -> None:
    """Saturday at 5:59 is still Friday's night."""
    times = pl.DataFrame({"time": [datetime.fromisoformat(f"{text}+00:00") for text in [*inside, *outside]]})
    assert times.select(in_hours(pl.col("time"), window)).to_series().to_list() == [True] * 2 + [False] * 2


@pytest.mark.parametrize("window", ["22-06", "Mon 22:00-06:00", "Mon-Fun 01:00-02:00", "24:00-25:00", ""])
def test_a_window_that_nobody_can_read(window: str) -> None:
    """Is refused."""
    with pytest.raises(BadOption, match="no window"):
        in_hours(pl.col("time"), window)


def test_a_network_that_nobody_can_read() -> None:
    """Is refused."""
    with pytest.raises(BadOption, match="no network"):
        matching(Exclusion("scan", (Condition("src_ip", "in_network", "10.1.2.3/8"),)), WORK.alerts, WORK.facts)


def test_in_words_and_as_json() -> None:
    """A long list is cut in words, whole in JSON."""
    values = tuple("abcde")
    exclusion = Exclusion("r", (Condition("host", "in", values), Condition("created_time", "hours", "01:00-02:00")))
    assert str(exclusion) == "host in a, b, c and 2 more and 01:00-02:00 UTC"
    assert json.loads(exclusion.json()) == [
        {"field": "host", "op": "in", "value": list(values)},
        {"field": "created_time", "op": "hours", "value": "01:00-02:00"},
    ]
    assert str(Exclusion("r")) == "every alert of the rule"


def test_hours_of_alerts() -> None:
    """By when an alert was created."""
    night = Made().add("r", 24, hours=24).work
    exclusion = Exclusion("r", (Condition("created_time", "hours", "22:00-02:00"),))
    assert matching(exclusion, night.alerts, night.facts).to_list() == [0, 1, 22, 23]
    assert night.alerts["time"][0] == START + timedelta(minutes=30)


def test_labels_say_what_tells_most_first() -> None:
    """Of a list the first value; without conditions every alert; the rule last."""
    several = Condition("src_ip", "in", ("192.0.2.1", "192.0.2.2", "192.0.2.3"))
    user = Condition("user", "eq", "svc_backup")
    assert Exclusion("r", (several, user)).label == "src_ip 192.0.2.1 and 2 more and user = svc_backup (r)"
    assert Exclusion("r").label == "every alert (r)"
