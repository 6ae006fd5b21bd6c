"""How many hosts of the own network call the same target, and which hosts speak to peers everywhere."""

from __future__ import annotations

import polars as pl

__all__ = ["PEERS", "peers", "peers_weight", "prevalence_weight", "scan_weight", "sources"]

PEERS = 50
"""From so many high ports on, called at as many targets, a host is among peers."""
_HIGH = 1_024


def sources(lanes: pl.DataFrame) -> pl.DataFrame:
    """One row per target and port: `sources`, the hosts that call it.

    Who calls in from outside is none of them: scanners do not make a server prevalent.

    Arguments:
        lanes: `host, target, port, is_inbound`.
    """
    return lanes.filter(~pl.col("is_inbound")).group_by("target", "port").agg(sources=pl.col("host").n_unique())


def prevalence_weight(sources: pl.Expr) -> pl.Expr:
    """1 for one host, a half for five."""
    return 1 / (1 + (sources - 1).clip(0) / 4)


def peers(lanes: pl.DataFrame) -> pl.DataFrame:
    """One row per host, target and port of peer-to-peer traffic: `peer_ports`, on how many ports the host has peers.

    Such a host calls dozens of targets on as many high ports.
    """
    high = lanes.filter((pl.col("port") >= _HIGH) | pl.col("port").is_null())
    hosts = (
        high.group_by("host")
        .agg(peer_ports=pl.col("port").n_unique(), targets=pl.col("target").n_unique())
        .filter(pl.col("peer_ports") >= PEERS, pl.col("targets") >= PEERS)
        .select("host", "peer_ports")
    )
    return high.join(hosts, on="host").select("host", "target", "port", "peer_ports").unique()


def peers_weight(peer_ports: pl.Expr) -> pl.Expr:
    """Less than a half where the target is one of many peers: of more of them, more are regular."""
    return pl.when(peer_ports.is_not_null()).then((20 / peer_ports).clip(0.15, 0.4)).otherwise(1.0)


def scan_weight(ports: pl.Expr, connections: pl.Expr) -> pl.Expr:
    """Falls with the ports of a target that are tried: a beacon has a few, a scanner a new one with each call."""
    return pl.when(ports > 5).then((1 - ports / connections).clip(0.05)).otherwise(1.0)
