"""What tuning shows: the curve and its knee, what stands out behind a rule, and a rule's volume before and after."""

from __future__ import annotations

import math
from datetime import date, timedelta

import polars as pl
import pytest

from tuning_alerts import START, Made
from watchfloor.analyses.recheck import InForce, recheck
from watchfloor.analyses.tune import tune
from watchfloor.analyses.tuning.exclusion import Condition, Exclusion
from watchfloor.analyses.tuning.pictures import evidence_of_rules, expected_left, volumes
from watchfloor.charts.shape import of

DAY = START.date()


def _noise() -> Made:
    """Four noisy hosts of their own rules, the loudest first, and true alerts of a fifth."""
    made = Made().add("true", 100, disposition="true_positive", host="a")
    for n, alerts in enumerate((400, 200, 100, 50)):
        made.add(f"r{n}", alerts, disposition="false_positive", host=f"h{n}")
        made.add(f"r{n}", 20, disposition="true_positive", host="other")
    return made


def test_the_curve_and_its_knee() -> None:
    """Each point adds what its exclusion removes, as a share of the useless alerts; the stage changes at the knee."""
    made = _noise()
    part = tune(made.alerts, made.evidence, most=2)["curve"]
    curve = part.collect()
    assert curve.select("exclusions", "exclusion", "removed", "stage").rows()[:3] == [
        (1, "host = h0 (r0)", 400, "recommended"),
        (2, "host = h1 (r1)", 200, "recommended"),
        (3, "host = h2 (r2)", 100, "beyond the knee"),
    ]
    assert curve["share"].to_list()[:3] == pytest.approx([400 / 750, 600 / 750, 700 / 750])
    assert curve["stage"].to_list() == ["recommended"] * 2 + ["beyond the knee"] * (curve.height - 2)
    assert "stops after 2" in part.explanation
    assert set(of(part.charts[0], curve).colors) == {"recommended", "beyond the knee"}


def test_the_noisy_value_stands_out() -> None:
    """Its share of the rule's alerts, and whether a recommendation takes it; the true one is kept."""
    made = _noise()
    part = tune(made.alerts, made.evidence)["evidence"]
    rows = part.collect().filter(pl.col("rule") == "r0")
    assert rows.select("evidence", "alerts", "removed", "fate").rows() == [
        ("host = h0", 400, 400, "tuned"),
        ("host = other", 20, 0, "kept"),
    ]
    assert rows["share"].to_list() == pytest.approx([400 / 420, 20 / 420])
    assert of(part.charts[0], part.collect()).y.names[0] == "r0"


def test_rules_without_evidence_have_no_mark() -> None:
    """What names nobody is not shown, and no rule is named that has nothing to show."""
    made = Made().add("r", 20, category="x").add("s", 5, host="a")
    nothing = pl.Series([], dtype=pl.UInt32)
    table = evidence_of_rules(made.work, ["r", "s", "gone"], nothing).collect()
    assert table.select("rule", "evidence", "share").rows() == [("s", "host = a", 1.0)]


def test_what_the_days_before_predict() -> None:
    """By hand: ten days of nine and eleven, mean 10, spread below Poisson's, so Poisson's: 10 +- 1.96 sqrt(11)."""
    low, high = expected_left(pl.Series([9, 11] * 5)) or (0.0, 0.0)
    assert (low, high) == pytest.approx((10 - 1.959964 * math.sqrt(11), 10 + 1.959964 * math.sqrt(11)), rel=1e-6)
    # Mean 10, variance 1000/9: eleven times Poisson's spread; no count is below nothing.
    low, high = expected_left(pl.Series([0, 20] * 5)) or (1.0, 0.0)
    assert (low, high) == pytest.approx((0, 10 + 1.959964 * math.sqrt(1000 / 9 * 1.1)), rel=1e-6)
    # The rule of three: none in ten days may still be 0.3 a day.
    assert expected_left(pl.Series([0] * 10)) == pytest.approx((0, 0.3 + 1.959964 * math.sqrt(0.3)), rel=1e-6)
    assert expected_left(pl.Series([1] * 6)) is None


def test_a_volume_before_and_after() -> None:
    """Twenty days of ten noisy alerts and two others; from the tenth day on only the others are left."""
    made = Made().add("r", 200, hours=480, host="noisy").add("r", 40, hours=480, host="other")
    created = DAY + timedelta(days=10)
    noisy = Exclusion("r", (Condition("host", "eq", "noisy"),))
    whole, picture = volumes(made.work, [(noisy, created)])
    table = whole.collect()
    assert table["day"].to_list() == [DAY + timedelta(days=n) for n in range(20)]
    assert table["alerts"].to_list() == [12] * 20
    assert table["left"].to_list() == [12] * 10 + [2] * 10
    assert table["expected_low"].null_count() == 10
    # Nine whole days of two.
    high = 2 + 1.959964 * math.sqrt(2 * (1 + 1 / 9))
    assert table["expected_high"].to_list()[10:] == pytest.approx([high] * 10, rel=1e-6)
    assert picture.explanation == "Predicted are 0 to 4.92 alerts a day; 0 of 10 days lie outside."
    drawn = of(picture.charts[0], picture.collect())
    assert drawn.colors == ("as raised", "without what is excluded")
    assert drawn.rows.filter(pl.col("high").is_not_null()).height == 10


def test_days_without_alerts_are_days() -> None:
    """A quiet rule's days count nothing, as long as the data goes on."""
    made = Made().add("quiet", 1, hours=1, host="a").add("loud", 10, hours=240)
    whole, _ = volumes(made.work, [(Exclusion("quiet"), DAY)])
    assert whole.collect()["alerts"].to_list() == [1] + [0] * 9


def test_no_prediction_without_days_before() -> None:
    """The words say it, and nothing is drawn as predicted; a day after the data has no row."""
    made = Made().add("r", 50, host="a")
    one = InForce(Exclusion("r"), "x", "us", DAY, date(2027, 1, 1), None)
    result = recheck(made.alerts, made.evidence, [one])
    assert "nothing is predicted" in result["volume_1"].explanation
    assert result["volume"].collect()["expected_high"].null_count() == 10
    assert [part.name for part in recheck(made.alerts, None, []).parts] == ["volume"]
    late = volumes(made.work, [(Exclusion("r"), date(2030, 1, 1))])
    assert [part.collect().height for part in late] == [0]
    assert [part.collect().height for part in volumes(made.work.before(START), [(Exclusion("r"), DAY)])] == [0]
