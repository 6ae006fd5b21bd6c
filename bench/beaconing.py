"""Our own beacon score of 20 M connections, against what it needs at least: scan, hash of the pair, sort of both.

The score must stay within 2 times the sort, and within 3 GB.
"""

from __future__ import annotations

import sys
from pathlib import Path

from beacons import LIMIT, PAIRS, REPEATS, ROWS, make, sort, table
from common.turns import Bench, Case

from watchfloor.analyses.beacons import beacons

PEAK_MB = 3_000


def score(folder: Path) -> int:
    """Ours: the whole table of scores."""
    return beacons(table(folder), score="watchfloor").collect().height


def check(way: str, rows: int) -> None:
    """All was read."""
    assert rows == ROWS if way == "floor" else 100_000 < rows < PAIRS


CASES = (Case(f"Our own beacon score, {ROWS:,} connections", "", LIMIT, PEAK_MB),)
BENCH = Bench(__file__, make, sort, score, CASES, check, repeats=REPEATS)

if __name__ == "__main__":
    sys.exit(BENCH.main())
