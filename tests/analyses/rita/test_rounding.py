"""How RITA rounds its scores."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.rita.rounding import ceil3, round3


def test_thousandths_are_exact_to_the_last_bit() -> None:
    """Each of the 1,001 scores is the float that Python and Go write with three decimals."""
    thousandths = [n / 1000 for n in range(1001)]
    frame = pl.DataFrame({"x": thousandths}).select(round=round3(pl.col("x")), just_below=round3(pl.col("x") - 0.0004))
    assert frame["round"].to_list() == thousandths
    assert frame["just_below"].to_list()[1:] == thousandths[1:]


def test_halves_go_away_from_zero_and_ceil_goes_up() -> None:
    """0.0625 and 0.1875 are exact in binary: no luck is involved."""
    frame = pl.DataFrame({"x": [0.0625, 0.1875, -0.0625, 0.5]}).select(r=round3(pl.col("x")), c=ceil3(pl.col("x")))
    assert frame["r"].to_list() == [0.063, 0.188, -0.063, 0.5]
    assert frame["c"].to_list() == [0.063, 0.188, -0.062, 0.5]
