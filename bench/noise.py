"""Noise of 2.6 M alerts: CPU time and memory of the whole answer with all its parts, in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common.turns import figure
from tune import MAP, make

import watchfloor as wf
from watchfloor.reports.chapters import everything

ROWS = 2_600_000
SECONDS, MEGABYTES = 30, 1_500


def run(path: Path) -> None:
    """One run, in this process: prints what it took."""
    before = time.process_time()
    result = wf.noise(path, columns=MAP)
    assert result.collect()["alerts"].sum() == ROWS
    for part in everything(result.parts):
        part.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)
    print(json.dumps({"cpu": time.process_time() - before, "peak": peak}))


def main() -> int:
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "alerts.parquet")
        make(path, ROWS)
        done = subprocess.run([sys.executable, __file__, path], stdout=subprocess.PIPE, check=True)
    took = json.loads(done.stdout)
    met = [
        figure(f"noise {ROWS:,} alerts, CPU time", took["cpu"], "s", SECONDS, "all parts"),
        figure(f"noise {ROWS:,} alerts, peak memory", took["peak"], "MB", MEGABYTES, "its own process"),
    ]
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
