"""A closer look at one row of a hunt: the names that a client asked for, or when each connection of a pair was open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from watchfloor.charts import Bars, Points
from watchfloor.result import Result

__all__ = ["at_connections", "at_names"]


def at_names(asked: pl.DataFrame, row: Mapping[str, Any]) -> Result:
    """What one client asked of one domain: how long the names are over time, which types it asks for and how often.

    Arguments:
        asked: queries with `src_ip, domain, time, name, below` (what stands before the domain), `type, rcode, answers`.
        row: of the answer: `src_ip, domain, pair, why`.
    """
    mine = asked.lazy().filter(pl.col("src_ip") == row["src_ip"], pl.col("domain") == row["domain"]).sort("time")
    table = mine.select(
        "time",
        query="name",
        query_type="type",
        rcode="rcode",
        answers="answers",
        characters=pl.col("below").str.len_chars().cast(pl.Int64).fill_null(0),
    )
    types = (
        mine.group_by(query_type="type")
        .agg(queries=pl.len().cast(pl.Int64), names=pl.col("name").n_unique().cast(pl.Int64))
        .sort(pl.col("queries").neg(), "query_type")
    )
    pace = mine.group_by(time=pl.col("time").dt.truncate("10m")).agg(
        queries=pl.len().cast(pl.Int64), names=pl.col("name").n_unique().cast(pl.Int64)
    )
    return Result(
        title=f"{row['pair']}",
        name="pair",
        table=table,
        charts=(
            Points(
                x="time",
                y="characters",
                color="query_type",
                tooltip=("query",),
                title="Characters below the domain, of each query",
            ),
        ),
        explanation=f"{row['why']}.",
        parts=(
            Result(
                title="Types",
                name="types",
                table=types,
                charts=(Bars(x="queries", y="query_type", title="Queries by type"),),
                explanation="Which types it asks for: TXT, NULL, CNAME, MX and SRV carry text back.",
            ),
            Result(
                title="Pace",
                name="pace",
                table=pace.sort("time"),
                charts=(Points(x="time", y="names", tooltip=("queries",), title="Different names per 10 minutes"),),
                explanation="A session of a person or a transfer stands out; what runs by itself is level.",
            ),
        ),
    )


def at_connections(rows: pl.DataFrame, row: Mapping[str, Any]) -> Result:
    """When each connection of one pair was open.

    Arguments:
        rows: connections of the pair: `uid, time, end, seconds, src_port, dst_port, proto, service, still_open, bytes,
            records`.
        row: of the answer: `pair, why`.
    """
    flow = pl.format(
        "{} → {}", pl.col("src_port").cast(pl.String).fill_null("?"), pl.col("dst_port").cast(pl.String).fill_null("?")
    )
    table = (
        rows.lazy()
        .sort("time", "end", nulls_last=True)
        .select(
            "time",
            last_time="end",
            duration_seconds="seconds",
            flow=flow,
            proto="proto",
            service="service",
            state=pl.when("still_open").then(pl.lit("still open")).otherwise(pl.lit("ended")),
            total_bytes="bytes",
            uid="uid",
            records="records",
        )
    )
    return Result(
        title=f"{row['pair']}",
        name="pair",
        table=table,
        charts=(
            Points(
                x="time",
                x_end="last_time",
                y="flow",
                color="state",
                tooltip=("duration_seconds", "total_bytes"),
                title="Open from, to, by the ports of client and server",
            ),
        ),
        explanation=f"{row['why']}.",
    )
