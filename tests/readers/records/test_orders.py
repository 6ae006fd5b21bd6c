"""Texts of keys and values that are cut by their orders of keys."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.readers.records.orders import both, cut, split, split_into, where


def cut_texts(
    texts: list[str], keys: list[str], by: str, fixed: dict[int, str] | None = None, *, trim: bool = False
) -> tuple[list[bool] | None, list[tuple[str, ...]]]:
    """Which of some texts have an order, null for all, and the values of those."""
    key_first = by != "="
    n = len(keys) + (not key_first)
    pieces, rows = split(pl.DataFrame({"text": texts}), pl.col("text"), by)
    like = rows.filter(pl.col("n") == n)
    fit, values = cut(split_into(pieces, like["at"], n), keys, key_first=key_first, fixed=fixed or {}, trim=trim)
    return None if fit is None else fit.to_list(), values.rows()


def test_rows_that_pass_all_checks() -> None:
    """Null where all do; a check that gives null is not passed."""
    frame = pl.DataFrame({"a": [1, 2, 3], "b": [1, None, 1]})
    assert where(frame, [pl.col("a") > 0]) is None
    assert where(frame, []) is None
    found = where(frame, [pl.col("a") < 3, pl.col("b") == 1, pl.col("a") > 0])
    assert found is not None
    assert found.to_list() == [True, False, False]


def test_some_of_the_rows_that_fit() -> None:
    """Null stands for all."""
    fit, right = pl.Series([True, False, True]), pl.Series([False, True])
    assert both(None, None) is None
    assert both(fit, None) is fit
    assert both(None, right) is right
    found = both(fit, right)
    assert found is not None
    assert found.to_list() == [False, False, True]


@pytest.mark.parametrize(
    ("texts", "by", "fit", "values"),
    [
        (["a=1 b=two words", "a= b="], "=", None, [("1", "two words"), ("", "")]),
        (["a=1 b=2", "a=1 c=2", "x a=1", "b=1 a=2"], "=", [True, False, False], [("1", "2")]),
        (["a=1 xb=2", "a=1b=2"], "=", [False, False], []),
        (["a=1\tb=x=y", "b=1\ta=2"], "\t", [True, False], [("1", "x=y")]),
    ],
)
def test_texts_of_an_order(texts: list[str], by: str, fit: list[bool] | None, values: list[tuple[str, ...]]) -> None:
    """Each key stands where the order has it, and nothing else does; texts of other lengths are not asked."""
    assert cut_texts(texts, ["a", "b"], by) == (fit, values)


@pytest.mark.parametrize("by", ["=", "\t"])
def test_fixed_values_and_blanks(by: str) -> None:
    """A fixed value is compared and left out; blanks around values go where they may be."""
    between = " " if by == "=" else by
    texts = [f"a=x{between}b=1", f"a=y{between}b=1", f"a=x{between}b=  2 "]
    assert cut_texts(texts, ["a", "b"], by, {0: "x"}) == ([True, False, True], [("1",), ("2",)])
    assert cut_texts(texts, ["a", "b"], by, {1: "1"}) == ([True, True, False], [("x",), ("y",)])
    texts = [f"a= x {between}b=1", f"a=x{between}b=1"]
    assert cut_texts(texts, ["a", "b"], by, trim=True) == (None, [("x", "1"), ("x", "1")])
    assert cut_texts(texts, ["a", "b"], by, {0: "x"}, trim=True) == (None, [("1",), ("1",)])
