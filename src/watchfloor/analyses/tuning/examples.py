"""Three alerts that a recommendation removes and the three nearest that stay: what one looks at before saying yes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.tuning.work import Work

__all__ = ["EXAMPLES", "alerts_shown", "examples_json", "nearest_kept", "spread_removed"]

_EACH = 3
_PLACE = {field: place for place, field in enumerate(ENTITIES)}
"""Who or what an alert is about stands before what kind it is."""
EXAMPLES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "rank": pl.Int64,
    "remedy": pl.String,
    "what": pl.String,
    "alert_id": pl.String,
    "record": pl.Int64,
    "rule": pl.String,
    "created_time": pl.Datetime("us", "UTC"),
    "evidence": pl.String,
    "shared": pl.Int64,
    "source": pl.String,
}
"""Columns of the part `examples`: `what` is removed or kept; `shared` counts facts that it has in common with those
removed."""


def spread_removed(rows: pl.Series) -> list[int]:
    """The first, the middle one and the last."""
    if rows.is_empty():
        return []
    ordered = rows.sort()
    return sorted({int(ordered[place]) for place in (0, rows.len() // 2, rows.len() - 1)})


def nearest_kept(work: Work, rule: str, removed: list[int], gone: pl.Series) -> list[tuple[int, int]]:
    """Rows that stay, and how many facts each shares with the removed ones: most first, of the same rule before others,
    then nearest in time to the middle one.

    Arguments:
        work: all alerts.
        rule: whose alerts are removed.
        removed: rows, as examples.
        gone: rows that no recommendation shows any more.
    """
    if not removed:
        return []
    mine = work.facts.filter(pl.col("row").is_in(removed)).select("field", "value").unique()
    middle = int(work.alerts.filter(pl.col("row") == removed[len(removed) // 2])["time"].dt.epoch("s").item())
    far = (pl.col("time").dt.epoch("s") - middle).abs()
    left = work.alerts.filter(~pl.col("row").is_in(gone.implode())).select("row", "rule", far=far)
    same = pl.col("rule") == rule
    found = _nearest(left.filter(same), work.facts.filter(same), mine).head(_EACH)
    if found.height < _EACH:
        values = mine["value"].cast(pl.String).implode()
        alike = work.facts.filter(~same & pl.col("value").is_in(values))
        others = _nearest(left.filter(~same), alike, mine).filter(pl.col("shared") > 0)
        found = pl.concat([found, others.head(_EACH - found.height)])
    return list(found.iter_rows())


def _nearest(left: pl.DataFrame, facts: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    """Alerts and the number of facts that they share, most first."""
    shared = facts.join(mine, on=["field", "value"], how="semi").group_by("row").agg(shared=pl.len().cast(pl.Int64))
    return (
        left.join(shared, on="row", how="left")
        .with_columns(pl.col("shared").fill_null(0))
        .sort("shared", "far", "row", descending=[True, False, False])
        .select("row", "shared")
    )


def alerts_shown(work: Work, rows: list[int]) -> dict[int, dict[str, Any]]:
    """What one sees of alerts, by row: which it is, its rule and time, and its facts."""
    facts = (
        work.facts.filter(pl.col("row").is_in(rows))
        .with_columns(pl.col("field", "value").cast(pl.String))
        .sort(
            "row", pl.col("field").replace_strict(_PLACE, default=len(_PLACE), return_dtype=pl.Int8), "field", "value"
        )
    )
    evidence: dict[int, dict[str, list[str]]] = {}
    for row, field, value in facts.select("row", "field", "value").iter_rows():
        evidence.setdefault(row, {}).setdefault(field, []).append(value)
    shown = work.alerts.filter(pl.col("row").is_in(rows)).select(
        "row", "alert_id", "record", pl.col("rule", "source").cast(pl.String), created_time="time"
    )
    return {
        row["row"]: {name: row[name] for name in ("alert_id", "record", "source", "rule", "created_time")}
        | {"evidence": evidence.get(row["row"], {})}
        for row in shown.to_dicts()
    }


def examples_json(shown: dict[int, dict[str, Any]], rows: list[int]) -> str:
    """Alerts as JSON text."""
    return json.dumps([shown[row] for row in rows], ensure_ascii=False, default=lambda time: time.isoformat())
