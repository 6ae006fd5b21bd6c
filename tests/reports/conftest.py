"""A small SOC report with hostile words in it, and Chromium where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.charts import Bars, Heat, Lines, Points
from watchfloor.result import Input, Provenance, Result
from watchfloor.schemas import LEDGER, REJECTS

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}\"&'\x1b[2J\u202e"
FORMULA = "=cmd|' /C calc'!A0"
START = datetime(2025, 10, 25, 20, tzinfo=UTC)


@pytest.fixture(scope="session")
def rules() -> Result:
    """Rules by volume, with parts of each kind of chart, hostile words, and where the numbers come from."""
    days = [START + timedelta(days=n) for n in range(5)]
    table = pl.LazyFrame(
        {
            "rule": [f"Rule {n}" for n in range(28)] + [HOSTILE, FORMULA],
            "alerts": list(range(3_000, 0, -100)),
            "share": [0.1 * (n % 10) for n in range(30)],
            "median_open_seconds": [8_040.0 if n % 2 else None for n in range(30)],
            "first_time": [START + timedelta(minutes=n) for n in range(30)],
            "clients": [["Alder", "Birch"] if n % 2 else [] for n in range(30)],
            "note": pl.Series([None] * 30, dtype=pl.String),
        }
    )
    daily = pl.LazyFrame(
        {"day": days * 2, "client": ["Alder"] * 5 + ["Birch"] * 5, "alerts": [5, 3, None, 2, 8, 1, 1, 2, 3, 4]},
    )
    hours = pl.LazyFrame({"hour": [0, 1, 2, 0], "weekday": ["Mon", "Mon", "Tue", "Tue"], "alerts": [1, 20, 3, 40]})
    events = pl.LazyFrame({"time": days, "source": ["a.log", "b.log"] * 2 + [HOSTILE], "message": [HOSTILE] * 5})
    figures = pl.LazyFrame({"alerts": [46_500], "precision": [0.32], "precision_low": [0.31], "precision_high": [0.33]})
    return Result(
        title=f"Which rules are noise? {HOSTILE}",
        name="noise",
        table=table,
        explanation=f"A rule is noise where many alerts lead to few true positives.\nWords: {HOSTILE}",
        charts=(Bars(x="alerts", y="rule", top=30, title=f"Alerts {HOSTILE}"),),
        parts=(
            Result(title="Key figures", name="figures", table=figures),
            Result(title="Per day", name="daily", table=daily, charts=(Lines(x="day", y="alerts", color="client"),)),
            Result(title="When", name="hours", table=hours, charts=(Heat(x="hour", y="weekday", color="alerts"),)),
            Result(
                title="Events",
                name="events",
                table=events,
                charts=(Points(x="time", y="source", tooltip=("message",), zone="Europe/Paris"),),
            ),
            Result(title="Nothing", name="nothing", table=table.head(0), charts=(Bars(x="alerts", y="rule"),)),
        ),
        provenance=Provenance(
            question="noise",
            parameters={"minimum": 10, "closing_reasons": Path("<b>reasons.json")},
            inputs=(
                Input("offenses.json", bytes=1_234_567, sha256="ab" * 32, format="qradar", lines=500, rejected=2),
                Input(f"cut {HOSTILE}", bytes=10, sha256="cd" * 32, format="qradar", lines=5, partial="ends early"),
            ),
            rows_in={"alerts": 46_500},
            rejected=2,
            period=(START, START + timedelta(days=5)),
            made_time=datetime(2025, 11, 3, 9, 12, tzinfo=UTC),
            versions={"watchfloor": "0.1.0", "polars": "2.1.0"},
        ),
    )


@pytest.fixture(scope="session")
def rejects() -> pl.LazyFrame:
    """Two records that nobody understood."""
    return REJECTS.fill(
        pl.DataFrame({"record": [17, 18], "text": [HOSTILE, "{"], "reason": ["no JSON", "no JSON"], "lines": [1, 1]}),
        source="offenses.json",
    )


@pytest.fixture(scope="session")
def ledger() -> pl.LazyFrame:
    """What became of the lines."""
    return LEDGER.fill(
        pl.DataFrame(
            {"lines": [500], "lines_read": [498], "lines_continued": [0], "lines_rejected": [2], "lines_skipped": [0]}
        ),
        source="offenses.json",
        format="qradar",
        file_bytes=1_234_567,
    )


def chromium() -> str | None:
    """Where a Chromium is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    app = "/Applications/Chromium.app/Contents/MacOS/Chromium"
    return next((path for path in map(shutil.which, names) if path), None) or (app if Path(app).exists() else None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: scripts/install-chromium.sh installs it, or says how")
    from playwright.sync_api import sync_playwright

    arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()
