"""The demo: one command, a folder of raw exports, and a report of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from watchfloor import open_workspace
from watchfloor.cli import demo
from watchfloor.demo import Truth
from watchfloor.demo.console import Console
from watchfloor.errors import BadOption, NotReachable


def test_the_demo_makes_a_folder_and_its_report(tmp_path: Path) -> None:
    """Within two minutes, with nothing that could not be read but what was planted so."""
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "watchfloor", "demo", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "report.html is ready" in " ".join(done.stdout.split())
    html = (folder / "report.html").read_text(encoding="utf-8")
    for title in ("Scanner findings", "Rules by noise", "SOC figures", "Timeline", "Beacons"):
        assert f">{title}<" in html, title
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8"))["seed"] == 7
    with open_workspace(folder) as workspace:
        alerts = workspace.alerts().collect()
        console = alerts["source"][0]
        assert alerts.height == Truth.load(folder).offenses.offenses
    assert console.startswith("https://localhost:")
    assert console in html
    assert "offenses.json" not in html


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the demo says; its report is left out, which takes most of its time."""
    lines: list[str] = []
    monkeypatch.setattr(demo, "remark", lambda text, **_: lines.append(text))
    monkeypatch.setattr(demo, "report", lambda tables, *_, **__: lines.append(f"report of {sorted(tables)}"))
    return lines


def test_without_a_console_it_reads_files_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    """Where nothing may listen, and where the pull fails in the middle; no half workspace is left."""

    def refused(self: Console) -> None:
        raise PermissionError("nothing may listen here")

    def broken(*_: object, **__: object) -> None:
        raise NotReachable("the connection broke off")

    for thing, name, failing in ((Console, "start", refused), (demo, "pull", broken)):
        with monkeypatch.context() as patched:
            patched.setattr(thing, name, failing)
            demo.run(tmp_path, seed=7, quiet=False)
        assert any("read from files: " in line for line in told)
        assert "alerts" in told[-1]
        assert not list(tmp_path.glob("watchfloor.db*"))
        told.clear()


def test_a_workspace_of_somebody_is_left_alone(tmp_path: Path, told: list[str]) -> None:
    """That of an earlier demo is made anew; another one is an error before anything is written."""
    demo.run(tmp_path, seed=7, quiet=True)
    first = (tmp_path / "watchfloor.db").read_bytes()
    demo.run(tmp_path, seed=7, quiet=True)
    with open_workspace(tmp_path) as workspace:
        assert workspace.alerts().collect()["source"].n_unique() == 1
        workspace.begin("https://qradar.example.com", "qradar", made_by="test", settings={})
    for content in ((tmp_path / "watchfloor.db").read_bytes(), first, b"my notes"):
        other = tmp_path / "other"
        other.mkdir(exist_ok=True)
        (other / "watchfloor.db").write_bytes(content)  # without a truth beside it
        with pytest.raises(BadOption, match="is not of a demo"):
            demo.run(other, seed=7, quiet=True)
        assert [path.name for path in other.iterdir()] == ["watchfloor.db"]
    with pytest.raises(BadOption, match="is not of a demo"):
        demo.run(tmp_path, seed=7, quiet=True)
