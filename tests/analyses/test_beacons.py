"""Who calls home: the question around RITA's scores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from helpers import table
from watchfloor.analyses.beacons import beacons
from watchfloor.errors import BadOption, SchemaError
from watchfloor.schemas import CONNECTIONS

MIDNIGHT = datetime(2026, 1, 2, tzinfo=UTC)


def beat(src: str, dst: str, *, n: int = 1440, every: float = 60, still_open: bool = False) -> pl.LazyFrame:
    """Connections of one pair at equal distances, each of 300 bytes."""
    return table(
        CONNECTIONS,
        time=[MIDNIGHT + timedelta(seconds=every * k) for k in range(n)],
        src_ip=[src] * n,
        dst_ip=[dst] * n,
        dst_port=[443] * n,
        orig_ip_bytes=[300] * n,
        duration_seconds=[0.5] * n,
        still_open=[still_open] * n,
    )


def test_a_perfect_beat_over_a_day_scores_one() -> None:
    """Equal gaps and sizes, every hour alike: each of the four parts is 1 by its formula."""
    [row] = beacons(beat("10.0.0.5", "198.51.100.9")).collect().to_dicts()
    parts = ("beacon_score", "ts_score", "ds_score", "dur_score", "hist_score", "score")
    assert {name: row[name] for name in parts} == dict.fromkeys(parts, 1.0)
    assert (row["rank"], row["connections"], row["unique_seconds"], row["interval_seconds"]) == (1, 1440, 1440, 60.0)
    assert (row["name"], row["dst_port"], row["total_duration_seconds"]) == (None, 443, 720.0)
    assert "every" in row["why"]


def test_pairs_inside_the_network_are_left_out_unless_asked_for() -> None:
    """And so is what comes in from outside."""
    rows = pl.concat([beat("10.0.0.5", "10.0.0.9"), beat("198.51.100.9", "10.0.0.5"), beat("10.0.0.5", "198.51.100.9")])
    assert beacons(rows).collect().select("src_ip", "dst_ip").rows() == [("10.0.0.5", "198.51.100.9")]
    assert beacons(rows, every_pair=True).collect().height == 3


def test_open_connections_and_few_calls_make_no_beacon() -> None:
    """Closed rows only, in at least four distinct seconds."""
    few = beat("10.0.0.5", "198.51.100.9", n=3)
    opened = beat("10.0.0.6", "198.51.100.9", still_open=True)
    assert beacons(pl.concat([few, opened, beat("10.0.0.7", "198.51.100.9")])).collect()["src_ip"].to_list() == [
        "10.0.0.7"
    ]


def test_the_order_of_rows_does_not_matter() -> None:
    """Nothing is taken for sorted."""
    rows = pl.concat([beat("10.0.0.5", "198.51.100.9"), beat("10.0.0.6", "198.51.100.9", every=61.5, n=1400)])
    assert beacons(rows).collect().equals(beacons(rows.reverse()).collect())


def test_what_cannot_be_asked_is_said() -> None:
    """The hint lists what can."""
    with pytest.raises(BadOption, match="magic") as error:
        beacons(CONNECTIONS.empty(), score="magic")
    assert "rita" in error.value.hint
    with pytest.raises(SchemaError):
        beacons(pl.LazyFrame({"x": [1]}))


def test_nothing_in_nothing_out() -> None:
    """An empty table is an answer without rows."""
    assert beacons(CONNECTIONS.empty()).collect().height == 0
