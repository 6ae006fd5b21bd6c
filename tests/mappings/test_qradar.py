"""Offenses as the API gives them become alerts and evidence without a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from helpers import rows
from watchfloor.mappings import load_verdicts
from watchfloor.mappings.qradar import Lookups, alerts
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS

OFFENSE: dict[str, Any] = {
    "id": 41,
    "description": "Odd Logins\n containing Login Failed\n",
    "closing_reason_id": 54,
    "closing_user": "bob",
    "close_time": 1_759_496_400_000,
    "magnitude": 6,
    "offense_source": "10.1.2.3",
    "offense_type": 0,
    "start_time": 1_759_492_800_250,
    "first_persisted_time": 1_759_492_800_000,
    "status": "CLOSED",
    "domain_id": 3,
}


def test_offenses_need_no_file() -> None:
    """Objects and JSON text alike; what is no offense is a reject with its number."""
    offenses = [OFFENSE, json.dumps(OFFENSE | {"id": 42}), "{", {"id": None}, 7, "[" * 100_000]
    tables = alerts(offenses, source="https://console.example")
    assert {name: frame.collect_schema() for name, frame in tables.items()} == {
        table.name: table.schema for table in (ALERTS, EVIDENCE, REJECTS)
    }
    found = tables["alerts"].collect()
    assert found.select("source", "record", "alert_id", "closing_reason", "disposition").rows() == [
        ("https://console.example", 1, "41", "unknown (54)", "undetermined"),
        ("https://console.example", 2, "42", "unknown (54)", "undetermined"),
    ]
    assert found["created_time"].to_list() == [datetime(2025, 10, 3, 12, tzinfo=UTC)] * 2
    assert tables["rejects"].collect()["record"].to_list() == [3, 4, 5, 6]
    facts = tables["evidence"].filter(alert_id="42").select("field", "value")
    assert rows(facts) == [{"field": "src_ip", "value": "10.1.2.3"}]


def test_no_offenses_are_empty_tables() -> None:
    """With their schemas."""
    tables = alerts([])
    assert tables["alerts"].collect().schema == ALERTS.schema
    assert [frame.collect().height for frame in tables.values()] == [0, 0, 0]


def test_a_client_may_mean_something_else_by_its_words(tmp_path: Path) -> None:
    """Its own entry goes first; the default domain has no client."""
    (tmp_path / "mapping.toml").write_text(
        'version = 1\n[clients.Bakery.reasons]\n"Policy Violation" = "benign_positive"\n'
    )
    lookups = Lookups(verdicts=load_verdicts(tmp_path / "mapping.toml"))
    lookups.add("closing reasons", [{"id": 54, "text": "Policy Violation"}])
    lookups.add("domains", [{"id": 0, "name": ""}, {"id": 3, "name": "Bakery", "tenant_id": 0}])
    offenses = [OFFENSE, OFFENSE | {"domain_id": 0}, OFFENSE | {"domain_id": None}]
    found = alerts(offenses, lookups)["alerts"].select("client", "disposition").collect()
    assert found.rows() == [("Bakery", "benign_positive"), (None, "true_positive"), (None, "true_positive")]


def test_ids_that_are_text_or_beyond_a_float_stay_exact() -> None:
    """Whole numbers of 64 bits."""
    found = alerts([OFFENSE | {"id": 2**60 + 1}, OFFENSE | {"id": "7"}])["alerts"].collect()
    assert found["alert_id"].to_list() == [f"{2**60 + 1}", "7"]
    assert found.filter(pl.col("status") == "closed").height == 2


def test_addresses_and_rules_by_the_consoles_lists() -> None:
    """Ids that the lists do not hold stay visible; an address that is the source too is there once."""
    offense = OFFENSE | {
        "source_address_ids": [1, 2, 3],
        "local_destination_address_ids": [8],
        "rules": [{"id": 7, "type": "CRE_RULE"}, {"id": 9, "type": "CRE_RULE"}],
    }
    lookups = Lookups()
    lookups.add("source addresses", [{"id": 1, "source_ip": "10.1.2.3"}, {"id": 2, "source_ip": "2001:db8::7"}])
    lookups.add("local destination addresses", [{"id": 8, "local_destination_ip": "10.9.9.9"}])
    lookups.add("rules", [{"id": 7, "name": "Logins: odd"}])
    lookups.add("rule contributions", [{"id": 1, "rule_id": 7, "rule_name": "x"}, {"rule_id": 9, "rule_name": "BB: y"}])
    tables = alerts([offense], lookups)
    assert sorted(tables["evidence"].select("field", "value").collect().rows()) == [
        ("dst_ip", "10.9.9.9"),
        ("rule", "BB: y"),
        ("rule", "Logins: odd"),
        ("rule_id", "7"),
        ("rule_id", "9"),
        ("source_address_id", "3"),
        ("src_ip", "10.1.2.3"),
        ("src_ip", "2001:db8::7"),
    ]
    without = alerts([offense])["evidence"].collect()
    assert sorted(without["field"].unique()) == ["rule_id", "src_ip"]


@pytest.mark.parametrize("time", [2**62, -(2**62), -1, 253_402_300_800_000])
def test_a_time_that_no_calendar_has_is_a_reject(time: int) -> None:
    """A number of milliseconds before 1970 or beyond the year 9999 says that something else is wrong too."""
    tables = alerts([OFFENSE | {"last_updated_time": time}, OFFENSE])
    assert tables["rejects"].collect()["reason"].to_list() == [
        f"last_updated_time is no time in milliseconds since 1970: '{time}'"
    ]
    assert tables["alerts"].collect()["record"].to_list() == [2]
