"""Texts of connections as numbers, so that rows are narrow while they are dealt and sorted, and as texts again."""

from __future__ import annotations

import polars as pl

__all__ = ["Coding"]

_WORDS = 1 << 23
_UNKNOWN = _WORDS - 1
"""The code of a word beyond the first 8 million of a log: such a word is not told."""


class Coding:
    """One numbering of addresses, and one of protocols and services."""

    def __init__(self) -> None:
        self._addresses, self._words = pl.Categories.random(), pl.Categories.random()
        # Polars forgets a numbering once no column has its type.
        self._kept = [pl.Series([], dtype=pl.Categorical(names)) for names in (self._addresses, self._words)]

    def address(self, name: str) -> pl.Expr:
        """An address as a number; null where there is none."""
        return _code(name, self._addresses)

    def pair(self, source: str, destination: str) -> pl.Expr:
        """Two addresses as one number; null where one is missing."""
        first, second = (_code(name, self._addresses) for name in (source, destination))
        return first * 2**32 + second

    def addresses(self) -> pl.Series:
        """All addresses, in the order of their numbers."""
        return self._addresses.to_series()

    @staticmethod
    def ends(pair: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
        """The numbers of the two addresses of a pair."""
        return (pair // 2**32).cast(pl.UInt32), (pair % 2**32).cast(pl.UInt32)

    def lane(self, port: str, proto: str, service: str) -> pl.Expr:
        """Port, protocol and service as one number, whatever of them is missing."""
        number = pl.col(port).cast(pl.UInt16, strict=False).cast(pl.UInt64).fill_null(2**16)
        return (number * _WORDS + self._word(proto)) * _WORDS + self._word(service)

    def _word(self, name: str) -> pl.Expr:
        return (_code(name, self._words) + 1).clip(upper_bound=_UNKNOWN).fill_null(0)

    def port(self, lane: pl.Expr) -> pl.Expr:
        """The port of a lane."""
        number = (lane // (_WORDS * _WORDS)).cast(pl.Int64)
        return pl.when(number < 2**16).then(number)

    def text(self, lane: pl.Expr) -> pl.Expr:
        """A lane as `443:tcp:ssl`; what is missing is left out."""
        words = pl.lit(self._words.to_series())
        codes = (lane // _WORDS % _WORDS, lane % _WORDS)
        known = (pl.when(code.is_between(1, _UNKNOWN - 1)).then(code - 1) for code in codes)
        return pl.concat_str(
            self.port(lane).cast(pl.String), *(words.gather(code) for code in known), separator=":", ignore_nulls=True
        )


def _code(name: str, numbering: pl.Categories) -> pl.Expr:
    return pl.col(name).cast(pl.Categorical(numbering)).to_physical().cast(pl.UInt64)
