"""Names of targets: what the client asked for in HTTP and TLS, which several addresses may answer to."""

from __future__ import annotations

import polars as pl

__all__ = ["plain_name", "targets"]


def targets(
    connections: pl.LazyFrame, requests: pl.LazyFrame | None, sessions: pl.LazyFrame | None, by: str
) -> pl.LazyFrame:
    """The connections with `target`: by name the name that was asked for, where one is known, else the address."""
    asked = _asked(requests, sessions) if by == "name" else None
    if asked is None:
        return connections.with_columns(target="dst_ip")
    of_uid = asked.filter(pl.col("uid").is_not_null()).group_by("uid").agg(asked_for=pl.col("name").min())
    return (
        connections.join(of_uid, on="uid", how="left", maintain_order="left")
        .with_columns(target=pl.coalesce("asked_for", "dst_ip"))
        .drop("asked_for")
    )


def _asked(requests: pl.LazyFrame | None, sessions: pl.LazyFrame | None) -> pl.LazyFrame | None:
    """`uid, src_ip, dst_ip, name` of each request and handshake that says a name."""
    parts = [
        frame.select("uid", "src_ip", "dst_ip", name=plain_name(column))
        for frame, column in ((requests, "host"), (sessions, "server_name"))
        if frame is not None
    ]
    return pl.concat(parts).filter(pl.col("name").is_not_null()) if parts else None


def plain_name(column: str) -> pl.Expr:
    """Lower case, without port and final dot; null where nothing is left."""
    name = pl.col(column).str.to_lowercase().str.replace(r":\d+$", "").str.strip_chars_end(".")
    return pl.when(name != "").then(name)
