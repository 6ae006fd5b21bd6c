"""Alerts beside the cases that they were merged into: one row for a piece of work, with the verdict of its case."""

from __future__ import annotations

import polars as pl

from watchfloor.schemas import ALERTS, Tables

__all__ = ["with_cases"]


def with_cases(alerts: Tables, cases: Tables) -> Tables:
    """Alerts and evidence of one system, in which no work counts twice.

    An alert that was merged into a case has that case's verdict where it has none of its own, and its words for it. A
    case has a row where no alert was merged into it: people opened it by hand.

    Arguments:
        alerts: their tables, the case's id in `case_id`.
        cases: tables of cases, as alerts.
    """
    verdicts = cases["alerts"].select(case_id="alert_id", said="disposition", words="closing_reason").unique("case_id")
    merged = alerts["alerts"].join(verdicts, on="case_id", how="left", maintain_order="left")
    own = pl.col("disposition").is_not_null() | pl.col("closing_reason").is_not_null()
    judged = merged.with_columns(
        disposition=pl.when(own).then("disposition").otherwise("said"),
        closing_reason=pl.when(own).then("closing_reason").otherwise("words"),
    )
    known = alerts["alerts"].filter(pl.col("case_id").is_not_null()).select(alert_id="case_id").unique()
    alone = {name: cases[name].join(known, on="alert_id", how="anti") for name in ("alerts", "evidence")}
    return {
        "alerts": pl.concat([ALERTS.fill(judged), alone["alerts"]]),
        "evidence": pl.concat([alerts["evidence"], alone["evidence"]]),
        "rejects": pl.concat([alerts["rejects"], cases["rejects"]]),
    }
