"""Exclusions in force, tested again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tuning_alerts import START, Made
from watchfloor.analyses.recheck import InForce, load_exclusions, recheck
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion
from watchfloor.errors import BadOption

MADE = START.date()
LATER = date(2026, 6, 1)


def _of(host: str, *, expires: date = LATER, per_day: float | None = 10, rule: str = "r") -> InForce:
    return InForce(Exclusion(rule, (Condition("host", "eq", host),)), host, "us", MADE, expires, per_day)


WHOLE = "version = 1\n[[exclusion]]\nrule = 'r'\ncreated = 2026-01-01\nexpires = 2026-02-01\n"


def test_what_becomes_of_exclusions() -> None:
    """The worst first: a hidden case, one that is over, one that swells, one without a cause, one that works."""
    made = (
        Made()
        .add("r", 100, host="fine")
        .add("r", 500, host="swollen")
        .add("r", 100, host="old")
        .add("r", 1, host="bad", disposition="true_positive")
    )
    force = [_of("fine"), _of("silent"), _of("swollen"), _of("old", expires=date(2026, 3, 3)), _of("bad", per_day=0.1)]
    result = recheck(made.alerts, made.evidence, force)
    assert result.collect().select("name", "status", "alerts", "cases_hidden_fully").rows() == [
        ("bad", "hides a case", 1, 1),
        ("old", "expired", 100, 0),
        ("swollen", "matches too much", 500, 0),
        ("silent", "never matches", 0, 0),
        ("fine", "in force", 100, 0),
    ]
    assert result["volume"].collect()["alerts"].sum() == 701


def test_a_little_more_than_expected_is_chance() -> None:
    """Three where one was expected says nothing; a hundred where ten were says something."""
    for alerts, expected, status in ((3, 0.1, "in force"), (100, 1.0, "matches too much")):
        made = Made().add("r", alerts, host="x")
        assert recheck(made.alerts, made.evidence, [_of("x", per_day=expected)]).collect()["status"].item() == status


def test_made_after_the_last_alert() -> None:
    """It says nothing, and not that the exclusion is useless."""
    made = Made().add("r", 3, host="x")
    late = InForce(Exclusion("r"), "late", "us", date(2026, 5, 1), LATER, 1.0)
    assert recheck(made.alerts, made.evidence, [late]).collect()["status"].item() == "nothing yet"
    assert recheck(made.alerts, None, []).collect().height == 0


def test_today_decides_what_is_over() -> None:
    """Without a day, the last alert's."""
    made = Made().add("r", 3, host="x")
    one = [_of("x", per_day=None)]
    assert recheck(made.alerts, made.evidence, one).collect()["status"].item() == "in force"
    assert recheck(made.alerts, made.evidence, one, today=LATER).collect()["status"].item() == "expired"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("version = 2", "version 2 is not known"),
        ("version = ", "no TOML"),
        ("version = 1\n[[exclusion]]\nrule = 'r'\ncreated = 2026-01-01", "exclusion 1 has no expires"),
        ("version = 1\n[[exclusion]]\nrule = 'r'\ncreated = '2026-01-01'\nexpires = 2026-02-01", "are dates"),
        (
            "version = 1\n[[exclusion]]\nrule = 'r'\ncreated = 2026-01-01\nexpires = 2026-02-01\n"
            "conditions = [{field = 'host', op = 'like', value = 'x'}]",
            "op 'like' is not known",
        ),
        (
            "version = 1\n[[exclusion]]\nrule = 'r'\ncreated = 2026-01-01\nexpires = 2026-02-01\n"
            "conditions = [{field = 'created_time', op = 'hours', value = 'at night'}]",
            "no window of hours",
        ),
        (
            "version = 1\n[[exclusion]]\nrule = 'r'\ncreated = 2026-01-01\nexpires = 2026-02-01\n"
            "conditions = [{field = 'user', op = 'matches', value = '(svc'}]",
            "exclusion 1: '\\(svc' is no regex",
        ),
        ("version = 1\n[exclusion]\nrule = 'r'", "exclusion is no list of tables"),
        ("version = 1\nexclusion = [1]", "exclusion is no list of tables"),
        (f"{WHOLE}[exclusion.conditions]\nfield = 'host'", "exclusion 1: conditions are no list of tables"),
        (f"{WHOLE}conditions = [{{field = 'host', op = 'eq'}}]", "exclusion 1: a condition has no value"),
        (f"{WHOLE}conditions = [{{field = 'host', op = 'in', value = 'a'}}]", "in takes a list of texts"),
        (f"{WHOLE}conditions = [{{field = 'host', op = 'eq', value = ['a']}}]", "eq takes one text"),
        (f"{WHOLE}conditions = [{{field = 'host', op = 'hours', value = '01:00-02:00'}}]", "hours on host"),
        (f"{WHOLE}conditions = [{{field = 'created_time', op = 'eq', value = 'x'}}]", "eq on created_time"),
        (f"{WHOLE}per_day = 'x'", "per_day is no number"),
        ("version = 1\n[[exclusion]]\nrule = 3\ncreated = 2026-01-01\nexpires = 2026-02-01", "rule is no text"),
    ],
)
def test_files_that_are_wrong(tmp_path: Path, text: str, wrong: str) -> None:
    """What is wrong, and where."""
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(BadOption, match=wrong):
        load_exclusions(path)
    with pytest.raises(BadOption, match="No such file"):
        load_exclusions(tmp_path / "none.toml")
