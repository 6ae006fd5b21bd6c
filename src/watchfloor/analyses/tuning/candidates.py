"""What could be excluded: item sets of evidence that recur under a rule, and what generalises them."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from watchfloor.analyses.evidence import ENTITIES
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion, matching_of_rule
from watchfloor.analyses.tuning.work import Work

__all__ = ["Candidate", "candidates"]

MOST_VALUES = 50
"""A list of more values is no list that anyone reviews."""
_WHOLE = 0.9
"""A field stands for the rule where so many of its alerts have it."""
_LEVELS = 3
"""Conditions of one exclusion at most."""
_MOST_OF_IT = 0.5
"""Hours that hold no more of a rule's alerts are no habit: some eight hours always lie apart from the true one."""
_LIKE = 3
"""So many values alike are a kind of their own."""
_MARK = pl.col("row").hash().sum()
"""Of a set of rows, in any order."""
_ADDRESSES = ("src_ip", "dst_ip")
_NETWORK = {4: 24, 6: 64}
_ACCOUNT = re.compile("([A-Za-z]{2,8}[_.-])[0-9A-Za-z_.-]+")


@dataclass(frozen=True)
class Candidate:
    """An exclusion and the rows of the learned part that it removes."""

    exclusion: Exclusion
    rows: pl.Series
    """Sorted."""
    picked: int = 1
    """Of how many the values were picked by how they look: the price of having looked is paid for by the gates."""
    hindsight: bool = False
    """Hours that hold half of the alerts or less, and were picked because the true ones lie elsewhere."""


def candidates(work: Work, *, minimum: int) -> Iterator[Candidate]:
    """Exclusions of at least `minimum` alerts each, from the whole rule to three conditions.

    Sets of three are built from frequent sets of two, and those from frequent values (Apriori, Agrawal and Srikant
    1994); of sets with the same rows the shortest stands for all (their closed set).
    """
    counts = work.alerts.group_by("rule").agg(n=pl.len(), positive=pl.col("positive").sum())
    frequent = counts.filter(pl.col("n") >= minimum).sort("n", "rule", descending=[True, False])
    rows_of = _partition(work.alerts.join(frequent.select("rule"), on="rule", how="semi"))
    facts_of = _partition(work.facts.join(frequent.select("rule"), on="rule", how="semi"))
    for rule, _, positive in frequent.iter_rows():
        yield from _of_rule(
            str(rule), rows_of[rule], facts_of.get(rule, work.facts.clear()), minimum, deep=positive > 0
        )


def _partition(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): part for key, part in table.partition_by("rule", as_dict=True).items()}


def _of_rule(rule: str, alerts: pl.DataFrame, facts: pl.DataFrame, minimum: int, *, deep: bool) -> Iterator[Candidate]:
    """Candidates of one rule; deep where some of its alerts were true, and only a part of the others can go."""
    whole = _whole(rule, alerts, facts)
    yield whole
    for values, rows in _sets(facts, alerts, whole.rows, minimum, deep=deep):
        conditions = (Condition(field, "eq", value) for field, value in sorted(values, key=_place))
        yield Candidate(Exclusion(rule, tuple(conditions)), rows)
    for condition in _kinds(facts):
        exclusion = Exclusion(rule, (condition,))
        rows = matching_of_rule(exclusion.conditions, alerts, facts)
        if rows.len() >= minimum:
            yield Candidate(exclusion, rows)
    if deep:
        yield from _windows(rule, alerts, facts.clear(), minimum)


def _whole(rule: str, alerts: pl.DataFrame, facts: pl.DataFrame) -> Candidate:
    """All alerts of the rule, named by the values of one field where these are few: a value not yet seen stays out."""
    by_field = facts.group_by("field").agg(values=pl.col("value").n_unique(), rows=pl.col("row").n_unique())
    named = by_field.filter(
        pl.col("values") <= MOST_VALUES, pl.col("rows") >= _WHOLE * alerts.height, pl.col("field").is_in(ENTITIES)
    )
    for field in sorted(named["field"].to_list(), key=ENTITIES.index):
        values = facts.filter(pl.col("field") == field)["value"].unique().sort().to_list()
        condition = Condition(field, "eq", values[0]) if len(values) == 1 else Condition(field, "in", tuple(values))
        exclusion = Exclusion(rule, (condition,))
        return Candidate(exclusion, matching_of_rule(exclusion.conditions, alerts, facts))
    return Candidate(Exclusion(rule), alerts["row"].sort())


def _sets(
    facts: pl.DataFrame, alerts: pl.DataFrame, whole: pl.Series, minimum: int, *, deep: bool
) -> Iterator[tuple[tuple[tuple[str, str], ...], pl.Series]]:
    """Frequent values, and where the rule has true alerts also sets of two and three, each with its rows."""
    items = (
        facts.join(alerts.select("row", "positive"), on="row")
        .group_by("field", "value")
        .agg(n=pl.len(), true=pl.col("positive").sum(), row=pl.col("row").sort(), mark=_MARK)
        .filter(pl.col("n") >= minimum)
        .sort("n", "field", "value", descending=[True, False, False])
        .with_row_index("item")
    )
    names = list(items.select("field", "value").iter_rows())
    seen: set[tuple[int, int]] = set()
    _is_new(whole.len(), whole.to_frame("row").select(_MARK).item(), seen)
    for item, rows, mark in zip(items["item"].to_list(), items["row"], items["mark"].to_list(), strict=True):
        if _is_new(rows.len(), mark, seen):
            yield (names[item],), rows
    if deep:
        for members, rows, mark in _larger(items, alerts, minimum):
            if _is_new(rows.len(), mark, seen):
                yield tuple(names[item] for item in members), rows


def _larger(
    items: pl.DataFrame, alerts: pl.DataFrame, minimum: int
) -> Iterator[tuple[tuple[int, ...], pl.Series, int]]:
    """Sets of two and three values of different fields, all of whose parts have true alerts: others are clean as they
    are, and need no further condition.
    """
    order = {field: n for n, field in enumerate(sorted(items["field"].unique(), key=lambda name: _place((name, ""))))}
    place = pl.col("field").replace_strict(order, return_dtype=pl.UInt8)
    atoms = (
        items.filter(pl.col("true") > 0)
        .select("item", "row", place=place)
        .explode("row")
        .join(alerts.select("row", "positive"), on="row")
    )
    members: dict[int, tuple[int, ...]] = {item: (item,) for item in atoms["item"].unique()}
    sets = atoms.select("row", set="item", last="place")
    for _ in range(_LEVELS - 1):
        grown = sets.join(atoms, on="row").filter(pl.col("place") > pl.col("last"))
        counts = (
            grown.group_by("set", "item", "place")
            .agg(n=pl.len(), true=pl.col("positive").sum())
            .filter(pl.col("n") >= minimum)
            .sort("n", "set", "item", descending=[True, False, False])
            .with_row_index("new")
        )
        rows = (
            grown.join(counts.select("set", "item", "new"), on=["set", "item"])
            .group_by("new")
            .agg(pl.col("row").sort(), mark=_MARK)
            .sort("new")
        )
        members = {new: (*members[old], item) for new, old, item in counts.select("new", "set", "item").iter_rows()}
        yield from zip((members[new] for new in rows["new"]), rows["row"], rows["mark"].to_list(), strict=True)
        tainted = counts.filter(pl.col("true") > 0).select("new", last="place")
        sets = rows.join(tainted, on="new").explode("row").select("row", "last", set="new")


def _place(item: tuple[str, str]) -> tuple[int, str]:
    field, _ = item
    return ENTITIES.index(field) if field in ENTITIES else len(ENTITIES), field


def _is_new(n: int, mark: int, seen: set[tuple[int, int]]) -> bool:
    """Whether no set with the same rows was there before."""
    if (n, mark) in seen:
        return False
    seen.add((n, mark))
    return True


def _kinds(facts: pl.DataFrame) -> Iterator[Condition]:
    """Networks of addresses and patterns of account names that several values share."""
    for field in _ADDRESSES:
        values = facts.filter(pl.col("field") == field)["value"].unique().to_list()
        for network, n in _counted(_network_of(value) for value in values):
            if n >= _LIKE:
                yield Condition(field, "in_network", network)
    users = facts.filter(pl.col("field") == "user")["value"].unique().to_list()
    for prefix, n in _counted(_prefix_of(value) for value in users):
        if n >= _LIKE:
            yield Condition("user", "matches", re.escape(prefix) + "[0-9A-Za-z_.-]*")


def _counted(names: Iterable[str | None]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for name in names:
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items())


@lru_cache(maxsize=1 << 16)
def _network_of(value: str) -> str | None:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return str(ipaddress.ip_network(f"{address}/{_NETWORK[address.version]}", strict=False))


def _prefix_of(value: str) -> str | None:
    """What a service account's name begins with: `svc_` of `svc_backup01`."""
    account = _ACCOUNT.fullmatch(value)
    return account[1] if account else None


def _windows(rule: str, alerts: pl.DataFrame, facts: pl.DataFrame, minimum: int) -> Iterator[Candidate]:
    """The hours in which the rule's alerts are thickest, where its true ones lie elsewhere."""
    for days, chosen in (("", alerts), ("Mon-Fri ", _on(alerts, 1, 5)), ("Sat-Sun ", _on(alerts, 6, 7))):
        if chosen.height < minimum:
            continue
        hour = chosen["time"].dt.hour()
        counts = [0] * 24
        for h, n in hour.value_counts().iter_rows():
            counts[h] = n
        bad = set(chosen.filter("positive")["time"].dt.hour().to_list())
        best: tuple[int, int, int] | None = None
        for start, width in itertools.product(range(24), range(1, 9)):
            hours = [(start + k) % 24 for k in range(width)]
            if bad & set(hours):
                continue
            n = sum(counts[h] for h in hours)
            if n >= minimum and (best is None or n > best[0]):
                best = n, start, width
        if best is not None:
            n, start, width = best
            window = f"{days}{start:02}:00-{(start + width) % 24:02}:00"
            exclusion = Exclusion(rule, (Condition("created_time", "hours", window),))
            rows = matching_of_rule(exclusion.conditions, alerts, facts)
            yield Candidate(exclusion, rows, picked=24 * 8, hindsight=n <= _MOST_OF_IT * chosen.height)


def _on(alerts: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    return alerts.filter(pl.col("time").dt.weekday().is_between(first, last))
