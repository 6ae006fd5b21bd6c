"""Flows of one direction as conversations: the two halves put together, and what an exporter cut at its timeouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from watchfloor.engine import keep
from watchfloor.readers._reader import Options, Tables, one_by_one
from watchfloor.schemas import CONNECTIONS, LEDGER

__all__ = ["APART", "as_conversations", "paired"]

APART = 1.0
"""Seconds: a record that begins later than this after the end of those before it is another conversation. Exporters
end a flow after 10 s and more without a packet, so what follows sooner is the same flow, cut at the active timeout."""
_ENDS = ("a_ip", "a_port", "b_ip", "b_port", "proto", "action")
"""What the records of a conversation have in common; what was let pass is none with what was not."""


def as_conversations(read: Callable[[Path, Options], Tables]) -> Callable[[Sequence[Path], Options], Tables]:
    """Makes a reader's `read` of a function that reads one file: halves may stand in different files."""
    read_all = one_by_one(read)

    def conversations(paths: Sequence[Path], options: Options) -> Tables:
        return paired(read_all(paths, options))

    return conversations


def paired(tables: Tables) -> Tables:
    """The tables, CONNECTIONS with one row for each conversation; the ledger says how many records became one.

    A record that counts the bytes of both directions is left as it is. The source is the host whose record begins
    first; where both begin within a second and only one port is below 1024, or both begin together, the one with the
    higher port: clocks of exporters are not that good. What several exporters saw counts once, each direction as the
    one that saw most of it. A conversation of which only one direction was exported has no bytes of the other.
    """
    if "connections" not in tables:
        return tables
    found = CONNECTIONS.fill(tables["connections"]).with_row_index("at")
    complete = pl.col("resp_ip_bytes").is_not_null() | pl.col("resp_bytes").is_not_null()
    no_half = complete | pl.col("src_ip").is_null() | pl.col("dst_ip").is_null() | pl.col("time").is_null()
    # Only what tells conversations apart is held in memory; the other columns may be on disk.
    halves = found.filter(~no_half).select(*_NEEDED).collect(engine="streaming")
    if not halves.height:
        return tables
    whole = _conversations(halves)
    if whole.height == halves.height:
        return tables
    joined = found.join(whole.lazy(), on="at", how="left", suffix="_made", maintain_order="left")
    made = [
        pl.when(pl.col("is_whole").is_not_null()).then(f"{name}_made").otherwise(name).alias(name) for name in _MADE
    ]
    connections = (
        joined.filter(no_half | pl.col("is_whole").is_not_null())
        .with_columns(made)
        .select(CONNECTIONS.schema.names())
        .pipe(keep)
    )
    before = halves.group_by("source").agg(records=pl.len())
    after = whole.join(halves.select("at", "source"), on="at").group_by("source").agg(conversations=pl.len())
    counts = before.join(after, on="source", how="left").with_columns(pl.col("conversations").fill_null(0))
    said = pl.format(
        "{} records of one direction are {} conversations: halves, and what the exporter cut, are put together",
        "records",
        "conversations",
    )
    told = counts.lazy().select("source", said=said)
    notes = pl.concat_str("notes", "said", separator="; ", ignore_nulls=True)
    ledger = (
        LEDGER.fill(tables["ledger"])
        .join(told, on="source", how="left", maintain_order="left")
        .with_columns(notes=pl.when(notes != "").then(notes))
    )
    return tables | {"connections": connections, "ledger": LEDGER.fill(ledger)}


def _conversations(halves: pl.DataFrame) -> pl.DataFrame:
    """One row for each conversation: `at`, that of its first record, and what is made."""
    port = pl.col("src_port").fill_null(-1), pl.col("dst_port").fill_null(-1)
    forward = (pl.col("src_ip") < pl.col("dst_ip")) | ((pl.col("src_ip") == pl.col("dst_ip")) & (port[0] <= port[1]))
    rows = halves.with_columns(forward=forward).with_columns(
        a_ip=pl.when("forward").then("src_ip").otherwise("dst_ip"),
        b_ip=pl.when("forward").then("dst_ip").otherwise("src_ip"),
        a_port=pl.when("forward").then(port[0]).otherwise(port[1]),
        b_port=pl.when("forward").then(port[1]).otherwise(port[0]),
        ends=pl.col("time") + pl.duration(microseconds=pl.col("duration_seconds").fill_null(0) * 1_000_000),
    )
    rows = rows.with_columns(key=pl.struct(_ENDS).hash()).sort("key", "time", "at")
    last = pl.col("ends").cum_max().over("key").shift()
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("key", *_ENDS))
    later = pl.col("time") > last + pl.duration(milliseconds=round(APART * 1000))
    rows = rows.with_columns(talk=(other | later).fill_null(True).cum_sum())
    ways = (
        rows.group_by("talk", "forward", "sensor")
        .agg(
            pl.col("time").min(),
            pl.col("ends").max(),
            *(_sum(name) for name in ("orig_bytes", "orig_ip_bytes")),
            *(pl.col(name).first() for name in (*_ENDS, "at")),
        )
        .group_by("talk", "forward")
        .agg(
            pl.col("time", "at").min(),
            pl.col("ends", "orig_bytes", "orig_ip_bytes").max(),
            *(pl.col(name).first() for name in _ENDS),
        )
    )
    there = ways.filter("forward")
    back = ways.filter(~pl.col("forward")).drop("forward", *_ENDS)
    both = there.drop("forward").join(back, on="talk", how="full", coalesce=True, suffix="_back")
    ends = ways.group_by("talk").agg(pl.col("at").min(), *(pl.col(name).first() for name in _ENDS))
    both = both.drop(*_ENDS).join(ends.rename({"at": "first"}), on="talk")
    began = _began_by_a()
    return (
        both.with_columns(began=began)
        .select(
            at="first",
            time=pl.min_horizontal("time", "time_back"),
            duration_seconds=(
                pl.max_horizontal("ends", "ends_back") - pl.min_horizontal("time", "time_back")
            ).dt.total_microseconds()
            / 1_000_000,
            **{f"src_{what}": _side("began", f"a_{what}", f"b_{what}") for what in ("ip", "port")},
            **{f"dst_{what}": _side("began", f"b_{what}", f"a_{what}") for what in ("ip", "port")},
            **{f"orig_{what}": _side("began", f"orig_{what}", f"orig_{what}_back") for what in ("bytes", "ip_bytes")},
            **{f"resp_{what}": _side("began", f"orig_{what}_back", f"orig_{what}") for what in ("bytes", "ip_bytes")},
        )
        .with_columns(pl.when(pl.col(name) >= 0).then(name).alias(name) for name in ("src_port", "dst_port"))
        .with_columns(is_whole=pl.lit(True))
    )


_MADE = (
    *("time", "src_ip", "src_port", "dst_ip", "dst_port", "duration_seconds"),
    *("orig_bytes", "resp_bytes", "orig_ip_bytes", "resp_ip_bytes"),
)
"""Columns that are made; the others are those of a conversation's first record."""
_NEEDED = (
    *("at", "source", "sensor", "time", "duration_seconds", "proto", "src_ip", "src_port", "dst_ip", "dst_port"),
    *("orig_bytes", "orig_ip_bytes", "action"),
)


def _sum(name: str) -> pl.Expr:
    """The sum; null where no record has a number."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum())


def _side(condition: str, first: str, second: str) -> pl.Expr:
    return pl.when(condition).then(first).otherwise(second)


def _began_by_a() -> pl.Expr:
    """Whether the end `a` is the source."""
    a, b = pl.col("time"), pl.col("time_back")
    a_low, b_low = pl.col("a_port").is_between(0, 1023), pl.col("b_port").is_between(0, 1023)
    near = (a - b).dt.total_microseconds().abs() <= 1_000_000
    return (
        pl.when(a.is_null() | b.is_null())
        .then(a.is_not_null())
        .when(near & (a_low != b_low))
        .then(b_low)
        .when(a != b)
        .then(a < b)
        .otherwise(pl.col("a_port") >= pl.col("b_port"))
    )
