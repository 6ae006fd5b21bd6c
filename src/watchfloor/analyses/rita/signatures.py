"""Rare signatures as RITA v5 finds them: a user agent or JA3 that a source used with one destination alone."""

from __future__ import annotations

import polars as pl

__all__ = ["rare_signatures"]


def rare_signatures(names: pl.DataFrame, bare: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The pairs that have one, of names and of addresses: `key, signature` (of several the first in the alphabet).

    Arguments:
        names: `key, src, dst, name, signature` of HTTP with a host and of TLS.
        bare: `key, src, dst, signature` of requests without a Host header; `dst` is the other end.
    """
    used = pl.concat(
        [
            names.lazy().select("src", "signature", "dst", "name"),
            bare.lazy().select("src", "signature", "dst", name=pl.lit(None, pl.UInt32)),
        ]
    ).filter(pl.col("signature").is_not_null(), pl.col("signature").cast(pl.String) != "")
    counts = used.group_by("src", "signature").agg(
        hosts=pl.col("dst").n_unique(), labels=pl.col("name").drop_nulls().n_unique()
    )
    named = names.lazy().join(counts.filter(pl.col("labels") == 1), on=["src", "signature"], how="semi")
    direct = bare.lazy().join(counts.filter(pl.col("hosts") == 1), on=["src", "signature"], how="semi")
    return tuple(  # type: ignore[return-value]
        pl.collect_all(
            [rows.group_by("key").agg(signature=pl.col("signature").cast(pl.String).min()) for rows in (named, direct)]
        )
    )
