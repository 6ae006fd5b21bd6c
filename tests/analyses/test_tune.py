"""Tuning: what is planted is found, what would hide an attack is not, and chance recommends nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
    assert why.to_list() == ["it would hide a case that was an attack or was escalated"]
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
