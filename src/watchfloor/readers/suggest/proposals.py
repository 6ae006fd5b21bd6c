"""Patterns from templates: one linear regex each, with named and typed fields, proven on every line of its group."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from watchfloor.readers.suggest.cells import Cells
from watchfloor.readers.suggest.heads import Line, is_program, place_of_program
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
    WIDE,
    WORD,
    format_of,
)
from watchfloor.readers.suggest.merge import Template
from watchfloor.readers.suggest.typed import Kind, kind_of, name_after, name_of, unique

__all__ = ["Field", "Pattern", "pattern_of", "pattern_of_head", "pattern_of_rows"]

_ANY = "\ue00a"
"""One word, whatever it is."""
_BLANK = "\ue009"
_CELL = "\ue00e"
"""One cell of a table."""
_MARKS = re.compile(
    f"([{TIME}{QUOTED}{WORD}{EMPTYABLE}{HOST}{LEVEL}{REST}{TEXT}{PHRASE}{UNIT}{NAME}{PROGRAM}{_ANY}{_CELL}])"
)
_WIDE = WIDE | {_ANY: r"[^ \t]+"}
_MOST = 200
"""So many members of a template are looked at for its shape, and so many lines for its values."""
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
_MORE = r"(?:\n(?s:.*))?"
"""The lines that continue a record."""
_LETTER = re.compile(r"[A-Za-z]")
_WORD_IN = re.compile(r"[A-Za-z]{3,}")
_ENDPOINT = re.compile(r"(/?)((?:[0-9]{1,3}\.){3}[0-9]{1,3})([:/#])([0-9]{1,5})\Z")
_ROUNDS = 3
_CLOSES = {")": "(", "]": "[", "}": "{", ">": "<"}


@dataclass(frozen=True)
class Field:
    """One named part of a pattern."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Pattern:
    """A proposal for one template."""

    regex: str
    fields: tuple[Field, ...]
    lines: int
    """Lines of its group, all of which it matches."""
    open: bool
    """Whether only the beginning of its lines is understood: it is tried last."""
    literals: int
    """How many of its characters are fixed: the more, the earlier it is tried."""
    examples: tuple[str, ...] = ()
    """Two of its lines."""
    turns: tuple[str, ...] = ()
    """Fixed text and names of fields in turns, the first is fixed text."""

    @property
    def shape(self) -> str:
        """The pattern as people read it: `Failed password for <user> from <src_ip>`."""
        return "".join(f"<{text}>" if number % 2 else text for number, text in enumerate(self.turns))


@dataclass(frozen=True)
class _Piece:
    """Fixed text, or a place for a value."""

    literal: str = ""
    mark: str = ""
    name: str = ""
    """What the place is called where its shape tells."""


def pattern_of(template: Template, said: Sequence[Line], lines: pl.Series, times: Sequence[str]) -> Pattern | None:
    """The pattern of a template, which matches all its lines; null where none can be made that does.

    Arguments:
        template: from `merge`.
        said: the words of all masked lines, which the template's members number.
        lines: the lines of the template, without repetition of equal ones.
        times: regexes of the times of this log.
    """
    return _proposal(template, _pieces(template, [said[number] for number in template.members[:_MOST]]), lines, times)


def pattern_of_head(template: Template, said: Sequence[Line], lines: pl.Series, times: Sequence[str]) -> Pattern | None:
    """The pattern of all lines that begin as these do, whatever their message; null where none can be made."""
    head = template.head
    columns = [*template.columns[:head], TEXT]
    program = place_of_program(columns)
    if program is not None:  # any program, though this log may know only one
        columns[program] = f"{PROGRAM}[{WORD}]:" if "[" in (columns[program] or "") else f"{PROGRAM}:"
    words = [replace(line, words=[*line.words[:head], TEXT], trailing=False) for line in said]
    pieces = _pieces(replace(template, columns=columns), words)
    pieces = [replace(piece, literal="", mark=_ANY) if piece.name == "logger" else piece for piece in pieces]
    pieces[-1] = replace(pieces[-1], name="message")
    found = _proposal(template, pieces, lines, times)
    return None if found is None or found.open else replace(found, open=True, literals=0)


def pattern_of_rows(cells: Cells, sample: pl.Series, times: Sequence[str]) -> Pattern | None:
    """The pattern of rows of a table without a header; null where none can be made that most of them match.

    Arguments:
        cells: how they are written.
        sample: some rows.
        times: regexes of the times of this log.
    """
    pieces: list[_Piece] = []
    for quoted, name in zip(cells.quoted, cells.names, strict=True):
        pieces += (
            [_Piece('"'), _Piece(mark=QUOTED, name=name), _Piece('"')] if quoted else [_Piece(mark=_CELL, name=name)]
        )
        pieces.append(_Piece(cells.sign))
    pieces = _joined(pieces[:-1])
    if cells.header is not None:
        sample = sample.filter(sample != cells.header)
    groups = sample.str.extract_groups("^" + "".join(_cell(piece, cells) for piece in pieces) + "$").struct.unnest()
    rows = sample.filter(groups.to_series(0).is_not_null())
    if not rows.len():
        return None
    columns = iter(groups.filter(pl.first().is_not_null()))
    exact = [re.compile(rf"(?:{way.removeprefix('^')})\Z") for way in times if format_of(way) is not None]
    timed = False
    for number, piece in enumerate(pieces):
        values = next(columns).to_list() if piece.mark else []
        if piece.mark == _CELL and any(all(map(way.match, values)) for way in exact):
            # The first time is that of the row.
            pieces[number] = _Piece(mark=TIME, name=piece.name if timed else "time")
            timed = True
    return _built(pieces, rows, times, typed=True, cell=cells.regex)


def _cell(piece: _Piece, cells: Cells) -> str:
    return _escaped(piece.literal) if piece.literal else f"({cells.regex if piece.mark == _CELL else WIDE[piece.mark]})"


def _proposal(template: Template, pieces: Sequence[_Piece], lines: pl.Series, times: Sequence[str]) -> Pattern | None:
    sample = lines.gather_every(max(1, lines.len() // _MOST)).head(_MOST)
    for round_ in range(_ROUNDS):
        built = _built(pieces, sample, times, typed=round_ < _ROUNDS - 1)
        if built is None:
            break
        pattern, missed = _proven(built, lines)
        if not missed.len():
            return replace(pattern, lines=template.weight)
        sample = pl.concat([missed.head(_MOST), sample])
    # Where the shape is not understood, the fixed beginning still says what the line is about.
    short = _beginning(pieces)
    if short is not None:
        built = _built(short, lines.head(_MOST), times, typed=True) or _built(short, lines.head(_MOST), times)
        if built is not None and not _proven(built, lines)[1].len():
            return replace(built, lines=template.weight, open=True)
    return None


def _proven(pattern: Pattern, lines: pl.Series) -> tuple[Pattern, pl.Series]:
    """The pattern, and the lines that it does not match."""
    try:
        return pattern, lines.filter(~lines.str.contains(pattern.regex))
    except pl.exceptions.ComputeError:  # too large for the regex engine
        return pattern, lines


def _beginning(pieces: Sequence[_Piece]) -> list[_Piece] | None:
    """The pieces up to half of them, then anything; null where no word after the head is fixed."""
    head = list(pieces[: max(1, len(pieces) // 2)])
    while head and not (head[-1].literal and not head[-1].name and _WORD_IN.search(head[-1].literal)):
        head.pop()
    return [*head, _Piece(mark=REST, name="rest")] if head else None


def _pieces(template: Template, said: Sequence[Line]) -> list[_Piece]:
    """Fixed text and places of a template."""
    loose: frozenset[int] = frozenset().union(*(line.wide for line in said))
    columns = [_column(template, place, said) for place in range(len(template.columns))]
    if template.open_ended:
        # `COMMAND=<value> and more` is one value.
        if columns and columns[-1] and columns[-1][-1].mark == EMPTYABLE:
            columns[-1][-1] = _Piece(mark=TEXT)
        else:
            columns.append([_Piece(mark=TEXT)])
        columns += [_cut(column) for column in template.tail if column is not None]
    elif len(columns) > 1 and template.columns[-1] == TEXT and columns[-2] and columns[-2][-1].mark == EMPTYABLE:
        columns.pop()
        columns[-1][-1] = _Piece(mark=TEXT)
    pieces: list[_Piece] = []
    for place, column_pieces in enumerate(columns):
        # What follows the last word that is looked at may go on with that word.
        if place and template.columns[place : place + 1] != [REST]:
            pieces.append(_Piece(_BLANK if place in loose or template.open_ended else " "))
        pieces += column_pieces
    if any(line.indented for line in said):
        pieces.insert(0, _Piece(_BLANK + "?"))
    if any(line.trailing for line in said):
        pieces.append(_Piece(_BLANK + "?"))
    return _joined(pieces)


def _column(template: Template, place: int, said: Sequence[Line]) -> list[_Piece]:
    """Fixed text and places of one word of a template."""
    column = template.columns[place]
    if column is not None and place == place_of_program(template.columns) and is_program(column):
        return _program(column)
    if place == said[0].logger:
        return _logger([line.words[place] for line in said])
    pieces = _cut(column) if column is not None else _varied([line.words[place] for line in said])
    if place < template.head and pieces[0].literal == "[" and pieces[-1].literal == "]":
        return [
            replace(piece, name=piece.name or "context") if piece.mark not in ("", TIME) else piece for piece in pieces
        ]
    return pieces


def _joined(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Neighbouring fixed texts in one."""
    joined: list[_Piece] = []
    for piece in pieces:
        if joined and not piece.mark and not joined[-1].mark and not piece.name and not joined[-1].name:
            joined[-1] = _Piece(joined[-1].literal + piece.literal)
        elif piece.mark or piece.literal:
            joined.append(piece)
    return joined


def _cut(column: str) -> list[_Piece]:
    return [
        _Piece(
            mark=part,
            name={HOST: "host", LEVEL: "level", REST: "rest", PHRASE: "context", NAME: "user", UNIT: "unit"}.get(
                part, ""
            ),
        )
        if _MARKS.match(part)
        else _Piece(part)
        for part in _MARKS.split(column)
        if part
    ]


def _program(column: str) -> list[_Piece]:
    """`sshd[123]:` as a field with fixed text, so that it is a column, and the number of the process."""
    program, bracket, _ = column.removesuffix(":").partition("[")
    found = [_Piece(mark=PROGRAM, name="program") if program == PROGRAM else _Piece(program, name="program")]
    if bracket:
        found += [_Piece("["), _Piece(mark=WORD, name="pid"), _Piece("]")]
    return [*found, _Piece(":")]


def _logger(words: Sequence[str]) -> list[_Piece]:
    """The part of the program as a field, with fixed text where it is always the same, so that it is a column."""
    colon = ":" if all(word.endswith(":") for word in words) else ""
    names = {word.removesuffix(":") if colon else word for word in words}
    known = len(names) == 1 and not _MARKS.search(words[0])
    return [_Piece(names.pop(), name="logger") if known else _Piece(mark=_ANY, name="logger"), _Piece(colon)]


def _varied(words: Sequence[str]) -> list[_Piece]:
    """A place where words differ: what they have in common at both ends up to a character that is no letter, stays."""
    prefix = _beginning_of_all(words)
    prefix = _MARKS.split(prefix)[0]
    while prefix and (prefix[-1].isalnum() or prefix[-1] in "_-./\\"):
        prefix = prefix[:-1]
    suffix = _beginning_of_all([word[len(prefix) :][::-1] for word in words])[::-1]
    suffix = _MARKS.split(suffix)[-1]
    while suffix and (suffix[0].isalnum() or suffix[0] in "_-./\\"):
        suffix = suffix[1:]
    if suffix[:1] in _CLOSES and _CLOSES[suffix[:1]] not in prefix:
        suffix = ""  # `ubuntu(uid=0)`: what closes here was opened within the value
    middle = [word[len(prefix) : len(word) - len(suffix)] for word in words]
    if not all(middle):
        suffix = ""
    return [_Piece(prefix), _Piece(mark=_ANY), _Piece(suffix)]


def _beginning_of_all(words: Sequence[str]) -> str:
    """The characters that all words begin with."""
    first, last = min(words), max(words)
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def _escaped(literal: str) -> str:
    text = _SPECIAL.sub(lambda found: "\\" + found[0], literal)
    text = "".join(c if c.isprintable() or c == _BLANK else f"\\x{{{ord(c):X}}}" for c in text)
    return text.replace(_BLANK + "\\?", r"[ \t]*").replace(_BLANK, r"[ \t]+")


def _built(
    pieces: Sequence[_Piece], sample: pl.Series, times: Sequence[str], *, typed: bool = False, cell: str = ""
) -> Pattern | None:
    """The pattern of some pieces, with names and, if asked for, types from the values of a sample."""
    wide = _WIDE | {_CELL: cell, TIME: "|".join(way.removeprefix("^") for way in times) or "[^ ]+"}
    places = [n for n, piece in enumerate(pieces) if piece.mark]
    regex = "".join(f"({wide[piece.mark]})" if piece.mark else _escaped(piece.literal) for piece in pieces)
    values: dict[int, list[str]] = {}
    if places:
        try:
            groups = sample.str.extract_groups(f"^{regex}{_MORE}$").struct.unnest()
        except pl.exceptions.ComputeError:  # too large for the regex engine
            return None
        groups = groups.filter(pl.first().is_not_null())
        if not groups.height:
            return None
        values = {place: column.drop_nulls().to_list() for place, column in zip(places, groups, strict=True)}
    known = list(_refined(pieces, values)) if typed else [(piece, values.get(n, [])) for n, piece in enumerate(pieces)]
    return _written(known, wide, times, sample, typed=typed)


def _refined(pieces: Sequence[_Piece], values: dict[int, list[str]]) -> Iterator[tuple[_Piece, list[str]]]:
    """Pieces whose values are the same in all lines become fixed; ends that all values share are cut off."""
    for place, piece in enumerate(pieces):
        if not piece.mark or piece.mark not in (WORD, _ANY) or piece.name:
            yield piece, values.get(place, [])
            continue
        here = values[place]
        if len(here) > 2 and len(set(here)) == 1 and _LETTER.match(here[0]) and kind_of(here, wide="").name == "word":
            yield _Piece(here[0]), []
            continue
        ends = [found for value in here if (found := _ENDPOINT.match(value))]
        if len(ends) == len(here) and len({(end[1], end[3]) for end in ends}) == 1:
            yield _Piece(ends[0][1]), []
            yield _Piece(mark=piece.mark), [end[2] for end in ends]
            yield _Piece(ends[0][3]), []
            yield _Piece(mark=piece.mark, name="port"), [end[4] for end in ends]
            continue
        before = after = ""
        while all(len(value) > 1 and value[0] in "(<[{@#" for value in here) and len({v[0] for v in here}) == 1:
            before, here = before + here[0][0], [value[1:] for value in here]
        while all(len(value) > 1 and value[-1] in ".,:;)>]}" for value in here) and len({v[-1] for v in here}) == 1:
            after, here = here[0][-1] + after, [value[:-1] for value in here]
        yield _Piece(before), []
        yield piece, here
        yield _Piece(after), []


def _written(
    pieces: Sequence[tuple[_Piece, list[str]]],
    wide: Mapping[str, str],
    times: Sequence[str],
    sample: pl.Series,
    *,
    typed: bool,
) -> Pattern:
    pieces = [(piece, values) for piece, values in pieces if piece.mark or piece.literal]
    fields: dict[str, Field] = {}
    parts: list[str] = []
    turns: list[str] = [""]
    literals = 0
    before = ""
    for place, (piece, values) in enumerate(pieces):
        if not piece.mark and not piece.name:
            parts.append(_escaped(piece.literal))
            turns[-1] += piece.literal.replace(_BLANK + "?", "").replace(_BLANK, " ")
            literals += len(piece.literal)
            before += piece.literal.replace(_BLANK + "?", " ").replace(_BLANK, " ")
            continue
        following = pieces[place + 1][0].literal.replace(_BLANK, " ") if place + 1 < len(pieces) else ""
        kind = _kind(piece, values, wide, times, following if typed else None)
        literals += len(piece.literal)
        name = _name(piece, kind, values, before, following, last=next(reversed(fields), ""))
        name = unique(name, fields.__contains__)
        fields[name] = Field(name, kind)
        parts.append(f"(?<{name}>{kind.regex})")
        if piece.literal:  # a field that is always the same says more as it stands
            turns[-1] += piece.literal
        else:
            turns += [name, ""]
        before = ""
    if not fields:
        # The reader of patterns asks for a field; the text as a whole is one.
        parts = [f"(?<message>{''.join(parts)})"]
        fields["message"] = Field("message", Kind("text", ""))
    if not parts or wide[REST] not in parts[-1]:
        if sample.str.contains("\n", literal=True).any():
            name = unique("more", fields.__contains__)
            fields[name] = Field(name, Kind("text", wide[REST]))
            parts.append(rf"(?:\n(?<{name}>{wide[REST]}))?")
        parts.append("$")
    examples = sample.unique(maintain_order=True).head(2).to_list()
    return Pattern("^" + "".join(parts), tuple(fields.values()), 0, False, literals, tuple(examples), tuple(turns))


def _kind(
    piece: _Piece, values: Sequence[str], wide: Mapping[str, str], times: Sequence[str], following: str | None
) -> Kind:
    """What the values of a place are; `following` is the fixed text after it, null where types are not asked for."""
    if piece.literal:
        return Kind("word", _escaped(piece.literal))
    if piece.mark == TIME:
        return _time(values, times) or Kind("word", f"(?:{wide[TIME]})")
    if piece.mark in (REST, TEXT):
        return Kind("text", wide[piece.mark])
    if following is not None and values and piece.mark not in (HOST, LEVEL, PROGRAM):
        kind = kind_of(values, wide=wide[piece.mark], quoted=piece.mark == QUOTED, after=following[:1])
        # A cell ends at the sign, whatever the next row holds.
        return Kind("word", wide[_CELL]) if piece.mark == _CELL and not kind.type else kind
    return Kind("quoted" if piece.mark == QUOTED else "word", wide[piece.mark])


def _name(piece: _Piece, kind: Kind, values: Sequence[str], before: str, following: str, *, last: str) -> str:
    """The name of a place, from its shape, from the field before it, or from the text around it."""
    if piece.mark == _CELL and kind.name in ("ip", "mac") and piece.name.startswith("column_"):
        name = name_after(last, kind, values) or name_of(before, kind, values)
    elif piece.name or piece.mark == TIME:
        name = piece.name or "time"
    else:
        by_place = None if _WORD_IN.search(before) else name_after(last, kind, values)
        name = by_place or name_of(before, kind, values, following)
    return last.replace("ip", "port") if name == "port" and last in ("src_ip", "dst_ip") else name


def _time(values: Sequence[str], times: Sequence[str]) -> Kind | None:
    """The one way in which all these times are written, if there is one and it can be read."""
    for way in times:
        regex = way.removeprefix("^")
        exact = re.compile(rf"(?:{regex})\Z".replace(r"(?-u:\b)", r"\b"))
        form = format_of(way)
        if values and form is not None and all(map(exact.match, values)):
            return Kind("time", regex, "time", form)
    return None
