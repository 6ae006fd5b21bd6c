"""How sure a number is: Wilson's interval of a share, and of the ratio of two halves."""

from __future__ import annotations

from statistics import NormalDist

import polars as pl

from watchfloor.errors import BadOption

__all__ = ["check_minimum", "percent", "ratio_of_halves", "share", "student", "wilson", "z_of"]


def z_of(confidence: float) -> float:
    """Standard deviations to either side that hold this share of a normal distribution: 1.96 for 0.95.

    Raises:
        BadOption: a confidence that is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise BadOption(
            f"a confidence of {confidence!r} means nothing", hint="use a number between 0 and 1, such as 0.95"
        )
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def percent(confidence: float) -> str:
    """The confidence in words: 95 %."""
    return f"{100 * confidence:.4g} %"


def check_minimum(minimum: int) -> int:
    """The least count for a rate.

    Raises:
        BadOption: a count below 1.
    """
    if minimum < 1:
        raise BadOption(f"a minimum of {minimum!r} means nothing", hint="use 1 or more; 10 is the default")
    return minimum


def wilson(successes: pl.Expr, n: pl.Expr, z: float | pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Both ends of Wilson's score interval (1927) of successes out of n; null where n is 0.

    n need not be whole: an effective number does as well.
    """
    p, z2 = successes / n, z**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = (p * (1 - p) / n + z2 / (4 * n**2)).sqrt() * z / (1 + z2 / n)
    # At 0 and at n one end is exactly the end of the scale; floats would leave a crumb.
    low = pl.when(successes <= 0).then(0.0).otherwise((centre - half).clip(0, 1))
    high = pl.when(successes >= n).then(1.0).otherwise((centre + half).clip(0, 1))
    return tuple(pl.when(n > 0).then(end) for end in (low, high))  # type: ignore[return-value]


def share(name: str, successes: pl.Expr, n: pl.Expr, *, minimum: int, z: float) -> list[pl.Expr]:
    """A share and its interval as columns `name`, `name_low`, `name_high`; null where n is below the minimum."""
    low, high = wilson(successes, n, z)
    ends = {name: successes / n, f"{name}_low": low, f"{name}_high": high}
    return [pl.when(n >= minimum).then(value).alias(column) for column, value in ends.items()]


def student(z: float, df: pl.Expr) -> pl.Expr:
    """Student's t for the same confidence as z: wider where few days are behind it; null below 2 degrees of freedom.

    Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5): 1 % too narrow at 2 degrees, right to 0.1 % from 4.
    """
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    t: pl.Expr = pl.lit(0.0)
    for power, term in enumerate(terms):
        t = t + term / df.cast(pl.Float64) ** power
    return pl.when(df >= 2).then(t)


def ratio_of_halves(
    first: pl.Expr, last: pl.Expr, *, dispersion: pl.Expr, df: pl.Expr, z: float
) -> tuple[pl.Expr, pl.Expr]:
    """Both ends of the interval of last / first, two counts over equally long times; an end without bound is null.

    The share of the last half has Wilson's interval, with the number of alerts divided by the dispersion: alerts come
    in bursts, so a thousand of one burst prove less than a thousand that came one by one.
    """
    effective = (first + last) / dispersion
    low, high = wilson(last / dispersion, effective, student(z, df))
    return low / (1 - low), pl.when(high < 1 - 1e-9).then(high / (1 - high))
