"""Versions of the API: what is asked for, what is there, and that every field of an offense is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles import bodies, check_complete, pulled, soc
from doubles.qradar import Double, Modes
from watchfloor.store import Workspace, open_workspace

OFFENSE = (
    *("id", "description", "assigned_to", "categories", "category_count", "policy_category_count"),
    *("security_category_count", "close_time", "closing_user", "closing_reason_id", "credibility", "relevance"),
    *("severity", "magnitude", "destination_networks", "source_network", "device_count", "event_count", "flow_count"),
    *("inactive", "last_updated_time", "local_destination_count", "source_count", "offense_source", "offense_type"),
    *("protected", "follow_up", "remote_destination_count", "username_count", "start_time", "status"),
    *("source_address_ids", "local_destination_address_ids", "domain_id", "rules", "log_sources"),
)
"""Fields of an offense in IBM's reference, API 12.0 to 26.0."""
SINCE_13_1 = ("first_persisted_time", "last_persisted_time")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(tmp_path / "w.db", create=True) as opened:
        yield opened


@pytest.mark.parametrize("newest", ["12.0", "13.0", "13.1", "14.0", "17.0", "19.0", "20.0", "24.0", "26.0"])
def test_every_field_of_an_offense_is_kept(workspace: Workspace, newest: str) -> None:
    """Whichever version; what a later one adds as well."""
    with Double(soc(40), modes=Modes(versions=(newest,))) as console:
        assert not pulled(console, workspace).missing
        wanted = {*OFFENSE, *(SINCE_13_1 if newest not in ("12.0", "13.0") else ())}
        assert all(row.keys() == wanted for row in bodies(workspace, console.url).values())
        asked = {seen.headers["Version"] for seen in console.requests if seen.path == "/api/siem/offenses"}
        assert asked == {newest}


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
