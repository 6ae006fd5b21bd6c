"""What only the order of a whole file's lines tells of their times: years, and which of two equal hours is meant."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

import polars as pl

from watchfloor import times
from watchfloor.readers.intake import texts
from watchfloor.readers.meaning.stamps import (
    FAMILIES,
    WITH_YEAR,
    YEARLESS,
    YEARLESS_FIGURES,
    clock_times,
    found,
    last_year,
    place_in_year,
    steps_back,
    turn_of_year,
)

__all__ = ["Order", "survey", "survey_each"]

_CLOCKS = [n for n, family in enumerate(FAMILIES) if not family.offset]
_WITHOUT_YEAR = [n for n in _CLOCKS if not FAMILIES[n].year]
_LEAP_DAY = 31 + 29
_CANDIDATE = {"record": pl.Int64, "time_text": pl.String, "family": pl.Int8}


class Order:
    """What a file's lines told together."""

    def __init__(self, years: pl.DataFrame, later: pl.DataFrame) -> None:
        """Arguments: `record` from which on a `year` holds, in order, the first line first; `record`, `later`."""
        self.years, self.later = years, later

    def add(self, records: pl.DataFrame) -> pl.DataFrame:
        """The records (`record`) with `year`, for times without one, and `later`, as `instants` takes them."""
        years = records.with_columns(year=self._year(records["record"]))
        if not self.later.height:
            return years.with_columns(later=pl.lit(None, pl.Boolean))
        return years.join(self.later, on="record", how="left", maintain_order="left")

    def _year(self, records: pl.Series) -> pl.Series:
        at = self.years["record"].search_sorted(records, side="right").cast(pl.Int64) - 1
        return self.years["year"].gather(at)


def _years_from(year: int, turns: pl.DataFrame) -> pl.DataFrame:
    """The years of a file's lines, by the first one and the turns (`record`, `turn`)."""
    first = pl.DataFrame({"record": [1], "year": [year]}, schema={"record": pl.Int64, "year": pl.Int64})
    return pl.concat([first, turns.select("record", year=(pl.col("turn").cum_sum() + year).cast(pl.Int64))])


def survey(blocks: Iterable[bytes | pl.DataFrame], *, zone: str | None, written: datetime) -> Order:
    """Reads all lines of a file, of which it keeps little.

    Arguments:
        blocks: of the file's lines, in order, as bytes or as `text`.
        zone: of clock times; null where none was given.
        written: when the file was last written.
    """
    repeated = _repeated(zone) if zone else None
    seen, last = 0, None
    turns = [pl.DataFrame(schema={"record": pl.Int64, "turn": pl.Int64})]
    candidates = [pl.DataFrame(schema=_CANDIDATE)]
    leap_days = [pl.DataFrame(schema={"record": pl.Int64})]
    edges: list[pl.DataFrame] = []
    for block in blocks:
        lines = _lines(block) if isinstance(block, bytes) else block
        lines = lines.with_columns(record=pl.int_range(pl.len(), dtype=pl.Int64) + seen + 1)
        seen += lines.height
        days = _days(lines)
        if days.height:
            turn = turn_of_year(pl.col("place") - pl.col("place").shift(1, fill_value=last))
            turns.append(days.select("record", turn=turn).filter(pl.col("turn") != 0))
            last = int(days["place"][-1])
            leap_days.append(days.filter(pl.col("place") == _LEAP_DAY).select("record").unique())
        if repeated is not None:
            near = lines.filter(pl.col("text").str.contains(repeated.pattern))
            if near.height:
                candidates.append(_ambiguous_or_open(near, repeated, zone or "UTC"))
            edges += [lines.head(50), lines.tail(50)]
            edges = [edges[0], edges[-1]]
    turned = pl.concat(turns)
    year = last_year(last, written) - int(turned["turn"].sum())
    year = _with_leap_days(year, turned, pl.concat(leap_days))
    order = Order(_years_from(year, turned), _none_later())
    several = pl.concat(candidates)
    if not several.height or _runs_backwards(order, edges):
        return order
    return Order(_years_from(year, turned), _later(order.add(several), zone or "UTC"))


def survey_each(lines: pl.DataFrame, *, zone: str | None, written: Sequence[datetime]) -> Order:
    """What the lines of each of some files told together.

    Arguments:
        lines: of all files, one after the other: `record`, their number among all; `file`, the place of theirs; `text`.
        zone: of clock times; null where none was given.
        written: when each file was last written.
    """
    days = _days(lines).join(lines.select("record", "file"), on="record", how="left", maintain_order="left")
    before = pl.col("place").shift(1).over("file")
    turns = days.select("file", "record", turn=turn_of_year(pl.col("place") - before)).filter(pl.col("turn") != 0)
    last = dict(days.group_by("file").agg(pl.col("place").last()).iter_rows())
    steps = dict(turns.group_by("file").agg(pl.col("turn").sum()).iter_rows())
    first = lines.group_by("file", maintain_order=True).agg(pl.col("record").first())
    years = [last_year(last.get(file), written[file]) - int(steps.get(file, 0)) for file in first["file"]]
    on_leap_days = set(days.filter(pl.col("place") == _LEAP_DAY)["file"])
    # What is not as plain as the rest is looked at by itself.
    first = first.with_columns(year=pl.Series(years, dtype=pl.Int64))
    held = pl.concat([first, turns.rename({"turn": "year"})], how="diagonal_relaxed").sort("record")
    held = held.select("record", year=pl.col("year").cum_sum().over("file").cast(pl.Int64))
    order = Order(held, _none_later())
    special = on_leap_days | set(_with_repeated_hours(lines, order, zone))
    if not special:
        return order
    later = []
    for file in sorted(special):
        own = lines.filter(pl.col("file") == file)
        start = int(own["record"][0])
        end = start + own.height
        found = survey([own.select("text")], zone=zone, written=written[file])
        shifted = found.years.with_columns(pl.col("record") + start - 1)
        held = pl.concat([held.filter(~pl.col("record").is_between(start, end - 1)), shifted]).sort("record")
        later.append(found.later.with_columns(pl.col("record") + start - 1))
    return Order(held, pl.concat(later))


def _with_repeated_hours(lines: pl.DataFrame, order: Order, zone: str | None) -> list[int]:
    """The files that have times in an hour that the zone's clock shows twice."""
    repeated = _repeated(zone) if zone else None
    if repeated is None or zone is None:
        return []
    near = lines.filter(pl.col("text").str.contains(repeated.pattern))
    if not near.height:
        return []
    ambiguous = _in_repeated_hours(order.add(_ambiguous_or_open(near, repeated, zone)), zone)
    return ambiguous.select("record").join(near, on="record")["file"].unique().to_list()


def _with_leap_days(year: int, turns: pl.DataFrame, leap_days: pl.DataFrame) -> int:
    """The year of the first line, or the latest before in which every 29 February is a day.

    When a file was written says only that its lines are not later: it may have been copied.
    """
    years = Order(_years_from(0, turns), _none_later()).add(leap_days)["year"].unique()
    for earlier in range(8):
        if all(isleap(year - earlier + after) for after in years):
            return year - earlier
    return year


def _lines(block: bytes) -> pl.DataFrame:
    try:
        return pl.scan_lines(block, name="text").collect()
    except pl.exceptions.ComputeError:
        text, _ = texts.with_damage(block.removesuffix(b"\n"), 1)
        return pl.DataFrame({"text": text.split("\n")})


def _none_later() -> pl.DataFrame:
    return pl.DataFrame(schema={"record": pl.Int64, "later": pl.Boolean})


def _days(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines whose time has no year, and the place of their day in it."""
    text = pl.col("text")
    days = lines.select(
        "record", "text", day=pl.coalesce(text.str.extract(YEARLESS), text.str.extract(YEARLESS_FIGURES))
    )
    days = days.drop_nulls("day").filter(~text.str.contains(WITH_YEAR))
    # A file has few days: they are read once each.
    places = days.select(pl.col("day").unique()).with_columns(place=place_in_year(pl.col("day")))
    return days.select("record", "day").join(places, on="day", how="left", maintain_order="left").drop_nulls("place")


class _Repeated:
    """When the clock of a zone shows an hour twice."""

    def __init__(self, pattern: str, days: list[int]) -> None:
        self.pattern, self.days = pattern, days


@cache
def _repeated(zone: str) -> _Repeated | None:
    """The hours and days that a zone repeated or will, 1970 to 2040; null where it never does."""
    noons = pl.datetime_range(pl.datetime(1970, 1, 1, 12), pl.datetime(2041, 1, 1, 12), "1d", time_zone="UTC")
    local = pl.select(clock=times.in_zone(noons, zone).dt.replace_time_zone(None))
    clock, day = pl.col("clock"), pl.duration(days=1)
    # A day that begins and ends at noon by UTC holds a repeated hour where the clock gains less than a day.
    turned = local.filter(clock.diff() < day).select(pl.datetime_ranges(clock - day, clock, "30m").explode())
    _, _, quality = times.resolve(clock, zone)
    twice = turned.filter(quality == "ambiguous")["clock"]
    if twice.is_empty():
        return None
    hours = "|".join(f"{hour:02}" for hour in twice.dt.hour().unique().sort())
    days = ((twice.dt.month().cast(pl.Int64) - 1) * 31 + twice.dt.day()).unique().to_list()
    return _Repeated(rf"^.{{0,150}}?[ T:](?:{hours}):[0-9]{{2}}:|^[0-9]{{6,8}} (?:{hours})[0-9]{{4}} ", days)


def _ambiguous_or_open(lines: pl.DataFrame, repeated: _Repeated, zone: str) -> pl.DataFrame:
    """Lines with times in a repeated hour; those without a year, that are in one of some year."""
    stamped = lines.select("record").hstack(found(lines["text"])).filter(pl.col("family").is_in(_CLOCKS))
    open_year = pl.col("family").is_in(_WITHOUT_YEAR)
    open_ones = stamped.filter(open_year).filter(place_in_year(pl.col("time_text")).is_in(repeated.days))
    known = stamped.filter(~open_year).with_columns(year=pl.lit(None, pl.Int64))
    return pl.concat([open_ones, _in_repeated_hours(known, zone).select(stamped.columns)]).sort("record")


def _in_repeated_hours(stamped: pl.DataFrame, zone: str) -> pl.DataFrame:
    present = [n for n in stamped["family"].unique().to_list() if n in _CLOCKS]
    stamped = stamped.with_columns(clock=clock_times(present))
    _, _, quality = times.resolve(pl.col("clock"), zone)
    return stamped.filter(quality == "ambiguous")


def _later(candidates: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Of the times in one repeated hour, those before the one step back are the earlier; several steps tell nothing."""
    day = pl.col("clock").dt.date()
    steps = pl.col("step").cum_sum().over("day")
    return (
        _in_repeated_hours(candidates, zone)
        .with_columns(day=day)
        .with_columns(step=steps_back(pl.col("clock")).over("day"))
        .filter(pl.col("step").sum().over("day") == 1)
        .select("record", later=steps == 1)
    )


def _runs_backwards(order: Order, edges: list[pl.DataFrame]) -> bool:
    """Whether the file begins with its newest line: order then says the opposite."""
    ends = []
    for lines, which in zip(edges, (0, -1), strict=True):
        stamped = order.add(lines.select("record").hstack(found(lines["text"]))).drop("later")
        clocks = stamped.with_columns(clock=clock_times(_CLOCKS))["clock"].drop_nulls()
        ends.append(None if clocks.is_empty() else clocks[which])
    first, last = ends
    return first is not None and last is not None and last < first
