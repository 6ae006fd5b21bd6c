"""An Apache access log of 1 M lines to the canonical table by the shipped pattern, against one `extract` of its lines.

With times and types, the pattern must stay within 8 times the scan.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common.made import Rows
from common.turns import Bench, Case

from watchfloor.readers import Options
from watchfloor.readers.patterns.reading import READER

LINES = 1_000_000
REPEATS = 5
LIMIT = 8
LOG = "access.log"
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "curl/8.5.0",
)


def lines(rows: int) -> pl.Expr:
    """A made access log: some twelve requests a second, one in ten without a size, one in a thousand no request."""
    made = Rows(rows)
    row, chance, pick = made.number, made.chance, made.pick
    second = pl.datetime(2026, 11, 10) + pl.duration(seconds=row // 12)
    size = pl.when(chance(9, 10) == 0).then(pl.lit("-")).otherwise(chance(10, 90_000).cast(pl.String))
    request = pl.format(
        "{} /{}/{}?id={} HTTP/1.1",
        pick(4, "GET", "GET", "POST"),
        pick(5, "shop", "api/v1/items", "static/css"),
        chance(6, 100_000),
        chance(7, 10**9),
    )
    return pl.format(
        '203.0.{}.{} - {} [{} +0100] "{}" {} {} "{}" "{}"',
        chance(1, 256),
        chance(2, 256),
        pick(3, "-", "-", "-", "anna"),
        second.dt.strftime("%d/%b/%Y:%H:%M:%S"),
        pl.when(chance(13, 1000) == 0).then(pl.lit("\\x16\\x03\\x01")).otherwise(request),
        pick(8, "200", "200", "304", "404"),
        size,
        pick(11, "-", "https://www.example.com/start", "https://search.example/?q=a+b"),
        pick(12, *AGENTS),
    )


def make(folder: Path) -> None:
    (folder / LOG).write_text(pl.select(lines(LINES).str.join("\n") + "\n").item(), encoding="utf-8")


def scan(path: Path) -> pl.DataFrame:
    """The floor: one field of each line."""
    text = pl.scan_lines(path, name="text").select(status_code=pl.col("text").str.extract(r'" ([0-9]{3}) '))
    return text.collect(engine="streaming")


def read(path: Path) -> pl.DataFrame:
    """Ours: the canonical table."""
    frame = READER.read([path], Options(pattern="apache_access"))["http_requests"].collect()
    assert frame["time"].null_count() == 0
    return frame


def check(_: str, frame: pl.DataFrame) -> None:
    """All was read."""
    assert frame.height == LINES
    assert frame["status_code"].null_count() == 0


CASES = (Case(f"Apache access log, {LINES:,} lines, shipped pattern", LOG, LIMIT),)
BENCH = Bench(__file__, make, scan, read, CASES, check, repeats=REPEATS)

if __name__ == "__main__":
    sys.exit(BENCH.main())
