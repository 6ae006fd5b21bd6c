"""What a chart draws of a table, and what it says that it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from watchfloor.charts import Bars, Heat, Lines, Points
from watchfloor.charts.shape import of, title_of

DAY = datetime(2025, 10, 25, 22, tzinfo=UTC)


def test_bars_are_the_first_rows_and_the_note_counts_the_others() -> None:
    """Counts add up, so the others are summed."""
    table = pl.DataFrame({"rule": ["a", "b", "c", "d"], "alerts": [9, 5, 2, 1]})
    shape = of(Bars(x="alerts", y="rule", top=2), table)
    assert shape.rows.select("y", "x", "value", "tip").rows() == [
        ("a", 9.0, "9", "rule: a\nalerts: 9"),
        ("b", 5.0, "5", "rule: b\nalerts: 5"),
    ]
    assert shape.note == "The first 2 of 4; the other 2 have 3 together."


def test_scores_do_not_add_up() -> None:
    """A sum of scores means nothing, so none is given."""
    table = pl.DataFrame({"rule": ["a", "b"], "score": [0.9, 0.5], "max_score": [9, 5], "hosts": [2, 1]})
    for name in ("score", "max_score", "hosts"):
        assert of(Bars(x=name, y="rule", top=1), table).note == "The first 1 of 2."


def test_bars_of_one_name_stay_apart() -> None:
    """Two rows of one name are two bars."""
    table = pl.DataFrame({"rule": ["a", "a", None], "alerts": [2, 1, 1]})
    assert of(Bars(x="alerts", y="rule"), table).y.names == ("a", "a (2)", "(none)")


def test_a_bar_without_a_number_is_not_drawn() -> None:
    """A missing number is no bar of length zero."""
    table = pl.DataFrame({"rule": ["a", "b"], "precision": [None, 0.5], "low": [0.1, 0.4], "high": [0.9, 0.6]})
    shape = of(Bars(x="precision", y="rule", low="low", high="high"), table)
    assert shape.rows.select("y", "x", "low", "high", "edge", "value", "tip").rows() == [
        ("b", 0.5, 0.4, 0.6, 0.6, "50.0 %", "rule: b\nprecision: 50.0 %\ninterval: 40.0 % to 60.0 %")
    ]


def test_stacked_bars_have_the_total_at_their_end() -> None:
    """The name counts once towards the top, whatever number of categories it has."""
    table = pl.DataFrame(
        {"rule": ["a", "a", "b", "c"], "kind": ["x", "y", "y", "x"], "alerts": [3, 1, 2, 9]},
    )
    shape = of(Bars(x="alerts", y="rule", color="kind", top=2), table)
    assert shape.rows.select("y", "color", "x", "edge", "value").rows() == [
        ("a", "x", 3.0, 4.0, "4"),
        ("a", "y", 1.0, 4.0, None),
        ("b", "y", 2.0, 2.0, "2"),
    ]
    assert shape.colors == ("x", "y")
    assert shape.note == "The first 2 of 3; the other 1 have 9 together."


def test_seven_categories_become_six_and_others() -> None:
    """The largest have colours of their own, and nothing is lost from the sum."""
    table = pl.DataFrame({"rule": ["r"] * 8, "kind": list("abcdefgh"), "alerts": [8, 7, 6, 5, 4, 3, 2, 1]})
    shape = of(Bars(x="alerts", y="rule", color="kind"), table)
    assert shape.colors == ("a", "b", "c", "d", "e", "f", "other")
    assert shape.rows["x"].to_list() == [8, 7, 6, 5, 4, 3, 3]


def test_a_line_breaks_where_a_value_is_missing() -> None:
    """Null stays null, also where a line is summed by category."""
    days = [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]
    table = pl.DataFrame({"day": days, "client": ["a"] * 3, "alerts": [1, None, 3]})
    for chart in (Lines(x="day", y="alerts"), Lines(x="day", y="alerts", color="client")):
        assert of(chart, table).rows["y"].to_list() == [1, None, 3]


def test_the_axis_names_its_zone_and_shows_its_clock() -> None:
    """22:00 UTC is midnight in Paris: a day."""
    table = pl.DataFrame({"day": [DAY], "alerts": [3]})
    shape = of(Lines(x="day", y="alerts", zone="Europe/Paris"), table)
    assert (shape.x.title, shape.x.zone, shape.x.start) == (
        "day (Europe/Paris)",
        "Europe/Paris",
        DAY.timestamp() * 1000,
    )
    assert shape.rows["tip"].to_list() == ["day: 2025-10-26\nalerts: 3"] or "2025-10-26" in shape.rows["tip"][0]


def test_days_without_a_zone_have_none() -> None:
    """A date is a date everywhere."""
    table = pl.DataFrame({"day": [DAY.date()], "alerts": [3]})
    assert of(Lines(x="day", y="alerts", zone="Europe/Paris"), table).x.title == "day"


def test_many_steps_are_thinned_evenly() -> None:
    """The span stays, and the note says how many are drawn."""
    table = pl.DataFrame({"n": list(range(10_000)), "alerts": [1] * 10_000})
    shape = of(Lines(x="n", y="alerts"), table)
    assert shape.rows.height == 1_429
    assert shape.note == "1,429 of 10,000 steps are drawn, evenly chosen."


def test_points_of_a_table_that_is_never_in_memory() -> None:
    """A lazy frame of 3 million rows gives some two thousand marks, by chance, the same each time."""
    table = pl.LazyFrame().select(x=pl.int_range(3_000_000)).with_columns(y=pl.col("x") % 7)
    shape = of(Points(x="x", y="y"), table)
    assert 1_900 < shape.rows.height < 2_100
    assert shape.rows["x"].max() > 2_990_000  # type: ignore[operator]
    assert shape.rows["y"].n_unique() == 7
    assert shape.note == f"{shape.rows.height:,} of 3,000,000 rows are drawn, chosen by chance."
    assert of(Points(x="x", y="y"), table).rows.equals(shape.rows)


def test_points_say_what_they_are() -> None:
    """The tooltip has the columns that were asked for, times by the clock of the zone."""
    table = pl.DataFrame({"time": [DAY], "host": ["a\x1b[2J"], "message": [None], "user": ["root"]})
    shape = of(Points(x="time", y="host", tooltip=("message", "user"), zone="Europe/Paris"), table)
    assert shape.rows["tip"].to_list() == ["time: 2025-10-26 00:00:00 +0200\nhost: a␛[2J\nuser: root"]
    assert shape.y.names == ("a␛[2J",)


def test_numbers_in_the_unit_that_suits_them() -> None:
    """Seconds become hours, bytes become megabytes, and the axis says so."""
    table = pl.DataFrame({"host": ["a"], "duration_seconds": [7_200.0], "orig_bytes": [3_000_000]})
    hours = of(Bars(x="duration_seconds", y="host"), table)
    assert (hours.x.title, hours.rows["x"].to_list(), hours.rows["value"].to_list()) == (
        "duration (hours)",
        [2.0],
        ["2 h 00 min"],
    )
    assert of(Bars(x="orig_bytes", y="host"), table).x.title == "orig bytes (MB)"


def test_a_grid_keeps_its_order_and_has_round_steps() -> None:
    """Names in the order of the table, numbers in theirs; colours change at round amounts."""
    table = pl.DataFrame({"weekday": ["Tue", "Mon", "Mon"], "hour": [10, 9, 10], "alerts": [33, 1, None]})
    shape = of(Heat(x="hour", y="weekday", color="alerts"), table)
    assert (shape.x.names, shape.y.names) == (("9", "10"), ("Tue", "Mon"))
    assert shape.breaks == (5, 10, 15, 20, 25, 30)
    assert shape.rows.select("x", "y", "color").rows() == [("10", "Tue", 33.0), ("9", "Mon", 1.0)]


def test_a_line_has_its_band() -> None:
    """Both ends belong to the line, are on its axis, and are missing where nothing is known."""
    table = pl.DataFrame({"day": [1, 2], "alerts": [4, 5], "low": [None, 2.0], "high": [None, 9.0]})
    shape = of(Lines(x="day", y="alerts", low="low", high="high"), table)
    assert shape.rows.select("y", "low", "high", "tip").rows() == [
        (4.0, None, None, "day: 1\nalerts: 4"),
        (5.0, 2.0, 9.0, "day: 2\nalerts: 5\ninterval: 2 to 9"),
    ]
    assert shape.y.end == 9


@pytest.mark.parametrize(
    ("largest", "breaks"),
    [
        (1.0, (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)),
        (0.5, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
        (0.0, (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)),
    ],
)
def test_the_colours_of_a_share_end_at_the_whole(largest: float, breaks: tuple[float, ...]) -> None:
    """Round percents, none of them above 100."""
    table = pl.DataFrame({"hour": [1, 2], "rule": ["a", "b"], "share": [largest, 0.0]})
    shape = of(Heat(x="hour", y="rule", color="share"), table)
    assert (shape.breaks, shape.color_format) == (pytest.approx(breaks), "~%")


@pytest.mark.parametrize(
    ("chart", "title"),
    [
        (Bars(x="alerts", y="rule"), "Alerts by rule"),
        (Lines(x="first_time", y="alerts"), "Alerts over first time"),
        (Heat(x="hour", y="day", color="alerts"), "Alerts by day and hour"),
        (Points(x="a", y="b"), "B and a"),
        (Bars(x="a", y="b", title="Given\x07"), "Given␇"),
    ],
)
def test_titles(chart: Bars | Lines | Heat | Points, title: str) -> None:
    """Given, or in the words of the columns."""
    assert title_of(chart) == title


def test_what_an_analysis_put_together_stands_last() -> None:
    """Whatever its size, the rest is not a category among others."""
    table = pl.DataFrame({"rule": ["a", "all other rules", "b"], "day": [1, 1, 1], "alerts": [1, 99, 2]})
    assert of(Lines(x="day", y="alerts", color="rule"), table).colors == ("b", "a", "all other rules")


@pytest.mark.parametrize(
    ("times", "names"),
    [
        ([DAY, DAY + timedelta(hours=1)], ("22:00", "23:00")),
        ([DAY, DAY + timedelta(days=1)], ("25 Oct 22:00", "26 Oct 22:00")),
        ([DAY.replace(hour=0), DAY.replace(hour=0) + timedelta(days=1)], ("25 Oct", "26 Oct")),
        ([DAY.date(), DAY.date() + timedelta(days=365)], ("25 Oct 2025", "25 Oct 2026")),
        ([DAY, DAY + timedelta(seconds=1)], ("2025-10-25 22:00:00", "2025-10-25 22:00:01")),
    ],
)
def test_times_above_a_grid_are_as_short_as_they_can_be(times: list[datetime], names: tuple[str, ...]) -> None:
    """And never two alike."""
    table = pl.DataFrame({"time": times, "host": ["a"] * 2, "alerts": [1, 2]})
    assert of(Heat(x="time", y="host", color="alerts"), table).x.names == names
