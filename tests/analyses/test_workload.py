"""What came in, what went out and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.clock import Clock, as_it_stood
from watchfloor.analyses.tags import TagRule, TagRules, assign
from watchfloor.analyses.workload import (
    closing_reasons,
    coverage_of_tags,
    escalations,
    flow_per_day,
    times_by_group,
    untagged,
    volume_by_tag,
    waiting,
)
from watchfloor.schemas import ALERTS

Z = 1.959964
CLOSING = Clock("created_time", "closed_time")
RULES = TagRules(
    (TagRule("phishing", words=("phish",)), TagRule("scan", words=("scan",)), TagRule("dns", words=("dns",)))
)


def at(day: int, hour: int = 12) -> datetime:
    """An instant of October 2025."""
    return datetime(2025, 10, day, hour, tzinfo=UTC)


STOOD = as_it_stood(
    table(
        ALERTS,
        alert_id=["1", "2", "3", "4", "5"],
        title=["phish", "phish scan", "scan", "odd", "odd"],
        client=["x", "x", "y", "y", None],
        rule=["mail", "mail", "net", None, None],
        status=["closed", "closed", "open", "closed", None],
        disposition=["true_positive", "false_positive", None, "false_positive", None],
        closing_reason=["real", "noise", None, None, None],
        closed_by=["ann", "bob", None, "bob", None],
        escalated=[True, False, False, None, None],
        escalated_time=[at(1, 14), None, None, None, None],
        created_time=[at(1), at(1), at(2), at(3), None],
        closed_time=[at(2), at(4), None, at(3), None],
    ),
    CLOSING,
    at(5),
)


def test_volume_by_tag() -> None:
    """An alert counts under each of its tags; a tag that never matched has 0; the rest comes last."""
    columns = ("tag", "alerts", "share", "open", "closed", "true_positive", "precision", "escalated")
    assert volume_by_tag(assign(STOOD, RULES), RULES, minimum=1, z=Z).select(columns).collect().rows() == [
        ("phishing", 2, 0.4, 0, 2, 1, 0.5, 1),
        ("scan", 2, 0.4, 1, 1, 0, 0.0, 0),
        ("dns", 0, 0.0, None, None, 0, None, None),
        (None, 2, 0.4, 0, 1, 0, 0.0, None),
    ]


def test_coverage() -> None:
    """3 of 5 have a tag, one of them two."""
    assert rows(coverage_of_tags(assign(STOOD, RULES))) == [
        {"alerts": 5, "tagged": 3, "with_several_tags": 1, "untagged": 2, "coverage": 0.6}
    ]
    assert rows(coverage_of_tags(assign(STOOD.head(0), RULES)).select("alerts", "coverage")) == [
        {"alerts": 0, "coverage": None}
    ]


def test_what_no_rule_matched() -> None:
    """By rule and title, the most frequent first."""
    assert rows(untagged(assign(STOOD, RULES))) == [{"rule": None, "title": "odd", "alerts": 2}]


def test_flow_and_backlog() -> None:
    """Every day from the first to the day of asking; the backlog is what is open at its end."""
    assert flow_per_day(STOOD, zone="UTC").collect().rows() == [
        (date(2025, 10, 1), 2, 0, 2),
        (date(2025, 10, 2), 1, 1, 2),
        (date(2025, 10, 3), 1, 1, 2),
        (date(2025, 10, 4), 0, 1, 1),
        (date(2025, 10, 5), 0, 0, 1),
    ]


def test_a_period_shows_its_days_and_keeps_the_backlog() -> None:
    """What was open before is still in it; the end is left out."""
    shown = flow_per_day(STOOD, zone="UTC", start=at(3, 0), end=at(5, 0))
    assert shown.collect().rows() == [(date(2025, 10, 3), 1, 1, 2), (date(2025, 10, 4), 0, 1, 1)]


def test_flow_on_days_of_the_zone() -> None:
    """Noon in UTC is the next day in Auckland."""
    assert flow_per_day(STOOD, zone="Pacific/Auckland").collect()["day"][0] == date(2025, 10, 2)


def test_closing_reasons() -> None:
    """The system's words with what was decided; closed without a reason last; who closes most of it."""
    columns = ("closing_reason", "alerts", "share", "true_positive", "false_positive", "closers", "most_by_one_share")
    assert closing_reasons(STOOD).select(columns).collect().rows() == [
        ("noise", 1, pytest.approx(1 / 3), 0, 1, 1, 1.0),
        ("real", 1, pytest.approx(1 / 3), 1, 0, 1, 1.0),
        (None, 1, pytest.approx(1 / 3), 0, 1, 1, 1.0),
    ]
    shared = table(ALERTS, status=["closed"] * 4, closing_reason=["r"] * 4, closed_by=["a", "a", "b", None])
    assert rows(closing_reasons(as_it_stood(shared, CLOSING)).select("closers", "most_by_one_share")) == [
        {"closers": 2, "most_by_one_share": pytest.approx(2 / 3)}
    ]


def test_escalations() -> None:
    """Of the alerts that say it; how many were true; how long it took where both instants are known."""
    assert rows(escalations(STOOD, minimum=1, z=Z).drop("escalated_share_low", "escalated_share_high")) == [
        {
            "client": "x",
            "rule": "mail",
            "alerts": 2,
            "escalated": 1,
            "true_positive": 1,
            "timed": 1,
            "median_escalation_seconds": 7200.0,
            "escalated_share": 0.5,
        }
    ]


def test_times_by_client_and_tag() -> None:
    """The same clock by each; an alert counts under both of its tags, and without one in the row without a group."""
    answer = times_by_group(STOOD, assign(STOOD, RULES), z=Z)
    day = 86_400.0
    assert answer.select("by", "group", "alerts", "done", "running", "left_out", "median_seconds").collect().rows() == [
        ("client", "x", 2, 2, 0, 0, day),
        ("client", "y", 2, 1, 1, 0, 0.0),
        ("client", None, 1, 0, 0, 1, None),
        ("tag", "phishing", 2, 2, 0, 0, day),
        ("tag", "scan", 2, 1, 1, 0, 3 * day),
        ("tag", None, 2, 1, 0, 1, 0.0),
    ]


def test_waiting() -> None:
    """Kaplan and Meier's curve in days, from all to what still runs."""
    assert waiting(STOOD).collect().rows() == [
        (0.0, 1.0),
        (0.0, 0.75),
        (1.0, pytest.approx(0.5)),
        (3.0, pytest.approx(0.25)),
    ]


def test_a_curve_of_many_steps_stays_small() -> None:
    """10,000 alerts, a step of 0.1 % each at least."""
    n = 10_000
    many = table(
        ALERTS,
        status=["closed"] * n,
        created_time=[at(1)] * n,
        closed_time=[at(1) + timedelta(seconds=second) for second in range(1, n + 1)],
    )
    curve = waiting(as_it_stood(many, CLOSING, at(5))).collect()
    assert curve.height <= 1_002
    assert curve["running_share"].is_sorted(descending=True)
    assert curve.select(pl.col("running_share").last()).item() <= 0.001
