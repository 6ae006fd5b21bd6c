"""Registered domains of names by the public-suffix list: what somebody could register, so `x.com.br`, not `com.br`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import polars as pl

__all__ = ["public_suffixes", "registered"]


class _Rules(NamedTuple):
    """The list, read: https://github.com/publicsuffix/list/wiki/Format. By the number of labels that they look at."""

    exact: dict[int, list[str]]
    parents: dict[int, list[str]]
    """`ck` of `*.ck`: every label below it makes a suffix."""
    exceptions: dict[int, list[str]]
    """`www.ck` of `!www.ck`: not a suffix."""


def public_suffixes() -> list[str]:
    """The rules of the public-suffix list, in its order."""
    text = (files("publicsuffixlist") / "public_suffix_list.dat").read_text(encoding="utf-8")
    return [rule for line in text.splitlines() if (rule := line.strip()) and not rule.startswith("//")]


@cache
def _rules() -> _Rules:
    rules = [rule for line in public_suffixes() for rule in {line, _ascii(line)}]
    return _Rules(
        _by_labels(rule for rule in rules if rule[0] not in "!*"),
        _by_labels(rule.removeprefix("*.") for rule in rules if rule[0] == "*"),
        _by_labels(rule.removeprefix("!") for rule in rules if rule[0] == "!"),
    )


def _by_labels(rules: Iterable[str]) -> dict[int, list[str]]:
    groups: dict[int, list[str]] = {}
    for rule in rules:
        groups.setdefault(rule.count(".") + 1, []).append(rule)
    return dict(sorted(groups.items()))


def _ascii(rule: str) -> str:
    """As names stand in queries: `xn--..`."""
    if rule.isascii():
        return rule
    return ".".join(label if label.isascii() else label.encode("idna").decode() for label in rule.split("."))


def registered(names: pl.Series) -> pl.Series:
    """The registered domain of each name; null for a single label, a public suffix itself, and an address.

    The longest rule of the list wins, an exception before any; the part of the list about companies (`github.io`)
    counts. Where no rule fits the last label is the suffix.

    Arguments:
        names: in small letters, without a dot at their end.
    """
    labels = pl.col("name").str.split(".")
    rows = names.alias("name").to_frame().with_columns(deep=labels.list.tail(2).list.join(".").is_in(_ends_of_long()))
    short = rows.select(pl.when(~pl.col("deep")).then(_cut(_SHORT)).alias("domain"))["domain"]
    deep = rows.filter("deep").select(domain=_cut(max(_rules().exact)))["domain"]  # few: only these need all rules
    return short.scatter(rows["deep"].fill_null(False).arg_true(), deep)


_SHORT = 2
"""Labels of rules that fit most names."""


@cache
def _ends_of_long() -> list[str]:
    """The last two labels of rules that look at more, which are few."""
    rules = _rules()
    long = (
        *(rule for n, group in rules.exact.items() if n > _SHORT for rule in group),
        *(rule for n, group in rules.parents.items() if n + 1 > _SHORT for rule in group),
        *(rule for n, group in rules.exceptions.items() if n > _SHORT for rule in group),
    )
    return sorted({".".join(rule.split(".")[-2:]) for rule in long})


def _cut(longest: int) -> pl.Expr:
    """The registered domain by rules of at most so many labels."""
    rules, name = _rules(), pl.col("name")
    labels = name.str.split(".")
    count = labels.list.len()
    ends = {n: labels.list.tail(n).list.join(".") for n in range(1, longest + 1)}
    suffix = pl.lit(1, pl.UInt32)
    for n, end in ends.items():  # a longer rule overrides
        if n in rules.exact and n > 1:
            suffix = pl.when((count >= n) & end.is_in(rules.exact[n])).then(n).otherwise(suffix)
        if n - 1 in rules.parents:
            suffix = pl.when((count >= n) & ends[n - 1].is_in(rules.parents[n - 1])).then(n).otherwise(suffix)
    for n, group in rules.exceptions.items():
        if n <= longest:
            suffix = pl.when((count >= n) & ends[n].is_in(group)).then(n - 1).otherwise(suffix)
    domain = labels.list.tail(suffix + 1).list.join(".")
    return pl.when((count > suffix) & ~name.str.contains(r"(?:^|\.)[0-9]*$|:")).then(domain)
