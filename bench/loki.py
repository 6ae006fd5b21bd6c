"""Loki scan logs of 1 M lines to findings, against scanning the lines and taking one field of each by a regex.

Real logs are repeated to 1 M lines: `sparse` with a scan that prints every file, `dense` without it. Neither way
keeps its result.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from common.turns import Bench, Case

from watchfloor.readers import Options
from watchfloor.readers.loki.reading import findings_by_block
from watchfloor.readers.loki.scans import Counter

LINES = 1_000_000
REPEATS = 5
LIMITS = {"sparse": 6.0, "dense": 10.0}
LIMIT_MB = 700
LOGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "loki"


def make(folder: Path) -> None:
    """The two corpora; whole files are repeated, so that records of several lines stay whole."""
    logs = [path for path in sorted(LOGS.glob("*.csv")) if not path.name.endswith(".stdout.csv")]
    for name, chosen in (("sparse", logs), ("dense", [path for path in logs if "printall" not in path.name])):
        once = b"".join(path.read_bytes().removesuffix(b"\n") + b"\n" for path in chosen)
        with (folder / name).open("wb") as out:
            for _ in range(-(-LINES // once.count(b"\n"))):
                out.write(once)


def floor(path: Path) -> None:
    """Every line, and its level."""
    level = pl.col("line").str.extract("^[^,]*,[^,]*,([A-Z]+),")
    pl.scan_lines(path, name="line").select(level.count()).collect(engine="streaming")


def ours(path: Path) -> None:
    """Every finding, in blocks."""
    assert sum(block.height for block in findings_by_block([path], Options(), [], Counter()))


CASES = tuple(Case(f"Loki {name}, {LINES:,} lines", name, times, LIMIT_MB) for name, times in LIMITS.items())
BENCH = Bench(__file__, make, floor, ours, CASES, repeats=REPEATS)

if __name__ == "__main__":
    if not LOGS.is_dir():
        print(f"loki: skipped, no logs at {LOGS}")
        sys.exit(0)
    sys.exit(BENCH.main())
