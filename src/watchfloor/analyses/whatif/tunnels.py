"""DNS tunnels with other weights and thresholds, from their stored terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from watchfloor.analyses.dns_tunnels import DIRECT, LEAST_BYTES, MOST_BYTES, score_of_terms, volume_of
from watchfloor.analyses.rita.scores import threat_score
from watchfloor.analyses.whatif.changes import Changed, checked, config_then, needs_logs, number_of, rita_with
from watchfloor.errors import BadOption
from watchfloor.result import Result

__all__ = ["changed"]

_TERMS = ("volume", "shape", "solitude")
_C2 = "c2_score_thresholds"
_CUT = 0.5
_BY_LOGS = {
    "window": "names are counted over the whole log; how many were asked for in a part of it is not in the answer",
    "known": "whether names fit a listed regex is not in the answer",
}


def changed(table: pl.DataFrame, result: Result, changes: Mapping[str, Any]) -> Changed:
    """The clients and domains with their scores before and after."""
    known = (*_TERMS, "least_names", "least_bytes", "most_bytes", "direct", "at_least", _C2)
    checked(changes, known, _BY_LOGS, "dns_tunnels")
    then = int(result.provenance.parameters.get("least_names", 10))
    least = number_of("least_names", changes.get("least_names", then), 1, 1e15)
    if least < then:
        raise needs_logs("least_names", f"clients with fewer than {then} names have no row", "dns_tunnels")
    few, many = (
        number_of(key, changes.get(key, value), 1, 1e15)
        for key, value in (("least_bytes", LEAST_BYTES), ("most_bytes", MOST_BYTES))
    )
    if few >= many:
        raise BadOption(f"what if least_bytes = {few:g}, most_bytes = {many:g}: they do not rise", hint="64 and 4096")
    weights = {term: number_of(term, changes.get(term, 1), 0, 10) for term in _TERMS}
    cut = number_of("at_least", changes.get("at_least", _CUT), 0, 1)
    direct = number_of("direct", changes.get("direct", DIRECT), 0, 1)
    enough = pl.max_horizontal("names", "text_answers" if "text_answers" in table.columns else pl.lit(0)) >= least
    after = (
        table.rename({"score": "score_before"})
        .with_columns(volume=volume_of(few, many))
        .with_columns(pl.col(term).pow(weight) for term, weight in weights.items() if weight != 1)
        .with_columns(score=pl.when(enough).then(score_of_terms(direct)))
    )
    unknown = pl.col("known").is_null()
    return Changed(
        after.with_columns(
            listed_before=(pl.col("score_before") >= cut) & unknown,
            listed=((pl.col("score") >= cut) & unknown).fill_null(False),
        ),
        f"clients and domains with a score of {cut:g} or more that are not known to ask for many names",
        parts=_subdomains(result, changes),
    )


def _subdomains(result: Result, changes: Mapping[str, Any]) -> tuple[Result, ...]:
    """RITA's count of names with other thresholds."""
    if _C2 not in changes:
        return ()
    part = next((part for part in result.parts if part.name == "subdomains"), None)
    if part is None:
        raise BadOption(
            f"what if {_C2}: this answer has no part `subdomains`",
            hint="write the answer as .json, which has its parts",
        )
    then = config_then(result)
    limits = rita_with(then, {_C2: changes[_C2]}).c2_score_thresholds
    if limits.base < then.c2_score_thresholds.base:
        raise needs_logs(_C2, "domains with fewer names have no row", "dns_tunnels")
    score = threat_score(pl.col("subdomains"), limits).round(6)
    table = part.table.rename({"c2_over_dns_score": "score_before"}).with_columns(c2_over_dns_score=score)
    return (replace(part, table=table, explanation=f"RITA's score from {limits.base:g} names."),)
