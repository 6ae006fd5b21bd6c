"""Connections as calls of hosts to targets: numbers instead of texts, dealt so that all of a host are together."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from watchfloor.analyses.beaconing.regularity import LONGEST
from watchfloor.analyses.rita.coding import Coding

__all__ = ["BY", "Calls", "calls_of", "flows_of", "lanes_of", "sizes_of"]

BY = ("pair", "name", "port")
"""What is looked at together: source and destination address, source and name, or the pair and its port."""


_FLOW = {
    "lasts": (pl.col("duration_seconds") * 1_000).cast(pl.Float32),
    "src_port": pl.col("src_port").cast(pl.UInt16, strict=False),
}
"""What tells the pieces of a connection, in logs that cut them."""


@dataclass(frozen=True)
class Calls:
    """The calls, lazily, and what their numbers mean."""

    rows: pl.LazyFrame
    """`row` (its number), `host`, `key` (host and target, hashed), `lane` (port, protocol, service), `at`
    (milliseconds), `sent`, `received`, and `lasts` (milliseconds), `src_port` of flows; host and key are null where the
    row is no call, `at` is there where it is still open."""
    coding: Coding
    sizes: str
    """The column that sizes are from, empty where no row has one."""


def sizes_of(connections: pl.LazyFrame) -> str:
    """The first column of sizes that has a value: payload bytes vary least, but not every log has them."""
    for name in ("orig_bytes", "orig_ip_bytes"):
        if not connections.filter(pl.col(name) > 0).select(name).head(1).collect().is_empty():
            return name
    return ""


def flows_of(connections: pl.LazyFrame) -> bool:
    """Whether rows may be pieces of connections: sensors that follow a connection to its end give it an identifier."""
    return connections.filter(pl.col("uid").is_not_null()).select("uid").head(1).collect().is_empty()


def calls_of(connections: pl.LazyFrame) -> Calls:
    """The calls of connections that have a column `target` beside their own: a name or an address."""
    coding, sizes = Coding(), sizes_of(connections)
    received = sizes.replace("orig", "resp")
    at = pl.col("time").dt.epoch("us") // 1_000
    still_open = pl.col("still_open").fill_null(False)
    key = coding.hashed("src_ip", "target")
    usable = at.is_between(0, LONGEST - 1) & key.is_not_null()
    rows = connections.with_row_index("row").select(
        "row",
        host=coding.address("src_ip").cast(pl.UInt32),
        key=pl.when(usable & ~still_open).then(key),
        lane=coding.lane("dst_port", "proto", "service"),
        at=pl.when(usable).then(at),
        sent=_narrow(sizes),
        received=_narrow(received),
        **(_FLOW if flows_of(connections) else {}),
    )
    return Calls(rows.with_columns(host=pl.when(pl.col("key").is_not_null()).then("host")), coding, sizes)


def _narrow(size: str) -> pl.Expr:
    """Half the width: 7 digits of a size are enough to tell whether sizes are alike, and rows are moved faster."""
    return pl.col(size).clip(0).cast(pl.Float32) if size else pl.lit(None, pl.Float32)


def lanes_of(number: int, bucket: pl.LazyFrame) -> pl.DataFrame:
    """One row per host, target, port, protocol and service: how often, and when first."""
    return (
        bucket.group_by("key", "lane")
        .agg(
            calls=pl.len().cast(pl.Int64),
            timed=pl.col("at").count().cast(pl.Int64),
            row=pl.col("row").min(),
            first=pl.col("at").min(),
        )
        .with_columns(bucket=pl.lit(number))
        .collect(engine="streaming")
    )
