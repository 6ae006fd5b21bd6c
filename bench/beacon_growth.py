"""What beacon scores cost per million connections, from 1 M of them to 50 M: it grows at most 1.3 times.

python bench/beacon_growth.py [MILLIONS...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import network
from common.network import table
from common.runs import Took, apart, in_turns, measured
from common.turns import figure

from watchfloor.analyses.beacons import beacons

MILLIONS = (1, 5, 20, 50)
SCORES = ("watchfloor", "rita")
REPEATS = 3
TIMES = 1.3
"""CPU time per million rows, against what it is with the fewest."""


def cost(millions: int) -> dict[str, Took]:
    """What each score takes of so many connections, which are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        apart(__file__, f"make {millions}", Path(folder))
        return in_turns(__file__, Path(folder), dict.fromkeys(SCORES, REPEATS))


def main() -> int:
    if len(sys.argv) == 3 and Path(sys.argv[2]).is_dir():
        way, path = sys.argv[1], Path(sys.argv[2])
        if way.startswith("make"):
            network.make(path, int(way.split()[1]) * 1_000_000)
        else:
            assert measured(lambda folder: beacons(table(folder), score=way).collect().height, path) > 1_000
        return 0
    sizes = sorted({int(word) for word in sys.argv[1:]} or MILLIONS)
    took = {size: cost(size) for size in sizes}
    met = True
    for score in SCORES:
        first, *others = ((size, took[size][score]) for size in sizes)
        for size, of_size in others:
            growth = (of_size.cpu / size) / (first[1].cpu / first[0])
            beside = (
                f"{of_size.cpu / size:.2f} s per million, {of_size.peak:,.0f} MB; of {first[0]} M "
                f"{first[1].cpu / first[0]:.2f} s, {first[1].peak:,.0f} MB; medians of {REPEATS}"
            )
            title = f"Beacon score {score}, CPU time per million of {size} M connections"
            met &= figure(title, growth, f"times that of {first[0]} M", TIMES, beside)
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
