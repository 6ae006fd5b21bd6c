"""Which columns fit into a line."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from watchfloor.reports.fitting import fitted


def test_text_is_cut_before_a_column_is_left_out() -> None:
    """Numbers keep their width, text goes down to 20 characters, the rest is named."""
    frame = pl.DataFrame(
        {"path": ["p" * 50] * 2, "score": [1234567, 2], "rule": ["r" * 50] * 2, "host": ["h" * 30] * 2}
    )
    fit = fitted(frame, 60)
    assert [column.name for column in fit.columns] == ["path", "score", "rule"]
    assert fit.widths == (27, 9, 20)
    assert fit.left_out == ("host",)


def test_days_have_no_time_of_day() -> None:
    """A column of midnights is a column of days, with the zone in the heading."""
    fit = fitted(pl.DataFrame({"day": [datetime(2025, 10, 3, tzinfo=UTC), None]}), 80)
    assert (fit.columns[0].heading, fit.columns[0].values) == ("day (UTC)", ("2025-10-03", ""))


def test_one_column_always_fits() -> None:
    """Cut to the line."""
    assert fitted(pl.DataFrame({"path": ["p" * 50]}), 10).widths == (10,)
