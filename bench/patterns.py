"""An Apache access log of 1 M lines to the canonical table by the shipped pattern, against one `extract` of its lines.

Each run is a process of its own, the two ways take turns, medians are compared. With times and types, the pattern must
stay within 8 times the scan, in wall time and in CPU time.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import polars as pl

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


def make(folder: Path) -> None:
    """A made access log: some twelve requests a second, one in ten without a size, one in a thousand no request."""
    row = pl.int_range(LINES, dtype=pl.UInt64)

    def chance(seed: int, below: int) -> pl.Expr:
        return row.hash(seed) % below

    def pick(seed: int, *texts: str) -> pl.Expr:
        return pl.lit(pl.Series(texts)).gather(chance(seed, len(texts)))

    second = pl.datetime(2026, 11, 10) + pl.duration(seconds=row // 12)
    size = pl.when(chance(9, 10) == 0).then(pl.lit("-")).otherwise(chance(10, 90_000).cast(pl.String))
    request = pl.format(
        "{} /{}/{}?id={} HTTP/1.1",
        pick(4, "GET", "GET", "POST"),
        pick(5, "shop", "api/v1/items", "static/css"),
        chance(6, 100_000),
        chance(7, 10**9),
    )
    line = pl.format(
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
    (folder / LOG).write_text(pl.select(line.str.join("\n") + "\n").item(), encoding="utf-8")


def scan(path: Path) -> pl.DataFrame:
    """The floor: one field of each line."""
    text = pl.scan_lines(path, name="text").select(status_code=pl.col("text").str.extract(r'" ([0-9]{3}) '))
    return text.collect(engine="streaming")


def read(path: Path) -> pl.DataFrame:
    """Ours: the canonical table."""
    frame = READER.read([path], Options(pattern="apache_access"))["http_requests"].collect()
    assert frame["time"].null_count() == 0
    return frame


def measure(way: str, path: Path) -> None:
    """One run, in this process: prints what it took."""
    before = time.process_time(), time.perf_counter()
    frame = {"scan": scan, "read": read}[way](path)
    after = time.process_time(), time.perf_counter()
    assert frame.height == LINES
    assert frame["status_code"].null_count() == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(json.dumps({"cpu": after[0] - before[0], "wall": after[1] - before[1], "peak": peak}))


def compare(path: Path, repeats: int) -> tuple[float, float]:
    """Takes turns, prints the medians; the ratios of wall and CPU time."""
    runs: dict[str, list[dict[str, float]]] = {"scan": [], "read": []}
    for turn in range(repeats + 1):
        for way, results in runs.items():
            done = subprocess.run([sys.executable, __file__, way, path], capture_output=True, check=True)
            if turn:  # the first turn warms the page cache
                results.append(json.loads(done.stdout))
    middle = {way: {key: median(run[key] for run in results) for key in results[0]} for way, results in runs.items()}
    ours, floor = middle["read"], middle["scan"]
    wall, cpu = ours["wall"] / floor["wall"], ours["cpu"] / floor["cpu"]
    print(
        f"  {path.stat().st_size >> 20} MiB: wall {wall:.1f} x the scan ({ours['wall']:.2f}, {floor['wall']:.2f} s), "
        f"CPU {cpu:.1f} x ({ours['cpu']:.2f}, {floor['cpu']:.2f} s), peak {ours['peak']:.0f}, {floor['peak']:.0f} MB"
    )
    return wall, cpu


def main() -> int:
    if len(sys.argv) == 3:
        way, path = sys.argv[1], Path(sys.argv[2])
        make(path) if way == "make" else measure(way, path)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "make", folder], check=True)  # a child's peak counts its parent's
        print(f"Apache access log, {LINES:,} lines, shipped pattern, medians of {REPEATS} (at most {LIMIT})")
        wall, cpu = compare(Path(folder, LOG), REPEATS)
    if max(wall, cpu) > LIMIT:
        print(f"  missed: more than {LIMIT}")
    return int(max(wall, cpu) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
