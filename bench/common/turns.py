"""Two ways to read a file take turns, each run in a process of its own; medians are compared."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import polars as pl

__all__ = ["compare", "measure", "medians"]


def measure(
    ways: Mapping[str, Callable[[Path], pl.DataFrame]], way: str, path: Path, check: Callable[[str, pl.DataFrame], None]
) -> None:
    """One run, in this process: prints what it took. `check` asserts of the way and its frame that all was read."""
    before = time.process_time(), time.perf_counter()
    frame = ways[way](path)
    after = time.process_time(), time.perf_counter()
    check(way, frame)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(json.dumps({"cpu": after[0] - before[0], "wall": after[1] - before[1], "peak": peak}))


def medians(
    script: str, path: Path, repeats: int, ways: Sequence[str], *, warm: bool = True
) -> dict[str, dict[str, float]]:
    """Runs `script` for the ways in turns: what each took, in the middle; a turn before warms the page cache."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for turn in range(0 if warm else 1, repeats + 1):
        for way, results in runs.items():
            done = subprocess.run([sys.executable, script, way, path], capture_output=True, check=True)
            if turn:
                results.append(json.loads(done.stdout))
    return {way: {key: median(run[key] for run in results) for key in results[0]} for way, results in runs.items()}


def compare(script: str, path: Path, repeats: int) -> tuple[float, float]:
    """Runs `script` for the ways `scan` and `read` in turns, prints the medians; the ratios of wall and CPU time."""
    middle = medians(script, path, repeats, ["scan", "read"])
    ours, floor = middle["read"], middle["scan"]
    wall, cpu = ours["wall"] / floor["wall"], ours["cpu"] / floor["cpu"]
    print(
        f"  {path.stat().st_size >> 20} MiB: wall {wall:.2f} x the scan ({ours['wall']:.2f}, {floor['wall']:.2f} s), "
        f"CPU {cpu:.2f} x ({ours['cpu']:.2f}, {floor['cpu']:.2f} s), peak {ours['peak']:.0f}, {floor['peak']:.0f} MB"
    )
    return wall, cpu
