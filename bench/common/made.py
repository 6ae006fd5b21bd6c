"""Made values for rows: the same row has the same values, whenever and in whatever parts it is made."""

from __future__ import annotations

import polars as pl

__all__ = ["Rows"]


class Rows:
    """Some rows, known by their numbers; `seed` tells the values of one row apart."""

    def __init__(self, rows: int, start: int = 0) -> None:
        self.number = pl.int_range(start, start + rows, dtype=pl.UInt64)

    def chance(self, seed: int, below: int) -> pl.Expr:
        """A whole number from 0 on."""
        return self.number.hash(seed) % below

    def pick(self, seed: int, *texts: str) -> pl.Expr:
        """One of some texts; one that is given twice is picked twice as often."""
        return pl.lit(pl.Series(texts)).gather(self.chance(seed, len(texts)))

    def v4(self, seed: int, start: str) -> pl.Expr:
        """An IPv4 address behind its first parts, such as `10.` or `198.51.`."""
        parts = 4 - start.count(".")
        return pl.format(start + ".".join(["{}"] * parts), *(self.chance(seed + n, 256) for n in range(parts)))
