"""The proof: counted beyond the rows above, on alerts that were not learned from."""

from __future__ import annotations

from datetime import timedelta

from tuning_alerts import START, Made
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion
from watchfloor.analyses.tuning.proof import applied, backtest, folds_of
from watchfloor.analyses.tuning.work import Work

HOST = Exclusion("r", (Condition("host", "eq", "x"),))
ALL = Exclusion("r")


def test_each_counts_beyond_those_before() -> None:
    """The whole rule after one host removes the rest of it."""
    work = Made().add("r", 7, host="x").add("r", 3, host="y").add("s", 5).work
    assert [step.removed for step in applied(work, [HOST, ALL, HOST])] == [7, 3, 0]


def test_cases_hidden_fully_and_partly() -> None:
    """C loses a part with the host, then the rest with the rule; an own case of one alert goes at once."""
    work = (
        Made()
        .add("r", 2, case="C", disposition="true_positive", host="x")
        .add("r", 1, case="C", host="y")
        .add("r", 1, disposition="true_positive", host="x")
        .add("r", 4, disposition="false_positive", host="x")
        .work
    )
    first, second = applied(work, [HOST, ALL])
    assert (first.hidden, first.partly) == (1, 1)
    assert (second.hidden, second.partly) == (1, 0)
    assert first.upper_bound is not None
    assert first.upper_bound > 3 / 7


def test_rolling_origin() -> None:
    """Each past ends where its future begins; what each would have chosen is counted there."""
    work = Made().add("r", 80, hours=80, host="x").work
    seen = []

    def learn(past: Work) -> list[Exclusion]:
        seen.append(past.alerts.height)
        return [HOST]

    proof = backtest(work, learn)
    assert seen == [40, 60]
    assert (proof.pasts, proof.alerts) == (2, 40)
    assert proof.removed == {HOST.shape(): 40}
    assert proof.chosen == {HOST.shape(): 2}


def test_parts_of_the_time() -> None:
    """Equal in length."""
    first, *_ = folds_of(Made().add("r", 81, hours=81).work)
    assert abs(first - (START + timedelta(hours=20.5))) < timedelta(seconds=1)


def test_nothing_to_prove() -> None:
    """No alerts, no parts."""
    work = Made().add("r", 1).work
    assert folds_of(work.before(START)) == []
    assert applied(work.before(START), [HOST])[0].removed == 0
