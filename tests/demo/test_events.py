"""The three logs, read line by line with the datetime module, hold the night in true order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from watchfloor.demo import Truth

PARIS, NEW_YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
LINUX, FIREWALL, CLOUD = "events/linux-paris.log", "events/firewall-newyork.log", "events/cloud-audit.log"


@pytest.fixture
def lines(folder: Path, truth: Truth) -> dict[str, list[str]]:
    """All lines by file."""
    return {p: (folder / p).read_text(encoding="utf-8").splitlines() for p in truth.files if p.startswith("events/")}


def clock(file: str, line: str) -> datetime:
    """What the line's clock shows."""
    if file == LINUX:
        assert line.startswith("Oct ")
        return datetime.fromisoformat(f"2025-10-{line[4:6]} {line[7:15]}")
    return datetime.fromisoformat(line[:19] if file == FIREWALL else line.split(" ")[1].rstrip("Z"))


def instants(lines: list[str]) -> list[datetime]:
    """Instants of the Linux log: in the hour that comes twice, by the place where the clock falls back."""
    clocks = [clock(LINUX, line) for line in lines]
    back = next(n for n, (a, b) in enumerate(pairwise(clocks), 1) if b < a)
    return [c.replace(tzinfo=PARIS, fold=n >= back).astimezone(UTC) for n, c in enumerate(clocks)]


def test_lines_are_in_true_order(lines: dict[str, list[str]]) -> None:
    """The clocks of New York and of UTC never fall back that night; that of Paris does once, by an hour."""
    for file in (FIREWALL, CLOUD):
        clocks = [clock(file, line) for line in lines[file]]
        assert clocks == sorted(clocks)
    paris = [clock(LINUX, line) for line in lines[LINUX]]
    falls = [(a, b) for a, b in pairwise(paris) if b < a]
    assert len(falls) == 1
    assert timedelta(minutes=50) < falls[0][0] - falls[0][1] < timedelta(minutes=60)
    assert instants(lines[LINUX]) == sorted(instants(lines[LINUX]))


def test_first_and_last_times(lines: dict[str, list[str]], truth: Truth) -> None:
    """Of every log; the firewall's and Linux' clocks have whole seconds, the cloud's milliseconds."""
    for file, zone in ((FIREWALL, NEW_YORK), (CLOUD, UTC)):
        ends = [clock(file, lines[file][n]).replace(tzinfo=zone).astimezone(UTC) for n in (0, -1)]
        told = [truth.events.first_times[file], truth.events.last_times[file]]
        assert [abs(a - b) < timedelta(seconds=1) for a, b in zip(ends, told, strict=True)] == [True, True]
    linux = instants(lines[LINUX])
    assert linux[0] == truth.events.first_times[LINUX].replace(microsecond=0)
    assert linux[-1] == truth.events.last_times[LINUX].replace(microsecond=0)


def test_the_story_stands_where_the_truth_says(lines: dict[str, list[str]], truth: Truth) -> None:
    """Line by line, at its instant; the three logs together tell 13 steps."""
    linux = instants(lines[LINUX])
    for trace in truth.events.traces:
        line = lines[trace.file][trace.record - 1]
        shown = clock(trace.file, line)
        kind, words = trace.text.split(" ", 1) if trace.file == CLOUD else ("", trace.text)
        same = [n for n, other in enumerate(lines[trace.file], 1) if kind in other and other.endswith(words)]
        assert same == [trace.record]
        if trace.file == LINUX:
            assert linux[trace.record - 1] == trace.time
        else:
            zone = NEW_YORK if trace.file == FIREWALL else UTC
            assert shown.replace(tzinfo=zone).astimezone(UTC) == trace.time
    assert [trace.time for trace in truth.events.traces] == sorted(trace.time for trace in truth.events.traces)
    assert [trace.step for trace in truth.events.traces] == sorted(trace.step for trace in truth.events.traces)
    assert {trace.step for trace in truth.events.traces} == set(range(1, 14))


def test_the_repeated_hour(lines: dict[str, list[str]], truth: Truth) -> None:
    """All lines that Paris' clock dates between two and three, and no others."""
    first, last = truth.events.repeated_hour[LINUX]
    assert [n for n, line in enumerate(lines[LINUX], 1) if clock(LINUX, line).strftime("%d %H") == "26 02"] == [
        *range(first, last + 1)
    ]
    assert list(truth.events.repeated_hour) == [LINUX]
    assert last - first > 200


def test_no_silence_longer_than_five_minutes(lines: dict[str, list[str]], truth: Truth) -> None:
    """Else nobody could see the clock change."""
    times = instants(lines[LINUX])
    assert max(b - a for a, b in pairwise(times)) <= timedelta(minutes=5, seconds=1)


def test_the_year_is_in_the_time_of_change(folder: Path, truth: Truth) -> None:
    """The Linux log says no year; its file was last changed in October 2025."""
    changed = datetime.fromtimestamp((folder / LINUX).stat().st_mtime, UTC)
    assert changed == truth.files[LINUX].modified
    assert (changed.year, changed.month) == (2025, 10)
