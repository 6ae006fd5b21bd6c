"""Why advice on tuning is short or missing: what the alerts that were given do not hold, in words, and what helps."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.tuning.work import Work

__all__ = ["shortcomings"]


def shortcomings(work: Work, *, rows: int, minimum: int) -> str:
    """Sentences on what could not be learned; empty where nothing was short.

    Arguments:
        work: what was learned from.
        rows: of the answer.
        minimum: the least number of alerts behind a row.
    """
    if work.alerts.is_empty():
        return "There is no alert with a rule and a time here, and nothing to learn from."
    by_rule = work.alerts.group_by("rule").agg(n=pl.len(), decided=pl.col("decided").sum())
    loudest = int(by_rule["n"].max())  # type: ignore[arg-type]
    if loudest < minimum:
        return (
            f"No rule has {minimum} alerts here (--minimum): the most frequent one has {loudest}, of "
            f"{work.alerts.height} in all. So few teach nothing: give a longer time."
        )
    said = []
    if work.facts.is_empty():
        said.append(
            "There is no evidence (addresses, users, hosts): nothing but whole rules and hours can be named. With a "
            'column map, [evidence] brings it: src_ip = "their column".'
        )
    if work.labelled and by_rule.filter(pl.col("decided") > 0).height == 1:
        said.append(
            "All verdicts are about one rule: nothing of it stands out against other rules' alerts. Give the alerts of "
            "all rules."
        )
    if not rows:
        said.append("Nothing is proposed: the part `why_not` lists what looked like noise, and what speaks against it.")
    return " ".join(said)
