"""What if: the same numbers as from the logs, and a plain word where the logs are needed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import table
from watchfloor.analyses.beacons import beacons
from watchfloor.analyses.dns_tunnels import dns_tunnels
from watchfloor.analyses.hunt import hunt
from watchfloor.analyses.long_connections import long_connections
from watchfloor.analyses.rita.config import CODE, RitaConfig, Thresholds
from watchfloor.errors import BadOption
from watchfloor.result import Provenance, Result
from watchfloor.schemas import CONNECTIONS, DNS_QUERIES, HTTP_REQUESTS, Tables

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
LONG, C2 = "long_connection_score_thresholds", "c2_score_thresholds"


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Forty pairs that call more or less at regular times, some for long; two domains with many names."""
    dice = random.Random(5)
    rows = []
    for pair in range(40):
        jitter, every = dice.choice([0, 0.1, 0.5, 2]), dice.choice([60, 300])
        at, long = float(dice.randrange(20_000)), dice.choice([1, 1, 900, 2_000])
        for number in range(dice.randrange(3, 60)):
            at += every * (1 + jitter * dice.random())
            rows.append((at, f"C{pair}-{number}", f"10.0.0.{pair % 9}", f"198.51.100.{pair}", long * dice.random()))
    connections = table(
        CONNECTIONS,
        time=[NOON + timedelta(seconds=row[0]) for row in rows],
        uid=[row[1] for row in rows],
        src_ip=[row[2] for row in rows],
        dst_ip=[row[3] for row in rows],
        dst_port=[443] * len(rows),
        proto=["tcp"] * len(rows),
        duration_seconds=[row[4] for row in rows],
        orig_ip_bytes=[100 + dice.randrange(3) for _ in rows],
        resp_ip_bytes=[50] * len(rows),
        still_open=[False] * len(rows),
    )
    odd = rows[::50]
    requests = table(
        HTTP_REQUESTS,
        uid=[row[1] for row in odd],
        time=[NOON + timedelta(seconds=row[0]) for row in odd],
        src_ip=[row[2] for row in odd],
        dst_ip=[row[3] for row in odd],
        method=["GET"] * len(odd),
        user_agent=["a) x; first_seen +0.15", *["b"] * (len(odd) - 1)],
    )
    names = [f"{n:030x}.one.example" for n in range(900)] + [f"{n:x}.two.example" for n in range(150)]
    queries = table(
        DNS_QUERIES,
        time=[NOON + timedelta(seconds=n) for n in range(len(names))],
        src_ip=[f"10.0.0.{n % 3}" for n in range(len(names))],
        dst_ip=["10.0.0.53"] * len(names),
        query=names,
        query_type=["A"] * len(names),
    )
    return {"connections": connections, "http_requests": requests, "dns_queries": queries}


def with_config(result: Result, config: RitaConfig | str, **more: Any) -> Result:
    """As the door gives it: with what was asked for."""
    return result.with_provenance(Provenance(parameters={"config": config, **more}))


def scores(frame: pl.LazyFrame | pl.DataFrame, score: str = "score") -> dict[tuple[Any, ...], Any]:
    """Score and severity by pair or domain, of rows that are there."""
    rows = frame.lazy().collect()
    who = [name for name in ("kind", "src_ip", "dst_ip", "name", "domain") if name in rows.columns]
    worth = [name for name in (score, "severity") if name in rows.columns]
    return {
        row[: len(who)]: row[len(who) :] for row in rows.filter(pl.col(score).is_not_null()).select(*who, *worth).rows()
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp_score_weight": 0.4, "datasize_score_weight": 0.1},
        {"score_thresholds": Thresholds(30, 40, 50, 60)},
        {"duration_min_hours_seen": 2, "duration_consistency_ideal_hours_seen": 20},
        {"duration_consistency_ideal_hours_seen": 3},
        {"unique_connection_threshold": 30},
    ],
)
def test_ritas_beacons_are_those_of_the_logs(tables: Tables, changes: dict[str, Any]) -> None:
    """Asked again with the other configuration, or without the logs: to the last digit."""
    asked = with_config(beacons(tables["connections"], score="rita"), "code").what_if(**changes)
    again = beacons(tables["connections"], score="rita", config=replace(CODE, **changes))
    assert scores(asked.table) == scores(again.table)


@pytest.mark.parametrize(
    "changes",
    [
        {"histogram_score_weight": 0.1, "timestamp_score_weight": 0.4},
        {"score_thresholds": Thresholds(30, 40, 50, 60), "strobe_impact": "low"},
        {"prevalence_score_increase": 0.2, "prevalence_score_decrease": 0.1, "prevalence_increase_threshold": 0.15},
        {"missing_host_count_score_increase": 0.5, C2: Thresholds(100, 120, 140, 160)},
    ],
)
def test_ritas_threats_are_those_of_the_logs(tables: Tables, changes: dict[str, Any]) -> None:
    """Whatever a user agent says in the words of the modifiers."""
    config = replace(CODE, rare_signature_score_increase=0.15)
    asked = with_config(hunt(tables, config=config), config).what_if(**changes)
    again = hunt(tables, config=replace(config, **changes))
    assert scores(asked.table) == scores(again.table, "final_score")
    assert "cannot be computed again" not in asked.explanation


def test_long_connections_are_those_of_the_logs(tables: Tables) -> None:
    """A pair below the new base leaves."""
    limits = {"base": 9_000, "low": 20_000, "medium": 40_000, "high": 60_000}
    asked = with_config(long_connections(tables), "code").what_if(**limits)
    again = scores(long_connections(tables, config=replace(CODE, **{LONG: Thresholds(**limits)})).table)
    found = asked.collect()
    assert scores(found.filter("listed")) == again
    gone = found.height - len(again)
    assert gone > 0
    assert (found["change"] == "leaves").sum() == gone
    assert f", {gone} row{'s leave' if gone > 1 else ' leaves'} it." in asked.explanation


def test_dns_tunnels_are_those_of_the_logs(tables: Tables) -> None:
    """The least number of names; and RITA's thresholds of the part."""
    asked = with_config(dns_tunnels(tables), "code").what_if(least_names=100, **{C2: "120,130,140,1000"})
    assert scores(asked.table) == scores(dns_tunnels(tables, least_names=100).table)
    again = dns_tunnels(tables, config=replace(CODE, **{C2: Thresholds(120, 130, 140, 1_000)}))["subdomains"]
    assert (
        asked["subdomains"].collect()["c2_over_dns_score"].to_list() == again.collect()["c2_over_dns_score"].to_list()
    )
    assert "Rows that would not be there: " in asked.explanation


def test_our_score_without_a_term(tables: Tables) -> None:
    """The product of the others, and what a port of the web takes of it; without any change the score that it is."""
    result = beacons(tables["connections"])
    same = result.what_if(at_least=0.3).collect()
    assert same["score"].to_list() == pytest.approx(same["score_before"].to_list(), abs=1e-12)
    assert same["rank"].to_list() == same["rank_before"].to_list()
    without = {row["dst_ip"]: row for row in result.what_if(confidence=0).collect().to_dicts()}
    seen = result.collect().filter(pl.col("evenness").is_not_null(), pl.col("confidence") > 0)
    assert seen.height > 3
    for row in seen.to_dicts():
        product = row["score"] / row["web"] / row["confidence"]
        assert without[row["dst_ip"]]["score"] == pytest.approx(product * 0.75 / (1 - 0.25 * product))


def test_rows_that_enter_are_named_with_both_ranks() -> None:
    """Two rows change places at the edge of the list."""
    terms = ("regularity", "evenness", "sizes", "confidence", "beyond_chance", "solitude", "twinless", "context")
    more = ("prevalence", "peers", "scan", "speed", "whole", "web")
    rows = pl.LazyFrame(
        {
            "rank": [1, 2],
            "score": [0.8, 0.5],
            "src_ip": ["10.0.0.1", "10.0.0.2"],
            "dst_ip": ["192.0.2.1", "192.0.2.2"],
            "connections": [10, 10],
            **{term: [1.0, 1.0] for term in (*terms, *more[1:])},
        }
    ).with_columns(regularity=pl.Series([0.8, 1.0]), prevalence=pl.Series([1.0, 0.5]))
    found = Result(title="x", table=rows).what_if(prevalence="0", first=1)
    assert found.collect().select("change", "rank", "rank_before", "score").rows() == [
        ("enters", 1, 2, 1.0),
        ("leaves", 2, 1, 0.8),
    ]
    assert "It enters: 10.0.0.2 → 192.0.2.2 (2 → 1)." in found.explanation
    assert found["moved"].collect().height == 2


@pytest.mark.parametrize(
    ("question", "changes", "message"),
    [
        ("rita", {"window": "12h"}, "needs the logs"),
        ("rita", {"histogram_mode_sensitivity": 0.1}, "needs the logs: the bars"),
        ("rita", {"timestamp_weight": 0.1}, "nothing of that name"),
        ("rita", {"timestamp_score_weight": 0.9}, "sum to 1.65"),
        ("rita", {"score_thresholds": "1,2,3"}, "four thresholds"),
        ("rita", {"score_thresholds": "9,2,3,4"}, "do not rise"),
        ("rita", {"strobe_impact": "huge"}, "no impact"),
        ("rita", {"unique_connection_threshold": 4.5}, "whole number"),
        ("rita", {}, "what if what"),
        ("rita", {"first": 0}, "means nothing"),
        ("ours", {"window": "12h"}, "needs the logs"),
        ("ours", {"fewest_connections": 3}, "needs the logs"),
        ("ours", {"speed": "fast"}, "means nothing"),
        ("hunt", {LONG: "10,20,30,40"}, "shorter pairs"),
        ("hunt", {C2: "10,20,30,40"}, "smaller domains"),
        ("hunt", {"rare_signature_score_increase": 0.1}, "it was 0"),
        ("hunt", {"first_seen_increase_threshold": 3}, "ages are not"),
        ("long", {"base": 60}, "pairs below 3,600 s have no row"),
        ("long", {"join_seconds": 60}, "needs the logs"),
        ("dns", {"least_names": 5}, "fewer than 10 names"),
        ("dns", {"least_bytes": 5_000}, "do not rise"),
    ],
)
def test_what_cannot_be_said(tables: Tables, question: str, changes: dict[str, Any], message: str) -> None:
    """A plain error with what to do."""
    ask = {
        "rita": lambda: beacons(tables["connections"], score="rita"),
        "ours": lambda: beacons(tables["connections"]),
        "hunt": lambda: hunt(tables),
        "long": lambda: long_connections(tables),
        "dns": lambda: dns_tunnels(tables),
    }[question]
    with pytest.raises(BadOption, match=message) as told:
        ask().what_if(**changes)
    assert told.value.hint


def test_other_answers_have_no_weights() -> None:
    """An answer about rules."""
    with pytest.raises(BadOption, match="no weights and thresholds"):
        Result(title="Rules", table=pl.LazyFrame({"rule": ["x"]})).what_if(x=1)


def test_allowed_rows_are_left_out(tables: Tables) -> None:
    """They are in no list."""
    result = beacons(tables["connections"], score="rita")
    marked = replace(result, table=result.table.with_columns(allowed=pl.when(pl.col("rank") == 1).then(pl.lit("ours"))))
    found = marked.what_if(score_thresholds="10,20,30,40")
    assert found.collect().height == result.collect().height - 1
    assert "Allowed rows are left out: 1." in found.explanation
