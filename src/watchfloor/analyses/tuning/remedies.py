"""Remedies that show one alert for many: bursts are grouped, repeats held back, two rules that see one event merged."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.tuning.work import Work

__all__ = ["Remedy", "grouped_by_nature", "merges", "remedies"]

_GAP = "10m"
"""Alerts of one entity with less between them are one burst."""
_WINDOW = "1h"
"""A repeat within it adds nothing."""
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

    kind: Literal["group", "suppress", "merge"]
    rule: str
    other: str | None
    """The second rule of a merge."""
    rows: pl.Series
    """Alerts that nobody would see one by one any more, sorted."""
    reason: str


def grouped_by_nature(rule: str) -> str | None:
    """Why a rule's alerts are grouped and never excluded; null where its name says nothing of the kind."""
    return next((cause for match, cause in _natures() if match.search(rule)), None)


@cache
def _natures() -> tuple[tuple[re.Pattern[str], str], ...]:
    text = resources.files("watchfloor.analyses.tuning").joinpath("natures.toml").read_text(encoding="utf-8")
    return tuple((re.compile(n["match"], re.IGNORECASE), n["cause"]) for n in tomllib.loads(text)["nature"])


def remedies(work: Work, gone: pl.Series, *, minimum: int) -> Iterator[Remedy]:
    """Groups and suppressions for rules that still raise much; what they hold back stands behind one that is shown.

    Arguments:
        work: all alerts.
        gone: rows that exclusions remove.
        minimum: a remedy removes at least so many.
    """
    rest = work.alerts.filter(~pl.col("row").is_in(gone.implode()))
    if rest.is_empty():
        return
    named = _entities(rest, work.facts)
    big = (
        named.group_by("rule").len().filter(pl.col("len") >= 2 * minimum).sort("len", "rule", descending=[True, False])
    )
    hours = named.group_by("rule", "hour").len().group_by("rule").agg(top=pl.col("len").max())
    tops = dict(hours.iter_rows())
    for rule, n in big.iter_rows():
        mine = named.filter(pl.col("rule") == rule).sort("entity", "time", "row", nulls_last=False)
        cause = grouped_by_nature(str(rule))
        burst = tops[rule] >= _LARGE and tops[rule] > _BURST * n
        rows = _repeats(mine, _GAP if burst or cause else _WINDOW, rolling=bool(burst or cause))
        if rows.len() < max(minimum, _SHARE * n):
            continue
        shown = n - rows.len()
        if cause or burst:
            why = cause or f"one hour holds {tops[rule] / n:.0%} of its {n} alerts"
            yield Remedy(
                "group",
                rule,
                None,
                rows,
                f"{why}; one alert per burst (no {_GAP[:-1]} minutes of silence) and entity leaves {shown}",
            )
        else:
            yield Remedy(
                "suppress",
                rule,
                None,
                rows,
                f"the same entity raises it again and again; one alert per entity and hour leaves {shown}",
            )


def _entities(rest: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Alerts with the one that each is about: the first field of its rule that names somebody."""
    place = {field: n for n, field in enumerate(ENTITIES)}
    known = facts.filter(pl.col("field").is_in(ENTITIES)).with_columns(
        place=pl.col("field").replace_strict(place, return_dtype=pl.UInt8)
    )
    first = known.sort("row", "place", "value").unique("row", keep="first")
    return rest.join(first.select("row", entity="value"), on="row", how="left")


def _repeats(mine: pl.DataFrame, window: str, *, rolling: bool) -> pl.Series:
    """Rows that follow another of their entity: within the window of the one before, or in the same window."""
    span = {"10m": 600, "1h": 3600}[window]
    if rolling:
        since = (pl.col("time") - pl.col("time").shift(1).over("entity")).dt.total_seconds()
        again = since < span
    else:
        bucket = pl.col("time").dt.epoch("s") // span
        again = (bucket == bucket.shift(1).over("entity")).fill_null(False)
    return mine.filter(again.fill_null(False))["row"].sort()


def merges(work: Work, *, minimum: int, left_out: Collection[str]) -> Iterator[Remedy]:
    """Pairs of rules that see the same event: of either, nearly all alerts come with one of the other."""
    named = _entities(work.alerts.filter(~pl.col("rule").is_in(list(left_out))), work.facts)
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
            other,
            rows,
            f"{both} times both fire in the same second on the same entity: one event, two alerts",
        )
