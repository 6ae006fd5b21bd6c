"""All threats of 20 M connections in 1.9 M pairs as RITA ranks them, against scan, hash of the pair and sort.

The hunt must stay within 2 times the sort, and within 3 GB.
"""

from __future__ import annotations

import sys
from pathlib import Path

from common import network
from common.network import sort, table
from common.turns import Bench, Case

from watchfloor.analyses.hunt import hunt

ROWS = 20_000_000
TIMES = 2.0
PEAK_MB = 3_000


def make(folder: Path) -> None:
    network.make(folder, ROWS)


def threats(folder: Path) -> int:
    """Ours: the whole table."""
    return hunt({"connections": table(folder)}).collect().height


def check(way: str, rows: int) -> None:
    """All was read."""
    assert rows == ROWS if way == "floor" else 100_000 < rows < ROWS * network.PAIRS


CASES = (Case(f"Threats of {ROWS:,} connections", "", TIMES, PEAK_MB),)
BENCH = Bench(__file__, make, sort, threats, CASES, check)

if __name__ == "__main__":
    sys.exit(BENCH.main())
