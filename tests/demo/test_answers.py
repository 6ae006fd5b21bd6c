"""The analyses' answers on the demo are what was planted."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from watchfloor.analyses.beacons import beacons
from watchfloor.analyses.dns_tunnels import dns_tunnels
from watchfloor.analyses.findings import findings
from watchfloor.analyses.kpis import kpis
from watchfloor.analyses.long_connections import long_connections
from watchfloor.analyses.noise import noise
from watchfloor.analyses.tags import TagRules
from watchfloor.analyses.timeline import timeline
from watchfloor.analyses.tune import tune
from watchfloor.demo import Truth
from watchfloor.readers import Options, Tables, merge, read_files
from watchfloor.result import Result


@pytest.fixture(scope="module", params=["files", "api"])
def offenses(request: pytest.FixtureRequest, made: tuple[Path, Truth]) -> Tables:
    """The offenses, with what their ids mean: as exported, and as they come through the API."""
    if request.param == "api":
        tables: Tables = request.getfixturevalue("pulled")
        return tables
    return read_files([made[0] / "qradar"])


@pytest.fixture(scope="module")
def figures(made: tuple[Path, Truth], offenses: Tables) -> Result:
    """The month in figures."""
    folder, truth = made
    return kpis(offenses["alerts"], tags=TagRules.load(folder / "tags.toml"), as_of=truth.offenses.as_of)


@pytest.fixture(scope="module")
def pairs(made: tuple[Path, Truth]) -> pl.DataFrame:
    """Pairs of address by RITA's score."""
    return beacons(read_files([made[0] / "zeek"])["connections"], score="rita").collect()


@pytest.fixture(scope="module")
def found(made: tuple[Path, Truth]) -> Result:
    """What the scanners found."""
    tables = read_files([made[0] / "scans"])
    return findings(tables["findings"], tables["scans"])


def offenses_of(offenses: Tables, rule: str, source: str) -> set[str]:
    """Offenses of a rule that have some evidence."""
    of_rule = offenses["alerts"].filter(pl.col("rule") == rule).collect()["alert_id"]
    return set(of_rule) & set(offenses["evidence"].filter(pl.col("value") == source).collect()["alert_id"])


@pytest.fixture(scope="module")
def advice(offenses: Tables) -> Result:
    """What should be tuned."""
    return tune(offenses["alerts"], offenses["evidence"])


def test_planted_noise_is_excluded_exactly(advice: Result, offenses: Tables, truth: Truth) -> None:
    """The scanner, the service account, the help desk: all of their offenses, no other, and nothing else."""
    chosen = advice.collect().filter((pl.col("remedy") == "exclude") & pl.col("recommended"))
    noisy = truth.offenses.noisy
    planted = {(one.rule, one.source): len(one.ids) for one in truth.offenses.noise}
    planted[noisy.rule, noisy.address] = noisy.offenses
    found = {
        (row["rule"], condition["value"]): row["removed_past"]
        for row in chosen.to_dicts()
        for condition in json.loads(row["conditions"])
    }
    assert found == planted
    for one in truth.offenses.noise:
        assert offenses_of(offenses, one.rule, one.source) == {str(number) for number in one.ids}


def test_traps_stay_and_the_advisor_says_why(advice: Result, truth: Truth) -> None:
    """A noisy address with one true incident; a user who is noisy for two days, and is the attacker."""
    hiding = advice.collect().filter(pl.col("remedy").is_in(["exclude", "suppress"]))
    why = advice["why_not"].collect()
    with_incident, in_two_days = truth.offenses.traps
    for trap in truth.offenses.traps:
        assert not hiding.filter(pl.col("conditions").str.contains(trap.source, literal=True)).height
        [said] = why.filter(pl.col("rule") == trap.rule, pl.col("conditions").str.ends_with(f" = {trap.source}"))[
            "against"
        ]
        assert said.startswith({with_incident: "1 of them true: ", in_two_days: "two of 30 days hold "}[trap])


def test_rare_rules_are_those_of_the_intrusion(found: Result, truth: Truth) -> None:
    """On two hosts at most; every other rule is on three at least."""
    rules = found["rules"].collect()
    rare = rules.filter("rare")
    assert set(rare["rule"]) == {*truth.scans.intrusion_rules, truth.scans.listed_hash}
    hosts = dict(rules.select("rule", "hosts").iter_rows())
    assert {rule: hosts[rule] for rule in truth.scans.rules} == {r: len(h) for r, h in truth.scans.rules.items()}
    assert rules["scanned_hosts"].unique().to_list() == [40]


def test_findings_that_lead_the_table_are_the_intrusions(found: Result, truth: Truth) -> None:
    """Worst level, highest score: the dumper on both hosts."""
    table = found.collect()
    top = table.head(4)
    assert set(top["host"]) == {"TR-FS-01", "TR-WS-014"}
    assert set(top["sha256"]) == {truth.scans.shared_sha256}
    rare = table.filter("rule_rare")
    assert set(rare["host"]) == set(truth.scans.intrusion)
    on_disk = rare.filter(pl.col("module") == "FileScan")
    assert {host: set(on_disk.filter(pl.col("host") == host)["path"]) for host in truth.scans.intrusion} == {
        host: set(paths) for host, paths in truth.scans.intrusion.items()
    }


def test_doubtful_scans_are_named(found: Result, truth: Truth) -> None:
    """Those that did not finish, and those that saw little: these five hosts and no others."""
    doubtful = found["scans"].collect()
    assert sorted(doubtful["host"]) == sorted(h.host for h in truth.scans.hosts if h.remarks or not h.complete)
    unfinished = doubtful.filter(pl.col("complete") == False)  # noqa: E712 - null is another answer
    assert sorted(unfinished["host"]) == sorted(h.host for h in truth.scans.hosts if not h.complete)


def test_the_noisy_rule_and_its_address_stand_out(offenses: Tables, truth: Truth) -> None:
    """The rule with most alerts, and what most of them have in common."""
    noisy = truth.offenses.noisy
    result = noise(offenses["alerts"], offenses["evidence"])
    top = result.collect().row(0, named=True)
    assert (top["rule"], top["alerts"]) == (noisy.rule, noisy.rule_offenses)
    assert noisy.address in top["top_evidence"]
    assert top["top_evidence_share"] == pytest.approx(noisy.offenses / noisy.rule_offenses)
    assert top["precision"] < 0.05


def test_volumes_and_verdicts_by_rule(offenses: Tables, truth: Truth) -> None:
    """Every rule with its alerts, open ones, escalated ones and verdicts."""
    table = noise(offenses["alerts"], offenses["evidence"]).collect()
    by_rule = {row["rule"]: row for row in table.iter_rows(named=True)}
    assert by_rule.keys() == truth.offenses.rules.keys()
    for name, rule in truth.offenses.rules.items():
        row = by_rule[name]
        assert row["alerts"] == rule.offenses
        assert row["closed"] == rule.statuses.get("CLOSED", 0)
        assert row["escalated"] == rule.escalated
        verdicts = {word: row[word] for word in ("true_positive", "benign_positive", "false_positive")}
        assert verdicts == {word: rule.verdicts.get(word, 0) for word in verdicts}, name


def test_trends(offenses: Tables, truth: Truth) -> None:
    """What was made rising is not called falling or steady, and the other way round; the large one is seen to rise."""
    table = noise(offenses["alerts"], offenses["evidence"]).collect()
    seen = dict(table.select("rule", "trend").iter_rows())
    for name, rule in truth.offenses.rules.items():
        if rule.trend != "steady":
            assert seen[name] in (rule.trend, None), name
        else:
            assert seen[name] in ("steady", None), name
    assert seen["Rare Process Started by an Office Program"] == "rising"
    assert seen["Firewall Configuration Changed"] == "falling"


def test_figures_of_the_month(figures: Result, truth: Truth) -> None:
    """Alerts, closed, open, escalated, verdicts."""
    t = truth.offenses
    values = dict(figures.collect().select("figure", "value").iter_rows())
    assert values["alerts"] == t.offenses
    assert values["closed"] == t.statuses["CLOSED"]
    assert values["escalated"] == len(t.escalated_ids)
    assert values["open"] + values["status unknown"] == t.statuses["OPEN"] + t.statuses["HIDDEN"]
    for word in ("true_positive", "benign_positive", "false_positive", "duplicate", "test"):
        assert values[word.replace("_", " ")] == t.verdicts[word], word


def test_figures_by_client_and_reason(figures: Result, truth: Truth) -> None:
    """Each client's alerts; each closing reason's."""
    t = truth.offenses
    assert dict(figures["clients"].collect().select("client", "alerts").iter_rows()) == t.clients
    reasons = figures["closing_reasons"].collect()
    assert dict(reasons.select("closing_reason", "alerts").iter_rows()) == t.closing_reasons


def test_the_median_of_closed_cases_is_too_short_at_the_end(offenses: Tables, truth: Truth) -> None:
    """Of the last three days: Kaplan and Meier's median is longer than that of the closed alone, or not reached."""
    from datetime import timedelta

    end = truth.offenses.as_of
    late = kpis(offenses["alerts"], start=end - timedelta(days=3), as_of=end).collect()
    values = dict(late.select("figure", "value").iter_rows())
    clock = next(name.removesuffix(": median") for name in values if name.endswith(": median"))
    honest, closed_only = values[f"{clock}: median"], values[f"{clock}: median of the finished"]
    assert honest is None or honest > 2 * closed_only


def test_the_implants_beat(pairs: pl.DataFrame, truth: Truth) -> None:
    """All three at 0.9 and more, in the order of their jitter; only what is regular and harmless stands beside them."""
    regular = {*truth.network.ntp, *truth.network.updaters}
    high = pairs.filter(pl.col("score") >= 0.9)
    ranked = list(high.select("src_ip", "dst_ip").iter_rows())
    planted = [(beacon.src_ip, beacon.dst_ip) for beacon in truth.network.beacons]
    assert [pair for pair in ranked if pair not in regular] == planted
    assert set(ranked) <= regular | set(planted)
    assert ranked.index(planted[0]) <= len(truth.network.ntp)
    assert ranked.index(planted[1]) <= len(truth.network.ntp) + 2


def test_people_do_not_beat(pairs: pl.DataFrame, truth: Truth) -> None:
    """Whatever else talks to the outside stays below 0.75; connections inside the network are not scored."""
    regular = {*truth.network.ntp, *truth.network.updaters, *((b.src_ip, b.dst_ip) for b in truth.network.beacons)}
    others = [row for row in pairs.iter_rows(named=True) if (row["src_ip"], row["dst_ip"]) not in regular]
    assert len(others) > 500
    assert max(row["score"] for row in others) < 0.75
    assert not any(row["src_ip"] == truth.network.scanner for row in others)


def test_intervals_of_the_implants(pairs: pl.DataFrame, truth: Truth) -> None:
    """The median interval is the period; its median deviation half the jitter, as for any even spread."""
    for beacon in truth.network.beacons:
        row = pairs.filter(pl.col("src_ip") == beacon.src_ip, pl.col("dst_ip") == beacon.dst_ip).row(0, named=True)
        assert row["interval_seconds"] == pytest.approx(beacon.period_seconds, rel=0.1)
        spread = beacon.jitter * beacon.period_seconds
        assert row["interval_mad_seconds"] == pytest.approx(spread / 2, rel=0.35, abs=1)


def test_the_long_connections_and_no_other(folder: Path, truth: Truth) -> None:
    """Both are there with their length, one still open; nothing else adds up to an hour."""
    answer = long_connections(read_files([folder / "zeek"]))
    planted = sorted(truth.network.long_connections, key=lambda long: -long.duration_seconds)
    seen = answer.table.select("src_ip", "dst_ip", "first_time", "total_duration_seconds", "open_connections").collect()
    assert list(seen.iter_rows()) == [
        (long.src_ip, long.dst_ip, long.start_time, long.duration_seconds, int(long.still_open)) for long in planted
    ]
    assert [answer.picture(rank).collect()["uid"][0] for rank in (1, 2)] == [long.uid for long in planted]


def test_the_tunnel_comes_first(folder: Path, truth: Truth) -> None:
    """With its numbers of queries and names, and a score that nothing else comes near."""
    planted = truth.network.tunnel
    answer = dns_tunnels(read_files([folder / "zeek"]))
    first, second = answer.collect().head(2).to_dicts()
    seen = [first[name] for name in ("src_ip", "domain", "queries", "names", "first_time", "last_time", "clients")]
    times = (planted.first_time, planted.last_time)
    assert seen == [planted.src_ip, planted.domain, planted.queries, planted.names, *times, 1]
    assert first["score"] > 0.95
    assert second["score"] < 0.2
    assert f"{planted.names} different names in {planted.queries} queries" in answer.why(1)
    assert answer["subdomains"].collect().rows()[0][:2] == (planted.domain, planted.names)


def test_the_night_in_order(folder: Path, truth: Truth) -> None:
    """20 traces of three logs with three clocks stand on the timeline as they happened."""
    logs = {path: file.zone for path, file in truth.files.items() if path.startswith("events/")}
    tables = merge([read_files([folder / path], options=Options(zone=zone)) for path, zone in logs.items()])
    for zone in ("UTC", "Europe/Paris", "America/New_York"):
        table = timeline(tables["events"], to=zone).collect()
        planted = {(str(folder / trace.file), trace.record): trace for trace in truth.events.traces}
        seen = [planted[key] for key in table.select("source", "record").iter_rows() if key in planted]
        assert seen == list(truth.events.traces)
