"""Which rules say the same? Two that fire on the same entity, close in time, again and again."""

from __future__ import annotations

from functools import partial

import polars as pl

from watchfloor.analyses.evidence import ENTITIES

__all__ = ["rules_together"]

_ALWAYS = 0.9
"""Share of a rule's alerts that have one of the other beside them."""
_LIFT = 3.0
"""Times more often than when the other rule's alerts are moved in time."""
_AWAY = (-10, 10, 37)
"""So many windows the other rule's alerts are moved, to see how often they would be near by chance."""
_OCCASIONS = 5
"""Occasions on which both fired, at the least."""
_TEN_MINUTES = 600_000
_PAIRS = 200
"""Pairs that are compared alert by alert, at most: those with most alerts in common."""
_CELLS = 1_500_000
"""Windows of all rules together that are compared to find pairs; of rules with more, a part stands for all."""
_COLUMNS = pl.Schema(
    {
        "kind": pl.String(),
        "rule": pl.String(),
        "other_rule": pl.String(),
        "support": pl.Int64(),
        "rule_share": pl.Float64(),
        "other_rule_share": pl.Float64(),
        "rule_chance_share": pl.Float64(),
        "other_chance_share": pl.Float64(),
        "lift": pl.Float64(),
        "other_lift": pl.Float64(),
        "rule_occasions": pl.Int64(),
        "other_occasions": pl.Int64(),
        "rule_alerts": pl.Int64(),
        "other_alerts": pl.Int64(),
        "rule_true": pl.Int64(),
        "other_true": pl.Int64(),
        "basis": pl.String(),
    }
)


def rules_together(alerts: pl.LazyFrame, facts: pl.LazyFrame, *, minimum: int, seconds: float) -> pl.LazyFrame:
    """One row per pair of rules of which one nearly always has the other beside it.

    Beside it: an alert of the other rule that shares an address, user, host or the like, at most `seconds` away; where
    no alert has such evidence, any alert of the same client and system (`basis` says which). A rule's alerts on one
    entity within ten minutes are one occasion, so that one attack with a thousand alerts proves no more than it does.
    `support` is the occasions of `rule` that have the other beside them, `rule_share` their share, `other_rule_share`
    the other way round. The lift is against the same other alerts moved in time by some windows (the shift predictor of
    Perkel, Gerstein and Moore, 1967): two rules that never rest are near one another anyway, and stay near when moved.
    It is null where none is near then.

    Arguments:
        alerts: with `row`, `rule`, `created_time`, `disposition`, `client`, `system`.
        facts: evidence by `row`, as `facts_by_alert` gives it.
        minimum: rules with fewer alerts are not asked.
        seconds: how close in time.
    """
    timed = alerts.filter(pl.col("rule").is_not_null(), pl.col("created_time").is_not_null())
    true = (pl.col("disposition") == "true_positive").sum().cast(pl.Int64)
    sizes = timed.group_by("rule").agg(n=pl.len().cast(pl.Int64), true=true).filter(pl.col("n") >= minimum)
    kept = timed.join(sizes.select("rule"), on="rule", how="semi").select(
        "row", pl.col("rule").cast(pl.Categorical), at=pl.col("created_time").dt.epoch("ms")
    )
    named = facts.filter(pl.col("field").cast(pl.String).is_in(ENTITIES)).select(
        "row", entity=pl.col("value").cast(pl.Categorical)
    )
    client = pl.format("{}|{}", pl.col("client").fill_null(""), pl.col("system").fill_null(""))
    by_entity = kept.join(named, on="row", how="inner")
    by_time = kept.join(timed.select("row", entity=client.cast(pl.Categorical)), on="row", how="inner").join(
        facts.select(said=pl.col("field").cast(pl.String).is_in(ENTITIES).any()).filter(~pl.col("said")), how="cross"
    )
    marks = pl.concat([by_entity.with_columns(said=pl.lit(value=True)), by_time])
    compare = partial(_compared, sizes=sizes, window=int(1000 * seconds))
    return marks.map_batches(compare, schema=_COLUMNS)


def _compared(marks: pl.DataFrame, *, sizes: pl.LazyFrame, window: int) -> pl.DataFrame:
    """Candidates by windows, then each of them alert by alert."""
    if marks.is_empty():
        return pl.DataFrame(schema=_COLUMNS)
    basis = "same entity" if marks["said"].all() else "time alone: no evidence names anybody"
    counts = {rule: (n, true) for rule, n, true in sizes.collect().iter_rows()}
    rows = []
    cache: dict[str, pl.DataFrame] = {}
    first: dict[str, pl.DataFrame] = {}

    def of(rule: str) -> pl.DataFrame:
        if rule not in cache:
            cache[rule] = marks.filter(pl.col("rule") == rule).select("row", "entity", "at").sort("at")
        return cache[rule]

    def once(rule: str) -> pl.DataFrame:
        if rule not in first:
            first[rule] = _occasions(of(rule))
        return first[rule]

    for rule, other in _candidates(marks, window=window):
        here, there = _near(once(rule), of(other), window), _near(once(other), of(rule), window)
        n, m = once(rule)["row"].n_unique(), once(other)["row"].n_unique()
        if min(here, there) < _OCCASIONS or max(here / n, there / m) < _ALWAYS:
            continue
        by_chance = sum(_near(once(rule), of(other), window, moved=k) for k in _AWAY) / len(_AWAY) / n
        back = sum(_near(once(other), of(rule), window, moved=k) for k in _AWAY) / len(_AWAY) / m
        forward = here / n >= max(_ALWAYS, _LIFT * by_chance)
        backward = there / m >= max(_ALWAYS, _LIFT * back)
        if not forward and not backward:
            continue
        pair = [(rule, n, here / n, by_chance), (other, m, there / m, back)]
        if not forward:
            pair.reverse()  # the rule that adds nothing stands first
        (first_rule, size, share, chance), (second, size2, share2, chance2) = pair
        rows.append(
            {
                "kind": "always together" if forward and backward else "never without the other",
                "rule": first_rule,
                "other_rule": second,
                "support": round(share * size),
                "rule_share": share,
                "other_rule_share": share2,
                "rule_chance_share": chance,
                "other_chance_share": chance2,
                "lift": share / chance if chance else None,
                "other_lift": share2 / chance2 if chance2 else None,
                "rule_occasions": size,
                "other_occasions": size2,
                "rule_alerts": counts[first_rule][0],
                "other_alerts": counts[second][0],
                "rule_true": counts[first_rule][1],
                "other_true": counts[second][1],
                "basis": basis,
            }
        )
    return pl.DataFrame(rows, schema=_COLUMNS).sort(
        pl.col("kind") != "always together", pl.col("support").neg(), "rule", "other_rule"
    )


def _candidates(marks: pl.DataFrame, *, window: int) -> list[tuple[str, str]]:
    """Pairs that are in one place and window often enough, the most frequent first.

    Windows of twice the distance hold at least half of what is within the distance.
    """
    # The same windows are drawn for every rule, so that what two rules share is drawn for both; by the text, which is
    # the same in every run.
    places = marks.select(pl.col("entity").unique()).select("entity", place=pl.col("entity").cast(pl.String).hash(1))
    rules = marks.group_by("rule").agg(n=pl.len())
    most = _CELLS / max(1, rules.height)
    rules = rules.select("rule", part=(most / pl.col("n")).clip(0, 1))
    lot = (pl.col("place") ^ pl.col("cell").hash(2)).hash(3).cast(pl.Float64) / 2.0**64
    drawn = (
        marks.lazy()
        .select("rule", "entity", cell=(pl.col("at") // (2 * window)).cast(pl.Int64))
        .join(rules.lazy(), on="rule")
        .join(places.lazy(), on="entity")
        .filter(lot < pl.col("part"))
        .select("rule", "entity", "cell")
        .unique()
        .collect(engine="streaming")
    )
    together = (
        drawn.lazy()
        .join(drawn.lazy(), on=["entity", "cell"], suffix="_other")
        .group_by("rule", "rule_other")
        .agg(both=pl.len())
        .with_columns(pl.col("rule", "rule_other").cast(pl.String))
        .filter(pl.col("rule") < pl.col("rule_other"))
        .collect(engine="streaming")
    )
    sizes = (
        drawn.group_by("rule").agg(cells=pl.len()).join(rules, on="rule").with_columns(pl.col("rule").cast(pl.String))
    )
    size = {rule: (cells, part) for rule, cells, part in sizes.select("rule", "cells", "part").iter_rows()}
    often = []
    for rule, other, both in together.iter_rows():
        (n, part), (m, other_part) = size[rule], size[other]
        seen = both / min(part, other_part)
        if seen >= _OCCASIONS / 2 and seen >= 0.4 * min(n / part, m / other_part):
            often.append((-seen, rule, other))
    return [(rule, other) for _, rule, other in sorted(often)[:_PAIRS]]


def _near(mine: pl.DataFrame, others: pl.DataFrame, window: int, *, moved: int = 0) -> int:
    """How many of my alerts have one of the others on the same entity within the window."""
    shifted = others.select("entity", "at", near="at").with_columns(pl.col("at", "near") + moved * 2 * window)
    found = mine.join_asof(shifted, on="at", by="entity", strategy="nearest", tolerance=window, check_sortedness=False)
    return found.filter(pl.col("near").is_not_null())["row"].n_unique()


def _occasions(alerts: pl.DataFrame) -> pl.DataFrame:
    """The first alert of each entity in each ten minutes."""
    kept = alerts.with_columns(ten=pl.col("at") // _TEN_MINUTES).unique(["entity", "ten"], keep="first")
    return kept.drop("ten").sort("at")
