"""Words of masked lines, and where the head of a line (time, level, logger, thread) ends and its message begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from watchfloor.readers.suggest.marks import (
    EMPTYABLE,
    HOST,
    LEVEL,
    NAME,
    PHRASE,
    PROGRAM,
    QUOTED,
    REST,
    TEXT,
    TIME,
    UNIT,
    WORD,
)

__all__ = ["MARKS", "TOKENS", "Line", "is_program", "lines_of_words", "place_of_program"]

TOKENS = 80
"""More words of a line are not looked at."""
MARKS = f"{TIME}{QUOTED}{WORD}{EMPTYABLE}{HOST}{LEVEL}{REST}{TEXT}{PHRASE}{UNIT}{NAME}"
_OFTEN = 0.1
"""A level stands in the head if in so many of the different lines it stands at the same place."""
_MOSTLY = 0.6
"""What follows the level belongs to the head if it does so in so many of the lines that have one there."""
_FAR = 10
"""A level after more words than this belongs to the message."""
_GAP = re.compile(r"[ \t]+")
_PROGRAM = re.compile(rf"^[^ :\[{MARKS}]+(?:\[{WORD}\])?:$")
_LEVELS = "DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|TRACE|ALERT|EMERG"
_LEVEL = re.compile(rf"(?<![A-Za-z])(?:{_LEVELS})(?![A-Za-z])|(?<=\[)(?:{_LEVELS})(?=\])".replace("A-Za-z", "A-Za-z."))
_FIRST_LEVEL = re.compile(rf"(?i)^([^A-Za-z]*)(?:{_LEVELS}|err|crit|verbose)(?![A-Za-z])")
"""In small letters a level is one where no word stands before it."""
_PAIR = re.compile(
    rf"(?<![^\s,;&\[({{|<])([A-Za-z_][A-Za-z0-9_.-]*)=(?![=>\"'{QUOTED}])(?:{WORD}|[^\s,;&\"')\]{MARKS}]*)(?=[\s,;&)\]}}|>]|$)"
)
_SIZE = re.compile(rf"(?<={WORD} )(?:[KMGTP]i?)?B(?=[ ,;.)\]]|$)")
"""A unit after a number: the next line may have another."""
_USER = re.compile(
    rf"(?<![\w=])((?:[Uu]ser|[Uu]sername|[Aa]ccount) (?:name )?|for )(?!unknown|not |is |was )([A-Za-z][\w.@-]*)"
    rf"(?=(?: from| by| at {WORD}| \[| \(|[.,;:]?$))"
)
"""`for user root by`, `for root from`: not `for user unknown`."""
_SIGNS = frozenset(("-", "--", "|", ":", "::", ">"))
_LOGGER = re.compile(rf"^[^\s:=\[({MARKS}]+:$|^(?:[A-Za-z_$][\w$]*\.)+[\w$]+:?$|^{WORD}:$")
_WHO = re.compile(rf"^(?:[pt]?pid|tid|thread|thread_id|process|request_id|req_id|trace_id|span_id)={EMPTYABLE}$")
"""Keys that belong to the head."""
_KEYED = re.compile(rf"^\[[A-Za-z_]+[:=]? ?[{MARKS}]|[:=]{WORD}")
"""`[client 192.0.2.1]`, `[pid 12:tid 13]`: the word before says what the value is."""


@dataclass
class Line:
    """The words of one masked line."""

    words: list[str]
    head: int = 0
    """So many of its words say when and where it was written, not what happened."""
    logger: int | None = None
    """Which of them names the part of the program."""
    wide: frozenset[int] = frozenset()
    """Words before which there is more than one blank."""
    indented: bool = False
    trailing: bool = False
    """Whether blanks end the line."""


def lines_of_words(masked: Sequence[str]) -> list[Line]:
    """The words of masked lines, with marks for levels, units and values after `key=`."""
    texts = [_marked(text) for text in masked]
    places: Counter[int] = Counter()
    for text in texts:
        place = _place_of_level(text)
        if place is not None:
            places[place] += 1
    usual = frozenset(place for place, count in places.items() if count >= max(2, _OFTEN * len(texts)))
    heads = [_Head.of(text, usual) for text in texts]
    found = [head for head in heads if head is not None]
    groups = _MOSTLY * len(found) <= sum(1 for head in found if head.groups)
    several = groups and any(" " in group for head in found for group in head.groups)
    loggers = _MOSTLY * len(found) <= sum(1 for head in found if head.logger)
    return [
        _line(text) if head is None else _line_with_head(text, head, groups=groups, several=several, loggers=loggers)
        for text, head in zip(texts, heads, strict=True)
    ]


def is_program(word: str) -> bool:
    """Whether a word is `sshd[123]:` or `kernel:`, as syslog writes the program."""
    return word.startswith(PROGRAM) or _PROGRAM.match(word) is not None


def place_of_program(words: Sequence[str | None]) -> int | None:
    """Which word of a syslog line names the program."""
    return words.index(HOST) + 1 if HOST in words else None


def _marked(text: str) -> str:
    text = _PAIR.sub(rf"\1={EMPTYABLE}", text)
    text = _USER.sub(_named, _SIZE.sub(UNIT, text))
    first = _FIRST_LEVEL.sub(rf"\1{LEVEL}", text)
    return first if first != text else _LEVEL.sub(LEVEL, text, count=1)


def _named(found: re.Match[str]) -> str:
    """A mark for the name of a user; `for` alone says so only before an address."""
    sure = not found[1].startswith("for") or found.string.startswith(f" from {WORD}", found.end())
    return found[1] + NAME if sure else found[0]


def _place_of_level(text: str) -> int | None:
    """The number of the word that holds the level; null where it stands too far behind, or nowhere."""
    before, level, _ = text.partition(LEVEL)
    if not level:
        return None
    place = len(_GAP.findall(before.lstrip(" \t")))
    return place if place <= _FAR else None


@dataclass
class _Head:
    """What follows the level of a line."""

    level: int
    """Number of its word."""
    start: int
    """Where what follows begins."""
    groups: list[str]
    """Texts in brackets."""
    logger: str
    end: int
    """Where the message begins, if all this belongs to the head."""

    @classmethod
    def of(cls, text: str, usual: frozenset[int]) -> _Head | None:
        level = _place_of_level(text)
        if level is None or level not in usual:
            return None
        place = text.index(LEVEL)
        start = place = _next(text, place)
        groups: list[str] = []
        logger = ""
        while place < len(text):
            after = _next(text, place)
            word = text[place:after].rstrip(" \t")
            if word.startswith("["):
                end = _closing(text, place)
                if not end or _KEYED.match(text[place:end]) or _next(text, end) >= len(text):
                    break
                groups.append(text[place:end])
                after = _next(text, end - 1)
            elif word not in _SIGNS and not _WHO.match(word):
                if logger or not _LOGGER.match(word) or after >= len(text):
                    break
                logger = word
            place = after
        return cls(level, start, groups, logger, place)


def _next(text: str, place: int) -> int:
    """Where the word after the one at a place begins."""
    found = _GAP.search(text, place)
    return found.end() if found else len(text)


def _closing(text: str, place: int) -> int:
    """The end of what a bracket opens; 0 where nothing closes it."""
    depth = 0
    for n in range(place, min(len(text), place + 300)):
        depth += {"[": 1, "]": -1}.get(text[n], 0)
        if not depth:
            return n + 1
    return 0


def _line(text: str) -> Line:
    stripped = text.strip(" \t")
    # Blanks and tabs alone: `split()` would also take line separators and other signs out of hostile text.
    if "  " in stripped or "\t" in stripped:
        words = _GAP.split(stripped, maxsplit=TOKENS)
        wide = frozenset(n for n, gap in enumerate(_GAP.findall(stripped), 1) if gap != " ")
    else:
        words = stripped.split(" ", TOKENS)
        wide = frozenset()
    if text.endswith(REST):
        words[-1:] = [words[-1].removesuffix(REST), REST]
    if len(words) > TOKENS:
        words[TOKENS:] = [REST]
    head = 0
    time = next((n for n, word in enumerate(words[:_FAR]) if word.endswith(TIME)), len(words))
    host, program = time + 1, time + 2
    if program < len(words) and is_program(words[program]) and not (TIME in words[host] or LEVEL in words[host]):
        words[host] = HOST
        head = program + 1 if program + 1 < len(words) else 0
    return Line(words, head, None, wide, text[:1] in (" ", "\t"), text[-1:] in (" ", "\t"))


def _line_with_head(text: str, head: _Head, *, groups: bool, several: bool, loggers: bool) -> Line:
    """The words of a line whose level is followed by texts in brackets and by the name of a logger."""
    if not groups and not loggers:
        line = _line(text)
        line.head = max(line.head, head.level + 1 if len(line.words) > head.level + 1 else 0)
        return line
    middle = text[head.start : head.end]
    if several:
        for group in head.groups:
            middle = middle.replace(group, f"[{PHRASE}]", 1)
    line = _line(text[: head.start] + middle + text[head.end :])
    end = head.level + 1
    logger = None
    for word in middle.split():
        if word == head.logger:
            if not loggers:
                break
            logger = end
        elif word.startswith("[") and not groups:
            break
        end += 1
    if end < len(line.words):
        line.head, line.logger = end, logger
    return line
