"""Tuning of up to 2.6 M alerts: time, memory, and how the cost grows; each run is a process of its own."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from common.turns import figure

import watchfloor as wf

SIZES = (10_000, 100_000, 1_000_000, 2_600_000)
SECONDS, MEGABYTES = 60, 2_048
RULES, HOSTS = 80, 120
MAP = {
    "table": "alerts",
    "columns": {
        "rule": "rule",
        "created_time": {"from": "time", "unit": "s"},
        "disposition": "disposition",
        "severity": "severity",
    },
    "evidence": {"src_ip": "src_ip", "host": "host", "user": "user"},
}


def make(path: Path, rows: int) -> None:
    """Made alerts of thirty days: rules of Zipf's sizes, half of each from few hosts, one alert in two hundred true."""
    row = pl.int_range(0, rows, dtype=pl.UInt64)

    def chance(seed: int, below: int) -> pl.Expr:
        return row.hash(seed) % below

    weights = [1 / n for n in range(1, RULES + 1)]
    bounds = pl.Series([int(1_000_000 * sum(weights[: n + 1]) / sum(weights)) for n in range(RULES)])
    rule = bounds.search_sorted(pl.select(chance(1, 1_000_000)).to_series(), side="right").cast(pl.UInt64)
    frame = pl.DataFrame({"number": rule}).with_columns(
        host=pl.when(chance(2, 2) == 0).then(pl.col("number") % HOSTS).otherwise(chance(3, HOSTS)),
        user=chance(4, 400),
        true=(chance(5, 200) == 0) & (chance(6, 2) == 0),
        time=1_773_500_000 + chance(7, 30 * 86_400),
    )
    frame.select(
        rule=pl.format("Rule {}", "number"),
        time=pl.col("time").cast(pl.Int64),
        src_ip=pl.format("10.0.{}.{}", pl.col("host") // 16, 1 + pl.col("host") % 16),
        host=pl.format("host-{}", "host"),
        user=pl.format("user{}", "user"),
        disposition=pl.when("true").then(pl.lit("true_positive")).otherwise(pl.lit("false_positive")),
        severity=pl.lit(50, pl.Int64),
    ).write_parquet(path)


def run(path: Path) -> None:
    """One run, in this process: prints what it took."""
    before = time.process_time(), time.perf_counter()
    table = wf.tune(path, columns=MAP).collect()
    after = time.process_time(), time.perf_counter()
    assert table.filter("recommended")["cases_hidden_fully"].sum() == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
    print(json.dumps({"cpu": after[0] - before[0], "wall": after[1] - before[1], "peak": peak}))


def main() -> int:
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
        return 0
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in SIZES:
            path = Path(folder, f"{rows}.parquet")
            make(path, rows)
            done = subprocess.run([sys.executable, __file__, path], stdout=subprocess.PIPE, check=True)
            took[rows] = json.loads(done.stdout)
            figure(
                f"tuning {rows:,} alerts, CPU time", took[rows]["cpu"], "s", None, f"peak {took[rows]['peak']:.0f} MB"
            )
    largest = took[SIZES[-1]]
    small, large = SIZES[-3], SIZES[-1]
    growth = (took[large]["cpu"] / took[small]["cpu"]) / (large * math.log(large) / (small * math.log(small)))
    beside = f"of {small:,} and {large:,} alerts"
    met = [
        figure(f"tuning {large:,} alerts, wall time", largest["wall"], "s", SECONDS, f"CPU {largest['cpu']:.1f} s"),
        figure(f"tuning {large:,} alerts, peak memory", largest["peak"], "MB", MEGABYTES, "its own process"),
        figure("growth of the CPU time against n log n", growth, "times", 1.0, beside),
    ]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
