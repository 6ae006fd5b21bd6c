"""Times at the beginning of log lines: the families that are known, and how each becomes an instant."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import available_timezones

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime

__all__ = [
    "BEGINS",
    "CISCO_TAG",
    "FAMILIES",
    "YEARLESS",
    "YEARLESS_FIGURES",
    "Family",
    "clock_times",
    "found",
    "instants",
    "last_year",
    "place_in_year",
    "steps_back",
    "turn_of_year",
]

_PRI = r"(?:[0-9]{1,6} )?<[0-9]{1,3}>"
_COUNTER = "(?:[0-9]{1,9}: )"
_NODE = "(?:(?:[A-Za-z0-9_.-]+ )?[A-Z]{2,3}/[0-9]+/[A-Z0-9]+/CPU[0-9]+: ?)"
_TASK = r"(?:\*[A-Za-z0-9_]+: )"
LEAD = (
    rf"^(?:{_PRI}(?:1 )?:? {{0,2}}{_COUNTER}?(?:[A-Za-z0-9_.-]+: {_COUNTER}?)?{_TASK}?{_NODE}?[*.]?"
    rf"|{_COUNTER}(?:[A-Za-z0-9_.-]+: )?{_NODE}?[*.]?|{_NODE}[*.]?)?"
)
"""What may precede a time: the length that TCP adds, the priority, Cisco's counter, host, task, node, a mark."""
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_FRACTION = r"(?:[.,][0-9]{1,9})?"
_LOOSE_CLOCK = rf"[0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}{_FRACTION}"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_MONTHS_IN_FULL = "(?:January|February|March|April|June|July|August|September|October|November|December)"
_MONTH_DAY = rf"{_MONTH} (?: [0-9]|[0-9]{{1,2}})"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_YEAR = "(?:19|20)[0-9]{2}"
_ABBREVIATIONS = {
    **{"CET": "+01:00", "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00", "WEST": "+01:00", "MSK": "+03:00"},
    **{"EDT": "-04:00", "MDT": "-06:00", "PDT": "-07:00", "AKDT": "-08:00", "SAST": "+02:00", "JST": "+09:00"},
    **{"AEST": "+10:00", "AEDT": "+11:00", "AWST": "+08:00", "NZST": "+12:00", "NZDT": "+13:00", "KST": "+09:00"},
}
"""Those that mean one offset. EST, CST, IST and others mean several: they are read in the zone that is declared."""
_OFFSET = rf"(?: ?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})| ?(?:UTC|GMT)| (?:{'|'.join(_ABBREVIATIONS)}))"
_REGION = (
    r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/[A-Za-z_-]{2,30}){1,2}"
)
_END = r"(?:[^0-9A-Za-z]|$)"
_ISO = f"{_DATE}[T ]{_CLOCK}{_FRACTION}"
_AHEAD = r" (?:UTC|GMT)[+-][0-9]{1,2}(?::?[0-9]{2})?"
"""How Cisco names a zone without letters of its own: hours before or behind UTC."""
_OLD = rf"{LEAD}({_MONTH_DAY} {_CLOCK}{_FRACTION}(?: {_YEAR}(?: |$)|(?:{_AHEAD}|{_OFFSET})(?-u:\b))?)"
"""With a year only where a blank follows: 2001:db8::7 is a host."""
CISCO_TAG = r"%[A-Z][A-Z0-9_]*(?:-[A-Za-z0-9_]+)*?-[0-7]-[A-Za-z0-9_]+(?: ?:| )"
"""What Cisco and Arista put before a message: facility, severity, mnemonic."""
_HOSTED = (
    rf"^[A-Za-z0-9_.-]+: {_COUNTER}?[*.]?({_MONTH_DAY}(?: {_YEAR})? {_CLOCK}{_FRACTION}(?:{_OFFSET})?)"
    rf"(?: [A-Z]{{3,4}})?: (?:[^ ]+: )?{CISCO_TAG}"
)
"""A Cisco device that writes its name and no priority: the tag tells that this is no line of a text."""
_T = ("^([^ T]+) ", "${1}T")
_DAY_FIRST = (("^([0-9]+)[ /]([A-Z][a-z]+)[ /]", "${1}-${2}-"), ("^([0-9]-)", "0${1}"), ("([0-9]{4})[:T]", "${1} "))
_YEAR_FIRST = (("^([0-9]{2}/[0-9]{2})/([0-9]{4})", "${2}/${1}"),)
"""NetScaler's month stands before the day, unless it was told otherwise."""
_FROM_UTC = ((" (?:UTC|GMT)([+-])", "${1}"), ("([+-])([0-9](?::|$))", "${1}0${2}"), ("([+-][0-9]{2})$", "${1}:00"))
"""`UTC+1` as `+01:00`."""
_EPOCH = "epoch"
_IN_A_ZONE = " in a zone"
_NAMED = "%Y-%m-%dT%H:%M:%S%.f" + _IN_A_ZONE

_DISORDER = 600
"""Seconds by which lines of one log may be out of order without meaning a change of the clock."""


@dataclass(frozen=True)
class Family:
    """One way to write a time."""

    name: str
    regex: str
    """Finds the time of a line, in group 1."""
    format: str
    """Reads it, after `rewrite`, commas became dots, `Z` became `+00:00`, and colons in offsets were put in."""
    offset: bool = False
    """Whether the text carries its offset."""
    year: bool = True
    """Whether the text carries its year."""
    behind: bool = False
    """Whether text of the record itself stands before the time."""
    rewrite: tuple[tuple[str, str], ...] = ()
    """Patterns and what takes their place, before the text is read."""
    tail: str = ""
    """What the time ends with, where several families in a row have one regex."""


FAMILIES = (
    Family("RFC 3164 with year", _OLD, "%b %d %H:%M:%S%.f %Y", tail=f" {_YEAR}$"),
    Family(
        *("RFC 3164 with offset", _OLD, "%Y %b %d %H:%M:%S%.f%:z"),
        offset=True,
        year=False,
        rewrite=_FROM_UTC,
        tail=f"(?:{_AHEAD}|{_OFFSET})$",
    ),
    Family("RFC 3164", _OLD, "%Y %b %d %H:%M:%S%.f", year=False),
    Family(
        "ISO 8601 with offset", rf"{LEAD}\[?({_ISO}{_OFFSET}){_END}", "%Y-%m-%dT%H:%M:%S%.f%:z", True, rewrite=(_T,)
    ),
    Family("ISO 8601 with zone", rf"{LEAD}\[?({_ISO} {_REGION})(?:[^A-Za-z]|$)", _NAMED, True, rewrite=(_T,)),
    Family("ISO 8601", rf"{LEAD}\[?({_ISO})", "%Y-%m-%dT%H:%M:%S%.f", rewrite=(_T,)),
    Family(
        "ISO 8601 to the minute",
        rf"{LEAD}\[?({_DATE}[T ][0-9]{{2}}:[0-9]{{2}}{_OFFSET}){_END}",
        "%Y-%m-%dT%H:%M%:z",
        offset=True,
        rewrite=(_T,),
    ),
    Family("ISO 8601 basic", rf"{LEAD}([0-9]{{8}}T[0-9]{{6}}{_FRACTION}{_OFFSET}){_END}", "%Y%m%dT%H%M%S%.f%:z", True),
    Family("slashes", rf"{LEAD}\[?([0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}} {_CLOCK}{_FRACTION})", "%Y/%m/%d %H:%M:%S%.f"),
    Family("Suricata", rf"{LEAD}([0-9]{{2}}/[0-9]{{2}}/[0-9]{{4}}-{_CLOCK}\.[0-9]{{6}}) ", "%m/%d/%Y-%H:%M:%S%.f"),
    Family(
        "Cisco with offset",
        rf"{LEAD}({_MONTH_DAY} {_YEAR} {_CLOCK}{_FRACTION}{_OFFSET}){_END}",
        "%b %d %Y %H:%M:%S%.f%:z",
        offset=True,
    ),
    Family(
        "Cisco of twelve hours",
        rf"{LEAD}({_MONTH_DAY} {_YEAR} {_CLOCK} [AP]M{_FRACTION}{_OFFSET}){_END}",
        "%b %d %Y %I:%M:%S%.f %p%:z",
        offset=True,
        rewrite=((r" ([AP]M)([.,][0-9]+)?", "${2} ${1}"),),
    ),
    Family(
        "Cisco of twelve hours without offset",
        rf"{LEAD}({_MONTH_DAY} {_YEAR} {_CLOCK} [AP]M{_FRACTION})(?:[^0-9A-Za-z]|$)",
        "%b %d %Y %I:%M:%S%.f %p",
        rewrite=((r" ([AP]M)([.,][0-9]+)?", "${2} ${1}"),),
    ),
    Family("Cisco", rf"{LEAD}({_MONTH_DAY} {_YEAR} {_CLOCK}{_FRACTION})", "%b %d %Y %H:%M:%S%.f"),
    Family(
        "Cisco behind a host with year and offset",
        _HOSTED,
        "%b %d %Y %H:%M:%S%.f%:z",
        offset=True,
        tail=f" {_YEAR} .*{_OFFSET}$",
    ),
    Family("Cisco behind a host with year", _HOSTED, "%b %d %Y %H:%M:%S%.f", tail=f" {_YEAR} "),
    Family(
        "Cisco behind a host with offset",
        _HOSTED,
        "%Y %b %d %H:%M:%S%.f%:z",
        offset=True,
        year=False,
        tail=f"{_OFFSET}$",
    ),
    Family("Cisco behind a host", _HOSTED, "%Y %b %d %H:%M:%S%.f", year=False),
    Family("Apache error", rf"{LEAD}\[?({_DAY} {_MONTH_DAY} {_CLOCK}{_FRACTION} {_YEAR})", "%a %b %d %H:%M:%S%.f %Y"),
    Family(
        "date in UTC",
        rf"{LEAD}\[?({_DAY} {_MONTH_DAY} {_CLOCK}{_FRACTION} (?:UTC|GMT) {_YEAR})",
        "%a %b %d %H:%M:%S%.f %Y%:z",
        offset=True,
        rewrite=(("(?:UTC|GMT) ([0-9]+)$", "${1}Z"),),
    ),
    Family(
        "date in a zone",
        rf"{LEAD}\[?({_DAY} {_MONTH_DAY} {_CLOCK}{_FRACTION} [A-Z]{{3,4}} {_YEAR})",
        "%a %b %d %H:%M:%S%.f %Y",
        rewrite=((" [A-Z]{3,4} ([0-9]+)$", " ${1}"),),
    ),
    Family(
        "year before month with offset",
        rf"{LEAD}({_YEAR} {_MONTH_DAY} {_CLOCK}{_FRACTION}{_OFFSET}){_END}",
        "%Y %b %d %H:%M:%S%.f%:z",
        offset=True,
    ),
    Family("year before month", rf"{LEAD}({_YEAR} {_MONTH_DAY} {_CLOCK}{_FRACTION})", "%Y %b %d %H:%M:%S%.f"),
    Family(
        "mail",
        rf"{LEAD}({_DAY}, [0-9]{{1,2}} {_MONTH} {_YEAR} {_CLOCK}{_OFFSET}){_END}",
        "%a, %d %b %Y %H:%M:%S%:z",
        offset=True,
    ),
    Family(
        "weekday without year",
        rf"{LEAD}({_DAY} {_MONTH_DAY} {_CLOCK}{_FRACTION})(?: |$)",
        "%Y %b %d %H:%M:%S%.f",
        year=False,
        rewrite=(("^[A-Z][a-z]+ ", ""),),
    ),
    Family(
        "Apache access",
        rf"^(?:[^\[\]]{{0,300}}\[)?([0-9]{{1,2}}/{_MONTH}/[0-9]{{4}}:{_CLOCK}[ ,][+-][0-9]{{4}})",
        "%d/%b/%Y:%H:%M:%S%:z",
        offset=True,
        behind=True,
        rewrite=(("[ ,]([+-])", "${1}"),),
    ),
    Family(
        "month in full",
        rf"{LEAD}({_MONTHS_IN_FULL} (?: [0-9]|[0-9]{{1,2}}) {_CLOCK}{_FRACTION})(?: |$)",
        "%Y %b %d %H:%M:%S%.f",
        year=False,
        rewrite=(("^([A-Z][a-z]{2})[a-z]*", "${1}"),),
    ),
    Family(
        "hour of one figure",
        rf"{LEAD}({_MONTH_DAY} [0-9]:[0-9]{{2}}:[0-9]{{2}}{_FRACTION})(?: |$)",
        "%Y %b %d %H:%M:%S%.f",
        year=False,
        rewrite=((" ([0-9]):", " 0${1}:"),),
    ),
    Family(
        "day before month with offset",
        rf"{LEAD}\[?([0-9]{{1,2}}[- /]{_MONTH}[- /]{_YEAR}[ :T]{_CLOCK}{_FRACTION}{_OFFSET}){_END}",
        "%d-%b-%Y %H:%M:%S%.f%:z",
        offset=True,
        rewrite=_DAY_FIRST,
    ),
    Family(
        "day before month",
        rf"{LEAD}\[?([0-9]{{1,2}}[- /]{_MONTH}[- /]{_YEAR}[ :T]{_CLOCK}{_FRACTION})",
        "%d-%b-%Y %H:%M:%S%.f",
        rewrite=_DAY_FIRST,
    ),
    Family("dots", rf"{LEAD}\[?([0-9]{{2}}\.[0-9]{{2}}\.{_YEAR} {_CLOCK}{_FRACTION})", "%d.%m.%Y %H:%M:%S%.f"),
    Family("Sophos UTM", rf"{LEAD}({_YEAR}:[0-9]{{2}}:[0-9]{{2}}-{_CLOCK}) ", "%Y:%m:%d-%H:%M:%S"),
    Family(
        "NetScaler with offset",
        rf"{LEAD}((?:[0-9]{{2}}/[0-9]{{2}}/{_YEAR}|{_YEAR}/[0-9]{{2}}/[0-9]{{2}}):{_CLOCK}{_OFFSET}){_END}",
        "%Y/%m/%d:%H:%M:%S%:z",
        offset=True,
        rewrite=_YEAR_FIRST,
    ),
    Family(
        "NetScaler",
        rf"{LEAD}((?:[0-9]{{2}}/[0-9]{{2}}/{_YEAR}|{_YEAR}/[0-9]{{2}}/[0-9]{{2}}):{_CLOCK})(?: |$)",
        "%Y/%m/%d:%H:%M:%S",
        rewrite=_YEAR_FIRST,
    ),
    Family(
        "Snort with year", rf"{LEAD}([0-9]{{2}}/[0-9]{{2}}/[0-9]{{2}}-{_CLOCK}\.[0-9]{{6}}) ", "%m/%d/%y-%H:%M:%S%.f"
    ),
    Family("Snort", rf"{LEAD}([0-9]{{2}}/[0-9]{{2}}-{_CLOCK}\.[0-9]{{6}}) ", "%Y %m/%d-%H:%M:%S%.f", year=False),
    Family(
        "American with half days",
        rf"{LEAD}\[?([0-9]{{1,2}}/[0-9]{{1,2}}/{_YEAR},? {_LOOSE_CLOCK} [AP]M)(?:[^A-Za-z]|$)",
        "%m/%d/%Y %I:%M:%S%.f %p",
        rewrite=((",", ""), ("^([0-9])/", "0${1}/"), ("/([0-9])/", "/0${1}/"), (" ([0-9]):", " 0${1}:")),
    ),
    Family(
        "ISO 8601 without padding",
        rf"{LEAD}\[?([0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}[T ]{_LOOSE_CLOCK})(?:[^0-9]|$)",
        "%Y-%m-%dT%H:%M:%S%.f",
        rewrite=(_T, ("-([0-9])-", "-0${1}-"), ("-([0-9])T", "-0${1}T"), ("T([0-9]):", "T0${1}:")),
    ),
    Family("HDFS", r"^([0-9]{6} [0-9]{6}) ", "%y%m%d %H%M%S"),
    Family("date and time in figures", r"^([0-9]{8} [0-9]{6}) ", "%Y%m%d %H%M%S"),
    Family("Android", rf"^([0-9]{{2}}-[0-9]{{2}} {_CLOCK}\.[0-9]{{3}}) ", "%Y %m-%d %H:%M:%S%.f", year=False),
    Family("epoch behind a priority", rf"^{_PRI}(?:1 )? ?([0-9]{{9,10}}(?:\.[0-9]{{1,9}})?)(?: |$)", _EPOCH, True),
    Family("epoch with fraction", r"^([0-9]{10}\.[0-9]{3,9})(?: |$)", _EPOCH, True),
    Family("epoch alone", r"^([0-9]{10}|[0-9]{13}|[0-9]{16}|[0-9]{19}|[0-9]{10}\.[0-9]{1,9})$", _EPOCH, True),
    Family(
        "epoch of a cluster with fraction",
        rf"^[^ ]{{1,40}} ([0-9]{{10}} [0-9.]{{10}} [^ ]{{1,100}} {_DATE}-(?:[0-9]{{2}}\.){{3}}[0-9]{{6}}) ",
        _EPOCH,
        offset=True,
        behind=True,
        rewrite=((r" .*\.", "."),),
    ),
    Family(
        "epoch of a cluster",
        r"^[^ ]{1,40} ([0-9]{10}) [0-9]{4}\.[0-9]{2}\.[0-9]{2} ",
        _EPOCH,
        offset=True,
        behind=True,
    ),
    Family(
        "ISO 8601 with offset behind a word",
        rf"^[^ ]{{0,99}}[^ :=,] \[?({_ISO}{_OFFSET}){_END}",
        "%Y-%m-%dT%H:%M:%S%.f%:z",
        offset=True,
        behind=True,
        rewrite=(_T,),
    ),
    Family(
        "ISO 8601 behind a word",
        rf"^[^ ]{{0,99}}[^ :=,] \[?({_ISO})",
        "%Y-%m-%dT%H:%M:%S%.f",
        behind=True,
        rewrite=(_T,),
    ),
)
"""In the order in which a line is tried."""

_BY_REGEX = [
    (regex, [n for n, _ in members])
    for regex, members in groupby(enumerate(FAMILIES), key=lambda numbered: numbered[1].regex)
]

_CAPTURES = re.compile(r"(?<!\\)\((?!\?)")
BEGINS = "|".join([f"^{_PRI}", f"^{CISCO_TAG}", *(_CAPTURES.sub("(?:", regex) for regex, _ in _BY_REGEX)])
"""Finds whether a line begins with a time, a priority or the tag of a Cisco device."""
YEARLESS = (
    rf"(?:{LEAD}|^[A-Za-z0-9_.-]+: {_COUNTER}?[*.]?)(?:{_DAY} )?({_MONTH}[a-z]{{0,6}} (?: [0-9]|[0-9]{{1,2}}))"
    rf" {_LOOSE_CLOCK}(?:[^0-9]|$)"
)
"""Month and day of a line whose time may carry no year."""
YEARLESS_FIGURES = rf"^(?:{_PRI})?([0-9]{{2}}(?:-[0-9]{{2}} |/[0-9]{{2}}-)){_CLOCK}\.[0-9]{{3}}(?:[0-9]{{3}})? "
"""Month and day in logs of Android and Snort."""
WITH_YEAR = rf"{LEAD}(?:{_DAY} )?{_MONTH_DAY} {_CLOCK}{_FRACTION} (?:[A-Z]{{3,4}} )?{_YEAR}(?:[^0-9]|$)"
"""Times of which `YEARLESS` sees only the beginning."""


def found(text: pl.Series) -> pl.DataFrame:
    """Of each line its `time_text` and `family` (place in FAMILIES); null where it has no time."""
    left = pl.DataFrame({"at": pl.int_range(len(text), eager=True), "text": text})
    parts = []
    for regex, numbers in _BY_REGEX:
        if not left.height:
            break
        tried = left.with_columns(time_text=pl.col("text").str.extract(regex).str.strip_chars_end(" "))
        known = pl.col("time_text").is_not_null()
        missing = tried["time_text"].null_count()
        if missing < tried.height:
            parts.append(tried.filter(known).select("at", "time_text", family=_by_tail(numbers)))
            left = tried.filter(~known).drop("time_text") if missing else left.clear()
    parts.append(left.select("at", time_text=pl.lit(None, pl.String), family=pl.lit(None, pl.Int8)))
    return pl.concat(parts).sort("at").drop("at")


def _by_tail(numbers: Sequence[int]) -> pl.Expr:
    """Which of the families that share a regex a time belongs to: the last one has no tail."""
    *others, last = numbers
    family = pl.lit(last, pl.Int8)
    for n in reversed(others):
        family = pl.when(pl.col("time_text").str.contains(FAMILIES[n].tail)).then(pl.lit(n, pl.Int8)).otherwise(family)
    return family


def instants(
    lines: pl.DataFrame, *, source: str, zone: str | None, written: datetime, need_zone: bool = True
) -> pl.DataFrame:
    """The lines with time, time_latest, time_text, zone, zone_rule and time_quality; all null where a line has no time.

    A time that cannot be read has `time_text` alone. `family` says how the time is written, as a place in FAMILIES.

    Arguments:
        lines: `text`, in the order of the file. A `year` for times without, and `later` (which of two equal hours is
            meant), hold what was found out from the whole file; without these columns, the lines given decide.
        source: the file, for errors.
        zone: of clock times.
        written: when the file was last written: the last line is not later, which gives years to times without.
        need_zone: whether clock times without a zone are an error; they are null where not.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    stamped = lines.hstack(found(lines["text"]))
    present = set(stamped["family"].drop_nulls().unique().to_list())
    clocks = [n for n in present if not FAMILIES[n].offset]
    if clocks and zone is None and need_zone:
        raise no_zone(source, stamped.filter(pl.col("family").is_in(clocks))["time_text"][0])
    yearless = [n for n in present if not FAMILIES[n].year]
    if not yearless:
        stamped = stamped.with_columns(year=pl.lit(None, pl.Int64))
    elif "year" in stamped.columns:
        if stamped["year"].has_nulls():
            stamped = stamped.with_columns(year=pl.coalesce("year", _with_years(stamped.drop("year"), written)["year"]))
        stamped = stamped.with_columns(year=pl.when(pl.col("family").is_in(yearless)).then("year"))
    else:
        stamped = _with_years(stamped, written)
    exact = pl.coalesce(
        pl.lit(None, pl.Datetime("us", "UTC")),
        *(_of(n).pipe(_instant, FAMILIES[n]) for n in present if FAMILIES[n].offset and FAMILIES[n].format != _NAMED),
        *(_in_named_zone(stamped, n) for n in present if FAMILIES[n].format == _NAMED),
    )
    fractions = stamped.filter(pl.col("time_text").str.contains("[.,]"))["family"].unique().to_list()
    clock = clock_times(clocks if zone else [], whole=set(clocks) - set(fractions))
    stamped = stamped.with_columns(exact=exact, clock=clock)
    units = [n for n in present if FAMILIES[n].name == "epoch alone"]
    return _settled(stamped, zone or "UTC", units).drop("exact", "clock", "year")


def no_zone(source: str, example: str) -> AmbiguousTime:
    """The error that says that a zone is needed."""
    return AmbiguousTime(
        f"{source}: clock times without a zone ({example})",
        hint="say where that clock stood: zone='Europe/Paris', or --zone Europe/Paris, or PATH=Europe/Paris",
    )


def _of(family: int) -> pl.Expr:
    return pl.when(pl.col("family") == family).then("time_text")


def clock_times(families: Sequence[int], *, whole: Container[int] = ()) -> pl.Expr:
    """The clock times of these families, from `time_text`, `family` and `year`.

    Arguments:
        families: places in FAMILIES.
        whole: those of them in which no time has a fraction of a second: they are read four times as fast.
    """
    clocks = (_of(n).pipe(_clock, FAMILIES[n], n in whole) for n in families)
    return pl.coalesce(pl.lit(None, pl.Datetime("us")), *clocks)


def _plain(text: pl.Expr, family: Family) -> pl.Expr:
    """The text as the format wants it."""
    for pattern, value in family.rewrite:
        text = text.str.replace(pattern, value)
    if "%a, " not in family.format:
        text = text.str.replace(",", ".", literal=True)
    if not family.year:
        text = pl.concat_str(pl.col("year").cast(pl.String), text, separator=" ")
    return text.str.replace_all("  ", " 0", literal=True)


def _instant(text: pl.Expr, family: Family) -> pl.Expr:
    plain = _plain(text, family)
    if family.format == _EPOCH:
        return _from_epoch(plain)
    letters = plain.str.extract(" ([A-Z]{3,4})$").replace_strict(_ABBREVIATIONS, default=None, return_dtype=pl.String)
    plain = pl.when(letters.is_not_null()).then(plain.str.replace(" [A-Z]{3,4}$", "") + letters).otherwise(plain)
    plain = (
        plain.str.replace(" ?(?:Z|UTC|GMT)$", "+00:00")
        .str.replace(r"([+-][0-9]{2})([0-9]{2})$", "${1}:${2}")
        .str.replace(r" ([+-][0-9:]+)$", "${1}")
    )
    return plain.str.to_datetime(family.format, time_unit="us", time_zone="UTC", strict=False)


def _in_named_zone(stamped: pl.DataFrame, family: int) -> pl.Expr:
    """The instants of times that name their zone; null where the clock of that zone shows them twice or never."""
    text = _plain(_of(family), FAMILIES[family])
    zone = text.str.extract(" ([^ ]+)$")
    clock = text.str.extract("^([^ ]+) ").str.to_datetime(_NAMED.removesuffix(_IN_A_ZONE), time_unit="us", strict=False)
    names = set(stamped.select(zone.unique()).to_series().drop_nulls()) & available_timezones()
    return pl.coalesce(
        pl.lit(None, pl.Datetime("us", "UTC")),
        *(
            pl.when(zone == name).then(
                clock.dt.replace_time_zone(name, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
            )
            for name in sorted(names)
        ),
    )


def _from_epoch(text: pl.Expr) -> pl.Expr:
    """Seconds with or without fraction, or milli-, micro- or nanoseconds, told by the number of digits."""
    whole = text.str.extract("^([0-9]+)")
    fraction = text.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    digits, number = whole.str.len_bytes(), whole.cast(pl.Int64, strict=False)
    return (
        pl.when(digits > 16)
        .then(times.from_epoch(number, "ns"))
        .when(digits > 13)
        .then(times.from_epoch(number, "us"))
        .when(digits > 10)
        .then(times.from_epoch(number, "ms"))
        .otherwise(times.from_epoch(number * 1_000_000 + fraction, "us"))
    )


def _clock(text: pl.Expr, family: Family, whole: bool) -> pl.Expr:
    form = family.format.replace("%.f", "") if whole else family.format
    return _plain(text, family).str.to_datetime(form, time_unit="us", strict=False)


def place_in_year(text: pl.Expr) -> pl.Expr:
    """The day of a time without year as a number that grows within a year."""
    months = {name: n for n, name in enumerate(_MONTH.strip("(?:)").split("|"), 1)}
    named = text.str.extract(f"({_MONTH})").replace_strict(months, default=None, return_dtype=pl.Int64)
    numbered = text.str.extract("^([0-9]{2})[-/]").cast(pl.Int64)
    day = text.str.extract(f"{_MONTH}[a-z]{{0,6}} +([0-9]{{1,2}})").fill_null(
        text.str.extract("^[0-9]{2}[-/]([0-9]{2})")
    )
    return (pl.coalesce(named, numbered) - 1) * 31 + day.cast(pl.Int64, strict=False)


def turn_of_year(leap: pl.Expr) -> pl.Expr:
    """Whether the year turns, by how far the place in the year leaps: 1, -1 or 0.

    Half a year back is a new year. Most of a year ahead is the old one again, in lines that are out of order; a log may
    have nothing to say for long.
    """
    return pl.when(leap < -186).then(1).when(leap > 341).then(-1).otherwise(0).fill_null(0).cast(pl.Int64)


def last_year(place: int | None, written: datetime) -> int:
    """The year of the last time of a file, whose place in its year is known."""
    end = (written.month - 1) * 31 + written.day
    # A day of grace: the file's clock may stand in a zone that is ahead.
    return written.year - (place is not None and place > end + 1)


def _with_years(stamped: pl.DataFrame, written: datetime) -> pl.DataFrame:
    """Years for times that carry none, from the last line upwards."""
    yearless = pl.col("family").is_in([n for n, family in enumerate(FAMILIES) if not family.year])
    rows = stamped.with_row_index("at")
    some = rows.filter(yearless).with_columns(place=place_in_year(pl.col("time_text")))
    year = last_year(some["place"].drop_nulls().last(), written)  # type: ignore[arg-type]
    some = some.with_columns(year=year - turn_of_year(-pl.col("place").diff(-1)).cum_sum(reverse=True))
    return rows.join(some.select("at", "year"), on="at", how="left", maintain_order="left").drop("at")


def _settled(stamped: pl.DataFrame, zone: str, units: list[int]) -> pl.DataFrame:
    """Instants from clock times: the repeated hour by the order of lines where it decides, else as an interval."""
    earliest, latest, quality = times.resolve(pl.col("clock"), zone)
    stamped = stamped.with_columns(earliest=earliest, latest=latest, resolved=quality)
    twice = (pl.col("resolved") == "ambiguous").fill_null(False)
    if "later" not in stamped.columns:
        stamped = stamped.with_columns(later=_by_order(twice))
    decided = twice & pl.col("later").is_not_null()
    later = decided & pl.col("later")
    is_exact = pl.col("exact").is_not_null()
    known = pl.col("clock").is_not_null()
    how = (
        pl.when(later)
        .then(pl.lit("ambiguous_later"))
        .when(decided)
        .then(pl.lit("ambiguous_earlier"))
        .otherwise("resolved")
    )
    inferred = pl.when(pl.col("year").is_not_null()).then(pl.lit("year_inferred"))
    sure = pl.when(pl.col("family").is_in(units) & (pl.col("time_text").str.len_bytes() > 12)).then(
        pl.lit("unit_inferred")
    )
    return stamped.with_columns(
        time=pl.when(is_exact).then("exact").when(later).then("latest").otherwise("earliest"),
        time_latest=pl.when(twice & ~decided).then("latest"),
        zone=pl.when(is_exact).then(pl.lit("UTC")).when(known).then(pl.lit(zone)),
        zone_rule=pl.when(is_exact).then(pl.lit("in the text")).when(known).then(pl.lit("declared")),
        time_quality=pl.when(is_exact | known).then(
            pl.concat_str(
                pl.when(is_exact).then(pl.coalesce(sure, pl.lit("exact"))).otherwise(how),
                inferred,
                separator="+",
                ignore_nulls=True,
            )
        ),
    ).drop("earliest", "latest", "resolved", "later")


def _by_order(twice: pl.Expr) -> pl.Expr:
    """Of times in a repeated hour, whether the later one is meant; null where the order of lines does not tell."""
    run = (twice != twice.shift(1, fill_value=False)).cum_sum()
    back = twice & twice.shift(1, fill_value=False) & steps_back(pl.col("clock"))
    return pl.when(twice & (back.sum().over(run) == 1)).then(back.cum_sum().over(run) == 1)


def steps_back(clock: pl.Expr) -> pl.Expr:
    """Whether a clock stands earlier than in the line before, by more than the disorder of a log explains."""
    return (clock.diff() < pl.duration(seconds=-_DISORDER)).fill_null(False)
