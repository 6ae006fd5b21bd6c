"""Who calls home is found in a log of any product: the same traffic, written as each of them writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import watchfloor as wf
from any_logs import BEACON, LOGS, Log, flows
from helpers import rows

SEEN = flows()
NAMES = sorted(LOGS)


def _asked(log: Log, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """The log as a file, and what has to be said of it."""
    path = tmp_path / log.file
    path.write_text(log.write(SEEN), encoding="utf-8")
    asked: dict[str, Any] = {"zone": log.zone} if log.zone else {}
    return path, asked | ({"columns": log.map} if log.map else {})


@pytest.mark.parametrize("name", NAMES)
def test_the_planted_beacon_comes_first(tmp_path: Path, name: str) -> None:
    """With its period, its ends, what each call sent, and how often it called: halves are not counted twice."""
    log = LOGS[name]
    path, asked = _asked(log, tmp_path)
    result = wf.beacons(path, **asked)
    best = rows(result.table)[0]
    assert best["src_ip"] == BEACON.src
    assert best["dst_ip"] in ((BEACON.dst, None) if log.name else (BEACON.dst,))
    assert best["connections"] == BEACON.calls
    assert best["period_seconds"] == pytest.approx(BEACON.period, abs=1.5)
    assert best["dst_port"] == (BEACON.dst_port if log.port else None)
    assert best["sent_median"] == log.sent
    assert best["name"] == (BEACON.name if log.name else None)
    assert best["score"] > 2 * rows(result.table)[1]["score"] or log.hosts == 1
    assert log.bytes in result.explanation


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_it_is_lost(tmp_path: Path, name: str) -> None:
    """No line is rejected, and the ledger adds up."""
    path, asked = _asked(LOGS[name], tmp_path)
    tables = wf.read(path, **asked)
    [ledger] = rows(tables["ledger"])
    assert rows(tables["rejects"]) == []
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_found_by_the_score_of_rita_too(tmp_path: Path, name: str) -> None:
    """All connections of the beacon make one threat, which has the highest beacon score; behind a proxy by name."""
    path, asked = _asked(LOGS[name], tmp_path)
    found = [row for row in rows(wf.hunt(path, score="rita", **asked).table) if row["beacon_score"] is not None]
    best = max(found, key=lambda row: row["beacon_score"])
    target = (None, BEACON.name) if LOGS[name].name else (BEACON.dst, None)
    assert (best["src_ip"], best["dst_ip"], best["name"], best["connections"]) == (BEACON.src, *target, BEACON.calls)


def test_a_sensors_requests_are_not_counted_twice(tmp_path: Path) -> None:
    """Requests that name their connections are no log of connections for RITA; ours looks at them all the same."""
    fields = (
        "#separator \\x09\n#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\n"
    )
    calls = [
        f"{1773122400 + 60 * n}.0\tC{n}\t10.20.1.23\t{50000 + n}\t203.0.113.5\t80\tGET\ta.example\n" for n in range(20)
    ]
    path = tmp_path / "http.log"
    path.write_text(fields + "".join(calls), encoding="utf-8")
    assert rows(wf.hunt(path).table) == []
    [best] = rows(wf.beacons(path).table)
    assert (best["name"], best["connections"], best["period_seconds"]) == ("a.example", 20, 60)


def test_a_tunnel_through_a_proxy_is_a_long_connection(tmp_path: Path) -> None:
    """Named by what the client asked for; requests of a second are none."""
    day = flows()[:50]
    long = replace(day[0], seconds=5 * 3600.0)
    path = tmp_path / "access.log"
    path.write_text(LOGS["squid"].write([*day[1:], long]), encoding="utf-8")
    [found] = rows(wf.long_connections(path).table)
    assert (found["src_ip"], found["name"]) == (long.src, long.name)
    assert found["longest_seconds"] == 5 * 3600


@pytest.mark.parametrize("name", NAMES)
def test_short_connections_are_no_long_ones(tmp_path: Path, name: str) -> None:
    """No connection of the made traffic lasts longer than 20 seconds."""
    path, asked = _asked(LOGS[name], tmp_path)
    assert rows(wf.long_connections(path, **asked).table) == []


def test_a_long_connection_that_an_exporter_cut_is_no_beacon(tmp_path: Path) -> None:
    """A record a minute, of one connection of five hours: its pieces are put together."""
    lines = ["firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows"]
    for n in range(300):
        at = f"2026-03-10 {6 + n // 60:02}:{n % 60:02}:00.000,59.900,TCP"
        lines += [f"{at},10.20.1.9,50000,203.0.113.9,443,5,900,1", f"{at},203.0.113.9,443,10.20.1.9,50000,5,9000,1"]
    path = tmp_path / "flows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert rows(wf.beacons(path, zone="UTC").table) == []
    [found] = rows(wf.long_connections(path, zone="UTC").table)
    assert (found["src_ip"], found["connections"], found["longest_seconds"]) == ("10.20.1.9", 1, 17_999.9)
