"""What did the scanners find, over all hosts? How rare each rule, hash and path is, and which scans prove little."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.prevalence import (
    highest,
    hosts,
    is_hit,
    level_rank,
    named,
    spread_by_hash,
    spread_by_path,
    spread_by_rule,
)
from watchfloor.analyses.scanned import (
    counts_of_scans,
    found_at_a_glance,
    hits_by_host,
    hits_by_level,
    limits_of_scans,
    number_scanned,
)
from watchfloor.charts import Bars, Points
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import FINDINGS, SCANS

__all__ = ["findings", "findings_by_rarity"]

_KEYS = {"rule": "rule_name", "hash": "hash", "path": "path"}
"""What prevalence is counted of, and by which column."""


def findings(findings: pl.LazyFrame, scans: pl.LazyFrame | None = None, *, rare: int = 2) -> Result:
    """What was found, and on how many hosts was each rule, hash and path seen?

    Arguments:
        findings: the scanners' hits.
        scans: the scans they come from: hosts without a hit count as scanned, and unfinished scans are named.
        rare: a rule, hash or path on at most so many hosts is rare.

    Raises:
        BadOption: `rare` below 1.
        SchemaError: frames that are not these tables.
    """
    if rare < 1:
        raise BadOption(f"rare={rare} means nothing", hint="use 1 or more hosts; 2 is the default")
    found = FINDINGS.conform(findings)
    runs = SCANS.conform(scans) if scans is not None else None
    return Result(
        title="Scanner findings",
        name="findings",
        table=findings_by_rarity(found, rare=rare),
        charts=(
            Points(
                x="rule_hosts",
                y="score",
                color="level",
                tooltip=("rule", "host", "path"),
                title="Score of each finding, by the number of hosts with its rule",
            ),
        ),
        explanation=_explanation(rare, with_scans=scans is not None),
        parts=(
            _glance(found, runs, rare),
            _rules(found, runs, rare),
            _hashes(found, rare),
            _paths(found, rare),
            _hosts(found, runs),
            _levels(found),
            *((_scans(runs),) if runs is not None else ()),
            _counts(found, runs),
        ),
    )


def findings_by_rarity(findings: pl.LazyFrame, *, rare: int = 2) -> pl.LazyFrame:
    """All findings, worst level first, then highest score, then on fewest hosts; inventory last.

    After the columns of FINDINGS stand `rule_hosts`, `hash_hosts`, `path_hosts` (on how many hosts it was seen; null
    for inventory, and where there is no rule, hash or path), `rule_rare`, `hash_rare`, `path_rare`, and `inventory`.
    """
    table = named(findings).with_columns(inventory=~is_hit())
    counted = table.filter(~pl.col("inventory"))
    for name, key in _KEYS.items():
        spread = counted.filter(pl.col(key).is_not_null()).group_by(key).agg(hosts().alias(f"{name}_hosts"))
        table = table.join(spread, on=key, how="left")
    counts = [f"{name}_hosts" for name in _KEYS]
    return (
        table.with_columns(pl.when(~pl.col("inventory")).then(pl.col(counts)))
        .sort(
            "inventory",
            level_rank(pl.col("level")),
            highest("score"),
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
            *(_rare(f"{name}_hosts", rare).alias(f"{name}_rare") for name in _KEYS),
            "inventory",
        )
    )


def _rare(count: str, rare: int) -> pl.Expr:
    """On no known host (a console log alone) is not rare: nobody knows."""
    return pl.when(pl.col(count) > 0).then(pl.col(count) <= rare)


def _explanation(rare: int, *, with_scans: bool) -> str:
    return (
        "One row per hit and reason: worst level first, then highest score, then the rule on the fewest hosts. "
        f"{_rare_means(rare)} A host counts once per rule, hash or path. A hash is the SHA-256, or else the SHA-1 or "
        "MD5. A reason without a rule counts under its description, or else under what matched. Rows without a host, "
        "as console logs give them, are in no number of hosts; `counts` says how many they are. Network connections "
        "that a scanner merely lists at level NOTICE are inventory, not hits: they stand last and are in no other "
        "table. "
        + (
            "Hosts scanned include those without a hit. "
            if with_scans
            else "Without scan records nobody knows which hosts were scanned and found clean, so shares of hosts are "
            "empty. "
        )
        + "\nWhat this does not say: a rare finding is not proven evil, nor a common one harmless; and a host whose "
        "scan did not finish, had no rules, or lost records may hide more than it shows."
    )


def _rare_means(rare: int) -> str:
    return f"Rare means on at most {rare} {'host' if rare == 1 else 'hosts'}."


def _glance(found: pl.LazyFrame, runs: pl.LazyFrame | None, rare: int) -> Result:
    return Result(
        title="At a glance",
        name="glance",
        table=found_at_a_glance(found, runs, rare=rare),
        explanation=f"Hits are records of a log. {_rare_means(rare)} Doubtful scans prove less than they seem to.",
    )


def _rules(found: pl.LazyFrame, runs: pl.LazyFrame | None, rare: int) -> Result:
    columns = ("rule", "reasons", "hosts", "rare", "scanned_hosts", "share", "hits", "findings")
    table = (
        spread_by_rule(found)
        .join(number_scanned(found, runs), how="cross", maintain_order="left")
        .with_columns(share=pl.col("hosts") / pl.col("scanned_hosts"), rare=_rare("hosts", rare))
        .select(*columns, pl.exclude(columns))
    )
    return Result(
        title="Rules by number of hosts",
        name="rules",
        table=table,
        charts=(Bars(x="max_score", y="rule", color="worst_level", title="Highest score of the rarest rules"),),
        explanation="The rule on the fewest hosts first, among these the one with the highest score. "
        f"{_rare_means(rare)} A hit is one record of a log, a finding one of its reasons. `share` is of all hosts "
        "scanned; without scan records it is empty. Rules whose findings name no host stand last: nobody knows how "
        "rare they are.",
    )


def _hashes(found: pl.LazyFrame, rare: int) -> Result:
    return Result(
        title="Files by number of hosts",
        name="hashes",
        table=spread_by_hash(found).with_columns(rare=_rare("hosts", rare)),
        charts=(Bars(x="max_score", y="example_path", color="worst_level", title="Highest score of the rarest files"),),
        explanation=f"One content (hash) is one row, whatever its paths. {_rare_means(rare)} Files that the scanner "
        "names without a hash are not here. A file that differs in one byte on every host is as many rows.",
    )


def _paths(found: pl.LazyFrame, rare: int) -> Result:
    return Result(
        title="Paths by number of hosts",
        name="paths",
        table=spread_by_path(found).with_columns(rare=_rare("hosts", rare)),
        charts=(Bars(x="max_score", y="path", color="worst_level", title="Highest score of the rarest paths"),),
        explanation=f"{_rare_means(rare)} Paths are compared letter by letter, so home folders of two users are two "
        "paths. Several hashes under one path are several contents.",
    )


def _hosts(found: pl.LazyFrame, runs: pl.LazyFrame | None) -> Result:
    return Result(
        title="Hosts by hits",
        name="hosts",
        table=hits_by_host(found, runs),
        charts=(Bars(x="max_score", y="host", title="Highest score per host"),),
        explanation="Hits (records of a log) by the scanner's own level, the host with most of level ALERT first. "
        "`complete` is true where every scan of the host finished, false where one did not, empty where the logs "
        "cannot tell; `limits` says what keeps its silence from being proof. The row without a host is what console "
        "logs found: they do not name their machine.",
    )


def _levels(found: pl.LazyFrame) -> Result:
    return Result(
        title="Hits by host and level",
        name="levels",
        table=hits_by_level(found),
        charts=(Bars(x="hits", y="host", color="level", title="Hits per host by level"),),
        explanation="Hosts with most hits of level ALERT first. Hosts without a hit and hits without a host are not "
        "here.",
    )


def _scans(runs: pl.LazyFrame) -> Result:
    return Result(
        title="Scans that prove less than they seem to",
        name="scans",
        table=limits_of_scans(runs),
        explanation="Scans that did not finish or whose end is unknown, that had no rules loaded, whose log holds "
        "fewer alerts or warnings than the scanner itself counted, that met errors, missing rights or paths that do "
        "not exist. On these hosts, nothing found does not mean clean. A scan has one row, under the gravest of its "
        "limits.",
    )


def _counts(found: pl.LazyFrame, runs: pl.LazyFrame | None) -> Result:
    return Result(
        title="What was counted",
        name="counts",
        table=counts_of_scans(found, runs),
        explanation="The denominators of this answer. Logs without a host may be of any number of machines.",
    )
