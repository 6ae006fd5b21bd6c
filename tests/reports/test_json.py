"""JSON: the whole answer, exact."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from watchfloor.result import Input, Provenance, Result


def saved(result: Result, folder: Path) -> dict[str, object]:
    """The answer as written and read again."""
    answer: dict[str, object] = json.loads(result.save(folder / "out.json").read_text(encoding="utf-8"))
    return answer


def test_the_whole_answer(tmp_path: Path) -> None:
    """Title, explanation, rows, provenance, rejects, parts: compared whole."""
    result = Result(
        title="Rules",
        table=pl.LazyFrame(
            {
                "rule": ['a "quoted" <b>\x1b[2J', None],
                "time": [datetime(2025, 10, 3, 14, 22, 10, tzinfo=UTC), None],
                "share": [0.5, float("nan")],
                "hosts": [["x", "y"], []],
            }
        ),
        explanation="Two\nlines",
        parts=(
            Result(title="Part", table=pl.LazyFrame({"n": [1]}), name="p"),
            Result(title="Nameless", table=pl.LazyFrame({"n": pl.Series([], dtype=pl.Int64)})),
        ),
        provenance=Provenance(
            question="noise",
            parameters={"minimum": 10, "start": datetime(2025, 10, 1, tzinfo=UTC), "share": float("inf")},
            inputs=(Input("a.log", bytes=3, sha256="00", format="loki", lines=1, rejected=0, partial="cut"),),
            rows_in={"alerts": 2},
            rejected=1,
            period=(datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 10, 2, tzinfo=UTC)),
            made_time=datetime(2025, 11, 3, 9, 12, tzinfo=UTC),
            versions={"watchfloor": "0.1.0"},
        ),
    )
    nothing = {
        "question": "",
        "parameters": {},
        "inputs": [],
        "rows_in": {},
        "rejected": 0,
        "period": None,
        "made_time": None,
        "versions": {},
        "partial": False,
    }
    assert saved(result, tmp_path) == {
        "title": "Rules",
        "explanation": "Two\nlines",
        "provenance": {
            "question": "noise",
            "parameters": {"minimum": 10, "start": "2025-10-01T00:00:00Z", "share": "inf"},
            "inputs": [
                {
                    "source": "a.log",
                    "bytes": 3,
                    "sha256": "00",
                    "format": "loki",
                    "lines": 1,
                    "rejected": 0,
                    "partial": "cut",
                }
            ],
            "rows_in": {"alerts": 2},
            "rejected": 1,
            "period": ["2025-10-01T00:00:00Z", "2025-10-02T00:00:00Z"],
            "made_time": "2025-11-03T09:12:00Z",
            "versions": {"watchfloor": "0.1.0"},
            "partial": True,
        },
        "rejects": 1,
        "rows": [
            {"rule": 'a "quoted" <b>\x1b[2J', "time": "2025-10-03T14:22:10Z", "share": 0.5, "hosts": ["x", "y"]},
            {"rule": None, "time": None, "share": None, "hosts": []},
        ],
        "parts": {
            "p": {"title": "Part", "explanation": "", "provenance": nothing, "rejects": 0, "rows": [{"n": 1}]},
            "part-2": {"title": "Nameless", "explanation": "", "provenance": nothing, "rejects": 0, "rows": []},
        },
    }


def test_one_row_a_line(tmp_path: Path) -> None:
    """Large answers can be looked at with line tools; control characters are escaped."""
    result = Result(title="x", table=pl.LazyFrame({"n": [1, 2], "t": ["\x1b", "b"]}))
    lines = result.save(tmp_path / "out.json").read_text(encoding="utf-8").splitlines()
    assert lines[1:3] == ['{"n":1,"t":"\\u001b"},', '{"n":2,"t":"b"}']


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """File names may hold bytes that are no UTF-8; they come back as Python reads them."""
    result = Result(title="x", table=pl.LazyFrame({"n": [1]}), provenance=Provenance(inputs=(Input("caf\udce9.log"),)))
    answer = json.loads(result.save(tmp_path / "out.json").read_text(encoding="utf-8"))
    assert answer["provenance"]["inputs"][0]["source"] == "caf\udce9.log"


def test_a_report(tmp_path: Path, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame) -> None:
    """Several answers are the parts of one, with rejects and ledger beside them."""
    from watchfloor.reports import write_report

    write_report([rules], tmp_path / "all.json", title="SOC", rejects=rejects, ledger=ledger)
    answer = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert list(answer["parts"]) == ["noise", "rejects", "ledger"]
    assert list(answer["parts"]["noise"]["parts"]) == ["figures", "daily", "hours", "events", "nothing"]
    assert answer["parts"]["rejects"]["rows"][0]["record"] == 17


def test_pairs_are_lists_where_there_is_another(tmp_path: Path) -> None:
    """One name stays a text; two are a list, whatever the texts hold."""
    result = Result(
        title="Rows",
        table=pl.LazyFrame({"rule": ["[1]", "a"], "other": [None, 'b"']}),
        json_pairs=(("rule", "other"),),
    )
    assert saved(result, tmp_path)["rows"] == [
        {"rule": "[1]", "other": None},
        {"rule": ["a", 'b"'], "other": 'b"'},
    ]
