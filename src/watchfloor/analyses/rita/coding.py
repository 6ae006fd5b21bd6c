"""Texts of connections as numbers, so that rows are narrow while they are dealt and sorted, and as texts again."""

from __future__ import annotations

import secrets

import polars as pl

__all__ = ["Coding"]

_WORDS = 1 << 23
_TEXT_ROWS = 250_000
_UNKNOWN = _WORDS - 1
"""The code of a word beyond the first 8 million of a log: such a word is not told."""


class Coding:
    """One numbering of addresses, and one of protocols and services."""

    def __init__(self) -> None:
        self._addresses, self._words = pl.Categories.random(), pl.Categories.random()
        # Polars forgets a numbering once no column has its type.
        self._kept = [pl.Series([], dtype=pl.Categorical(names)) for names in (self._addresses, self._words)]
        self._seeds = secrets.randbits(63), secrets.randbits(63)

    def address(self, name: str) -> pl.Expr:
        """An address as a number; null where there is none."""
        return _code(name, self._addresses)

    def pair(self, source: str, destination: str) -> pl.Expr:
        """Two addresses as one number; null where one is missing."""
        first, second = (_code(name, self._addresses) for name in (source, destination))
        return first * 2**32 + second

    def hashed(self, source: str, destination: str) -> pl.Expr:
        """Two addresses as a number of 64 bits that does not tell them; null where one is missing.

        It takes a tenth of the time of `pair`, which looks up each address among millions. Two of 2 million pairs have
        the same number in one of 10 million runs; as seeds are drawn anew, nobody can choose addresses that do.
        """
        first, second = (pl.col(name).hash(seed) for name, seed in zip((source, destination), self._seeds, strict=True))
        return pl.when(pl.col(source).is_not_null() & pl.col(destination).is_not_null()).then(first + second)

    def with_ends(self, found: pl.DataFrame, rows: pl.LazyFrame, source: str, destination: str) -> pl.DataFrame:
        """The numbers of the two addresses of pairs that are hashed, as `source` and `destination`, in another order.

        Arguments:
            found: `key` (`hashed`) and `row`: the number of a row that has these addresses, from 0.
            rows: what was hashed; if it comes in another order this time, its addresses are looked for by their hash.
            source: its column, as is
            destination: the other one.
        """
        found = found.sort("row")
        wanted, numbers = found["row"], [pl.DataFrame(schema=_ENDS)]
        coded = {"key": self.hashed(source, destination)}
        coded |= {"source": self.address(source), "destination": self.address(destination)}
        coded = {name: code.cast(_ENDS[name]) for name, code in coded.items()}
        start = done = 0
        for batch in rows.select(source, destination).collect_batches(chunk_size=_TEXT_ROWS, maintain_order=True):
            more = int(wanted.search_sorted(start + batch.height, "left")) - done
            numbers.append(batch[wanted.slice(done, more) - start].select(**coded))
            start, done = start + batch.height, done + more
        ends = pl.concat(numbers)
        if ends.height == found.height and (ends["key"] == found["key"]).all():
            return found.hstack(ends.drop("key"))
        keys = found.lazy().select("key").unique()
        again = rows.select(**coded).join(keys, on="key", how="semi").unique("key")
        return found.join(again.collect(engine="streaming"), on="key", how="left")

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


_ENDS = {"key": pl.UInt64, "source": pl.UInt32, "destination": pl.UInt32}


def _code(name: str, numbering: pl.Categories) -> pl.Expr:
    return pl.col(name).cast(pl.Categorical(numbering)).to_physical().cast(pl.UInt64)
