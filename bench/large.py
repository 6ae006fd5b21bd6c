"""One large file of each format to Parquet by `watchfloor read FILE --out FOLDER/`: its peak of memory does not grow.

    python bench/large.py [MEGABYTES [FORMAT...]]

The target is 1,500 MB for a file of 5 GB (`make slow`); `make bench` reads smaller ones.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import polars as pl
from common.child import watchfloor
from common.logs import LOGS, Log
from common.turns import figure

MEGABYTES = 200
PEAK_MB = 1_500


def peak_is_low(name: str, log: Log, megabytes: int) -> bool:
    """Makes a file, reads it, counts what came of it, prints the figures."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        path, out = folder / f"{name}.log", folder / "out"
        log.write(path, megabytes << 20)
        options: list[str | Path] = [folder / word if word in log.files else word for word in log.options]
        for file, text in log.files.items():
            (folder / file).write_text(text)
        taken = watchfloor("read", path, "--out", f"{out}/", "--quiet", *options)
        ledger = pl.read_parquet(out / "ledger.parquet").row(0, named=True)
        assert ledger["lines_read"] > 0.99 * ledger["lines"] > 0
        kept = sum(file.stat().st_size for file in out.iterdir()) >> 20
        beside = f"{ledger['lines']:,} lines in {taken.wall:.0f} s, CPU {taken.cpu:.0f} s, Parquet {kept:,} MB"
    return figure(f"{name}, {megabytes:,} MB in one file, peak memory", taken.peak_mb, "MB", PEAK_MB, beside)


def main() -> int:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES
    return int(False in [peak_is_low(name, LOGS[name], megabytes) for name in sys.argv[2:] or LOGS])


if __name__ == "__main__":
    sys.exit(main())
