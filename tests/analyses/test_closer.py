"""Closer looks: every query of a client and domain, every connection of a pair, and charts that can be drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers import rows, table
from watchfloor.analyses.dns_tunnels import dns_tunnels
from watchfloor.analyses.long_connections import long_connections
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)


def test_names_of_one_client(tmp_path: Path) -> None:
    """All of its queries of the domain in their order, and how long what stands before it is; no other client's."""
    names = [f"{'x' * n}.t.example" for n in range(1, 31)]
    frame = table(
        DNS_QUERIES,
        time=[NOON + timedelta(minutes=n) for n in range(60)],
        src_ip=["10.0.0.1"] * 30 + ["10.0.0.2"] * 30,
        query=[*names, *(f"y{name}" for name in names)],
        query_type=["TXT", "A", "A"] * 20,
    )
    answer = dns_tunnels({"dns_queries": frame})
    rank = next(row["rank"] for row in rows(answer.table) if row["src_ip"] == "10.0.0.1")
    picture = answer.picture(rank)
    assert (picture.title, picture.explanation) == ("10.0.0.1 → t.example", f"{answer.why(rank)}.")
    shown = rows(picture.table)
    assert [(row["query"], row["characters"]) for row in shown] == [(name, n) for n, name in enumerate(names, 1)]
    assert rows(picture["types"].table) == [
        {"query_type": "A", "queries": 20, "names": 20},
        {"query_type": "TXT", "queries": 10, "names": 10},
    ]
    assert [row["names"] for row in rows(picture["pace"].table)] == [10, 10, 10]
    assert "<svg" in picture.save(tmp_path / "x.html").read_text()


def test_connections_of_one_pair(tmp_path: Path) -> None:
    """In their order, with their ports and whether they are still open; no other pair's."""
    frame = table(
        CONNECTIONS,
        time=[NOON + timedelta(hours=hour) for hour in (4, 0, 1)],
        uid=["C3", "C1", "C2"],
        src_ip=["10.0.0.1"] * 3,
        dst_ip=["198.51.100.1", "198.51.100.1", "198.51.100.2"],
        src_port=[40_003, 40_001, 40_002],
        dst_port=[443, 443, 22],
        proto=["tcp"] * 3,
        duration_seconds=[5_000.0, 9_000.0, 4_000.0],
        still_open=[True, False, False],
    )
    picture = long_connections({"connections": frame}).picture(1)
    assert picture.title == "10.0.0.1 → 198.51.100.1"
    assert [(row["uid"], row["flow"], row["state"]) for row in rows(picture.table)] == [
        ("C1", "40001 → 443", "ended"),
        ("C3", "40003 → 443", "still open"),
    ]
    assert "<svg" in picture.save(tmp_path / "x.html").read_text()
