"""Times at the beginning of log lines: the families that are known, and how each becomes an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime

__all__ = ["FAMILIES", "Family", "instants"]

_PRI = r"^(?:<[0-9]{1,3}>(?:1 | )?)?"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_FRACTION = r"(?:[.,][0-9]{1,9})?"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"

_DISORDER = 600
"""Seconds by which lines of one log may be out of order without meaning a change of the clock."""


@dataclass(frozen=True)
class Family:
    """One way to write a time."""

    name: str
    regex: str
    """Finds the time of a line, in group 1."""
    format: str
    """Reads it, after commas became dots, `Z` became `+00:00`, and colons in offsets were put in."""
    offset: bool = False
    """Whether the text carries its offset."""
    year: bool = True
    """Whether the text carries its year."""


FAMILIES = (
    Family(
        "ISO 8601 with offset",
        rf"{_PRI}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}{_FRACTION} ?{_OFFSET})(?:[^0-9]|$)",
        "%Y-%m-%dT%H:%M:%S%.f%:z",
        offset=True,
    ),
    Family("ISO 8601", rf"{_PRI}\[?([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}{_FRACTION})", "%Y-%m-%dT%H:%M:%S%.f"),
    Family("slashes", rf"{_PRI}\[?([0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}} {_CLOCK}{_FRACTION})", "%Y/%m/%d %H:%M:%S%.f"),
    Family("RFC 3164 with year", rf"{_PRI}({_MONTH} [ 0-9][0-9] {_CLOCK} [0-9]{{4}}) ", "%b %d %H:%M:%S %Y"),
    Family("RFC 3164", rf"{_PRI}({_MONTH} [ 0-9][0-9] {_CLOCK}{_FRACTION})", "%Y %b %d %H:%M:%S%.f", year=False),
    Family(
        "Apache error", rf"^\[({_DAY} {_MONTH} [ 0-9][0-9] {_CLOCK}{_FRACTION} [0-9]{{4}})\]", "%a %b %d %H:%M:%S%.f %Y"
    ),
    Family(
        "Apache access",
        rf"^[^\[\]]{{1,300}}\[([0-9]{{2}}/{_MONTH}/[0-9]{{4}}:{_CLOCK} [+-][0-9]{{4}})\]",
        "%d/%b/%Y:%H:%M:%S %:z",
        offset=True,
    ),
    Family("HDFS", r"^([0-9]{6} [0-9]{6}) ", "%y%m%d %H%M%S"),
    Family("Android", rf"^([0-9]{{2}}-[0-9]{{2}} {_CLOCK}\.[0-9]{{3}}) ", "%Y %m-%d %H:%M:%S%.f", year=False),
)
"""In the order in which a line is tried."""


def instants(lines: pl.DataFrame, *, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """The lines with time, time_latest, time_text, zone, zone_rule and time_quality; all null where a line has no time.

    Arguments:
        lines: `text`, in the order of the file.
        source: the file, for errors.
        zone: of clock times.
        written: when the file was last written: the last line is not later, which gives years to times without.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    text = pl.col("text")
    kinds = [text.str.extract(family.regex) for family in FAMILIES]
    found = lines.with_columns(
        time_text=pl.coalesce(kinds),
        family=pl.coalesce(pl.when(kind.is_not_null()).then(pl.lit(n, pl.Int8)) for n, kind in enumerate(kinds)),
    )
    present = set(found["family"].drop_nulls().unique().to_list())
    clocks = [n for n in present if not FAMILIES[n].offset]
    if clocks and zone is None:
        example = found.filter(pl.col("family").is_in(clocks))["time_text"][0]
        raise AmbiguousTime(
            f"{source}: clock times without a zone ({example})",
            hint="say where that clock stood: zone='Europe/Paris', or --zone Europe/Paris, or PATH=Europe/Paris",
        )
    found = _with_years(found, written) if any(not FAMILIES[n].year for n in present) else found.with_columns(year=None)
    exact = pl.coalesce(
        pl.lit(None, pl.Datetime("us", "UTC")),
        *(_of(n).pipe(_instant, FAMILIES[n]) for n in present if FAMILIES[n].offset),
    )
    clock = pl.coalesce(
        pl.lit(None, pl.Datetime("us")), *(_of(n).pipe(_clock, FAMILIES[n]) for n in present if not FAMILIES[n].offset)
    )
    found = found.with_columns(exact=exact, clock=clock)
    return _settled(found, zone or "UTC").drop("exact", "clock", "year", "family")


def _of(family: int) -> pl.Expr:
    return pl.when(pl.col("family") == family).then("time_text")


def _instant(text: pl.Expr, family: Family) -> pl.Expr:
    plain = (
        text.str.replace(",", ".", literal=True)
        .str.replace("Z$", "+00:00")
        .str.replace(r"([+-][0-9]{2})([0-9]{2})$", "${1}:${2}")
    )
    if family.format.startswith("%Y-"):
        plain = plain.str.replace(" ", "T", literal=True).str.replace(" ", "", literal=True)
    return plain.str.to_datetime(family.format, time_unit="us", time_zone="UTC", strict=False)


def _clock(text: pl.Expr, family: Family) -> pl.Expr:
    plain = text.str.replace(",", ".", literal=True)
    if family.format.startswith("%Y-"):
        plain = plain.str.replace(" ", "T", literal=True)
    if not family.year:
        plain = pl.concat_str(pl.col("year").cast(pl.String), plain, separator=" ")
    return plain.str.replace_all("  ", " 0", literal=True).str.to_datetime(family.format, time_unit="us", strict=False)


def _with_years(found: pl.DataFrame, written: datetime) -> pl.DataFrame:
    """Years for times that carry none, from the last line upwards: a leap of half a year back is a turn of the year."""
    text = pl.col("time_text")
    months = {name: n for n, name in enumerate(_MONTH.strip("(?:)").split("|"), 1)}
    named = text.str.head(3).replace_strict(months, default=None, return_dtype=pl.Int64)
    numbered = text.str.extract("^([0-9]{2})-").cast(pl.Int64)
    day = pl.coalesce(text.str.slice(4, 2).str.strip_chars(), text.str.slice(3, 2)).cast(pl.Int64, strict=False)
    place = (pl.coalesce(named, numbered) - 1) * 31 + day
    yearless = pl.col("family").is_in([n for n, family in enumerate(FAMILIES) if not family.year])
    rows = found.with_row_index("at")
    some = rows.filter(yearless).with_columns(place=place)
    last = some["place"].drop_nulls().last()
    end = (written.month - 1) * 31 + written.day
    # A day of grace: the file's clock may stand in a zone that is ahead.
    year = written.year - (isinstance(last, int) and last > end + 1)
    leap = pl.col("place") - pl.col("place").shift(-1)
    turns = pl.when(leap > 186).then(1).when(leap < -186).then(-1).otherwise(0).fill_null(0)
    some = some.with_columns(year=year - turns.cum_sum(reverse=True))
    return rows.join(some.select("at", "year"), on="at", how="left", maintain_order="left").drop("at")


def _settled(found: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Instants from clock times: the repeated hour by the order of lines where it decides, else as an interval."""
    earliest, latest, quality = times.resolve(pl.col("clock"), zone)
    found = found.with_columns(earliest=earliest, latest=latest, resolved=quality)
    twice = (pl.col("resolved") == "ambiguous").fill_null(False)
    run = (twice != twice.shift(1, fill_value=False)).cum_sum()
    back = twice & twice.shift(1, fill_value=False) & (pl.col("clock").diff() < pl.duration(seconds=-_DISORDER))
    found = (
        found.with_columns(run=run, back=back.fill_null(False))
        .with_columns(turns=pl.col("back").sum().over("run"), after=pl.col("back").cum_sum().over("run"))
        .with_columns(decided=twice & (pl.col("turns") == 1))
    )
    later = pl.col("decided") & (pl.col("after") == 1)
    open_hour = twice & ~pl.col("decided")
    is_exact = pl.col("exact").is_not_null()
    known = pl.col("clock").is_not_null()
    how = (
        pl.when(later)
        .then(pl.lit("ambiguous_later"))
        .when("decided")
        .then(pl.lit("ambiguous_earlier"))
        .otherwise("resolved")
    )
    inferred = pl.when(pl.col("year").is_not_null() & known).then(pl.lit("year_inferred"))
    return found.with_columns(
        time=pl.when(is_exact).then("exact").when(later).then("latest").otherwise("earliest"),
        time_latest=pl.when(open_hour).then("latest"),
        zone=pl.when(is_exact).then(pl.lit("UTC")).when(known).then(pl.lit(zone)),
        zone_rule=pl.when(is_exact).then(pl.lit("in the text")).when(known).then(pl.lit("declared")),
        time_quality=pl.when(is_exact)
        .then(pl.lit("exact"))
        .when(known)
        .then(pl.concat_str(how, inferred, separator="+", ignore_nulls=True)),
    ).drop("earliest", "latest", "resolved", "run", "back", "turns", "after", "decided")
