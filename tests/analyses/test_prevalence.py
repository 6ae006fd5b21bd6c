"""On how many hosts: counted once per host, inventory left out, what has no host known as such."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from helpers import rows, table
from watchfloor.analyses.prevalence import is_hit, level_rank, named, spread_by_hash, spread_by_path, spread_by_rule
from watchfloor.schemas import FINDINGS

MORNING, EVENING = datetime(2025, 10, 3, 8, tzinfo=UTC), datetime(2025, 10, 3, 20, tzinfo=UTC)


def test_a_host_counts_once_per_rule() -> None:
    """Two hits of one rule on one host are one host; the rule on fewer hosts comes first."""
    findings = table(
        FINDINGS,
        source=["a.log", "a.log", "b.log", "b.log"],
        record=[1, 2, 1, 1],
        time=[MORNING, EVENING, MORNING, MORNING],
        host=["a", "a", "b", "b"],
        level=["WARNING", "ALERT", "WARNING", "WARNING"],
        path=["/x", "/y", "/x", "/x"],
        score=[70, 110, 70, 70],
        md5=["11", "22", "11", "11"],
        reason=["yara"] * 4,
        rule=["Common", "Common", "Common", "Rare"],
        description=["seen often", "seen often", "seen often", None],
    )
    assert rows(spread_by_rule(findings)) == [
        {
            "rule": "Rare",
            "reasons": "yara",
            "hosts": 1,
            "hits": 1,
            "findings": 1,
            "without_host": 0,
            "max_score": 70,
            "worst_level": "WARNING",
            "paths": 1,
            "hashes": 1,
            "first_time": MORNING,
            "last_time": MORNING,
            "example_path": "/x",
            "example_host": "b",
            "description": None,
            "reference": None,
            "author": None,
        },
        {
            "rule": "Common",
            "reasons": "yara",
            "hosts": 2,
            "hits": 3,
            "findings": 3,
            "without_host": 0,
            "max_score": 110,
            "worst_level": "ALERT",
            "paths": 2,
            "hashes": 2,
            "first_time": MORNING,
            "last_time": EVENING,
            "example_path": "/y",
            "example_host": "a",
            "description": "seen often",
            "reference": None,
            "author": None,
        },
    ]


def test_one_record_with_two_reasons_is_one_hit() -> None:
    """Findings count reasons, hits count records."""
    findings = table(FINDINGS, source=["a"] * 2, record=[7, 7], host=["h"] * 2, reason=["yara"] * 2, rule=["R"] * 2)
    assert rows(spread_by_rule(findings).select("hosts", "hits", "findings")) == [
        {"hosts": 1, "hits": 1, "findings": 2}
    ]


def test_a_reason_without_a_rule_counts_under_what_it_says() -> None:
    """The description, or else what matched; a reason that says nothing has no row."""
    findings = table(
        FINDINGS,
        host=["a", "b", "c", "d"],
        reason=["hash", "filename", "filename", "other"],
        rule=[None, None, "R", None],
        description=["known tool", None, "ignored", None],
        matched=["m", "\\evil\\.exe", "m", None],
    )
    assert rows(spread_by_rule(findings).select("rule", "reasons", "hosts")) == [
        {"rule": "R", "reasons": "filename", "hosts": 1},
        {"rule": "\\evil\\.exe", "reasons": "filename", "hosts": 1},
        {"rule": "known tool", "reasons": "hash", "hosts": 1},
    ]


def test_a_rule_is_one_rule_in_files_and_processes() -> None:
    """Found in a file here and in a process there, it is on two hosts."""
    findings = table(FINDINGS, host=["a", "b"], reason=["yara", "process"], rule=["R", "R"])
    assert rows(spread_by_rule(findings).select("rule", "reasons", "hosts")) == [
        {"rule": "R", "reasons": "process; yara", "hosts": 2}
    ]


def test_connections_that_are_merely_listed_are_no_hits() -> None:
    """A connection at NOTICE is inventory; at WARNING, or of a level that nobody gave, it is a hit."""
    findings = table(
        FINDINGS,
        host=["a", "a", "a", "a"],
        level=["NOTICE", "WARNING", None, "NOTICE"],
        reason=["connection", "connection", "connection", "yara"],
        rule=["Listening", "Bad peer", "Odd", "R"],
        path=["/bin/d"] * 4,
        sha256=["f"] * 4,
    )
    assert rows(findings.select(hit=is_hit())) == [{"hit": False}, {"hit": True}, {"hit": True}, {"hit": True}]
    assert spread_by_rule(findings).collect()["rule"].to_list() == ["Bad peer", "Odd", "R"]
    assert rows(spread_by_hash(findings).select("hash", "rules")) == [{"hash": "f", "rules": 3}]
    assert rows(spread_by_path(findings).select("path", "rules")) == [{"path": "/bin/d", "rules": 3}]


def test_what_no_host_is_known_of_stands_last() -> None:
    """On no known host is not the rarest: it may have been on many."""
    findings = table(
        FINDINGS,
        host=[None, "a", "b", "a"],
        reason=["yara"] * 4,
        rule=["Console", "Twice", "Twice", "Once"],
        score=[500, 60, 60, 60],
    )
    assert rows(spread_by_rule(findings).select("rule", "hosts", "without_host")) == [
        {"rule": "Once", "hosts": 1, "without_host": 0},
        {"rule": "Twice", "hosts": 2, "without_host": 0},
        {"rule": "Console", "hosts": 0, "without_host": 1},
    ]


def test_a_file_is_known_by_its_best_hash() -> None:
    """SHA-256 before SHA-1 before MD5; without any it has no row; paths of one content are counted."""
    findings = table(
        FINDINGS,
        host=["a", "b", "c", "d", "e"],
        path=["/1", "/2", "/3", "/4", "/5"],
        sha256=["aa", "aa", None, None, None],
        sha1=["s", "s", "bb", None, None],
        md5=["m", "m", "m", "cc", None],
    )
    assert rows(named(findings).select("hash")) == [{"hash": h} for h in ("aa", "aa", "bb", "cc", None)]
    assert rows(spread_by_hash(findings).select("hash", "hosts", "paths", "md5")) == [
        {"hash": "bb", "hosts": 1, "paths": 1, "md5": "m"},
        {"hash": "cc", "hosts": 1, "paths": 1, "md5": "cc"},
        {"hash": "aa", "hosts": 2, "paths": 2, "md5": "m"},
    ]


def test_a_path_with_several_contents() -> None:
    """One path is one row with the number of its hashes."""
    findings = table(FINDINGS, host=["a", "b"], path=["/etc/x"] * 2, md5=["1", "2"], rule=["R", "S"])
    assert rows(spread_by_path(findings).select("path", "hosts", "hashes", "rules")) == [
        {"path": "/etc/x", "hosts": 2, "hashes": 2, "rules": 2}
    ]


def test_levels_in_order() -> None:
    """ALERT before WARNING before NOTICE before words that nobody knows."""
    frame = pl.LazyFrame({"level": ["info", "NOTICE", None, "ALERT", "WARNING"]})
    assert frame.select(level_rank(pl.col("level"))).collect()["level"].to_list() == [3, 2, 3, 0, 1]


def test_order_does_not_depend_on_the_order_of_rows() -> None:
    """Ties are broken by name, and the example is always the same one."""
    findings = table(
        FINDINGS,
        source=["s"] * 6,
        record=list(range(6)),
        host=list("abcabc"),
        path=[f"/{n}" for n in "123456"],
        rule=["R", "R", "R", "S", "S", "S"],
        score=[60] * 6,
    ).collect()
    answers = {
        spread_by_rule(findings.sample(fraction=1, shuffle=True, seed=seed).lazy()).collect().write_json()
        for seed in range(8)
    }
    assert len(answers) == 1
