"""Beacon scores of 20 M connections, against what they need at least: scan, hash of the pair, sort by pair and time.

The scores must stay within 2 times the sort.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common.turns import Bench, Case

from watchfloor.analyses.beacons import beacons
from watchfloor.schemas import CONNECTIONS

ROWS = 20_000_000
PAIRS = 1_000_000
HOSTS, PEERS = 4_000, 400_000
REPEATS = 3
LIMIT = 2.0
DAY = 86_400
START = 1_750_032_000  # midnight in UTC
ROWS_IN_FILE = 1_000_000


def chance(number: pl.Expr, seed: int) -> pl.Expr:
    """A float from 0 to 1, the same for the same number."""
    return (number.hash(seed) // 2**11).cast(pl.Float64) / 2.0**53


def pairs() -> pl.DataFrame:
    """Who talks to whom, and how often: half of the pairs hardly ever, a few very often, one in 20 regularly."""
    pair = pl.int_range(PAIRS, dtype=pl.UInt32)
    host = (chance(pair, 1) ** 1.5 * HOSTS).cast(pl.UInt32)
    peer = (chance(pair, 2) ** 2.5 * PEERS).cast(pl.UInt32)
    inside = pl.format("10.{}.{}.{}", host // 65_536, host // 256 % 256, host % 256)
    outside = pl.format("{}.{}.{}.{}", 20 + peer % 150, peer // 65_536, peer // 256 % 256, peer % 256)
    way, port = chance(pair, 3), chance(pair, 4)
    return pl.select(
        pair=pair,
        calls=(1.4 / (1 - chance(pair, 5)) ** (1 / 0.95)).clip(1, 70_000).cast(pl.UInt32),
        regular=chance(pair, 6) < 0.05,
        size=(chance(pair, 7) * 3_000).cast(pl.Int64) + 100,
        src_ip=pl.when(way < 0.97).then(inside).otherwise(outside),
        dst_ip=pl.when(way < 0.94).then(outside).when(way < 0.97).then(pl.lit("10.0.0.9")).otherwise(inside),
        dst_port=pl.when(port < 0.7).then(443).when(port < 0.9).then(80).otherwise(53).cast(pl.Int64),
    )


def calls(of_pair: pl.DataFrame) -> pl.DataFrame:
    """The pair and the time of each connection, in order of time, as a log has them."""
    made = of_pair.select("pair", "calls", "regular", number=pl.int_ranges("calls", dtype=pl.UInt32)).explode("number")
    made = made.with_row_index().with_columns(jitter=chance(pl.col("index"), 8))
    even = (pl.col("number") + pl.col("jitter") * 0.1) * (DAY / pl.col("calls"))
    second = START + pl.when("regular").then(even).otherwise(pl.col("jitter") * DAY)
    made = made.select("pair", time=(second * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC")))
    return made.sample(ROWS, seed=1).sort("time", "pair")


def connections(part: pl.DataFrame, of_pair: pl.DataFrame) -> pl.LazyFrame:
    """The canonical table of some calls."""
    some, service = chance(pl.col("time"), 9), {443: "ssl", 80: "http", 53: "dns"}
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


def make(folder: Path) -> None:
    of_pair = pairs()
    for number, part in enumerate(calls(of_pair).iter_slices(ROWS_IN_FILE)):
        connections(part, of_pair).sink_parquet(folder / f"{number:03}.parquet")


def table(folder: Path) -> pl.LazyFrame:
    return pl.scan_parquet(folder / "*.parquet")


def sort(folder: Path) -> int:
    """The floor. (The sum of two hashes takes half the time of the hash of a struct.)"""
    pair = pl.col("src_ip").hash(1) + pl.col("dst_ip").hash(2)
    return table(folder).select("time", "orig_ip_bytes", pair=pair).sort("pair", "time").collect().height


def score(folder: Path) -> int:
    """Ours: the whole table of scores."""
    return beacons(table(folder), score="rita").collect().height


def check(way: str, rows: int) -> None:
    """All was read."""
    assert rows == ROWS if way == "floor" else 100_000 < rows < PAIRS


CASES = (Case(f"Beacon scores, {ROWS:,} connections", "", LIMIT),)
BENCH = Bench(__file__, make, sort, score, CASES, check, repeats=REPEATS)

if __name__ == "__main__":
    sys.exit(BENCH.main())
