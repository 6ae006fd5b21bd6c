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
from tuning_files import ATTACKER, CSV_MAP, FILES, NOISY, SCANNER, Happened, happened, verdicts_known
from watchfloor.analyses.tune import tune
from watchfloor.cli.main import app
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.store import open_workspace
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page


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


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def test_what_cannot_be_tuned_is_said() -> None:
    """What is wrong and what to do next, instead of an empty answer."""
    words = written("tickets.csv")
    table = CSV_MAP.splitlines(keepends=True)
    for name, wrong in (("created_time", "none of 340 alerts has a created_time"), ("rule", "has a rule")):
        Path("map.toml").write_text("".join(line for line in table if not line.startswith(name)), encoding="utf-8")
        with pytest.raises(NothingToRead, match=wrong) as raised:
            ran("tune", *words)
        assert f'{name} = "their column"' in raised.value.hint
    Path("map.toml").write_text(CSV_MAP, encoding="utf-8")
    Path("head.csv").write_text(Path("tickets.csv").read_text(encoding="utf-8").partition("\n")[0], encoding="utf-8")
    with pytest.raises(NothingToRead, match="there is no alert in this data"):
        ran("tune", "head.csv", "--columns", "map.toml")
    [name] = written("wazuh.json")
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    Path("timeless.json").write_text(
        "".join(json.dumps(_without(json.loads(line), "timestamp")) + "\n" for line in lines), encoding="utf-8"
    )
    with pytest.raises(NothingToRead, match="340 records could not be read") as raised:
        ran("tune", "timeless.json")
    assert "rejects" in raised.value.hint
    with pytest.raises(BadOption, match="a file, not a folder"):
        ran("tune", name, "--artifacts", name)


def test_a_poor_table_gets_an_answer_that_says_why_it_is_short() -> None:
    """Ten alerts, and alerts without evidence: no rows, and the reason first."""
    ten = FILES["wazuh.json"](Path("ten.json"), happened(34))
    result = wf.tune(ten)
    assert result.collect().is_empty()
    assert result.explanation.startswith("No rule has 10 alerts here")
    words = written("tickets.csv")
    bare = CSV_MAP.partition("[evidence]")[0]
    Path("map.toml").write_text(bare, encoding="utf-8")
    assert wf.tune(words[0], columns="map.toml").explanation.startswith("There is no evidence")


def test_a_workspace_is_a_table_of_alerts_too() -> None:
    """QRadar's offenses that were pulled: the noisy source and its rule, with the closing reasons' verdicts."""
    found = [_offense(one) for one in happened()]
    items = [Item(str(one["id"]), json.dumps(one, sort_keys=True), born_ms=one["start_time"]) for one in found]
    with open_workspace("w.db", create=True) as workspace:
        run = workspace.begin("https://console.example", "qradar", made_by="a test", settings={})
        reasons = [{"id": 2, "text": "False-Positive, Tuned"}, {"id": 3, "text": "Policy Violation"}]
        items2 = [Item(str(one["id"]), json.dumps(one, sort_keys=True)) for one in reasons]
        run.save(Page("closing_reason", "GET ..", json.dumps(reasons).encode(), items2))
        run.save(Page("offense", "GET ..", json.dumps(found).encode(), items))
        first = wf.tune(workspace).collect().row(0, named=True)
    assert (first["rule"], first["removed_past"], first["cases_hidden_fully"]) == (NOISY, 240, 0)
    assert SCANNER in first["exclusion"]
    ran("tune", "--workspace", "w.db", "--out", "x.json")
    assert rows_of("x.json")[0]["removed_past"] == 240


def _offense(one: Happened) -> dict[str, Any]:
    born = int(one.time.timestamp() * 1000)
    return {
        "id": 1 + one.number,
        "description": f"{one.rule}\n",
        "status": "CLOSED",
        "closing_reason_id": 3 if one.true else 2,
        "close_time": born + 3_600_000,
        "start_time": born,
        "first_persisted_time": born,
        "last_persisted_time": born,
        "assigned_to": None,
        "magnitude": 5,
        "offense_type": 0,
        "offense_source": one.src_ip,
    }
