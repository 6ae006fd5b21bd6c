"""A way to read files and its floor take turns, each run in a process of its own; medians are held against targets."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Bench", "Case", "figure"]

Check = Callable[[str, Any], None]
MEBIBYTE = 1 << 20


def _believed(_: str, __: Any) -> None:
    """The ways check themselves."""


@dataclass(frozen=True)
class Case:
    """One input."""

    title: str
    """What it is, in words."""
    path: str
    """Where it is made, within the folder of the benchmark; empty: the folder itself."""
    times: float | None = None
    """At most so many times the floor, in wall time and in CPU time; null: no target."""
    peak_mb: float | None = None
    """At most so much memory; null: no target."""
    repeats: int | None = None
    """Runs of each way, where they are other than those of the benchmark."""


@dataclass(frozen=True)
class Bench:
    """Ours against a floor on some inputs: `sys.exit(BENCH.main())`."""

    script: str
    """The file that is run for each run: its `__file__`."""
    make: Callable[[Path], None]
    """Makes the inputs in a folder."""
    floor: Callable[[Path], Any]
    """What the input needs at least."""
    ours: Callable[[Path], Any]
    """What is measured."""
    cases: Sequence[Case]
    check: Check = field(default=_believed)
    """Asserts of `floor` or `ours` and what it gave that all was read."""
    repeats: int = 3
    after: Callable[[Path], bool] = field(default=lambda _: True)
    """Further figures of the folder's inputs; whether they meet their targets."""

    def main(self) -> int:
        """Makes the inputs and prints a line per figure; 1 where one misses its target."""
        if len(sys.argv) == 3:
            way, path = sys.argv[1], Path(sys.argv[2])
            self.make(path) if way == "make" else self._measure(way, path)
            return 0
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, self.script, "make", folder], check=True
            )  # a child's peak counts its parent's
            met = [self._compared(case, Path(folder, case.path)) for case in self.cases]
            met.append(self.after(Path(folder)))
        return int(not all(met))

    def _measure(self, way: str, path: Path) -> None:
        """One run, in this process: prints what it took."""
        before = time.process_time(), time.perf_counter()
        found = {"floor": self.floor, "ours": self.ours}[way](path)
        after = time.process_time(), time.perf_counter()
        self.check(way, found)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MEBIBYTE if sys.platform == "darwin" else 1024)
        print(json.dumps({"cpu": after[0] - before[0], "wall": after[1] - before[1], "peak": peak}))

    def _compared(self, case: Case, path: Path) -> bool:
        """Runs the two in turns; whether ours meets its targets."""
        runs: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
        repeats = case.repeats or self.repeats
        for turn in range(repeats + 1):
            for way, results in runs.items():
                done = subprocess.run([sys.executable, self.script, way, path], stdout=subprocess.PIPE, check=True)
                if turn:  # the first turn warms the page cache
                    results.append(json.loads(done.stdout))
        floor, ours = (_middle(results) for results in runs.values())
        met = [
            figure(
                f"{case.title}, {name}",
                ours[key] / floor[key],
                "times the floor",
                case.times,
                f"{ours[key]:.2f} s, floor {floor[key]:.2f} s, medians of {repeats}",
            )
            for name, key in (("wall time", "wall"), ("CPU time", "cpu"))
        ]
        beside = f"floor {floor['peak']:.0f} MB"
        return all([*met, figure(f"{case.title}, peak memory", ours["peak"], "MB", case.peak_mb, beside)])


def _middle(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: median(run[key] for run in runs) for key in runs[0]}


def figure(title: str, value: float, unit: str, most: float | None, beside: str, *, least: float | None = None) -> bool:
    """Prints one figure, its target and whether it is met.

    Arguments:
        title: what was measured.
        value: the figure.
        unit: its unit.
        most: it may not be more than this; null: no such target.
        beside: what it was made of.
        least: it may not be less than this; null: no such target.
    """
    met = (most is None or value <= most) and (least is None or value >= least)
    targets = [f"{word} {target:g}" for word, target in (("at most", most), ("at least", least)) if target is not None]
    verdict = ("PASS" if met else "FAIL") if targets else "    "
    digits = 0 if unit == "MB" else 2
    said = ", ".join(targets) or "no target"
    print(f"{verdict}  {title}: {value:.{digits}f} {unit} ({said}); {beside}", flush=True)
    return met
