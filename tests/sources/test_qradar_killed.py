"""A pull that is killed at any point goes on where it stopped, and loses and doubles nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from children import ended
from consoles import bodies, check_complete, check_history, pulled, soc
from databases import new_database
from doubles.qradar import TOKEN, Double, Soc
from watchfloor.store import open_workspace
from watchfloor.store.layout import objects

TESTS = Path(__file__).parents[1]
CHILD = """
import sys
from pathlib import Path
from watchfloor.sources.qradar import Tls, pull
from watchfloor.store import open_workspace

url, ca_file, place, size = sys.argv[1:]
with open_workspace(place, create=True) as workspace:
    print("ready", flush=True)
    ledger = pull(url, workspace, trust=Tls(ca_file=Path(ca_file)), page_size=int(size), notes=50)
    assert not ledger.missing, ledger.missing
"""


def run(url: str, ca_file: Path, place: str, size: int, *, kill_after: float | None) -> bool:
    """A pull in a process of its own; whether it came to its end before it was killed."""
    token = {"WATCHFLOOR_QRADAR_TOKEN": TOKEN}
    return ended(CHILD, url, ca_file, place, size, environment=token, kill_after=kill_after)


def test_a_pull_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Six times, while offenses are closed and come anew."""
    dice = random.Random(3)
    place = str(tmp_path / "w.db")

    def move(data: Soc, page: int) -> None:
        if page % 5 == 0 and page < 200:
            data.add(2)
            data.close(dice.sample(sorted(data.offenses), 3), lag_ms=30 * 60_000)

    with Double(soc(1_500), between=move) as console:
        for _ in range(6):
            run(console.url, console.ca_file, place, 50, kill_after=dice.uniform(0.0, 0.6))
            with open_workspace(place, create=True) as workspace:
                check_history(workspace)
        console.between = None
        assert run(console.url, console.ca_file, place, 50, kill_after=None)
        with open_workspace(place) as workspace:
            check_complete(workspace, console)
            assert not pulled(console, workspace).lists["offenses"].stored
            check_complete(workspace, console)


@contextmanager
def other_process(offenses: int) -> Iterator[dict[str, Any]]:
    """The double in a process of its own: it needs a core."""
    path = f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    double = subprocess.Popen(
        [sys.executable, "-m", "doubles.qradar", str(offenses)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with double:
        assert double.stdout is not None
        try:
            yield json.loads(double.stdout.readline())
        finally:
            double.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_100_000_offenses_and_50_kills(tmp_path: Path, database: str) -> None:
    """Complete in the end: each offense once, in one state, with a history of one row."""
    dice = random.Random(11)
    offenses = 100_000
    place = str(tmp_path / "w.db") if database == "sqlite" else new_database()
    with other_process(offenses) as console:
        ca_file = Path(console["ca_file"])
        began, killed = time.monotonic(), 0
        while killed < 50 and time.monotonic() - began < 1_800:
            # Short ones stop it at its begin, long ones let it get further.
            killed += not run(
                console["url"], ca_file, place, 500, kill_after=dice.choice((0.3, 1.5, 6)) * dice.random()
            )
        assert killed == 50
        assert run(console["url"], ca_file, place, 500, kill_after=None)
    expected = Soc(offenses).offenses
    with open_workspace(place) as workspace:
        check_history(workspace)
        assert bodies(workspace, console["url"]) == expected
        with workspace.reading() as connection:
            chosen = sa.select(sa.func.max(objects.c.version)).where(objects.c.kind == "offense")
            assert connection.scalar(chosen) == 1
