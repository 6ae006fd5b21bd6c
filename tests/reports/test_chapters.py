"""What every document says beside its tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl

from watchfloor.reports.chapters import Fact, as_read, chapters_of, everything, merged, tiles_of, traces_of, warnings_of
from watchfloor.result import Input, Provenance, Result


def test_chapters(rules: Result, rejects: pl.LazyFrame, ledger: pl.LazyFrame) -> None:
    """The answers, what was read, what was not."""
    chapters = chapters_of([rules], rejects, ledger)
    assert [chapter.name for chapter in chapters] == ["noise", "inputs", "rejects"]
    assert [part.name for part in everything(chapters)][-2:] == ["rejects", "rejects by reason"]
    assert chapters[2].parts[0].collect().select("reason", "records", "sources").rows() == [("no JSON", 2, 1)]


def test_nothing_rejected_nothing_said(rules: Result, rejects: pl.LazyFrame) -> None:
    """An empty table of rejects is no chapter."""
    clean = rules.with_provenance(replace(rules.provenance, rejected=0))
    assert [chapter.name for chapter in chapters_of([clean], rejects.head(0), None)] == ["noise", "inputs"]
    assert chapters_of([Result(title="x", table=pl.LazyFrame())], None, None)[1:] == []


def test_inputs_of_several_answers_are_listed_once(rules: Result) -> None:
    """The period is the longest, the rejects are those of all."""
    assert rules.provenance.period
    start, end = rules.provenance.period
    other = replace(
        rules.provenance,
        inputs=(*rules.provenance.inputs[:1], Input("b.log")),
        period=(start - timedelta(days=1), end),
        rejected=5,
        rows_in={"events": 3},
    )
    whole = merged([rules, Result(title="x", table=pl.LazyFrame(), provenance=other)])
    assert [source.source for source in whole.inputs][::2] == ["offenses.json", "b.log"]
    assert whole.period == (start - timedelta(days=1), end)
    assert (whole.rejected, whole.rows_in) == (5, {"alerts": 46_500, "events": 3})


def test_tiles() -> None:
    """One row is key figures, with its interval as small print; what is missing is unknown, not 0."""
    frame = pl.DataFrame(
        {"alerts": [3], "precision": [0.5], "precision_low": [0.4], "precision_high": [0.6], "median_seconds": [None]},
    )
    assert tiles_of(frame) == [
        Fact("alerts", "3"),
        Fact("precision", "50.0 %", "40.0 % to 60.0 %"),
        Fact("median", "unknown"),
    ]
    assert tiles_of(pl.concat([frame, frame])) == []
    assert tiles_of(frame.head(0)) == []


def test_warnings() -> None:
    """What was not read is counted and named."""
    cut = tuple(Input(f"{n}.log", partial="ends early") for n in range(5))
    assert list(warnings_of(Provenance(inputs=(*cut, Input("good.log")), rejected=1))) == [
        "1 record could not be read: in no figure here, at the end with the reasons.",
        "5 of 6 inputs were not read to their end: "
        "0.log (ends early); 1.log (ends early); 2.log (ends early); and 2 more.",
    ]
    assert list(warnings_of(Provenance())) == []


def test_traces(rules: Result) -> None:
    """Question, parameters, rows in, versions."""
    assert list(traces_of(rules.provenance)) == [
        Fact("question", "noise"),
        Fact("minimum", "10"),
        Fact("closing_reasons", "<b>reasons.json"),
        Fact("rows of alerts", "46,500"),
        Fact("watchfloor", "0.1.0"),
        Fact("polars", "2.1.0"),
    ]


def test_columns_in_the_order_of_reading() -> None:
    """What tells most stands first, JSON last; no column is lost, and one that is not there is not asked for."""
    frame = pl.DataFrame({"rank": [1], "conditions": ["[]"], "removed": [2], "reason": ["x"]})
    result = Result("t", frame.lazy(), json_columns=("conditions", "gone"), first_columns=("reason", "gone"))
    assert as_read(frame, result).columns == ["reason", "rank", "removed", "conditions"]
    assert as_read(frame, Result("t", frame.lazy())).columns == frame.columns
    traced = pl.DataFrame({name: [1] for name in ("source", "record", "a", "b", "c", "d", "e")})
    assert as_read(traced, Result("t", traced.lazy())).columns == ["a", "b", "c", "d", "e", "source", "record"]
