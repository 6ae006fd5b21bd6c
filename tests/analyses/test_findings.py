"""What was found, worst and rarest first; prevalence agrees with the real scans' recorded truth."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import polars as pl
import pytest

from helpers import DATA, needs_data, table
from watchfloor.analyses.findings import findings, findings_by_rarity
from watchfloor.errors import BadOption, SchemaError
from watchfloor.result import Result
from watchfloor.schemas import FINDINGS, SCANS

FOUND = table(
    FINDINGS,
    source=["a.log", "a.log", "b.log", "c.log", "tty.log", "a.log", "d.log"],
    record=[1, 2, 1, 1, 1, 9, 1],
    host=["a", "a", "b", "c", None, "a", "d"],
    level=["WARNING", "ALERT", "WARNING", "WARNING", "ALERT", "NOTICE", "ALERT"],
    score=[70, 120, 70, 70, None, None, 120],
    path=["/x", "/y", "/x", "/x", "/z", "/sbin/d", "/y"],
    md5=["1", "2", "1", "1", None, None, "3"],
    reason=["yara", "yara", "yara", "yara", "yara", "connection", "yara"],
    rule=["Common", "Common", "Common", "Common", "Console", "Listening", "Rare"],
)


def test_worst_first_then_rarest() -> None:
    """Level, score, then the rule on the fewest hosts; inventory last and without prevalence."""
    columns = ("level", "score", "rule", "host", "rule_hosts", "hash_hosts", "path_hosts", "rule_rare", "inventory")
    assert findings_by_rarity(FOUND, rare=2).select(columns).collect().rows() == [
        ("ALERT", 120, "Rare", "d", 1, 1, 2, True, False),
        ("ALERT", 120, "Common", "a", 3, 1, 2, False, False),
        ("ALERT", None, "Console", None, 0, None, 0, None, False),
        ("WARNING", 70, "Common", "a", 3, 3, 3, False, False),
        ("WARNING", 70, "Common", "b", 3, 3, 3, False, False),
        ("WARNING", 70, "Common", "c", 3, 3, 3, False, False),
        ("NOTICE", None, "Listening", "a", None, None, None, None, True),
    ]


def test_the_table_is_the_findings_with_columns_beside_them() -> None:
    """All rows, the canonical columns first and unchanged."""
    table_ = findings(FOUND).collect()
    assert table_.columns[: len(FINDINGS.columns)] == FINDINGS.schema.names()
    assert table_.columns[len(FINDINGS.columns) :] == [
        *("rule_hosts", "hash_hosts", "path_hosts"),
        *("rule_rare", "hash_rare", "path_rare", "inventory"),
    ]
    keys = ["source", "record"]
    assert table_.select(FINDINGS.schema.names()).sort(keys).equals(FOUND.sort(keys).collect())


def test_order_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled input, same table."""
    shuffled = [FOUND.collect().sample(fraction=1, shuffle=True, seed=seed).lazy() for seed in range(5)]
    first, *others = [findings(frame).collect() for frame in shuffled]
    assert all(other.equals(first) for other in others)


def test_rules_have_their_share_of_the_hosts_scanned() -> None:
    """Hosts with clean scans are in the denominator."""
    scans = table(SCANS, host=["a", "b", "c", "d", "e", "f"], complete=[True] * 6)
    rules = findings(FOUND, scans, rare=1)["rules"].collect()
    assert rules.select("rule", "hosts", "scanned_hosts", "share", "rare").rows() == [
        ("Rare", 1, 6, pytest.approx(1 / 6), True),
        ("Common", 3, 6, pytest.approx(3 / 6), False),
        ("Console", 0, 6, 0.0, None),
    ]


def test_without_scan_records_there_are_no_shares() -> None:
    """Nobody knows how many hosts were scanned and found clean, and the explanation says so."""
    result = findings(FOUND)
    assert result["rules"].collect()["share"].to_list() == [None] * 3
    assert "nobody knows which hosts were scanned" in result.explanation
    assert [part.name for part in result.parts] == [
        "glance",
        "rules",
        "hashes",
        "paths",
        "hosts",
        "levels",
        "counts",
    ]


def test_no_findings_is_an_answer() -> None:
    """Clean scans: empty tables, hosts that were scanned, no error."""
    result = findings(FINDINGS.empty(), table(SCANS, host=["a", "b"], complete=[True, False]))
    assert result.collect().height == 0
    assert result["hosts"].collect().select("host", "findings", "complete").rows() == [("a", 0, True), ("b", 0, False)]
    counts = dict(result["counts"].collect().rows())
    assert counts["hosts without a hit, scanned without known limits"] == 1
    assert counts["hosts without a hit, not proven clean"] == 1
    assert "scans" in [part.name for part in result.parts]


def test_the_threshold_is_repeated_in_words() -> None:
    """Whoever reads the table knows what rare means."""
    assert "Rare means on at most 3 hosts." in findings(FOUND, rare=3).explanation
    assert "Rare means on at most 1 host." in findings(FOUND, rare=1)["rules"].explanation


def test_bad_input_is_refused() -> None:
    """A threshold that means nothing, a frame that is no table of findings."""
    with pytest.raises(BadOption, match="rare=0"):
        findings(FOUND, rare=0)
    with pytest.raises(SchemaError, match="not a findings table"):
        findings(pl.LazyFrame({"rule": ["x"]}))


def test_charts_name_columns_of_their_tables() -> None:
    """What is drawn is there."""
    result = findings(FOUND, table(SCANS, host=["a"], complete=[True]))
    for part in (result, *result.parts):
        for chart in part.charts:
            names = [getattr(chart, name) for name in ("x", "y", "color") if getattr(chart, name)]
            assert set(names) <= set(part.collect().columns)


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    """Hits that the scanner recorded beside 30 real logs."""
    lines = (DATA / "loki_truth_dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def scans() -> list[dict[str, Any]]:
    """Scans of the same."""
    lines = (DATA / "loki_scans_dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def real(truth: list[dict[str, Any]], scans: list[dict[str, Any]]) -> Result:
    """The answer on them, not by way of a reader."""
    found = [
        {
            "source": hit["file"],
            "record": hit["line"] if hit["line"] is not None else number,
            **{key: hit.get(key) for key in ("host", "level", "path", "score", "sha256", "sha1", "md5")},
            "reason": reason["kind"],
            "rule": reason.get("rule") or reason.get("pattern") or reason.get("hash") or reason.get("original"),
            "reason_number": reason["n"],
        }
        for number, hit in enumerate(truth)
        for reason in hit.get("reasons", [])
    ]
    runs = [{"source": scan["file"], "host": scan["host"], "complete": scan["complete"]} for scan in scans]
    return findings(
        FINDINGS.fill(pl.DataFrame(found, infer_schema_length=None)),
        SCANS.fill(pl.DataFrame(runs, infer_schema_length=None)),
    )


@needs_data
def test_real_prevalence_of_rules_hashes_and_paths(real: Result, truth: list[dict[str, Any]]) -> None:
    """On how many hosts each was seen, counted by hand from the truth."""
    rule_hosts, hash_hosts, path_hosts = defaultdict(set), defaultdict(set), defaultdict(set)
    for hit in truth:
        for reason in hit.get("reasons", []):
            name = reason.get("rule") or reason.get("pattern") or reason.get("hash") or reason.get("original")
            rule_hosts[name].add(hit["host"])
            hash_hosts[hit["sha256"] or hit["sha1"] or hit["md5"]].add(hit["host"])
            path_hosts[hit["path"]].add(hit["host"])
    rules = real["rules"].collect()
    assert dict(rules.select("rule", "hosts").rows()) == {key: len(hosts) for key, hosts in rule_hosts.items()}
    for part, key, expected in (("hashes", "hash", hash_hosts), ("paths", "path", path_hosts)):
        expected.pop(None, None)
        assert dict(real[part].collect().select(key, "hosts").rows()) == {k: len(v) for k, v in expected.items()}
    assert rules["hosts"].is_sorted()


@needs_data
def test_real_counts(real: Result, scans: list[dict[str, Any]]) -> None:
    """1,862 reasons on 27 of 30 hosts; one scan did not finish, of one the log cannot tell."""
    counts = dict(real["counts"].collect().rows())
    assert counts["findings (hits and reasons)"] == 1862
    assert counts["hosts scanned"] == len({scan["host"] for scan in scans}) == 30
    assert counts["scans that did not finish"] == sum(scan["complete"] is False for scan in scans) == 1
    assert counts["scans whose end is unknown"] == sum(scan["complete"] is None for scan in scans) == 1
    assert real.collect().height == 1862
    limits = real["scans"].collect()
    assert sorted(limits["host"]) == sorted(scan["host"] for scan in scans if scan["complete"] is not True)
