"""Who calls home by the score `watchfloor`: the table, each row with its reasons, and what a closer look shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from watchfloor.analyses.beaconing import asked, confidence, names, pictures, words
from watchfloor.analyses.beaconing.score import FEWEST, LOOK, TERMS, Scored, score_streams
from watchfloor.analyses.leftout import counted_once, left_out
from watchfloor.analyses.rita.pairs import seconds_of
from watchfloor.charts import Bars
from watchfloor.result import Result

__all__ = ["COLUMNS", "by_watchfloor"]

INTERNAL = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")
"""The own network, where nobody says otherwise."""
_SHOWN = 0.1
"""Known benign things from this score on, were they not known, are in a part of their own."""
SHARED = ("src_ip", "dst_ip", "name", "dst_port", "connections", "score", "rank")
"""The first columns, whatever the score."""
COLUMNS = (
    *SHARED,
    "why",
    "known",
    "too_few",
    "period_seconds",
    "off_seconds",
    "beats",
    "present",
    "active_seconds",
    "sessions",
    *TERMS,
    "sent_median",
    "received_median",
    "answer_ratio",
    "size_out",
    "size_in",
    "others",
    "others_by_chance",
    "twins",
    "pieces",
    "servers",
    "joined_period_seconds",
    "sources",
    "hosts",
    "first_seen_seconds",
    "signature",
    "signature_hosts",
    "certificate",
    "first_time",
    "last_time",
    "ports",
    "pair",
)


def by_watchfloor(
    connections: pl.LazyFrame,
    requests: pl.LazyFrame | None,
    sessions: pl.LazyFrame | None,
    *,
    by: str,
    window: str,
    internal: Sequence[str],
    top: int,
) -> Result:
    """The answer.

    Arguments:
        connections: the canonical table, likewise the two that follow, which give names.
        requests: HTTP_REQUESTS.
        sessions: TLS_SESSIONS.
        by: one of `BY`.
        window: how much of the log's end is looked at: `all`, or a duration.
        internal: subnets of the own network.
        top: how many rows the parts show.
    """
    rows = _within(connections, seconds_of(window))
    targets = names.targets(rows, requests, sessions, by)
    found = score_streams(targets, by, internal=tuple(internal) or INTERNAL)
    table = _ranked(found, asked.asked(requests, sessions), by)
    known = table.filter(pl.col("known").is_not_null(), pl.col("score") / pl.col("context") >= _SHOWN)
    return Result(
        title="Beacons",
        name="beacons",
        table=table.select(COLUMNS).lazy(),
        charts=(Bars(x="score", y="pair", title="Score of the best"),),
        explanation=_explained(found, table, by),
        parts=(
            *pictures.of_best(targets, table.head(top), by),
            _known(known),
            left_out(found.left_out, _REASONS, counted_once(found.connections)),
        ),
        closer=partial(_closer, targets, by),
    )


def _within(connections: pl.LazyFrame, seconds: int | None) -> pl.LazyFrame:
    if seconds is None:
        return connections
    last: datetime | None = connections.select(pl.col("time").max()).collect().item()
    return (
        connections
        if last is None
        else connections.filter(pl.col("time") >= pl.lit(last) - pl.duration(seconds=seconds))
    )


def _ranked(found: Scored, said: pl.DataFrame | None, by: str) -> pl.DataFrame:
    """The rows, the highest score first."""
    table = found.table.lazy().with_columns(
        name=pl.lit(None, pl.String),
        dst_ip="dst",
        hosts=pl.lit(found.hosts, pl.Int64),
        dst_port=pl.when(pl.col("ports") == 1).then("main_port"),
        period_seconds=pl.col("period_ms") / 1_000,
        off_seconds=pl.col("off_ms") / 1_000,
        joined_period_seconds=pl.col("joined_period") / 1_000,
        active_seconds=pl.col("active_ms") / 1_000,
        first_seen_seconds=pl.col("first_seen") / 1_000,
        answer_ratio=pl.when(pl.col("sent_median") > 0).then(pl.col("received_median") / pl.col("sent_median")),
        first_time=_instant("first"),
        last_time=_instant("last"),
    )
    if by == "name":
        is_name = pl.col("dst").str.contains("[g-zG-Z]|^[a-fA-F0-9-]+(\\.[a-zA-Z]|$)") & ~pl.col("dst").str.contains(
            ":", literal=True
        )
        table = table.with_columns(name=pl.when(is_name).then("dst"), dst_ip=pl.when(~is_name).then("dst"))
    elif (named := asked.names_of_pairs(said)) is not None:
        table = table.drop("name").join(named.lazy(), on=["src_ip", "dst_ip"], how="left").pipe(_excused, said)
    target = (
        pl.coalesce("name", "dst_ip")
        if by != "port"
        else pl.format("{}:{}", pl.coalesce("name", "dst_ip"), pl.col("main_port").cast(pl.String).fill_null("-"))
    )
    table = asked.evidence(table.collect(), said, by).lazy()
    return (
        table.with_columns(pair=pl.format("{} → {}", "src_ip", target))
        .sort(
            pl.col("score").neg(), pl.col("connections").neg(), "src_ip", "dst_ip", "name", "dst_port", nulls_last=True
        )
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        .with_columns(why=words.sentence(found.sizes))
        .with_columns(ports="port_texts")
        .collect()
    )


def _excused(table: pl.LazyFrame, said: pl.DataFrame | None) -> pl.LazyFrame:
    """With the names that a pair was asked for: what is known by its names is excused as by name."""
    if (listed := asked.of_known_names(said)) is None:
        return table
    by_name = pl.col("known").is_null() & pl.col("known_name").is_not_null()
    return (
        table.join(listed.lazy(), on=["src_ip", "dst_ip"], how="left")
        .with_columns(
            score=pl.when(by_name).then(pl.col("score") / pl.col("web") * pl.col("name_weight")).otherwise("score"),
            context=pl.when(by_name).then(pl.col("context") * pl.col("name_weight")).otherwise("context"),
            web=pl.when(by_name).then(1.0).otherwise("web"),
            known=pl.when(by_name).then("known_name").otherwise("known"),
        )
        .drop("known_name", "name_weight")
    )


def _instant(milliseconds: str) -> pl.Expr:
    return (pl.col(milliseconds) * 1_000).cast(pl.Datetime("us", "UTC"))


def _closer(targets: pl.LazyFrame, by: str, row: Mapping[str, Any]) -> Result:
    """The picture of one row."""
    return pictures.of_row(targets, row, by)


def _known(known: pl.DataFrame) -> Result:
    table = known.with_columns(unexcused=pl.col("score") / pl.col("context"))
    return Result(
        title="Known to beat",
        name="known",
        table=table.select("known", "src_ip", "dst_ip", "name", "dst_port", "connections", "score", "unexcused", "why")
        .sort(pl.col("unexcused").neg(), "src_ip", "dst_ip", nulls_last=True)
        .lazy(),
        explanation="What the shipped list of benign things that beat knows, by port, service, name or address. Its "
        "score is lowered, not hidden: `unexcused` is what it would be otherwise.",
    )


_SIZES = {
    "orig_bytes": "Sizes are payload bytes, or what a firewall or a proxy counts as sent (`orig_bytes`).",
    "orig_ip_bytes": "Sizes are IP-level bytes, headers included, as no row has payload bytes.",
    "": "No row has a size: sizes say nothing here.",
}
_WHAT = {"pair": "pairs of addresses", "name": "pairs of source and name", "port": "pairs of addresses and a port"}
_REASONS = {
    "open": "still open: in no score",
    "unusable": "without a time or an address",
    "few": f"of streams with fewer than {FEWEST} connections",
}


def _explained(found: Scored, table: pl.DataFrame, by: str) -> str:
    said = (
        f"Of {found.connections:,} connections in {found.streams:,} {_WHAT[by]}, {table.height:,} have at least "
        f"{FEWEST} connections and are scored (part `left_out` counts the rest).",
        "The score is a product of terms from 0 to 1, each a column: `regularity` (how surely more gaps are alike than "
        "chance gives, at the best of several widths, with calls merged that come in bursts), `evenness` (of the time "
        "from its first to its last call), `sizes`, `confidence` (n/(n+4) for n beats), `beyond_chance` (the "
        "many streams tested are paid for), `solitude` (page loads start many calls at once), `twinless` (other "
        "targets with the same period), `context` (known benign things, `known`), `prevalence` (1/(1+(sources-1)/4)), "
        "`peers` (peer-to-peer), `scan` (many ports), `speed`, `whole` (flows that are pieces of one connection) and "
        "`web` (the odds on ports 80 and 443 are lower: most benign beats are there). "
        "The length of the log is not looked at.",
        f"Where the other terms leave less than {LOOK:g}, evenness, sizes and company are not looked at.",
        _SIZES[found.sizes],
        f"Fewer than {confidence.FEW} beats are `too_few` to be sure of a beat.",
        "What the score does not say: whether a beacon is bad. Push services, cloud agents and monitoring that the "
        "list does not know beat as well. A connection that stays open, and a tunnel through look-ups of names, are no "
        "beacons.",
    )
    return " ".join(said)
