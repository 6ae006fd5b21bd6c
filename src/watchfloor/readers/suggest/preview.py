"""What patterns match and what they do not, and where on a line the pattern that goes farthest stops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import polars as pl

__all__ = ["Fit", "Preview", "Stop", "atoms", "preview"]

_PATTERNS = 60
"""Of more patterns, the others are not tried on lines that none matches."""
_LONGEST = 2_000
_QUANTIFIER = re.compile(r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??")
_NAMED = re.compile(r"\(\?P?<[A-Za-z_]")
_FLAGS = re.compile(r"\(\?[a-zA-Z-]+\)")


@dataclass(frozen=True)
class Fit:
    """A line that a pattern matches."""

    text: str
    pattern: int
    """Number of the first pattern that matches, counted from 1."""
    fields: tuple[tuple[str, str], ...]
    """Names and values of its fields."""


@dataclass(frozen=True)
class Stop:
    """A line that no pattern matches."""

    text: str
    pattern: int | None
    """Number of the pattern that goes farthest; null where none begins to match."""
    matched: str
    """The beginning of the line that it matches."""
    wanted: str
    """The piece of the pattern that does not match there."""


@dataclass(frozen=True)
class Preview:
    """Some lines of a file beside the patterns."""

    lines: int
    """All lines that were looked at."""
    matched: int
    fits: tuple[Fit, ...]
    stops: tuple[Stop, ...]


def preview(text: pl.Series, regexes: Sequence[str], *, most: int = 10) -> Preview:
    """What some patterns match, and where they stop.

    Arguments:
        text: the lines.
        regexes: the patterns, in order.
        most: so many lines of each sort are shown, different ones first.
    """
    text = text.filter(text.str.contains(r"\S"))
    left = text
    fits: list[Fit] = []
    share = max(1, most // max(1, min(len(regexes), most)))
    for number, regex in enumerate(regexes, 1):
        hit = left.str.contains(regex)
        if len(fits) < most and hit.any():
            lines = left.filter(hit).unique(maintain_order=True).head(min(share, most - len(fits)))
            fits += _fits(lines, number, regex)
        left = left.filter(~hit)
    matched = text.len() - left.len()
    some = left.unique(maintain_order=True).head(most)
    return Preview(text.len(), matched, tuple(fits), tuple(_stops(some, regexes[:_PATTERNS])))


def _fits(lines: pl.Series, number: int, regex: str) -> Iterator[Fit]:
    groups = lines.str.extract_groups(regex).struct.unnest() if _NAMED.search(regex) else pl.DataFrame()
    for place, line in enumerate(lines):
        row = groups.row(place, named=True) if groups.width else {}
        named = tuple((name, value) for name, value in row.items() if value is not None and not name.isdigit())
        yield Fit(line, number, named)


def _stops(lines: pl.Series, regexes: Sequence[str]) -> list[Stop]:
    """Where the best pattern stops, line by line."""
    stops = [Stop(line, None, "", "") for line in lines]
    looked = lines.str.head(_LONGEST)
    for number, regex in enumerate(regexes, 1):
        flags = "".join(_FLAGS.findall(regex))
        parts = atoms(regex.removeprefix(flags))
        for place, reached in enumerate(_reached(looked, flags, parts)):
            matched = looked[place : place + 1].str.extract(_prefix(flags, parts[:reached]), 1)[0] if reached else ""
            if reached and len(matched or "") > len(stops[place].matched):
                wanted = _wanted(parts[reached:])
                stops[place] = Stop(lines[place], number, matched or "", wanted)
    return stops


def _wanted(parts: Sequence[str]) -> str:
    """The next field, class or fixed text of a pattern."""
    if not parts or parts[0][0] in "([":
        return parts[0] if parts else ""
    return "".join(takewhile(lambda part: part[0] not in "([", parts))


def _prefix(flags: str, parts: Sequence[str]) -> str:
    return f"{flags}({''.join(parts)})"


def _reached(lines: pl.Series, flags: str, parts: Sequence[str]) -> list[int]:
    """How many of the parts match each line, by halving: what a longer beginning matches, a shorter one does too."""
    low, high = [0] * lines.len(), [len(parts)] * lines.len()
    while any(a < b for a, b in zip(low, high, strict=True)):
        middles = {(a + b + 1) // 2 for a, b in zip(low, high, strict=True) if a < b}
        found = {middle: lines.str.contains(_prefix(flags, parts[:middle])) for middle in middles}
        for place, (a, b) in enumerate(zip(low, high, strict=True)):
            if a < b:
                middle = (a + b + 1) // 2
                if found[middle][place]:
                    low[place] = middle
                else:
                    high[place] = middle - 1
    return low


def atoms(regex: str) -> list[str]:
    """The pieces of a regex that follow one another, each with its quantifier; one where it is a choice as a whole."""
    found: list[str] = []
    place = 0
    while place < len(regex):
        if regex[place] == "|":
            return [regex]
        end = _end(regex, place)
        quantifier = _QUANTIFIER.match(regex, end)
        if quantifier:
            end = quantifier.end()
        found.append(regex[place:end])
        place = end
    return found


def _end(regex: str, start: int) -> int:
    """Where a piece that begins somewhere ends, its quantifier left out."""
    match regex[start]:
        case "\\":
            braces = re.compile(r"\\(?:[xpPuU]\{[^}]*\}|x[0-9A-Fa-f]{2}|.)", re.DOTALL).match(regex, start)
            return braces.end() if braces else start + 1
        case "[":
            return _end_of_class(regex, start)
        case "(":
            place = start + 1
            while place < len(regex) and regex[place] != ")":
                place = _end(regex, place)
            return min(place + 1, len(regex))
    return start + 1


def _end_of_class(regex: str, start: int) -> int:
    place = start + 1
    if regex[place : place + 1] == "^":
        place += 1
    if regex[place : place + 1] == "]":
        place += 1
    while place < len(regex) and regex[place] != "]":
        if regex[place] == "\\":
            place += 2
        elif regex[place] == "[":
            place = _end_of_class(regex, place)
        else:
            place += 1
    return min(place + 1, len(regex))
