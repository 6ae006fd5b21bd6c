"""Times as other programs write them: epochs, ISO 8601, and whatever format a column map declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from watchfloor import times
from watchfloor.readers.columns.written import text
from watchfloor.schemas import TIME

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import Origin

__all__ = ["Clock", "clock_of", "format_trouble", "guesses"]


@dataclass(frozen=True)
class Clock:
    """How a time was found."""

    instant: pl.Expr
    """The earliest that it can be."""
    wrong: str | None
    """What a written time without an instant is; null where each has one."""
    naive: pl.Expr | None = None
    """True where a clock time carries no zone; null where none can."""
    latest: pl.Expr | None = None
    """The other end, where the clock went back."""
    quality: pl.Expr = pl.lit("exact")  # noqa: RUF009 - an expression is a frozen value
    zone: pl.Expr = pl.lit("UTC")  # noqa: RUF009
    rule: pl.Expr = pl.lit("by the format")  # noqa: RUF009


def clock_of(said: pl.Expr, dtype: pl.DataType, origin: Origin, zone: str | None) -> Clock:
    """Instants from a column of times.

    Arguments:
        said: what is written, null where nothing is.
        dtype: its type.
        origin: its unit or formats.
        zone: of clock times that carry none.
    """
    if origin.unit:
        return Clock(_epoch(said, dtype, origin.unit), f"is no time in {origin.unit} since 1970")
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        instant = said.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
        return Clock(instant, None, zone=pl.lit(dtype.time_zone))
    if isinstance(dtype, pl.Datetime | pl.Date):
        return _settled(said.cast(pl.Datetime("us")), None, None, zone, None)
    words = text(said, dtype).str.strip_chars()
    if not origin.format:
        return _settled(*_iso(words), zone, "is no ISO 8601 time")
    clocks: list[pl.Expr] = []
    instants: list[pl.Expr] = []
    for written in origin.format:
        parsed, aware = _strptime(words, written)
        (instants if aware else clocks).append(parsed)
    return _settled(
        pl.coalesce(clocks) if clocks else None,
        pl.coalesce(instants) if instants else None,
        None,
        zone,
        f"is no time as {' or '.join(origin.format)}",
    )


def _epoch(said: pl.Expr, dtype: pl.DataType, unit: times.Unit) -> pl.Expr:
    """Epochs within the years that a calendar has; integers keep their last digit."""
    if dtype == pl.String:
        said = said.str.strip_chars()
    number = said.cast(pl.Float64, strict=False)
    if unit == "s":
        return times.from_epoch(number, unit)  # which looks at its limits in microseconds
    whole = said.cast(pl.Int64, strict=False)
    inside = number.abs() < 253_402_300_800 * _PER_SECOND[unit]
    exact = times.from_epoch(pl.when(inside).then(whole), unit)
    if dtype.is_integer():
        return exact
    return pl.coalesce(exact, times.from_epoch(pl.when(inside).then(number), unit))


_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _settled(
    clock: pl.Expr | None, instant: pl.Expr | None, zone_said: pl.Expr | None, zone: str | None, wrong: str | None
) -> Clock:
    """Clock times by the zone that was declared for them, beside instants that the text gives."""
    known = instant if instant is not None else pl.lit(None, dtype=TIME)
    if clock is None:
        return Clock(
            known, wrong, zone=zone_said if zone_said is not None else pl.lit("UTC"), rule=pl.lit("in the text")
        )
    naive = clock.is_not_null() & known.is_null()
    if zone is None:
        return Clock(known, wrong, naive, zone=_or(zone_said), rule=_in_text(known), quality=_exact(known))
    earliest, latest, quality = times.resolve(clock, zone)
    return Clock(
        pl.coalesce(known, earliest) if instant is not None else earliest,
        wrong,
        naive,
        latest=pl.when(naive & (latest != earliest)).then(latest),
        quality=pl.when(naive).then(quality).otherwise(_exact(known)),
        zone=pl.when(naive).then(pl.lit(zone)).otherwise(_or(zone_said)),
        rule=pl.when(naive).then(pl.lit("declared")).otherwise(_in_text(known)),
    )


def _or(zone: pl.Expr | None) -> pl.Expr:
    return zone if zone is not None else pl.lit(None, dtype=pl.String)


def _in_text(instant: pl.Expr) -> pl.Expr:
    return pl.when(instant.is_not_null()).then(pl.lit("in the text"))


def _exact(instant: pl.Expr) -> pl.Expr:
    return pl.when(instant.is_not_null()).then(pl.lit("exact"))


_OFFSET = r"(?:Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_TIME_OF_DAY = r"[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9}\d*)?)?"
_ISO = rf"^\d{{4}}[-/]\d{{2}}[-/]\d{{2}}(?:{_TIME_OF_DAY}(?: ?{_OFFSET})?)?$"


def _iso(words: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Clock time, instant and zone of ISO 8601 text; the instant and zone where an offset is in it."""
    iso = pl.when(words.str.contains(_ISO)).then(words)
    clock_text = iso.str.extract(r"^(.{10}(?:[T ][\d:.,]+)?)").str.replace_many(["T", "/", ","], [" ", "-", "."])
    clock = pl.coalesce(
        clock_text.str.to_datetime(form, strict=False, time_unit="us")
        for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    )
    offset = iso.str.extract(rf":\d{{2}}(?:[.,]\d+)? ?({_OFFSET})$")
    numeric = offset.str.contains(r"^[+-]")
    digits = offset.str.replace(":", "", literal=True)
    minutes = digits.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(3, 2).cast(
        pl.Int64, strict=False
    ).fill_null(0)
    signed = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    shift = pl.when(numeric).then(signed).when(offset.is_not_null()).then(0)
    instant = (clock - pl.duration(minutes=shift)).dt.replace_time_zone("UTC")
    return clock, instant, pl.when(numeric).then(offset).when(offset.is_not_null()).then(pl.lit("UTC"))


def _strptime(words: pl.Expr, written: str) -> tuple[pl.Expr, bool]:
    """Times by a format, and whether they are instants. Python's `%f` is what comes after the decimal mark."""
    form = written.replace("%%", "\0")
    if re.search(r",%\.?\d?f", form):  # a decimal comma, as Java writes it
        words = words.str.replace(r"(\d),(\d{1,9})", "${1}.${2}")
    form = re.sub(r"[.,]?%\.?(\d?)f", r"%.f", form)
    form = re.sub(r"%[:#]*z", "%#z", form).replace("\0", "%%")
    if "%#z" in form:
        return _in_calendar(words.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")), True
    clock = _in_calendar(words.str.to_datetime(form, strict=False, time_unit="us"))
    return (clock.dt.replace_time_zone("UTC"), True) if "%s" in form else (clock, False)


def _in_calendar(parsed: pl.Expr) -> pl.Expr:
    """Times of the years that a calendar has: `%Y` reads -2026 as well, and 12026."""
    return pl.when(parsed.dt.year().is_between(1, 9999)).then(parsed)


_DIRECTIVE = re.compile(r"%(?:[-_0]?([YCyGgmbBhUWVdejuwaADxFHkIlPpMSfRTXrzZcsnt%])|\.\d?(f)|\d(f)|:{1,3}(z)|#(z))")


def format_trouble(written: str) -> str | None:
    """Why a format of times cannot be used; null where it can."""
    directives = {"".join(groups) for groups in _DIRECTIVE.findall(written)}
    rest = _DIRECTIVE.sub("", written)
    if "Z" in directives:
        return "%Z reads names such as CEST, which mean several zones; %z reads offsets"
    if "%" in rest:
        return f"{rest[rest.index('%') :][:2]} is no directive"
    if not directives & set("YyGFDcxs"):
        return "it has no year (%Y)"
    return None if directives & set("dejFDcxs") else "it has no day (%d)"


_GUESSES = (
    *(f"%d{mark}%m{mark}%Y" for mark in "-/."),
    *(f"%m{mark}%d{mark}%Y" for mark in "/-"),
    *(
        "%d/%m/%y",
        "%m/%d/%y",
        "%d.%m.%y",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d/%b/%Y",
        "%b %d, %Y",
        "%b %d %Y",
        "%Y.%m.%d",
        "%Y%m%d",
    ),
)
_TIMES_OF_DAY = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S%.f",
    " %I:%M %p",
    " %I:%M:%S %p",
    ":%H:%M:%S %z",
    ", %H:%M:%S",
    "%H%M%S",
)


def guesses(words: pl.Series) -> list[str]:
    """Formats that fit all of some texts: for a hint, never for reading."""
    bare = words.drop_nulls().str.strip_chars()
    fits = []
    for form in (day + hour for day in _GUESSES for hour in _TIMES_OF_DAY):
        parsed = pl.select(_strptime(pl.lit(bare), form)[0]).to_series()
        if parsed.null_count() == 0 and parsed.dt.year().is_between(1970, 2100).all():
            fits.append(form)
    return fits
