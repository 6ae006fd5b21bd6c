"""A suggestion as a pattern file: one name means one type in all its patterns, each with an example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from watchfloor.hostile import harmless
from watchfloor.readers.suggest.proposals import Field, Pattern
from watchfloor.readers.suggest.suggesting import Suggestion
from watchfloor.readers.suggest.typed import Kind, unique
from watchfloor.schemas import EVENTS

__all__ = ["one_meaning_each", "pattern_file"]

_OURS = frozenset(
    (
        "record",
        "lines",
        "text",
        "source",
        "fits",
        "fields",
        "time_latest",
        "time_text",
        "zone",
        "zone_rule",
        "time_quality",
        "pairs",
    )
)
"""Names that mean something to the reader of patterns, or that only it can fill."""
_LEVEL = "severity_text"
_LONGEST_EXAMPLE = 500


def pattern_file(suggestion: Suggestion, *, name: str, about: str, zone: str | None = None) -> str:
    """TOML that `watchfloor read --pattern` takes.

    Arguments:
        suggestion: the patterns.
        name: of the file's format.
        about: one line for people.
        zone: of clock times without one, where it is known.
    """
    patterns = one_meaning_each(suggestion.tried)
    kinds = {field.name: field.kind for pattern in patterns for field in pattern.fields}
    lines = [f"name = {_text(name)}", f"about = {_text(about)}", 'table = "events"']
    if suggestion.begins:
        lines.append(f"begins = {_text(suggestion.begins)}")
    if zone:
        lines.append(f"zone = {_text(zone)}")
    elif suggestion.clocks:
        lines.append('# zone = "Europe/Paris"  # where the clock of these times stood: no line says it')
    lines.append("patterns = [")
    total = max(1, suggestion.records)
    for pattern in patterns:
        lines += [f"  # {pattern.lines / total:.2%}: {harmless(pattern.shape)}", f"  {_text(pattern.regex)},"]
    lines.append("]")
    if "level" in kinds or any(name.startswith("time_") for name in kinds):
        lines += ["", "[columns]"]
        lines += [f'{_key(name)} = "{_LEVEL}"' for name in kinds if name == "level"]
    types = [f"{_key(name)} = {_type(kind)}" for name, kind in kinds.items() if kind.type]
    if types:
        lines += ["", "[types]", *types]
    for pattern in patterns:
        lines += _example(pattern)
    return "\n".join(lines) + "\n"


def one_meaning_each(patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
    """The patterns with fields renamed where one name would mean two types, or one that its canonical column is not."""
    weights: dict[str, Counter[Kind]] = {}
    for pattern in patterns:
        for field in pattern.fields:
            weights.setdefault(field.name, Counter())[_meaning(field.kind)] += pattern.lines
    # The meaning that most lines have keeps the name.
    first = {name: _first(name, meanings) for name, meanings in weights.items()}
    taken = set(weights)
    others: dict[tuple[str, Kind], str] = {}
    for name, meanings in weights.items():
        for meaning in meanings:
            if meaning != first[name]:
                others[name, meaning] = unique(f"{name}_{meaning.name}", taken.__contains__)
                taken.add(others[name, meaning])
    return tuple(_renamed(pattern, others) for pattern in patterns)


def _meaning(kind: Kind) -> Kind:
    """What the reader makes of a field: its type, without its regex."""
    return Kind(kind.type or "text", "", kind.type, kind.format)


def _first(name: str, meanings: Counter[Kind]) -> Kind | None:
    if name in _OURS:
        return None
    column = EVENTS.schema.get(name)
    for meaning, _ in meanings.most_common():
        natural = (
            "time" if isinstance(column, pl.Datetime) else "int" if column is not None and column.is_integer() else ""
        )
        if column is None or (meaning.type == natural if natural else meaning.type in ("", "ip")):
            return meaning
    return None


def _renamed(pattern: Pattern, others: Mapping[tuple[str, Kind], str]) -> Pattern:
    regex = pattern.regex
    turns = list(pattern.turns)
    fields: list[Field] = []
    for field in pattern.fields:
        new = others.get((field.name, _meaning(field.kind)), field.name)
        if new != field.name:
            # A fixed `(?<` is written `\(\?<`: only a field's name stands so.
            regex = regex.replace(f"(?<{field.name}>", f"(?<{new}>", 1)
            turns[1::2] = [new if name == field.name else name for name in turns[1::2]]
        fields.append(Field(new, field.kind))
    return replace(pattern, regex=regex, fields=tuple(fields), turns=tuple(turns))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _type(kind: Kind) -> str:
    if kind.type == "time" and kind.format:
        return f'{{ type = "time", format = {_text(kind.format)} }}'
    return f'"{kind.type}"'


def _text(text: str) -> str:
    """A text in TOML: as it stands where that is possible, for a regex is easier to edit without more backslashes."""
    plain = all(character.isprintable() for character in text)
    if plain and "'" not in text and "\\" not in text and '"' not in text:
        return f'"{text}"'
    if plain and "'" not in text:
        return f"'{text}'"
    if plain and "'''" not in text and not text.endswith("'"):
        return f"'''{text}'''"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"


def _example(pattern: Pattern) -> list[str]:
    """An example with the values that are the same in every zone."""
    short = [text for text in pattern.examples if len(text) <= _LONGEST_EXAMPLE and "\n" not in text]
    # Without a year, a leap day is no time in most years.
    short = [text for text in short if "Feb 29" not in text and "02-29" not in text]
    if not short:
        return []
    said = pl.Series([short[0]]).str.extract_groups(pattern.regex).struct.unnest().row(0, named=True)
    values = []
    for field in pattern.fields:
        value = said[field.name]
        if field.kind.type in ("time", "float") or value in (None, "", "-"):
            continue
        plain = str(int(value)) if field.kind.type == "int" else _text(value)
        values.append(f"{_key(field.name)} = {plain}")
    return ["", "[[examples]]", f"text = {_text(short[0])}", f"fields = {{ {', '.join(values)} }}"]
