"""What watchfloor weighs: packages, megabytes, and the time of an import."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PACKAGES = 45
MEGABYTES = 400
TIMES_POLARS = 1.5
FIRST_USE_TIMES_POLARS = 2.5


def core() -> dict[str, metadata.Distribution]:
    """The distributions that installing watchfloor without extras brings here, by their own metadata."""
    found: dict[str, metadata.Distribution] = {}
    todo = ["watchfloor"]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for requirement in found[name].requires or []:
            text, _, marker = requirement.partition(";")
            if "extra" in marker or not _applies(marker):
                continue
            todo.append(re.match(r"[\w.-]+", text).group())  # type: ignore[union-attr]
    return found


def _applies(marker: str) -> bool:
    """Whether a requirement's marker holds here."""
    from packaging.markers import Marker

    return not marker.strip() or Marker(marker.strip()).evaluate()


def test_the_core_is_light() -> None:
    """At most 45 packages and 400 MB, pip and setuptools left out."""
    distributions = core()
    size = sum(
        Path(str(distribution.locate_file(file))).stat().st_size
        for distribution in distributions.values()
        for file in distribution.files or []
        if Path(str(distribution.locate_file(file))).is_file()
    )
    assert {"polars", "altair", "typer"} <= distributions.keys()
    assert len(distributions) <= PACKAGES, sorted(distributions)
    assert size <= MEGABYTES * 1_000_000, size


def test_the_lock_of_the_core_is_what_the_core_needs() -> None:
    """Each package that the core brings is locked, with hashes and without an index."""
    text = (Path(__file__).parents[1] / "requirements" / "core.lock").read_text()
    locked = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)}
    assert core().keys() - {"watchfloor"} <= locked
    assert text.count("--hash=sha256:") > len(locked)
    assert "://" not in text


@pytest.mark.parametrize(
    ("code", "at_most"),
    [("import watchfloor", TIMES_POLARS), ("import watchfloor; watchfloor.read", FIRST_USE_TIMES_POLARS)],
)
def test_the_import_costs_little_more_than_polars(code: str, at_most: float) -> None:
    """CPU time, medians of runs that alternate; the first use loads readers and analyses."""
    assert _ratio([sys.executable, "-c", code]) <= at_most


def test_help_costs_little_more_than_importing_polars() -> None:
    """`watchfloor --help` answers at once."""
    assert _ratio([sys.executable, "-m", "watchfloor", "--help"]) <= TIMES_POLARS


def _ratio(command: list[str], *, runs: int = 7) -> float:
    floor, ours = [], []
    for _ in range(runs):
        floor.append(_cpu_seconds([sys.executable, "-c", "import polars"]))
        ours.append(_cpu_seconds(command))
    return statistics.median(ours) / statistics.median(floor)


def _cpu_seconds(command: list[str]) -> float:
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    return float(done.stdout)
