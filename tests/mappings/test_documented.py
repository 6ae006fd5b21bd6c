"""What docs/alerts.md shows is what is read."""

from __future__ import annotations

import re
from pathlib import Path

from watchfloor.mappings import load_verdicts
from watchfloor.mappings.systems import alerts, parse_system, systems

DOCUMENT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
VERDICTS, MAPPING = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)


def test_every_mapping_is_in_the_document() -> None:
    """And what it reads."""
    assert [system.name for system in systems() if f"`{system.name}`" not in DOCUMENT] == []


def test_the_mapping_that_is_shown_works() -> None:
    """On a record as it describes."""
    record = {
        "alertId": 7,
        "verdict": "false positive",
        "reason": "none",
        "detector": "odd",
        "score": 4,
        "state": "done",
        "createdAt": "2025-10-03T12:00:00Z",
        "updatedAt": "2025-10-03T13:00:00Z",
        "secondsToTriage": 60,
        "history": [{"field": "assignee", "at": "2025-10-03T12:02:00Z"}],
        "artifacts": [{"type": "file", "name": "x.exe", "hashes": {"sha256": "ab"}}, {"type": "?", "data": "y"}],
    }
    tables = alerts(parse_system(MAPPING, "docs/alerts.md"), [record], source="x")
    [alert] = tables["alerts"].collect().to_dicts()
    assert {key: str(value) for key, value in alert.items() if value is not None} == {
        "source": "x",
        "record": "1",
        "alert_id": "7",
        "system": "example",
        "rule": "odd",
        "severity": "40.0",
        "status": "closed",
        "disposition": "false_positive",
        "closing_reason": "false positive",
        "created_time": "2025-10-03 12:00:00+00:00",
        "assigned_time": "2025-10-03 12:02:00+00:00",
        "acknowledged_time": "2025-10-03 12:01:00+00:00",
        "closed_time": "2025-10-03 13:00:00+00:00",
        "time_basis": "assigned: history; closed: last change",
    }
    assert tables["evidence"].collect().select("field", "value").rows() == [
        ("file", "x.exe"),
        ("sha256", "ab"),
        ("observable", "y"),
    ]


def test_the_verdicts_that_are_shown_work(tmp_path: Path) -> None:
    """A client's own before a system's."""
    (tmp_path / "mapping.toml").write_text(VERDICTS, encoding="utf-8")
    verdicts = load_verdicts(tmp_path / "mapping.toml")
    assert verdicts.disposition("Policy Violation", client="Northwind Foods") == "benign_positive"
    assert verdicts.disposition("Non-Issue", system="qradar") == "undetermined"
    assert verdicts.disposition("Rule needs tuning") == "false_positive"
