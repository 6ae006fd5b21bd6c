"""The notebooks run on the demo, and their key figures are those that were planted."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from watchfloor.demo import Truth, make

jupytext = pytest.importorskip("jupytext", reason="notebooks need the extra `notebook`")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra `notebook`")

NOTEBOOKS = Path(__file__).parents[2] / "src" / "watchfloor" / "notebooks"
NAMES = ("scan_findings", "noise", "tuning", "timeline", "kpis", "beacons", "hunting")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """The demo's folder and its truth."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, make(folder)


def run(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, Any]]:
    """The notebook with its outputs, and its last cell's value: the key figures."""
    monkeypatch.setenv("WATCHFLOOR_DEMO", str(folder))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    figures: dict[str, Any] = ast.literal_eval(outputs[-1][0]["data"]["text/plain"])
    return notebook, figures


def test_every_notebook_is_tested_and_short() -> None:
    """A title that asks, 4 to 8 cells of code, and words on what it says."""
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.py")) == sorted(NAMES)
    for name in NAMES:
        cells = jupytext.read(NOTEBOOKS / f"{name}.py").cells
        assert cells[0].cell_type == "markdown"
        assert cells[0].source.splitlines()[0].startswith("# ")
        assert cells[0].source.splitlines()[0].endswith("?")
        assert 4 <= sum(cell.cell_type == "code" for cell in cells) <= 8
        assert sum("## What this says" in cell.source for cell in cells) == 1


def test_scan_findings(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rare rules, their hosts, the shared file, and scans to repeat."""
    folder, truth = made
    notebook, figures = run("scan_findings", folder, monkeypatch)

    assert figures == {
        "rare_rules": sorted([*truth.scans.intrusion_rules, truth.scans.listed_hash]),
        "hosts": sorted(truth.scans.intrusion),
        "shared_hashes": [truth.scans.shared_sha256],
        "hosts_of_most_frequent_rule": len(truth.scans.rules[truth.scans.common_rule]),
        "doubtful_hosts": sorted(host.host for host in truth.scans.hosts if host.remarks or not host.complete),
    }
    assert shows_a_page(notebook)


def test_noise(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """The loudest rule, the address behind it, the most precise rule."""
    folder, truth = made
    notebook, figures = run("noise", folder, monkeypatch)
    rising = sorted(name for name, rule in truth.offenses.rules.items() if rule.trend == "rising")

    assert figures == {
        "alerts": truth.offenses.offenses,
        "loudest_rule": truth.offenses.noisy.rule,
        "loudest_alerts": truth.offenses.noisy.rule_offenses,
        "loudest_address": truth.offenses.noisy.address,
        "loudest_address_alerts": truth.offenses.noisy.offenses,
        "most_precise_rule": truth.offenses.precise_rule,
        "rising": rising,
    }
    assert shows_a_page(notebook)


def test_tuning(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted noise is excluded, all of it and nothing else; the trap with the true incident stays."""
    folder, truth = made
    notebook, figures = run("tuning", folder, monkeypatch)
    noisy = truth.offenses.noisy
    planted = {one.rule: [[one.source], len(one.ids)] for one in truth.offenses.noise}
    trap = truth.offenses.traps[0]

    assert figures["exclusions"] == planted | {noisy.rule: [[noisy.address], noisy.offenses]}
    assert figures["cases_hidden"] == 0
    assert set(figures["in_force"]) <= set(figures["exclusions"])
    assert any(said.endswith(f" = {trap.source}") for said in figures["stands_out_and_stays"])
    assert shows_a_page(notebook)


def test_timeline(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines of three sources in order; the night's 20 traces stand as they happened."""
    folder, truth = made
    notebook, figures = run("timeline", folder, monkeypatch)
    traces = truth.events.traces

    assert figures == {
        "events": sum(file.records for path, file in truth.files.items() if path.startswith("events/")),
        "story": [[Path(trace.file).name, trace.record] for trace in traces],
        "hours": round((traces[-1].time - traces[0].time).total_seconds() / 3600, 2),
        "times_fall_back": False,
    }
    assert shows_a_page(notebook)


def test_kpis(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of the month."""
    folder, truth = made
    notebook, figures = run("kpis", folder, monkeypatch)
    reasons = truth.offenses.closing_reasons

    assert figures["alerts"] == truth.offenses.offenses
    assert figures["closed"] == truth.offenses.statuses["CLOSED"]
    assert figures["alerts_by_client"] == truth.offenses.clients
    assert figures["escalated"] == len(truth.offenses.escalated_ids)
    assert figures["most_frequent_reason"] == max(reasons, key=reasons.__getitem__)
    assert figures["backlog_at_the_end"] == figures["open"]
    assert shows_a_page(notebook)


def test_beacons(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """The three implants in the order of their regularity, far above all else; time servers are known."""
    folder, truth = made
    notebook, figures = run("beacons", folder, monkeypatch)

    assert figures["best"] == [[beacon.src_ip, beacon.dst_ip] for beacon in truth.network.beacons]
    assert figures["time_servers"] == len(truth.network.ntp)
    assert figures["next"] < 0.5
    periods = [beacon.period_seconds for beacon in truth.network.beacons]
    assert [abs(a / b - 1) < 0.1 for a, b in zip(figures["periods"], periods, strict=True)] == [True] * 3
    assert shows_a_page(notebook)


def test_hunting(made: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch) -> None:
    """The two long connections, of which one is open; the tunnel, by us and by RITA, and nothing else."""
    folder, truth = made
    notebook, figures = run("hunting", folder, monkeypatch)
    network = truth.network

    assert sorted(figures["long"]) == sorted((one.src_ip, one.dst_ip) for one in network.long_connections)
    assert figures["open"] == [one.src_ip for one in network.long_connections if one.still_open]
    tunnel = network.tunnel
    assert figures["tunnels"] == [(tunnel.src_ip, tunnel.domain, tunnel.names)]
    assert tunnel.domain in figures["rita_tunnels"]
    assert shows_a_page(notebook)


def shows_a_page(notebook: Any) -> bool:
    """Each cell shows one thing at most; the answer shows itself as a page, and as text for who has none."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert max(map(len, outputs)) == 1, "a cell shows something twice"
    shown = [one["data"] for several in outputs for one in several]
    return any("text/html" in data and "parts: " in data.get("text/plain", "") for data in shown)
