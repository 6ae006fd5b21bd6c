"""The answer to a question."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from watchfloor.charts import Bars
from watchfloor.errors import BadOption
from watchfloor.result import FORMATS, Input, Provenance, Result


def answer() -> Result:
    """A small answer with a part."""
    part = Result(title="Days", table=pl.LazyFrame({"day": [1]}), name="days")
    return Result(
        title="Rules",
        table=pl.LazyFrame({"rule": ["b", "a"], "n": [2, 1]}),
        explanation="Two rules.",
        charts=(Bars(x="n", y="rule"),),
        parts=(part,),
        name="rules",
    )


def test_parts_are_found_by_name() -> None:
    """A part that is not there is said, with those that are."""
    assert answer()["days"].collect().to_dicts() == [{"day": 1}]
    with pytest.raises(BadOption, match="no part 'weeks'") as error:
        answer()["weeks"]
    assert error.value.hint == "parts: days"


def test_why_says_cause_and_reason_of_one_row() -> None:
    """Whatever of it there is; a row that is not there is said."""
    rows = pl.LazyFrame({"rank": [1, 2], "cause": ["a job", "a fault"], "reason": ["steady", None]})
    answer = Result(title="Rows", table=rows)
    assert answer.why(1) == "a job; steady"
    assert answer.why(2) == "a fault"
    with pytest.raises(BadOption, match="no row 3"):
        answer.why(3)


@pytest.mark.parametrize("extension", sorted(FORMATS.keys() - {".pdf"}))
def test_an_answer_saves_itself_by_extension(tmp_path: Path, extension: str) -> None:
    """In any case of letters."""
    path = tmp_path / f"x{extension.upper()}"
    assert answer().save(path) == path
    assert path.stat().st_size > 0


def test_an_extension_that_nobody_writes() -> None:
    """The hint lists those that are written."""
    with pytest.raises(BadOption, match=r"cannot write a \.docx") as error:
        answer().save("x.docx")
    assert ".html" in error.value.hint


def test_an_answer_shows_itself() -> None:
    """Words in a terminal, a chart and a table in a notebook."""
    assert "Two rules." in repr(answer())
    html = answer()._repr_html_()
    assert "Rules" in html
    assert "<table" in html
    assert "<svg" in html


def test_an_answer_is_partial_where_an_input_is() -> None:
    """One file that was cut short is enough."""
    whole, cut = Input("a.log"), Input("b.log", partial="cut")
    assert not Provenance(inputs=(whole,)).partial
    assert Provenance(inputs=(whole, cut)).partial
