"""Offenses as the API gives them become alerts and evidence without a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

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
