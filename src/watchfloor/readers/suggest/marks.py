"""Marks for what varies in a log line: times, quoted text, and words that hold a digit or are paths."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from watchfloor.readers.suggest.ways import FAMILIES

__all__ = [
    "EMPTYABLE",
    "HOST",
    "LEVEL",
    "LONGEST",
    "NAME",
    "PHRASE",
    "PROGRAM",
    "QUOTED",
    "REST",
    "TEXT",
    "TIME",
    "UNIT",
    "WIDE",
    "WORD",
    "core_of",
    "format_of",
    "masked",
    "ways_of_time",
]

# Characters of the private use area: no log means anything by them, and a line that holds one proves its pattern wrong.
TIME = "\ue000"
QUOTED = "\ue001"
WORD = "\ue002"
"""A word that holds a digit, or a path."""
EMPTYABLE = "\ue003"
"""A value after `key=`, which may be empty."""
HOST = "\ue004"
LEVEL = "\ue005"
REST = "\ue006"
"""All that follows: what is beyond the length that is looked at."""
TEXT = "\ue007"
"""A value of several words."""
PROGRAM = "\ue008"
"""The program of a syslog line, where several write the same."""

PHRASE = "\ue00b"
"""Words in brackets, in the head of a line."""
UNIT = "\ue00c"
"""B, KB, MiB after a number."""

NAME = "\ue00d"
"""The name of a user: a field, though this log may know only one."""

LONGEST = 2_000
"""So many characters of a line are looked at."""

_ALPHABET = r"A-Za-z0-9_.:/\\@%+$~*\x{80}-\x{D7FF}-"
_OTHER_TIMES = {
    # BlueGene; `Nov 9 12:01:01` whose day is not padded; day and month in an order that no line says.
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}\.[0-9]{2}\.[0-9]{2}(?:\.[0-9]{1,9})?": "%Y-%m-%d-%H.%M.%S%.f",
    "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}": "%b %d %H:%M:%S",
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4},? [0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?: [AP]M)?": "",
    "^[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}": "",
}
_SAMPLE = 2_000
_SOME = 0.005
"""A way to write a time that fewer lines use is not looked for, nor are quotes."""

WIDE = {
    QUOTED: '[^"]*',
    WORD: f"[{_ALPHABET}]+",
    EMPTYABLE: r"""[^ \t,;&"')\]]*""",
    HOST: r"\S+",
    LEVEL: "[A-Za-z]+",
    REST: "(?s:.*)",
    TEXT: ".*",
    PROGRAM: r"[^\s\[\]:]+",
    PHRASE: r"[^\n]*?",
    NAME: r"\S+",
    UNIT: "[KMGTP]?i?B",
}
"""What each mark may stand for; the marks of times depend on the file."""


def core_of(regex: str) -> str:
    """What stands in group 1 of a regex: the time itself."""
    start = next(n for n, character in enumerate(regex) if character == "(" and regex[n + 1] != "?")
    depth = 0
    for place in range(start, len(regex)):
        depth += {"(": 1, ")": -1}.get(regex[place], 0) if regex[place - 1] != "\\" else 0
        if not depth:
            return regex[start + 1 : place]
    raise ValueError(regex)


# A number of six digits and another one are a time only where a line begins with them.
_FAMILIES = {("^" if family.name in ("HDFS", "Android") else "") + core_of(family.regex): family for family in FAMILIES}


def format_of(way: str) -> str | None:
    """How a pattern file calls a way to write a time: a format, empty for ISO 8601; null where none is certain."""
    family = _FAMILIES.get(way)
    if family is None:
        return _OTHER_TIMES.get(way) or None
    if family.format.startswith("%Y-"):
        return ""
    return family.format.removeprefix("%Y ").replace("%:z", "%z")


def ways_of_time(text: pl.Series) -> tuple[str, ...]:
    """Regexes that find the times of these lines: every way to write them that more than a few lines use."""
    some = text.sample(min(_SAMPLE, len(text)), seed=0) if len(text) > _SAMPLE else text
    used: list[str] = []
    # The longest first: `Sun Dec 04 04:47:44 2005` before the part of it that is a time of another family. A way that
    # finds only what an earlier one has found adds nothing.
    for way in sorted((*_FAMILIES, *_OTHER_TIMES), key=len, reverse=True):
        left = some if not used else some.str.replace_all("|".join(used), TIME)
        if left.len() and int(left.str.contains(way).sum()) > _SOME * left.len():
            used.append(way)
    return tuple(used)


def masked(text: pl.Expr, sample: pl.Series, times: Sequence[str], *, longest: int, joined: bool) -> pl.Expr:
    """The lines with marks for what varies; each step takes a third of the time, so only those that are needed.

    Arguments:
        text: the lines.
        sample: some of them, to see which steps are needed.
        times: what `ways_of_time` says.
        longest: bytes of the longest line.
        joined: whether lines that continue a record are joined to its first.
    """
    cut = text
    if longest > LONGEST:
        cut = pl.when(cut.str.len_bytes() > LONGEST).then(cut.str.head(LONGEST) + REST).otherwise(cut)
    if joined:
        cut = cut.str.replace(r"(?s)\n.*", "")
    if times:
        cut = cut.str.replace_all("|".join(times), TIME)
    if _often(sample, '"'):
        cut = cut.str.replace_all('"[^"]*"', f'"{QUOTED}"')
    if _often(sample, "'"):
        cut = cut.str.replace_all(r"([ =(\[:,])'[^']*'", f"${{1}}'{QUOTED}'")
    word = f"[{_ALPHABET}]"
    last = word.replace(".:", "")  # a sign that ends a sentence is none of the word
    # The boundary of ASCII: that of Unicode is five times slower on lines that hold marks.
    return cut.str.replace_all(
        rf"{word}*[0-9](?:{word}*{last})?|/[A-Za-z_.-]+/{word}*|(?-u:\b)[A-Za-z]:\\{word}*", WORD
    )


def _often(sample: pl.Series, literal: str) -> bool:
    return int(sample.str.contains(literal, literal=True).sum()) > _SOME * len(sample)
