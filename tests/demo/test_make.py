"""The demo is the same everywhere, and its files hold what its truth says."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from watchfloor.demo import Truth, make
from watchfloor.errors import BadOption

SCRIPT = "import sys; from pathlib import Path; from watchfloor.demo import make; make(Path(sys.argv[1]), scale=0.2)"


def digests(folder: Path) -> dict[str, str]:
    """Hash and time of change of every file."""
    return {
        path.relative_to(folder).as_posix(): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_bytes_whatever_the_zone_of_the_machine(tmp_path: Path) -> None:
    """Two processes with other zones, hash seeds and languages write the same files with the same times."""
    for name, zone, seed in (("a", "Asia/Tokyo", "1"), ("b", "America/New_York", "2")):
        env = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C", "LANG": "C"}
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / name)], env=env, check=True)

    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    """Written down once: who changes the demo writes down the new one; who fails without a change has found a machine
    that draws or writes differently."""
    make(tmp_path, scale=0.1)
    contents = hashlib.sha256()
    for path in sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()):
        contents.update(path.encode() + b"\0" + (tmp_path / path).read_bytes())

    assert contents.hexdigest() == "fa2b7712c7c7c605a23a65b1e6c2e7c6f34725d158b4e097bbbe3cc12af4ec93"


def test_it_is_small_and_quick(made: tuple[Path, Truth], tmp_path: Path) -> None:
    """Below 40 MB; in less than 15 seconds of one core."""
    assert sum(path.stat().st_size for path in made[0].rglob("*") if path.is_file()) < 40_000_000
    began = time.process_time()
    make(tmp_path)
    assert time.process_time() - began < 15


def test_another_seed_is_another_soc(tmp_path: Path) -> None:
    """Names of files stay, contents change."""
    make(tmp_path / "a", scale=0.1)
    make(tmp_path / "b", scale=0.1, seed=8)
    a, b = digests(tmp_path / "a"), digests(tmp_path / "b")

    assert a.keys() == b.keys()
    assert sum(a[name] == b[name] for name in a) <= 6  # side files: README, tags, zones, domains, reasons, rules


def test_the_truth_is_beside_the_data(tmp_path: Path) -> None:
    """What `make` gives is what `truth.json` holds."""
    truth = make(tmp_path, scale=0.1)

    assert Truth.load(tmp_path) == truth
    assert Truth.load(tmp_path / "truth.json") == truth


def test_every_file_has_its_lines(tmp_path: Path) -> None:
    """Files on disk are those of the truth, line by line."""
    truth = make(tmp_path, scale=0.1)
    written = {
        p.relative_to(tmp_path).as_posix(): p.read_bytes().count(b"\n") for p in tmp_path.rglob("*") if p.is_file()
    }
    del written["truth.json"]

    assert written == {path: file.lines for path, file in truth.files.items()}


def test_what_to_read_is_there(tmp_path: Path) -> None:
    """`inputs` names files and folders of the demo, with the zones of the two logs that do not say theirs."""
    inputs = make(tmp_path, scale=0.1).inputs(tmp_path)

    assert all(path.exists() for path in inputs)
    assert {path.name: zone for path, zone in inputs.items() if zone} == {
        "linux-paris.log": "Europe/Paris",
        "firewall-newyork.log": "America/New_York",
    }


@pytest.mark.parametrize("scale", [0, -1, 1000])
def test_a_scale_that_makes_nothing_is_refused(tmp_path: Path, scale: float) -> None:
    """With a hint."""
    with pytest.raises(BadOption, match="scale"):
        make(tmp_path, scale=scale)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "demo").write_text("a file")

    with pytest.raises(BadOption, match="cannot write the demo"):
        make(tmp_path / "demo", scale=0.1)
