"""Lists of indicators: one a line, or a CSV with a header that says, or lets guess, where they stand."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from watchfloor.analyses.allowing.entries import Port
from watchfloor.analyses.intel.indicators import Feed, Indicator, address_of, host_of, listed_name, with_port
from watchfloor.errors import BadOption
from watchfloor.hostile import harmless

__all__ = ["header_of", "read_csv", "read_lines"]

_COMMENTS = ("#", "//", "<!--", ";")
_WHOLE = ("indicator", "indicator_value", "ioc", "ioc_value", "observable", "value")
"""Columns that hold whatever an indicator is: one of them says it all."""
_KINDS = {
    "address": (
        "ip",
        "ip_address",
        "ipaddress",
        "ip_addr",
        "ipv4",
        "ipv6",
        "dst_ip",
        "dstip",
        "address",
        "cidr",
        "network",
    ),
    "name": ("domain", "domain_name", "hostname", "host", "fqdn", "host_name"),
    "page": ("url", "uri"),
}
_GUESSED = 0.8
"""Share of the cells that are indicators in a column whose name says nothing."""
_LOOKED_AT = 1_000
_NO_INDICATOR = "values that are no address and no name"


def read_lines(text: str, feed: Feed) -> None:
    """Adds what stands one a line; as RITA reads it, and networks and `*.example.org` beside it."""
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith(_COMMENTS[:3]):
            feed.add(
                address_of(line) or listed_name(line),
                "lines of the threat intelligence are neither an address nor a domain",
            )


def header_of(text: str) -> tuple[list[str], str] | None:
    """The header of a CSV and its delimiter; null for a list without one.

    The header may be a comment, the last one before the first row, as in the feeds of abuse.ch.
    """
    before = ""
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.lstrip().startswith(_COMMENTS):
            before = line.lstrip().lstrip("#;/ ")
            continue
        delimiter = max(",;\t", key=line.count)
        if line.count(delimiter) == 0:
            return None
        fields = _fields(line, delimiter)
        if not any(_found(field) for field in fields):
            return fields, delimiter
        commented = _fields(before, delimiter) if before else []
        return (commented, delimiter) if len(commented) == len(fields) else ([], delimiter)
    return None


def _fields(line: str, delimiter: str) -> list[str]:
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]


def read_csv(text: str, feed: Feed, header: Sequence[str], delimiter: str) -> None:
    """Adds what the columns of indicators hold.

    Raises:
        BadOption: it is not clear which column it is.
    """
    if not header:
        raise BadOption(
            f"{feed.source}: a CSV whose first line is no header",
            hint='put a line with names of the columns before it: "indicator" over the addresses and names',
        )
    rows = list(_rows(text, header, delimiter))
    columns = _columns(feed.source, header, rows)
    for row in rows:
        cells = [row[column] for column in columns if column < len(row) and row[column].strip()]
        if not cells:
            feed.unused["rows without an indicator"] += 1
        for cell in cells:
            found = _found(cell)
            feed.add(found, _NO_INDICATOR)
            if found and "://" in cell:
                feed.noted["addresses of pages, of which the host is taken"] += 1


def _rows(text: str, header: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(_COMMENTS))
    try:
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
            if [cell.strip() for cell in row] != list(header):
                yield row
    except csv.Error as error:
        raise BadOption(
            f"a CSV that cannot be read: {error}", hint="write it anew, or as one indicator a line"
        ) from error


def _columns(source: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Where the indicators stand: by name, else by what the cells are."""
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in header]
    share = [_share([row[n] for row in rows[:_LOOKED_AT] if n < len(row)]) for n in range(len(names))]
    whole = [n for n, name in enumerate(names) if name in _WHOLE and (share[n] > 0 or not rows)]
    if len(whole) == 1:
        return whole
    told = [
        n for n, name in enumerate(names) for kind in _KINDS.values() if name in kind and (share[n] > 0 or not rows)
    ]
    if told and not whole:
        return told
    guessed = [n for n in range(len(names)) if share[n] >= _GUESSED]
    if len(guessed) == 1 and not whole:
        return guessed
    candidates = [harmless(header[n]) for n in (whole or guessed)]
    raise BadOption(
        f"{source}: it is not clear which column holds the indicators: "
        + (f"{' or '.join(candidates)}" if candidates else f"none of {', '.join(map(harmless, header[:20]))} does"),
        hint="name the column `indicator` in the header, or leave the others out",
    )


def _share(cells: Sequence[str]) -> float:
    filled = [cell for cell in cells if cell.strip()]
    return sum(_found(cell) is not None for cell in filled) / len(filled) if filled else 0.0


def _found(cell: str) -> Indicator | None:
    """What a cell is, whatever it is."""
    found = address_of(cell) or listed_name(cell) or host_of(cell)
    if found is None and (at := with_port(cell)):
        return at[0]._replace(port=Port(at[1]))
    return found
