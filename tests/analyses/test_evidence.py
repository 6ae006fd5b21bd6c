"""What a rule's alerts have in common: counted per alert, compared with all other alerts."""

from __future__ import annotations

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.evidence import evidence_by_rule as by_rule_of_facts
from watchfloor.analyses.evidence import facts_by_alert, standing_out, top_by_rule
from watchfloor.schemas import ALERTS, EVIDENCE


def evidence_by_rule(alerts: pl.LazyFrame, evidence: pl.LazyFrame, *, top: int) -> pl.LazyFrame:
    """Of alerts and evidence as readers give them."""
    numbered = alerts.with_row_index("row")
    return by_rule_of_facts(numbered, facts_by_alert(numbered, evidence), top=top)


ALERT_ROWS = table(
    ALERTS,
    source=["console"] * 10,
    alert_id=[str(n) for n in range(10)],
    rule=["scan"] * 6 + ["login"] * 4,
)
FACTS = table(
    EVIDENCE,
    source=["console"] * 13,
    alert_id=["0", "1", "2", "3", "3", "4", "6", "7", "0", "1", "2", "3", "4"],
    field=["src_ip"] * 8 + ["category"] * 5,
    value=["10.0.0.9"] * 5 + ["10.0.0.1", "10.0.0.9", "10.0.0.2"] + ["recon"] * 5,
)


def test_evidence_by_rule() -> None:
    """An alert counts once per value; lift compares with the other rules' alerts, null where they have none."""
    answer = evidence_by_rule(ALERT_ROWS, FACTS, top=5).collect()
    columns = ("rule", "field", "value", "alerts", "share", "other_share", "lift", "values", "rank")
    assert answer.select(columns).rows() == [
        ("scan", "category", "recon", 5, pytest.approx(5 / 6), 0.0, None, 1, 1),
        ("scan", "src_ip", "10.0.0.9", 4, pytest.approx(4 / 6), 0.25, pytest.approx(8 / 3), 2, 1),
        ("scan", "src_ip", "10.0.0.1", 1, pytest.approx(1 / 6), 0.0, None, 2, 2),
        ("login", "src_ip", "10.0.0.2", 1, 0.25, 0.0, None, 2, 1),
        ("login", "src_ip", "10.0.0.9", 1, 0.25, pytest.approx(4 / 6), pytest.approx(0.375), 2, 2),
    ]
    assert answer["rule_alerts"].to_list() == [6, 6, 6, 4, 4]


def test_only_the_top_values_stay_but_all_are_counted() -> None:
    """`values` says how many there are."""
    answer = evidence_by_rule(ALERT_ROWS, FACTS, top=1).filter(pl.col("field") == "src_ip")
    assert answer.select("rule", "value", "values", "rank").collect().rows() == [
        ("scan", "10.0.0.9", 2, 1),
        ("login", "10.0.0.2", 2, 1),
    ]


def test_alerts_of_two_consoles_with_one_number_are_two() -> None:
    """Id 1 of the one console has nothing to do with id 1 of the other."""
    alerts = table(ALERTS, source=["north", "south"], alert_id=["1", "1"], rule=["a", "b"])
    facts = table(EVIDENCE, source=["north", "south"], alert_id=["1", "1"], field=["user"] * 2, value=["ann", "bob"])
    assert evidence_by_rule(alerts, facts, top=5).select("rule", "value", "alerts").collect().rows() == [
        ("a", "ann", 1),
        ("b", "bob", 1),
    ]


def test_without_an_id_the_record_tells() -> None:
    """Lines of a log have numbers; what has neither id nor record meets nothing, and is still counted."""
    alerts = table(ALERTS, source=["log"] * 3, record=[1, 2, None], alert_id=[None, None, None], rule=["a", "a", "a"])
    facts = table(
        EVIDENCE, source=["log"] * 3, record=[1, 2, None], alert_id=[None] * 3, field=["host"] * 3, value=["h"] * 3
    )
    assert rows(evidence_by_rule(alerts, facts, top=5).select("value", "alerts", "share", "rule_alerts")) == [
        {"value": "h", "alerts": 2, "share": pytest.approx(2 / 3), "rule_alerts": 3}
    ]


def test_alerts_without_a_rule_are_a_group() -> None:
    """The last one, and in the comparison of the others."""
    alerts = table(ALERTS, alert_id=["1", "2"], rule=["a", None])
    facts = table(EVIDENCE, alert_id=["1", "2"], field=["user"] * 2, value=["ann"] * 2)
    assert evidence_by_rule(alerts, facts, top=5).select("rule", "alerts", "other_share", "lift").collect().rows() == [
        ("a", 1, 1.0, 1.0),
        (None, 1, 1.0, 1.0),
    ]


def test_the_only_rule_has_nothing_to_be_compared_with() -> None:
    """No other alert: null, not 0."""
    alerts = table(ALERTS, alert_id=["1"], rule=["a"])
    facts = table(EVIDENCE, alert_id=["1"], field=["user"], value=["ann"])
    assert rows(evidence_by_rule(alerts, facts, top=5).select("other_share", "lift")) == [
        {"other_share": None, "lift": None}
    ]


def test_the_top_value_names_somebody_where_it_can() -> None:
    """An address before a category, though more alerts share the category; below the minimum there is none."""
    by_rule = evidence_by_rule(ALERT_ROWS, FACTS, top=5)
    assert rows(top_by_rule(by_rule, minimum=4)) == [
        {
            "rule": "scan",
            "top_evidence": "src_ip = 10.0.0.9",
            "top_evidence_share": pytest.approx(4 / 6),
            "top_evidence_lift": pytest.approx(8 / 3),
        }
    ]
    assert top_by_rule(by_rule, minimum=5).collect().height == 0


def test_a_kind_stands_out_only_where_there_are_others() -> None:
    """One of two log sources says which alerts; the rule's one category says nothing."""
    alerts = table(ALERTS, alert_id=list("123"), rule=["a"] * 3)
    facts = table(
        EVIDENCE,
        alert_id=list("123123"),
        field=["category"] * 3 + ["log_source"] * 3,
        value=["recon"] * 3 + ["fw1", "fw1", "fw2"],
    )
    by_rule = evidence_by_rule(alerts, facts, top=5)
    assert top_by_rule(by_rule, minimum=1).collect()["top_evidence"].to_list() == ["log_source = fw1"]


def test_of_equal_values_the_address_is_shown() -> None:
    """A host and its address in the same alerts: the address comes first."""
    alerts = table(ALERTS, alert_id=["1", "2"], rule=["a", "a"])
    facts = table(
        EVIDENCE, alert_id=["1", "2"] * 2, field=["host"] * 2 + ["src_ip"] * 2, value=["web"] * 2 + ["10.0.0.1"] * 2
    )
    by_rule = evidence_by_rule(alerts, facts, top=5)
    assert top_by_rule(by_rule, minimum=1).collect()["top_evidence"].to_list() == ["src_ip = 10.0.0.1"]


def test_what_stands_out() -> None:
    """Values that name somebody, in enough alerts of one rule, most alerts first."""
    by_rule = evidence_by_rule(ALERT_ROWS, FACTS, top=5)
    assert standing_out(by_rule, minimum=1).select("evidence", "rule", "alerts").collect().rows() == [
        ("src_ip = 10.0.0.9", "scan", 4),
        ("src_ip = 10.0.0.2", "login", 1),
        ("src_ip = 10.0.0.9", "login", 1),
        ("src_ip = 10.0.0.1", "scan", 1),
    ]
    assert standing_out(by_rule, minimum=2).collect().height == 1
