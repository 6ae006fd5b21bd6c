"""Python in a process of its own, which may be killed."""

from __future__ import annotations

import os
import subprocess
import sys

__all__ = ["ended"]


def ended(code: str, *args: object, environment: dict[str, str], kill_after: float | None) -> bool:
    """Whether the code, which prints a line when it is ready, came to its end before it was killed.

    `kill_after` is in seconds from when it was ready; null: it is not killed.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stderr is not None
        if child.stdout.readline() and kill_after is not None:
            try:
                child.wait(kill_after)
            except subprocess.TimeoutExpired:
                child.kill()
        said = child.stderr.read().decode()
    assert child.returncode in (0, -9), said
    return child.returncode == 0
