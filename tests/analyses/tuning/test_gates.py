"""Gates: chance and steadiness, and what three in n means."""

from __future__ import annotations

import math

import pytest

from tuning_alerts import Made
from watchfloor.analyses.tuning.candidates import candidates
from watchfloor.analyses.tuning.gates import binomial_tail, judge, upper_bound


def _against(made: Made, exclusion: str, rule: str = "r") -> str:
    judged = judge(made.work, list(candidates(made.work, minimum=10)))
    found = [
        one for one in judged if str(one.candidate.exclusion) == exclusion and one.candidate.exclusion.rule == rule
    ]
    return found[0].against


@pytest.mark.parametrize(("k", "n", "p"), [(3, 10, 0.2), (10, 10, 0.5), (1, 40, 0.01), (90, 100, 0.85), (0, 5, 0.5)])
def test_binomial_tail(k: int, n: int, p: float) -> None:
    """The sum that it stands for."""
    exact = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert binomial_tail(k, n, p) == pytest.approx(exact, rel=1e-9)


def test_binomial_tail_of_many() -> None:
    """Far into the tail and with many tries it neither overflows nor vanishes into one."""
    assert 0 < binomial_tail(100_000, 100_000, 0.999) < 1e-43
    assert binomial_tail(50_000, 100_000, 0.5) == pytest.approx(0.5013, abs=1e-3)
    assert binomial_tail(1, 3, 1.0) == 1.0
    assert binomial_tail(1, 3, 0.0) == 0.0


@pytest.mark.parametrize(("positive", "n", "bound"), [(0, 300, 0.01), (0, 2, 1.0), (1, 100, 0.0436)])
def test_rule_of_three(positive: int, n: int, bound: float) -> None:
    """3 / n for none (Hanley and Lippman-Hand 1983); Wilson's one-sided end at 95 % for some."""
    assert upper_bound(positive, n) == pytest.approx(bound, abs=1e-4)
    assert upper_bound(0, 0) is None


def _labelled() -> Made:
    return Made().add("other", 60, disposition="true_positive").add("other", 40, disposition="false_positive")


def test_useless_beyond_chance() -> None:
    """Sixty of sixty where two thirds are useless is no chance; eleven of eleven is."""
    made = (
        _labelled()
        .add("r", 60, disposition="false_positive", host="a")
        .add("r", 11, disposition="false_positive", host="b")
    )
    assert _against(made, "host = a") == ""
    assert "may be chance" in _against(made, "host = b")


def test_nobody_judged_them() -> None:
    """Where others have verdicts, these need some too."""
    assert _against(_labelled().add("r", 40, host="a").add("r", 1, host="b"), "host = a") == "nobody judged any of them"


@pytest.mark.parametrize(
    ("start", "hours", "why"),
    [(0, 240, ""), (0, 100, "it stopped"), (200, 40, "new or rare"), (150, 90, "new or rare")],
)
def test_steady(start: float, hours: float, why: str) -> None:
    """In three of four quarters of the time, the last among them."""
    made = Made().add("clock", 240).add("r", 60, start=start, hours=hours, host="a").add("r", 1, host="b")
    assert why in _against(made, "host = a")
    assert bool(_against(made, "host = a")) == bool(why)


def test_a_burst_is_no_noise() -> None:
    """One hour with most of the alerts is an attack or a fault."""
    made = (
        Made()
        .add("clock", 240)
        .add("r", 20, host="a")
        .add("r", 60, start=100.1, hours=0.5, host="a")
        .add("r", 1, host="b")
    )
    assert "a burst is grouped" in _against(made, "host = a")


def test_errors_of_a_web_server_are_never_excluded() -> None:
    """However steadily they come."""
    made = Made().add("Web server 400 error code.", 100, host="a").add("clock", 240)
    assert "grouped, never excluded" in _against(made, "host = a", "Web server 400 error code.")


def test_what_would_be_missed_most_must_be_proven_most() -> None:
    """Severe alerts, and those of a rule that alone covers a technique, need all four quarters of the time."""

    def against(severity: int, **facts: str) -> str:
        made = Made().add("s", 1, host="b", hours=1)
        work = made.add("r", 90, start=61, hours=179, host="a", severity=severity, **facts).work
        (found,) = judge(work, list(candidates(work, minimum=10)))
        return found.against

    late = "it is new or rare: they came in 3 of 4 quarters of the time"
    assert [against(30), against(80), against(30, technique="T1110")] == ["", late, late]


def test_hours_without_the_true_alert_are_no_habit() -> None:
    """Alerts all day and night: some eight hours lie apart from the true one, and mean nothing."""
    made = _labelled().add("r", 600, disposition="false_positive")
    work = made.add("r", 1, start=12, hours=1, disposition="true_positive").work
    judged = judge(work, list(candidates(work, minimum=10)))
    hours = [one.against for one in judged if str(one.candidate.exclusion).endswith("UTC")]
    assert hours
    assert all("the true ones lie elsewhere" in against for against in hours)
