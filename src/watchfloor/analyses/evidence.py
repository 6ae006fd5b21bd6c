"""What a rule's alerts have in common: the address, user or host that stands behind most of them."""

from __future__ import annotations

import polars as pl

__all__ = ["ENTITIES", "evidence_by_rule", "facts_by_alert", "standing_out", "top_by_rule"]

ENTITIES = (
    *("src_ip", "dst_ip", "ip", "user", "host", "process", "domain"),
    *("mail", "url", "file", "sha256", "risk_object", "offense_source"),
)
"""Fields that name someone or something, what one would exclude by, in order of choice; others say what kind it is."""


def facts_by_alert(alerts: pl.LazyFrame, evidence: pl.LazyFrame) -> pl.LazyFrame:
    """Evidence as `row`, `field`, `value`, each pair once per alert.

    An alert and its evidence meet by source and alert id, or by source and record where there is no id.

    Arguments:
        alerts: with `row`, a number of each.
        evidence: the canonical table.
    """
    known = evidence.filter(pl.col("field").is_not_null(), pl.col("value").is_not_null())
    identified, columns = pl.col("alert_id").is_not_null(), ["row", "field", "value"]
    met = [
        known.filter(mine).join(alerts.filter(mine).select(*key, "row"), on=key, nulls_equal=True).select(columns)
        for mine, key in (
            (identified, ["source", "alert_id"]),
            (~identified & pl.col("record").is_not_null(), ["source", "record"]),
        )
    ]
    # Few texts, often repeated: by number they take a quarter of the memory.
    return pl.concat(met).with_columns(pl.col("field", "value").cast(pl.Categorical)).unique()


def evidence_by_rule(alerts: pl.LazyFrame, facts: pl.LazyFrame, *, top: int) -> pl.LazyFrame:
    """One row per rule, field and value, for the `top` values that are in most alerts of the rule.

    `share` is of the rule's alerts, `other_share` of all other alerts, `lift` the one over the other: null where no
    other alert has the value. `values` is how many values the field has under the rule. An alert counts once per value.

    Arguments:
        alerts: with `row`, a number of each.
        facts: as `facts_by_alert` gives them.
        top: see above.
    """
    by_rule = alerts.group_by("rule").agg(rule_alerts=pl.len().cast(pl.Int64))
    group, best_first = ["rule", "field"], (pl.col("alerts").neg(), "value")
    return (
        facts.join(alerts.select("row", pl.col("rule").cast(pl.Categorical)), on="row", how="inner")
        .group_by("rule", "field", "value")
        .agg(alerts=pl.len().cast(pl.Int64))
        .with_columns(pl.col("rule", "field", "value").cast(pl.String))
        .join(by_rule, on="rule", how="left", nulls_equal=True)
        .join(alerts.select(all_alerts=pl.len().cast(pl.Int64)), how="cross")
        .pipe(_compare)
        .sort(*group, *best_first, nulls_last=True)
        .with_columns(values=pl.len().cast(pl.Int64).over(group), rank=pl.int_range(1, pl.len() + 1).over(group))
        .filter(pl.col("rank") <= top)
        .sort(pl.col("rule").is_null(), pl.col("rule_alerts").neg(), *group, "rank")
        .select(*group, "value", "alerts", "share", "other_share", "lift", "rule_alerts", "values", "rank")
    )


def standing_out(evidence: pl.LazyFrame, *, minimum: int) -> pl.LazyFrame:
    """Rows of `evidence_by_rule` that name somebody or something in at least `minimum` alerts, most alerts first."""
    return (
        evidence.filter(pl.col("field").is_in(ENTITIES), pl.col("alerts") >= minimum)
        .with_columns(evidence=_text())
        .sort(pl.col("alerts").neg(), "rule", "field", "value", nulls_last=True)
        .select("evidence", "rule", "alerts", "share", "other_share", "lift", "field", "value")
    )


def top_by_rule(evidence: pl.LazyFrame, *, minimum: int) -> pl.LazyFrame:
    """One row per rule: the value in most of its alerts, one that names somebody or something where there is one.

    A kind that all alerts of the rule share (its category) is the rule in other words, and not among them.
    """
    place = pl.col("field").replace_strict(
        {field: n for n, field in enumerate(ENTITIES)}, default=len(ENTITIES), return_dtype=pl.Int8
    )
    return (
        evidence.filter(pl.col("alerts") >= minimum, (place < len(ENTITIES)) | (pl.col("values") > 1))
        .sort(place == len(ENTITIES), pl.col("alerts").neg(), place, "field", "value")
        .group_by("rule", maintain_order=True)
        .first()
        .select("rule", top_evidence=_text(), top_evidence_share="share", top_evidence_lift="lift")
    )


def _compare(counted: pl.LazyFrame) -> pl.LazyFrame:
    """Shares under the rule and under all others."""
    elsewhere = pl.col("alerts").sum().over("field", "value") - pl.col("alerts")
    others = pl.col("all_alerts") - pl.col("rule_alerts")
    return counted.with_columns(
        share=pl.col("alerts") / pl.col("rule_alerts"), other_share=pl.when(others > 0).then(elsewhere / others)
    ).with_columns(lift=pl.when(pl.col("other_share") > 0).then(pl.col("share") / pl.col("other_share")))


def _text() -> pl.Expr:
    return pl.format("{} = {}", "field", "value")
