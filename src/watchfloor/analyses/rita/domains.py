"""Registrable domains as RITA v5 has them: as its data base cuts names, which is not the whole public-suffix list."""

from __future__ import annotations

from functools import cache

import polars as pl

from watchfloor.analyses.domains import public_suffixes

__all__ = ["listed", "registrable", "suffixes"]

_HOST = r"^(?:[^/?#@]*@)?([^/?#:]*)"
_NO_HOST = r"[\s<>%{}|\\^~\[\];=&]"
"""Where one of these stands, ClickHouse finds no host."""


@cache
def suffixes() -> frozenset[str]:
    """The public suffixes of two labels, those of companies (`github.io`) included; longer ones do not count."""
    return frozenset(rule for rule in public_suffixes() if rule.count(".") == 1 and rule[0] not in "!*")


def registrable(name: pl.Expr) -> pl.Expr:
    """The registrable domain of a name; empty for a single label, which RITA leaves out.

    As ClickHouse's `cutToFirstSignificantSubdomain`: three labels where the last two are a public suffix, else two.
    """
    host = pl.when(~name.str.contains(_NO_HOST)).then(name.str.extract(_HOST)).otherwise(pl.lit(""))
    labels = host.str.strip_suffix(".").str.split(".")
    two = labels.list.tail(2).list.join(".")
    wide = two.is_in(list(suffixes()))
    cut = pl.when(wide).then(labels.list.tail(3).list.join(".")).otherwise(two)
    return pl.when(labels.list.len() >= 2).then(cut).otherwise(pl.lit(""))


def listed(name: pl.Expr, domains: tuple[str, ...]) -> pl.Expr:
    """True where a list has the name; `*.example.org` is the name itself and all below it, case counts."""
    exact = [domain for domain in domains if not domain.startswith("*.")]
    below = [domain.removeprefix("*.") for domain in domains if domain.startswith("*.")]
    return pl.any_horizontal(
        name.is_in(exact), *((name == domain) | name.str.ends_with(f".{domain}") for domain in below)
    ).fill_null(False)
