"""Each shipped mapping turns a record, as its vendor describes it, into the alert and the evidence that it is."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alert_records import RECORDS
from helpers import rows
from watchfloor.errors import AmbiguousTime, BadMapping
from watchfloor.mappings import load_verdicts
from watchfloor.mappings.systems import Maker, alerts, parse_system, system_named, systems
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS, TIME

TIMES = {name for name, dtype in ALERTS.schema.items() if dtype == TIME}


def made(name: str, **changes: Any) -> dict[str, Any]:
    """What the alert of a system's record says, with other values at its paths."""
    record = copy.deepcopy(RECORDS[name][0])
    for path, value in changes.items():
        *above, last = path.split("__")
        place = record
        for key in above:
            place = place[key]
        place[last] = value
    return Maker(system_named(name))(record)[0]


def expected(said: dict[str, Any]) -> dict[str, Any]:
    """An alert with its times as instants."""
    return {
        key: datetime.fromisoformat(value).replace(tzinfo=UTC) if key in TIMES else value for key, value in said.items()
    }


def test_every_mapping_has_a_record_here() -> None:
    """Adding a system is a mapping file and a record."""
    assert sorted(RECORDS) == sorted(system.name for system in systems())


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_becomes_its_alert(name: str) -> None:
    """Every column that the record says anything of, and no other; every fact once."""
    record, alert, facts = RECORDS[name]
    tables = alerts(system_named(name), [record], source="x")
    assert {table.name: tables[table.name].collect_schema() for table in (ALERTS, EVIDENCE, REJECTS)} == {
        table.name: table.schema for table in (ALERTS, EVIDENCE, REJECTS)
    }
    [found] = rows(tables["alerts"])
    assert {key: value for key, value in found.items() if value is not None} == expected(alert) | {
        "source": "x",
        "record": 1,
    }
    evidence = tables["evidence"].collect()
    assert sorted(evidence.select("field", "value").rows()) == sorted(facts)
    assert evidence["alert_id"].unique().to_list() == [alert["alert_id"]]
    assert rows(tables["rejects"]) == []


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_record_is_of_one_system(name: str) -> None:
    """No other mapping takes it for its own."""
    assert [system.name for system in systems() if system.fits(RECORDS[name][0])] == [name]


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_what_is_null_or_missing_says_nothing(name: str) -> None:
    """A record of which only its id is left is still an alert; without it, it is a reject."""
    system, record = system_named(name), RECORDS[name][0]

    def bare(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: bare(value) for key, value in found.items()}
        return [] if isinstance(found, list) else None

    emptied = alerts(system, [bare(record)], source="x")
    assert rows(emptied["alerts"]) == []
    assert rows(emptied["rejects"])[0]["reason"].startswith(f"no id of an alert of {name}")
    assert rows(alerts(system, [{}, [], "x", None], source="x")["rejects"])[3]["record"] == 4


@pytest.mark.parametrize(
    ("name", "path", "word", "column", "said"),
    [
        ("sentinel", "properties__status", "Active", "status", "open"),
        ("sentinel", "properties__classification", "Undetermined", "disposition", "undetermined"),
        ("sentinel", "properties__status", "New", "closed_time", None),
        ("defender_incident", "status", "redirected", "status", "closed"),
        ("defender_incident", "status", "redirected", "disposition", "duplicate"),
        ("defender_incident", "status", "active", "closed_time", None),
        ("defender_alert", "classification", "unknown", "disposition", "undetermined"),
        ("elastic", "_source__kibana.alert.workflow_status", "acknowledged", "status", "open"),
        ("splunk_notable", "result__status_end", "false", "status", "open"),
        ("splunk_notable", "result__status_end", "0", "closed_time", None),
        ("crowdstrike", "status", "reopened", "closed_time", None),
        ("crowdstrike", "seconds_to_triaged", 0, "acknowledged_time", None),
        ("crowdstrike", "severity", 7000, "severity", 100.0),
        ("sentinelone", "threatInfo__analystVerdict", "suspicious", "disposition", "undetermined"),
        ("darktrace_breach", "acknowledged", False, "status", "open"),
        ("thehive_alert", "stage", "Imported", "escalated", True),
        ("thehive_alert", "status", "Indeterminate", "disposition", "undetermined"),
        ("thehive_alert", "status", "Duplicated", "disposition", "duplicate"),
        ("jira", "fields__status__statusCategory__key", "indeterminate", "status", "open"),
        ("servicenow", "active__value", "true", "status", "open"),
    ],
)
def test_words(name: str, path: str, word: Any, column: str, said: Any) -> None:
    """One value changed, one column looked at."""
    assert made(name, **{path: word}).get(column) == said


def test_an_incident_of_servicenow_is_closed_once_it_is_resolved() -> None:
    """It closes by itself days later, when nobody works on it."""
    record = {
        "sys_id": "9d38",
        "number": "INC1",
        "severity": "3",
        "short_description": "x",
        "state": "6",
        "active": "true",
        "resolved_at": "2025-10-03 12:05:00",
        "closed_at": "",
    }
    maker = Maker(system_named("servicenow"))
    resolved = maker(record)[0]
    assert (resolved["status"], resolved["closed_time"]) == ("closed", datetime(2025, 10, 3, 12, 5, tzinfo=UTC))
    later = maker(record | {"state": "7", "active": "false", "closed_at": "2025-10-10 12:05:00"})[0]
    assert later["closed_time"] == resolved["closed_time"]
    again = maker(record | {"state": "2", "resolved_at": ""})[0]
    assert (again["status"], again.get("closed_time")) == ("open", None)


def test_words_that_a_mapping_does_not_know_are_counted() -> None:
    """They say nothing, and the ledger says so."""
    maker = Maker(system_named("sentinel"))
    record = copy.deepcopy(RECORDS["sentinel"][0])
    record["properties"] |= {"status": "Frozen", "severity": "Awful"}
    for _ in range(2):
        assert {"status", "severity"}.isdisjoint(maker(record)[0])
    assert maker.notes == [
        "severity: the mapping does not know 'Awful' (2)",
        "status: the mapping does not know 'Frozen' (2)",
    ]


def test_a_users_own_verdicts_go_before_the_mappings(tmp_path: Path) -> None:
    """A system's, for its own words."""
    (tmp_path / "m.toml").write_text('version = 1\n[systems.crowdstrike.reasons]\n"true_positive" = "test"\n')
    record = RECORDS["crowdstrike"][0]
    own = load_verdicts(tmp_path / "m.toml")
    assert Maker(system_named("crowdstrike"), own)(record)[0]["disposition"] == "test"
    assert (
        Maker(system_named("sentinelone"), own)(
            RECORDS["sentinelone"][0]
            | {"threatInfo": RECORDS["sentinelone"][0]["threatInfo"] | {"analystVerdict": "true_positive"}}
        )[0]["disposition"]
        == "true_positive"
    )


def test_times_that_are_none_reject_the_record() -> None:
    """With what is written there; a zero and year 1 say that there is none."""
    system, record = system_named("crowdstrike"), RECORDS["crowdstrike"][0]
    wrong = alerts(system, [record | {"created_timestamp": "yesterday"}], source="x")
    assert rows(wrong["rejects"])[0]["reason"] == "created_timestamp is no time (created_time): 'yesterday'"
    none = alerts(system, [record | {"updated_timestamp": "0001-01-01T00:00:00Z", "timestamp": 0}], source="x")
    [alert] = rows(none["alerts"])
    assert (alert["updated_time"], alert["first_event_time"]) == (None, None)


def test_a_displayed_time_of_servicenow_needs_a_zone() -> None:
    """Values are UTC; what is displayed is in the zone of whoever exported it."""
    record = {
        "sys_id": "9d38",
        "number": "INC1",
        "short_description": "x",
        "state": "New",
        "sys_created_on": "2025-10-03 14:05:00",
    }
    with pytest.raises(AmbiguousTime, match="sys_created_on: clock times without a zone"):
        Maker(system_named("servicenow"))(record)
    paris = Maker(system_named("servicenow"), zone="Europe/Paris")(record)[0]
    values = Maker(system_named("servicenow"))(record | {"state": "1", "sys_created_on": "2025-10-03 12:05:00"})[0]
    assert paris["created_time"] == values["created_time"] == datetime(2025, 10, 3, 12, 5, tzinfo=UTC)


MAPPING = """
name = "mine"
about = "x"
api = "x"
signs = ["a"]
[columns]
alert_id = "a"
"""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[", "no TOML"),
        ('b = "x"\n', "ALERTS has no column b"),
        ('status = { from = "b", values = { x = "shut" } }', "status knows no shut"),
        ('disposition = { from = "b", other = "bad" }', "disposition knows no bad"),
        ("title = { form = 3 }", "columns.title"),
        ("title = []", "columns.title"),
        ('created_time = { from = "b", unit = "weeks" }', "columns.created_time"),
        ('[constants]\nstatus = "x"', "status knows no x"),
    ],
)
def test_mappings_that_are_none(more: str, message: str) -> None:
    """The error names the file and the key."""
    with pytest.raises(BadMapping) as error:
        parse_system(MAPPING + more, "mine.toml")
    assert "mine.toml" in str(error.value)
    assert message in str(error.value)
    with pytest.raises(BadMapping, match="no mapping 'mine'"):
        system_named("mine")


def test_a_mapping_without_an_id() -> None:
    """There is no alert without one."""
    with pytest.raises(BadMapping, match="no alert_id"):
        parse_system(MAPPING.replace("alert_id", "title"), "x")
