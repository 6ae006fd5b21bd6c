"""Runs a command to its end, and what it took; whether the machine has other work, which falsifies that."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Taken", "idle", "watchfloor"]

BUSY = 0.5
"""Processes that wait for a core, on average, when a machine has other work."""


@dataclass(frozen=True)
class Taken:
    """What a process took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all its threads."""
    peak_mb: float
    """Largest resident memory."""
    said: bytes
    """What it wrote to its standard output and error, which were pipes."""


def idle() -> bool:
    """Whether a time that is measured now is ours alone."""
    return os.getloadavg()[0] < BUSY


def watchfloor(*arguments: str | Path) -> Taken:
    """Runs the command `watchfloor` of this environment.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter()
    command: Sequence[str | Path] = (sys.executable, "-m", "watchfloor", *arguments)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)  # this child alone
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"watchfloor {' '.join(map(str, arguments))}: {said.decode(errors='replace')}")
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return Taken(wall, usage.ru_utime + usage.ru_stime, peak, said)
