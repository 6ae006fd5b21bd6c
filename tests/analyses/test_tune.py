"""Tuning: what is planted is found, what would hide an attack is not, and chance recommends nothing."""

from __future__ import annotations

import ipaddress
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import watchfloor as wf
from helpers import DATA, needs_data
from tuning_alerts import START, Made
from watchfloor.analyses.tune import tune
from watchfloor.errors import AmbiguousTime, BadOption
from watchfloor.schemas import ALERTS, EVIDENCE

AIT = DATA / "ait"
MAP = {
    "table": "alerts",
    "columns": {"rule": "name", "created_time": {"from": "time", "unit": "s"}},
    "evidence": {"host": "host", "src_ip": "ip"},
}


def _soc() -> Made:
    """A noisy scanner, a noisy rule with one true incident inside, and a noisy user who is the attacker."""
    made = Made()
    for n in range(40):
        made.add("Malware Found", 3, disposition="true_positive", host=f"pc{n}")
        made.add("Login Failure", 4, disposition="false_positive", user=f"u{n}")
    made.add("Port Scan", 200, disposition="false_positive", src_ip="10.0.0.9")
    made.add("Port Scan", 30, disposition="true_positive", src_ip="10.0.5.5")
    made.add("Admin Tool", 250, disposition="false_positive", host="jump1")
    made.add("Admin Tool", 1, disposition="true_positive", host="jump1")
    made.add("Login Failure", 12, disposition="true_positive", escalated=True, user="mallory")
    return made


def test_what_is_planted_is_found_and_traps_are_not() -> None:
    """The scanner goes; the host of the true incident and the attacker stay, and the answer says why."""
    made = _soc()
    result = tune(made.alerts, made.evidence)
    good = result.collect().filter("recommended")
    assert ("exclude", "Port Scan", "src_ip = 10.0.0.9", 200) in good.select(
        "remedy", "rule", "exclusion", "removed_past"
    ).rows()
    assert good["cases_hidden_fully"].sum() == 0
    assert "host = jump1" not in good["exclusion"].to_list()
    why = result["why_not"].collect().filter(pl.col("conditions") == "host = jump1")["against"]
    assert why.to_list() == ["1 of them true: it would hide a case that was an attack or was escalated"]
    applied = set(good["exclusion"].to_list())
    assert not any("mallory" in exclusion for exclusion in applied)


def test_verdicts_that_fell_by_chance_recommend_nothing() -> None:
    """The same alerts with their verdicts shuffled, ten times."""
    made = _soc()
    alerts = made.alerts.collect()
    for seed in range(10):
        order = alerts.with_columns(
            alerts.select("disposition", "escalated").sample(fraction=1, shuffle=True, seed=seed).get_columns()
        )
        found = tune(order.lazy(), made.evidence).collect().filter("recommended")
        assert found.select("remedy", "exclusion").rows() == []


def test_anyone_can_count_again(tmp_path: Path) -> None:
    """Conditions are objects in JSON, and rows count beyond those above."""
    made = _soc()
    result = tune(made.alerts, made.evidence)
    rows = json.loads(result.save(tmp_path / "x.json").read_text(encoding="utf-8"))["rows"]
    first = rows[0]
    assert first["conditions"] == [{"field": "src_ip", "op": "eq", "value": "10.0.0.9"}]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert set(first) >= {
        *("rank", "remedy", "rule", "conditions", "removed_past", "removed_future", "share_removed_future"),
        *("cases_hidden_fully", "cases_hidden_partly", "upper_bound", "stability", "recommended", "reason"),
    }
    facts = made.evidence.filter(pl.col("field") == "src_ip", pl.col("value") == "10.0.0.9")
    assert first["removed_past"] == facts.collect().height
    assert first["upper_bound"] == pytest.approx(3 / 200)


def test_learned_before_and_proven_after() -> None:
    """What comes after is counted, not learned from."""
    made = _soc()
    cut = START + timedelta(hours=120)
    table = tune(made.alerts, made.evidence, learn_until=cut).collect()
    first = table.filter("recommended").row(0, named=True)
    assert (first["exclusion"], first["removed_past"], first["removed_future"]) == ("src_ip = 10.0.0.9", 100, 100)
    after = made.alerts.filter(pl.col("created_time") >= cut).collect().height
    assert first["share_removed_future"] == pytest.approx(100 / after)
    # The one true alert of this host came after what was learned from.
    trap = table.filter(pl.col("exclusion") == "host = jump1").row(0, named=True)
    assert (trap["recommended"], trap["cases_hidden_fully"]) == (False, 1)
    assert trap["reason"].endswith("of what followed it would hide 1 cases that were true")


def test_a_rule_that_is_noise_whoever_raises_it() -> None:
    """Forty users, all of them useless: the rule is too loud, and no list of users mends it."""
    made = Made().add("other", 200, disposition="true_positive", host="a")
    for n in range(40):
        made.add("Locked Out", 6, disposition="false_positive", user=f"u{n}")
    first = tune(made.alerts, made.evidence).collect().row(0, named=True)
    assert (first["remedy"], first["rule"], first["removed_past"]) == ("lower_severity", "Locked Out", 240)


def test_at_most_so_many() -> None:
    """What lies beyond is listed, and not recommended."""
    made = Made()
    for n in range(6):
        made.add(f"r{n}", 100 + n, host=f"h{n}")
    table = tune(made.alerts, made.evidence, most=2).collect().filter(pl.col("remedy") == "exclude")
    assert table["recommended"].to_list() == [True] * 2 + [False] * 4
    assert table["rule"].to_list()[:2] == ["r5", "r4"]


def test_nothing_to_tune() -> None:
    """No alerts, no rows, no error."""
    assert tune(ALERTS.empty(), EVIDENCE.empty()).collect().height == 0
    assert tune(ALERTS.empty()).collect().height == 0


def test_what_cannot_be_asked() -> None:
    """Thresholds that mean nothing, a time without a zone, and one before everything."""
    made = Made().add("r", 3)
    with pytest.raises(BadOption, match="expiry_days=0"):
        tune(made.alerts, expiry_days=0)
    with pytest.raises(AmbiguousTime):
        tune(made.alerts, learn_until=datetime(2026, 3, 3))
    with pytest.raises(BadOption, match="nothing lies before"):
        tune(made.alerts, learn_until=datetime(2020, 1, 1, tzinfo=UTC))


CONTRACT = (
    *("rank", "remedy", "rule", "conditions", "removed_past", "removed_future", "share_removed_future"),
    *("cases_hidden_fully", "cases_hidden_partly", "upper_bound", "stability", "recommended", "reason"),
)


def _many() -> Made:
    """Noise of every kind that conditions can name, each over twenty days, and cases that must stay."""
    made = Made()
    span = {"hours": 480.0, "disposition": "false_positive"}
    for n in range(60):
        made.add("Malware Found", 3, hours=480, disposition="true_positive", host=f"pc{n}")
    made.add("Port Scan", 300, src_ip="10.0.0.9", **span)
    made.add("Port Scan", 30, hours=480, disposition="true_positive", src_ip="10.0.5.5")
    for n in range(4):
        made.add("Sweep", 60, src_ip=f"10.7.7.{n + 1}", **span)
        made.add("Logon", 50, user=f"svc_job{n}", **span)
    made.add("Sweep", 5, hours=480, disposition="true_positive", src_ip="192.0.2.7")
    made.add("Logon", 5, hours=480, disposition="true_positive", user="eve")
    for day in range(20):
        made.add("Backup", 12, start=24 * day + 1, hours=2, disposition="false_positive")
    made.add("Backup", 1, start=13, hours=1, disposition="true_positive")
    for n in range(4):
        made.add("Pair", 40, host=f"web{n}", user="deploy", **span)
        made.add("Pair", 2, hours=480, case=f"C{n}", disposition="true_positive", host=f"web{n}", user="eve")
    return made


@pytest.mark.parametrize("share", [None, 0.5, 0.7])
def test_an_independent_count_agrees(tmp_path: Path, share: float | None) -> None:
    """The document alone: conditions applied in plain Python, in the order of rows, beyond those above."""
    made = _many()
    cut = None if share is None else START + timedelta(hours=480 * share)
    result = tune(made.alerts, made.evidence, learn_until=cut)
    rows = json.loads(result.save(tmp_path / "x.json").read_text(encoding="utf-8"))["rows"]
    assert tuple(rows[0])[: len(CONTRACT)] == CONTRACT
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    good = [row["recommended"] for row in rows]
    assert good == sorted(good, reverse=True)
    assert {row["remedy"] for row in rows} <= {
        *("exclude", "group", "threshold", "suppress", "lower_severity", "fix_source", "merge")
    }
    assert all(row["cause"] and row["reason"] for row in rows)
    alerts = [alert | {"facts": {}} for alert in made.rows]
    for fact in made.facts:
        alerts[int(fact["alert_id"])]["facts"].setdefault(fact["field"], []).append(fact["value"])
    cases: dict[str, set[int]] = {}
    for number, alert in enumerate(alerts):
        cases.setdefault(alert["case_id"] or f"alert {number}", set()).add(number)
    true = {name: own for name, own in cases.items() if any(_true(alerts[number]) for number in own)}
    gone: set[int] = set()
    ops = set()
    for row in (row for row in rows if row["remedy"] in ("exclude", "lower_severity")):
        ops |= {condition["op"] for condition in row["conditions"]}
        fresh = {number for number, alert in enumerate(alerts) if _meets(alert, row)} - gone
        past = {number for number in fresh if cut is None or alerts[number]["created_time"] < cut}
        assert row["removed_past"] == len(past)
        if cut is not None:
            later = sum(alert["created_time"] >= cut for alert in alerts)
            assert row["removed_future"] == len(fresh - past)
            assert row["share_removed_future"] == pytest.approx(len(fresh - past) / later)
        before, gone = set(gone), gone | fresh
        hidden = [name for name, own in true.items() if own <= gone and not own <= before]
        partly = [name for name, own in true.items() if own & gone and not own & before and not own <= gone]
        assert (row["cases_hidden_fully"], row["cases_hidden_partly"]) == (len(hidden), len(partly))
        assert not (hidden and row["recommended"])
        assert all(_meets(alerts[int(one["alert_id"])], row) for one in row["examples_removed"])
        assert not any(_meets(alerts[int(one["alert_id"])], row) for one in row["examples_kept"])
    assert len(ops) >= 2


def _true(alert: dict[str, Any]) -> bool:
    return alert["disposition"] == "true_positive" or bool(alert["escalated"])


def _meets(alert: dict[str, Any], row: dict[str, Any]) -> bool:
    """The contract in plain Python."""
    return alert["rule"] == row["rule"] and all(_met(alert, condition) for condition in row["conditions"])


def _met(alert: dict[str, Any], condition: dict[str, Any]) -> bool:
    value, have = condition["value"], alert["facts"].get(condition["field"], [])
    match condition["op"]:
        case "eq":
            return value in have
        case "in":
            return any(one in value for one in have)
        case "in_network":
            return any(ipaddress.ip_address(one) in ipaddress.ip_network(value) for one in have)
        case "matches":
            return any(re.fullmatch(value, one) for one in have)
        case "hours":
            *days, clock = value.split(" ")
            start, end = (int(text[:2]) for text in clock.split("-"))
            hours = [(start + k) % 24 for k in range((end - start) % 24 or 24)]
            time = alert["created_time"]
            if time.hour not in hours:
                return False
            if not days:
                return True
            day = time - timedelta(days=1) if end <= start and time.hour < end else time
            first, last = (("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(one) for one in days[0].split("-"))
            return first <= day.weekday() <= last
    raise AssertionError(condition)


def test_a_threshold_is_proven_on_what_follows() -> None:
    """Bursts are attacks, single ones are not; an attack that comes alone later speaks against it."""
    made = Made()
    for n in range(40):
        made.add("Login Failure", 20, hours=480, disposition="false_positive", user=f"u{n}")
    for n in range(8):
        made.add("Login Failure", 40, start=60 * n + 5, hours=0.1, case=f"C{n}", disposition="true_positive", user="u1")
    cut = START + timedelta(hours=240)
    row = tune(made.alerts, made.evidence, learn_until=cut, most=0).collect().row(by_predicate=_threshold, named=True)
    assert (row["recommended"], row["cases_hidden_fully"]) == (True, 0)
    assert row["removed_past"] > 300
    assert row["removed_future"] > 300
    assert json.loads(row["parameters"])["above"] == 20
    made.add("Login Failure", 1, start=400, case="alone", disposition="true_positive", user="u2")
    row = tune(made.alerts, made.evidence, learn_until=cut, most=0).collect().row(by_predicate=_threshold, named=True)
    assert (row["recommended"], row["cases_hidden_fully"]) == (False, 1)
    # Learned on all of it, no number shows that one.
    found = tune(made.alerts, made.evidence, most=0).collect()
    assert found.filter(_threshold).is_empty()


_threshold = pl.col("remedy") == "threshold"


def test_faults_of_a_source_are_mended_and_not_excluded() -> None:
    """However steadily they come."""
    made = Made().add("Log source stopped sending", 300, log_source="fw1").add("other", 50, host="a")
    table = tune(made.alerts, made.evidence).collect().filter("recommended")
    assert sorted(table["rule"]) == ["Log source stopped sending", "other"]
    row = table.row(by_predicate=pl.col("rule") == "Log source stopped sending", named=True)
    assert (row["remedy"], row["removed_past"], json.loads(row["conditions"])) == (
        "fix_source",
        300,
        [{"field": "log_source", "op": "eq", "value": "fw1"}],
    )
    assert "comes and goes" in row["cause"]


def test_no_alert_is_removed_by_two_rows() -> None:
    """Two rules that see one event, one of which repeats itself: what is held back once is not counted again."""
    made = Made().add("a", 400, hours=100, host="x").add("b", 400, hours=100, host="x")
    table = tune(made.alerts, made.evidence, most=0).collect().filter("recommended")
    assert table["removed_past"].sum() <= 800
    assert set(table["remedy"]) <= {"suppress", "merge"}


def test_why_shows_what_goes_and_what_stays() -> None:
    """Of the first row three of each; of none that is not there."""
    made = _soc()
    result = tune(made.alerts, made.evidence)
    why = result.picture(1)
    assert why.explanation == f"{result.why(1)}."
    assert why.collect()["what"].to_list() == ["removed"] * 3 + ["kept"] * 3
    assert set(why.collect().filter(pl.col("what") == "removed")["evidence"]) == {"src_ip = 10.0.0.9"}
    assert set(why.collect().filter(pl.col("what") == "kept")["evidence"]) == {"src_ip = 10.0.5.5"}
    assert "useless" in why.explanation
    with pytest.raises(BadOption, match="no row 99"):
        result.picture(99)


def test_a_rule_that_alone_covers_a_technique_is_named() -> None:
    """It comes after one that removes a little less, and says what nothing else would see."""
    made = Made()
    for n in range(40):
        made.add("other", 3, disposition="true_positive", host=f"pc{n}", technique="T1003")
    made.add("brute", 300, disposition="false_positive", host="a", technique="T1110")
    made.add("scan", 200, disposition="false_positive", host="a", technique="T1003")
    table = tune(made.alerts, made.evidence).collect().filter("recommended")
    assert table["rule"].to_list()[:2] == ["scan", "brute"]
    assert "this rule alone covers T1110" in table["reason"][1]


def test_work_that_takes_long_weighs_more() -> None:
    """Two hundred that take an hour each before three hundred that take ten minutes."""
    made = Made().add("quick", 300, host="a").add("slow", 200, host="a")
    created = pl.col("created_time")
    taken = pl.when(pl.col("rule") == "slow").then(pl.duration(hours=1)).otherwise(pl.duration(minutes=10))
    alerts = made.alerts.with_columns(assigned_time=created, closed_time=created + taken)
    table = tune(alerts, made.evidence).collect().filter("recommended")
    assert table.select("rule", "minutes_saved").rows()[:2] == [("slow", 12_000.0), ("quick", 3_000.0)]


@needs_data
def test_the_test_bed_of_another_team() -> None:
    """Learned before the first attack, applied to all after it, scored by labels that nobody learned from."""
    networks = json.loads((AIT / "manifest.json").read_text(encoding="utf-8"))["networks"]
    removed = []
    for name, facts in networks.items():
        until = datetime.fromisoformat(facts["first_attack_alert"])
        good = wf.tune(AIT / f"{name}.parquet", columns=MAP, learn_until=until).collect().filter("recommended")
        exclusions = good.filter(pl.col("remedy") == "exclude")
        assert exclusions.height <= 15
        assert not exclusions["rule"].str.contains("400 error").any()
        grouped = good.filter(pl.col("remedy") == "group")["rule"].to_list()
        after = pl.read_parquet(AIT / f"{name}.parquet").filter(pl.col("time") >= int(until.timestamp()))
        if "Wazuh: Web server 400 error code." in after["name"].value_counts().filter(pl.col("count") > 1_000)["name"]:
            assert "Wazuh: Web server 400 error code." in grouped
        hit = pl.any_horizontal([_hit(row) for row in exclusions.iter_rows(named=True)])
        after = after.with_columns(hit=hit)
        removed.append(after.filter(pl.col("time_label") == "false_positive")["hit"].mean())
        steps = after.filter(pl.col("event_label") != "-").group_by("event_label").agg(pl.col("hit").all())
        assert not steps["hit"].any()
    assert pl.Series(removed).median() >= 0.985
    assert min(removed) >= 0.97


def _hit(row: dict[str, str]) -> pl.Expr:
    """The conditions once more, by hand."""
    hit = pl.col("name") == row["rule"]
    for condition in json.loads(row["conditions"]):
        column = pl.col({"src_ip": "ip", "host": "host"}[condition["field"]])
        values = condition["value"] if condition["op"] == "in" else [condition["value"]]
        assert condition["op"] in ("eq", "in")
        hit &= column.is_in(values)
    return hit
