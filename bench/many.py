"""Hundreds of endpoint logs become one table in one call: with both cores, in little memory, in silence in a pipe.

    python bench/many.py [MEGABYTES [FORMAT...]]

There are 1,000 files; `make slow` reads 5 GB of them, `make bench` less.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from common.child import idle, watchfloor
from common.logs import LOGS
from common.turns import figure
from loki import LOGS as LOKI_LOGS

FILES = 1_000
MEGABYTES = 100
PEAK_MB = 1_500
SECONDS = 15
"""What 1,000 syslog files of 100 KB may take, on two cores that nobody else uses."""
CORES = 0.75
"""So much of the cores must be used, where nobody else uses them. JSON is decoded by Python, on one core at a time."""
FORMATS = ("syslog", "loki", "jsonlines", "mixed")
MIXED = ("syslog", "jsonlines", "syslog", "cef", "syslog", "loki", "syslog", "eve", "syslog", "loki")
"""What ten hosts of a network log, where all are read at once: most of them syslog, files of several sizes."""
SIZES = (0.05, 0.1, 0.3, 0.5, 0.5, 1.0, 1.5, 3.05)
"""By which a file is larger or smaller than the average."""


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
    made: dict[tuple[str, int], Path] = {}
    for number in range(FILES):
        kind = MIXED[number % len(MIXED)] if name == "mixed" and LOKI_LOGS.is_dir() else name
        kind = kind if kind != "mixed" else "syslog"
        own = int(size * SIZES[number // len(MIXED) % len(SIZES)]) if name == "mixed" else size
        path = folder / f"pc-{number:04}.{'csv' if kind == 'loki' else 'log'}"
        if first := made.get((kind, own)):
            shutil.copyfile(first, path)
            continue
        made[kind, own] = path
        if kind == "loki":
            path.write_bytes(loki_file(own))
        else:
            LOGS[kind].write(path, own)


def is_met(name: str, megabytes: int) -> bool:
    """Makes the files, reads them, counts what came of them, prints the figures."""
    title = f"{name}, {FILES:,} files of {megabytes:,} MB together"
    with tempfile.TemporaryDirectory() as made:
        folder, out = Path(made, "hosts"), Path(made, "out")
        folder.mkdir()
        make(name, folder, (megabytes << 20) // FILES)
        stored = sum(path.stat().st_size for path in folder.iterdir()) >> 20
        options: Sequence[str] = LOGS[name].options if name in LOGS else () if name == "loki" else ("--zone", "UTC")
        alone = idle()
        taken = watchfloor("read", folder, "--out", f"{out}/", *options)
        ledger = pl.read_parquet(out / "ledger.parquet")
        assert ledger.height == FILES
        lost = ledger.filter(pl.col("lines_rejected") > 0)
        assert not lost.height, lost.row(0, named=True)
        tables = [path for path in out.iterdir() if path.stem not in ("ledger", "rejects")]
        rows = sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in tables)
        of = pl.concat([pl.scan_parquet(path).select("source").unique() for path in tables]).unique().collect().height
        assert of == FILES
    cores = os.cpu_count() or 1
    beside = (
        f"{stored:,} MB, {rows:,} rows in {taken.wall:.0f} s, {stored / taken.wall:.0f} MB/s, CPU {taken.cpu:.0f} s"
    )
    met = figure(f"{title}, peak memory", taken.peak_mb, "MB", PEAK_MB, beside)
    most = SECONDS if alone and name == "syslog" and megabytes <= MEGABYTES else None
    met &= figure(f"{title}, time", taken.wall, "s", most, beside)
    used = taken.cpu / taken.wall / cores
    least = CORES if alone and name in ("syslog", "loki") else None
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
