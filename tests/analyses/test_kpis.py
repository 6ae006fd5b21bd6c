"""The SOC's figures: on a real incident log they are those that lifelines and pandas gave."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from helpers import DATA, needs_data, table
from watchfloor.analyses import survival
from watchfloor.analyses.clock import Clock, as_it_stood, cases
from watchfloor.analyses.kpis import kpis
from watchfloor.analyses.tags import TagRule, TagRules
from watchfloor.analyses.workload import flow_per_day
from watchfloor.errors import AmbiguousTime, BadOption, SchemaError, UnknownZone
from watchfloor.schemas import ALERTS

Z = 1.959964
DAY = datetime(2025, 10, 1, tzinfo=UTC)
RULES = TagRules((TagRule("scan", words=("scan",)),))
ALERT_ROWS = table(
    ALERTS,
    alert_id=["1", "2", "3", "4"],
    client=["north", "north", "south", None],
    rule=["a", "a", "b", None],
    title=["scan", "scan", "other", None],
    status=["closed", "closed", "closed", "open"],
    closing_reason=["noise", "noise", "real", None],
    disposition=["false_positive", "false_positive", "true_positive", None],
    escalated=[False, False, True, False],
    created_time=[DAY, DAY + timedelta(hours=1), DAY + timedelta(days=1), DAY + timedelta(days=2)],
    closed_time=[DAY + timedelta(hours=3), DAY + timedelta(days=1), DAY + timedelta(days=2), None],
)


def test_parts() -> None:
    """Each with its rows."""
    result = kpis(ALERT_ROWS, tags=RULES, minimum=1)
    heights = {part.name: part.collect().height for part in result.parts}
    assert heights == {
        "glance": 1,
        "per_day": 3,
        "tags": 2,
        "coverage": 1,
        "untagged": 2,
        "tag_rules": 1,
        "rules": 3,
        "clients": 3,
        "closing_reasons": 2,
        "escalations": 1,
        "time_to_close": 5,
        "waiting": 4,
        "time_bases": 0,
    }
    assert result.collect().columns == ["figure", "reads", "value", "unit", "low", "high", "n", "note"]


def test_rules_and_clients_are_as_they_stood() -> None:
    """Before anything was closed all were open."""
    early = kpis(ALERT_ROWS, tags=RULES, as_of=DAY + timedelta(hours=2))
    assert early["rules"].collect().select("rule", "alerts", "open", "closed").rows() == [("a", 2, 2, 0)]
    assert early["clients"].collect().select("client", "open").rows() == [("north", 2)]


def test_a_period_holds_what_was_made_in_it() -> None:
    """Clients, tags and reasons are of the period; the end is left out; zones of the instants do not matter."""
    paris = ZoneInfo("Europe/Paris")
    start, end = datetime(2025, 10, 1, 2, tzinfo=paris), datetime(2025, 10, 2, 2, tzinfo=paris)
    result = kpis(ALERT_ROWS, tags=RULES, start=start, end=end)
    assert result["clients"].collect().select("client", "alerts").rows() == [("north", 2)]
    assert result["closing_reasons"].collect().select("closing_reason", "alerts").rows() == [("noise", 2)]
    assert result["per_day"].collect().rows() == [(DAY.date(), 2, 1, 1)]
    assert "Alerts made from 2025-10-01 00:00:00 UTC to before 2025-10-02 00:00:00 UTC" in result.explanation


def test_the_shipped_tags_are_used_where_none_are_given() -> None:
    """The result names them."""
    tags = kpis(ALERT_ROWS)["tags"].collect()
    assert set(TagRules.load().names) <= set(tags["tag"])
    assert dict(tags.select("tag", "alerts").rows())["scanning"] == 2


def test_no_alerts_is_an_answer() -> None:
    """Every table comes, none fails."""
    result = kpis(ALERTS.empty(), tags=RULES)
    assert dict(result.collect().select("figure", "value").rows())["alerts"] == 0
    assert [part.collect().height for part in result.parts] == [1, 0, 2, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0]


def test_thresholds_are_repeated_in_words() -> None:
    """Clock, instant, minimum, confidence."""
    text = kpis(
        ALERT_ROWS,
        tags=RULES,
        as_of=DAY + timedelta(days=9),
        clock=("created_time", "contained_time"),
        minimum=7,
        confidence=0.9,
    ).explanation
    for words in ("2025-10-10 00:00:00 UTC", "`created_time` to `contained_time`", "from 7 alerts on", "90 %"):
        assert words in text


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"as_of": datetime(2025, 1, 1)}, AmbiguousTime, "as_of"),
        ({"start": datetime(2025, 1, 1)}, AmbiguousTime, "start"),
        ({"start": DAY, "end": DAY}, BadOption, "empty"),
        ({"clock": ("created_time", "done_time")}, BadOption, "done_time"),
        ({"zone": "Mars/Base"}, UnknownZone, "Mars/Base"),
        ({"minimum": 0}, BadOption, "minimum"),
        ({"confidence": 1}, BadOption, "confidence"),
        ({"marks": ()}, BadOption, "marks"),
        ({"marks": (timedelta(days=2), timedelta(days=1))}, BadOption, "marks"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], error: type[Exception], words: str) -> None:
    """At once, not when the table is collected."""
    with pytest.raises(error, match=words):
        kpis(ALERT_ROWS, tags=RULES, **options)


def test_a_frame_that_is_no_table_is_refused() -> None:
    """Its missing columns are named."""
    with pytest.raises(SchemaError, match="alerts table"):
        kpis(pl.LazyFrame({"rule": ["x"]}))


def test_charts_name_columns_of_their_tables() -> None:
    """What is drawn is there."""
    result = kpis(ALERT_ROWS, tags=RULES)
    for part in (result, *result.parts):
        for chart in part.charts:
            names = [getattr(chart, name, None) for name in ("x", "y", "color", "low", "high")]
            assert {name for name in names if name} <= set(part.collect().columns)


@pytest.fixture(scope="module")
def changes() -> pl.DataFrame:
    """The incident log: a row per change of an incident."""
    log = pl.read_csv(DATA / "kpi" / "incident_event_log_part.csv", infer_schema=False, null_values="?")
    instants = ("opened_at", "resolved_at", "closed_at", "sys_updated_at")
    return log.with_columns(
        pl.col(instants).str.to_datetime("%d-%m-%Y %H:%M", time_unit="us", time_zone="UTC")
    ).with_row_index("line")


def expected() -> dict[str, Any]:
    """Figures computed with pandas and lifelines."""
    figures: dict[str, Any] = json.loads((DATA / "kpi" / "expected_figures.json").read_text(encoding="utf-8"))
    return figures


CUT_OFFS = [cut["cut_off"] for cut in expected()["cut_offs"]] if DATA.is_dir() else ["not here"]
CLOCKS = {
    "opened_to_closed": ("created_time", "closed_time"),
    # The design has no instant of resolution: contained_time carries it here.
    "opened_to_resolved": ("created_time", "contained_time"),
}


def incidents(changes: pl.DataFrame, cut_off: datetime) -> pl.LazyFrame:
    """Each incident by its last change until the cut-off; instants are the final ones, as the log writes them back."""
    last = changes.filter(pl.col("sys_updated_at") <= cut_off).sort("sys_updated_at", "line").group_by("number").last()
    return ALERTS.fill(
        last.select(
            alert_id="number",
            client="priority",
            created_time="opened_at",
            contained_time="resolved_at",
            closed_time="closed_at",
            status=pl.when(pl.col("incident_state") == "Closed").then(pl.lit("closed")).otherwise(pl.lit("open")),
        )
    )


@needs_data
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("cut_off", CUT_OFFS)
def test_figures_of_a_real_incident_log(changes: pl.DataFrame, cut_off: str, clock: str) -> None:
    """Finished, open, left out, medians, p90, means, survival, all and by priority: as by lifelines, to the second."""
    said = next(cut for cut in expected()["cut_offs"] if cut["cut_off"] == cut_off)
    want, at = said[clock], datetime.fromisoformat(cut_off)
    alerts = incidents(changes, at)
    result = kpis(alerts, tags=RULES, as_of=at, clock=CLOCKS[clock])
    name = " -> ".join(CLOCKS[clock])
    seen = {
        row["figure"].removeprefix(f"{name}: "): row["value"] * 3600
        if row["unit"] == "hours" and row["value"]
        else row["value"]
        for row in result.collect().to_dicts()
    }
    assert seen["alerts"] == said["incidents_known"]
    assert (seen["finished"], seen["still running"]) == (want["finished"], want["open"])
    assert seen["left out, closed without a stop"] == want["left_out_stop_unknown"]
    finished, km = want["finished_only"], want["kaplan_meier"]
    for figure, value in {
        "median of the finished": finished["median_seconds"],
        "p90 of the finished": finished["p90_seconds_linear"],
        "median": km["median_seconds"],
        "p90": km["p90_seconds"],
        "mean, each at most 30 days": km["restricted_mean_seconds"]["30d"],
    }.items():
        assert seen[figure] == (pytest.approx(value, rel=1e-9) if value is not None else None), figure
    followed = at - datetime.fromisoformat(expected()["first_opened"])
    for figure, days in (("1 day", 1), ("7 days", 7), ("30 days", 30)):
        value = km["survival_at"][str(days * 86_400)] if followed >= timedelta(days=days) else None
        assert seen[f"still running after {figure}"] == (pytest.approx(value) if value is not None else None), figure
    by_priority = {
        row["group"]: [row["done"] + row["running"], row["done"], row["finished_median_seconds"], row["median_seconds"]]
        for row in result["time_to_close"].collect().filter(pl.col("by") == "client").to_dicts()
    }
    assert by_priority == {priority: list(values.values()) for priority, values in want["by_priority"].items()}


@needs_data
@pytest.mark.parametrize("cut_off", CUT_OFFS)
def test_backlog_of_a_real_incident_log(changes: pl.DataFrame, cut_off: str) -> None:
    """Open by the closing time; of the incidents in state Closed one has a closing time a minute after the cut-off."""
    said = next(cut for cut in expected()["cut_offs"] if cut["cut_off"] == cut_off)
    at = datetime.fromisoformat(cut_off)
    alerts = incidents(changes, at)
    early = alerts.filter(pl.col("status") == "closed", pl.col("closed_time") > at).collect().height
    seen = dict(kpis(alerts, tags=RULES, as_of=at).collect().select("figure", "value").rows())
    assert seen["backlog"] == said["backlog_open"] + early
    assert early == said["by_state"].get("Closed", 0) - said["opened_to_closed"]["finished"] <= 1
    longest = said["backlog_age_seconds"]["max"]
    assert seen["backlog age, longest"] == (pytest.approx(longest / 3600) if longest else None)


@needs_data
def test_restricted_mean_of_a_week(changes: pl.DataFrame) -> None:
    """The area under the curve to 7 days, at every cut-off."""
    for said in expected()["cut_offs"]:
        at = datetime.fromisoformat(said["cut_off"])
        for name, (start, stop) in CLOCKS.items():
            measured = cases(as_it_stood(incidents(changes, at), Clock(start, stop), at))
            week = survival.restricted_mean(survival.curve(measured), measured, timedelta(days=7)).collect().item()
            value = said[name]["kaplan_meier"]["restricted_mean_seconds"]["7d"]
            assert week == (pytest.approx(value, rel=1e-9) if value is not None else None)


@needs_data
def test_opened_per_day_of_a_real_incident_log(changes: pl.DataFrame) -> None:
    """Opened per day, and at the end nothing is left."""
    at = datetime.fromisoformat(CUT_OFFS[-1])
    days = flow_per_day(
        as_it_stood(incidents(changes, at), Clock("created_time", "closed_time"), at), zone="UTC"
    ).collect()
    opened = {str(day): n for day, n in days.select("day", "opened").rows() if n}
    assert opened == expected()["opened_per_day"]
    assert (days["backlog"][-1], days["closed"].sum(), days["backlog"].min()) == (0, 890, 0)
