"""The offenses, read with the json module alone, are what the truth says."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from watchfloor.demo import Truth

FIELDS = [
    "id",
    "description",
    "assigned_to",
    "categories",
    "category_count",
    "policy_category_count",
    "security_category_count",
    "close_time",
    "closing_user",
    "closing_reason_id",
    "credibility",
    "relevance",
    "severity",
    "magnitude",
    "destination_networks",
    "source_network",
    "device_count",
    "event_count",
    "flow_count",
    "inactive",
    "last_updated_time",
    "local_destination_count",
    "offense_source",
    "offense_type",
    "protected",
    "follow_up",
    "remote_destination_count",
    "source_count",
    "start_time",
    "status",
    "username_count",
    "source_address_ids",
    "local_destination_address_ids",
    "domain_id",
    "rules",
    "log_sources",
    "first_persisted_time",
    "last_persisted_time",
]
"""Of an offense in API 20.0."""


def load(folder: Path, name: str) -> list[dict[str, Any]]:
    """One export."""
    rows: list[dict[str, Any]] = json.loads((folder / "qradar" / f"{name}.json").read_text(encoding="utf-8"))
    return rows


@pytest.fixture
def rows(folder: Path) -> list[dict[str, Any]]:
    """All offenses."""
    return load(folder, "offenses")


@pytest.fixture
def reasons(folder: Path) -> dict[int, str]:
    """Texts of the closing reasons."""
    return {row["id"]: row["text"] for row in load(folder, "closing_reasons")}


def rule_of(row: dict[str, Any]) -> str:
    """The rule's name, which the description begins with."""
    name: str = row["description"].split("\n")[0]
    return name


def test_an_offense_has_all_fields_of_the_api(rows: list[dict[str, Any]]) -> None:
    """Null where QRadar has nothing yet; newest first; ids unique."""
    assert all(sorted(row) == sorted(FIELDS) for row in rows)
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids), reverse=True)
    closing = ("close_time", "closing_user", "closing_reason_id")
    assert all((row["status"] == "CLOSED") == (row[key] is not None) for row in rows for key in closing)


def test_times_are_milliseconds_of_the_month_in_order(rows: list[dict[str, Any]], truth: Truth) -> None:
    """What QRadar stores is cut to seconds, so it may lie up to half a second before the first event."""
    end = round(truth.offenses.as_of.timestamp() * 1000)
    for row in rows:
        assert end - 30 * 86_400_000 - 90_000 <= row["start_time"] <= row["last_updated_time"] <= end
        assert row["first_persisted_time"] % 1000 == row["last_persisted_time"] % 1000 == 0
        assert row["start_time"] - 1400 <= row["first_persisted_time"] <= end
        if row["close_time"] is not None:
            assert row["close_time"] % 1000 == 0
            assert row["first_persisted_time"] < row["close_time"] <= row["last_persisted_time"] <= end


def test_counts(rows: list[dict[str, Any]], reasons: dict[int, str], folder: Path, truth: Truth) -> None:
    """In all, by status, client, reason, user and day."""
    t = truth.offenses
    clients = {row["id"]: row["name"] for row in load(folder, "domains")}
    days = [datetime.fromtimestamp(row["first_persisted_time"] / 1000, UTC).strftime("%Y-%m-%d") for row in rows]

    assert 1700 <= len(rows) == t.offenses <= 2000
    assert Counter(row["status"] for row in rows) == t.statuses
    assert Counter(clients[row["domain_id"]] for row in rows) == t.clients
    assert Counter(_text(row, reasons) for row in rows if row["close_time"]) == t.closing_reasons
    assert Counter(row["closing_user"] for row in rows if row["closing_user"]) == t.closed_by
    assert Counter(days) == t.per_day
    assert len(t.per_day) == 30
    assert sum(t.verdicts.values()) == t.statuses["CLOSED"]


def test_counts_by_rule(rows: list[dict[str, Any]], reasons: dict[int, str], folder: Path, truth: Truth) -> None:
    """25 rules, each with its own name, id and outcomes."""
    names = {row["id"]: row["name"] for row in load(folder, "rules")}
    assert len(names) == len(truth.offenses.rules) == 25
    for name, rule in truth.offenses.rules.items():
        of = [row for row in rows if rule_of(row) == name]
        assert {names[row["rules"][0]["id"]] for row in of} == {name}
        assert {row["rules"][0]["id"] for row in of} == {rule.rule_id}
        assert len(of) == rule.offenses
        assert Counter(row["status"] for row in of) == rule.statuses
        assert Counter(_text(row, reasons) for row in of if row["close_time"]) == rule.closing_reasons
        assert sum(_escalated(row, reasons) for row in of) == rule.escalated
        assert sum(rule.verdicts.values()) == rule.statuses.get("CLOSED", 0)


def test_escalated_open_and_unresolved(rows: list[dict[str, Any]], reasons: dict[int, str], truth: Truth) -> None:
    """Escalated: followed up, or closed with a reason that says so. One reason is not in the list."""
    t = truth.offenses
    assert {row["id"] for row in rows if _escalated(row, reasons)} == set(t.escalated_ids)
    assert 30 <= len(t.escalated_ids) <= 90
    assert {row["id"] for row in rows if row["status"] == "OPEN"} == set(t.open_ids)
    unknown = {
        row["id"]: row["closing_reason_id"]
        for row in rows
        if row["close_time"] and row["closing_reason_id"] not in reasons
    }
    assert unknown == t.unresolved
    assert len(unknown) == 1


def test_one_address_makes_a_rule_noisy(rows: list[dict[str, Any]], truth: Truth) -> None:
    """The vulnerability scanner: most of the rule with most offenses, at night, never a true positive."""
    noisy = truth.offenses.noisy
    of_rule = [row for row in rows if rule_of(row) == noisy.rule]
    of_address = [row for row in rows if row["offense_source"] == noisy.address]

    assert len(of_rule) == noisy.rule_offenses == max(Counter(map(rule_of, rows)).values())
    assert len(of_address) == noisy.offenses > 0.8 * noisy.rule_offenses
    assert all(rule_of(row) == noisy.rule for row in of_address)
    assert {datetime.fromtimestamp(row["start_time"] / 1000, UTC).hour for row in of_address} <= {0, 1, 2, 3, 4}


def test_a_rule_is_precise(truth: Truth) -> None:
    """Nearly all its closed offenses are true positives; of the noisy one nearly none."""
    t = truth.offenses
    precise, noisy = t.rules[t.precise_rule].verdicts, t.rules[t.noisy.rule].verdicts
    assert precise["true_positive"] >= 0.8 * sum(precise.values())
    assert noisy.get("true_positive", 0) <= 0.05 * sum(noisy.values())


def test_a_robot_closes_many_at_once(rows: list[dict[str, Any]], truth: Truth) -> None:
    """At five in the morning, several in the same second."""
    bulk = truth.offenses.bulk
    times = Counter(row["close_time"] for row in rows if row["closing_user"] == bulk.user)
    assert sum(times.values()) == bulk.closures > 250
    assert {time for time, n in times.items() if n >= 3} == {round(time.timestamp() * 1000) for time in bulk.times}


def test_a_backlog_at_the_end(rows: list[dict[str, Any]], truth: Truth) -> None:
    """Of the offenses of the last three days most are open, of those before nearly none."""
    late = (truth.offenses.as_of - timedelta(days=3)).timestamp() * 1000
    still_open = [row["status"] == "OPEN" for row in rows if row["first_persisted_time"] >= late]
    before = [row["status"] == "OPEN" for row in rows if row["first_persisted_time"] < late]
    assert sum(still_open) > 0.5 * len(still_open)
    assert 0 < sum(before) < 0.06 * len(before)


def test_weekends_and_nights_are_quiet(rows: list[dict[str, Any]], truth: Truth) -> None:
    """Without the scanner."""
    times = [
        datetime.fromtimestamp(row["first_persisted_time"] / 1000, UTC)
        for row in rows
        if row["offense_source"] != truth.offenses.noisy.address
    ]
    days = Counter(time.weekday() for time in times)
    assert (days[5] + days[6]) / 2 < 0.6 * sum(days[day] for day in range(5)) / 5
    assert sum(7 <= time.hour < 16 for time in times) > 0.55 * len(times)


def test_trends_are_in_the_halves_of_the_month(rows: list[dict[str, Any]], truth: Truth) -> None:
    """Rising rules have more in the second half, falling ones fewer."""
    middle = (truth.offenses.as_of - timedelta(days=15)).timestamp() * 1000
    for name, rule in truth.offenses.rules.items():
        times = [row["first_persisted_time"] for row in rows if rule_of(row) == name]
        first, second = sum(time < middle for time in times), sum(time >= middle for time in times)
        if rule.trend == "rising":
            assert second > 1.5 * first
        elif rule.trend == "falling":
            assert first > 1.5 * second
    assert Counter(rule.trend for rule in truth.offenses.rules.values()) == {"steady": 22, "rising": 2, "falling": 1}


def test_the_story_is_escalated(rows: list[dict[str, Any]], truth: Truth) -> None:
    """Seven offenses of the intrusion, from the night on."""
    story = [row for row in rows if row["id"] in truth.offenses.story_ids]
    assert len(story) == 7
    assert set(truth.offenses.story_ids) <= set(truth.offenses.escalated_ids)
    assert len({rule_of(row) for row in story}) == 6


def test_side_files(folder: Path) -> None:
    """The default domain has an empty name; ids of custom reasons are above those that QRadar brings."""
    assert [row["name"] for row in load(folder, "domains")] == ["", "Tannenreuth Logistics", "Quillmere Health"]
    reasons = load(folder, "closing_reasons")
    assert [row["id"] for row in reasons if row["is_reserved"]] == [1, 2, 3]
    assert [row["id"] for row in reasons if row["is_deleted"]] == [51]


def _text(row: dict[str, Any], reasons: dict[int, str]) -> str:
    number = row["closing_reason_id"]
    return reasons.get(number) or f"unknown ({number})"


def _escalated(row: dict[str, Any], reasons: dict[int, str]) -> bool:
    return row["follow_up"] or "escalat" in reasons.get(row["closing_reason_id"], "").lower()
