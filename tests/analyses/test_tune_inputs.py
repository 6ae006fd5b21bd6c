"""Tuning of any alert table: Wazuh, Suricata, Sentinel, a CSV with a map, a workspace, and what is poor of each."""

from __future__ import annotations

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import watchfloor as wf
from tuning_alerts import Made
from tuning_files import ATTACKER, CSV_MAP, FILES, NOISY, SCANNER, happened, verdicts_known
from watchfloor.analyses.tune import tune
from watchfloor.cli.main import app


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have short names, and no workspace lies near."""
    monkeypatch.chdir(tmp_path)


def written(name: str) -> list[str]:
    """The made SOC in a file of that name, and what a user adds to the command."""
    FILES[name](Path(name), happened())
    if name.endswith(".csv"):
        Path("map.toml").write_text(CSV_MAP, encoding="utf-8")
        return [name, "--columns", "map.toml"]
    return [name]


def ran(*words: str) -> str:
    """The command's output, where it ended well."""
    result = CliRunner().invoke(app, [*words], catch_exceptions=False, env={"COLUMNS": "150"})
    assert result.exit_code == 0
    return result.output


def rows_of(path: str) -> list[dict[str, Any]]:
    """The rows of a document."""
    rows: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))["rows"]
    return rows


@pytest.mark.parametrize("name", FILES)
def test_the_noisy_source_is_found_in_any_format(name: str) -> None:
    """340 alerts, 240 of one scanner: the first row removes exactly these; the attack under the same rule stays."""
    ran("tune", *written(name), "--out", "x.json", "--artifacts", "art", "--owner", "Ann")
    first = rows_of("x.json")[0]
    field, value = ("rule_id", "scanner") if name == "sentinel.json" else ("src_ip", SCANNER)
    assert (first["remedy"], first["rule"], first["recommended"]) == ("exclude", NOISY, True)
    [condition] = first["conditions"]
    assert (condition["field"], condition["op"]) == (field, "eq")
    assert condition["value"].endswith(value)
    assert (first["removed_past"], first["cases_hidden_fully"]) == (240, 0)
    said = "240 of its 240 judged alerts were useless" if verdicts_known(name) else "no verdicts tell"
    assert said in first["reason"]
    assert not any(ATTACKER in str(row["conditions"]) for row in rows_of("x.json"))
    assert {path.name for path in Path("art").iterdir()} == {
        *("exclusions.toml", "qradar.md", "sigma.yml", "sentinel.kql", "splunk.spl", "elastic.ndjson")
    }
    entries = tomllib.loads(Path("art/exclusions.toml").read_text(encoding="utf-8"))["exclusion"]
    assert entries[0]["owner"] == "Ann"
    assert entries[0]["expires"] - entries[0]["created"] == timedelta(days=90)


@pytest.mark.parametrize("name", FILES)
def test_noise_and_the_recheck_of_any_format(name: str) -> None:
    """The same files answer `noise`, and `tune --check` counts again what was excluded."""
    words = written(name)
    ran("noise", *words, "--out", "n.json")
    loudest = max(rows_of("n.json"), key=lambda row: row["alerts"])
    assert (loudest["rule"], loudest["alerts"]) == (NOISY, 244)
    ran("tune", *words, "--quiet", "--artifacts", "art")
    text = Path("art/exclusions.toml").read_text(encoding="utf-8")
    Path("then.toml").write_text(text.replace(f"created = {_created(text)}", "created = 2026-03-02"), encoding="utf-8")
    ran("tune", *words, "--check", "then.toml", "--out", "c.json")
    [again] = [row for row in rows_of("c.json") if row["rule"] == NOISY]
    assert (again["status"], again["alerts"], again["cases_hidden_fully"]) == ("in force", 240, 0)


def _created(text: str) -> date:
    made: date = tomllib.loads(text)["exclusion"][0]["created"]
    return made


def test_the_library_says_the_same() -> None:
    """`wf.tune` of a file is what the command writes."""
    [name, *_] = written("wazuh.json")
    ran("tune", name, "--out", "x.json")
    mine = wf.tune(name).collect().select("rule", "exclusion", "removed_past").rows()
    assert mine == [(row["rule"], row["exclusion"], row["removed_past"]) for row in rows_of("x.json")]


def test_two_rules_to_merge_are_both_named_in_the_document(tmp_path: Path) -> None:
    """`rule` is one name, and for `merge` a list of two; in the table it stays a text."""
    made = Made()
    for n in range(60):
        for rule in ("EDR: dump", "SIEM: dump"):
            made.add(rule, 1, start=n * 9.7, hours=0, disposition="true_positive", host=f"pc{n}")
    result = tune(made.alerts, made.evidence)
    [row] = json.loads(result.save(tmp_path / "x.json").read_text(encoding="utf-8"))["rows"]
    assert (row["remedy"], row["rule"]) == ("merge", ["EDR: dump", "SIEM: dump"])
    assert result.collect().select("rule", "other_rule").rows() == [("EDR: dump", "SIEM: dump")]
