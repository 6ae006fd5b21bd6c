"""What a workspace holds as tables: alerts with their times, earlier offenses of an id, several consoles, history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from databases import new_database
from watchfloor import kpis, noise
from watchfloor.mappings import Verdicts, load_verdicts
from watchfloor.schemas import ALERTS, EVIDENCE, Tables
from watchfloor.store import Workspace, open_workspace
from watchfloor.store.changes import Item
from watchfloor.store.promise import HoldsTables
from watchfloor.store.workspace import Page, Run

ONE, TWO = "https://one.example", "https://two.example"
NOON = 1_760_000_400_000


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


def save(run: Run, kind: str, *found: dict[str, Any]) -> None:
    items = [
        Item(str(one.get("id", one.get("offense_id"))), json.dumps(one, sort_keys=True), born_ms=one.get("start_time"))
        for one in found
    ]
    run.save(Page(kind, "GET ..", json.dumps(found).encode(), items))


def offense(number: int, **fields: Any) -> dict[str, Any]:
    """As the API gives it, with what matters here."""
    return {
        "id": number,
        "description": "Brute force\n",
        "status": "OPEN",
        "start_time": NOON,
        "first_persisted_time": NOON,
        "last_persisted_time": NOON,
        "assigned_to": None,
        "magnitude": 5,
        **fields,
    }


def begin(workspace: Workspace, source: str = ONE) -> Run:
    return workspace.begin(source, "qradar", made_by="a test", settings={})


def alerts(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return {row["alert_id"]: row for row in workspace.alerts().collect().to_dicts()}


def test_names_come_from_the_console_s_own_lists(workspace: Workspace) -> None:
    """A reason that was deleted at the console still has its text."""
    run = begin(workspace)
    save(run, "closing_reason", {"id": 7, "text": "False-Positive, Tuned"}, {"id": 8, "text": "Night shift"})
    run.gone("closing_reason", ["8"])
    save(run, "domain", {"id": 1, "name": "north", "tenant_id": 3})
    save(run, "tenant", {"id": 3, "name": "North Harbour Ltd"})
    closed = {"status": "CLOSED", "close_time": NOON + 60_000}
    save(
        run,
        "offense",
        offense(1, closing_reason_id=7, domain_id=1, **closed),
        offense(2, closing_reason_id=8, **closed),
    )
    found = alerts(workspace)
    assert [found[key]["closing_reason"] for key in "12"] == ["False-Positive, Tuned", "Night shift"]
    assert [found[key]["disposition"] for key in "12"] == ["false_positive", "undetermined"]
    assert [found[key]["client"] for key in "12"] == ["North Harbour Ltd", None]


def test_verdicts_of_the_team(workspace: Workspace, tmp_path: Path) -> None:
    """`mapping.toml` beside the workspace's file, or the one that a question names."""
    (tmp_path / "mapping.toml").write_text('version = "1"\n[reasons]\n"Night shift" = "benign_positive"\n')
    run = begin(workspace)
    save(run, "closing_reason", {"id": 8, "text": "Night shift"})
    save(run, "offense", offense(1, status="CLOSED", closing_reason_id=8))
    beside = "benign_positive" if workspace.folder else "undetermined"
    assert alerts(workspace)["1"]["disposition"] == beside
    told = load_verdicts(tmp_path / "mapping.toml")
    assert workspace.tables(told)["alerts"].collect()["disposition"].to_list() == ["benign_positive"]
    assert kpis(workspace, mapping=tmp_path / "mapping.toml").collect().height


def test_when_somebody_took_it_up(workspace: Workspace) -> None:
    """A note, or two states of which only the second has an assignee; the basis is said."""
    run = begin(workspace)
    save(run, "offense", offense(1), offense(2), offense(3))
    before = datetime.now(UTC)
    save(run, "offense", offense(2, assigned_to="a.okafor"))
    note = {"id": 5, "create_time": NOON + 90_000, "username": "a.okafor", "note_text": "mine"}
    save(run, "note", {"offense_id": 1, "notes": [note]})
    found = alerts(workspace)
    assert found["1"]["acknowledged_time"] == datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(seconds=90)
    assert found["1"]["time_basis"] == "acknowledged: note"
    assert abs(found["2"]["assigned_time"] - before) < timedelta(minutes=1)
    assert found["2"]["time_basis"] == "assigned: snapshot; acknowledged: snapshot"
    assert found["3"]["acknowledged_time"] is found["3"]["time_basis"] is None


def test_two_consoles_in_one_workspace(workspace: Workspace) -> None:
    """Each with its own lists; the rows say where they are from, the ledger what is missing."""
    one, two = begin(workspace), begin(workspace, TWO)
    save(one, "closing_reason", {"id": 7, "text": "Non-Issue"})
    for run in (one, two):
        save(run, "offense", offense(1, status="CLOSED", closing_reason_id=7))
        run.end(api_version="20.0", missing=[], ledger=[])
    rows = workspace.alerts().select("source", "alert_id", "closing_reason").collect().rows()
    assert sorted(rows) == [(ONE, "1", "Non-Issue"), (TWO, "1", "unknown (7)")]
    ledger = workspace.tables()["ledger"].select("source", "format", "lines", "partial").collect()
    assert ledger.rows() == [(ONE, "workspace", 1, None), (TWO, "workspace", 1, None)]


def test_an_earlier_offense_of_an_id(workspace: Workspace) -> None:
    """Keeps its row and its evidence, under its id with a number."""
    run = begin(workspace)
    save(run, "offense", offense(1, offense_type=3, offense_source="old"))
    save(run, "offense", offense(1, offense_type=3, offense_source="new", start_time=NOON + 1))
    save(run, "offense", offense(1, offense_type=3, offense_source="newest", start_time=NOON + 2))
    evidence = workspace.tables()["evidence"].collect().filter(field="user").select("alert_id", "value").rows()
    assert sorted(evidence) == [("1", "newest"), ("1 (1)", "old"), ("1 (2)", "new")]
    assert set(alerts(workspace)) == {"1", "1 (1)", "1 (2)"}


def test_an_offense_that_is_none_is_a_reject(workspace: Workspace) -> None:
    """With its text; the others are there."""
    save(begin(workspace), "offense", offense(1), offense(2, event_count="many"))
    tables = workspace.tables()
    assert tables["alerts"].collect()["alert_id"].to_list() == ["1"]
    [reject] = tables["rejects"].collect().to_dicts()
    assert "event_count" in reject["reason"]
    assert noise(workspace).provenance.rejected == 1


def test_an_empty_workspace(workspace: Workspace) -> None:
    """Has tables without rows, and a history without rows."""
    assert workspace.alerts().collect().height == 0
    assert workspace.history().collect().height == 0


def test_history_says_what_was_seen_when(workspace: Workspace) -> None:
    """In order, of one kind or of all; the body is JSON."""
    run = begin(workspace)
    save(run, "offense", offense(1))
    save(run, "rule", {"id": 9, "name": "x"})
    save(run, "offense", offense(1, magnitude=7))
    frame = workspace.history("offense").collect()
    assert frame["change"].to_list() == ["new", "changed"]
    magnitudes = frame.select(pl.col("body").str.json_path_match("$.magnitude")).to_series().to_list()
    assert magnitudes == ["5", "7"]
    assert frame["observed_time"].is_sorted()
    assert frame.schema["observed_time"] == pl.Datetime("us", "UTC")
    assert set(workspace.history().collect()["kind"]) == {"offense", "rule"}


def test_a_question_asks_anything_that_holds_tables() -> None:
    """The promise that a workspace keeps."""

    class Two(HoldsTables):
        def tables(self, verdicts: Verdicts | None = None) -> Tables:
            row = {"alert_id": ["1", "2"], "rule": ["a", "a"], "system": ["x", "x"]}
            return {"alerts": ALERTS.fill(pl.DataFrame(row)), "evidence": EVIDENCE.empty()}

    assert noise(Two()).collect()["alerts"].to_list() == [2]
