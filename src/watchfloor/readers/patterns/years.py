"""Years for times that carry none, found before the file is read: the last line is not later than the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from watchfloor.readers.intake import texts

__all__ = ["Years"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED = rf"^.{{0,40}}?\b({'|'.join(_MONTHS)})[a-z]* +([0-9]{{1,2}}) +[0-9]{{1,2}}:[0-9]{{2}}"
_NUMBERS = r"^.{0,40}?\b([0-9]{1,2})[-/.]([0-9]{1,2})[ T-]+[0-9]{1,2}:[0-9]{2}"
_HALF = 186
"""A leap of more than half a year from one line to the next is a turn of the year, in either direction."""


@dataclass(frozen=True)
class Years:
    """The year of each line of a file."""

    lines: pl.Series
    """Lines, counted from 1, from which on another year holds."""
    years: pl.Series
    """The year before the first of them, and that from each of them on."""

    @classmethod
    def of(cls, path: Path, form: str, written: datetime) -> Years:
        """Looks through a file.

        Arguments:
            path: the file; one that does not exist has the year of `written`.
            form: how its times are written.
            written: when the file was last written.
        """
        if not path.exists():
            return cls(pl.Series([], dtype=pl.Int64), pl.Series([written.year]))
        named = "%b" in form or "%B" in form or "%h" in form
        regex, day_first = _NAMED if named else _NUMBERS, bool(re.search(r"%[de].*%m", form))
        seen, turn, last = 0, 0, None
        turns = [pl.DataFrame(schema={"line": pl.Int64, "turn": pl.Int64})]
        silent = texts.Listener(lambda _: None, lambda _: None, lambda _: None)
        for block in texts.blocks(path, None, silent):
            text, _ = texts.with_damage(block, 1)
            places = _places(text, regex, named=named, day_first=day_first)
            found = places.drop_nulls("place")
            leap = pl.col("place") - pl.coalesce(pl.col("place").shift(1), pl.lit(last, pl.Int64))
            leaps = found.with_columns(leap=leap).filter(pl.col("leap").abs() > _HALF)
            some = leaps.select(line=pl.col("line") + seen, turn=turn - pl.col("leap").sign().cum_sum())
            if some.height:
                turns.append(some)
                turn = int(some["turn"][-1])
            if found.height:
                last = int(found["place"][-1])
            seen += places.height
        end = (written.month - 1) * 31 + written.day
        # A day of grace: the file's clock may stand in a zone that is ahead.
        year = written.year - (last is not None and last > end + 1)
        found = pl.concat(turns)
        return cls(found["line"], pl.concat([pl.Series([0], dtype=pl.Int64), found["turn"]]) + (year - turn))

    def expression(self) -> pl.Expr:
        """The year of a record, as text."""
        place = pl.lit(self.lines).search_sorted(pl.col("record"), side="right")
        return pl.lit(self.years).gather(place).cast(pl.String)


def _places(text: str, regex: str, *, named: bool, day_first: bool) -> pl.DataFrame:
    """Lines, counted from 1, with the place of their day in a year of months of 31 days."""
    lines = pl.DataFrame({"text": [text.removesuffix("\n")]}).select(pl.col("text").str.split("\n").explode())
    first, second = (pl.col("text").str.extract(regex, n) for n in (1, 2))
    if named:
        numbers = {name: n for n, name in enumerate(_MONTHS, 1)}
        month = first.replace_strict(numbers, default=None, return_dtype=pl.Int64)
        day = second.cast(pl.Int64, strict=False)
    else:
        month, day = (part.cast(pl.Int64, strict=False) for part in ((second, first) if day_first else (first, second)))
    return lines.select(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), place=(month - 1) * 31 + day)
