"""Which hosts were scanned, and what keeps a silent one from being proven clean."""

from __future__ import annotations

from helpers import rows, table
from watchfloor.analyses.scanned import (
    LIMITS,
    counts_of_scans,
    found_at_a_glance,
    hits_by_host,
    hits_by_level,
    limits_of_scans,
    number_scanned,
)
from watchfloor.schemas import FINDINGS, SCANS

FOUND = table(
    FINDINGS,
    source=["a.log", "a.log", "a.log", "b.log", "tty.log", "b.log"],
    record=[1, 1, 2, 1, 1, 9],
    host=["a", "a", "a", "b", None, "b"],
    level=["ALERT", "ALERT", "NOTICE", "WARNING", "ALERT", "NOTICE"],
    score=[120, 120, 40, 80, 200, None],
    reason=["yara", "hash", "yara", "filename", "yara", "connection"],
    rule=["R", "H", "S", "F", "R", "Listening"],
)
RUNS = table(
    SCANS,
    source=["a.log", "b.log", "c.log", "d.log", "e.log", "a2.log"],
    host=["a", "b", "c", "d", "e", "a"],
    complete=[True, False, True, True, None, True],
    rules=[5000, 5000, 5000, 0, 5000, 5000],
    alerts=[1, 0, 0, 0, 0, 2],
    alerts_counted=[1, None, 0, 0, 0, 5],
    errors=[0, 0, 0, 0, 3, 0],
    remarks=[None, "interrupted", None, None, None, None],
)


def test_hits_by_host() -> None:
    """Records, not reasons, by level; a clean host has 0 of each; a host whose one scan lost records says so."""
    columns = (
        "host",
        "alert_hits",
        "warning_hits",
        "notice_hits",
        "other_hits",
        "max_score",
        "rules",
        "findings",
        "inventory",
        "scans",
        "complete",
        "limits",
    )
    assert hits_by_host(FOUND, RUNS).select(columns).collect().rows() == [
        ("a", 1, 0, 1, 0, 120, 3, 3, 0, 2, True, "records lost"),
        ("b", 0, 1, 0, 0, 80, 1, 1, 1, 1, False, "did not finish"),
        ("c", 0, 0, 0, 0, None, 0, 0, 0, 1, True, None),
        ("d", 0, 0, 0, 0, None, 0, 0, 0, 1, True, "blind: no rules loaded"),
        ("e", 0, 0, 0, 0, None, 0, 0, 0, 1, None, "end unknown"),
        (None, 1, 0, 0, 0, 200, 1, 1, 0, None, None, None),
    ]


def test_hits_by_host_without_scan_records() -> None:
    """Only hosts with a finding are known, and of no scan is it known whether it finished."""
    table_ = hits_by_host(FOUND).select("host", "alert_hits", "scans", "complete", "limits")
    assert table_.collect().rows() == [
        ("a", 1, None, None, None),
        ("b", 0, None, None, None),
        (None, 1, None, None, None),
    ]


def test_hits_by_level_for_the_chart() -> None:
    """Long; inventory and rows without a host are left out."""
    assert rows(hits_by_level(FOUND)) == [
        {"host": "a", "level": "ALERT", "hits": 1, "max_score": 120},
        {"host": "a", "level": "NOTICE", "hits": 1, "max_score": 40},
        {"host": "b", "level": "WARNING", "hits": 1, "max_score": 80},
    ]


def test_limits_of_scans() -> None:
    """The gravest limit of each scan, gravest first; a scan without any has no row."""
    limits = limits_of_scans(RUNS).select("host", "source", "limit", "alerts_lost", "errors", "remarks")
    assert limits.collect().rows() == [
        ("b", "b.log", "did not finish", None, 0, "interrupted"),
        ("d", "d.log", "blind: no rules loaded", 0, 0, None),
        ("a", "a2.log", "records lost", 3, 0, None),
        ("e", "e.log", "end unknown", 0, 3, None),
    ]


def test_every_limit_can_be_met() -> None:
    """Each by its own, in the order of `LIMITS`."""
    runs = table(
        SCANS,
        host=list("abcdefg"),
        complete=[False, True, True, None, True, True, True],
        rules=[1, 0, 1, 1, 1, 1, 1],
        warnings=[0, 0, 1, 0, 0, 0, 2],
        warnings_counted=[0, 0, 2, 0, 0, 0, 1],
        errors=[0, 0, 0, 0, 1, 0, 0],
        remarks=[None, None, None, None, None, "no rights", None],
    )
    assert limits_of_scans(runs).select("host", "limit").collect().rows() == list(zip("abcdef", LIMITS, strict=True))


def test_hosts_scanned_include_those_without_a_hit() -> None:
    """And hosts with a finding whose scan has no record; without scan records nobody knows."""
    only_c = table(SCANS, host=["c", None], complete=[True, True])
    assert rows(number_scanned(FOUND, only_c)) == [{"scanned_hosts": 3}]
    assert rows(number_scanned(FOUND, None)) == [{"scanned_hosts": None}]


def test_at_a_glance() -> None:
    """One row; without scan records nobody knows how many hosts and doubtful scans there are."""
    found = {"hosts_with_a_hit": 2, "hits": 4, "alert_hits": 2, "rules": 4, "rare_rules": 4}
    assert rows(found_at_a_glance(FOUND, RUNS, rare=2)) == [{"scanned_hosts": 5, **found, "doubtful_scans": 4}]
    assert rows(found_at_a_glance(FOUND, None, rare=2)) == [{"scanned_hosts": None, **found, "doubtful_scans": None}]


def test_what_was_counted() -> None:
    """Rows without a host are counted apart; a silent host is proven clean only without limits."""
    assert dict(counts_of_scans(FOUND, RUNS).collect().rows()) == {
        "hits (records)": 4,
        "findings (hits and reasons)": 5,
        "inventory (connections at NOTICE)": 1,
        "findings without a host": 1,
        "logs whose findings have no host": 1,
        "hosts with a hit": 2,
        "hosts scanned": 5,
        "hosts without a hit, scanned without known limits": 1,
        "hosts without a hit, not proven clean": 2,
        "scans": 6,
        "scans that finished": 4,
        "scans that did not finish": 1,
        "scans whose end is unknown": 1,
        "blind scans (no rules loaded)": 1,
        "scans without a host": 0,
        "alerts that scanners counted and logs lack": 3,
        "warnings that scanners counted and logs lack": 0,
    }


def test_what_was_counted_without_scan_records() -> None:
    """Only what findings can tell."""
    assert counts_of_scans(FOUND, None).collect()["count"].to_list() == [
        "hits (records)",
        "findings (hits and reasons)",
        "inventory (connections at NOTICE)",
        "findings without a host",
        "logs whose findings have no host",
        "hosts with a hit",
    ]
