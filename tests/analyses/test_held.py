"""A held frame is computed once, when somebody looks."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.held import held


def counted(calls: list[str], name: str) -> pl.LazyFrame:
    """A frame that writes down when it is computed."""

    def compute(frame: pl.DataFrame) -> pl.DataFrame:
        calls.append(name)
        return frame

    return pl.LazyFrame({"n": [1, 2, 3]}).map_batches(compute, schema={"n": pl.Int64})


def test_once_for_all_who_look() -> None:
    """Not before, and not again."""
    calls: list[str] = []
    frame = held(counted(calls, "a"))
    double = frame.select(pl.col("n") * 2)
    assert calls == []
    assert double.collect()["n"].to_list() == [2, 4, 6]
    assert frame.join(frame, on="n").collect().height == 3
    assert calls == ["a"]
    assert frame.collect_schema() == {"n": pl.Int64}


def test_what_it_is_made_from_comes_first() -> None:
    """In order, each once."""
    calls: list[str] = []
    first, second = held(counted(calls, "first")), held(counted(calls, "second"))
    both = held(pl.concat([second, first, second]), first, second)
    assert both.collect().height == 9
    assert both.collect().height == 9
    assert calls == ["first", "second"]
