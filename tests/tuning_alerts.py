"""Made alerts for the tests of tuning: rules with noise, true cases, bursts, and their evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from helpers import table
from watchfloor.analyses.tuning.work import Work, work_of
from watchfloor.schemas import ALERTS, EVIDENCE

__all__ = ["START", "Made"]

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""


class Made:
    """Alerts that are added one kind at a time."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.facts: list[dict[str, Any]] = []

    def add(
        self,
        rule: str,
        n: int,
        *,
        disposition: str | None = None,
        case: str | None = None,
        escalated: bool | None = None,
        severity: int | None = None,
        start: float = 0.0,
        hours: float = 240.0,
        **facts: str,
    ) -> Made:
        """n alerts, evenly over the hours that follow `start`, each with the same evidence."""
        for k in range(n):
            number = str(len(self.rows))
            self.rows.append(
                {
                    "source": "made",
                    "alert_id": number,
                    "rule": rule,
                    "disposition": disposition,
                    "case_id": case,
                    "escalated": escalated,
                    "severity": severity,
                    "created_time": START + timedelta(hours=start + hours * (k + 0.5) / n),
                }
            )
            self.facts += [
                {"source": "made", "alert_id": number, "field": field, "value": value} for field, value in facts.items()
            ]
        return self

    @property
    def alerts(self) -> pl.LazyFrame:
        """The canonical table."""
        return table(ALERTS, **{name: [row[name] for row in self.rows] for name in self.rows[0]})

    @property
    def evidence(self) -> pl.LazyFrame:
        """The canonical table."""
        names = ("source", "alert_id", "field", "value")
        return table(EVIDENCE, **{name: [fact[name] for fact in self.facts] for name in names})

    @property
    def work(self) -> Work:
        """As the steps of tuning take it."""
        return work_of(self.alerts, self.evidence)
