"""The demo: makes the synthetic SOC, asks every question of it, and says what to open."""

from __future__ import annotations

import time
from pathlib import Path

from watchfloor.cli.output import remark, stdout
from watchfloor.demo import make
from watchfloor.questions import report

__all__ = ["run"]


def run(folder: Path, *, seed: int, quiet: bool) -> None:
    """Makes the data in the folder and writes `report.html` there."""
    began = time.monotonic()
    if not quiet:
        remark(f"making a synthetic SOC in {folder}: scan logs, offenses, event logs, network logs ..")
    truth = make(folder, seed=seed)
    if not quiet:
        remark("asking every question of it ..")
    out = folder / "report.html"
    report(
        {str(path): zone for path, zone in truth.inputs(folder).items()},
        out,
        title="watchfloor demo: a synthetic SOC",
        closing_reasons=folder / "qradar" / "closing_reasons.json",
    )
    if not quiet:
        stdout().print(
            f"{out} is ready ({time.monotonic() - began:.0f} s). What was planted is in {folder / 'truth.json'}."
        )
