"""The choice: most work first, nothing twice, no case lost."""

from __future__ import annotations

from tuning_alerts import Made
from watchfloor.analyses.tuning.candidates import candidates
from watchfloor.analyses.tuning.gates import judge
from watchfloor.analyses.tuning.selection import select


def _chosen(made: Made, *, most: int = 10, worth: float = 1) -> tuple[list[tuple[str, str, int]], list[str]]:
    work = made.work
    chosen, hiding = select(work, judge(work, list(candidates(work, minimum=10))), most=most, worth=worth)
    return (
        [(one.exclusion.rule, str(one.exclusion), one.gain) for one in chosen],
        [str(one.candidate.exclusion) for one in hiding],
    )


def test_most_work_first_and_nothing_twice() -> None:
    """What the whole rule removes, its values do not remove again."""
    made = Made().add("a", 50, host="x").add("a", 20, host="y").add("b", 100, host="x")
    assert _chosen(made)[0] == [("b", "host = x", 100), ("a", "host in x, y", 70)]
    assert _chosen(made, most=1)[0] == [("b", "host = x", 100)]
    assert _chosen(made, worth=80)[0] == [("b", "host = x", 100)]


def test_a_case_keeps_its_last_alert() -> None:
    """A case of ten alerts, nine of them from the noisy host: not removed while the tenth is at risk too."""
    base = Made().add("other", 100, disposition="true_positive")
    made = base.add("r", 300, disposition="false_positive", host="x").add(
        "r", 1, case="C", disposition="true_positive", host="x"
    )
    chosen, hiding = _chosen(made)
    assert "host = x" in hiding
    assert chosen == []  # nor any eight hours without the case: they hold a third of its alerts
    made.add("other", 1, case="C", host="z")
    assert _chosen(made)[0] == [("r", "host = x", 300)]


def test_two_exclusions_that_hide_a_case_together() -> None:
    """Each alone leaves the case an alert, both do not: one of them is chosen."""
    made = Made().add("other", 200, disposition="true_positive")
    for rule in ("a", "b"):
        made.add(rule, 300, disposition="false_positive", host=f"h{rule}")
        made.add(rule, 1, case="C", disposition="true_positive", host=f"h{rule}")
    chosen, hiding = _chosen(made)
    assert hiding[0] == "host = hb"
    assert [exclusion for rule, exclusion, _ in chosen if rule == "a"] == ["host = ha"]
    assert {exclusion.endswith("UTC") for rule, exclusion, _ in chosen if rule == "b"} <= {True}


def test_the_narrower_of_two_that_remove_the_same() -> None:
    """A value rather than its network."""
    made = Made().add("a", 50, src_ip="10.0.0.1").add("a", 1, src_ip="10.0.0.2").add("a", 1, src_ip="10.0.0.3")
    exclusion = _chosen(made)[0][0][1]
    assert exclusion == "src_ip in 10.0.0.1, 10.0.0.2, 10.0.0.3"
