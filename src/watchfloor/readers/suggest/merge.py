"""Templates of distinct masked lines: merged by position and similarity, the frequent ones first, as Drain does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchfloor.readers.suggest.marks import EMPTYABLE, HOST, LEVEL, PROGRAM, QUOTED, REST, TEXT, TIME, WORD

__all__ = ["Template", "is_program", "merge", "words_of"]

SIMILAR = 0.5
"""Two lines of as many words are one template if so much of their words is equal, place by place."""
COMMON = 0.15
"""A word that more than so many of the templates have at the same place belongs to the head of the log's lines."""
FEW = 4
"""A place with no more different words than this holds a choice of the program (opened, closed), not a value."""
_TOKENS = 80
"""More words of a line are not looked at."""
_MARKS = f"{TIME}{QUOTED}{WORD}{EMPTYABLE}{HOST}{LEVEL}{REST}{TEXT}"
_MARKED = re.compile(f"[{_MARKS}]")
_GAP = re.compile(r"[ \t]+")
_LETTERS = re.compile(r"[^\W\d_]")
_PLAIN = re.compile(r"^[A-Za-z]+[:.,;!]*$")
_PROGRAM = re.compile(rf"^[^ :\[{_MARKS}]+(?:\[{WORD}\])?:$")
_LEVELS = "DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|TRACE|ALERT|EMERG"
_LEVEL = re.compile(rf"(?<![A-Za-z])(?:{_LEVELS})(?![A-Za-z])|(?<=\[)(?:{_LEVELS})(?=\])".replace("A-Za-z", "A-Za-z."))
_SMALL_LEVEL = re.compile(rf"(?i)(?<=^\[{TIME}\] \[)(?:{_LEVELS}|warn|crit)(?=\])")
_PAIR = re.compile(
    rf"(?<![^\s,;&\[({{|<])([A-Za-z_][A-Za-z0-9_.-]*)=(?![=>\"'{QUOTED}])(?:{WORD}|[^\s,;&\"')\]{_MARKS}]*)(?=[\s,;&)\]}}|>]|$)"
)
_CUES = frozenset(
    (
        "for",
        "from",
        "to",
        "by",
        "at",
        "on",
        "in",
        "of",
        "user",
        "users",
        "host",
        "as",
        "with",
        "device",
        "interface",
        "file",
        "service",
        "process",
        "module",
        "table",
        "rule",
        "group",
        "domain",
        "account",
        "name",
        "named",
        "client",
        "server",
        "address",
        "username",
        "hostname",
        "database",
        "queue",
        "job",
        "task",
        "node",
        "path",
        "dir",
        "directory",
        "called",
        "ruser",
        "logname",
    )
)
"""Words that announce a value."""

_Place = tuple[int, str] | tuple[tuple[int, str], ...]
"""A word at its place, or all places that have signs."""


@dataclass
class Template:
    """Lines of one shape."""

    columns: list[str | None]
    """Words and marks, place by place; null where they differ. Blanks between them are left out."""
    weight: int
    """Number of lines."""
    members: list[int] = field(default_factory=list)
    """Numbers of the masked lines."""
    open_ended: bool = False
    """Whether the lines differ in length: all after the columns, up to `tail`, may be any text."""
    tail: list[str | None] = field(default_factory=list)
    """What stands after the open middle."""


def words_of(line: str) -> list[str]:
    """The words of a masked line, with marks for levels and for values after `key=`."""
    line = _PAIR.sub(rf"\1={EMPTYABLE}", line)
    line = _SMALL_LEVEL.sub(LEVEL, _LEVEL.sub(LEVEL, line, count=1))
    words = _split(line)
    if line.endswith(REST):
        words[-1:] = [words[-1].removesuffix(REST), REST]
    if len(words) > _TOKENS:
        words[_TOKENS:] = [REST]
    if len(words) > 2 and words[0].endswith(TIME) and is_program(words[2]) and TIME not in words[1]:
        words[1] = HOST
    return words


def _split(line: str) -> list[str]:
    line = line.strip(" \t")
    # Blanks and tabs alone: `split()` would also take line separators and other signs out of hostile text.
    return line.split(" ", _TOKENS) if "  " not in line and "\t" not in line else _GAP.split(line, maxsplit=_TOKENS)


def is_program(word: str) -> bool:
    """Whether a word is `sshd[123]:` or `kernel:`, as syslog writes the program."""
    return word.startswith(PROGRAM) or _PROGRAM.match(word) is not None


def merge(lines: Sequence[str], weights: Sequence[int]) -> list[Template]:
    """Templates of distinct masked lines, with the numbers of their lines as weights."""
    said = _with_texts([words_of(line) for line in lines])
    first = _grouped(said, weights, frozenset())
    at: Counter[tuple[int, str | None]] = Counter(
        (place, word) for template in first for place, word in enumerate(template.columns) if _is_word(word)
    )
    common = max(5, COMMON * len(first))
    groups = _grouped(said, weights, frozenset(key for key, count in at.items() if count > common))
    parts = [part for template in groups for part in _chosen(template, said, weights)]
    return _of_any_length(_alike_but_one(parts))


def _with_texts(said: list[list[str]]) -> list[list[str]]:
    """The words, where a line ends in a value of several words (`COMMAND=..`) with one mark for its words."""
    ends: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    cuts: list[tuple[int, tuple[str, ...]]] = []
    for words in said:
        keys = [n for n, word in enumerate(words) if word.endswith(EMPTYABLE)]
        cut = keys[-1] + 1 if keys else 0
        # Other values before it may differ: the keys and the program say whether lines are of one kind.
        head = tuple(words[n] for n in ([2, *keys] if len(words) > 2 and words[1] == HOST else keys))
        cuts.append((cut, head))
        if keys:
            ends[head].add(tuple(words[cut:]))
    several = {head for head, tails in ends.items() if len(tails) > FEW and len({len(tail) for tail in tails}) > 1}
    return [
        [*words[:cut], TEXT] if cut and head in several else words
        for words, (cut, head) in zip(said, cuts, strict=True)
    ]


def _grouped(
    said: Sequence[list[str]], weights: Sequence[int], common: frozenset[tuple[int, str | None]]
) -> list[Template]:
    """Lines that are similar enough; words at places where they are `common` say little."""
    buckets: dict[tuple[int, str], list[Template]] = defaultdict(list)
    index: dict[tuple[int, str], dict[_Place, list[int]]] = defaultdict(lambda: defaultdict(list))
    exact: dict[tuple[str, ...], Template] = {}
    for number in sorted(range(len(said)), key=lambda n: -weights[n]):
        words = said[number]
        same = exact.get(tuple(words))
        if same is None:
            key = (len(words), _form_of_program(words))
            bucket, places = buckets[key], index[key]
            same = _most_similar(words, bucket, places, common)
            if same is None:
                same = Template(list(words), 0)
                for place, word in enumerate(words):
                    if _is_word(word):
                        places[place, word].append(len(bucket))
                places[_shape(words)].append(len(bucket))
                bucket.append(same)
            else:
                same.columns = _common([same.columns, words])
            exact[tuple(words)] = same
        same.weight += weights[number]
        same.members.append(number)
    return [template for bucket in buckets.values() for template in bucket]


def _form_of_program(words: Sequence[str]) -> str:
    """What a syslog line's program looks like, with a number or without; `session opened` means the same from sshd and
    from su, so programs may differ."""
    if len(words) < 4 or words[1] != HOST:
        return ""
    return f"{PROGRAM}[{WORD}]:" if "[" in words[2] else f"{PROGRAM}:"


def _common(lines: Sequence[Sequence[str | None]]) -> list[str | None]:
    """Words that all lines have, null where they differ."""
    columns = [first if all(word == first for word in rest) else None for first, *rest in zip(*lines, strict=True)]
    if len(columns) > 3 and columns[1] == HOST and columns[2] is None:
        columns[2] = _form_of_program([word or "" for word in lines[-1]])
    return columns


def _is_word(word: str | None) -> bool:
    return word is not None and _LETTERS.search(word) is not None


def _most_similar(
    words: list[str],
    bucket: list[Template],
    places: dict[_Place, list[int]],
    common: frozenset[tuple[int, str | None]],
) -> Template | None:
    """The template that shares most words with a line, if they are enough."""
    votes: Counter[int] = Counter()
    said = [(place, word) for place, word in enumerate(words) if _is_word(word)]
    telling = [one for one in said if one not in common]
    for place_and_word in telling or said:
        votes.update(places.get(place_and_word, ()))
    # Lines of few words are alike by the signs around their values.
    shaped = places.get(_shape(words), [])
    if len(shaped) <= 20 or len(said) <= 2:
        votes.update(shaped[:20])
    best, most = None, 0.0
    for number, _ in votes.most_common(8):
        template = bucket[number]
        share = _similarity(words, template.columns, common)
        if share > most:
            best, most = template, share
    return best if most >= SIMILAR else None


def _shape(words: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Where values stand among signs: in brackets, in quotes."""
    return tuple((place, word) for place, word in enumerate(words) if _has_signs(word))


def _has_signs(word: str) -> bool:
    return len(word) > 1 and _MARKED.search(word) is not None and _LETTERS.search(word) is None


def _similarity(words: list[str], columns: list[str | None], common: frozenset[tuple[int, str | None]]) -> float:
    """The share of equal words, those of the program's head left out; 0 if too little would stay in common."""
    equal = unequal = open_places = 0.0
    first = True
    start = 3 if len(words) > 3 and words[1] == HOST else 0
    for place, (word, column) in enumerate(zip(words[start:], columns[start:], strict=True), start):
        if column is None:
            open_places += 0.5 if _is_word(word) else 0.0
            first = first and (place, word) in common
        elif _is_word(word) or _is_word(column):
            known = (place, word) in common
            if word == column:
                equal += 0.2 if known else 1
            elif first and _PLAIN.match(word) and _PLAIN.match(column):
                # Messages that begin with different words say different things, unless nearly all the rest is equal.
                unequal += 2
            else:
                unequal += 1
            first = first and known
        elif word == column and _MARKED.search(word):
            equal += 0.3 if len(word) > 1 else 0.05
    if equal < unequal + open_places:
        return 0.0
    return equal / (equal + unequal + open_places) if equal else 0.0


def _announced(columns: Sequence[str | None], place: int) -> bool:
    """Whether the word before says that a value follows."""
    before = columns[place - 1] if place else None
    return before is not None and (before.lower().rstrip(":=") in _CUES or before.endswith(("=", "'", '"')))


def _chosen(template: Template, of_member: Sequence[list[str]], weights: Sequence[int]) -> list[Template]:
    """The template, split where a place holds one of few words that no word before announces."""
    for place, column in enumerate(template.columns):
        if column is not None or _announced(template.columns, place):
            continue
        words: Counter[str] = Counter()
        for number in template.members:
            words[of_member[number][place]] += weights[number]
        if len(words) <= FEW and all(map(_PLAIN.match, words)) and template.weight >= 5 * len(words):
            parts = []
            for word in words:
                members = [number for number in template.members if of_member[number][place] == word]
                columns = _common([of_member[number] for number in members])
                part = Template(columns, sum(weights[number] for number in members), members)
                parts += _chosen(part, of_member, weights)
            return parts
    return [template]


def _alike_but_one(templates: list[Template]) -> list[Template]:
    """Templates that differ at one place are one, if more words than a choice has stand there or one is announced."""
    for _ in range(2):
        groups: dict[tuple[int, tuple[str | None, ...]], list[Template]] = defaultdict(list)
        for template in templates:
            for place, column in enumerate(template.columns):
                if _is_word(column) and len(template.columns) < _TOKENS:
                    rest = (*template.columns[:place], *template.columns[place + 1 :])
                    groups[place, rest].append(template)
        gone: set[int] = set()
        for (place, rest), alike in groups.items():
            alike = [template for template in alike if id(template) not in gone]  # noqa: PLW2901
            enough = len(alike) > FEW or (len(alike) > 1 and _announced(rest, place))
            start = 3 if len(rest) > 3 and rest[1] == HOST else 0
            if not enough or not any(map(_is_word, rest[start:])):
                continue
            heavy = max(alike, key=lambda template: template.weight)
            for template in alike:
                if template is not heavy:
                    heavy.weight += template.weight
                    heavy.members += template.members
                    gone.add(id(template))
            heavy.columns[place] = None
            gone.add(-1)
        if not gone:
            break
        templates = [template for template in templates if id(template) not in gone]
    return templates


def _of_any_length(templates: list[Template]) -> list[Template]:
    """Templates with the same beginning and end and an open middle are one: a value of several words stands there."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[Template, bool]]] = defaultdict(list)
    found: list[Template] = []
    for template in templates:
        places = [n for n, column in enumerate(template.columns) if column is None]
        if not places:
            found.append(template)
            continue
        first, last = places[0], places[-1]
        head = tuple(str(column) for column in template.columns[:first])
        tail = tuple(str(column) for column in template.columns[last + 1 :])
        plain = not any(_is_word(column) for column in template.columns[first : last + 1])
        groups[head, tail].append((template, plain))
    for (head, tail), alike in groups.items():
        start = 3 if len(head) > 2 and head[1] == HOST else 0
        words = sum(map(_is_word, head[start:]))
        lengths = {len(template.columns) for template, _ in alike}
        announced = bool(head) and (head[-1].endswith(EMPTYABLE) or _announced(head, len(head)))
        if len(lengths) > 1 and announced and words + sum(map(_is_word, tail)) >= 2 and all(p for _, p in alike):
            members = [number for template, _ in alike for number in template.members]
            weight = sum(template.weight for template, _ in alike)
            found.append(Template(list(head), weight, members, open_ended=True, tail=list(tail)))
        else:
            found += [template for template, _ in alike]
    return found
