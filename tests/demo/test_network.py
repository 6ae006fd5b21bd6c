"""The Zeek logs, read with the csv module, hold what the truth says."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from watchfloor.demo import Truth

Rows = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def logs(made: tuple[Path, Truth]) -> Rows:
    """All rows by kind."""
    kinds: Rows = {}
    for path in sorted((made[0] / "zeek").iterdir()):
        with path.open(encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
        fields = next(line for line in lines if line[0] == "#fields")[1:]
        rows = [dict(zip(fields, line, strict=True)) for line in lines if not line[0].startswith("#")]
        kinds.setdefault(path.name.split(".")[0], []).extend(rows)
    return kinds


def instant(row: dict[str, str]) -> datetime:
    """When it began."""
    seconds, micros = row["ts"].split(".")
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros))


def pair(row: dict[str, str]) -> tuple[str, str]:
    """Who talked to whom."""
    return row["id.orig_h"], row["id.resp_h"]


def test_rows_of_each_kind(logs: Rows, truth: Truth) -> None:
    """60 to 150 thousand connections; rows lie within the day."""
    assert {kind: len(rows) for kind, rows in logs.items()} == truth.network.rows
    assert 60_000 <= truth.network.rows["conn"] <= 150_000
    begin, end = truth.network.start_time, truth.network.end_time
    assert all(begin <= instant(row) < end for rows in logs.values() for row in rows)


def test_every_row_has_its_connection(logs: Rows) -> None:
    """uids are unique; http, ssl and dns rows have the addresses and ports of their connection."""
    four = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
    connections = {row["uid"]: [row[key] for key in four] for kind in ("conn", "open_conn") for row in logs[kind]}
    assert len(connections) == len(logs["conn"]) + len(logs["open_conn"])
    for kind in ("http", "ssl", "dns"):
        assert all(connections[row["uid"]] == [row[key] for key in four] for row in logs[kind])


def test_beacons_beat_as_they_were_planted(logs: Rows, truth: Truth) -> None:
    """Every interval is the period give or take the jitter; their mean is the period within a few per cent."""
    assert [(b.period_seconds, b.jitter) for b in truth.network.beacons] == [(60, 0.02), (300, 0.15), (900, 0.40)]
    for beacon in truth.network.beacons:
        times = sorted(instant(row) for row in logs["conn"] if pair(row) == (beacon.src_ip, beacon.dst_ip))
        gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
        assert (len(times), times[0], times[-1]) == (beacon.connections, beacon.first_time, beacon.last_time)
        low, high = (beacon.period_seconds * (1 + sign * beacon.jitter) for sign in (-1, 1))
        assert low - 0.00001 <= min(gaps) < low + 0.1 * beacon.jitter * beacon.period_seconds
        assert high - 0.1 * beacon.jitter * beacon.period_seconds < max(gaps) <= high + 0.00001
        assert abs(sum(gaps) / len(gaps) / beacon.period_seconds - 1) < 0.06


def test_names_of_the_beacons(logs: Rows, truth: Truth) -> None:
    """One by server name, one by Host header, one by address alone."""
    names = {pair(row): row["server_name"] for row in logs["ssl"]} | {pair(row): row["host"] for row in logs["http"]}
    assert [names.get((b.src_ip, b.dst_ip)) for b in truth.network.beacons] == [b.name for b in truth.network.beacons]
    assert [b.name is None for b in truth.network.beacons] == [False, False, True]


def test_nobody_else_calls_where_the_implants_call(logs: Rows, truth: Truth) -> None:
    """One machine each."""
    homes = {beacon.dst_ip: beacon.src_ip for beacon in truth.network.beacons}
    assert {pair(row) for row in logs["conn"] if row["id.resp_h"] in homes} == {(s, d) for d, s in homes.items()}


def test_the_tunnel(logs: Rows, truth: Truth) -> None:
    """More than 1,500 names under one domain, by one client, within hours; no other domain has more than a few."""
    tunnel = truth.network.tunnel
    rows = [row for row in logs["dns"] if row["query"].endswith(f".{tunnel.domain}")]
    assert len(rows) == tunnel.queries
    assert len({row["query"] for row in rows}) == tunnel.names > 1_500
    assert {pair(row) for row in rows} == {(tunnel.src_ip, tunnel.resolver)}
    assert (min(map(instant, rows)), max(map(instant, rows))) == (tunnel.first_time, tunnel.last_time)
    others = {row["query"] for row in logs["dns"]} - {row["query"] for row in rows}
    domains = Counter(".".join(name.split(".")[-2:]) for name in others if name.endswith(".example"))
    assert max(domains.values()) <= 10


def test_long_connections(logs: Rows, truth: Truth) -> None:
    """9 hours, ended; 14 hours, still open; nothing else lasts an hour."""
    closed, still_open = truth.network.long_connections
    assert 9 * 3600 <= closed.duration_seconds < 9.1 * 3600
    assert 14 * 3600 <= still_open.duration_seconds < 14.5 * 3600
    assert (closed.still_open, still_open.still_open) == (False, True)
    for kind, long in (("conn", closed), ("open_conn", still_open)):
        (row,) = [row for row in logs[kind] if row["duration"] != "-" and float(row["duration"]) > 3600]
        assert (row["uid"], *pair(row), instant(row)) == (long.uid, long.src_ip, long.dst_ip, long.start_time)
        assert abs(float(row["duration"]) - long.duration_seconds) < 0.001


def test_what_beats_and_is_harmless(logs: Rows, truth: Truth) -> None:
    """Time servers and updates are asked at regular times from inside, by several machines."""
    outside = {pair(row) for row in logs["conn"] if row["service"] == "ntp" and not row["id.resp_h"].startswith("10.")}
    assert outside == set(truth.network.ntp)
    updates = {row["id.resp_h"] for row in logs["ssl"] if row["server_name"].startswith(("updates.", "definitions."))}
    asked = {pair(row) for row in logs["conn"] if row["id.resp_h"] in updates}
    assert asked == set(truth.network.updaters)


def test_the_scanner_stays_inside(logs: Rows, truth: Truth) -> None:
    """Thousands of attempts, most without an answer."""
    rows = [row for row in logs["conn"] if row["id.orig_h"] == truth.network.scanner]
    assert len(rows) == truth.network.scanner_connections > 5_000
    assert all(row["id.resp_h"].startswith("10.20.") for row in rows)
    assert sum(row["conn_state"] in ("S0", "REJ") for row in rows) > 0.8 * len(rows)


def test_people_browse_by_day(logs: Rows, truth: Truth) -> None:
    """60 machines, many names, between morning and evening."""
    desks = {f"10.20.{net}." for net in (4, 5)}
    implants = {b.src_ip for b in truth.network.beacons}
    rows = [row for row in logs["ssl"] if row["id.orig_h"][:8] in desks and row["id.orig_h"] not in implants]
    assert len({row["id.orig_h"] for row in rows}) == truth.network.browsing_hosts - 1
    assert len({row["server_name"] for row in rows}) > 300
    assert sum(6 <= instant(row).hour <= 18 for row in rows) > 0.95 * len(rows)
