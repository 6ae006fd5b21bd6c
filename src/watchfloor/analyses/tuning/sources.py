"""Faults of log sources and sensors: rules that speak of the source itself, and a source that suddenly flags all."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from watchfloor.analyses.tuning.exclusion import Condition
from watchfloor.analyses.tuning.natures import fault_by_nature
from watchfloor.analyses.tuning.remedies import Remedy
from watchfloor.analyses.tuning.work import ORIGINS, Work

__all__ = ["faults"]

_FIELDS = (*ORIGINS, "host", "src_ip", "ip", "offense_source")
"""What names the source that a rule of health speaks of, in order of choice."""
_MOST = 5
"""So many sources of one rule are named."""
_HOSTS = 10
"""One source flags all where it names at least so many hosts on a day,"""
_ALL = 0.5
"""and at least this share of all hosts there are,"""
_BEFORE = 0.2
"""and on no more than this share of the days so many."""
_ONE = 0.95
"""Share of that day's alerts that come from the one source."""


def faults(work: Work, named: pl.DataFrame, *, minimum: int) -> Iterator[Remedy]:
    """What ends when somebody mends the source.

    Arguments:
        work: all alerts.
        named: those that exclusions leave.
        minimum: the least number of alerts behind a remedy.
    """
    counts = named.group_by("rule").agg(n=pl.len()).filter(pl.col("n") >= minimum)
    for rule, _ in counts.sort("n", "rule", descending=[True, False]).iter_rows():
        if cause := fault_by_nature(str(rule)):
            yield from _by_source(work, named.filter(pl.col("rule") == rule), cause, minimum)
    yield from _sudden(work, named, minimum)


def _by_source(work: Work, mine: pl.DataFrame, cause: str, minimum: int) -> Iterator[Remedy]:
    rule, n = str(mine["rule"][0]), mine.height
    facts = work.facts.filter(pl.col("rule") == rule).join(mine.select("row"), on="row", how="semi")
    have = set(facts["field"].cast(pl.String).unique())
    field = next((name for name in _FIELDS if name in have), None)
    if field is None:
        only = work.origin.get(rule)
        yield Remedy(
            "fix_source",
            rule,
            mine["row"].sort(),
            cause=cause,
            reason=f"{n} alerts that speak of {only[1] if only else 'a source'} itself",
            conditions=(Condition(only[0], "eq", only[1]),) if only else (),
        )
        return
    by_value = (
        facts.filter(pl.col("field") == field)
        .group_by(pl.col("value").cast(pl.String))
        .agg(pl.col("row").sort(), n=pl.len())
        .filter(pl.col("n") >= minimum)
        .sort("n", "value", descending=[True, False])
    )
    for value, rows in zip(by_value["value"].head(_MOST), by_value["row"].head(_MOST), strict=True):
        yield Remedy(
            "fix_source",
            rule,
            rows,
            cause=cause,
            reason=f"{rows.len()} of its {n} alerts speak of {value} itself",
            conditions=(Condition(field, "eq", value),),
        )


def _sudden(work: Work, named: pl.DataFrame, minimum: int) -> Iterator[Remedy]:
    """Days on which one log source raises a rule for most hosts, and hardly ever else."""
    have = set(work.facts["field"].unique().cast(pl.String))
    field = next((name for name in ("host", "src_ip") if name in have), None)
    if field is None or named.is_empty():
        return
    hosts = work.facts.filter(pl.col("field") == field)
    total = hosts["value"].n_unique()
    floor = max(_HOSTS, _ALL * total)
    days = named.select("row", "rule", "useless", "decided", day=pl.col("time").dt.date())
    span = days["day"].n_unique()
    wide = (
        hosts.select("row", "value")
        .join(days, on="row")
        .group_by("rule", "day")
        .agg(hosts=pl.col("value").n_unique())
        .filter(pl.col("hosts") >= floor)
    )
    rare = wide.filter(pl.len().over("rule") <= _BEFORE * span)
    for (rule,), found in sorted(rare.partition_by("rule", as_dict=True).items(), key=lambda item: str(item[0][0])):
        mine = days.filter(pl.col("rule") == rule).join(found.select("day"), on="day", how="semi")
        where = _one_source(work, str(rule), mine)
        if mine.height < minimum or where is None:
            continue
        condition, rows = where
        judged = mine.filter(pl.col("row").is_in(rows.implode()), "decided")
        proven = judged.height >= minimum and int(judged["useless"].sum()) > _ONE * judged.height
        yield Remedy(
            "fix_source",
            str(rule),
            rows,
            cause="one log source suddenly flags most hosts: a new signature, a changed parser or a broken sensor",
            reason=f"{condition.value} raised it for {max(found['hosts'])} of {total} hosts on "
            f"{', '.join(str(day) for day in found['day'].sort())}",
            conditions=(condition,),
            parameters={"days": [str(day) for day in found["day"].sort()]},
            doubt="" if proven else "an outbreak looks the same, and nobody judged enough of them: look first",
        )


def _one_source(work: Work, rule: str, mine: pl.DataFrame) -> tuple[Condition, pl.Series] | None:
    """The log source that nearly all of the alerts come from, and those alerts."""
    if rule in work.origin:
        field, value = work.origin[rule]
        return Condition(field, "eq", value), mine["row"].sort()
    facts = work.facts.filter(pl.col("rule") == rule, pl.col("field").is_in(ORIGINS)).join(
        mine.select("row"), on="row", how="semi"
    )
    top = (
        facts.group_by(pl.col("field").cast(pl.String), pl.col("value").cast(pl.String))
        .agg(pl.col("row").sort(), n=pl.len())
        .filter(pl.col("n") >= _ONE * mine.height)
        .sort("n", "field", "value", descending=[True, False, False])
    )
    if top.is_empty():
        return None
    return Condition(top["field"][0], "eq", top["value"][0]), top["row"][0]
