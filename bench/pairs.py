"""FortiGate key=value logs of 1 M lines to the canonical tables, against a scan of the lines with one extract.

Traffic, which becomes connections, must stay within 10 times the scan; other records, which become events with all
their fields, have no target.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common.made import Rows
from common.turns import Bench, Case

from watchfloor.readers import Options
from watchfloor.readers.pairs import READER

ROWS = 1_000_000
REPEATS = 3
LIMIT = 10.0
TRAFFIC, UTM = "traffic.log", "utm.log"
LINE = (
    'date=2026-03-14 time=15:09:26 devname="fw-edge-01" devid="FG100D0000000001" eventtime={} tz="+0000" '
    'logid="{}" type="{}" subtype="forward" level="notice" vd="root" srcip=10.{}.{}.{} srcport={} srcintf="port2" '
    'srcintfrole="lan" dstip=203.0.{}.{} dstport={} dstintf="port1" dstintfrole="wan" srccountry="Reserved" '
    'dstcountry="{}" sessionid={} proto={} action="{}" policyid={} policytype="policy" service="{}" trandisp="snat" '
    'transip=198.51.100.7 transport={} duration={} sentbyte={} rcvdbyte={} sentpkt={} rcvdpkt={} appcat="unscanned"'
)


def lines(rows: int, kind: str, number: str) -> pl.DataFrame:
    """Made lines, all of one type."""
    made = Rows(rows)
    row, chance, pick = made.number, made.chance, made.pick
    return pl.select(
        pl.format(
            LINE,
            1_773_500_966_000_000_000 + row * 1_000_000,
            pl.lit(number),
            pl.lit(kind),
            *(chance(seed, 256) for seed in (1, 2, 3)),
            chance(4, 64_000) + 1024,
            *(chance(seed, 256) for seed in (5, 6)),
            pick(7, "443", "80", "53"),
            pick(8, "United States", "France", "Reserved"),
            chance(9, 100_000_000),
            pick(10, "6", "17"),
            pick(11, "close", "deny", "accept"),
            chance(12, 100),
            pick(13, "HTTPS", "HTTP", "DNS"),
            chance(14, 64_000),
            chance(15, 3_600),
            *(chance(seed, 1 << 20) for seed in (16, 17)),
            *(chance(seed, 1_000) for seed in (18, 19)),
        ).alias("text")
    )


def make(folder: Path) -> None:
    """Traffic, and the same as records of the web filter."""
    for name, kind, number in ((TRAFFIC, "traffic", "0000000013"), (UTM, "utm", "0317013312")):
        lines(ROWS, kind, number).write_csv(folder / name, include_header=False, quote_style="never")


def scan(path: Path) -> pl.DataFrame:
    """The floor: the lines, and one word of each."""
    level = pl.col("text").str.extract('level="([a-z]+)"')
    return pl.scan_lines(path, name="text").select(level.alias("level")).collect(engine="streaming")


def read(path: Path) -> pl.DataFrame:
    """Ours: the canonical table."""
    return READER.read([path], Options())["connections" if path.name == TRAFFIC else "events"].collect()


def check(way: str, frame: pl.DataFrame) -> None:
    """All was read."""
    assert frame.height == ROWS
    assert not frame["level" if way == "floor" else "src_ip"].null_count()


CASES = (
    Case(f"FortiGate traffic, {ROWS:,} lines", TRAFFIC, LIMIT),
    Case(f"FortiGate web filter, {ROWS:,} lines", UTM),
)
BENCH = Bench(__file__, make, scan, read, CASES, check, repeats=REPEATS)

if __name__ == "__main__":
    sys.exit(BENCH.main())
