"""FortiGate key=value logs of 1 M lines to the canonical tables, against a scan of the lines with one extract.

Each run is a process of its own, the two ways take turns, medians are compared: traffic, which becomes connections, must
stay within 10 times the scan, in wall time and in CPU time; other records, which become events with all their fields,
have no target.
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
    row = pl.int_range(rows, dtype=pl.UInt64)

    def chance(seed: int, below: int) -> pl.Expr:
        return row.hash(seed) % below

    def pick(seed: int, *texts: str) -> pl.Expr:
        return pl.lit(pl.Series(texts)).gather(chance(seed, len(texts)))

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


def measure(way: str, path: Path) -> None:
    """One run, in this process: prints what it took."""
    before = time.process_time(), time.perf_counter()
    frame = {"scan": scan, "read": read}[way](path)
    after = time.process_time(), time.perf_counter()
    assert frame.height == ROWS
    assert not frame["level" if way == "scan" else "src_ip"].null_count()
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
        print(f"FortiGate traffic, {ROWS:,} lines, medians of {REPEATS} (at most {LIMIT})")
        wall, cpu = compare(Path(folder, TRAFFIC), REPEATS)
        print(f"FortiGate web filter, {ROWS:,} lines, medians of {REPEATS} (no target)")
        compare(Path(folder, UTM), REPEATS)
    if max(wall, cpu) > LIMIT:
        print(f"  missed: more than {LIMIT}")
    return int(max(wall, cpu) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
