"""Loki scan logs of 1 M lines to findings, against scanning the lines and taking one field of each by a regex.

Real logs are repeated to 1 M lines: `sparse` with a scan that prints every file, `dense` without it. Each run is a
process of its own, the two ways take turns, medians are compared. Neither way keeps its result.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import polars as pl

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


def run(way: str, path: Path) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and peak megabytes of one way in a process of its own."""
    done = subprocess.run([sys.executable, __file__, way, str(path)], check=True, capture_output=True, text=True)
    wall, cpu, peak = done.stdout.split()
    return float(wall), float(cpu), int(peak)


def main() -> int:
    """Prints the ratios; 1 where one is above its target."""
    if not LOGS.is_dir():
        print(f"loki: skipped, no logs at {LOGS}")
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        for name, limit in LIMITS.items():
            path = Path(folder) / name
            taken = [(run("floor", path), run("ours", path)) for _ in range(REPEATS)]
            wall, cpu = (median(pair[1][n] for pair in taken) / median(pair[0][n] for pair in taken) for n in (0, 1))
            peak = median(pair[1][2] for pair in taken)
            bad = max(wall, cpu) > limit or peak > LIMIT_MB
            failed |= bad
            print(
                f"loki {name}, {LINES:,} lines: wall {wall:.1f}x, CPU {cpu:.1f}x of scan + one extract "
                f"(at most {limit:g}); peak {peak:.0f} MB (at most {LIMIT_MB}){' ABOVE TARGET' if bad else ''}"
            )
    return int(failed)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        start, used = time.perf_counter(), time.process_time()
        {"floor": floor, "ours": ours}[sys.argv[1]](Path(sys.argv[2]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(time.perf_counter() - start, time.process_time() - used, peak)
    else:
        sys.exit(main())
