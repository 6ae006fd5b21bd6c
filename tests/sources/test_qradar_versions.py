"""Versions of the API: what is asked for, what is there, and that every field of an offense is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consoles import bodies, check_complete, pulled, soc
from doubles.qradar import Double, Modes
from watchfloor.mappings.qradar import Lookups, alerts
from watchfloor.store import Workspace, open_workspace

MAPPED = {
    "id": {"alert_id"},
    "description": {"title"},
    "assigned_to": {"assignee"},
    "categories": {"evidence: category"},
    "close_time": {"closed_time"},
    "closing_user": {"closed_by"},
    "closing_reason_id": {"closing_reason", "disposition"},
    "magnitude": {"severity"},
    "destination_networks": {"evidence: destination_network"},
    "source_network": {"evidence: source_network"},
    "event_count": {"event_count"},
    "last_updated_time": {"last_event_time"},
    "offense_source": {"evidence: src_ip"},
    "offense_type": {"evidence: src_ip", "evidence: user"},
    "follow_up": {"escalated"},
    "start_time": {"first_event_time"},
    "status": {"status"},
    "source_address_ids": {"evidence: src_ip"},
    "local_destination_address_ids": {"evidence: dst_ip"},
    "domain_id": {"client"},
    "rules": {"rule", "evidence: rule"},
    "log_sources": {"evidence: log_source"},
    "first_persisted_time": {"created_time"},
    "last_persisted_time": {"updated_time"},
}
"""Fields of an offense in IBM's reference, and columns of ALERTS or fields of EVIDENCE that change with them."""
RAW = {
    *("category_count", "policy_category_count", "security_category_count", "credibility", "relevance", "severity"),
    *("device_count", "flow_count", "inactive", "local_destination_count", "source_count", "protected"),
    *("remote_destination_count", "username_count"),
}
"""Fields without a column: they are in the workspace's history, as the API gave them."""
SINCE_13_1 = {"first_persisted_time", "last_persisted_time"}
VERSIONS = ("12.0", "13.0", "13.1", *(f"{major}.0" for major in range(14, 27)))
OTHER = {
    "id": 99,
    "description": "Another rule\n",
    "status": "OPEN",
    "closing_reason_id": 3,
    "offense_source": "198.51.100.99",
    "offense_type": 3,
    "domain_id": 2,
    "rules": [{"id": 100_205, "type": "CRE_RULE"}],
    "log_sources": [{"id": 72, "name": "dc-south @ 192.0.2.2", "type_id": 12, "type_name": "WindowsAuthServer"}],
    "source_address_ids": [31],
    "local_destination_address_ids": [32],
}
"""Another value, where it cannot be made from the one that is there."""


def fields_of(version: str) -> set[str]:
    """38 from 13.1 on, 36 before."""
    return (MAPPED.keys() | RAW) - (SINCE_13_1 if version in ("12.0", "13.0") else set())


def another(name: str, value: Any) -> Any:
    """A value that differs and is possible."""
    if name in OTHER:
        return OTHER[name]
    match value:
        case bool():
            return not value
        case int():
            return value + (60_000 if name.endswith("_time") else 1)
        case list():
            return ["another"]
        case _:
            return "another"


def shown(offense: dict[str, Any], lookups: Lookups) -> dict[str, Any]:
    """What canonical tables show of it: columns of ALERTS, and values of EVIDENCE by their field."""
    tables = alerts([offense], lookups)
    evidence = tables["evidence"].sort("value").collect().to_dicts()
    values = {f"evidence: {one['field']}": [] for one in evidence}
    for one in evidence:
        values[f"evidence: {one['field']}"].append(one["value"])
    return tables["alerts"].collect().to_dicts()[0] | values


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(tmp_path / "w.db", create=True) as opened:
        yield opened


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_an_offense_has_its_place(workspace: Workspace, version: str) -> None:
    """What IBM lists for the version is kept as it came, in the history; each of MAPPED changes its column, each of RAW
    none. What a version adds that nobody knows yet is kept too."""
    data = soc(40)
    for number, offense in data.offenses.items():
        offense["new_in_this_version"] = {"of": number}
    with Double(data, modes=Modes(versions=(version,))) as console:
        assert not pulled(console, workspace).missing
        asked = {seen.headers["Version"] for seen in console.requests if seen.path == "/api/siem/offenses"}
        assert asked == {version}
        found = bodies(workspace, console.url)
        lookups = Lookups()
        for kind, rows in console.soc.lists.items():
            lookups.add(kind.replace("_", " "), rows)
    listed = fields_of(version)
    assert len(listed) == (36 if version in ("12.0", "13.0") else 38)
    assert found == {
        number: {name: value for name, value in row.items() if name in listed | {"new_in_this_version"}}
        for number, row in data.offenses.items()
    }
    history = {int(row["id"]): json.loads(row["body"]) for row in workspace.history("offense").collect().to_dicts()}
    assert history == found
    offense = next(row for row in found.values() if row["status"] == "CLOSED")
    offense |= {"closing_reason_id": 1, "offense_type": 0, "offense_source": "198.51.100.7", "domain_id": 1}
    offense |= {"assigned_to": "somebody", "follow_up": False, "rules": [{"id": 100_201, "type": "CRE_RULE"}]}
    before = shown(offense, lookups)
    for name in listed:
        after = shown(offense | {name: another(name, offense[name])}, lookups)
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        assert MAPPED.get(name, set()) <= changed, name
        assert name in MAPPED or not changed, name


@pytest.mark.parametrize(
    ("modes", "asked"),
    [
        (Modes(versions=("20.0", "26.0"), removed=("3.0",)), "20.0"),
        (Modes(versions=("26.0", "27.0"), removed=("20.0",)), "26.0"),
        (Modes(versions=("25.0",), deprecated=("26.0",), removed=("20.0",)), "25.0"),
        (Modes(versions=("30.0",), removed=("20.0", "26.0")), "30.0"),
        (Modes(versions=("20.0",), forbidden=("/help/versions",)), "20.0"),
    ],
)
def test_the_version_is_always_sent(workspace: Workspace, modes: Modes, asked: str) -> None:
    """And is one that the console has, though its latest may be another."""
    with Double(soc(5), modes=modes) as console:
        ledger = pulled(console, workspace)
        assert not ledger.missing
        assert ledger.api_version == asked
        assert all("Version" in seen.headers for seen in console.requests)
        check_complete(workspace, console)


def test_a_deprecated_version_is_said_once(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    """With the console's words."""
    with Double(soc(5), modes=Modes(versions=(), deprecated=("20.0", "19.0"), removed=())) as console:
        assert not pulled(console, workspace).missing
    assert len([record for record in caplog.records if "is deprecated: Version 20.0 will be" in record.message]) == 1


def test_a_version_without_times_of_changes_is_listed_whole_each_time(workspace: Workspace) -> None:
    """Before 13.1 nothing says that somebody was assigned."""
    with Double(soc(60), modes=Modes(versions=("13.0",))) as console:
        pulled(console, workspace)
        console.soc.offenses[7]["assigned_to"] = "somebody"
        console.soc.changed()
        ledger = pulled(console, workspace)
        assert (ledger.lists["offenses"].received, ledger.lists["offenses"].changed) == (60, 1)
        assert "rules of offenses" not in ledger.lists
        assert bodies(workspace, console.url)[7]["assigned_to"] == "somebody"


def test_alerts_of_the_workspace(workspace: Workspace) -> None:
    """Names of ids, clients, verdicts; a reason and a domain that no list has stay visible."""
    with Double(soc(200)) as console:
        pulled(console, workspace, notes=500)
        alerts = {row["alert_id"]: row for row in workspace.alerts().collect().to_dicts()}
        data = console.soc.offenses
        assert len(alerts) == 200
        texts = {row["id"]: row["text"] for row in console.soc.lists["closing_reasons"]} | {54: "unknown (54)"}
        clients = {0: None, 1: "North Harbour Ltd", 2: "south", 9: "unknown (9)", None: None}
        verdicts = {1: "benign_positive", 2: "false_positive", 3: "true_positive", None: None}
        for number, offense in data.items():
            alert = alerts[str(number)]
            reason = offense["closing_reason_id"]
            assert alert["closing_reason"] == (texts[reason] if reason else None)
            assert alert["client"] == clients[offense["domain_id"]]
            assert alert["disposition"] == verdicts.get(reason, "undetermined")
            assert alert["status"] == ("closed" if offense["status"] == "CLOSED" else "open")
            assert alert["source"] == console.url
        evidence = workspace.tables()["evidence"].collect()
        addresses = {row["id"]: row["source_ip"] for row in console.soc.lists["source_addresses"]}
        found = set(evidence.filter(field="src_ip").select("alert_id", "value").rows())
        assert {(str(n), addresses[o["source_address_ids"][0]]) for n, o in data.items()} <= found
