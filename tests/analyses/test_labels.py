"""Doubtful labels are found and counted, each for its reason; what the data cannot tell is null and not 0."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.labels import (
    DOUBTS,
    closers,
    doubts_by_alert,
    label_audit,
    missing_labels,
    precision_without_doubts,
)
from watchfloor.schemas import ALERTS

NOON = datetime(2025, 10, 1, 12, tzinfo=UTC)
Z = 1.959964


def alerts(n: int, **columns: Any) -> pl.LazyFrame:
    """Closed alerts of an hour's interval, each closed 20 minutes and some seconds after it was made."""
    made = [NOON + timedelta(hours=k) for k in range(n)]
    plain = {
        "system": ["s"] * n,
        "rule": ["r"] * n,
        "status": ["closed"] * n,
        "disposition": ["false_positive"] * n,
        "closing_reason": ["noise"] * n,
        "closed_by": ["ann"] * n,
        "created_time": made,
        "closed_time": [time + timedelta(seconds=1201 + 7 * k) for k, time in enumerate(made)],
    }
    return table(ALERTS, **(plain | columns))


def doubts(frame: pl.LazyFrame, bulk: int = 5, seconds: float = 10) -> pl.DataFrame:
    return doubts_by_alert(frame, bulk=bulk, seconds=seconds).collect()


def found(frame: pl.LazyFrame, check: str, **options: Any) -> tuple[int | None, int]:
    """What the audit says of a check: how many, of how many."""
    audit = {row["check"]: row for row in rows(label_audit(doubts(frame, **options).lazy()))}
    return audit[check]["alerts"], audit[check]["of"]


def test_nothing_to_doubt() -> None:
    """A person, a reason, her own time for each."""
    seen = doubts(alerts(30))
    assert seen["doubtful"].sum() == 0
    assert seen.select("no_reason", "bulk", "automatic").sum().row(0) == (0, 0, 0)
    assert seen["one_reason"].null_count() == 30  # nobody to compare her with
    assert seen.height == 30


def test_no_reason_where_reasons_are_given() -> None:
    """Three of one system have none; the other system never gives any, so there nobody can tell."""
    frame = pl.concat(
        [
            alerts(20, closing_reason=[None] * 3 + ["noise"] * 17),
            alerts(10, system=["other"] * 10, closing_reason=[None] * 10),
        ]
    )
    assert found(frame, DOUBTS["no_reason"]) == (3, 20)


def test_bulk_is_many_cases_of_one_name_in_one_second() -> None:
    """Six at once are bulk, four are not; six alerts of one case are one decision; two names are two."""
    six = [NOON + timedelta(days=1, milliseconds=90 * k) for k in range(6)]
    other = [NOON + timedelta(days=2 + k, seconds=k) for k in range(14)]
    assert found(alerts(20, closed_time=six + other), DOUBTS["bulk"]) == (6, 20)
    assert found(alerts(20, closed_time=six + other), DOUBTS["bulk"], bulk=7) == (0, 20)
    assert found(alerts(20, closed_time=six + other, case_id=["c"] * 6 + [None] * 14), DOUBTS["bulk"]) == (0, 20)
    names = ["ann", "bob"] * 10
    assert found(alerts(20, closed_time=six + other, closed_by=names), DOUBTS["bulk"]) == (0, 20)
    nobody: list[str | None] = [None] * 20
    assert found(alerts(20, closed_time=six + other, closed_by=nobody), DOUBTS["bulk"]) == (6, 20)


def test_bulk_is_unknown_where_times_are_rounded_or_derived() -> None:
    """Closing times of whole minutes, or taken from the last change of the record, say nothing of a second."""
    rounded = [NOON + timedelta(days=1, minutes=k // 10) for k in range(30)]
    assert found(alerts(30, closed_time=rounded), DOUBTS["bulk"]) == (None, 0)
    at_once = [NOON + timedelta(days=1, seconds=1)] * 30
    derived = alerts(30, closed_time=at_once, time_basis=["acknowledged: note; closed: last change"] * 30)
    assert found(derived, DOUBTS["bulk"]) == (None, 0)
    assert found(alerts(30, closed_time=at_once, time_basis=["acknowledged: note"] * 30), DOUBTS["bulk"]) == (30, 30)


@pytest.mark.parametrize(
    ("name", "automatic"),
    [
        ("API_user: closing-robot", True),
        ("svc_soar", True),
        ("SOAR", True),
        ("Playbook-7", True),
        ("automation@example.org", True),
        ("system", True),
        ("ann.systemsson", False),
        ("bo.scriptorius", False),
        ("autumn.abbott", False),
        ("o'rapid", False),
    ],
)
def test_names_that_are_no_persons(name: str, automatic: bool) -> None:
    """Service accounts by their words; people whose names only contain these are people."""
    assert doubts(alerts(3, closed_by=[name] * 3))["automatic"].to_list() == [automatic] * 3


def test_closed_sooner_than_anybody_reads() -> None:
    """Three seconds after it was made; never before it was made."""
    made = [NOON + timedelta(hours=k) for k in range(4)]
    closed = [made[0] + timedelta(seconds=3), made[1] + timedelta(seconds=11), made[2] - timedelta(seconds=3), None]
    seen = doubts(alerts(4, created_time=made, closed_time=closed, closed_by=[None] * 4))["automatic"]
    assert seen.to_list() == [True, False, False, None]


def test_one_reason_for_everything_where_others_decide() -> None:
    """Ann closes four rules for one reason always, Bob half of the same for others: hers are doubtful, his are not."""
    n = 160
    mixed = ["noise", "real"] * 40
    frame = alerts(
        n,
        rule=[f"r{k % 4}" for k in range(n)],
        closed_by=["ann"] * 80 + ["bob"] * 80,
        closing_reason=["noise"] * 80 + [mixed[(k // 4) % 2] for k in range(80)],
    )
    assert found(frame, DOUBTS["one_reason"]) == (80, 160)
    by_name = {row["closed_by"]: row for row in rows(closers(doubts(frame).lazy()))}
    assert by_name["ann"]["most_frequent_share"] == 1
    assert by_name["ann"]["others_share"] == pytest.approx(0.5)
    assert (by_name["ann"]["one_reason"], by_name["bob"]["one_reason"]) == (80, 0)


def test_one_reason_that_others_share_is_a_verdict() -> None:
    """Both close nearly all as noise: the rules are bad, not the labels."""
    n = 160
    frame = alerts(
        n,
        rule=[f"r{k % 4}" for k in range(n)],
        closed_by=["ann"] * 80 + ["bob"] * 80,
        closing_reason=["noise"] * 80 + ["real" if k % 16 == 0 else "noise" for k in range(80)],
    )
    assert found(frame, DOUBTS["one_reason"]) == (0, 160)


def test_the_audit_says_what_the_found_ones_are_labelled() -> None:
    """Escalated and yet nothing; open with a verdict; closed before it was made."""
    frame = alerts(
        12,
        status=["closed"] * 10 + ["open"] * 2,
        disposition=["true_positive"] * 2 + ["false_positive"] * 6 + [None, "undetermined", "benign_positive", None],
        escalated=[True] * 3 + [False] * 9,
        closed_time=[NOON - timedelta(days=1)] + [NOON + timedelta(days=9)] * 9 + [None] * 2,
    )
    audit = {row["check"]: row for row in rows(label_audit(doubts(frame).lazy()))}
    assert audit["escalated, yet labelled as nothing"]["alerts"] == 1
    assert audit["open with a verdict"]["alerts"] == 1
    assert audit["closed before it was made"]["alerts"] == 1
    assert audit["closed without a verdict"] | {"share": None} == {
        "check": "closed without a verdict",
        "alerts": 1,
        "of": 10,
        "share": None,
        "doubtful": False,
        "true_positive": 0,
        "useless": 0,
    }
    assert (audit["all alerts"]["true_positive"], audit["all alerts"]["useless"]) == (2, 7)


def test_rates_without_the_doubtful_labels() -> None:
    """A robot closes 60 as nothing, people 40 of which 20 are true: 20 % by all labels, 50 % by theirs."""
    frame = alerts(
        100,
        closed_by=["svc_bot"] * 60 + ["ann"] * 40,
        disposition=["false_positive"] * 60 + ["true_positive", "false_positive"] * 20,
    )
    table_ = precision_without_doubts(doubts(frame).lazy(), minimum=10, z=Z).collect()
    assert dict(table_.select("labels", "precision").rows()) == {
        "all labels": 0.2,
        "all but: closed without a reason": 0.2,
        "all but: closed for one reason always": 0.2,
        "all but: closed in bulk": 0.2,
        "all but: closed by no person": 0.5,
        "all but any doubtful": 0.5,
    }
    assert table_["judged"].to_list() == [100, 100, 100, 100, 40, 40]


def test_bare_alerts() -> None:
    """Without status, names or times nothing can be told, and that is said; no alerts at all are 0 of 0."""
    bare = table(ALERTS, rule=["a"] * 5, disposition=["false_positive"] * 5)
    audit = {row["check"]: (row["alerts"], row["of"]) for row in rows(label_audit(doubts(bare).lazy()))}
    assert all(audit[words] == (None, 0) for words in DOUBTS.values())
    assert audit["without a status"] == (5, 5)
    assert rows(closers(doubts(bare).lazy())) == []
    empty = {row["check"]: row["alerts"] for row in rows(label_audit(doubts(ALERTS.empty()).lazy()))}
    assert set(empty.values()) == {None}


def test_missing_labels() -> None:
    """What the rates cannot know."""
    frame = table(
        ALERTS,
        rule=["a"] * 4 + [None],
        status=["closed", "closed", "open", "open", None],
        disposition=["false_positive", None, "true_positive", None, None],
        closing_reason=["noise", None, None, None, None],
        created_time=[NOON] * 4 + [None],
    )
    assert dict(missing_labels(frame).collect().rows()) == {
        "all": 5,
        "without a rule": 1,
        "without created_time (in no day, hour or trend)": 1,
        "without a status": 1,
        "without a disposition": 3,
        "closed without a disposition": 1,
        "closed without a reason": 1,
        "open with a disposition": 1,
        "whose system does not say whether escalated": 5,
    }
