"""What would nobody have seen without this rule? Incidents in which it fired, and those in which no other did."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.labels import is_true

__all__ = ["incidents_by_rule"]


def incidents_by_rule(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule that saw an incident: `incidents` in which it fired, `sole_incidents` that no other rule saw.

    An incident is the alerts of one `case_id` of a system of which one is a true positive or was escalated; a true
    alert without a case is one of its own. No rows where no alert has a case: nobody can tell what belongs together.
    """
    in_case = pl.col("case_id").is_not_null()
    known = alerts.select(known=in_case.any()).filter("known")
    grouped = (
        alerts.filter(in_case)
        .group_by("system", "case_id")
        .agg(rules=pl.col("rule").unique(), true=is_true().any())
        .filter("true")
        .with_columns(sole=pl.col("rules").list.len() == 1)
        .explode("rules")
        .select(rule="rules", sole="sole")
    )
    alone = alerts.filter(~in_case, is_true()).select("rule", sole=pl.lit(True))
    return (
        pl.concat([grouped, alone])
        .group_by("rule")
        .agg(incidents=pl.len().cast(pl.Int64), sole_incidents=pl.col("sole").sum().cast(pl.Int64))
        .join(known, how="cross")
        .drop("known")
    )
