"""RITA's final score with other weights, thresholds and modifiers, from its stored parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.analyses.rita.config import RitaConfig
from watchfloor.analyses.rita.final import with_final_score
from watchfloor.analyses.rita.scores import beacon_score
from watchfloor.analyses.whatif.changes import Changed, checked, config_then, needs_logs, rita_with
from watchfloor.analyses.whatif.rita_beacons import BY_LOGS, WEIGHTS
from watchfloor.result import Result

__all__ = ["changed"]

_SAME = 2e-6
"""Scores are stored to 6 decimals."""
_KNOWN = (
    *WEIGHTS,
    "score_thresholds",
    "long_connection_score_thresholds",
    "c2_score_thresholds",
    "strobe_impact",
    "threat_intel_impact",
    "threat_intel_score_increase",
    "threat_intel_datasize_threshold",
    "prevalence_score_increase",
    "prevalence_increase_threshold",
    "prevalence_score_decrease",
    "prevalence_decrease_threshold",
    "first_seen_score_increase",
    "first_seen_score_decrease",
    "missing_host_count_score_increase",
    "rare_signature_score_increase",
    "c2_over_dns_direct_conn_score_increase",
    "mime_type_mismatch_score_increase",
)
_SAID = {
    "first_seen_score_increase": "first_seen",
    "first_seen_score_decrease": "first_seen",
    "rare_signature_score_increase": "rare_signature",
    "c2_over_dns_direct_conn_score_increase": "c2_over_dns_direct_conn",
    "mime_type_mismatch_score_increase": "mime_type_mismatch",
}
"""Modifiers that are known from the words of `modifiers` alone, which have none that is worth 0."""
_BY_LOGS = BY_LOGS | {
    "unique_connection_threshold": "whether names explain a pair depends on it",
    "duration_min_hours_seen": "the bars of the histogram are not in the answer",
    "duration_consistency_ideal_hours_seen": "the bars of the histogram are not in the answer",
    "first_seen_increase_threshold": "ages are not in the answer",
    "first_seen_decrease_threshold": "ages are not in the answer",
    "as_of": "ages are not in the answer",
    "one_import": "what was read together decides every score",
    "threat_intel": "RITA looks up what passed its filters, which is more than the answer",
}


def changed(table: pl.DataFrame, result: Result, changes: Mapping[str, Any]) -> Changed:
    """The threats with their scores before and after."""
    checked(changes, _KNOWN, _BY_LOGS, "hunt")
    then = config_then(result)
    config = rita_with(then, changes)
    for name, what in (
        ("long_connection_score_thresholds", "shorter pairs"),
        ("c2_score_thresholds", "smaller domains"),
    ):
        if getattr(config, name).base < getattr(then, name).base:
            raise needs_logs(name, f"{what} than its old base have no row", "hunt")
    for key, word in _SAID.items():
        if key in changes and getattr(then, key) == 0:
            raise needs_logs(key, f"it was 0, so the answer does not say which rows have {word}", "hunt")
    facts = _facts(table)
    again, after = (_scored(facts, one) for one in (then, config))
    known = (again["final_score"] - table["final_score"]).abs() <= _SAME
    rows = table.rename({"final_score": "score_before", "severity": "severity_before"}).with_columns(
        score=pl.when(known).then(after["final_score"]).otherwise("score_before"),
        severity=pl.when(known).then(after["severity"]).otherwise("severity_before"),
    )
    lost = int((~known).sum())
    notes = (
        *((f"{lost:,} rows cannot be computed again from their columns, and keep their score.",) if lost else ()),
        *(
            ("Pairs of addresses that names explain stay away, though the base of long connections decides that too.",)
            if config.long_connection_score_thresholds.base != then.long_connection_score_thresholds.base
            else ()
        ),
    )
    return Changed(
        rows.with_columns(listed_before=pl.col("severity_before") != "none", listed=pl.col("severity") != "none"),
        "threats with a severity of low or more",
        notes,
    )


def _facts(table: pl.DataFrame) -> pl.DataFrame:
    """What the modifiers look at; where the columns do not say it, from the words, before any that a log wrote."""
    table = table.with_columns(pl.col("modifiers").cast(pl.String))
    ours = pl.col("modifiers").str.split("rare_signature ").list.first()
    first_seen = ours.str.extract(r"first_seen ([+-])")
    return table.with_columns(
        age_days=pl.when(first_seen == "+").then(0.0).when(first_seen == "-").then(1e9),
        direct=ours.str.contains("c2_over_dns_direct_conn ", literal=True),
        signature=pl.when(pl.col("modifiers").str.contains("rare_signature ", literal=True)).then(pl.lit("")),
        mismatches=pl.col("modifiers").str.extract(r"mime_type_mismatch [+-]?[0-9.]+ \(([0-9]+)\)$").cast(pl.Int64),
    )


def _scored(facts: pl.DataFrame, config: RitaConfig) -> pl.DataFrame:
    ts, ds, dur, hist = (pl.col(name) for name in ("ts_score", "ds_score", "dur_score", "hist_score"))
    scored = pl.coalesce(beacon_score(ts, ds, dur, hist, config), pl.lit(0.0))
    long = pl.when(pl.col("kind") != "dns").then("total_duration_seconds")
    return (
        facts.lazy()
        .with_columns(beacon_score=scored)
        .pipe(with_final_score, long, config)
        .select("final_score", "severity")
        .collect()
    )
