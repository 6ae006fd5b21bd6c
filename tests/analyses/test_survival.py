"""Kaplan and Meier's curve agrees with published results, with exact fractions, and with hand computation."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import rows
from properties import examples
from watchfloor.analyses.survival import curve, quantile, restricted_mean, still_running

Z = 1.959964
DRUG = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
"""Weeks until relapse of 42 children (Freireich et al., Blood 21, 1963), + for censored: the textbooks' example."""


def cases(**groups: str) -> pl.LazyFrame:
    """Cases of days, those with a + still running."""
    return pl.LazyFrame(
        [
            {"group": name, "waited": timedelta(days=int(text.rstrip("+"))), "done": not text.endswith("+")}
            for name, texts in groups.items()
            for text in texts.split()
        ],
        schema={"group": pl.String, "waited": pl.Duration("us"), "done": pl.Boolean},
    )


def days(frame: pl.LazyFrame) -> list[tuple[object, ...]]:
    """Rows with durations as whole days, in order of their group."""
    table = frame.collect()
    whole = [pl.col(name).dt.total_days() for name, dtype in table.schema.items() if dtype == pl.Duration]
    return table.with_columns(whole).sort(table.columns[0]).rows()


def test_the_textbooks_curve() -> None:
    """Survival and its standard error as SAS, Stata and the textbooks print them."""
    drug = curve(cases(drug=DRUG), "group").with_columns(error=pl.col("survival") * pl.col("greenwood").sqrt())
    assert days(drug.select("waited", "at_risk", "done", pl.col("survival", "error").round(4))) == [
        (6, 21, 3, 0.8571, 0.0764),
        (7, 17, 1, 0.8067, 0.0869),
        (10, 15, 1, 0.7529, 0.0963),
        (13, 12, 1, 0.6902, 0.1068),
        (16, 11, 1, 0.6275, 0.1141),
        (22, 7, 1, 0.5378, 0.1282),
        (23, 6, 1, 0.4482, 0.1346),
    ]


def test_the_textbooks_medians_with_their_intervals() -> None:
    """Log-log intervals: 23 weeks (13 to not reached) with the drug, 8 (4 to 11) without."""
    both = curve(cases(drug=DRUG, placebo=PLACEBO), "group")
    assert days(quantile(both, Fraction(1, 2), "group", z=Z)) == [("drug", 23, 13, None), ("placebo", 8, 4, 11)]


def test_the_share_still_running_with_its_interval() -> None:
    """After 10 weeks 0.7529, as Stata prints it: 0.5032 to 0.8894."""
    given_cases = cases(drug=DRUG)
    shares = still_running(curve(given_cases), given_cases, timedelta(days=10), z=Z)
    assert rows(shares.select(pl.all().round(4))) == [{"share": 0.7529, "low": 0.5032, "high": 0.8894}]


def test_without_groups_there_is_one_row() -> None:
    """Also of no case at all: nothing is known."""
    nothing = cases()
    assert days(quantile(curve(nothing), Fraction(1, 2), z=Z)) == [(None, None, None)]
    assert rows(restricted_mean(curve(nothing), nothing, timedelta(days=1))) == [{"mean_seconds": None}]
    assert rows(still_running(curve(nothing), nothing, timedelta(days=1), z=Z)) == [
        {"share": None, "low": None, "high": None}
    ]


def test_a_median_that_floats_miss() -> None:
    """Of 24 cases done one a day, 12 are left after the 12th: exactly half, where the product of floats is above it."""
    one_a_day = curve(cases(a=" ".join(str(day) for day in range(1, 25))))
    above = one_a_day.filter(pl.col("waited") == timedelta(days=12)).select("survival").collect().item()
    assert above > 0.5
    assert days(quantile(one_a_day, Fraction(1, 2), z=Z).select("waited")) == [(12,)]


def test_where_nobody_is_done_nothing_is_reached() -> None:
    """All are still running: no quantile; the share that runs is 1 as long as they were followed, then unknown."""
    running = cases(a="5+ 9+")
    assert days(quantile(curve(running), Fraction(1, 2), z=Z)) == [(None, None, None)]
    for after, share in ((9, 1.0), (10, None)):
        assert rows(still_running(curve(running), running, timedelta(days=after), z=Z).select("share")) == [
            {"share": share}
        ]


def test_mean_within_a_limit_by_hand() -> None:
    """1 done after 1 day, 1 after 3, 1 running for 4: area to 4 days = 1 + 2 * 2/3 + 1 * 1/3 days."""
    three = cases(a="1 3 4+")
    seconds = rows(restricted_mean(curve(three), three, timedelta(days=4)))[0]["mean_seconds"]
    assert seconds == pytest.approx(86_400 * (1 + 4 / 3 + 1 / 3))
    assert rows(restricted_mean(curve(three), three, timedelta(days=5))) == [{"mean_seconds": None}]


def test_mean_is_known_beyond_the_last_case_when_none_is_left() -> None:
    """All done after 2 days: nobody waits longer, whatever the limit."""
    two = cases(a="1 2")
    assert rows(restricted_mean(curve(two), two, timedelta(days=30))) == [{"mean_seconds": 86_400 * 1.5}]


def test_a_group_without_a_name_is_a_group() -> None:
    """Null is kept apart from the others, not dropped."""
    mixed = cases(a="1 2 3", b="7 8 9").with_columns(
        pl.when(pl.col("group") == "a").then(pl.col("group")).alias("group")
    )
    medians = quantile(curve(mixed, "group"), Fraction(1, 2), "group", z=Z)
    assert days(medians.select("group", "waited")) == [(None, 8), ("a", 2)]
    means = restricted_mean(curve(mixed, "group"), mixed, timedelta(days=30), "group")
    assert dict(means.select("group", pl.col("mean_seconds") / 86_400).collect().rows()) == {None: 8.0, "a": 2.0}


def by_fractions(durations: list[tuple[int, bool]], done: Fraction) -> int | None:
    """The quantile by the definition, in whole numbers."""
    survival = Fraction(1)
    for time in sorted({time for time, _ in durations}):
        at_risk = sum(other >= time for other, _ in durations)
        ended = sum(other == time and end for other, end in durations)
        survival *= Fraction(at_risk - ended, at_risk)
        if ended and survival <= 1 - done:
            return time
    return None


@examples(60)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(1, 3), Fraction(3, 4)]),
)
def test_quantiles_are_exact(durations: list[tuple[int, bool]], done: Fraction) -> None:
    """As by fractions, also where survival equals the limit."""
    frame = pl.LazyFrame(
        {"waited": [timedelta(days=time) for time, _ in durations], "done": [end for _, end in durations]},
        schema={"waited": pl.Duration("us"), "done": pl.Boolean},
    )
    assert days(quantile(curve(frame), done, z=Z).select("waited")) == [(by_fractions(durations, done),)]
