"""A way to read files and its floor take turns, each run in a process of its own; medians are held against targets."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.runs import apart, in_turns, measured

__all__ = ["Bench", "Case", "figure"]

Check = Callable[[str, Any], None]


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
            apart(self.script, "make", Path(folder))
            met = [self._compared(case, Path(folder, case.path)) for case in self.cases]
            met.append(self.after(Path(folder)))
        return int(not all(met))

    def _measure(self, way: str, path: Path) -> None:
        """One run, in this process: prints what it took."""
        self.check(way, measured({"floor": self.floor, "ours": self.ours}[way], path))

    def _compared(self, case: Case, path: Path) -> bool:
        """Runs the two in turns; whether ours meets its targets."""
        repeats = case.repeats or self.repeats
        took = in_turns(self.script, path, {"floor": repeats, "ours": repeats})
        floor, ours = took["floor"], took["ours"]
        met = [
            figure(
                f"{case.title}, {name}",
                one / other,
                "times the floor",
                case.times,
                f"{one:.2f} s, floor {other:.2f} s, medians of {repeats}",
            )
            for name, one, other in (("wall time", ours.wall, floor.wall), ("CPU time", ours.cpu, floor.cpu))
        ]
        beside = f"floor {floor.peak:.0f} MB"
        return all([*met, figure(f"{case.title}, peak memory", ours.peak, "MB", case.peak_mb, beside)])


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
