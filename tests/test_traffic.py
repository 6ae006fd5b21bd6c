"""Questions about the network: of connections, of what tells of them, and of nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from helpers import rows, table
from watchfloor import traffic
from watchfloor.errors import NothingToRead
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, CONNECTIONS, HTTP_REQUESTS, Tables

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
MINUTES = [NOON + timedelta(minutes=n) for n in range(90)]


def test_without_connections_a_proxy_is_asked_by_name() -> None:
    """And the answer says so."""
    asked = table(
        HTTP_REQUESTS,
        time=MINUTES,
        src_ip=["10.0.0.1"] * 90,
        dst_ip=["10.0.0.9"] * 90,
        method=["GET"] * 90,
        host=["c2.example"] * 90,
        url=["http://c2.example/a"] * 90,
    )
    found = traffic.beacons({"http_requests": asked})
    assert [(row["src_ip"], row["name"], row["connections"]) for row in rows(found.table)] == [
        ("10.0.0.1", "c2.example", 90)
    ]
    assert "no log of connections" in found.explanation


def test_with_connections_nothing_is_drawn() -> None:
    """They are what is counted."""
    calls = table(
        CONNECTIONS, time=MINUTES, src_ip=["10.0.0.1"] * 90, dst_ip=["192.0.2.1"] * 90, still_open=[False] * 90
    )
    found = traffic.beacons({"connections": calls})
    assert [row["connections"] for row in rows(found.table)] == [90]
    assert "no log of connections" not in found.explanation


@pytest.mark.parametrize("ask", [traffic.beacons, traffic.hunt, traffic.long_connections, traffic.dns_tunnels])
def test_what_tells_of_no_traffic_is_said(ask: Callable[[Tables], Result]) -> None:
    """With what there is instead."""
    with pytest.raises(NothingToRead, match="but alerts"):
        ask({"alerts": table(ALERTS, alert_id=["1"])})
