"""Alerts of systems with a mapping file in a workspace: details, acts, words that a mapping does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alert_records import RECORDS
from databases import new_database
from helpers import rows
from watchfloor.mappings import load_verdicts
from watchfloor.store import Workspace, open_workspace
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page, Run

GRAPH, HIVE = "https://graph.example/t", "https://hive.example"


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    place = str(tmp_path / "w.db") if request.param == "sqlite" else new_database()
    with open_workspace(place, create=True) as opened:
        yield opened


def begin(workspace: Workspace, source: str, system: str) -> Run:
    return workspace.begin(source, system, made_by="a test", settings={})


def save(run: Run, kind: str, key: str, found: dict[str, Any]) -> None:
    run.save(Page(kind, "GET ..", b"", [Item(key, json.dumps(found, sort_keys=True))]))


def test_details_are_part_of_the_record(workspace: Workspace) -> None:
    """Observables are objects of their own, and evidence of the alert whose id they have; rows are those of a file."""
    record, alert, facts = RECORDS["thehive_alert"]
    bare = {name: value for name, value in record.items() if name != "observables"}
    run = begin(workspace, HIVE, "thehive")
    save(run, "alert", record["_id"], bare)
    save(run, "alert_observables", record["_id"], {"observables": record["observables"]})
    save(run, "case", "~8192", RECORDS["thehive_case"][0])
    tables = workspace.tables()
    found = {row["alert_id"]: row for row in rows(tables["alerts"])}
    assert found.keys() == {record["_id"], "~8192"}
    assert {name: found[record["_id"]][name] for name in ("rule", "disposition", "severity")} == {
        name: alert[name] for name in ("rule", "disposition", "severity")
    }
    evidence = tables["evidence"].filter(alert_id=record["_id"]).collect()
    assert {*evidence.select("field", "value").iter_rows()} == facts
    assert sorted(row["record"] for row in found.values()) == [1, 2]
    assert rows(tables["ledger"])[0]["lines"] == 2


def test_who_was_seen_to_get_an_incident(workspace: Workspace) -> None:
    """Two states, of which the second has an assignee, are an assignment; the basis says so."""
    made = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    record = RECORDS["defender_incident"][0] | {"status": "active", "assignedTo": None, "alerts": []}
    record |= {"createdDateTime": f"{made:%FT%TZ}", "lastUpdateDateTime": f"{made:%FT%TZ}"}
    run = begin(workspace, GRAPH, "graph")
    save(run, "incident", "28", record)
    changed = made + timedelta(minutes=10)
    save(run, "incident", "28", record | {"assignedTo": "ann", "lastUpdateDateTime": f"{changed:%FT%TZ}"})
    save(run, "incident", "29", record | {"id": "29"})
    one, two = rows(workspace.alerts())
    assert (one["assignee"], one["time_basis"]) == ("ann", "assigned: snapshot; acknowledged: snapshot")
    assert made <= one["assigned_time"] <= datetime.now(UTC)
    assert (two["assigned_time"], two["time_basis"]) == (None, None)


def test_words_that_nobody_knows_are_in_the_ledger(workspace: Workspace, tmp_path: Path) -> None:
    """A status of somebody's own; and verdicts of the user's own come before the mapping's."""
    record = RECORDS["thehive_alert"][0]
    run = begin(workspace, HIVE, "thehive")
    save(run, "alert", "~1", record | {"_id": "~1", "stage": "Parked", "status": "Parked"})
    save(run, "alert", "~2", record | {"_id": "~2"})
    save(run, "alert", "~3", {"_type": "Alert"})
    save(run, "other", "~4", record)
    tables = workspace.tables()
    [line] = rows(tables["ledger"])
    assert "'Parked'" in line["notes"]
    assert [row["record"] for row in rows(tables["rejects"])] == [3]
    mapping = tmp_path / "own.toml"
    mapping.write_text('version = "1"\n[reasons]\n"FalsePositive" = "benign_positive"\n', encoding="utf-8")
    found = {row["alert_id"]: row["disposition"] for row in rows(workspace.tables(load_verdicts(mapping))["alerts"])}
    assert found == {"~1": None, "~2": "benign_positive"}


def test_a_system_of_a_later_version_is_left_alone(workspace: Workspace) -> None:
    """What this version cannot read is no error of what it can."""
    save(begin(workspace, "https://x.example", "later"), "thing", "1", {"id": 1})
    assert rows(workspace.alerts()) == []
