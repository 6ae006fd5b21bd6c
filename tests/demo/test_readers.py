"""Our readers give of the demo what was planted, and lose nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.demo import Truth
from watchfloor.demo.names import PARIS
from watchfloor.readers import Options, Tables, read_files


@pytest.fixture(scope="module")
def scans(made: tuple[Path, Truth]) -> Tables:
    """The scan logs."""
    return read_files([made[0] / "scans"])


@pytest.fixture(scope="module")
def offenses(made: tuple[Path, Truth]) -> Tables:
    """The offenses, with what their ids mean."""
    return read_files([made[0] / "qradar"])


@pytest.fixture(scope="module")
def network(made: tuple[Path, Truth]) -> Tables:
    """The Zeek logs."""
    return read_files([made[0] / "zeek"])


def events_of(folder: Path, file: str, zone: str | None) -> Tables:
    """One of the three logs."""
    return read_files([folder / file], options=Options(zone=zone))


def count(frame: pl.LazyFrame, column: str) -> dict[Any, int]:
    """How often each value is there; null left out."""
    return dict(Counter(frame.select(pl.col(column).drop_nulls()).collect().to_series().to_list()))


def nothing_lost(tables: Tables, folder: Path, truth: Truth) -> None:
    """No rejects; every physical line of every file is in the ledger, and accounted for."""
    assert tables["rejects"].collect().to_dicts() == []
    for row in tables["ledger"].collect().iter_rows(named=True):
        path = Path(row["source"]).relative_to(folder).as_posix()
        parts = [row[f"lines_{part}"] for part in ("read", "continued", "rejected", "skipped")]
        assert sum(parts) == row["lines"], path
        if not path.startswith("qradar/"):  # its records are no lines
            assert row["lines"] == truth.files[path].lines, path


def test_scan_logs(scans: Tables, folder: Path, truth: Truth) -> None:
    """Every reason of every hit is a finding of its host; every scan has its start, end and state."""
    nothing_lost(scans, folder, truth)
    runs = {row["host"]: row for row in scans["scans"].collect().iter_rows(named=True)}
    assert runs.keys() == {host.host for host in truth.scans.hosts}
    for host in truth.scans.hosts:
        run = runs[host.host]
        assert run["complete"] == host.complete
        assert run["started_time"] == host.started
        assert (run["ended_time"] and run["ended_time"].replace(microsecond=0)) == host.ended
        assert run["rules"] == host.rules_loaded
        levels = [host.levels[level] for level in ("ALERT", "WARNING", "NOTICE", "ERROR")]
        assert [run[name] for name in ("alerts", "warnings", "notices", "errors")] == levels
        assert bool(run["remarks"]) == bool(host.remarks), host.host
    assert count(scans["findings"], "host") == {
        host.host: n for host in truth.scans.hosts if (n := host.reasons + host.other_findings)
    }


def test_rules_and_paths_of_scan_logs(scans: Tables, truth: Truth) -> None:
    """Rules with their hosts; hostile paths letter by letter; the shared hash."""
    found = scans["findings"].collect()
    by_rule: dict[str, set[str]] = {}
    for rule, host in found.select("rule", "host").drop_nulls("rule").iter_rows():
        by_rule.setdefault(rule, set()).add(host)
    assert {rule: tuple(sorted(hosts)) for rule, hosts in by_rule.items()} == truth.scans.rules
    for host, paths in truth.scans.hostile_paths.items():
        intake = found.filter(pl.col("host") == host, pl.col("path").str.contains("(?i)[/\\\\]intake[/\\\\]"))
        assert set(intake["path"]) == set(paths)
    shared = found.filter(pl.col("sha256") == truth.scans.shared_sha256)
    assert sorted(set(shared["host"])) == ["TR-FS-01", "TR-WS-014"]


def test_offenses(offenses: Tables, folder: Path, truth: Truth) -> None:
    """Counts by status, reason and closer; escalated ones; times."""
    t = truth.offenses
    nothing_lost(offenses, folder, truth)
    alerts = offenses["alerts"].collect()
    assert alerts.height == t.offenses
    assert set(alerts.filter("escalated")["alert_id"]) == {str(number) for number in t.escalated_ids}
    assert count(alerts.lazy().filter(pl.col("status") == "closed"), "closing_reason") == t.closing_reasons
    assert alerts.filter(pl.col("status") == "closed").height == t.statuses["CLOSED"]
    assert set(alerts.filter(pl.col("status") == "open")["alert_id"]) >= {str(number) for number in t.open_ids}
    (unknown,) = alerts.filter(pl.col("closing_reason").str.starts_with("unknown")).to_dicts()
    assert {int(unknown["alert_id"]): unknown["closing_reason"]} == {
        n: f"unknown ({r})" for n, r in t.unresolved.items()
    }
    assert count(alerts.lazy(), "closed_by") == t.closed_by
    days = alerts["created_time"].dt.strftime("%Y-%m-%d").to_list()
    assert dict(Counter(days)) == t.per_day


def test_rules_and_sources_of_offenses(offenses: Tables, truth: Truth) -> None:
    """Each rule with its number of offenses; the scanner is the source of most of one."""
    t = truth.offenses
    alerts = offenses["alerts"].collect()
    assert count(alerts.lazy(), "rule") == {name: rule.offenses for name, rule in t.rules.items()}
    assert count(alerts.lazy(), "client") == t.clients
    assert count(alerts.lazy(), "disposition") == t.verdicts
    facts = offenses["evidence"].collect()
    of_scanner = facts.filter(pl.col("value") == t.noisy.address)
    assert of_scanner["alert_id"].n_unique() == t.noisy.offenses


@pytest.mark.parametrize("kind", ["conn", "dns", "http", "ssl"])
def test_zeek_logs(network: Tables, truth: Truth, kind: str) -> None:
    """As many rows of each kind as were written."""
    tables = {"conn": "connections", "dns": "dns_queries", "http": "http_requests", "ssl": "tls_sessions"}
    rows = network[tables[kind]].collect().height
    assert rows == truth.network.rows[kind] + (truth.network.rows["open_conn"] if kind == "conn" else 0)


def test_connections(network: Tables, folder: Path, truth: Truth) -> None:
    """Beacons and long connections with their times; one that is still open is marked."""
    nothing_lost(network, folder, truth)
    rows = network["connections"].collect()
    for beacon in truth.network.beacons:
        pair = rows.filter(pl.col("src_ip") == beacon.src_ip, pl.col("dst_ip") == beacon.dst_ip)
        seen = (pair.height, pair["time"].min(), pair["time"].max())
        assert seen == (beacon.connections, beacon.first_time, beacon.last_time)
    for long in truth.network.long_connections:
        (row,) = rows.filter(pl.col("uid") == long.uid).to_dicts()
        assert (row["src_ip"], row["dst_ip"], row["time"]) == (long.src_ip, long.dst_ip, long.start_time)
        assert row["duration_seconds"] == pytest.approx(long.duration_seconds)
        assert bool(row["still_open"]) == long.still_open


def test_every_line_of_the_night_is_an_event(folder: Path, truth: Truth) -> None:
    """At its own instant, the 20 traces to the second; lines stay in true order, also in the repeated hour."""
    for file, facts in truth.files.items():
        if not file.startswith("events/"):
            continue
        tables = events_of(folder, file, facts.zone)
        nothing_lost(tables, folder, truth)
        rows = tables["events"].collect().sort("record")
        assert rows.height == facts.records
        assert rows["time"].null_count() == 0
        assert rows["time"].is_sorted()
        assert abs(rows["time"][0] - truth.events.first_times[file]).total_seconds() < 1
        assert abs(rows["time"][-1] - truth.events.last_times[file]).total_seconds() < 1
        times = dict(rows.select("record", "time").iter_rows())
        for trace in truth.events.traces:
            if trace.file == file:
                assert times[trace.record] == trace.time, trace.text


def test_the_repeated_hour_is_flagged(folder: Path, truth: Truth) -> None:
    """Lines of the hour that Paris shows twice say so, and only they."""
    file = next(iter(truth.events.repeated_hour))
    first, last = truth.events.repeated_hour[file]
    rows = events_of(folder, file, PARIS)["events"].collect()
    flagged = rows.filter(pl.col("time_quality").str.contains("ambiguous"))["record"].sort()
    assert flagged.to_list() == list(range(first, last + 1))
