"""Long connections with other thresholds, from their stored durations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.analyses.rita.config import Thresholds
from watchfloor.analyses.rita.scores import severity, threat_score
from watchfloor.analyses.whatif.changes import Changed, checked, config_then, needs_logs, rita_with
from watchfloor.result import Result

__all__ = ["changed"]

_NAME = "long_connection_score_thresholds"
_EACH = ("base", "low", "medium", "high")
_BY_LOGS = {
    "window": "durations are of the whole window; what was open in another one is not in the answer",
    "join_seconds": "connections are not told apart further",
    "internal": "what was left out is not in the answer",
    "every_pair": "what was left out is not in the answer",
}


def changed(table: pl.DataFrame, result: Result, changes: Mapping[str, Any]) -> Changed:
    """The pairs with their scores before and after."""
    checked(changes, (_NAME, *_EACH), _BY_LOGS, "long_connections")
    then = config_then(result)
    wanted = dict(changes)
    single = {key: wanted.pop(key) for key in _EACH if key in wanted}
    limits = getattr(rita_with(then, wanted), _NAME)
    values = [single.get(key, getattr(limits, key)) for key in _EACH]
    limits = getattr(rita_with(then, {_NAME: values}), _NAME)
    old: Thresholds = getattr(then, _NAME)
    if limits.base < old.base:
        raise needs_logs("base", f"pairs below {old.base:,.0f} s have no row", "long_connections")
    after = table.rename({"score": "score_before", "severity": "severity_before"}).with_columns(
        score=threat_score(pl.col("total_duration_seconds"), limits).round(6)
    )
    after = after.with_columns(severity=severity(pl.col("score")))
    return Changed(
        after.with_columns(listed_before=pl.lit(True), listed=pl.col("score") > 0),
        f"pairs that add up to {limits.base:,.0f} s or more ({old.base:,.0f} before)",
    )
