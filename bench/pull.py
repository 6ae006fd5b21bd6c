"""A pull of 100,000 offenses of 38 fields from a double of a console into a workspace: seconds and memory.

The double is a process of its own and shares the two cores. The pull is a process too: its peak of memory is measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from watchfloor.sources.qradar import Tls, Token, pull
from watchfloor.store import open_workspace

OFFENSES = 100_000
SECONDS = 40.0
MEGABYTES = 400.0
TESTS = Path(__file__).parents[1] / "tests"


def measure(url: str, ca_file: str, token: str, folder: Path) -> None:
    """One pull, in this process: prints what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    with open_workspace(folder / "watchfloor.db", create=True) as workspace:
        ledger = pull(url, workspace, trust=Tls(ca_file=Path(ca_file)), token=Token(token))
    took = time.perf_counter() - began, time.process_time() - cpu
    assert not ledger.missing, ledger.missing
    assert ledger.lists["offenses"].new == OFFENSES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    size = (folder / "watchfloor.db").stat().st_size >> 20
    print(json.dumps({"wall": took[0], "cpu": took[1], "peak": peak, "size": size, "ledger": ledger.rows()}))


def main() -> int:
    if len(sys.argv) == 5:
        measure(*sys.argv[1:4], Path(sys.argv[4]))
        return 0
    environment = os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    double = subprocess.Popen(
        [sys.executable, "-m", "doubles.qradar", str(OFFENSES)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with double, tempfile.TemporaryDirectory() as folder:
        assert double.stdout is not None
        console = json.loads(double.stdout.readline())
        command = [sys.executable, __file__, console["url"], console["ca_file"], console["token"], folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        took = json.loads(done.stdout)
        double.communicate()
    print(f"Pull of {OFFENSES:,} offenses into a workspace (at most {SECONDS:.0f} s, {MEGABYTES:.0f} MB)")
    print(f"  {took['wall']:.1f} s, CPU {took['cpu']:.1f} s, peak {took['peak']:.0f} MB; {took['size']} MB on disk")
    missed = took["wall"] > SECONDS or took["peak"] > MEGABYTES
    if missed:
        print("  missed")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
