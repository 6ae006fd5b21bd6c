"""Long connections: one per uid in its last state, summed per pair, scored as RITA does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchfloor as wf
from helpers import rows, table
from properties import examples
from watchfloor.analyses.long_connections import COLUMNS, long_connections
from watchfloor.errors import BadOption, NothingToRead
from watchfloor.schemas import CONNECTIONS, HTTP_REQUESTS, TLS_SESSIONS, Tables

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
HOME, SERVER, PROXY = "10.0.0.1", "198.51.100.1", "10.0.0.9"
HOUR = 3_600.0


def records(*said: dict[str, Any]) -> pl.LazyFrame:
    """Connections from home to a server over port 443; `at` is in seconds after noon."""
    usual = {"src_ip": HOME, "dst_ip": SERVER, "src_port": 50_000, "dst_port": 443, "proto": "tcp", "still_open": False}
    whole = [usual | {"uid": f"C{n}", "at": 0.0} | one for n, one in enumerate(said)]
    times = [NOON + timedelta(seconds=one.pop("at")) for one in whole]
    names = sorted({name for one in whole for name in one})
    return table(CONNECTIONS, time=times, **{name: [one.get(name) for one in whole] for name in names})


def asked(*said: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return rows(long_connections({"connections": records(*said)}, **more).table)


@pytest.mark.parametrize(
    ("seconds", "score", "severity"),
    [
        (3_600.0, 0.2, "low"),
        (9_000.0, 0.3, "low"),
        (14_400.0, 0.4, "medium"),
        (21_600.0, 0.5, "medium"),
        (28_800.0, 0.6, "high"),
        (43_200.0, 0.8, "high"),
        (200_000.0, 0.8, "high"),
    ],
)
def test_the_score_is_that_of_rita(seconds: float, score: float, severity: str) -> None:
    """0.2, 0.4, 0.6 and 0.8 at 1, 4, 8 and 12 hours, and straight lines between them."""
    [row] = asked({"duration_seconds": seconds})
    assert (row["score"], row["severity"]) == (pytest.approx(score), severity)


def test_below_an_hour_there_is_no_row() -> None:
    """But its connections are counted."""
    answer = long_connections({"connections": records({"duration_seconds": 3_599.0})})
    assert rows(answer.table) == []
    assert rows(answer["left_out"].table) == [
        {"reason": "of pairs that are too short, all connections together", "connections": 1}
    ]


def test_a_connection_that_was_logged_several_times_counts_once() -> None:
    """Two states while it was open, then its end: the end counts, in whatever order they come."""
    states = [
        {"uid": "A", "still_open": True, "duration_seconds": 1 * HOUR, "orig_bytes": 10, "resp_bytes": 1},
        {"uid": "A", "still_open": False, "duration_seconds": 3 * HOUR, "orig_bytes": 30, "resp_bytes": 3},
        {"uid": "A", "still_open": True, "duration_seconds": 2 * HOUR, "orig_bytes": 20, "resp_bytes": 2},
    ]
    for order in (states, states[::-1]):
        [row] = asked(*order)
        seen = [row[name] for name in ("connections", "open_connections", "total_duration_seconds", "total_bytes")]
        assert seen == [1, 0, 3 * HOUR, 33]
        assert row["repeated_records"] == 2


def test_of_one_that_stays_open_the_latest_state_counts() -> None:
    """The one that lasted longest."""
    [row] = asked(
        {"uid": "A", "still_open": True, "duration_seconds": 2 * HOUR},
        {"uid": "A", "still_open": True, "duration_seconds": 5 * HOUR},
    )
    assert (row["connections"], row["open_connections"], row["total_duration_seconds"]) == (1, 1, 5 * HOUR)
    assert row["why"] == "one connection of 5 h, still open"


def test_one_uid_of_two_pairs_is_two_connections() -> None:
    """Two sensors may give out the same id."""
    found = asked(
        {"uid": "A", "duration_seconds": 2 * HOUR}, {"uid": "A", "dst_ip": "198.51.100.2", "duration_seconds": HOUR}
    )
    assert [row["total_duration_seconds"] for row in found] == [2 * HOUR, HOUR]


def test_records_without_a_uid_are_connections_of_their_own() -> None:
    """Nothing says that they are the same."""
    [row] = asked({"uid": None, "duration_seconds": HOUR}, {"uid": None, "duration_seconds": HOUR})
    assert (row["connections"], row["total_duration_seconds"]) == (2, 2 * HOUR)


def test_split_connections_are_one_session() -> None:
    """Half an hour each, one after another on the same ports: three hours; the gap of five minutes ends a session."""
    pieces = [{"at": 1_800.0 * n, "duration_seconds": 1_795.0} for n in range(6)]
    [row] = asked(*pieces, {"at": 6 * 1_800.0 + 300, "duration_seconds": 60.0})
    assert (row["connections"], row["sessions"]) == (7, 2)
    assert row["longest_seconds"] == 5 * 1_800 + 1_795
    assert row["occupied_seconds"] == row["total_duration_seconds"] == 6 * 1_795 + 60
    assert "the longest session 3 h, split into several connections of one flow" in row["why"]


def test_parallel_connections_add_up_and_it_is_said() -> None:
    """Four of an hour at the same time score as four hours, but occupy one."""
    [row] = asked(*({"src_port": 50_000 + n, "duration_seconds": HOUR} for n in range(4)))
    assert (row["total_duration_seconds"], row["occupied_seconds"], row["sessions"]) == (4 * HOUR, HOUR, 4)
    assert row["why"] == "4 h in 4 connections, the longest session 60 min, in parallel: at least one open for 60 min"


def test_the_window_holds_what_was_open_in_it() -> None:
    """A connection of two days that ended lately is in, with its whole length; one that ended before is out."""
    two_days = {"at": -48 * HOUR, "duration_seconds": 47 * HOUR}
    old = {"at": -60 * HOUR, "duration_seconds": 10 * HOUR, "dst_ip": "198.51.100.2"}
    last = {"duration_seconds": 1.0, "dst_ip": "198.51.100.3"}
    assert [row["total_duration_seconds"] for row in asked(two_days, old, last)] == [47 * HOUR]
    assert len(asked(two_days, old, last, window="all")) == 2


@pytest.mark.parametrize(
    ("src", "dst", "why"),
    [
        (HOME, "10.9.9.9", "between two internal addresses"),
        (SERVER, HOME, "from outside to inside"),
        (SERVER, "192.0.2.1", "between two external addresses"),
        (HOME, "a name", "without a time or an address"),
        (HOME, None, "without a time or an address"),
    ],
)
def test_pairs_that_are_left_out_are_counted(src: str, dst: str | None, why: str) -> None:
    """By RITA's filters."""
    one = {"src_ip": src, "dst_ip": dst, "duration_seconds": 9 * HOUR}
    answer = long_connections({"connections": records(one)})
    assert rows(answer["left_out"].table) == [{"reason": why, "connections": 1}]
    assert len(asked(one, every_pair=True)) == (dst is not None)


def test_names_come_from_tls_and_hosts() -> None:
    """Of the longest connection that has one."""
    tables: Tables = {
        "connections": records({"duration_seconds": HOUR}, {"duration_seconds": 2 * HOUR}, {"duration_seconds": 9.0}),
        "tls_sessions": table(TLS_SESSIONS, uid=["C0"], src_ip=[HOME], server_name=["short.example.org"]),
        "http_requests": table(HTTP_REQUESTS, uid=["C1"], src_ip=[HOME], host=["Long.example.org:8080"]),
    }
    [row] = rows(long_connections(tables).table)
    assert (row["name"], row["pair"]) == ("long.example.org", f"{HOME} → long.example.org")


def test_through_a_proxy() -> None:
    """The proxy stands inside; what it was asked to connect to is the name, one row for each."""
    tables: Tables = {
        "connections": records(
            *({"dst_ip": PROXY, "dst_port": 3128, "duration_seconds": (2 + n) * HOUR} for n in range(3))
        ),
        "http_requests": table(
            HTTP_REQUESTS,
            uid=["C0", "C1"],
            src_ip=[HOME, HOME],
            method=["CONNECT", "CONNECT"],
            host=["a.example.org:443", None],
            url=["a.example.org:443", "[2001:db8::1]:443"],
        ),
    }
    found = rows(long_connections(tables).table)
    assert [(row["name"], row["proxied"], row["total_duration_seconds"]) for row in found] == [
        ("[2001:db8::1]", True, 3 * HOUR),
        ("a.example.org", True, 2 * HOUR),
    ]
    assert found[0]["why"] == f"one connection of 3 h, through the proxy {PROXY}"


def test_hostile_values_break_nothing() -> None:
    """Negative, endless and missing durations, names with control characters."""
    found = asked(
        {"duration_seconds": -5.0},
        {"duration_seconds": float("nan")},
        {"duration_seconds": float("inf"), "dst_ip": "198.51.100.7"},
        {"duration_seconds": None},
        {"duration_seconds": 1e300, "uid": "\x00\r\n", "proto": "\x1b[2J"},
        {"duration_seconds": HOUR, "src_port": None},
        window="all",
    )
    assert {row["dst_ip"] for row in found} <= {SERVER, "198.51.100.7"}


def test_nothing_is_an_answer_too() -> None:
    """No connections, no rows; the columns are those that are documented."""
    answer = long_connections({"connections": CONNECTIONS.empty()})
    assert answer.collect().columns == list(COLUMNS)
    assert answer.collect().is_empty()
    for part in answer.parts:
        part.collect()


@pytest.mark.parametrize("said", [{"top": 0}, {"join_seconds": -1}, {"window": "soon"}, {"config": "mine"}])
def test_values_that_mean_nothing(said: dict[str, Any]) -> None:
    """Are said to mean nothing."""
    with pytest.raises(BadOption):
        asked({"duration_seconds": HOUR}, **said)


def test_by_the_door(tmp_path: Path) -> None:
    """From frames and from tables; what holds no connections says so."""
    frame = records({"duration_seconds": 5 * HOUR}).collect()
    assert wf.long_connections(frame).collect()["score"].to_list() == [0.45]
    assert wf.long_connections(frame).provenance.question == "long_connections"
    with pytest.raises(NothingToRead):
        wf.long_connections({"tls_sessions": TLS_SESSIONS.empty()})


@examples(40)
@given(
    spans=st.lists(
        st.tuples(st.integers(0, 20_000), st.integers(0, 9_000), st.sampled_from([1, 2]), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    order=st.randoms(use_true_random=False),
)
def test_sums_and_unions_by_hand(spans: list[tuple[int, int, int, bool]], order: random.Random) -> None:
    """Whatever the order of records: the sum, the seconds with any open, the longest chain of one flow."""
    said = [
        {"uid": f"U{n}", "at": float(at), "duration_seconds": float(long), "src_port": port, "still_open": still}
        for n, (at, long, port, still) in enumerate(spans)
    ]
    order.shuffle(said)
    total = sum(long for _, long, _, _ in spans)
    found = asked(*said, window="all")
    assert len(found) == (total >= 3_600)
    if not found:
        return
    [row] = found
    covered = {second for at, long, _, _ in spans for second in range(at, at + long)}
    assert (row["total_duration_seconds"], row["occupied_seconds"]) == (total, len(covered))
    assert row["open_connections"] == sum(still for *_, still in spans)
    longest, sessions = 0, 0
    for port in (1, 2):
        first = last = None
        for at, long, _, _ in sorted(span for span in spans if span[2] == port):
            if last is None or at - last > 60:
                first, last, sessions = at, at, sessions + 1
            last = max(last, at + long)
            longest = max(longest, last - (first or 0))
    assert (row["longest_seconds"], row["sessions"]) == (longest, sessions)


def test_the_columns_are_documented() -> None:
    """Each with what it says."""
    text = (Path(__file__).parents[2] / "docs" / "hunting.md").read_text(encoding="utf-8")
    assert [name for name, says in COLUMNS.items() if f"| `{name}` | {says} |" not in text] == []


def test_many_pairs_are_worked_on_in_parts_that_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated uids, pairs that stay short, what ended before the window and what filters drop: as in one part."""
    dice = random.Random(7)
    said = [
        {
            "uid": f"C{dice.randrange(250)}",
            "src_ip": dice.choice([HOME, "10.0.0.2", "203.0.113.7"]),
            "dst_ip": f"198.51.100.{dice.randrange(30)}",
            "src_port": dice.randrange(50_000, 50_009),
            "at": dice.choice([-200_000.0, dice.random() * 40_000]),
            "still_open": dice.random() < 0.3,
            "duration_seconds": dice.random() * 2_000,
        }
        for _ in range(400)
    ]
    whole = long_connections({"connections": records(*map(dict, said))})
    monkeypatch.setattr("watchfloor.analyses.long_connections._ROWS", 10)
    monkeypatch.setattr("watchfloor.analyses.long_connections._MEMORY", 0)
    parts = long_connections({"connections": records(*map(dict, said))})
    assert len(rows(whole.table)) > 5
    assert len(rows(whole["left_out"].table)) == 3
    assert rows(parts.table) == rows(whole.table)
    assert rows(parts["left_out"].table) == rows(whole["left_out"].table)
    assert parts.explanation == whole.explanation
    assert rows(parts["examples"].table) == rows(whole["examples"].table)
