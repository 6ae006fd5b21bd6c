"""A day of made connections of any size, in Parquet, and what scores of their pairs need at least.

Of 20 M connections there are 1.9 M pairs, with a heavy tail: half of the pairs are seen once, one in 23 more than 20
times, and 1 in 300,000 up to 70,000 times; one in 20 calls regularly.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from watchfloor.schemas import CONNECTIONS

__all__ = ["make", "sort", "table"]

PAIRS = 0.0965
"""Per connection."""
HOSTS, PEERS = 1 / 5_000, 1 / 10
TAIL = 1.02
"""Of a Pareto distribution: pairs with more than n connections are n ** -TAIL of all."""
MOST = 70_000
DAY = 86_400
START = 1_750_032_000  # midnight in UTC
ROWS_IN_FILE = 1_000_000


def make(folder: Path, rows: int) -> None:
    """So many connections, in order of time, as files that a log would be kept in."""
    of_pair = _pairs(rows)
    for number, part in enumerate(_calls(of_pair, rows).iter_slices(ROWS_IN_FILE)):
        _connections(part, of_pair).sink_parquet(folder / f"{number:03}.parquet")


def table(folder: Path) -> pl.LazyFrame:
    """The canonical table."""
    return pl.scan_parquet(folder / "*.parquet")


def sort(folder: Path) -> int:
    """The floor: scan, hash of the pair, sort by pair and time. The sum of two hashes takes half of a struct's time."""
    pair = pl.col("src_ip").hash(1) + pl.col("dst_ip").hash(2)
    return table(folder).select("time", "orig_ip_bytes", pair=pair).sort("pair", "time").collect().height


def _chance(number: pl.Expr, seed: int) -> pl.Expr:
    """A float from 0 to 1, the same for the same number."""
    return (number.hash(seed) // 2**11).cast(pl.Float64) / 2.0**53


def _pairs(rows: int) -> pl.DataFrame:
    """Who talks to whom, and how often."""
    number = int(rows * PAIRS)
    pair = pl.int_range(number, dtype=pl.UInt32)
    host = (_chance(pair, 1) ** 1.5 * (rows * HOSTS)).cast(pl.UInt32)
    peer = (_chance(pair, 2) ** 2.5 * (rows * PEERS)).cast(pl.UInt32)
    share = (pair.shuffle(seed=5) + 0.5) / number  # each quantile once: as heavy a tail in every size
    inside = pl.format("10.{}.{}.{}", host // 65_536, host // 256 % 256, host % 256)
    outside = pl.format("{}.{}.{}.{}", 20 + peer % 150, peer // 65_536, peer // 256 % 256, peer % 256)
    way, port = _chance(pair, 3), _chance(pair, 4)
    return pl.select(
        pair=pair,
        calls=(share ** (-1 / TAIL)).clip(1, MOST).cast(pl.UInt32),
        regular=_chance(pair, 6) < 0.05,
        size=(_chance(pair, 7) * 3_000).cast(pl.Int64) + 100,
        src_ip=pl.when(way < 0.97).then(inside).otherwise(outside),
        dst_ip=pl.when(way < 0.99).then(outside).otherwise(inside),
        dst_port=pl.when(port < 0.7).then(443).when(port < 0.9).then(80).otherwise(53).cast(pl.Int64),
    )


def _calls(of_pair: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The pair and the time of each connection."""
    made = of_pair.select("pair", "calls", "regular", number=pl.int_ranges("calls", dtype=pl.UInt32)).explode("number")
    made = made.with_row_index().with_columns(jitter=_chance(pl.col("index"), 8))
    even = (pl.col("number") + pl.col("jitter") * 0.1) * (DAY / pl.col("calls"))
    second = START + pl.when("regular").then(even).otherwise(pl.col("jitter") * DAY)
    made = made.select("pair", time=(second * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC")))
    return made.sample(rows, seed=1).sort("time", "pair")


def _connections(part: pl.DataFrame, of_pair: pl.DataFrame) -> pl.LazyFrame:
    """The canonical table of some calls."""
    some, service = _chance(pl.col("time"), 9), {443: "ssl", 80: "http", 53: "dns"}
    return CONNECTIONS.fill(
        part.lazy()
        .join(of_pair.lazy(), on="pair", how="left", maintain_order="left")
        .with_columns(
            record=pl.int_range(1, pl.len() + 1),
            uid=pl.format("C{}", pl.struct("time", "pair").hash()),
            src_port=(some * 60_000).cast(pl.Int64) + 1_024,
            proto=pl.when(pl.col("dst_port") == 53).then(pl.lit("udp")).otherwise(pl.lit("tcp")),
            service=pl.col("dst_port").replace_strict(service, return_dtype=pl.String),
            duration_seconds=some * 3,
            orig_bytes=pl.col("size") + (some * 500).cast(pl.Int64),
            resp_bytes=(some * 20_000).cast(pl.Int64),
            orig_ip_bytes=pl.col("size") + (some * 500).cast(pl.Int64) + 280,
            resp_ip_bytes=(some * 20_000).cast(pl.Int64) + 280,
            conn_state=pl.lit("SF"),
            still_open=pl.lit(False),
        ),
        source="conn.log",
    )
