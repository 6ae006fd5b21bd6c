"""C2 over DNS as RITA v5 finds it: registrable domains with many names below them, whoever asked."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.rita.filters import address_bits
from watchfloor.analyses.rita.traffic import Traffic

__all__ = ["busy_domains", "directly_reached"]

_SUSPECT = 100
"""Names from which RITA looks for direct connections, whatever the configuration says."""


def busy_domains(queries: pl.DataFrame, least: float) -> pl.DataFrame:
    """One row per registrable domain with so many names: `domain, subdomains`; reverse and local ones are none.

    Arguments:
        queries: `domain, name`: of the window.
        least: names, the domain itself included where it was asked for.
    """
    domain = pl.col("domain")
    return (
        queries.filter(domain != "", ~domain.str.ends_with(".arpa"), ~domain.str.ends_with(".local"))
        .group_by("domain")
        .agg(subdomains=pl.col("name").n_unique().cast(pl.Int64))
        .filter(pl.col("subdomains") >= least)
    )


def directly_reached(traffic: Traffic, queries: pl.DataFrame, answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.Series:
    """The domains that RITA gives the modifier of direct connections.

    Its documentation says: asked for, but never connected to. Its code says: at least one host connected to an address
    that an A record gave, and every host that did so asked for the domain as well. The code is followed here.

    Arguments:
        traffic: for the texts of addresses.
        queries: `domain, name, src` of the window.
        answers: `domain, answers` of A queries since the start of the window's first day.
        pairs: `src, dst` of connections in the window.
    """
    suspects = busy_domains(queries, _SUSPECT).select("domain")
    given = (
        answers.join(suspects, on="domain", how="semi")
        .explode("answers")
        .select("domain", "answers")
        .unique()
        .drop_nulls()
    )
    if given.is_empty():
        return pl.Series("domain", [], pl.String)
    given = given.select("domain").hstack(address_bits(given["answers"])).drop_nulls().unique()
    known = address_bits(traffic.hosts["text"]).with_row_index("dst").drop_nulls()
    reached = given.join(known, on=["high", "low"]).join(pairs.with_columns(pl.col("dst").cast(pl.UInt32)), on="dst")
    asked = queries.select("domain", "src", asked=pl.lit(True)).unique()
    return (
        reached.join(asked, on=["domain", "src"], how="left")
        .group_by("domain")
        .agg(pl.col("asked").fill_null(False).all())
        .filter("asked")["domain"]
    )
