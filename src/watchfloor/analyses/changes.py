"""On which day did a rule's volume change its level? Pettitt's test by ranks, where one loud day changes nothing."""

from __future__ import annotations

from functools import partial

import polars as pl

from watchfloor.analyses.volume import day_of, days_between

__all__ = ["changes_by_rule", "false_discoveries", "last_change", "one_in"]

_ROUNDS = 4
"""A rule's days are cut in two so many times at most, part by part."""
_SIDE = 3
"""Days on either side of a change at the least: less is a burst."""
_LATER = 3
"""Days that lie so far apart hang together no more."""
_OVERSHOOT = 0.5826
"""How far a random walk passes a limit, in its steps: -zeta(1/2) / sqrt(2 pi)."""
_COLUMNS = pl.Schema(
    {
        "rule": pl.String(),
        "day": pl.Date(),
        "per_day_before": pl.Float64(),
        "per_day_after": pl.Float64(),
        "change_ratio": pl.Float64(),
        "days_before": pl.Int64(),
        "days_after": pl.Int64(),
        "chance": pl.Float64(),
        "one_in": pl.Int64(),
    }
)


def changes_by_rule(alerts: pl.LazyFrame, *, zone: str, minimum: int, share: float) -> pl.LazyFrame:
    """One row per change of level: `rule`, first `day` of the new level, alerts per day before and after, `chance`.

    Pettitt's test (Applied Statistics 28, 1979) asks where the ranks of the days part best, and `chance` is how often
    days in random order would part as well. It takes any distribution; ties have their variance, and days that hang
    together widen it by (1 + r) / (1 - r), r being the correlation of neighbours, from differences within the two
    levels, which another change bends little (Tecuapetla-Gomez and Munk, 2017). Each part is asked again (Vostrikova's
    binary segmentation, 1981). Where no rule changes at all, an answer shows one in a share of cases of at most `share`
    (Benjamini and Hochberg, 1995, over all rules).

    The days are those that all alerts span; the first and the last, which may be cut, are left out. Rules below
    `minimum` alerts are not asked. Before and after reach to the rule's neighbouring changes.
    """
    timed = alerts.filter(pl.col("created_time").is_not_null()).select("rule", day=day_of(pl.col("created_time"), zone))
    seen = timed.group_by("rule", "day").agg(alerts=pl.len().cast(pl.Float64))
    inner = days_between(timed.select(first=pl.col("day").min(), last=pl.col("day").max())).filter(
        pl.col("day") > pl.col("day").min(), pl.col("day") < pl.col("day").max()
    )
    rules = seen.group_by("rule").agg(all=pl.col("alerts").sum()).filter(pl.col("all") >= minimum).select("rule")
    return (
        rules.join(inner, how="cross")
        .join(seen, on=["rule", "day"], how="left", nulls_equal=True)
        .select("rule", "day", pl.col("alerts").fill_null(0.0))
        .sort("rule", "day")
        .map_batches(partial(_segmented, share=share), schema=_COLUMNS)
    )


def last_change(changes: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule that changed: the day and the ratio of its last change."""
    return changes.sort("day").group_by("rule").last().select("rule", changed_day="day", changed_ratio="change_ratio")


def false_discoveries(chances: pl.Series, share: float) -> float:
    """The largest chance that still counts, so that of all that count `share` at most is expected to be false.

    Benjamini and Hochberg's procedure (Journal of the Royal Statistical Society B 57, 1995); 0 where nothing counts.
    """
    ordered = chances.sort()
    limits = pl.int_range(1, len(ordered) + 1, eager=True) * share / max(1, len(ordered))
    passed = ordered.filter(ordered <= limits)
    return float(passed[-1]) if len(passed) else 0.0


def one_in(chance: pl.Expr) -> pl.Expr:
    """A chance as people say it: once in so many cases, a million at most."""
    return (1 / chance.clip(1e-6)).round().cast(pl.Int64)


def _segmented(days: pl.DataFrame, *, share: float) -> pl.DataFrame:
    """Cuts each rule's days where they part, and each part again."""
    if days.is_empty():
        return pl.DataFrame(schema=_COLUMNS)
    parts = days.with_columns(part=pl.lit(0, pl.Int64))
    found: list[pl.DataFrame] = []
    limit = 0.0
    for number in range(_ROUNDS):
        best = _parted(parts)
        if number == 0:
            limit = false_discoveries(best["chance"], share)
        cuts = best.filter(pl.col("chance") <= limit)
        if cuts.is_empty() or limit == 0:
            break
        found.append(cuts.select("rule", "day", "chance"))
        cut = cuts.select("rule", "part", cut="day")
        parts = (
            # What was not cut will not be cut in another round.
            parts.join(cut, on=["rule", "part"], how="inner", nulls_equal=True)
            .with_columns(part=2 * pl.col("part") + (pl.col("day") >= pl.col("cut")))
            .drop("cut")
        )
    if not found:
        return pl.DataFrame(schema=_COLUMNS)
    return _levels(days, pl.concat(found))


def _parted(parts: pl.DataFrame) -> pl.DataFrame:
    """The best cut of each part of each rule: the `day` after it, and its `chance`."""
    part = ["rule", "part"]
    rank, n, at = pl.col("rank"), pl.col("n"), pl.col("at")
    walked = (
        parts.sort(*part, "day", nulls_last=True)
        .with_columns(
            rank=pl.col("alerts").rank("average").over(part),
            at=pl.int_range(1, pl.len() + 1).over(part),
            n=pl.len().over(part).cast(pl.Float64),
        )
        .with_columns(walk=(rank - (n + 1) / 2).cum_sum().over(part))
        .with_columns(far=pl.when((at >= _SIDE) & (n - at >= _SIDE)).then(pl.col("walk").abs()))
    )
    best = (
        walked.filter(pl.col("far").is_not_null())
        .sort(*part, pl.col("far").neg(), "day", nulls_last=True)
        .group_by(part, maintain_order=True)
        .first()
        .select(*part, cut="at", farthest="far")
    )
    apart = walked.join(best, on=part, nulls_equal=True).with_columns(after=at > pl.col("cut"))
    levels = (
        apart.with_columns(next=rank.diff().over(*part, "after"), later=rank.diff(_LATER).over(*part, "after"))
        .group_by(part, maintain_order=True)
        .agg(
            far=pl.col("farthest").first(),
            day=pl.col("day").filter("after").first(),
            n=n.first(),
            # 12 S^2 / (n (n + 1)) is 1 without ties.
            variance=((rank - (n + 1) / 2) ** 2).sum() / (n.first() - 1),
            together=1 - (pl.col("next") ** 2).mean() / (pl.col("later") ** 2).mean(),
        )
    )
    r = pl.col("together").fill_nan(0.0).fill_null(0.0).clip(0.0, 0.9)
    # Days are steps, and the walk between them goes further: Siegmund's correction (Sequential Analysis, 1985).
    x = pl.col("far") / (pl.col("variance") * n).sqrt() + _OVERSHOOT / n.sqrt()
    x2 = x**2 * (1 - r) / (1 + r)
    chance = pl.when(pl.col("variance") > 0).then((2 * (-2 * x2).exp()).clip(0, 1)).otherwise(1.0)
    return levels.select(*part, "day", chance=chance)


def _levels(days: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Alerts per day between the cuts."""
    before = pl.col("per_day_before")
    return (
        days.join(cuts, on=["rule", "day"], how="left", nulls_equal=True)
        .sort("rule", "day", nulls_last=True)
        .with_columns(level=pl.col("chance").is_not_null().cum_sum().over("rule"))
        .group_by("rule", "level", maintain_order=True)
        .agg(
            day=pl.col("day").first(),
            chance=pl.col("chance").first(),
            per_day_after=pl.col("alerts").mean(),
            days_after=pl.len().cast(pl.Int64),
        )
        .with_columns(
            per_day_before=pl.col("per_day_after").shift(1).over("rule"),
            days_before=pl.col("days_after").shift(1).over("rule"),
        )
        .filter(pl.col("chance").is_not_null())
        .with_columns(
            change_ratio=pl.when(before > 0).then(pl.col("per_day_after") / before), one_in=one_in(pl.col("chance"))
        )
        .sort("chance", "rule", "day", nulls_last=True)
        .select(_COLUMNS.names())
    )
