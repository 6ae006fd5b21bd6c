"""Remedies that show one alert for many: bursts are grouped, repeats held back, two rules that see one event merged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.tuning.exclusion import Condition
from watchfloor.analyses.tuning.natures import fault_by_nature, grouped_by_nature
from watchfloor.analyses.tuning.work import Work

__all__ = ["Remedy", "merges", "named_entities", "remedies"]

_GAP = 600
"""Seconds: alerts of one entity with less between them are one burst."""
_WINDOW = 3600
"""Seconds: a repeat within them adds nothing."""
_BURST = 0.35
"""Share of a rule's alerts in one hour from which on it comes in bursts."""
_LARGE = 100
"""Alerts in that hour."""
_TOGETHER = 0.95
"""Share of either rule's alerts that have one of the other in the same second at the same entity."""
_SHARE = 0.3
"""A remedy removes at least this share of what its rule raises."""


@dataclass(frozen=True)
class Remedy:
    """Another remedy than an exclusion."""

    kind: Literal["group", "suppress", "threshold", "fix_source", "merge"]
    rule: str
    rows: pl.Series
    """Alerts that nobody would see one by one any more, sorted."""
    cause: str
    """Why these alerts come, in a few words."""
    reason: str
    other: str | None = None
    """The second rule of a merge."""
    conditions: tuple[Condition, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What else is needed to count again: windows in seconds, numbers, by whom."""
    doubt: str = ""
    """Why it is listed and not recommended; empty where nothing speaks against it."""


def remedies(named: pl.DataFrame, *, minimum: int, left_out: Collection[str] = frozenset()) -> Iterator[Remedy]:
    """Groups and suppressions for rules that still raise much; what they hold back stands behind one that is shown.

    Arguments:
        named: alerts that exclusions leave, with `entity`.
        minimum: a remedy removes at least so many.
        left_out: rules that have another remedy.
    """
    if named.is_empty():
        return
    big = (
        named.group_by("rule").len().filter(pl.col("len") >= 2 * minimum).sort("len", "rule", descending=[True, False])
    )
    hours = named.group_by("rule", "hour").len().group_by("rule").agg(top=pl.col("len").max())
    tops = dict(hours.iter_rows())
    for rule, n in big.iter_rows():
        if rule in left_out or fault_by_nature(str(rule)):
            continue
        mine = named.filter(pl.col("rule") == rule).sort("entity", "time", "row", nulls_last=False)
        nature = grouped_by_nature(str(rule))
        burst = tops[rule] >= _LARGE and tops[rule] > _BURST * n
        rows = _repeats(mine, _GAP if burst or nature else _WINDOW, rolling=bool(burst or nature))
        if rows.len() < max(minimum, _SHARE * n):
            continue
        shown = n - rows.len()
        if nature or burst:
            why = nature or f"one hour holds {tops[rule] / n:.0%} of its {n} alerts"
            yield Remedy(
                "group",
                rule,
                rows,
                cause="its number says much, a single one little" if nature else "one incident raises many alerts",
                reason=f"{why}; one alert per burst (no {_GAP // 60} minutes of silence) and entity leaves {shown}",
                parameters={"silence_seconds": _GAP, "by": "entity"},
            )
        else:
            yield Remedy(
                "suppress",
                rule,
                rows,
                cause="the same thing is said again and again",
                reason=f"the same entity raises it again and again; one alert per entity and hour leaves {shown}",
                parameters={"window_seconds": _WINDOW, "aligned": "UTC", "by": "entity"},
            )


def named_entities(work: Work, gone: pl.Series) -> pl.DataFrame:
    """Alerts that are left, with the one that each is about.

    Arguments:
        work: all alerts.
        gone: rows that exclusions remove.
    """
    return _entities(work.alerts.filter(~pl.col("row").is_in(gone.implode())), work.facts)


def _entities(rest: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Alerts with the first field that names somebody."""
    place = {field: n for n, field in enumerate(ENTITIES)}
    known = facts.filter(pl.col("field").is_in(ENTITIES)).with_columns(
        place=pl.col("field").replace_strict(place, return_dtype=pl.UInt8)
    )
    first = known.sort("row", "place", "value").unique("row", keep="first")
    return rest.join(first.select("row", entity="value"), on="row", how="left")


def _repeats(mine: pl.DataFrame, span: int, *, rolling: bool) -> pl.Series:
    """Rows that follow another of their entity: within the window of the one before, or in the same window."""
    if rolling:
        since = (pl.col("time") - pl.col("time").shift(1).over("entity")).dt.total_seconds()
        again = since < span
    else:
        bucket = pl.col("time").dt.epoch("s") // span
        again = (bucket == bucket.shift(1).over("entity")).fill_null(False)
    return mine.filter(again.fill_null(False))["row"].sort()


def merges(everything: pl.DataFrame, *, minimum: int, left_out: Collection[str]) -> Iterator[Remedy]:
    """Pairs of rules that see the same event: of either, nearly all alerts come with one of the other."""
    named = everything.filter(~pl.col("rule").is_in(list(left_out)))
    second = named.with_columns(second=pl.col("time").dt.epoch("s"))
    counts = dict(second.group_by("rule").len().iter_rows())
    marks = second.select("rule", "entity", "second").unique().filter(pl.col("entity").is_not_null())
    sizes = marks.group_by("rule").agg(marks=pl.len()).filter(pl.col("marks") >= minimum)
    marks = marks.join(sizes.select("rule"), on="rule", how="semi")
    together = (
        marks.join(marks, on=["entity", "second"], suffix="_other")
        .filter(pl.col("rule") < pl.col("rule_other"))
        .group_by("rule", "rule_other")
        .agg(both=pl.len())
    )
    size = dict(sizes.iter_rows())
    for rule, other, both in together.sort("both", "rule", "rule_other", descending=[True, False, False]).iter_rows():
        if both < _TOGETHER * max(size[rule], size[other]):
            continue
        fewer = min((rule, other), key=lambda name: (counts[name], name))
        rows = second.filter(pl.col("rule") == fewer)["row"].sort()
        yield Remedy(
            "merge",
            rule,
            rows,
            cause="two rules see one event",
            reason=f"{both} times both fire in the same second on the same entity: one event, two alerts",
            other=other,
            parameters={"same_second_and": "entity"},
        )
