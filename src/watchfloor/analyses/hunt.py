"""All network threats of a data set with severity and modifiers, as RITA v5 ranks them, and the scores behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from watchfloor.analyses.leftout import left_out
from watchfloor.analyses.rita.config import RitaConfig, config_of
from watchfloor.analyses.rita.filters import NAMES
from watchfloor.analyses.rita.intel import intel_of
from watchfloor.analyses.rita.threats import Threats, threats_of
from watchfloor.analyses.rita.traffic import Traffic, traffic_of
from watchfloor.charts import Bars
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.result import Result
from watchfloor.schemas import Tables

__all__ = ["SCORES", "TABLES_ASKED", "hunt", "worst_rows"]

SCORES = ("rita",)
"""What can be computed: `rita` is RITA v5's final score."""
TABLES_ASKED = ("connections", "http_requests", "tls_sessions", "dns_queries")
"""The tables that are looked at, those that there are."""
_SEVERITIES = ("critical", "high", "medium", "low", "none")


def hunt(
    tables: Tables,
    *,
    score: str = "rita",
    config: str | Path | RitaConfig = "code",
    internal: Sequence[str] = (),
    threat_intel: Sequence[str | Path] = (),
    as_of: datetime | None = None,
    one_import: bool = False,
    top: int = 10,
) -> Result:
    """Which pairs and domains are a threat, how bad, and why?

    Arguments:
        tables: `connections, http_requests, tls_sessions, dns_queries`: those that there are.
        score: `rita`: RITA v5's final score, to the last digit.
        config: RITA's parameters: `code`, `shipped`, the path of RITA's own configuration file, or a `RitaConfig`.
        internal: subnets of the own network, where they are not the private ones.
        threat_intel: files of what is known to be bad: lists, STIX 2.1, MISP JSON, CSV.
        as_of: the present, which makes the data a rolling data base: only there RITA scores when something was seen
            first.
        one_import: all files are analysed as one, against the last 24 hours; without it those of one day's folder and
            one hour of their names are, as in RITA.
        top: how many threats the chart shows.

    Raises:
        BadOption: a value that means nothing here.
        NothingToRead: none of the tables.
    """
    if score not in SCORES:
        raise BadOption(f"there is no score {score!r}", hint=f"there is {', '.join(SCORES)}")
    if top < 1:
        raise BadOption(f"top={top} means nothing", hint="use 1 or more; 10 is the default")
    if not any(name in tables for name in TABLES_ASKED):
        raise NothingToRead(
            f"none of {', '.join(TABLES_ASKED)} is here", hint="name logs of connections, HTTP, TLS or DNS"
        )
    rita = config_of(config)
    if internal:
        rita = replace(rita, internal_subnets=tuple(internal))
    intel = intel_of(threat_intel)
    traffic = traffic_of(tables, rita, one_import=one_import)
    found = threats_of(traffic, rita, intel, as_of=as_of)
    return Result(
        title="Threats",
        name="hunt",
        table=found.table.lazy(),
        explanation=_explained(found, traffic, rita, (config, as_of, intel.said)),
        parts=(_worst(found, top), _by_severity(found), left_out(traffic.left_out, _REASONS, _LEFT_OUT)),
    )


def _explained(
    found: Threats,
    traffic: Traffic,
    config: RitaConfig,
    asked: tuple[str | Path | RitaConfig, datetime | None, str],
) -> str:
    """What the table says, with every threshold, and what it does not say."""
    name, as_of, listed = asked
    table = found.table
    counts = ", ".join(f"{table.filter(pl.col('severity') == word).height:,} {word}" for word in _SEVERITIES)
    rows = ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in traffic.rows.items())
    long, c2 = config.long_connection_score_thresholds, config.c2_score_thresholds
    beacon = config.score_thresholds
    said = (
        f"From {rows}: {table.height:,} threats ({counts}).",
        f"Beacon window: {found.window}; rows count from the start of the hour in which it starts."
        if found.window
        else "There is no closed connection, so nothing is scored as a beacon.",
        f"{found.imports} imports by the names of files (one per folder of a day and hour): each is analysed against "
        "the 24 hours before its end, and a pair shows the last import that had it."
        if found.imports > 1
        else "",
        f"{traffic.unlinked:,} rows of HTTP and TLS have no connection in their import, and count for nothing"
        + (
            ": if logs of one kind are cut into hours and others are not, analyse all as one import."
            if found.imports > 1
            else "."
        )
        if traffic.unlinked
        else "",
        "" if table.height or not traffic.left_out else "Nothing passes the filters: name the own network.",
        _SIZES[traffic.sizes],
        "A pair of addresses (kind `ip`) is left out where names explain its connections (here: "
        f"{found.named_away:,}). "
        "Kind `sni` is a source and a name, from Host headers and TLS server names together, through a proxy as well; "
        "kind `dns` is a registrable domain, whoever asked.",
        f"The final score is the highest of five, plus the modifiers, with {_defaults(name)}: the beacon score (in per "
        f"cent: {beacon.base:g}, {beacon.low:g}, {beacon.medium:g}, {beacon.high:g}), all connections of the pair "
        f"together (seconds: {long.base:g}, {long.low:g}, {long.medium:g}, {long.high:g}; open ones are in), a strobe "
        f"({config.strobe_connections:,} connections), names below a domain ({c2.base:g}, {c2.low:g}, {c2.medium:g}, "
        f"{c2.high:g}), threat intelligence. Where a class begins a score is worth 0.2, 0.4, 0.6 and at most 0.8.",
        "Severity: critical above 0.8, high from 0.6, medium from 0.4, low from 0.2. A score below 0 is one without a "
        "threat, whose modifiers take away.",
        f"Prevalence is the share of {found.network_size:,} internal addresses.",
        "First seen is the first time in the window and is not scored: RITA scores it in rolling data bases alone "
        "(give the present with `as_of`)."
        if as_of is None
        else f"First seen is scored as of {as_of:%Y-%m-%d %H:%M}.",
        listed,
        _DIFFERS,
    )
    return " ".join(sentence for sentence in said if sentence)


def _defaults(name: str | Path | RitaConfig) -> str:
    return "the configuration given" if isinstance(name, RitaConfig) else f"RITA's configuration {str(name)!r}"


_SIZES = {
    "orig_ip_bytes": "",
    "orig_bytes": "Sizes are payload bytes, as no row has IP-level ones: RITA's scores of sizes would differ.",
    "": "No row has a size.",
}
_DIFFERS = (
    "RITA's code is followed where its documentation differs: the modifier for direct connections to a domain is given "
    "where someone did connect, and everyone who did had asked for it; of a MIME type one extension alone is right; "
    "open connections of a pair swap first and last time. What the score does not say: whether a beacon is bad."
)


def worst_rows(table: pl.DataFrame, top: int) -> pl.DataFrame:
    """The first rows, as their chart shows them."""
    return table.head(top).select(
        threat=pl.concat_str([pl.coalesce("src_ip", pl.lit("any")), pl.coalesce("dst_ip", "name")], separator=" → "),
        final_score="final_score",
        severity="severity",
        beacon_score="beacon_score",
        long_connection_score="long_connection_score",
        c2_over_dns_score="c2_over_dns_score",
        modifiers="modifiers",
    )


def _worst(found: Threats, top: int) -> Result:
    return Result(
        title="The worst threats",
        name="worst",
        table=worst_rows(found.table, top).lazy(),
        charts=(Bars(x="final_score", y="threat", color="severity", title="Final score of the worst threats"),),
        explanation=f"The first {top} rows, with the scores that they are made of.",
    )


def _by_severity(found: Threats) -> Result:
    words = pl.DataFrame({"severity": _SEVERITIES})
    counts = found.table.group_by("severity").agg(threats=pl.len().cast(pl.Int64))
    table = words.join(counts, on="severity", how="left", maintain_order="left").with_columns(
        pl.col("threats").fill_null(0)
    )
    return Result(
        title="Threats by severity",
        name="severities",
        table=table.lazy(),
        charts=(Bars(x="threats", y="severity", title="Threats by severity"),),
        explanation="Every row of the table is in one of the classes.",
    )


_REASONS = {"unusable": "without a time or an address", **NAMES}
_LEFT_OUT = (
    "Connections that RITA's filters drop, by the first rule that fits; rows of HTTP, TLS and DNS are "
    "judged by the same rules, and HTTP and TLS rows need their connection in the same import."
)
