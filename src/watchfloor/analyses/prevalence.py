"""On how many hosts something was found: rules, hashes and paths of scanner findings, the rarest first."""

from __future__ import annotations

import polars as pl

__all__ = [
    "LEVELS",
    "highest",
    "hits",
    "hosts",
    "is_hit",
    "level_rank",
    "named",
    "spread_by_hash",
    "spread_by_path",
    "spread_by_rule",
]

LEVELS = ("ALERT", "WARNING", "NOTICE")
"""Scanners' words for how bad it is, worst first."""


def is_hit() -> pl.Expr:
    """False for inventory: connections that a scanner lists at level NOTICE, whether or not they mean anything."""
    return ~((pl.col("reason") == "connection") & (pl.col("level") == "NOTICE")).fill_null(False)


def named(findings: pl.LazyFrame) -> pl.LazyFrame:
    """The findings with what prevalence counts them by: `rule_name` and `hash`.

    The name of a rule is the rule's, or else what the reason says of itself: its description, or what matched.
    """
    return findings.with_columns(
        rule_name=pl.coalesce("rule", "description", "matched"), hash=pl.coalesce("sha256", "sha1", "md5")
    )


def spread_by_rule(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule, the one on the fewest hosts first; inventory is left out.

    A reason without a rule, as known hashes and file names have none, goes by what it says of itself.
    """
    return (
        named(findings)
        .filter(is_hit(), pl.col("rule_name").is_not_null())
        .group_by(rule="rule_name")
        .agg(
            pl.col("reason").drop_nulls().unique().sort().str.join("; ").alias("reasons"),
            hosts(),
            hits(),
            pl.len().cast(pl.Int64).alias("findings"),
            pl.col("host").is_null().sum().cast(pl.Int64).alias("without_host"),
            *_worst(),
            _distinct("path").alias("paths"),
            _distinct("hash").alias("hashes"),
            *_span(),
            *_example(),
            *(pl.col(name).drop_nulls().min() for name in ("description", "reference", "author")),
        )
        .sort(*_rarest_first("rule"), nulls_last=True)
    )


def spread_by_hash(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per hash, the one on the fewest hosts first; findings without a hash have no row."""
    return (
        named(findings)
        .filter(is_hit(), pl.col("hash").is_not_null())
        .group_by("hash")
        .agg(
            hosts(),
            hits(),
            pl.col("host").is_null().sum().cast(pl.Int64).alias("without_host"),
            *_worst(),
            _distinct("path").alias("paths"),
            _distinct("rule_name").alias("rules"),
            pl.col("size_bytes").max(),
            *_span(),
            *_example(),
            *(pl.col(name).drop_nulls().min() for name in ("file_type", "md5", "sha1")),
        )
        .sort(*_rarest_first("hash"), nulls_last=True)
    )


def spread_by_path(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per path, the one on the fewest hosts first; several hashes under one path are several contents."""
    return (
        named(findings)
        .filter(is_hit(), pl.col("path").is_not_null())
        .group_by("path")
        .agg(
            hosts(),
            hits(),
            pl.col("host").is_null().sum().cast(pl.Int64).alias("without_host"),
            *_worst(),
            _distinct("hash").alias("hashes"),
            _distinct("rule_name").alias("rules"),
            *_span(),
        )
        .sort(*_rarest_first("path"), nulls_last=True)
    )


def hosts() -> pl.Expr:
    """Number of hosts; rows without a host are none."""
    return _distinct("host").alias("hosts")


def hits(of: pl.Expr | None = None) -> pl.Expr:
    """Number of records in the scanners' logs; a record has one row per reason."""
    record = pl.struct("source", "record")
    return (record if of is None else record.filter(of)).n_unique().cast(pl.Int64).alias("hits")


def level_rank(level: pl.Expr) -> pl.Expr:
    """0 for ALERT, 1 for WARNING, 2 for NOTICE, 3 for a word that is none of these."""
    return level.replace_strict({word: n for n, word in enumerate(LEVELS)}, default=len(LEVELS), return_dtype=pl.Int8)


def highest(column: str) -> pl.Expr:
    """A sort key that puts high numbers first and null last."""
    return pl.col(column).neg()


def _distinct(column: str) -> pl.Expr:
    return pl.col(column).drop_nulls().n_unique().cast(pl.Int64)


def _worst() -> list[pl.Expr]:
    level = pl.col("level")
    return [
        pl.col("score").max().alias("max_score"),
        level.sort_by(level_rank(level), level).first().alias("worst_level"),
    ]


def _span() -> list[pl.Expr]:
    return [pl.col("time").min().alias("first_time"), pl.col("time").max().alias("last_time")]


def _example() -> list[pl.Expr]:
    """Path and host of one of the worst findings, always the same one."""
    order = (highest("score"), "path", "host")
    return [pl.col(name).sort_by(*order, nulls_last=True).first().alias(f"example_{name}") for name in ("path", "host")]


def _rarest_first(*ties: str) -> tuple[str | pl.Expr, ...]:
    """On no known host (a console log alone) is not rare but unknown: last."""
    return (pl.when(pl.col("hosts") > 0).then(pl.col("hosts")), highest("max_score"), *ties)
