"""A burst is many alerts without a pause at many times the usual pace; a rule that never rests has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from helpers import rows, table
from watchfloor.analyses.bursts import bursts, bursts_by_rule
from watchfloor.schemas import ALERTS

NOON = datetime(2025, 10, 1, 12, tzinfo=UTC)


def test_a_burst_among_few() -> None:
    """One alert a day for 30 days, and 90 within 89 minutes on the tenth: 31 in it with the day's own."""
    days = [NOON + timedelta(days=day) for day in range(30)]
    rush = [NOON + timedelta(days=10, minutes=1 + k) for k in range(89)]
    verdicts = [None] * 30 + ["true_positive"] + [None] * 88
    found = bursts(table(ALERTS, rule=["a"] * 119, created_time=days + rush, disposition=verdicts), minimum=10)
    [row] = rows(found)
    assert (row["rule"], row["start_time"], row["end_time"]) == ("a", days[10], rush[-1])
    assert (row["alerts"], row["duration_seconds"], row["true_positive"]) == (90, 89 * 60, 1)
    assert row["share"] == pytest.approx(90 / 119)
    assert row["times_usual"] == pytest.approx(90 / 119 * 29 * 86_400 / (99 * 60))
    assert rows(bursts_by_rule(found)) == [{"rule": "a", "bursts": 1, "burst_share": pytest.approx(90 / 119)}]


def test_a_rule_that_never_rests_has_no_burst() -> None:
    """Every five minutes, ten days long; and few alerts are none either."""
    steady = [NOON + timedelta(minutes=5 * k) for k in range(2880)]
    few = [NOON + timedelta(seconds=k) for k in range(19)]
    alerts = table(ALERTS, rule=["a"] * 2880 + ["b"] * 19, created_time=steady + few)
    assert rows(bursts(alerts, minimum=10)) == []


def test_nothing_is_no_burst() -> None:
    """No alerts, no times."""
    assert rows(bursts(ALERTS.empty(), minimum=1)) == []
    assert rows(bursts(table(ALERTS, rule=["a"] * 5), minimum=1)) == []
