"""Streams of calls: a pair, or parts of it. What beats by design on one port must not lend its beat to another."""

from __future__ import annotations

import polars as pl

__all__ = ["NO_PORT", "best", "streams"]

NO_PORT = -1
"""The part of a pair that is calls without a port: pings."""


def streams(lanes: pl.DataFrame, by: str, fewest: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per stream, and the members of those that are not all of their pair.

    By port each port of a pair is a stream. Else a pair is one stream; where it has several ports, each of them is a
    part, a stream of its own (`part` is its port), and what is known to beat (a ping, a look-up) is left out of the
    whole if enough is left.

    Arguments:
        lanes: `key, host, target, bucket, lane, port, lane_what, lane_weight, text, order, calls`.
        by: `pair`, `name` or `port`.
        fewest: calls that a stream needs.

    Returns:
        Streams: `key, part` (null: all of it), `is_mixed` (the pair has parts), `main_port, connections, ports,
        pair_connections, pair_ports`, and what their most frequent lane says. Members: `key, part, lane, bucket` of
        streams that are mixed.
    """
    of_pair = lanes.group_by("key").agg(
        pair_connections=pl.col("calls").sum(),
        pair_ports=pl.col("port").n_unique(),
        plain=pl.col("calls").filter(pl.col("lane_what").is_null()).sum(),
    )
    if by == "port":
        every = lanes.with_columns(part=pl.lit(None, pl.Int64), is_mixed=False)
        return _gathered(every, ["key", "port"]).join(of_pair.drop("plain"), on="key"), _no_members(lanes)
    several = of_pair.filter(pl.col("pair_ports") > 1).select("key", enough=pl.col("plain") >= fewest)
    mixed = lanes.join(several, on="key").with_columns(is_mixed=True)
    whole = mixed.filter(~pl.col("enough") | pl.col("lane_what").is_null()).with_columns(part=pl.lit(None, pl.Int64))
    ports = mixed.with_columns(part=pl.col("port").fill_null(NO_PORT))
    ports = ports.filter(pl.col("calls").sum().over("key", "part") >= fewest)
    parted = pl.concat([whole, ports]).drop("enough")
    single = lanes.join(several, on="key", how="anti").with_columns(part=pl.lit(None, pl.Int64), is_mixed=False)
    every = pl.concat([single.select(parted.columns), parted])
    found = _gathered(every, ["key", "part"]).join(of_pair.drop("plain"), on="key")
    return found, parted.select("key", "part", "lane", "bucket")


def best(scored: pl.DataFrame, by: str) -> pl.DataFrame:
    """The streams by port; else one row per pair, that of its best part, with the connections of all of it.

    Arguments:
        scored: streams with `key, part, score`.
        by: `pair`, `name` or `port`.
    """
    if by == "port":
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
    return (
        lanes.sort(pl.col("calls").neg(), "order")
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("host", "target", "bucket", "lane", "lane_what", "lane_weight", "text", "is_mixed").first(),
            *([pl.col("part").first()] if "part" not in key else []),
            main_port=pl.col("port").first(),
            connections=pl.col("calls").sum(),
            ports=pl.col("port").n_unique(),
        )
    )


def _no_members(lanes: pl.DataFrame) -> pl.DataFrame:
    return lanes.clear().select("key", "lane", "bucket", part="port")
