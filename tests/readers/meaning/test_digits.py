"""Texts that are numbers of one length."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.readers.meaning.digits import are_digits


@pytest.mark.parametrize(
    ("texts", "count", "expected"),
    [
        (["1773500966000", "1773500966999"], 13, True),
        (["1773500966000000000"], 19, True),
        (["1773500966000", "177350096600"], 13, False),
        (["1773500966000", None], 13, False),
        (["-773500966000"], 13, False),
        (["+773500966000"], 13, False),
        (["177350096600x"], 13, False),
        (["0773500966000"], 13, False),
        (["9999999999999999999"], 19, False),
        ([], 13, False),
    ],
)
def test_all_are_digits(texts: list[str | None], count: int, expected: bool) -> None:
    """No sign, no letter, no other length, no number that does not fit, and nothing missing."""
    assert are_digits(pl.Series("text", texts, dtype=pl.String), count) is expected
