"""The two halves of a conversation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from helpers import rows
from watchfloor.readers.flows.pairing import paired
from watchfloor.schemas import CONNECTIONS, LEDGER

BEGAN = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
CLIENT, SERVER = ("10.20.1.23", 50_100), ("203.0.113.50", 443)


def half(
    at: float, seconds: float, src: tuple[str, int | None], dst: tuple[str, int | None], size: int | None, **more: Any
) -> dict[str, Any]:
    """A record of one direction."""
    return {
        **{"time": BEGAN + timedelta(seconds=at), "duration_seconds": seconds, "proto": "tcp", "source": "a"},
        **{"src_ip": src[0], "src_port": src[1], "dst_ip": dst[0], "dst_port": dst[1], "orig_ip_bytes": size},
        **more,
    }


def talks(*records: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What they become: at, seconds, source, destination, bytes there and back, record."""
    numbered = [one | {"record": n} for n, one in enumerate(records, start=1)]
    connections = CONNECTIONS.fill(
        pl.DataFrame(numbered, schema_overrides=CONNECTIONS.schema, infer_schema_length=None)
    )
    found = paired({"connections": connections, "ledger": LEDGER.fill(pl.LazyFrame({"source": ["a"]}))})
    return [
        (
            (row["time"] - BEGAN).total_seconds(),
            row["duration_seconds"],
            (row["src_ip"], row["src_port"]),
            (row["dst_ip"], row["dst_port"]),
            row["orig_ip_bytes"],
            row["resp_ip_bytes"],
            row["record"],
        )
        for row in rows(found["connections"])
    ]


def test_halves_are_one() -> None:
    """In whatever order they were exported; it lasts from the first packet to the last."""
    there, back = half(0, 2, CLIENT, SERVER, 700), half(0.01, 3, SERVER, CLIENT, 9000)
    assert talks(there, back) == [(0, 3.01, CLIENT, SERVER, 700, 9000, 1)]
    assert talks(back, there) == [(0, 3.01, CLIENT, SERVER, 700, 9000, 1)]


def test_a_half_alone_stays() -> None:
    """What the other side sent is not known: null, not 0."""
    assert talks(half(0, 2, CLIENT, SERVER, 700)) == [(0, 2, CLIENT, SERVER, 700, None, 1)]
    with_another = talks(half(0, 2, CLIENT, SERVER, 700), half(9, 0, CLIENT, SERVER, 5), half(9, 0, SERVER, CLIENT, 6))
    assert with_another == [(0, 2, CLIENT, SERVER, 700, None, 1), (9, 0, CLIENT, SERVER, 5, 6, 2)]


def test_who_began() -> None:
    """The earlier one; where clocks cannot tell, the side of a well-known port serves."""
    high = ("203.0.113.50", 60_000)
    assert talks(half(0.5, 1, CLIENT, high, 1), half(0, 1, high, CLIENT, 2))[0][2] == high
    assert talks(half(0.5, 1, CLIENT, SERVER, 1), half(0, 1, SERVER, CLIENT, 2))[0][2] == CLIENT
    assert talks(half(5, 1, CLIENT, SERVER, 1), half(0, 9, SERVER, CLIENT, 2))[0][2] == SERVER
    assert talks(half(0, 1, high, CLIENT, 2), half(0, 1, CLIENT, high, 1))[0][2] == high


def test_what_the_active_timeout_cut_is_one() -> None:
    """A connection of three minutes, exported each minute; the same ports a minute later are another."""
    cut = [half(60 * n, 59.9, CLIENT, SERVER, 10) for n in range(3)]
    cut += [half(60 * n + 0.01, 59.9, SERVER, CLIENT, 100) for n in range(3)]
    assert talks(*cut, half(240, 1, CLIENT, SERVER, 1)) == [
        (0, 179.91, CLIENT, SERVER, 30, 300, 1),
        (240, 1, CLIENT, SERVER, 1, None, 7),
    ]


def test_what_several_exporters_saw_counts_once() -> None:
    """Each direction as the one that saw most of it, where routes differ too."""
    seen = [
        half(0, 1, CLIENT, SERVER, 700, sensor="r1"),
        half(0, 1, CLIENT, SERVER, 650, sensor="r2"),
        half(0, 1, SERVER, CLIENT, 9000, sensor="r2"),
    ]
    assert talks(*seen) == [(0, 1, CLIENT, SERVER, 700, 9000, 1)]


def test_records_of_both_directions_stay_as_they_are() -> None:
    """Also two at the same time between the same ends."""
    whole = half(0, 1, CLIENT, SERVER, 700, resp_ip_bytes=9000)
    assert [row[4:] for row in talks(whole, whole)] == [(700, 9000, 1), (700, 9000, 2)]


def test_other_ends_are_other_conversations() -> None:
    """Another port, another protocol; ends without ports, as ICMP has them, are paired too."""
    echo = {"proto": "icmp"}
    ends = ("10.20.1.23", None), ("203.0.113.50", None)
    found = talks(
        half(0, 1, CLIENT, SERVER, 1),
        half(0, 1, SERVER, ("10.20.1.23", 50_101), 2),
        half(0, 1, SERVER, CLIENT, 3, proto="udp"),
        half(0, 1, *ends, 4, **echo),
        half(0.1, 1, ends[1], ends[0], 5, **echo),
    )
    assert [row[4:6] for row in found] == [(1, None), (2, None), (3, None), (4, 5)]
    assert found[3][2] == ends[0]


def test_what_was_stopped_is_not_the_answer_of_what_passed() -> None:
    """A firewall that lets the request pass and not the answer: two rows, as it says."""
    there, back = half(0, 2, CLIENT, SERVER, 700, action="ACCEPT"), half(0, 3, SERVER, CLIENT, 90, action="REJECT")
    assert [row[2:6] for row in talks(there, back)] == [(CLIENT, SERVER, 700, None), (SERVER, CLIENT, 90, None)]
    passed = half(0, 3, SERVER, CLIENT, 90, action="ACCEPT")
    assert [row[2:6] for row in talks(there, passed)] == [(CLIENT, SERVER, 700, 90)]


def test_the_ledger_says_so() -> None:
    """How many records became how many conversations, by file."""
    records = [half(0, 1, CLIENT, SERVER, 1), half(0, 1, SERVER, CLIENT, 2) | {"source": "b"}]
    connections = CONNECTIONS.fill(pl.DataFrame(records, schema_overrides=CONNECTIONS.schema))
    ledger = LEDGER.fill(pl.LazyFrame({"source": ["a", "b", "c"], "notes": [None, "x", "y"]}))
    found = rows(paired({"connections": connections, "ledger": ledger})["ledger"])
    assert [row["notes"] for row in found] == [
        "1 records of one direction are 1 conversations: halves, and what the exporter cut, are put together",
        "x; 1 records of one direction are 0 conversations: halves, and what the exporter cut, are put together",
        "y",
    ]
