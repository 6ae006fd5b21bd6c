"""Two rules that see one thing are found, whichever of them is the larger; two that are only busy are not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from helpers import rows, table
from watchfloor.analyses.evidence import facts_by_alert
from watchfloor.analyses.together import rules_together
from watchfloor.schemas import ALERTS, EVIDENCE

NOON = datetime(2025, 10, 1, 12, tzinfo=UTC)
Mark = tuple[str, str, float]
"""Rule, host, seconds since noon."""


def together(marks: list[Mark], *, minimum: int = 10, seconds: float = 60, hosts: bool = True) -> list[dict[str, Any]]:
    """Pairs among alerts."""
    ids = [str(n) for n in range(len(marks))]
    alerts = table(
        ALERTS,
        alert_id=ids,
        rule=[rule for rule, _, _ in marks],
        created_time=[NOON + timedelta(seconds=at) for _, _, at in marks],
        disposition=["true_positive" if rule == "b" else None for rule, _, _ in marks],
    ).with_row_index("row")
    named = table(EVIDENCE, alert_id=ids, field=["host"] * len(ids), value=[host for _, host, _ in marks])
    facts = facts_by_alert(alerts, named if hosts else EVIDENCE.empty())
    return rows(rules_together(alerts, facts, minimum=minimum, seconds=seconds))


def scattered(dice: random.Random, n: int) -> list[tuple[str, float]]:
    """Hosts and times over thirty days."""
    return [(f"host-{dice.randrange(20)}", dice.random() * 30 * 86_400) for _ in range(n)]


def test_two_rules_that_see_one_thing() -> None:
    """40 times both, 5 to 20 seconds apart, on the same host; among 400 alerts of a third rule."""
    dice = random.Random(1)
    pairs = scattered(dice, 40)
    marks = [("a", host, at) for host, at in pairs] + [("b", host, at + dice.uniform(5, 20)) for host, at in pairs]
    marks += [("c", host, at) for host, at in scattered(dice, 400)]
    [row] = together(marks)
    assert (row["kind"], row["rule"], row["other_rule"]) == ("always together", "a", "b")
    assert (row["support"], row["rule_share"], row["other_rule_share"]) == (40, 1, 1)
    assert (row["rule_alerts"], row["other_alerts"], row["rule_true"], row["other_true"]) == (40, 40, 0, 40)
    assert (row["rule_chance_share"], row["lift"], row["basis"]) == (0, None, "same entity")


def test_a_rule_that_is_never_without_the_other() -> None:
    """Every b has its a; a has b in one of five: b adds nothing to a, and stands first."""
    dice = random.Random(2)
    places = scattered(dice, 100)
    marks = [("a", host, at) for host, at in places] + [("b", host, at + 3) for host, at in places[:20]]
    [row] = together(marks)
    assert (row["kind"], row["rule"], row["other_rule"]) == ("never without the other", "b", "a")
    assert (row["support"], row["rule_share"], row["other_rule_share"]) == (20, 1, pytest.approx(0.2))


def test_the_same_time_on_other_hosts_is_not_together() -> None:
    """Forty times in the same second, elsewhere."""
    dice = random.Random(3)
    places = scattered(dice, 40)
    assert together([("a", host, at) for host, at in places] + [("b", f"x{host}", at) for host, at in places]) == []


def test_two_busy_rules_are_near_one_another_by_chance() -> None:
    """One fires every 20 s on a host, the other every 30 s: always near, and as near when moved in time."""
    marks: list[Mark] = [("a", "h", 20.0 * k) for k in range(6000)] + [("b", "h", 7 + 30.0 * k) for k in range(4000)]
    assert together(marks) == []


def test_one_attack_proves_nothing() -> None:
    """A thousand alerts of each within one hour on one host are six occasions at most; four are too few."""
    marks: list[Mark] = [(rule, "h", 2.0 * k) for k in range(1000) for rule in ("a", "b")]
    assert together(marks) == []


def test_too_far_apart() -> None:
    """Two minutes are more than one."""
    dice = random.Random(4)
    places = scattered(dice, 40)
    marks = [("a", host, at) for host, at in places] + [("b", host, at + 120) for host, at in places]
    assert together(marks) == []
    assert len(together(marks, seconds=180)) == 1


def test_without_evidence_time_alone_tells() -> None:
    """And the row says so."""
    dice = random.Random(5)
    places = scattered(dice, 40)
    [row] = together([("a", "", at) for _, at in places] + [("b", "", at + 2) for _, at in places], hosts=False)
    assert row["kind"] == "always together"
    assert row["basis"].startswith("time alone")


def test_unrelated_rules_are_not_paired() -> None:
    """60 rules of chance on 20 hosts: no pair."""
    dice = random.Random(6)
    marks = [(f"r{n % 60}", host, at) for n, (host, at) in enumerate(scattered(dice, 6000))]
    assert together(marks) == []


def test_nothing_is_nothing() -> None:
    """No alerts; no times."""
    assert together([]) == []
