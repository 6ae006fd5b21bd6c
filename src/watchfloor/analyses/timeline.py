"""What happened when, across sources with different clocks?"""

from __future__ import annotations

import polars as pl

from watchfloor.result import Result
from watchfloor.schemas import EVENTS

__all__ = ["from_alerts", "from_connections", "from_findings", "timeline"]


def timeline(events: pl.LazyFrame, *, to: str = "UTC", limit: int | None = None, every: str | None = None) -> Result:
    """Events of all sources on one axis."""
    return Result(title="Timeline", name="timeline", table=EVENTS.conform(events).sort("time", "source", "record"))


def from_alerts(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """Alerts as events: when each was made."""
    return EVENTS.fill(alerts.with_columns(time="created_time", message="title", action="rule"))


def from_findings(findings: pl.LazyFrame) -> pl.LazyFrame:
    """Findings as events: when each was written."""
    return EVENTS.fill(findings.with_columns(action="rule"))


def from_connections(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Connections as events: when each began."""
    return EVENTS.fill(connections.with_columns(action="service"))
