"""Rules by noise: one row each, the whole volume accounted for, and the noisy address beside its rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers import DATA, needs_data, table
from watchfloor.analyses.noise import missing_labels, noise
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
    """Volume first; nine tenths of its verdicts are false; one address is behind most of it."""
    answer = noise(ALERT_ROWS, FACTS).collect()
    assert answer.select("rule", "alerts", "cumulative_share", "precision", "top_evidence").rows() == [
        ("scan", 30, pytest.approx(30 / 45), pytest.approx(0.1), "src_ip = 10.9.9.9"),
        ("login", 12, pytest.approx(42 / 45), 1.0, None),
        (None, 3, 1.0, None, None),
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
        *("rule", "alerts", "share", "precision", "precision_low", "precision_high", "trend"),
        *("top_evidence", "top_evidence_share", "cumulative_share", "open", "closed"),
        *("true_positive", "benign_positive", "false_positive", "duplicate", "test", "undetermined", "undecided"),
        *("escalated", "strict_precision", "strict_precision_low", "strict_precision_high"),
        *("escalated_share", "escalated_share_low", "escalated_share_high"),
        *("clients", "first_time", "last_time", "trend_ratio", "trend_low", "trend_high", "top_evidence_lift"),
    ]


def test_parts() -> None:
    """Evidence, days, hours, clients, labels: each with its rows."""
    result = noise(ALERT_ROWS, FACTS, top=1)
    assert [part.name for part in result.parts] == [
        "glance",
        "standing_out",
        "per_day",
        "escalated_per_day",
        "per_hour",
        "clients",
        "evidence",
        "labels",
    ]
    assert result["standing_out"].collect().select("evidence", "alerts").rows() == [("src_ip = 10.9.9.9", 24)]
    assert result["per_day"].collect()["alerts"].sum() == 45
    assert result["escalated_per_day"].collect()["escalated"].sum() == 15
    assert result["per_hour"].collect()["alerts"].sum() == 45
    assert result["clients"].collect().select("client", "alerts").rows() == [(None, 45)]
    assert set(result["evidence"].collect()["rank"]) == {1}


def test_missing_labels() -> None:
    """What the rates cannot know."""
    assert dict(missing_labels(ALERT_ROWS).collect().rows()) == {
        "all": 45,
        "without a rule": 3,
        "without created_time (in no day, hour or trend)": 0,
        "without a status": 0,
        "without a disposition": 3,
        "closed without a disposition": 2,
        "closed without a reason": 2,
        "open with a disposition": 0,
        "whose system does not say whether escalated": 0,
    }


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
    assert [part.collect().height for part in result.parts] == [1, 0, 0, 0, 168, 0, 0, 9]


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
            names = [getattr(chart, name, None) for name in ("x", "y", "color", "low", "high")]
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
