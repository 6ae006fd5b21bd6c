"""RITA's beacon score with other weights and thresholds, from its stored parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.analyses.rita.config import IMPACTS
from watchfloor.analyses.rita.scores import beacon_score, consistency, duration_score, severity, threat_score
from watchfloor.analyses.whatif.changes import Changed, checked, config_then, needs_logs, rita_with
from watchfloor.result import Result

__all__ = ["BY_LOGS", "WEIGHTS", "changed"]

WEIGHTS = ("timestamp_score_weight", "datasize_score_weight", "duration_score_weight", "histogram_score_weight")
_KNOWN = (
    *WEIGHTS,
    "score_thresholds",
    "duration_min_hours_seen",
    "duration_consistency_ideal_hours_seen",
    "strobe_impact",
    "unique_connection_threshold",
)
_BARS = "the bars of the histogram are not in the answer"
BY_LOGS = {
    "window": "scores are of the whole window; which calls were in another one is not in the answer",
    "by": "pairs are not told apart further",
    "internal": "what was left out is not in the answer",
    "every_pair": "what was left out is not in the answer",
    "strobe_connections": "strobes were not scored",
    "histogram_mode_sensitivity": _BARS,
    "histogram_bimodal_outlier_removal": _BARS,
    "histogram_bimodal_min_hours_seen": _BARS,
}


def changed(table: pl.DataFrame, result: Result, changes: Mapping[str, Any]) -> Changed:
    """The pairs with their scores before and after."""
    checked(changes, _KNOWN, BY_LOGS, "beacons")
    then = config_then(result)
    config = rita_with(then, changes)
    if config.unique_connection_threshold < then.unique_connection_threshold:
        raise needs_logs("unique_connection_threshold", "pairs with fewer were not scored", "beacons")
    if "coverage" not in table.columns and any(key.startswith("duration_") and key not in WEIGHTS for key in changes):
        raise needs_logs("duration", "this answer is of an older version, without the column `coverage`", "beacons")
    duration = pl.col("dur_score")
    if "coverage" in table.columns:
        steady = consistency(pl.col("longest_run"), config)
        duration = duration_score(pl.col("coverage"), steady, pl.col("total_bars"), config)
    score = beacon_score(pl.col("ts_score"), pl.col("ds_score"), duration, pl.col("hist_score"), config)
    gone = ~pl.col("strobe") & (pl.col("unique_seconds") < config.unique_connection_threshold)
    worth = pl.when("strobe").then(pl.lit(IMPACTS[config.strobe_impact]))
    after = table.rename({"severity": "severity_before", "score": "score_before"}).with_columns(
        score=pl.when("strobe").then(0.0).when(gone).then(None).otherwise(score)
    )
    after = after.with_columns(
        severity=severity(worth.otherwise(threat_score(pl.col("score") * 100, config.score_thresholds)))
    )
    return Changed(
        after.with_columns(
            listed_before=pl.col("severity_before") != "none", listed=(pl.col("severity") != "none").fill_null(False)
        ),
        "pairs with a severity of low or more",
    )
