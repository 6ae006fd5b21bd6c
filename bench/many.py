"""Hundreds of endpoint logs become one table in one call: with both cores, in little memory, in silence in a pipe.

    python bench/many.py [MEGABYTES [FORMAT...]]

There are 1,000 files; `make slow` reads 5 GB of them, `make bench` less.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import polars as pl
from common.child import idle, watchfloor
from common.logs import LOGS
from common.turns import figure
from loki import LOGS as LOKI_LOGS

FILES = 1_000
MEGABYTES = 100
PEAK_MB = 1_500
CORES = 0.75
"""So much of the cores must be used, where nobody else uses them. JSON is decoded by Python, on one core at a time."""
FORMATS = ("syslog", "loki", "jsonlines")


def loki_file(size: int) -> bytes:
    """Whole scan logs, one after the other, of about that size; a scan is not cut."""
    logs = [
        path.read_bytes().removesuffix(b"\n") + b"\n"
        for path in sorted(LOKI_LOGS.glob("*.csv"))
        if "stdout" not in path.name
    ]
    found = b""
    while len(found) < size:
        found += min((log for log in logs if len(log) > 1_000), key=lambda log: abs(size - len(found) - len(log)))
    return found


def make(name: str, folder: Path, size: int) -> None:
    """The files, each of another host."""
    if name == "loki":
        content = loki_file(size)
        for number in range(FILES):
            (folder / f"pc-{number:04}.csv").write_bytes(content)
        return
    first = folder / "pc-0000.log"
    LOGS[name].write(first, size)
    for number in range(1, FILES):
        (folder / f"pc-{number:04}.log").write_bytes(first.read_bytes())


def is_met(name: str, megabytes: int) -> bool:
    """Makes the files, reads them, counts what came of them, prints the figures."""
    title = f"{name}, {FILES:,} files of {megabytes:,} MB together"
    with tempfile.TemporaryDirectory() as made:
        folder, out = Path(made, "hosts"), Path(made, "out")
        folder.mkdir()
        make(name, folder, (megabytes << 20) // FILES)
        stored = sum(path.stat().st_size for path in folder.iterdir()) >> 20
        options = () if name == "loki" else LOGS[name].options
        alone = idle()
        taken = watchfloor("read", folder, "--out", f"{out}/", *options)
        ledger = pl.read_parquet(out / "ledger.parquet")
        assert ledger.height == FILES
        table = pl.scan_parquet(out / ("findings.parquet" if name == "loki" else "events.parquet"))
        rows = table.select(pl.len(), pl.col("source").n_unique()).collect().row(0)
        assert rows[1] == FILES
    cores = os.cpu_count() or 1
    beside = (
        f"{stored:,} MB, {rows[0]:,} rows in {taken.wall:.0f} s, {stored / taken.wall:.0f} MB/s, CPU {taken.cpu:.0f} s"
    )
    met = figure(f"{title}, peak memory", taken.peak_mb, "MB", PEAK_MB, beside)
    used = taken.cpu / taken.wall / cores
    least = CORES if alone and name != "jsonlines" else None
    beside += "" if alone else "; the machine had other work"
    met &= figure(f"{title}, use of {cores} cores", used, "of them", None, beside, least=least)
    progress = b"\r" in taken.said or b"reading" in taken.said
    return figure(f"{title}, progress in a pipe", int(progress), "lines", 0, "none is shown") and met


def main() -> int:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    names = [name for name in sys.argv[2:] or FORMATS if name != "loki" or LOKI_LOGS.is_dir()]
    return int(False in [is_met(name, megabytes) for name in names])


if __name__ == "__main__":
    sys.exit(main())
