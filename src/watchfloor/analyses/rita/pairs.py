"""RITA v5's scores of pairs of addresses: which connections, which window, which pairs, then the formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from watchfloor.analyses.rita.coding import Coding
from watchfloor.analyses.rita.config import RitaConfig
from watchfloor.analyses.rita.filters import addresses, verdict
from watchfloor.analyses.rita.rounding import divided
from watchfloor.analyses.rita.scores import Window, score_calls
from watchfloor.engine.buckets import BUCKET_ROWS, MEMORY_BYTES, dealt, of_each
from watchfloor.errors import BadOption

__all__ = ["PairScores", "score_pairs", "seconds_of", "sizes_of"]

_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PORTS = 20
"""Ports of a pair that are listed at most, as in RITA."""


def seconds_of(window: str) -> int | None:
    """`24h`, `90m`, `7d`, `2w` in seconds; None for `all`.

    Raises:
        BadOption: anything else.
    """
    if window == "all":
        return None
    if not (match := re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", window)):
        raise BadOption(f"{window!r} is no window", hint="use 24h, all, or a duration such as 90m, 12h, 7d, 2w")
    return int(match[1]) * _UNITS[match[2]]


@dataclass(frozen=True)
class PairScores:
    """The scored pairs, and what was left out on the way."""

    table: pl.DataFrame
    """One row per pair that passed the gate, in no order."""
    window: Window | None
    """Null where no connection is left."""
    sizes: str
    """The column that sizes are from: `orig_ip_bytes`, or `orig_bytes` where no row has those; empty where none has."""
    connections: int
    """All that went in."""
    pairs: int
    """Pairs in the window, after the filters."""
    left_out: dict[str, int]
    """Connections that entered no score, by reason: `open`, `unusable`, those of `filters.NAMES`, `before_window`,
    `few_seconds`."""


def score_pairs(
    connections: pl.LazyFrame,
    config: RitaConfig,
    *,
    window: str = "24h",
    every_pair: bool = False,
    memory_bytes: int = MEMORY_BYTES,
    bucket_rows: int = BUCKET_ROWS,
) -> PairScores:
    """Scores every pair of source and destination that has connections in enough distinct seconds.

    Arguments:
        connections: the canonical table.
        config: RITA's parameters.
        window: `24h` before the last connection, `all`, or another duration.
        every_pair: no filter: pairs inside the network, outside of it, inbound, multicast as well.
        memory_bytes: about how many bytes of rows are held in memory.
        bucket_rows: about how many rows are scored at a time.
    """
    seconds = seconds_of(window)
    sizes = sizes_of(connections)
    coding = Coding()
    calls = _calls(connections, coding, sizes)
    with dealt(calls, "key", memory_bytes=memory_bytes, bucket_rows=bucket_rows) as buckets:
        lanes = _lanes(buckets)
        pairs = _judged(connections, lanes, coding, config, every_pair)
        kept = pairs.filter(pl.col("verdict").is_null())
        span = _window(kept, seconds)
        recent = lanes if (kept["first"] >= span.selected_time).all() else _lanes(buckets, since=span.selected_time)
        recent = recent.join(kept.select("key"), on="key", how="semi")
        none = recent.clear()
        lanes_of = recent.partition_by("bucket", as_dict=True)
        scored = of_each(
            buckets, lambda number, bucket: _scored(bucket, lanes_of.get((number,), none), coding, span, config)
        )
    return PairScores(
        table=scored.join(kept.select("key", "src_ip", "dst_ip"), on="key").drop("key"),
        window=None if kept.is_empty() else span,
        sizes=sizes,
        connections=int(lanes["calls"].sum()),
        pairs=recent["key"].n_unique(),
        left_out=_left_out(lanes, pairs, recent, scored),
    )


def sizes_of(connections: pl.LazyFrame) -> str:
    """The column of sizes: RITA takes IP-level bytes."""
    for name in ("orig_ip_bytes", "orig_bytes"):
        if not connections.filter(pl.col(name).is_not_null()).select(name).head(1).collect().is_empty():
            return name
    return ""


def _calls(connections: pl.LazyFrame, coding: Coding, sizes: str) -> pl.LazyFrame:
    """What scoring needs of each row, as numbers.

    `key` is the pair, null where the row can be in none: because it has no place, or is open, which has a `time`.
    """
    sent, received = ("orig_bytes", "resp_bytes") if sizes == "orig_bytes" else ("orig_ip_bytes", "resp_ip_bytes")
    still_open = pl.col("still_open").fill_null(False)
    pair = coding.hashed("src_ip", "dst_ip")
    usable = (pl.col("time").dt.epoch("us") // 1_000_000).is_between(0, 2**32 - 1)  # RITA's own type
    return connections.with_row_index("row").select(
        "row",
        key=pl.when(usable & ~still_open).then(pair),
        time=pl.when(usable & (still_open | pair.is_not_null())).then("time"),
        lane=coding.lane("dst_port", "proto", "service"),
        bytes=pl.col(sent).clip(0),
        total_bytes=pl.coalesce(pl.col(sent) + pl.col(received), sent, received),
        duration=(pl.col("duration_seconds") * 1_000_000).round().cast(pl.Int64, strict=False),  # sums in any order
    )


def _lanes(buckets: list[pl.LazyFrame], since: datetime | None = None) -> pl.DataFrame:
    """One row per pair, port, protocol and service."""
    return of_each(buckets, lambda number, bucket: _lanes_of(number, bucket, since))


def _lanes_of(number: int, bucket: pl.LazyFrame, since: datetime | None) -> pl.DataFrame:
    return (
        (bucket if since is None else bucket.filter(pl.col("time") >= since))
        .group_by("key", "lane")
        .agg(
            calls=pl.len().cast(pl.Int64),
            timed=pl.col("time").count().cast(pl.Int64),
            first=pl.col("time").min(),
            last=pl.col("time").max(),
            total_bytes=_sum("total_bytes"),
            duration=_sum("duration"),
            row=pl.col("row").min(),
        )
        .with_columns(bucket=pl.lit(number))
        .collect(engine="streaming")
    )


def _sum(name: str) -> pl.Expr:
    """The sum, null where there is nothing to add."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def _judged(
    connections: pl.LazyFrame, lanes: pl.DataFrame, coding: Coding, config: RitaConfig, every_pair: bool
) -> pl.DataFrame:
    """One row per pair: `key, src_ip, dst_ip, calls, first, last`, and `verdict`: why it is dropped, or null."""
    pairs = (
        lanes.lazy()
        .filter(pl.col("key").is_not_null())
        .group_by("key")
        .agg(pl.col("calls").sum(), pl.col("first").min(), pl.col("last").max(), pl.col("row").min())
        .collect()
    )
    pairs = coding.with_ends(pairs, connections, "src_ip", "dst_ip")
    known = coding.addresses()
    found = pl.lit(None, pl.String)
    if not every_pair:
        rules = addresses(known, config).to_struct()
        source, destination = (pl.lit(rules.gather(pairs[end])) for end in ("source", "destination"))
        found = verdict(source, destination, config)
    return pairs.select(
        "key",
        "calls",
        "first",
        "last",
        src_ip=pl.lit(known.gather(pairs["source"])),
        dst_ip=pl.lit(known.gather(pairs["destination"])),
        verdict=found,
    )


def _window(kept: pl.DataFrame, seconds: int | None) -> Window:
    """From the newest call back, but not beyond the oldest; any window where there are no calls."""
    ends = kept.select(pl.col("first").min().dt.epoch("s"), pl.col("last").max().dt.epoch("s")).fill_null(0)
    first, last = ends.row(0)
    return Window(first if seconds is None else max(first, last - seconds), last)


def _scored(
    bucket: pl.LazyFrame, lanes: pl.DataFrame, coding: Coding, window: Window, config: RitaConfig
) -> pl.DataFrame:
    """The scored pairs of a bucket."""
    totals = (
        lanes.group_by("key")
        .agg(
            pl.col("calls").sum(),
            first_time=pl.col("first").min(),
            last_time=pl.col("last").max(),
            total_bytes=_sum("total_bytes"),
            total_duration_seconds=divided(_sum("duration"), 1_000_000),
        )
        .filter(pl.col("calls") >= config.unique_connection_threshold)
        .drop("calls")
        .sort("key")
        .with_row_index("pair")
    )
    calls = (
        bucket.filter(pl.col("time") >= window.selected_time)
        .select("key", bytes=pl.col("bytes").fill_null(0), second=pl.col("time").dt.epoch("s").cast(pl.UInt32))
        .join(totals.lazy().select("pair", "key"), on="key")
        .select("pair", "second", "bytes")
        .collect(engine="streaming")
    )
    scores = score_calls(calls, window, config).join(totals, on="pair").drop("pair")
    return scores.join(_ports(lanes.join(scores, on="key", how="semi"), coding), on="key", how="left")


def _ports(lanes: pl.DataFrame, coding: Coding) -> pl.DataFrame:
    """One row per pair: `ports` as port:protocol:service, most calls first, and `dst_port` if there is only one."""
    port = pl.col("port")
    return (
        lanes.lazy()
        .with_columns(text=coding.text(pl.col("lane")), port=coding.port(pl.col("lane")))
        .sort("key", pl.col("calls").neg(), "text")
        .group_by("key", maintain_order=True)
        .agg(
            ports=pl.col("text").head(_PORTS).str.join(", "),
            dst_port=pl.when(port.n_unique() == 1).then(port.first()),
        )
        .collect()
    )


def _left_out(lanes: pl.DataFrame, pairs: pl.DataFrame, recent: pl.DataFrame, scored: pl.DataFrame) -> dict[str, int]:
    """Connections that entered no score, by reason."""
    nowhere = lanes.filter(pl.col("key").is_null())
    dropped = pairs.drop_nulls("verdict").group_by("verdict").agg(pl.col("calls").sum()).sort("verdict")
    still_open, in_window = int(nowhere["timed"].sum()), int(recent["calls"].sum())
    counts = {
        "open": still_open,
        "unusable": int(nowhere["calls"].sum()) - still_open,
        **dict(dropped.iter_rows()),
        "before_window": int(pairs.filter(pl.col("verdict").is_null())["calls"].sum()) - in_window,
        "few_seconds": in_window - int(scored["connections"].sum()),
    }
    return {reason: count for reason, count in counts.items() if count}
