"""Our beacon score with other weights: each term to the power of its weight, 1 by default, 0 without it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import mul
from typing import Any

import polars as pl

from watchfloor.analyses.beaconing.context import web_odds
from watchfloor.analyses.beaconing.score import CLOSER, FEWEST, LOOK, TERMS, UNSEEN
from watchfloor.analyses.whatif.changes import Changed, checked, needs_logs, number_of
from watchfloor.result import Result

__all__ = ["changed"]

_CUT = 0.5
_BY_LOGS = {
    "window": "scores are of all calls; which of them were in another window is not in the answer",
    "by": "streams are not told apart further",
    "internal": "which addresses are inside decides what was counted",
}


def changed(table: pl.DataFrame, result: Result, changes: Mapping[str, Any]) -> Changed:
    """The streams with their scores before and after."""
    checked(changes, (*TERMS, "fewest_connections", "at_least"), _BY_LOGS, "beacons")
    weights = {term: number_of(term, changes.get(term, 1), 0, 10) for term in TERMS}
    cut = number_of("at_least", changes.get("at_least", _CUT), 0, 1)
    fewest = number_of("fewest_connections", changes.get("fewest_connections", FEWEST), 0, 1e15)
    if fewest < FEWEST:
        raise needs_logs("fewest_connections", f"streams of fewer than {FEWEST} were not scored", "beacons")
    seen = pl.col("evenness").is_not_null()
    base = reduce(mul, (_term(term, weights[term]) for term in TERMS if term not in (*CLOSER, "web")))
    closer = reduce(mul, (_term(term, weights[term]) for term in CLOSER))
    product = base * pl.when(seen).then(closer).otherwise(UNSEEN)
    # What a port of the web takes away depends on the other terms: of a sure beat nothing.
    after = table.rename({"score": "score_before"}).with_columns(product=product, base=base, on_web=pl.col("web") < 1)
    after = after.with_columns(web=web_odds(pl.col("on_web"), pl.col("product").clip(0, 1)))
    score = pl.when(pl.col("connections") >= fewest).then(pl.col("product") * _term("web", weights["web"]))
    after = after.with_columns(score=score)
    unsure = after.filter(~seen, pl.col("base") >= LOOK).height
    return Changed(
        after.with_columns(
            listed_before=pl.col("score_before") >= cut, listed=(pl.col("score") >= cut).fill_null(False)
        ).drop("base", "product", "on_web"),
        f"streams with a score of {cut:g} or more",
        (f"{unsure:,} rows were not looked at closely, and would be now: their new score is a guess, x {UNSEEN:g}.",)
        if unsure
        else (),
    )


def _term(name: str, weight: float) -> pl.Expr:
    if weight == 0:
        return pl.lit(1.0)
    return pl.col(name) if weight == 1 else pl.col(name).pow(weight)
