"""The demo: one command, a folder of raw exports, and a report of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


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
