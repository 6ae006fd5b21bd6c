"""Rules by noise: one row each, the whole volume accounted for, and the noisy address beside its rule."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, table
from made_days import NOON as FIRST
from made_days import alerts_of, poisson
from properties import examples
from watchfloor.analyses.noise import noise
from watchfloor.analyses.volume import DISPOSITIONS
from watchfloor.errors import BadOption, SchemaError, UnknownZone
from watchfloor.result import Result
from watchfloor.schemas import ALERTS, EVIDENCE, TIME

NOON = datetime(2025, 10, 1, 12, tzinfo=UTC)
ALERT_ROWS = table(
    ALERTS,
    alert_id=[str(n) for n in range(45)],
    rule=["scan"] * 30 + ["login"] * 12 + [None] * 3,
    status=["closed"] * 44 + ["open"],
    disposition=["false_positive"] * 27 + ["true_positive"] * 3 + ["true_positive"] * 12 + [None] * 3,
    closing_reason=["noise"] * 42 + [None] * 3,
    escalated=[False] * 27 + [True] * 15 + [False] * 3,
    created_time=[NOON + timedelta(days=n % 10) for n in range(45)],
)
FACTS = table(
    EVIDENCE,
    alert_id=[str(n) for n in range(45)],
    field=["src_ip"] * 45,
    value=["10.9.9.9"] * 24 + [f"10.0.0.{n}" for n in range(21)],
)


def test_the_noisiest_rule_and_its_address() -> None:
    """Most waste first: nine tenths of its verdicts are false; one address is behind most of it.

    Of the three alerts that nobody judged as many are expected to come to nothing as of all judged ones, 27 in 42: two.
    """
    answer = noise(ALERT_ROWS, FACTS).collect()
    assert answer.select("rule", "alerts", "wasted_alerts", "precision", "top_evidence").rows() == [
        ("scan", 30, 27, pytest.approx(0.1), "src_ip = 10.9.9.9"),
        ("login", 12, 0, 1.0, None),
        (None, 3, 2, None, None),
    ]
    waste = 27 + 3 * 27 / 42
    assert answer["wasted_share"].to_list() == [pytest.approx(27 / waste), 0.0, pytest.approx(1 - 27 / waste)]
    assert answer["cumulative_share"].to_list() == [
        pytest.approx(27 / waste),
        pytest.approx(27 / waste),
        pytest.approx(1),
    ]
    assert answer["top_evidence_share"][0] == pytest.approx(24 / 30)
    # Wilson's interval of 3 in 30.
    assert (answer["precision_low"][0], answer["precision_high"][0]) == (
        pytest.approx(0.0346, abs=5e-5),
        pytest.approx(0.2562, abs=5e-5),
    )
    assert answer["trend"].to_list() == [None] * 3  # 15 and 15 in five days each: a change by half cannot be ruled out


def test_columns_of_the_answer() -> None:
    """What others build on."""
    assert noise(ALERT_ROWS).collect().columns == [
        *("rule", "alerts", "share", "wasted_alerts", "wasted_hours", "cumulative_share"),
        *("precision", "precision_low", "precision_high", "judged", "doubtful", "trend"),
        *("top_evidence", "top_evidence_share", "incidents", "sole_incidents", "wasted_share", "open", "closed"),
        *("true_positive", "benign_positive", "false_positive", "duplicate", "test", "undetermined", "undecided"),
        *("escalated", "strict_precision", "strict_precision_low", "strict_precision_high"),
        *("escalated_share", "escalated_share_low", "escalated_share_high", "clients", "first_time", "last_time"),
        *("wasted_alerts_low", "wasted_alerts_high", "wasted_basis", "handled", "handling_seconds"),
        *("handling_seconds_low", "handling_seconds_high", "handling_basis"),
        *("trusted_precision", "trusted_precision_low", "trusted_precision_high"),
        *("trend_ratio", "trend_low", "trend_high", "changed_day", "changed_ratio", "bursts", "burst_share"),
        *("top_evidence_lift", "reading"),
    ]


def test_the_order_is_by_work_where_it_is_known() -> None:
    """Ten alerts of an hour each waste more than thirty of a minute; both are said, with their bases."""
    made = [NOON + timedelta(hours=n) for n in range(40)]
    took = [timedelta(minutes=1)] * 30 + [timedelta(hours=1)] * 10
    frame = table(
        ALERTS,
        rule=["quick"] * 30 + ["slow"] * 10,
        status=["closed"] * 40,
        disposition=["false_positive"] * 40,
        created_time=made,
        acknowledged_time=made,
        triaged_time=[time + length for time, length in zip(made, took, strict=True)],
    )
    result = noise(frame)
    answer = result.collect()
    assert answer.select("rule", "wasted_hours", "wasted_share").rows() == [
        ("slow", 10.0, pytest.approx(20 / 21)),
        ("quick", 0.5, pytest.approx(1 / 21)),
    ]
    assert answer["reading"][0].startswith(
        "10 alerts, of which 10 come to nothing (10 judged alerts of this rule): 10.0 hours of work (10 handled alerts"
    )
    work = result["work"]
    assert work.collect()["rule"].to_list() == ["slow", "quick"]
    assert work["handling"].collect()["clock"].to_list() == ["acknowledged_time to triaged_time"]


def test_parts() -> None:
    """Labels first; then each question with its rows."""
    result = noise(ALERT_ROWS, FACTS, top=1)
    assert [part.name for part in result.parts] == [
        *("labels", "without_doubts", "closers", "glance", "work", "precision", "standing_out"),
        *("changes", "silent", "together", "bursts", "per_day", "rule_days", "escalated_per_day"),
        *("per_hour", "day_hours", "clients", "client_rules", "evidence"),
    ]
    assert result["standing_out"].collect().select("evidence", "alerts").rows() == [("src_ip = 10.9.9.9", 24)]
    assert result["per_day"].collect()["alerts"].sum() == 45
    assert result["rule_days"].collect()["alerts"].sum() == 42  # those of a rule
    assert result["escalated_per_day"].collect()["escalated"].sum() == 15
    assert result["per_hour"].collect()["alerts"].sum() == 45
    assert result["day_hours"].collect().height == 10 * 24
    assert result["day_hours"].collect()["alerts"].sum() == 45
    assert result["clients"].collect().select("client", "alerts").rows() == [(None, 45)]
    assert result["precision"].collect()["rule"].to_list() == ["scan", "login"]
    assert set(result["evidence"].collect()["rank"]) == {1}


def test_planted_things_are_in_their_parts() -> None:
    """A rule that stopped, one that tripled, two that fire together, one burst, one rule of one client."""
    dice = random.Random(1)
    daily = {
        "gone": [3] * 30 + [0] * 10,
        "tripled": [poisson(dice, 8) for _ in range(20)] + [poisson(dice, 24) for _ in range(20)],
        "same": [poisson(dice, 8) for _ in range(40)],
    }
    steady = alerts_of(daily, client="north", system="s")
    places = [(FIRST + timedelta(hours=15 * n), f"h{n % 9}") for n in range(60)]
    pair = ALERTS.fill(
        pl.DataFrame(
            {
                "alert_id": [f"p{n}" for n in range(120)],
                "rule": ["first"] * 60 + ["second"] * 60,
                "created_time": [at for at, _ in places] + [at + timedelta(seconds=4) for at, _ in places],
            },
            schema_overrides={"created_time": TIME},
        ),
        client="south",
        system="s",
    )
    hosts = [host for _, host in places] * 2
    facts = table(EVIDENCE, alert_id=[f"p{n}" for n in range(120)], field=["host"] * 120, value=hosts)
    rush = alerts_of({"rush": [0] * 12 + [50] + [0] * 26 + [1]}, client="north", system="s")
    result = noise(pl.concat([steady, pair, rush]), facts)
    assert result["silent"].collect()["rule"].to_list() == ["gone"]
    assert "tripled" in result["changes"].collect()["rule"].to_list()
    assert result["together"].collect().select("kind", "rule", "other_rule").rows() == [
        ("always together", "first", "second")
    ]
    assert "rush" in result["bursts"].collect()["rule"].to_list()
    by_client = {(row["client"], row["rule"]): row for row in result["client_rules"].collect().to_dicts()}
    assert by_client["south", "first"]["client_share"] == 0.5
    assert by_client["south", "first"]["elsewhere_share"] == 0


def test_alerts_without_any_label() -> None:
    """A sensor's alerts: volume, trend and evidence, no precision, no escalation."""
    bare = table(ALERTS, rule=["a"] * 20, created_time=[NOON + timedelta(days=n) for n in range(20)])
    result = noise(bare)
    row = result.collect().row(0, named=True)
    assert (row["alerts"], row["undecided"], row["trend"]) == (20, 20, None)
    assert [row[name] for name in ("open", "precision", "escalated", "escalated_share", "top_evidence")] == [None] * 5
    assert result["escalated_per_day"].collect().height == 0


def test_no_alerts_is_an_answer() -> None:
    """Empty tables, no error."""
    result = noise(ALERTS.empty(), EVIDENCE.empty())
    assert result.collect().height == 0
    assert [part.collect().height for part in result.parts] == [
        *(17, 6, 0, 1, 0, 0, 0),
        *(0, 0, 0, 0, 0, 0, 0),
        *(168, 0, 0, 0, 0),
    ]


def test_thresholds_are_repeated_in_words() -> None:
    """Minimum, confidence, zone and the factor of steady."""
    text = noise(ALERT_ROWS, minimum=7, zone="Europe/Paris", confidence=0.9, steady=1.5).explanation
    for words in ("from 7 alerts on", "interval at 90 %", "days of Europe/Paris", "more than 1.5 times"):
        assert words in text


def test_order_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled input, same answer, evidence included."""
    answers = []
    for seed in range(5):
        alerts, facts = (t.collect().sample(fraction=1, shuffle=True, seed=seed).lazy() for t in (ALERT_ROWS, FACTS))
        result = noise(alerts, facts)
        answers.append([part.collect() for part in (result, *result.parts)])
    assert all(part.equals(first) for answer in answers[1:] for part, first in zip(answer, answers[0], strict=True))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"minimum": 0}, BadOption, "minimum"),
        ({"confidence": 95}, BadOption, "confidence"),
        ({"top": 0}, BadOption, "top=0"),
        ({"bulk": 1}, BadOption, "bulk=1"),
        ({"automatic_seconds": -1}, BadOption, "automatic_seconds"),
        ({"together_seconds": 0}, BadOption, "together_seconds=0"),
        ({"steady": 1}, BadOption, "steady=1"),
        ({"zone": "Europe/Pari"}, UnknownZone, "Europe/Pari"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], error: type[Exception], words: str) -> None:
    """At once, not when the table is collected."""
    with pytest.raises(error, match=words):
        noise(ALERT_ROWS, **options)


def test_a_frame_that_is_no_table_is_refused() -> None:
    """Its missing columns are named."""
    with pytest.raises(SchemaError, match="alerts table"):
        noise(pl.LazyFrame({"rule": ["x"]}))


def test_charts_name_columns_of_their_tables() -> None:
    """What is drawn is there."""
    result = noise(ALERT_ROWS, FACTS)
    for part in (result, *result.parts):
        for chart in part.charts:
            names = [getattr(chart, name, None) for name in ("x", "x_end", "y", "color", "low", "high", "size")]
            assert {name for name in names if name} <= set(part.collect().columns)


def bed_alerts(network: str) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Alerts of a test-bed network with address and host as evidence."""
    rows = pl.scan_parquet(DATA / "ait" / f"{network}.parquet").with_row_index("record", 1)
    keyed = rows.with_columns(pl.col("record").cast(pl.Int64), alert_id=pl.col("record").cast(pl.String))
    alerts = keyed.select(
        "record", "alert_id", rule="name", created_time=pl.from_epoch("time", time_unit="s").cast(TIME)
    )
    facts = keyed.select("record", "alert_id", src_ip="ip", host="host").unpivot(
        ["src_ip", "host"], index=["record", "alert_id"], variable_name="field"
    )
    return ALERTS.fill(alerts), EVIDENCE.fill(facts)


@needs_data
@pytest.mark.parametrize("network", ["fox", "russellmitchell", "santos", "wheeler"])
def test_real_alerts_of_a_network(network: str) -> None:
    """Alerts, rules, hosts, first and last as its manifest says, and every alert in every part."""
    manifest = json.loads((DATA / "ait" / "manifest.json").read_text(encoding="utf-8"))
    networks = manifest["networks"]
    said = networks[network] if isinstance(networks, dict) else next(n for n in networks if n["name"] == network)
    result: Result = noise(*bed_alerts(network))
    table_ = result.collect()
    assert (table_["alerts"].sum(), table_.height) == (said["alerts"], said["rules"])
    assert table_["cumulative_share"][-1] == pytest.approx(1)
    assert table_["first_time"].min() == datetime.fromisoformat(said["first_alert"])
    assert table_["last_time"].max() == datetime.fromisoformat(said["last_alert"])
    assert result["per_day"].collect()["alerts"].sum() == said["alerts"]
    assert result["per_hour"].collect()["alerts"].sum() == said["alerts"]
    evidence = result["evidence"].collect()
    assert evidence.filter(pl.col("field") == "host")["values"].max() <= said["hosts"]
    whole = evidence.filter(pl.col("values") <= 5).group_by("rule", "field").agg(pl.col("alerts").sum())
    volume = dict(table_.select("rule", "alerts").rows())
    assert all(volume[rule] == alerts for rule, _, alerts in whole.rows())


def test_every_column_is_in_the_document() -> None:
    """docs/noise.md names each column of the answer and of its parts."""
    text = (Path(__file__).parents[2] / "docs" / "noise.md").read_text(encoding="utf-8")
    result = noise(ALERT_ROWS, FACTS)
    frames = [result, *result.parts, result["work"]["handling"]]
    columns = {name for part in frames for name in part.table.collect_schema().names()}
    assert sorted(name for name in columns if f"`{name}`" not in text) == []
    assert [part.name for part in frames if f"`{part.name}`" not in text and f"### {part.name}" not in text] == []


INSTANT = st.one_of(
    st.none(),
    st.datetimes(datetime(1999, 12, 31), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([NOON, NOON + timedelta(seconds=1), NOON + timedelta(days=400), datetime(1, 1, 1, tzinfo=UTC)]),
)
TEXT = st.one_of(
    st.none(),
    st.sampled_from(["a", "b", "", "=1+1", "\r\n\x00", "{}", "svc_bot", "ann", "x" * 3000]),
    st.text(max_size=5),
)
ALERT = st.fixed_dictionaries(
    {
        **dict.fromkeys(
            ("source", "alert_id", "case_id", "client", "system", "rule", "closing_reason", "closed_by"), TEXT
        ),
        "record": st.one_of(st.none(), st.integers(1, 20)),
        "status": st.sampled_from([None, "open", "closed"]),
        "disposition": st.sampled_from([None, *DISPOSITIONS]),
        "escalated": st.sampled_from([None, True, False]),
        **dict.fromkeys(
            ("created_time", "closed_time", "acknowledged_time", "assigned_time", "triaged_time", "updated_time"),
            INSTANT,
        ),
        "time_basis": st.sampled_from([None, "closed: last change", "acknowledged: note; closed: last change"]),
    }
)
FACT = st.fixed_dictionaries(
    {"source": TEXT, "alert_id": TEXT, "record": st.one_of(st.none(), st.integers(1, 20)), "field": TEXT, "value": TEXT}
)


@examples(25)
@given(st.lists(ALERT, max_size=30), st.lists(FACT, max_size=30), st.sampled_from(["UTC", "Pacific/Apia"]))
def test_whatever_the_alerts_are(alerts: list[dict[str, Any]], facts: list[dict[str, Any]], zone: str) -> None:
    """Null, odd and hostile values: every part is an answer, and every alert is counted once."""
    frame = ALERTS.fill(
        pl.DataFrame(alerts, schema_overrides=dict(ALERTS.schema), strict=False) if alerts else ALERTS.empty()
    )
    said = EVIDENCE.fill(pl.DataFrame(facts, schema_overrides=dict(EVIDENCE.schema)) if facts else EVIDENCE.empty())
    known = {(a["system"], a["alert_id"]) for a in alerts if a["alert_id"] is not None}
    one_each = len(known) + sum(a["alert_id"] is None for a in alerts)
    result = noise(frame, said, minimum=2, zone=zone)
    table_ = result.collect()
    assert table_["alerts"].sum() == one_each
    assert table_.height == table_["rule"].n_unique()
    assert (table_["wasted_alerts"] <= table_["alerts"]).all()
    tables = {part.name: part.collect() for part in (*result.parts, result["work"]["handling"])}
    labels = {row["check"]: row for row in tables["labels"].to_dicts()}
    assert labels["all alerts"]["of"] == one_each
    timed = one_each - (labels["without created_time (in no day, hour or trend)"]["alerts"] or 0)
    assert tables["per_hour"]["alerts"].sum() == timed
    for name in ("precision", "without_doubts", "together", "labels", "bursts", "client_rules"):
        for column in tables[name].columns:
            if column.endswith("share") or column.startswith("precision"):
                assert tables[name][column].drop_nulls().is_between(0, 1.0000001).all(), (name, column)
