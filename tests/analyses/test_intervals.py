"""Intervals agree with published tables."""

from __future__ import annotations

import polars as pl
import pytest

from helpers import rows
from watchfloor.analyses.intervals import check_minimum, percent, ratio_of_halves, share, student, wilson, z_of
from watchfloor.errors import BadOption

Z = 1.959964


def ends(successes: list[float], n: list[float], z: float = Z) -> list[tuple[float | None, float | None]]:
    """Wilson's intervals, rounded as tables print them."""
    low, high = wilson(pl.col("k"), pl.col("n"), z)
    return pl.DataFrame({"k": successes, "n": n}).select(low.round(4), high.round(4).alias("high")).rows()


def test_wilson_agrees_with_published_tables() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3; and 0, 5 and 10 of 10."""
    assert ends([81, 15, 0, 1], [263, 148, 20, 29]) == [
        (0.2553, 0.3662),
        (0.0624, 0.1605),
        (0.0, 0.1611),
        (0.0061, 0.1718),
    ]
    assert ends([0, 5, 10], [10, 10, 10]) == [(0.0, 0.2775), (0.2366, 0.7634), (0.7225, 1.0)]


def test_wilson_ends_exactly_at_the_scale() -> None:
    """None of n begins at 0, all of n ends at 1, without a crumb of rounding."""
    low, high = wilson(pl.col("k"), pl.col("n"), Z)
    frame = pl.DataFrame({"k": [0, 3, 7_000_001], "n": [7, 3, 7_000_001]})
    assert frame.select(low.alias("low"))["low"][0] == 0.0
    assert frame.select(high.alias("high"))["high"].to_list()[1:] == [1.0, 1.0]


def test_wilson_of_nothing_is_null() -> None:
    """0 of 0, and unknown of anything."""
    low, high = wilson(pl.col("k"), pl.col("n"), Z)
    frame = pl.DataFrame({"k": [0, None], "n": [0, 5]}, schema={"k": pl.Int64, "n": pl.Int64})
    assert frame.select(low.alias("low"), high.alias("high")).rows() == [(None, None), (None, None)]


@pytest.mark.parametrize(("confidence", "z"), [(0.90, 1.6449), (0.95, 1.9600), (0.99, 2.5758)])
def test_standard_deviations_of_a_confidence(confidence: float, z: float) -> None:
    """Two-sided, as in every table."""
    assert z_of(confidence) == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize("confidence", [0, 1, 1.5, -0.2, float("nan")])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    """Everything else is refused."""
    with pytest.raises(BadOption, match="confidence"):
        z_of(confidence)


def test_a_minimum_is_at_least_1() -> None:
    """0 alerts give no rate."""
    assert check_minimum(1) == 1
    with pytest.raises(BadOption, match="minimum"):
        check_minimum(0)


def test_confidence_in_words() -> None:
    """Without useless digits."""
    assert [percent(0.95), percent(0.999), percent(0.5)] == ["95 %", "99.9 %", "50 %"]


def test_no_share_below_the_minimum() -> None:
    """9 of 9 say nothing where 10 are asked for."""
    frame = pl.LazyFrame({"k": [9, 5], "n": [9, 10]})
    columns = share("precision", pl.col("k"), pl.col("n"), minimum=10, z=Z)
    assert rows(frame.select(column.round(4) for column in columns)) == [
        {"precision": None, "precision_low": None, "precision_high": None},
        {"precision": 0.5, "precision_low": 0.2366, "precision_high": 0.7634},
    ]


def test_students_t_agrees_with_published_tables() -> None:
    """95 %, two-sided: within 1 % at 2 degrees of freedom, 0.2 % at 3, 0.1 % from 4 on."""
    table = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 30: 2.042}
    seen = pl.DataFrame({"df": list(table)}).select(student(Z, pl.col("df")))["literal"].to_list()
    for (df, t), mine in zip(table.items(), seen, strict=True):
        assert mine == pytest.approx(t, rel={2: 0.01, 3: 0.002}.get(df, 0.001)), df


def test_no_t_below_two_degrees() -> None:
    """One degree of freedom is too little for the expansion."""
    assert pl.DataFrame({"df": [0, 1]}).select(student(Z, pl.col("df")))["literal"].to_list() == [None, None]


def ratio(first: float, last: float, dispersion: float = 1.0, df: int = 1_000_000) -> tuple[float | None, float | None]:
    """The interval of one ratio."""
    low, high = ratio_of_halves(pl.col("first"), pl.col("last"), dispersion=pl.col("dispersion"), df=pl.col("df"), z=Z)
    frame = pl.DataFrame({"first": [first], "last": [last], "dispersion": [dispersion], "df": [df]})
    return frame.select(low.alias("low"), high.alias("high")).row(0)


def test_a_ratio_of_counts_by_hand() -> None:
    """5 before and 5 after: Wilson's 0.2366 to 0.7634 of 10, so 0.2366/0.7634 to its reciprocal."""
    low, high = ratio(5, 5)
    assert (low, high) == (pytest.approx(0.2366 / 0.7634, abs=2e-4), pytest.approx(0.7634 / 0.2366, abs=2e-3))


def test_turning_time_around_turns_the_ratio_around() -> None:
    """20 to 50 and 50 to 20 are reciprocal."""
    (low, high), (back_low, back_high) = ratio(20, 50), ratio(50, 20)
    assert low is not None and high is not None
    assert (1 / high, 1 / low) == (pytest.approx(back_low), pytest.approx(back_high))
    assert low < 2.5 < high


def test_bursts_and_few_days_widen_the_interval() -> None:
    """The same counts prove less when they came in bursts, or over few days."""
    calm, bursts, days = ratio(100, 150), ratio(100, 150, dispersion=9.0), ratio(100, 150, df=4)
    assert calm[0] is not None and bursts[0] is not None and days[0] is not None
    assert calm[0] > 1 > bursts[0]
    assert days[0] < calm[0]


def test_a_ratio_to_nothing_has_no_upper_end() -> None:
    """0 before, 20 after: at least so much more, without a limit; 0 after: at most so much."""
    low, high = ratio(0, 20)
    assert low is not None and low > 1 and high is None
    low, high = ratio(20, 0)
    assert low == 0.0 and high is not None and high < 1
