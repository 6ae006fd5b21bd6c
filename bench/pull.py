"""A pull of 100,000 offenses of 38 fields from a double of a console into a workspace: seconds and memory.

The double is a process of its own and shares the two cores; the pull is the command, as a user runs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.child import idle, watchfloor
from common.turns import figure

from watchfloor.store import open_workspace

OFFENSES = 100_000
SECONDS = 40.0
MEGABYTES = 400.0
TESTS = Path(__file__).parents[1] / "tests"


@contextmanager
def console(offenses: int) -> Iterator[dict[str, str]]:
    """The double's address, certificate file and token, while it runs."""
    path = f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    with subprocess.Popen(
        [sys.executable, "-m", "doubles.qradar", str(offenses)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as double:
        assert double.stdout is not None
        try:
            yield json.loads(double.stdout.readline())
        finally:
            double.communicate()


def main() -> int:
    alone = idle()
    with console(OFFENSES) as double, tempfile.TemporaryDirectory() as folder:
        os.environ["WATCHFLOOR_QRADAR_TOKEN"] = double["token"]
        asked = ("--url", double["url"], "--ca-file", double["ca_file"], "--workspace", folder)
        taken = watchfloor("pull", "qradar", *asked)
        with open_workspace(folder) as workspace:
            assert len(workspace.known(double["url"], "offense")) == OFFENSES
        size = Path(folder, "watchfloor.db").stat().st_size >> 20
    title = f"pull of {OFFENSES:,} offenses"
    beside = f"CPU {taken.cpu:.1f} s; {size} MB on disk" + ("" if alone else "; the machine had other work")
    met = [
        figure(f"{title}, wall time", taken.wall, "s", SECONDS if alone else None, beside),
        figure(f"{title}, peak memory", taken.peak_mb, "MB", MEGABYTES, "of the command alone"),
    ]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
