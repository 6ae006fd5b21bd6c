"""Cells of lines with commas."""

from __future__ import annotations

import csv

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.readers.records.commas import cells, sound


def test_cells_with_and_without_quotes() -> None:
    """In one column of texts; doubled quotes are one."""
    texts = pl.Series(["a,b", '"a,b",c', '"say ""x""",', "", ",", '""'])
    assert cells(texts).to_list() == [["a", "b"], ["a,b", "c"], ['say "x"', ""], [""], ["", ""], [""]]
    assert sound(texts).all()


def test_quotes_that_stand_elsewhere_are_not_sound() -> None:
    """Never closed, within a cell, before text."""
    assert not sound(pl.Series(['"a,b', 'a"b",c', '"a"b,c'])).any()


@examples(40)
@given(lines=st.lists(st.lists(st.text(st.sampled_from('ab,"ü ')), min_size=1, max_size=4), min_size=1, max_size=4))
def test_cells_are_those_that_a_csv_writer_wrote(lines: list[list[str]]) -> None:
    """Whatever they hold, line breaks left out."""
    texts = []
    for line in lines:
        quoted = (f'"{cell.replace(chr(34), chr(34) * 2)}"' if {'"', ","} & set(cell) else cell for cell in line)
        texts.append(",".join(quoted))
    assert sound(pl.Series(texts)).all()
    assert cells(pl.Series(texts)).to_list() == lines
    assert list(csv.reader(texts)) == [line if line != [""] else [] for line in lines]
