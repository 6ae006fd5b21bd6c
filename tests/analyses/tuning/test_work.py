"""Alerts as work: what counts as useless, as true, as a case, and which evidence says something."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from helpers import table
from tuning_alerts import START, Made
from watchfloor.analyses.tuning.work import work_of
from watchfloor.schemas import ALERTS, EVIDENCE


def test_useless_true_and_undecided() -> None:
    """An escalated alert is true whatever its verdict says; an undetermined one is neither."""
    work = (
        Made()
        .add("r", 1, disposition="false_positive")
        .add("r", 1, disposition="true_positive")
        .add("r", 1, disposition="benign_positive", escalated=True)
        .add("r", 1, disposition="undetermined")
        .add("r", 1)
        .work
    )
    assert work.alerts.select("useless", "positive", "decided").rows() == [
        (True, False, True),
        (False, True, True),
        (False, True, True),
        (False, False, False),
        (False, False, False),
    ]
    assert work.labelled


def test_a_case_is_protected_by_one_true_alert() -> None:
    """Alerts of one case_id share it; an alert without one is a case of its own."""
    work = Made().add("r", 2, case="A").add("r", 1, case="A", disposition="true_positive").add("r", 2).work
    assert work.alerts["protected"].to_list() == [True, True, True, False, False]
    assert work.alerts["case"].n_unique() == 3


def test_without_verdicts_everything_is_work() -> None:
    """One verdict in a hundred alerts teaches nothing."""
    work = Made().add("r", 99).add("r", 1, disposition="false_positive").work
    assert not work.labelled
    assert work.alerts.filter(work.useless).height == 100


def test_alerts_without_a_rule_or_a_time_are_counted() -> None:
    """They are in no candidate, and not forgotten."""
    alerts = table(ALERTS, alert_id=["1", "2", "3"], rule=["r", None, "r"], created_time=[START, START, None])
    work = work_of(alerts, EVIDENCE.empty())
    assert (work.alerts.height, work.left_out) == (1, 2)


def test_evidence_that_says_the_rule_again_is_left_out() -> None:
    """A category that all alerts of a rule share is no condition; an address is, even the only one."""
    made = Made().add("r", 2, category="Scan", src_ip="10.0.0.1").add("s", 1, category="a").add("s", 1, category="b")
    assert set(made.work.facts.select("rule", "field").rows()) == {("r", "src_ip"), ("s", "category")}


def test_evidence_by_record_where_there_is_no_id() -> None:
    """Rows of a CSV have no alert id."""
    alerts = table(ALERTS, source=["f"] * 2, record=[1, 2], rule=["r"] * 2, created_time=[START] * 2)
    facts = table(EVIDENCE, source=["f"] * 2, record=[1, 2], field=["host"] * 2, value=["a", "b"])
    assert work_of(alerts, facts).facts.select("row", "value").sort("row").rows() == [(0, "a"), (1, "b")]


def test_before_and_after_share_nothing() -> None:
    """Every alert is in one of them, with its evidence."""
    work = Made().add("r", 10, hours=10, host="a").work
    cut = START + timedelta(hours=5)
    past, future = work.before(cut), work.after(cut)
    assert (past.alerts.height, future.alerts.height) == (5, 5)
    assert (past.facts.height, future.facts.height) == (5, 5)
    assert work.after(cut, cut + timedelta(hours=2)).alerts.height == 2
    assert pl.concat([past.alerts, future.alerts]).height == work.alerts.height


def test_handling_time_by_rule() -> None:
    """From when someone took it until it was closed; what was derived from other times counts as unknown."""
    n = 10
    alerts = table(
        ALERTS,
        alert_id=[str(k) for k in range(3 * n)],
        rule=["long"] * n + ["short"] * n + ["derived"] * n,
        created_time=[START] * 3 * n,
        assigned_time=[START + timedelta(minutes=5)] * 3 * n,
        closed_time=[START + timedelta(minutes=95)] * n + [START + timedelta(minutes=15)] * 2 * n,
        time_basis=[None] * 2 * n + ["closed: the next change of its state"] * n,
    )
    work = work_of(alerts, EVIDENCE.empty())
    assert work.minutes == {"long": 90, "short": 10}
    # Against 50, the median of all.
    assert work.effort == {"long": 1.8, "short": 0.2}


def test_techniques_that_a_rule_alone_covers() -> None:
    """Although all its alerts name the same one."""
    made = Made().add("r", 2, technique="T1110").add("s", 2, technique="T1003").add("t", 1, technique="T1003")
    assert made.work.sole == {"r": ("T1110",)}


def test_the_one_source_of_a_rule() -> None:
    """A rule with two has none."""
    made = Made().add("r", 2, log_source="fw1").add("s", 1, log_source="fw1").add("s", 1, log_source="fw2")
    assert made.work.origin == {"r": ("log_source", "fw1")}
