"""Which hosts were scanned, what was found on each, and which scans prove less than they seem to."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.prevalence import (
    LEVELS,
    highest,
    hits,
    hosts,
    is_hit,
    level_rank,
    named,
    spread_by_rule,
)

__all__ = [
    "LIMITS",
    "counts_of_scans",
    "found_at_a_glance",
    "hits_by_host",
    "hits_by_level",
    "limits_of_scans",
    "number_scanned",
]

LIMITS = (
    "did not finish",
    "blind: no rules loaded",
    "records lost",
    "end unknown",
    "errors",
    "remarks",
)
"""Why a scan does not prove its host clean, the gravest first."""

_BY_LEVEL = tuple(f"{level.lower()}_hits" for level in LEVELS)
_ZERO_WHERE_SCANNED = (*_BY_LEVEL, "other_hits", "rules", "findings", "inventory")


def hits_by_host(findings: pl.LazyFrame, scans: pl.LazyFrame | None = None) -> pl.LazyFrame:
    """One row per host that was scanned or has a hit, the worst first; rows without a host are one row, the last.

    `complete` is true where every scan of the host finished, false where one did not, else null; `limits` says what
    keeps the host from being proven clean.
    """
    hit = is_hit()
    found = (
        named(findings)
        .group_by("host")
        .agg(
            *(
                hits(hit & (pl.col("level") == level)).alias(name)
                for level, name in zip(LEVELS, _BY_LEVEL, strict=True)
            ),
            hits(hit & ~pl.col("level").is_in(LEVELS).fill_null(False)).alias("other_hits"),
            pl.col("score").filter(hit).max().alias("max_score"),
            pl.col("rule_name").filter(hit).drop_nulls().n_unique().cast(pl.Int64).alias("rules"),
            hit.sum().cast(pl.Int64).alias("findings"),
            (~hit).sum().cast(pl.Int64).alias("inventory"),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
        )
    )
    if scans is None:
        table = found.with_columns(
            scans=pl.lit(None, pl.Int64), complete=pl.lit(None, pl.Boolean), limits=pl.lit(None, pl.String)
        )
    else:
        table = found.join(_runs_by_host(scans), on="host", how="full", coalesce=True, nulls_equal=True)
    return (
        table
        # A host that was scanned and has no finding truly has none: 0, not missing.
        .with_columns(pl.col(_ZERO_WHERE_SCANNED).fill_null(0))
        .sort(
            pl.col("host").is_null(),
            highest("alert_hits"),
            highest("max_score"),
            highest("warning_hits"),
            highest("notice_hits"),
            "host",
            nulls_last=True,
        )
        .select(
            "host", *_BY_LEVEL, "other_hits", "max_score", pl.exclude("host", *_BY_LEVEL, "other_hits", "max_score")
        )
    )


def hits_by_level(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per host and level with hits, hosts in the order of their alerts; rows without a host are left out."""
    alerts = (pl.col("hits") * (pl.col("level") == "ALERT")).sum().over("host")
    return (
        findings.filter(is_hit(), pl.col("host").is_not_null())
        .group_by("host", "level")
        .agg(hits(), pl.col("score").max().alias("max_score"))
        .sort(alerts.neg(), pl.col("hits").sum().over("host").neg(), "host", level_rank(pl.col("level")), "level")
    )


def limits_of_scans(scans: pl.LazyFrame) -> pl.LazyFrame:
    """One row per scan that does not prove its host clean, with its gravest `limit` of `LIMITS`, the gravest first."""
    rank = pl.col("limit").replace_strict({limit: n for n, limit in enumerate(LIMITS)}, return_dtype=pl.Int8)
    return (
        _with_limit(scans)
        .filter(pl.col("limit").is_not_null())
        .sort(rank, "host", "started_time", "source", "record", nulls_last=True)
        .select(
            *(
                "host",
                "limit",
                "complete",
                "why_incomplete",
                "alerts_lost",
                "warnings_lost",
                "rules",
                "errors",
                "remarks",
            ),
            *("started_time", "ended_time", "scanner", "version", "source"),
        )
    )


def number_scanned(findings: pl.LazyFrame, scans: pl.LazyFrame | None) -> pl.LazyFrame:
    """One number, `scanned_hosts`: hosts with a scan or a finding; null where no scan records say it."""
    if scans is None:
        return pl.LazyFrame({"scanned_hosts": [None]}, schema={"scanned_hosts": pl.Int64})
    return pl.concat([findings.select("host"), scans.select("host")]).select(hosts().alias("scanned_hosts"))


def found_at_a_glance(findings: pl.LazyFrame, scans: pl.LazyFrame | None, *, rare: int) -> pl.LazyFrame:
    """One row: hosts, hits, rules, how many of these are rare, and how many scans are doubtful; null where unknown."""
    hit = is_hit()
    found = findings.select(
        pl.col("host").filter(hit).drop_nulls().n_unique().cast(pl.Int64).alias("hosts_with_a_hit"),
        hits(hit).alias("hits"),
        hits(hit & (pl.col("level") == "ALERT")).alias("alert_hits"),
    )
    rules = spread_by_rule(findings).select(
        rules=pl.len().cast(pl.Int64), rare_rules=pl.col("hosts").is_between(1, rare).sum().cast(pl.Int64)
    )
    doubtful = (
        limits_of_scans(scans).select(doubtful_scans=pl.len().cast(pl.Int64))
        if scans is not None
        else pl.LazyFrame({"doubtful_scans": [None]}, schema={"doubtful_scans": pl.Int64})
    )
    return number_scanned(findings, scans).join(found, how="cross").join(rules, how="cross").join(doubtful, how="cross")


def counts_of_scans(findings: pl.LazyFrame, scans: pl.LazyFrame | None) -> pl.LazyFrame:
    """The denominators, one row each: `count`, `value`."""
    hit = is_hit()
    homeless = hit & pl.col("host").is_null()
    counts = [
        findings.select(
            hits(hit).alias("hits (records)"),
            hit.sum().alias("findings (hits and reasons)"),
            (~hit).sum().alias("inventory (connections at NOTICE)"),
            homeless.sum().alias("findings without a host"),
            pl.col("source").filter(homeless).n_unique().alias("logs whose findings have no host"),
            pl.col("host").filter(hit).drop_nulls().n_unique().alias("hosts with a hit"),
        )
    ]
    if scans is not None:
        counts += [
            number_scanned(findings, scans).rename({"scanned_hosts": "hosts scanned"}),
            *_of_scans(findings, scans),
        ]
    return pl.concat(
        [
            one.unpivot(variable_name="count", value_name="value").with_columns(pl.col("value").cast(pl.Int64))
            for one in counts
        ]
    )


def _of_scans(findings: pl.LazyFrame, scans: pl.LazyFrame) -> list[pl.LazyFrame]:
    with_hit = findings.filter(is_hit()).select("host").drop_nulls().unique()
    silent = _runs_by_host(scans).drop_nulls("host").join(with_hit, on="host", how="anti")
    complete = pl.col("complete")
    return [
        silent.select(
            pl.col("limits").is_null().sum().alias("hosts without a hit, scanned without known limits"),
            pl.col("limits").is_not_null().sum().alias("hosts without a hit, not proven clean"),
        ),
        scans.select(
            pl.len().alias("scans"),
            complete.eq(True).sum().alias("scans that finished"),
            complete.eq(False).sum().alias("scans that did not finish"),
            complete.is_null().sum().alias("scans whose end is unknown"),
            (pl.col("rules") == 0).sum().alias("blind scans (no rules loaded)"),
            pl.col("host").is_null().sum().alias("scans without a host"),
        ),
        _with_limit(scans).select(
            pl.col("alerts_lost").sum().alias("alerts that scanners counted and logs lack"),
            pl.col("warnings_lost").sum().alias("warnings that scanners counted and logs lack"),
        ),
    ]


def _runs_by_host(scans: pl.LazyFrame) -> pl.LazyFrame:
    complete = pl.col("complete")
    every = pl.when(complete.eq(False).any()).then(False).when(complete.is_null().any()).then(None).otherwise(True)
    limits = pl.col("limit").drop_nulls().unique().sort().str.join("; ")
    return (
        _with_limit(scans)
        .group_by("host")
        .agg(
            scans=pl.len().cast(pl.Int64),
            complete=every,
            limits=pl.when(pl.col("limit").is_not_null().any()).then(limits),
        )
    )


def _with_limit(scans: pl.LazyFrame) -> pl.LazyFrame:
    """The scans with the gravest `limit` of each, and how many records its log lacks."""
    lost = {level: pl.col(f"{level}_counted") - pl.col(level) for level in ("alerts", "warnings")}
    ways = (
        pl.col("complete").eq(False),
        pl.col("rules") == 0,
        (lost["alerts"] > 0).fill_null(False) | (lost["warnings"] > 0).fill_null(False),
        pl.col("complete").is_null(),
        pl.col("errors") > 0,
        pl.col("remarks").is_not_null(),
    )
    return scans.with_columns(
        limit=pl.coalesce(pl.when(way).then(pl.lit(limit)) for way, limit in zip(ways, LIMITS, strict=True)),
        **{f"{level}_lost": number.clip(0) for level, number in lost.items()},
    )
