"""How many alerts and what became of them: nothing missing reads as 0, days are days of the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.volume import (
    DISPOSITIONS,
    MOST_DAYS,
    OTHERS,
    alerts_by_client_and_rule,
    alerts_by_day_and_hour,
    alerts_by_hour,
    alerts_by_rule_and_day,
    alerts_per_day,
    days_between,
    escalated_per_day,
    volume_at_a_glance,
    volume_by_client,
    volume_by_rule,
)
from watchfloor.schemas import ALERTS

Z = 1.959964


def at(day: int, hour: int = 12, month: int = 10) -> datetime:
    """An instant of autumn 2025."""
    return datetime(2025, month, day, hour, tzinfo=UTC)


def test_volume_by_rule() -> None:
    """Counts, shares, rates with Wilson's interval; the row without a rule last."""
    alerts = table(
        ALERTS,
        rule=["scan"] * 10 + [None] * 12,
        client=["x", "y"] * 5 + ["x"] * 12,
        status=["closed"] * 9 + ["open"] + ["open"] * 12,
        disposition=["false_positive"] * 4 + ["true_positive"] * 5 + ["benign_positive"] + [None] * 12,
        escalated=[True] * 5 + [False] * 5 + [None] * 12,
        created_time=[at(day) for day in range(1, 11)] + [None] * 12,
    )
    scan, unnamed = rows(volume_by_rule(alerts, minimum=10, z=Z))
    assert {key: scan[key] for key in scan if not isinstance(scan[key], float)} == {
        "rule": "scan",
        "alerts": 10,
        "open": 1,
        "closed": 9,
        "true_positive": 5,
        "benign_positive": 1,
        "false_positive": 4,
        "duplicate": 0,
        "test": 0,
        "undetermined": 0,
        "undecided": 0,
        "escalated": 5,
        # 9 of the 10 alerts are true or false: below the minimum.
        "strict_precision": None,
        "strict_precision_low": None,
        "strict_precision_high": None,
        "clients": 2,
        "first_time": at(1),
        "last_time": at(10),
    }
    five_of_ten = {"": 0.5, "_low": 0.2366, "_high": 0.7634}
    for name in ("precision", "escalated_share"):
        assert {end: scan[f"{name}{end}"] for end in five_of_ten} == pytest.approx(five_of_ten, abs=5e-5)
    assert (scan["share"], scan["cumulative_share"]) == (pytest.approx(10 / 22), pytest.approx(10 / 22))
    assert (unnamed["rule"], unnamed["alerts"], unnamed["undecided"], unnamed["cumulative_share"]) == (None, 12, 12, 1)


def test_at_a_glance() -> None:
    """One row: what the loudest rule alone raises, and the rates of all."""
    alerts = table(
        ALERTS,
        rule=["a", "a", "a", "b", None],
        status=["open", "closed", "closed", "closed", None],
        disposition=[None, "true_positive", "false_positive", None, None],
    )
    assert rows(volume_at_a_glance(alerts, minimum=2, z=Z, top=1).with_columns(pl.selectors.float().round(4))) == [
        {
            "alerts": 5,
            "rules": 2,
            "top_rules_share": 0.6,
            "open": 1,
            "undecided": 3,
            "precision": 0.5,
            "precision_low": 0.0945,
            "precision_high": 0.9055,
            "escalated_share": None,
            "escalated_share_low": None,
            "escalated_share_high": None,
        }
    ]


def test_what_the_system_does_not_say_is_null() -> None:
    """Alerts without status and escalation are neither 0 open nor 0 escalated."""
    alerts = table(ALERTS, rule=["a"] * 3)
    row = rows(volume_by_rule(alerts, minimum=1, z=Z))[0]
    assert [row[name] for name in ("open", "closed", "escalated", "escalated_share", "precision")] == [None] * 5
    assert [row[name] for name in (*DISPOSITIONS, "undecided")] == [0] * 6 + [3]


def test_an_escalation_rate_is_of_the_alerts_that_say_it() -> None:
    """1 of 2, not 1 of 4."""
    alerts = table(ALERTS, rule=["a"] * 4, escalated=[True, False, None, None])
    assert rows(volume_by_rule(alerts, minimum=2, z=Z).select("escalated", "escalated_share")) == [
        {"escalated": 1, "escalated_share": 0.5}
    ]
    assert rows(volume_by_rule(alerts, minimum=3, z=Z).select("escalated_share")) == [{"escalated_share": None}]


def test_ties_are_broken_by_name() -> None:
    """Same volume, alphabetical; the same whatever the order of rows."""
    alerts = table(ALERTS, rule=["b", "a", "c", "c"], client=["n", "s", None, "n"])
    assert volume_by_rule(alerts, minimum=1, z=Z).collect()["rule"].to_list() == ["c", "a", "b"]
    assert volume_by_client(alerts, minimum=1, z=Z).select("client", "alerts", "rules").collect().rows() == [
        ("n", 2, 2),
        ("s", 1, 1),
        (None, 1, 1),
    ]


def test_no_alerts_no_rows() -> None:
    """Empty in, empty out."""
    for answer in (
        volume_by_rule(ALERTS.empty(), minimum=1, z=Z),
        volume_by_client(ALERTS.empty(), minimum=1, z=Z),
        alerts_per_day(ALERTS.empty(), zone="UTC", top=3),
        escalated_per_day(ALERTS.empty(), zone="UTC", top=3),
    ):
        assert answer.collect().height == 0


def test_days_without_alerts_are_0() -> None:
    """The two busiest rules have lines, the others one together, with alerts that name no rule."""
    alerts = table(
        ALERTS,
        rule=["a", "a", "a", "b", "b", "c", None],
        created_time=[at(1), at(1), at(4), at(1), None, at(3), at(4)],
    )
    daily = alerts_per_day(alerts, zone="UTC", top=2).collect()
    assert daily.pivot("rule", index="day", values="alerts").rows() == [
        (date(2025, 10, 1), 2, 1, 0),
        (date(2025, 10, 2), 0, 0, 0),
        (date(2025, 10, 3), 0, 0, 1),
        (date(2025, 10, 4), 1, 0, 1),
    ]
    assert daily["rule"].to_list()[:3] == ["a", "b", OTHERS]


def test_days_are_days_of_the_zone() -> None:
    """23:30 UTC is tomorrow in Paris."""
    alerts = table(ALERTS, rule=["a"], created_time=[datetime(2025, 10, 1, 23, 30, tzinfo=UTC)])
    for zone, day in (("UTC", date(2025, 10, 1)), ("Europe/Paris", date(2025, 10, 2))):
        assert alerts_per_day(alerts, zone=zone, top=1).collect()["day"].unique().to_list() == [day]


def test_escalated_alerts_stand_on_the_day_they_were_made() -> None:
    """Whenever they were handed on; days are those of all alerts."""
    alerts = table(
        ALERTS,
        rule=["a", "a", "a"],
        escalated=[True, False, None],
        created_time=[at(1), at(2), at(3)],
        escalated_time=[at(3), None, None],
    )
    daily = escalated_per_day(alerts, zone="UTC", top=1).filter(pl.col("rule") == "a")
    assert daily.select("day", "escalated").collect().rows() == [
        (date(2025, 10, 1), 1),
        (date(2025, 10, 2), 0),
        (date(2025, 10, 3), 0),
    ]


def test_where_no_system_says_it_there_is_no_line_of_zeros() -> None:
    """Not known is not none."""
    alerts = table(ALERTS, rule=["a", "a"], created_time=[at(1), at(2)])
    assert escalated_per_day(alerts, zone="UTC", top=1).collect().height == 0


def test_one_wrong_year_does_not_make_the_calendar_endless() -> None:
    """The last ten years are kept."""
    span = pl.LazyFrame({"first": [date(1970, 1, 1)], "last": [date(9000, 1, 1)]})
    days = days_between(span).collect()["day"]
    assert (len(days), days[-1]) == (MOST_DAYS, date(9000, 1, 1))
    assert (
        days_between(pl.LazyFrame({"first": [None], "last": [None]}, {"first": pl.Date, "last": pl.Date}))
        .collect()
        .is_empty()
    )


def test_hours_of_the_week_by_the_clock_of_the_zone() -> None:
    """Over the clock change too: Saturday 13:00 and Monday 12:00 UTC are 15:00 and 13:00 in Paris."""
    alerts = table(ALERTS, rule=["a", "a", "a"], created_time=[at(25, 13), at(27, 12), None])
    hours = alerts_by_hour(alerts, zone="Europe/Paris").collect()
    assert hours.height == 7 * 24
    assert hours.filter(pl.col("alerts") > 0).rows() == [("Monday", 13, 1), ("Saturday", 15, 1)]
    assert hours["weekday"].unique(maintain_order=True).to_list()[::6] == ["Monday", "Sunday"]


def test_alerts_by_day_and_hour() -> None:
    """Every hour of every day between the first and the last, by the clock of the zone."""
    alerts = table(
        ALERTS, created_time=[datetime(2025, 10, 1, 22, 30, tzinfo=UTC)] * 3 + [datetime(2025, 10, 3, 4, tzinfo=UTC)]
    )
    seen = rows(alerts_by_day_and_hour(alerts, zone="Europe/Paris"))
    assert len(seen) == 2 * 24  # 2 and 3 October in Paris
    assert [(str(row["day"]), row["hour"], row["alerts"]) for row in seen if row["alerts"]] == [
        ("2025-10-02", 0, 3),
        ("2025-10-03", 6, 1),
    ]
    assert rows(alerts_by_day_and_hour(ALERTS.empty(), zone="UTC")) == []


def test_alerts_by_rule_and_day() -> None:
    """The largest rules, the largest first, their empty days with 0; no row for the others together."""
    day = datetime(2025, 10, 1, 12, tzinfo=UTC)
    alerts = table(
        ALERTS,
        rule=["b"] * 3 + ["a"] * 2 + ["c", None],
        created_time=[day + timedelta(days=n) for n in (0, 0, 2, 0, 0, 1, 1)],
    )
    seen = alerts_by_rule_and_day(alerts, zone="UTC", top=2).collect()
    assert seen.select("rule", "alerts").rows() == [("b", 2), ("b", 0), ("b", 1), ("a", 2), ("a", 0), ("a", 0)]
    assert seen["busiest_day_share"].to_list() == [1, 0, 0.5, 1, 0, 0]


def test_alerts_by_client_and_rule() -> None:
    """A rule's share of the client's alerts beside its share of all others', and its precision there."""
    alerts = table(
        ALERTS,
        client=["north"] * 12 + ["south"] * 8 + [None],
        rule=["a"] * 9 + ["b"] * 3 + ["a"] * 2 + ["c"] * 6 + ["a"],
        disposition=["true_positive"] * 3 + ["false_positive"] * 18,
    )
    seen = {(row["client"], row["rule"]): row for row in rows(alerts_by_client_and_rule(alerts, minimum=9, z=1.96))}
    assert len(seen) == 4
    row = seen["north", "a"]
    assert (row["alerts"], row["client_share"], row["elsewhere_share"], row["lift"]) == (9, 0.75, 0.25, 3.0)
    assert (row["judged"], row["true_positive"], row["precision"]) == (9, 3, pytest.approx(1 / 3))
    assert (seen["south", "c"]["lift"], seen["south", "c"]["precision"]) == (None, None)
