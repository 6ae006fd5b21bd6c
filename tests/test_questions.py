"""The questions as a user asks them: paths, tables and frames in, an answer that says where it comes from."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import watchfloor as wf
from helpers import table
from watchfloor.errors import BadOption, NothingToRead, SchemaError
from watchfloor.questions import QUESTIONS, period_of
from watchfloor.schemas import ALERTS, CONNECTIONS


def connections(n: int = 60) -> pl.LazyFrame:
    """A beat of 60 s between an inner and an outer address."""
    return table(
        CONNECTIONS,
        time=[datetime.fromtimestamp(1_700_000_000 + 60 * k, UTC) for k in range(n)],
        src_ip=["10.0.0.5"] * n,
        dst_ip=["198.51.100.9"] * n,
        dst_port=[443] * n,
        orig_ip_bytes=[300] * n,
        duration_seconds=[0.5] * n,
        still_open=[False] * n,
    )


def alerts() -> pl.LazyFrame:
    """Two clients, one closed alert each, one open."""
    day = datetime(2025, 10, 1, tzinfo=UTC)
    return table(
        ALERTS,
        alert_id=["1", "2", "3"],
        client=["north", "south", "south"],
        rule=["a", "a", "b"],
        title=["a", "a", "b"],
        status=["closed", "closed", "open"],
        created_time=[day, day, day],
        closed_time=[day, day, None],
    )


def test_tables_frames_and_files_give_one_answer(tmp_path: Path) -> None:
    """Canonical tables, one frame, and what was saved of it."""
    path = tmp_path / "connections.parquet"
    connections().collect().write_parquet(path)
    asked = [{"connections": connections()}, connections(), connections().collect(), path, [str(path)]]
    answers = [wf.beacons(data).collect() for data in asked]
    assert all(answer.equals(answers[0]) for answer in answers)
    assert answers[0]["connections"].to_list() == [60]


def test_a_frame_of_another_shape_needs_a_column_map() -> None:
    """With it the frame is read; without it the error says what is missing."""
    theirs = connections().select(
        ts=pl.col("time").dt.epoch("s"), src="src_ip", dst="dst_ip", port="dst_port", sent="orig_ip_bytes"
    )
    columns = {
        "table": "connections",
        "columns": {
            "time": {"from": "ts", "unit": "s"},
            "src_ip": "src",
            "dst_ip": "dst",
            "dst_port": "port",
            "orig_ip_bytes": "sent",
        },
    }
    assert wf.beacons(theirs, columns=columns).collect()["connections"].to_list() == [60]
    with pytest.raises(SchemaError, match="none of the tables connections"):
        wf.beacons(theirs)


def test_an_answer_says_where_it_comes_from(tmp_path: Path) -> None:
    """Inputs with hashes, parameters, rows and versions."""
    path = tmp_path / "connections.parquet"
    connections().collect().write_parquet(path)
    provenance = wf.beacons(path, window="all").provenance
    [given] = provenance.inputs
    assert given.source == str(path)
    assert given.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert provenance.question == "beacons"
    assert provenance.parameters["window"] == "all"
    assert provenance.rows_in == {"connections": 60}
    assert provenance.rejected == 0
    assert not provenance.partial
    assert {"watchfloor", "polars", "python"} <= provenance.versions.keys()


def test_inputs_are_hashed_once_however_much_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reading, one look at each file: every answer carries the same origin."""
    from watchfloor import questions

    path = tmp_path / "alerts.parquet"
    alerts().collect().write_parquet(path)
    looks: list[Path] = []
    original = questions._sha256
    monkeypatch.setattr(questions, "_sha256", lambda file: looks.append(file) or original(file))
    results = wf.report(path)
    assert len(results) > 1
    assert looks == [path]
    assert len({result.provenance.inputs for result in results}) == 1
    assert [result.provenance.question for result in results] == ["noise", "tune", "kpis"]


def test_a_table_that_is_not_there_is_said() -> None:
    """What was found instead is named."""
    with pytest.raises(NothingToRead, match="hold no alerts, but connections"):
        wf.noise({"connections": connections()})


def test_kpis_of_one_client() -> None:
    """A client that nobody has is an error, not an empty month."""
    answer = wf.kpis({"alerts": alerts()}, client="south")
    assert answer.provenance.parameters["client"] == "south"
    with pytest.raises(BadOption, match="no client 'west'") as error:
        wf.kpis({"alerts": alerts()}, client="west")
    assert error.value.hint == "clients: north, south"


def test_a_report_asks_what_the_data_answers(tmp_path: Path) -> None:
    """Alerts answer three questions, in the order of the chapters; no data answers none."""
    out = tmp_path / "report.html"
    results = wf.report({"alerts": alerts()}, out)
    assert [result.provenance.question for result in results] == ["noise", "tune", "kpis"]
    assert out.read_text(encoding="utf-8").startswith("<!")
    with pytest.raises(NothingToRead):
        wf.report({"alerts": ALERTS.empty()})


def test_every_question_is_in_the_door_and_the_command() -> None:
    """What `report` asks can be asked alone."""
    from watchfloor.cli.main import app

    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert QUESTIONS.keys() <= set(wf.__all__)
    assert QUESTIONS.keys() <= commands
    assert set(dir(wf)) == set(wf.__all__)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025-10", (2025, 10, 1), (2025, 11, 1)),
        ("2024-12", (2024, 12, 1), (2025, 1, 1)),
        ("2025-10-26", (2025, 10, 26), (2025, 10, 27)),
        ("2025-10-03..2025-10-05", (2025, 10, 3), (2025, 10, 5)),
    ],
)
def test_a_period_in_words(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    """Days begin by the clock of the zone."""
    zone = ZoneInfo("Europe/Paris")
    assert period_of(text, "Europe/Paris") == (datetime(*start, tzinfo=zone), datetime(*end, tzinfo=zone))


@pytest.mark.parametrize("text", ["soon", "2025-13", "2025-10-05..2025-10-03", ".."])
def test_words_that_are_no_period(text: str) -> None:
    """The hint shows the forms."""
    with pytest.raises(BadOption, match="is no period") as error:
        period_of(text, "UTC")
    assert "2025-10" in error.value.hint


def test_thresholds_reach_the_analyses() -> None:
    """What the library's functions take, the questions take, and the provenance names it."""
    alerts = table(
        ALERTS,
        alert_id=[str(n) for n in range(30)],
        rule=["Odd hour"] * 30,
        status=["closed"] * 30,
        disposition=["false_positive"] * 10 + ["true_positive"] * 20,
        created_time=[datetime(2026, 1, 1 + n % 28, tzinfo=UTC) for n in range(30)],
    )
    sure, surer = (wf.noise(alerts, confidence=level) for level in (0.8, 0.99))
    rows = [result.table.collect().row(0, named=True) for result in (sure, surer)]
    width = [row["precision_high"] - row["precision_low"] for row in rows]
    assert width[0] < width[1]
    assert surer.provenance.parameters["confidence"] == 0.99
    asked = wf.kpis(alerts, marks=(timedelta(hours=1),))
    assert asked.provenance.parameters["marks"] == (timedelta(hours=1),)
