"""Runs ways of work in turns, each run in a process of its own, whose time and peak of memory are its alone."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["Took", "apart", "in_turns", "measured"]

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Took:
    """What a run took, or the median of several."""

    cpu: float
    """Seconds of all threads."""
    wall: float
    """Seconds."""
    peak: float
    """Largest resident memory in MiB."""


def measured(work: Callable[[Path], Any], path: Path) -> Any:
    """Runs the work in this process, prints what it took, and gives what it found."""
    before = time.process_time(), time.perf_counter()
    found = work(path)
    after = time.process_time(), time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MEBIBYTE if sys.platform == "darwin" else 1024)
    print(json.dumps(asdict(Took(after[0] - before[0], after[1] - before[1], peak))))
    return found


def apart(script: str, way: str, path: Path) -> bytes:
    """What a script prints that is run with these two words: a child's peak counts its parent's, which stays small."""
    return subprocess.run([sys.executable, script, way, path], stdout=subprocess.PIPE, check=True).stdout


def in_turns(script: str, path: Path, repeats: Mapping[str, int]) -> dict[str, Took]:
    """Medians of each way, which the script measures.

    Arguments:
        script: prints what `measured` prints, given a way and the path.
        path: of the input.
        repeats: runs of each way; the first turn of those with more than one warms the page cache, and is not counted.
    """
    runs: dict[str, list[Took]] = {way: [] for way in repeats}
    for turn in range(max(repeats.values()) + 1):
        for way, times in repeats.items():
            if turn <= times and (turn or times > 1):
                took = Took(**json.loads(apart(script, way, path)))
                runs[way] += [took] if turn else []
    return {way: _middle(took) for way, took in runs.items()}


def _middle(runs: Sequence[Took]) -> Took:
    return Took(*(median(getattr(run, name) for run in runs) for name in ("cpu", "wall", "peak")))
