"""PDF: a printed report by Typst, in which no text is markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from watchfloor.errors import MissingExtra
from watchfloor.reports import pdf, write_report
from watchfloor.result import Result

typst = pytest.importorskip("typst")

MARKUP = '#panic("run") #read("/etc/passwd") $ x $ *bold* _it_ `raw` <label> @ref \\ // /* = heading [ ] { }'


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Typst is given: its source, the data, and the files beside them."""
    seen: dict[str, Any] = {}
    compile_ = typst.compile

    def look(source: str, root: str) -> Any:
        seen["source"] = Path(source).read_text(encoding="utf-8")
        seen["data"] = json.loads((Path(root) / "data.json").read_text(encoding="utf-8"))
        seen["svg"] = sorted(path.name for path in Path(root).glob("*.svg"))
        return compile_(source, root=root)

    monkeypatch.setattr(typst, "compile", look)
    return seen


def test_a_report(
    tmp_path: Path, rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame, given: dict[str, Any]
) -> None:
    """All chapters, with tiles, charts and the first rows of each table."""
    path = tmp_path / "out.pdf"
    write_report([rules], path, title="SOC report", rejects=rejects, ledger=ledger)
    assert path.read_bytes().startswith(b"%PDF-")
    noise, inputs, failed = given["data"]["sections"]
    assert [part["title"] for part in noise["parts"]] == ["Key figures", "Per day", "When", "Events", "Nothing"]
    assert noise["parts"][0]["tiles"] == [
        {"label": "alerts", "value": "46,500", "note": ""},
        {"label": "precision", "value": "32.0 %", "note": "31.0 % to 33.0 %"},
    ]
    assert noise["table"]["rows"][0][:3] == ["Rule 0", "3,000", "0.0 %"]
    assert noise["table"]["note"] == "The first 15 of 30 rows. Columns without a value here: note."
    assert len(given["svg"]) == 4
    assert (inputs["title"], failed["title"]) == ("What was read", "What could not be read")


def test_no_text_is_markup(tmp_path: Path, given: dict[str, Any]) -> None:
    """Words that would stop Typst, read files or change the look are words; the source is the same for all reports."""
    table = pl.LazyFrame({MARKUP: [MARKUP, None], "n": [1, 2]})
    result = Result(title=MARKUP, table=table, explanation=MARKUP, parts=(Result(title=MARKUP, table=table),))
    result.save(tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
    assert given["data"]["title"] == MARKUP
    assert given["source"] == pdf._asset("report.typ")


def test_without_typst_it_says_what_to_install(tmp_path: Path, rules: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is optional."""
    monkeypatch.setattr(pdf, "typst", None)
    with pytest.raises(MissingExtra, match="Typst") as caught:
        rules.save(tmp_path / "out.pdf")
    assert "watchfloor[pdf]" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
