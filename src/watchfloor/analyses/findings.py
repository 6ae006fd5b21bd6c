"""What did the scanners find, over all hosts? Prevalence of every rule, hash and path, and the scans that prove nothing."""

from __future__ import annotations

import polars as pl

from watchfloor.charts import Bars
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import FINDINGS, SCANS

__all__ = ["findings", "hits_by_host", "limits_of_scans", "spread_by_hash", "spread_by_path", "spread_by_rule"]

_HIT = ("source", "record")
"""A hit is one record of one file, with one row per reason."""
_LEVELS = ("ALERT", "WARNING", "NOTICE")


def findings(findings: pl.LazyFrame, scans: pl.LazyFrame | None = None, *, rare: int = 2) -> Result:
    """What was found, and on how many hosts was each rule, hash and path seen?

    Arguments:
        findings: the scanners' hits.
        scans: the scans they come from: hosts without a hit count as scanned, and unfinished scans are named.
        rare: a rule, hash or path on at most so many hosts is rare.

    Raises:
        BadOption: `rare` below 1.
    """
    if rare < 1:
        raise BadOption(f"rare={rare} means nothing", hint="use 1 or more hosts; 2 is the default")
    rows = FINDINGS.conform(findings).pipe(_with_keys)
    runs = SCANS.conform(scans) if scans is not None else None
    hosts = _hosts(rows, runs)
    parts = (
        _rules(rows, runs, rare),
        _hashes(rows, rare),
        _paths(rows, rare),
        _host_table(rows, runs),
        _levels(rows),
        *((_scans(runs),) if runs is not None else ()),
        _counts(rows, runs, hosts),
    )
    return Result(
        title="Scanner findings",
        name="findings",
        table=_ranked(rows, rare),
        charts=(Bars(x="score", y="path", color="level", title="Highest scores"),),
        explanation=(
            "One row per hit and reason, worst first: by level, then score, then on how few hosts its rule was seen. "
            f"Rare means on at most {rare} {_plural(rare, 'host')}. A host counts once per rule, hash or path. "
            "A hash is the SHA-256, or the SHA-1 or MD5 where the scanner gives no better one. A reason without a rule "
            "counts under its description. Rows without a host (console logs) are in no count of hosts; they are counted "
            "in `counts`. Network connections that a scanner merely lists (level NOTICE) are inventory, not hits: they "
            "stand last, and no prevalence counts them. "
            + (
                "How many hosts were scanned includes those without a hit. "
                if scans is not None
                else "Without scan records nobody knows which hosts were scanned and found clean: shares of hosts are empty. "
            )
            + "A host whose scan did not finish may hide a finding; a rare finding is not proven evil, and a common one "
            "not proven harmless."
        ),
        parts=parts,
    )


def spread_by_rule(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per rule and kind of reason, the one on the fewest hosts first; inventory is left out."""
    return (
        _with_keys(findings)
        .filter(~pl.col("inventory"), pl.col("_rule").is_not_null())
        .group_by(rule="_rule", reason="reason")
        .agg(
            hosts=_n_hosts(),
            hits=_n_hits(),
            findings=pl.len(),
            without_host=pl.col("host").is_null().sum(),
            max_score=pl.col("score").max(),
            worst_level=_worst_level(),
            files=pl.col("path").drop_nulls().n_unique(),
            hashes=pl.col("_hash").drop_nulls().n_unique(),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
            description=pl.col("description").drop_nulls().min(),
            reference=pl.col("reference").drop_nulls().min(),
            **_example(),
        )
        .sort("hosts", pl.col("max_score").neg(), "rule", "reason", nulls_last=True)
    )


def spread_by_hash(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per hash, the one on the fewest hosts first; findings without a hash have no row."""
    return (
        _with_keys(findings)
        .filter(~pl.col("inventory"), pl.col("_hash").is_not_null())
        .group_by(hash="_hash")
        .agg(
            hosts=_n_hosts(),
            hits=_n_hits(),
            paths=pl.col("path").drop_nulls().n_unique(),
            rules=pl.col("_rule").drop_nulls().n_unique(),
            max_score=pl.col("score").max(),
            worst_level=_worst_level(),
            size_bytes=pl.col("size_bytes").max(),
            file_type=pl.col("file_type").drop_nulls().min(),
            md5=pl.col("md5").drop_nulls().min(),
            sha1=pl.col("sha1").drop_nulls().min(),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
            **_example(),
        )
        .sort("hosts", pl.col("max_score").neg(), "hash", nulls_last=True)
    )


def spread_by_path(findings: pl.LazyFrame) -> pl.LazyFrame:
    """One row per path, the one on the fewest hosts first; several hashes in one path are several contents."""
    return (
        _with_keys(findings)
        .filter(~pl.col("inventory"), pl.col("path").is_not_null())
        .group_by("path")
        .agg(
            hosts=_n_hosts(),
            hits=_n_hits(),
            hashes=pl.col("_hash").drop_nulls().n_unique(),
            rules=pl.col("_rule").drop_nulls().n_unique(),
            max_score=pl.col("score").max(),
            worst_level=_worst_level(),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
        )
        .sort("hosts", pl.col("max_score").neg(), "path", nulls_last=True)
    )


def hits_by_host(findings: pl.LazyFrame, scans: pl.LazyFrame | None = None) -> pl.LazyFrame:
    """One row per host that was scanned or has a hit, the one with the worst hits first; rows without a host are one row."""
    rows = _with_keys(findings)

    def of_level(level: pl.Expr) -> pl.Expr:
        return pl.struct(_HIT).filter(level, ~pl.col("inventory")).n_unique()

    hits = rows.group_by("host").agg(
        alert_hits=of_level(pl.col("level") == "ALERT"),
        warning_hits=of_level(pl.col("level") == "WARNING"),
        notice_hits=of_level(pl.col("level") == "NOTICE"),
        other_hits=of_level(~pl.col("level").is_in(_LEVELS).fill_null(False)),
        inventory=pl.col("inventory").sum(),
        findings=(~pl.col("inventory")).sum(),
        rules=pl.col("_rule").filter(~pl.col("inventory")).drop_nulls().n_unique(),
        max_score=pl.col("score").max(),
        first_time=pl.col("time").min(),
        last_time=pl.col("time").max(),
    )
    if scans is None:
        table = hits.with_columns(scans=pl.lit(None, pl.Int64), complete=pl.lit(None, pl.Boolean))
    else:
        runs = scans.group_by("host").agg(scans=pl.len().cast(pl.Int64), complete=_complete_of_all())
        table = hits.join(runs, on="host", how="full", coalesce=True, nulls_equal=True)
    counts = ("alert_hits", "warning_hits", "notice_hits", "other_hits", "inventory", "findings", "rules")
    return (
        table
        # A host that was scanned and has no row in the findings has truly none: 0, not missing.
        .with_columns(pl.col(counts).fill_null(0).cast(pl.Int64))
        .select(
            "host",
            *counts[:4],
            "max_score",
            "rules",
            "findings",
            "inventory",
            "first_time",
            "last_time",
            "scans",
            "complete",
        )
        .sort(
            pl.col("host").is_null(),
            pl.col("alert_hits").neg(),
            pl.col("max_score").fill_null(-1).neg(),
            pl.col("warning_hits").neg(),
            pl.col("notice_hits").neg(),
            "host",
        )
    )


def limits_of_scans(scans: pl.LazyFrame) -> pl.LazyFrame:
    """One row per scan that does not prove its host clean: no end, unknown end, no rules, lost records, remarks."""
    lost = pl.col("alerts_counted") - pl.col("alerts")
    lost_warnings = pl.col("warnings_counted") - pl.col("warnings")
    return (
        scans.with_columns(
            limit=pl.when(pl.col("complete").eq(False))
            .then(pl.lit("did not finish"))
            .when(pl.col("rules") == 0)
            .then(pl.lit("blind: no rules loaded"))
            .when((lost > 0) | (lost_warnings > 0))
            .then(pl.lit("records lost"))
            .when(pl.col("complete").is_null())
            .then(pl.lit("end unknown"))
            .when(pl.col("remarks").is_not_null())
            .then(pl.lit("remarks"))
            .when(pl.col("errors") > 0)
            .then(pl.lit("errors")),
            alerts_lost=lost.clip(0),
            warnings_lost=lost_warnings.clip(0),
        )
        .filter(pl.col("limit").is_not_null())
        .select(
            "host",
            "limit",
            "complete",
            "why_incomplete",
            "alerts_lost",
            "warnings_lost",
            "rules",
            "errors",
            "remarks",
            "started_time",
            "ended_time",
            "scanner",
            "version",
            "source",
        )
        .sort(
            pl.col("limit").replace_strict(_LIMITS, return_dtype=pl.Int8),
            "host",
            "started_time",
            "source",
            nulls_last=True,
        )
    )


_LIMITS = {
    limit: number
    for number, limit in enumerate(
        ("did not finish", "blind: no rules loaded", "records lost", "end unknown", "remarks", "errors")
    )
}


def _with_keys(findings: pl.LazyFrame) -> pl.LazyFrame:
    """The findings with what they are counted by: name of the rule, best hash, inventory or hit."""
    return findings.with_columns(
        _rule=pl.coalesce("rule", "description", "matched"),
        _hash=pl.coalesce("sha256", "sha1", "md5"),
        inventory=((pl.col("reason") == "connection") & (pl.col("level") == "NOTICE")).fill_null(False),
    )


def _n_hosts() -> pl.Expr:
    return pl.col("host").drop_nulls().n_unique()


def _n_hits() -> pl.Expr:
    return pl.struct(_HIT).n_unique()


def _rank(level: pl.Expr) -> pl.Expr:
    """0 for ALERT, 1 for WARNING, 2 for NOTICE, 3 for a word that we do not know."""
    return level.replace_strict({word: n for n, word in enumerate(_LEVELS)}, default=len(_LEVELS), return_dtype=pl.Int8)


def _worst_level() -> pl.Expr:
    return pl.col("level").sort_by(_rank(pl.col("level")), "level").first()


def _example() -> dict[str, pl.Expr]:
    """Path and host of one of the worst findings, always the same one."""
    order = (pl.col("score").fill_null(-1).neg(), pl.col("path"), pl.col("host"))
    return {f"example_{name}": pl.col(name).sort_by(*order, nulls_last=True).first() for name in ("path", "host")}


def _complete_of_all() -> pl.Expr:
    """False where one scan did not finish, null where one is unknown, else true."""
    complete = pl.col("complete")
    return pl.when(complete.eq(False).any()).then(False).when(complete.is_null().any()).then(None).otherwise(True)


def _ranked(rows: pl.LazyFrame, rare: int) -> pl.LazyFrame:
    """All findings with the prevalence of their rule, hash and path, worst and rarest first."""

    def spread(name: str, key: str) -> pl.LazyFrame:
        counted = rows.filter(~pl.col("inventory"), pl.col(key).is_not_null())
        return counted.group_by(key).agg(_n_hosts().cast(pl.Int64).alias(f"{name}_hosts"))

    table = rows
    for name, key in (("rule", "_rule"), ("hash", "_hash"), ("path", "path")):
        table = table.join(spread(name, key), on=key, how="left")
    counts = [f"{name}_hosts" for name in ("rule", "hash", "path")]
    return (
        table.with_columns(pl.when(~pl.col("inventory")).then(pl.col(counts)))
        .sort(
            "inventory",
            _rank(pl.col("level")),
            pl.col("score").neg(),
            *counts,
            "source",
            "record",
            "reason_number",
            nulls_last=True,
            maintain_order=True,
        )
        .select(
            *FINDINGS.schema,
            *counts,
            # On no known host (a console log alone) is not rare: nobody knows.
            *(
                pl.when(pl.col(count) > 0).then(pl.col(count) <= rare).alias(count.replace("hosts", "rare"))
                for count in counts
            ),
            "inventory",
        )
    )


def _hosts(rows: pl.LazyFrame, scans: pl.LazyFrame | None) -> pl.LazyFrame:
    """One row per host that was scanned: those with a scan, and those with a finding."""
    hosts = [frame.select("host") for frame in (rows, scans) if frame is not None]
    return pl.concat(hosts).drop_nulls().unique()


def _scanned(rows: pl.LazyFrame, scans: pl.LazyFrame | None) -> pl.LazyFrame:
    """The one number of hosts scanned; null where no scan records say it."""
    if scans is None:
        return pl.LazyFrame({"scanned_hosts": [None]}, schema={"scanned_hosts": pl.Int64})
    return _hosts(rows, scans).select(scanned_hosts=pl.len().cast(pl.Int64))


def _rules(rows: pl.LazyFrame, scans: pl.LazyFrame | None, rare: int) -> Result:
    table = (
        rows.select(FINDINGS.schema.names())
        .pipe(spread_by_rule)
        .join(_scanned(rows, scans), how="cross", maintain_order="left")
        .with_columns(
            share_of_hosts=pl.col("hosts") / pl.col("scanned_hosts"),
            rare=pl.when(pl.col("hosts") > 0).then(pl.col("hosts") <= rare),
        )
    )
    return Result(
        title="Rules by number of hosts",
        name="rules",
        table=table,
        charts=(Bars(x="hosts", y="rule", color="worst_level", title="Rarest rules: hosts"),),
        explanation=f"A host counts once per rule, the rarest rule first; rare means at most {rare} "
        f"{_plural(rare, 'host')}. A hit is one record of a log and may have several findings (reasons). "
        "`share_of_hosts` is of all hosts scanned; it is empty where no scan records say how many.",
    )


def _hashes(rows: pl.LazyFrame, rare: int) -> Result:
    return Result(
        title="Files by number of hosts",
        name="hashes",
        table=rows.select(FINDINGS.schema.names())
        .pipe(spread_by_hash)
        .with_columns(rare=pl.when(pl.col("hosts") > 0).then(pl.col("hosts") <= rare)),
        charts=(Bars(x="hosts", y="example_path", color="worst_level", title="Rarest files: hosts"),),
        explanation=f"One content (hash) is one row, whatever its paths; rare means at most {rare} "
        f"{_plural(rare, 'host')}. Files that a scanner names without a hash are not here.",
    )


def _paths(rows: pl.LazyFrame, rare: int) -> Result:
    return Result(
        title="Paths by number of hosts",
        name="paths",
        table=rows.select(FINDINGS.schema.names())
        .pipe(spread_by_path)
        .with_columns(rare=pl.when(pl.col("hosts") > 0).then(pl.col("hosts") <= rare)),
        charts=(Bars(x="hosts", y="path", color="worst_level", title="Rarest paths: hosts"),),
        explanation="Paths are compared letter by letter; several hashes in one path are several contents, or versions.",
    )


def _host_table(rows: pl.LazyFrame, scans: pl.LazyFrame | None) -> Result:
    return Result(
        title="Hosts by hits",
        name="hosts",
        table=rows.select(FINDINGS.schema.names()).pipe(hits_by_host, scans),
        charts=(Bars(x="max_score", y="host", title="Highest score per host"),),
        explanation="Hits (records of a log) by the scanner's own level. `complete` is true where every scan of the host "
        "finished, false where one did not, empty where a log cannot tell. A row without a host holds what console logs "
        "found: they do not name their machine.",
    )


def _levels(rows: pl.LazyFrame) -> Result:
    """Long, as the stacked chart needs it."""
    total = pl.col("hits").sum().over("host")
    worst = (pl.col("hits") * (pl.col("level") == "ALERT")).sum().over("host")
    table = (
        rows.filter(~pl.col("inventory"), pl.col("host").is_not_null())
        .group_by("host", "level")
        .agg(hits=_n_hits().cast(pl.Int64), max_score=pl.col("score").max())
        .sort(worst.neg(), total.neg(), "host", _rank(pl.col("level")), "level")
    )
    return Result(
        title="Hits by host and level",
        name="levels",
        table=table,
        charts=(Bars(x="hits", y="host", color="level", title="Hits per host by level"),),
        explanation="Hosts with most hits of level ALERT first. Hosts without a hit and hits without a host are not here.",
    )


def _scans(scans: pl.LazyFrame) -> Result:
    return Result(
        title="Scans that prove less than they seem to",
        name="scans",
        table=limits_of_scans(scans),
        explanation="Scans that did not finish or whose end is unknown, that had no rules loaded, whose log holds fewer "
        "alerts or warnings than the scanner counted, that met errors or missing rights. On these hosts, nothing found "
        "does not mean clean.",
    )


def _counts(rows: pl.LazyFrame, scans: pl.LazyFrame | None, hosts: pl.LazyFrame) -> Result:
    """The denominators, as rows."""
    hit = ~pl.col("inventory")
    of_rows = rows.select(
        pl.len().alias("findings"),
        pl.struct(_HIT).filter(hit).n_unique().alias("hits"),
        (~hit).sum().alias("inventory rows (connections at NOTICE)"),
        (hit & pl.col("host").is_null()).sum().alias("findings without a host"),
        pl.col("source").filter(hit, pl.col("host").is_null()).n_unique().alias("logs without a host"),
        pl.col("host").filter(hit).drop_nulls().n_unique().alias("hosts with a hit"),
    )
    frames = [of_rows.unpivot(variable_name="count", value_name="value")]
    if scans is not None:
        with_hit = rows.filter(hit).select("host").drop_nulls().unique()
        clean = (
            scans.group_by("host")
            .agg(complete=_complete_of_all())
            .drop_nulls("host")
            .join(with_hit, on="host", how="anti")
        )
        frames += [
            hosts.select(pl.len().alias("hosts scanned")).unpivot(variable_name="count", value_name="value"),
            clean.select(
                pl.col("complete").eq(True).sum().alias("hosts without a hit, every scan complete"),
                (~pl.col("complete").eq_missing(True)).sum().alias("hosts without a hit, a scan incomplete or unknown"),
            ).unpivot(variable_name="count", value_name="value"),
            scans.select(
                pl.len().alias("scans"),
                pl.col("complete").eq(True).sum().alias("scans complete"),
                pl.col("complete").eq(False).sum().alias("scans that did not finish"),
                pl.col("complete").is_null().sum().alias("scans whose end is unknown"),
                (pl.col("rules") == 0).sum().alias("blind scans (no rules loaded)"),
                pl.col("host").is_null().sum().alias("scans without a host"),
            ).unpivot(variable_name="count", value_name="value"),
        ]
    return Result(
        title="What was counted",
        name="counts",
        table=pl.concat([frame.with_columns(pl.col("value").cast(pl.Int64)) for frame in frames]),
        explanation="The denominators of this answer. Logs without a host may be of any number of machines.",
    )


def _plural(n: int, word: str) -> str:
    return word if n == 1 else f"{word}s"
