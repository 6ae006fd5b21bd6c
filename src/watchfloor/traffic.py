"""Questions about the network, asked of whatever tells of it: connections, or what proxies and firewalls write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from watchfloor.analyses.beacons import beacons as ask_beacons
from watchfloor.analyses.dns_tunnels import dns_tunnels as ask_dns_tunnels
from watchfloor.analyses.drawn import Drawn, drawn
from watchfloor.analyses.hunt import TABLES_ASKED
from watchfloor.analyses.hunt import hunt as ask_hunt
from watchfloor.analyses.long_connections import long_connections as ask_long_connections
from watchfloor.result import Result
from watchfloor.schemas import Tables, needed

__all__ = ["beacons", "dns_tunnels", "hunt", "long_connections"]


def beacons(tables: Tables, **asked: Any) -> Result:
    """Who calls home: connections, with names from whatever else the files hold.

    Without a log of connections, what tells of them.
    """
    found = drawn(tables)
    if found.origin and asked.get("score") != "rita" and asked.get("by", "pair") == "pair":
        asked["by"] = found.by
    traffic = found.tables
    result = ask_beacons(
        needed(traffic, "connections"), traffic.get("http_requests"), traffic.get("tls_sessions"), **asked
    )
    return replace(result, explanation=f"{result.explanation} {found.words}") if found.origin else result


def hunt(tables: Tables, **asked: Any) -> Result:
    """Which threats there are: whatever is there; connections are drawn from the others, where no log has them.

    A sensor's requests name their connections: RITA counts those that it does not have for nothing.
    """
    found = drawn(tables)
    if found.origin == "http_requests" and "http_requests" in tables:
        linked = tables["http_requests"].filter(pl.col("uid").is_not_null()).head(1).collect().height
        found = Drawn(tables) if linked else found
    if not any(name in found.tables for name in TABLES_ASKED):
        needed(tables, TABLES_ASKED[0])
    result = ask_hunt(found.tables, **asked)
    return replace(result, explanation=f"{result.explanation} {found.words}") if found.origin else result


def long_connections(tables: Tables, **asked: Any) -> Result:
    """Who keeps connections open: connections, or what tells of them; behind a proxy, the name is the destination."""
    found = drawn(tables)
    needed(found.tables, "connections")
    result = ask_long_connections(found.tables, **asked)
    return replace(result, explanation=f"{result.explanation} {found.words}") if found.origin else result


def dns_tunnels(tables: Tables, **asked: Any) -> Result:
    """Who carries data in DNS: queries, which must be there."""
    needed(tables, "dns_queries")
    return ask_dns_tunnels(tables, **asked)
