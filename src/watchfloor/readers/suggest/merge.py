"""Templates of distinct masked lines: merged by position and similarity, the frequent ones first, as Drain does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from watchfloor.readers.suggest.heads import MARKS, TOKENS, Line, lines_of_words, place_of_program
from watchfloor.readers.suggest.marks import EMPTYABLE, PROGRAM, TEXT, WORD

__all__ = ["Template", "heads", "merge"]

SIMILAR = 0.5
"""Two lines of as many words are one template if so much of their words is equal, place by place."""
COMMON = 0.15
"""A word that more than so many of the templates have at the same place belongs to the head of the log's lines."""
FEW = 4
"""A place with no more different words than this holds a choice of the program (opened, closed), not a value."""
_MARKED = re.compile(f"[{MARKS}]")
_LETTERS = re.compile(r"[^\W\d_]")
_PLAIN = re.compile(r"^[A-Za-z]+[:.,;!]*$")
_FIRST = re.compile(rf"^(?:[^A-Za-z]*[{MARKS}][|:\])>;,]+)?[A-Za-z][^{MARKS}/\\]*$")
"""What a message may begin with, so that it says what happened; signs may join it to a value before it."""
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
    head: int = 0
    """So many columns say when and where, not what happened."""


def merge(masked: Sequence[str], weights: Sequence[int]) -> tuple[list[Template], list[Line]]:
    """Templates of distinct masked lines, with the numbers of their lines as weights; and the words of the lines."""
    said = lines_of_words(masked)
    _shorten(said)
    first = _grouped(said, weights, frozenset())
    at: Counter[tuple[int, str | None]] = Counter(
        (place, word)
        for template in first
        for place, word in enumerate(template.columns[template.head :], template.head)
        if _is_word(word)
    )
    common = max(5, COMMON * len(first))
    groups = _grouped(said, weights, frozenset(key for key, count in at.items() if count > common))
    parts = [part for template in groups for part in _chosen(template, said, weights)]
    return _of_any_length(_alike_but_one(parts)), said


def heads(said: Sequence[Line], weights: Sequence[int]) -> list[Template]:
    """The ways in which lines begin, the frequent ones first: templates of which only the head means something."""
    members: dict[tuple[int, str, int | None], list[int]] = defaultdict(list)
    for number, line in enumerate(said):
        if line.head:
            members[line.head, _form_of_program(line.words), line.logger].append(number)
    found = [
        Template(
            _common([[*said[number].words[:head], TEXT] for number in numbers]),
            sum(weights[number] for number in numbers),
            numbers,
            head=head,
        )
        for (head, _, _), numbers in members.items()
    ]
    return sorted(found, key=lambda template: -template.weight)


def _shorten(said: Sequence[Line]) -> None:
    """Where lines end in a value of several words (`COMMAND=..`), one mark stands for its words."""
    ends: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    cuts: list[tuple[int, tuple[str, ...]]] = []
    for line in said:
        words = line.words
        keys = [n for n, word in enumerate(words) if word.endswith(EMPTYABLE)]
        # A message that begins with its only key goes on with other things.
        cut = keys[-1] + 1 if keys and keys[-1] > line.head else 0
        # Other values before it may differ: the keys and the program say whether lines are of one kind.
        program = place_of_program(words)
        head = tuple(words[n] for n in (keys if program is None else [program, *keys]))
        cuts.append((cut, head))
        if cut:
            ends[head].add(tuple(words[cut:]))
    several = {head for head, tails in ends.items() if len(tails) > FEW and len({len(tail) for tail in tails}) > 1}
    for line, (cut, head) in zip(said, cuts, strict=True):
        if cut and head in several:
            line.words[cut:] = [TEXT]


def _grouped(said: Sequence[Line], weights: Sequence[int], common: frozenset[tuple[int, str | None]]) -> list[Template]:
    """Lines that are similar enough; words at places where they are `common` say little."""
    buckets: dict[tuple[int, int, str], list[Template]] = defaultdict(list)
    index: dict[tuple[int, int, str], dict[_Place, list[int]]] = defaultdict(lambda: defaultdict(list))
    exact: dict[tuple[str, ...], Template] = {}
    for number in sorted(range(len(said)), key=lambda n: -weights[n]):
        words, head = said[number].words, said[number].head
        same = exact.get(tuple(words))
        if same is None:
            key = (len(words), head, _form_of_program(words))
            bucket, places = buckets[key], index[key]
            same = _most_similar(words, head, bucket, places, common)
            if same is None:
                same = Template(list(words), 0, head=head)
                for place, word in enumerate(words[head:], head):
                    if _is_word(word):
                        places[place, word].append(len(bucket))
                places[_shape(words, head)].append(len(bucket))
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
    place = place_of_program(words)
    if place is None or len(words) < place + 2:
        return ""
    return f"{PROGRAM}[{WORD}]:" if "[" in words[place] else f"{PROGRAM}:"


def _common(lines: Sequence[Sequence[str | None]]) -> list[str | None]:
    """Words that all lines have, null where they differ."""
    columns = [first if all(word == first for word in rest) else None for first, *rest in zip(*lines, strict=True)]
    place = place_of_program(columns)
    if place is not None and place < len(columns) - 1 and columns[place] is None:
        columns[place] = _form_of_program([word or "" for word in lines[-1]])
    return columns


def _is_word(word: str | None) -> bool:
    return word is not None and _LETTERS.search(word) is not None


def _most_similar(
    words: list[str],
    head: int,
    bucket: list[Template],
    places: dict[_Place, list[int]],
    common: frozenset[tuple[int, str | None]],
) -> Template | None:
    """The template that shares most words with a line, if they are enough."""
    votes: Counter[int] = Counter()
    said = [(place, word) for place, word in enumerate(words[head:], head) if _is_word(word)]
    telling = [one for one in said if one not in common]
    for place_and_word in telling or said:
        votes.update(places.get(place_and_word, ()))
    # Lines of few words are alike by the signs around their values.
    shaped = places.get(_shape(words, head), [])
    if len(shaped) <= 20 or len(said) <= 2:
        votes.update(shaped[:20])
    best, most = None, 0.0
    for number, _ in votes.most_common(8):
        template = bucket[number]
        share = _similarity(words, template.columns, head, common)
        if share > most:
            best, most = template, share
    return best if most >= SIMILAR else None


def _shape(words: Sequence[str], head: int) -> tuple[tuple[int, str], ...]:
    """Where values stand among signs: in brackets, in quotes."""
    return tuple((place, word) for place, word in enumerate(words[head:], head) if _has_signs(word))


def _has_signs(word: str) -> bool:
    return len(word) > 1 and _MARKED.search(word) is not None and _LETTERS.search(word) is None


def _similarity(
    words: list[str], columns: list[str | None], head: int, common: frozenset[tuple[int, str | None]]
) -> float:
    """The share of equal words, those of the line's head left out; 0 if too little would stay in common."""
    equal = unequal = open_places = 0.0
    first = True
    for place, (word, column) in enumerate(zip(words[head:], columns[head:], strict=True), head):
        if column is None:
            open_places += 0.5 if _is_word(word) else 0.0
            first = first and (place, word) in common
        elif _is_word(word) or _is_word(column):
            known = (place, word) in common
            if word == column:
                equal += 0.2 if known else 1
            elif first and _FIRST.match(word) and _FIRST.match(column):
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


def _chosen(template: Template, said: Sequence[Line], weights: Sequence[int]) -> list[Template]:
    """The template, split where a place holds one of few words that no word before announces."""
    for place, column in enumerate(template.columns):
        if place < template.head or column is not None or _announced(template.columns, place):
            continue
        words: Counter[str] = Counter()
        for number in template.members:
            words[said[number].words[place]] += weights[number]
        if len(words) <= FEW and all(map(_PLAIN.match, words)) and template.weight >= 2 * len(words):
            parts = []
            for word in words:
                members = [number for number in template.members if said[number].words[place] == word]
                columns = _common([said[number].words for number in members])
                part = Template(columns, sum(weights[number] for number in members), members, head=template.head)
                parts += _chosen(part, said, weights)
            return parts
    return [template]


def _alike_but_one(templates: list[Template]) -> list[Template]:
    """Templates that differ at one place are one, if more words than a choice has stand there or one is announced."""
    for _ in range(2):
        groups: dict[tuple[int, int, tuple[str | None, ...]], list[Template]] = defaultdict(list)
        for template in templates:
            for place, column in enumerate(template.columns):
                if place >= template.head and _is_word(column) and len(template.columns) < TOKENS:
                    rest = (*template.columns[:place], *template.columns[place + 1 :])
                    groups[template.head, place, rest].append(template)
        gone: set[int] = set()
        for (head, place, rest), alike in groups.items():
            alike = [template for template in alike if id(template) not in gone]  # noqa: PLW2901
            # Messages that begin with different words say different things, unless they are many.
            few = FEW if place > head else 2 * FEW
            enough = len(alike) > few or (len(alike) > 1 and _announced(rest, place))
            if not enough or not any(map(_is_word, rest[head:])):
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
        places = [n for n, column in enumerate(template.columns) if column is None and n >= template.head]
        if not places:
            found.append(template)
            continue
        first, last = places[0], places[-1]
        head = tuple(str(column) for column in template.columns[:first])
        tail = tuple(str(column) for column in template.columns[last + 1 :])
        plain = not any(_is_word(column) for column in template.columns[first : last + 1])
        groups[head, tail].append((template, plain))
    for (head, tail), alike in groups.items():
        start = alike[0][0].head
        words = sum(map(_is_word, head[start:]))
        lengths = {len(template.columns) for template, _ in alike}
        announced = bool(head) and (head[-1].endswith(EMPTYABLE) or _announced(head, len(head)))
        if len(lengths) > 1 and announced and words + sum(map(_is_word, tail)) >= 2 and all(p for _, p in alike):
            members = [number for template, _ in alike for number in template.members]
            weight = sum(template.weight for template, _ in alike)
            found.append(Template(list(head), weight, members, open_ended=True, tail=list(tail), head=start))
        else:
            found += [template for template, _ in alike]
    return found
