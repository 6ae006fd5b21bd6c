"""RITA-J's formulas, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import rows, table
from watchfloor.analyses.ritaj import group_scores, rita_j
from watchfloor.errors import BadOption
from watchfloor.schemas import HTTP_REQUESTS

START = datetime(2025, 10, 3, tzinfo=UTC)


def requests(seconds: list[float], sizes: list[int | None] | None = None, **same: Any) -> pl.LazyFrame:
    """Requests of one group at these seconds."""
    values = {"src_ip": "10.0.0.1", "dst_ip": "198.51.100.1", "host": "a.example", "dst_port": 80, "method": "GET"}
    number = len(seconds)
    return table(
        HTTP_REQUESTS,
        time=[START + timedelta(seconds=second) for second in seconds],
        orig_bytes=sizes or [0] * number,
        **{name: [value] * number for name, value in (values | same).items()},
    )


def only(frame: pl.LazyFrame) -> dict[str, Any]:
    [row] = rows(group_scores(frame))
    return row


def test_a_strict_beat_scores_1() -> None:
    """Every 90 s and nothing sent: all six parts are 1."""
    row = only(requests([90 * n for n in range(30)]))
    assert (row["score"], row["ts_score"], row["ds_score"], row["connections"]) == (1.0, 1.0, 1.0, 30)
    assert (row["expected_connections"], row["interval_seconds"]) == (29.0, 90.0)


def test_quantiles_lie_between_values() -> None:
    """21 sizes 0, 100, .. 2000: P20 = 400, P50 = 1000, P80 = 1600: no skew.

    Deviations 0, 100, 100, 200, 200, ..: median 500, so 1 - 500/128 is 0; smallness 1 - 1000/8192.
    """
    row = only(requests([90 * n for n in range(21)], [100 * n for n in range(21)]))
    assert (row["ds_skew_score"], row["ds_mad_score"], row["ds_mad_bytes"]) == (1.0, 0.0, 500.0)
    assert row["ds_smallness_score"] == 1 - 1000 / 8192
    assert row["ds_score"] == pytest.approx((1 + 0 + 1 - 1000 / 8192) / 3)


def test_intervals_are_skewed() -> None:
    """20 intervals: 10 of 0 s, 5 of 10 s, 5 of 100 s: P20 0, P50 5 (between 0 and 10), P80 28.

    Position 0.8 * 19 = 15.2 lies between 10 (14th from 0) and 100: the 15th and 16th are 100, so P80 is 100.
    Skew (0 + 100 - 10) / 100 = 0.9. Deviations from 5: 5 fifteen times, 95 five times: MAD 5, 1 - 5/30.
    The span of 550 s expects 6.11 requests.
    """
    gaps = [0] * 10 + [10] * 5 + [100] * 5
    row = only(requests([sum(gaps[:n]) for n in range(21)]))
    assert row["ts_skew"] == pytest.approx(0.9)
    assert row["ts_skew_score"] == pytest.approx(0.1)
    assert row["ts_mad_score"] == pytest.approx(25 / 30)
    assert (row["ts_count_score"], row["expected_connections"]) == (1.0, 550 / 90)
    assert row["ts_score"] == pytest.approx((0.1 + 25 / 30 + 1) / 3)


def test_intervals_wrap_at_a_day_and_lose_their_fraction() -> None:
    """25 hours and 0.9 s count as one hour; so does the span of all."""
    row = only(requests([(90_000.9) * n for n in range(22)]))
    assert row["interval_seconds"] == 3_600.0
    span = 90_000.9 * 21 % 86_400 // 1
    assert row["expected_connections"] == span / 90
    assert row["ts_count_score"] == min(1.0, 22 / (span / 90))


def test_requests_of_one_second_are_as_many_as_expected() -> None:
    """No span expects no request."""
    assert only(requests([5] * 21))["score"] == 1.0


def test_a_group_needs_more_than_20_requests_and_all_five_parts() -> None:
    """21 are enough; one without a host is in no group."""
    frame = pl.concat(
        [
            requests([90 * n for n in range(20)]),
            requests([90 * n for n in range(21)], method="POST"),
            requests([90 * n for n in range(30)], host=None),
        ]
    )
    assert [row["method"] for row in rows(group_scores(frame))] == ["POST"]


def test_sizes_that_are_not_known_give_no_score() -> None:
    """Last in the table, and told."""
    frame = pl.concat(
        [
            requests([90 * n for n in range(21)], [None] + [1] * 20, host="b.example"),
            requests([90 * n for n in range(21)]),
        ]
    )
    result = rita_j(frame)
    assert result.collect().select("rank", "name", "score").rows() == [(1, "a.example", 1.0), (2, "b.example", None)]
    assert "1 groups have requests without a size" in result.explanation
    assert result["best"].collect()["group"][0] == "10.0.0.1 → 198.51.100.1 GET a.example:80"


def test_a_parameter_that_means_nothing_is_refused() -> None:
    """With what the notebook has."""
    with pytest.raises(BadOption, match="least=1"):
        rita_j(requests([1]), least=1)
