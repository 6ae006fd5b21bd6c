"""Connections drawn from requests and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.drawn import drawn
from watchfloor.schemas import CONNECTIONS, EVENTS, HTTP_REQUESTS

AT = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)


def made(frame: pl.LazyFrame, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows(frame)]


def test_a_log_of_connections_is_left_alone() -> None:
    """Also where there are requests beside it; an empty one is none."""
    tables = {
        "connections": table(CONNECTIONS, time=[AT], src_ip=["10.0.0.1"], dst_ip=["203.0.113.5"]),
        "http_requests": table(HTTP_REQUESTS, time=[AT], src_ip=["10.0.0.1"], host=["a.example"]),
    }
    assert drawn(tables).tables is tables
    assert drawn(tables).origin == ""
    assert drawn(tables | {"connections": CONNECTIONS.empty()}).origin == "http_requests"
    assert drawn({"events": table(EVENTS, time=[AT], message=["x"])}).origin == ""
    assert drawn({}).tables == {}


@pytest.mark.parametrize(
    ("method", "host", "url", "target", "port"),
    [
        ("CONNECT", None, "a.example:443", "a.example", 443),
        ("CONNECT", None, "A.Example", "a.example", 443),
        ("CONNECT", None, "[2001:db8::7]:8443", "2001:db8::7", 8443),
        ("GET", None, "http://user@a.example/x?y=http://b.example/", "a.example", 80),
        ("GET", None, "https://203.0.113.9:444", "203.0.113.9", 444),
        ("GET", "a.example:8080", "/x", "a.example", 8080),
        ("GET", "a.example", "http://b.example/", "a.example", 80),
        ("POST", None, "a.example/path", "a.example", None),
    ],
)
def test_what_was_asked_for(method: str, host: str | None, url: str, target: str, port: int | None) -> None:
    """Host and port, from the Host header or the address."""
    requests = table(HTTP_REQUESTS, time=[AT], src_ip=["10.0.0.1"], method=[method], host=[host], url=[url])
    found = drawn({"http_requests": requests})
    assert found.by == "name"
    assert made(found.tables["http_requests"], "host", "uid") == [(target, "request-0")]
    assert made(found.tables["connections"], "src_ip", "dst_port", "uid", "proto") == [
        ("10.0.0.1", port, "request-0", "tcp")
    ]


@pytest.mark.parametrize("url", [None, "/index.html", "/a.example/", "*", "no", "http:///x", "a b.example"])
def test_a_web_servers_own_log_names_nobody(url: str | None) -> None:
    """A path is no target."""
    requests = table(HTTP_REQUESTS, time=[AT], src_ip=["10.0.0.1"], method=["GET"], url=[url])
    assert drawn({"http_requests": requests}).origin == ""


def test_events_of_firewalls() -> None:
    """Those with two ends and a protocol or port; sizes by the names that firewalls give them."""
    fields = ['{"service":"443","client_inbound_bytes":"724","client_outbound_bytes":"-5"}', None, None, None]
    events = table(
        EVENTS,
        time=[AT] * 4,
        src_ip=["10.0.0.1", "10.0.0.1", "10.0.0.1", None],
        dst_ip=["203.0.113.5", "203.0.113.5", "203.0.113.5", "203.0.113.5"],
        proto=["tcp", None, None, "tcp"],
        dst_port=[None, 53, None, 1],
        fields=fields,
    )
    found = drawn({"events": events})
    assert (found.origin, found.by) == ("events", "pair")
    names = ("dst_port", "orig_bytes", "resp_bytes")
    assert made(found.tables["connections"], *names) == [(443, 724, None), (53, None, None)]


def test_two_messages_of_one_connection_count_once() -> None:
    """The start counts; where only ends are logged, they do, and the client is the side of the higher port."""
    built = "%ASA-6-302013: Built outbound TCP connection 7 for outside:203.0.113.5/443 to inside:10.0.0.1/40000"
    ended = "%ASA-6-302014: Teardown TCP connection 7 for outside:203.0.113.5/443 to inside:10.0.0.1/40000"
    events = table(
        EVENTS,
        time=[AT, AT],
        src_ip=["10.0.0.1", "203.0.113.5"],
        src_port=[40000, 443],
        dst_ip=["203.0.113.5", "10.0.0.1"],
        dst_port=[443, 40000],
        proto=["tcp", "tcp"],
        message=[built, ended],
    )
    ends = ("src_ip", "src_port", "dst_ip", "dst_port")
    expected = [("10.0.0.1", 40000, "203.0.113.5", 443)]
    assert made(drawn({"events": events}).tables["connections"], *ends) == expected
    assert made(drawn({"events": events.slice(1)}).tables["connections"], *ends) == expected


def test_requests_in_events() -> None:
    """A proxy whose lines are pairs: the address that was asked for, and sizes."""
    fields = ['{"requestmethod":"GET","requestsize":"9","responsesize":"8"}', '{"event":{"reqmethod":"GET"}}', None]
    events = table(
        EVENTS,
        time=[AT] * 3,
        src_ip=["10.0.0.1"] * 3,
        url=["a.example/x", "b.example/", "c.example/"],
        fields=fields,
    )
    found = drawn({"events": events})
    assert made(found.tables["http_requests"], "host", "orig_bytes", "resp_bytes", "method") == [
        ("a.example", 9, 8, "GET"),
        ("b.example", None, None, "GET"),
    ]
