"""Streams of calls: a pair, or parts of it. What beats by design on one port must not lend its beat to another."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

__all__ = ["NO_PORT", "Streams", "best", "streams"]

NO_PORT = -1
"""The part of a pair that is calls without a port: pings."""


@dataclass(frozen=True)
class Streams:
    """The streams of pairs with calls enough."""

    table: pl.DataFrame
    """`key, part` (null: all of it), `is_mixed` (the pair has parts), `main_port, connections, ports, pair_connections,
    pair_ports`, and what their most frequent lane says."""
    members: pl.DataFrame
    """`key, part, lane, bucket` of streams that are mixed."""
    count: int
    """Of all pairs, or pairs and ports, whatever calls they have."""


def streams(lanes: pl.DataFrame, by: str, fewest: int) -> Streams:
    """Streams of lanes.

    By port each port of a pair is a stream. Else a pair is one stream; where it has several ports, each of them is a
    part, a stream of its own (`part` is its port), and what is known to beat (a ping, a look-up) is left out of the
    whole if enough is left.

    Arguments:
        lanes: `key, host, target, bucket, lane, port, lane_what, lane_weight, text, order, calls`.
        by: `pair`, `name` or `port`.
        fewest: calls that a pair needs, and a part.
    """
    totals = lanes.group_by("key").agg(pair_connections=pl.col("calls").sum(), lanes=pl.len())
    rows = lanes.join(totals.filter(pl.col("pair_connections") >= fewest), on="key").with_columns(
        part=pl.lit(None, pl.Int64), is_mixed=False
    )
    several = rows.filter(pl.col("lanes") > 1)
    several = several.join(
        several.group_by("key").agg(
            pair_ports=pl.col("port").n_unique(), plain=pl.col("calls").filter(pl.col("lane_what").is_null()).sum()
        ),
        on="key",
    )
    whole = several
    if by != "port":
        mixed = several.filter(pl.col("pair_ports") > 1).with_columns(is_mixed=True)
        ports = mixed.with_columns(part=pl.col("port").fill_null(NO_PORT))
        ports = ports.filter(pl.col("calls").sum().over("key", "part") >= fewest)
        left = mixed.filter((pl.col("plain") < fewest) | pl.col("lane_what").is_null())
        parted = pl.concat([left, ports])
        whole = pl.concat([several.filter(pl.col("pair_ports") == 1), parted])
    alone = rows.filter(pl.col("lanes") == 1).with_columns(
        pair_ports=pl.lit(1, pl.UInt32), ports=pl.lit(1, pl.UInt32), main_port="port", connections="calls"
    )
    gathered = _gathered(whole, ["key", "port" if by == "port" else "part"])
    return Streams(
        table=pl.concat([gathered, alone.select(gathered.columns)]),
        members=(whole.clear() if by == "port" else parted).select("key", "part", "lane", "bucket"),
        count=lanes.select("key", "port").unique().height if by == "port" else totals.height,
    )


def best(scored: pl.DataFrame, by: str) -> pl.DataFrame:
    """The streams by port; else one row per pair, that of its best part, with the connections of all of it.

    Arguments:
        scored: streams with `key, part, score`.
        by: `pair`, `name` or `port`.
    """
    if by == "port" or not scored["is_mixed"].any():
        return scored.with_columns(part_connections=pl.lit(None, pl.Int64))
    # Of equal ones the whole comes first.
    return (
        scored.sort(pl.col("score").neg(), pl.col("part").is_not_null(), "main_port")
        .unique("key", keep="first", maintain_order=True)
        .with_columns(
            part_connections=pl.when(pl.col("part").is_not_null()).then("connections"),
            connections="pair_connections",
            ports="pair_ports",
        )
    )


def _gathered(lanes: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """One row per key, with what its most frequent lane says."""
    first = ("key", "part", "host", "target", "bucket", "lane", "lane_what", "lane_weight", "text", "is_mixed")
    every = (*first, "pair_connections", "pair_ports")
    return (
        lanes.sort(pl.col("calls").neg(), "order")
        .group_by(key, maintain_order=True)
        .agg(
            pl.col(name for name in every if name not in key).first(),
            main_port=pl.col("port").first(),
            connections=pl.col("calls").sum(),
            ports=pl.col("port").n_unique(),
        )
        .select(*every, "main_port", "connections", "ports")
    )
