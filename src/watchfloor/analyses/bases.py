"""Which times of alerts their systems do not keep, and what shows them instead."""

from __future__ import annotations

import polars as pl

from watchfloor.schemas import ALERTS, TIME

__all__ = ["times_by_basis"]

_TIMES = [name for name, dtype in ALERTS.schema.items() if dtype == TIME]


def times_by_basis(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """One row per time of an alert and basis: `alerts` whose time has it, and their `share` of all that have the time.

    Without a basis the system itself gave the time; of a time that no system derived there are no rows.
    """
    pairs = (
        alerts.select(_row=pl.int_range(pl.len()), said=pl.col("time_basis").str.split("; "))
        .explode("said")
        .select(
            "_row",
            time=pl.col("said").str.extract("^([a-z]+): ") + "_time",
            basis=pl.col("said").str.extract("^[a-z]+: (.+)$"),
        )
        .filter(pl.col("basis").is_not_null(), pl.col("time").is_in(_TIMES))
    )
    given = (
        alerts.select(pl.int_range(pl.len()).alias("_row"), *_TIMES)
        .unpivot(_TIMES, index="_row", variable_name="time", value_name="at")
        .filter(pl.col("at").is_not_null())
    )
    return (
        given.join(pairs, on=["_row", "time"], how="left")
        .filter(pl.col("basis").is_not_null().any().over("time"))
        .group_by("time", "basis")
        .agg(alerts=pl.len().cast(pl.Int64))
        .with_columns(share=pl.col("alerts") / pl.col("alerts").sum().over("time"))
        .sort("time", pl.col("basis").is_null(), pl.col("alerts").neg(), "basis")
    )
