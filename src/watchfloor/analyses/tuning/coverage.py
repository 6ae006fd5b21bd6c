"""Which rules alone cover an ATT&CK technique or tactic, so that without them nothing else would see it."""

from __future__ import annotations

import polars as pl

__all__ = ["COVERAGE_FIELDS", "sole_coverage"]

COVERAGE_FIELDS = ("technique", "tactic", "mitre_technique", "mitre_tactic", "attack_technique", "attack_tactic")
"""Fields of evidence that name a technique or a tactic, by its number or its name."""
_NUMBER = r"\b(TA?\d{4}(?:\.\d{3})?)\b"
"""As MITRE numbers them: T1110, T1110.001, TA0006."""


def sole_coverage(rules: pl.Series, said: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """By rule the techniques and tactics that it alone covers; a rule whose alerts name none is not in it.

    Arguments:
        rules: names of all rules: a number may stand in one.
        said: `rule`, `value`: what alerts name in a field of coverage.
    """
    texts = pl.concat(
        [
            said.select(pl.col("rule", "value").cast(pl.String)),
            pl.DataFrame({"rule": rules.cast(pl.String)}).select(
                "rule", value=pl.col("rule").str.extract_all(_NUMBER).list.join(" ")
            ),
        ]
    ).filter(pl.col("value") != "")
    numbers = pl.col("value").str.to_uppercase().str.extract_all(_NUMBER)
    named = (
        texts.select("rule", name=pl.when(numbers.list.len() > 0).then(numbers).otherwise(pl.concat_list("value")))
        .explode("name")
        .unique()
        .drop_nulls()
        .filter(pl.len().over("name") == 1)
        .group_by("rule")
        .agg(pl.col("name").sort())
    )
    return {str(rule): tuple(names) for rule, names in named.iter_rows()}
