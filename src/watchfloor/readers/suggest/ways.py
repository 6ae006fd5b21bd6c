"""The ways to write a time that a proposed pattern can name: those whose text a format reads as it stands."""

from __future__ import annotations

from watchfloor.readers.meaning.stamps import Family

__all__ = ["FAMILIES"]

_PRI = r"^(?:<[0-9]{1,3}>(?:1 | )?)?"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"
_FRACTION = r"(?:[.,][0-9]{1,9})?"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_OFFSET = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"

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
