"""Candidates: frequent sets of evidence, the shortest of those with the same alerts, and what generalises them."""

from __future__ import annotations

from tuning_alerts import Made
from watchfloor.analyses.tuning.candidates import candidates


def _found(made: Made, minimum: int = 10) -> dict[str, int]:
    return {str(one.exclusion): one.rows.len() for one in candidates(made.work, minimum=minimum)}


def test_values_of_a_rule_and_the_rule_by_its_values() -> None:
    """A frequent value, and the list of all values there were; a rare value is none."""
    made = Made().add("r", 20, src_ip="10.0.0.1").add("r", 3, src_ip="10.0.9.1")
    assert _found(made) == {"src_ip in 10.0.0.1, 10.0.9.1": 23, "src_ip = 10.0.0.1": 20}


def test_sets_with_the_same_alerts_are_one() -> None:
    """Host and address go together: one of them is enough."""
    made = Made().add("r", 20, src_ip="10.0.0.1", host="a").add("r", 20, src_ip="10.0.9.1", host="b")
    singles = [text for text in _found(made) if " = " in text]
    assert len(singles) == 2


def test_two_conditions_where_one_is_not_clean() -> None:
    """A noisy source with one true alert to another destination: the pair leaves it out."""
    made = (
        Made()
        .add("r", 30, disposition="false_positive", src_ip="10.0.0.1", dst_ip="10.0.5.5")
        .add("r", 1, disposition="true_positive", src_ip="10.0.0.1", dst_ip="10.0.6.6")
        .add("r", 30, disposition="false_positive", src_ip="10.0.0.2", dst_ip="10.0.5.5")
        .add("r", 1, disposition="true_positive", src_ip="10.0.0.3", dst_ip="10.0.5.5")
    )
    assert _found(made)["src_ip = 10.0.0.1 and dst_ip = 10.0.5.5"] == 30


def test_networks_and_service_accounts() -> None:
    """Three addresses of one network, three names that begin alike."""
    made = Made()
    for n in range(4):
        made.add("r", 5, src_ip=f"10.0.7.{n + 1}", user=f"svc_job{n}")
    found = _found(made)
    assert found["src_ip in network 10.0.7.0/24"] == 20
    assert found[r"user matches svc_[0-9A-Za-z_.-]*"] == 20


def test_hours_where_the_true_alerts_lie_elsewhere() -> None:
    """A nightly job between one and three, an attack at noon."""
    made = Made()
    for day in range(10):
        made.add("r", 6, start=24 * day + 1, hours=2, disposition="false_positive")
    made.add("r", 1, start=12, hours=1, disposition="true_positive")
    assert max(n for text, n in _found(made).items() if text.endswith("UTC")) == 60


def test_a_field_with_too_many_values_names_no_list() -> None:
    """Who would review a list of two hundred addresses?"""
    made = Made()
    for n in range(200):
        made.add("r", 1, src_ip=f"10.{n}.0.1")
    assert _found(made) == {"every alert of the rule": 200}


def test_an_infrequent_rule_has_none() -> None:
    """Fewer alerts than the minimum."""
    assert _found(Made().add("r", 9, host="a").add("s", 9, host="b")) == {}
