"""JSON documents record by record: arrays, objects that wrap one, objects one after the other, and cut ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from watchfloor.errors import UnreadableFile

__all__ = ["Document", "Signs", "are_objects", "document", "flat_names", "has_lines", "is_literal", "loads", "wraps"]


Signs = Sequence[set[str]] | Callable[[Mapping[str, Any]], object]
"""What tells a record from an object that holds records: keys, one of each set, or a test."""


_LOOKED_AT = 100
"""So many objects within an object are looked through for the list of records."""


def has_lines(lines: Sequence[str]) -> bool:
    """Whether the lines of a file's beginning are objects of their own."""
    whole = [_is_object(line) for line in lines[:20]]
    return len(whole) > 1 and (whole[0] or sum(whole) * 2 > len(whole))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def loads(text: str) -> Any:
    """JSON; NaN and infinities, which are not JSON, say nothing.

    Raises:
        ValueError: no JSON.
    """
    try:
        return json.loads(text, parse_constant=_nothing)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg} at character {error.pos + 1})") from error


def _nothing(_: str) -> None:
    return None


def flat_names(found: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[str]:
    """Names of the fields, those of objects within it with a dot."""
    for name, value in found.items():
        if isinstance(value, dict) and value and depth < 8:
            yield from flat_names(value, f"{above}{name}.", depth + 1)
        else:
            yield f"{above}{name}"


class Document:
    """The records of a JSON document, and why it ends too early where it does."""

    def __init__(self, records: list[Any], broken: str | None = None, rest: str = "") -> None:
        """`rest` is the text of what was cut."""
        self.records, self.broken, self.rest = records, broken, rest


def document(text: str, source: str, names: Signs, decoder: json.JSONDecoder | None = None) -> Document:
    """The records of a JSON array, of an object with a list of objects inside, or of objects one after the other.

    Arguments:
        text: the file.
        source: what errors call it.
        names: keys that are looked for, where an object holds several lists.
        decoder: reads the JSON; null: as `loads` does.

    Raises:
        UnreadableFile: no JSON, or several lists of which none has the keys.
    """
    decoder = decoder or json.JSONDecoder(parse_constant=_nothing)
    if text.lstrip()[:1] == "[":
        array = _array(text, text.index("[") + 1, decoder)
        if array.broken and not array.records:
            raise UnreadableFile(f"{source}: {_what(text)}", hint="export it as JSON, JSON lines or CSV")
        return array
    found, rest = _objects(text, decoder)
    if not found:
        raise UnreadableFile(f"{source}: {_what(text)}", hint="export it as JSON, JSON lines or CSV")
    broken = "the JSON breaks off" if rest else None
    if len(found) > 1 or broken:
        pages = (_list_within(one, source, names) if names and isinstance(one, dict) else [one] for one in found)
        return Document([record for page in pages for record in page], broken, rest)
    return Document(_list_within(found[0], source, names))


def wraps(text: str, names: Signs) -> bool:
    """Whether the text is one object that holds the records in a list; `names` are keys of a record, as above."""
    if has_lines([line for line in text.split("\n", 20)[:20] if line.strip()]):
        return False
    found, rest = _objects(text, json.JSONDecoder(parse_constant=_nothing))
    if len(found) != 1 or rest or not isinstance(found[0], dict) or _fits(found[0], names):
        return False
    return bool(_lists_within(found[0], names))


def is_literal(text: str) -> bool:
    """Whether text is what Python prints of a dict or a list, not JSON."""
    bare = text.lstrip().removeprefix("[").lstrip()
    return bare.startswith(("{'", "{u'"))


def _what(text: str) -> str:
    if is_literal(text):
        return "this is how Python prints a dict (single quotes), not JSON"
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"no JSON ({error})"
    return "no JSON object or array of objects"


def _array(text: str, start: int, decoder: json.JSONDecoder) -> Document:
    try:
        whole = decoder.decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        return Document(whole)
    records: list[Any] = []
    place = start
    while (place := _after_blanks(text, place, ",")) < len(text) and text[place] != "]":
        try:
            found, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            return Document(records, f"the JSON breaks off after record {len(records)} ({error})", text[place:])
        records.append(found)
    if place >= len(text):
        return Document(records, f"the JSON breaks off after record {len(records)}")
    tail = text[place + 1 :].strip()
    return Document(records, "text follows the end of the JSON array" if tail else None, tail)


def _objects(text: str, decoder: json.JSONDecoder) -> tuple[list[Any], str]:
    """Objects one after the other, and what follows the last whole one."""
    found: list[Any] = []
    place = 0
    while (place := _after_blanks(text, place, "")) < len(text):
        try:
            one, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        found.append(one)
    return found, text[place:].strip()


def _after_blanks(text: str, place: int, also: str) -> int:
    while place < len(text) and text[place] in " \t\r\n" + also:
        place += 1
    return place


def _list_within(found: Any, source: str, names: Signs) -> list[Any]:
    """The one list of objects in an object, or in the objects in it; the object itself where there is none."""
    if not isinstance(found, dict):
        raise UnreadableFile(f"{source}: no JSON object or array of objects", hint="export it as JSON lines or CSV")
    if _fits(found, names):
        return [found]
    lists = _lists_within(found, names)
    if not lists:
        return [found]
    if len(lists) > 1:
        fitting = {key: value for key, value in lists.items() if _fits(value[0], names)}
        lists = fitting or lists
    if len(lists) > 1:
        raise UnreadableFile(
            f"{source}: several lists of objects: {', '.join(lists)}", hint="save the one that is meant as a file"
        )
    return next(iter(lists.values()))


def _lists_within(found: Mapping[str, Any], names: Signs) -> dict[str, list[Any]]:
    """Lists of objects in an object; where it has none, those in the objects in it whose first object has the keys."""
    lists = _lists(found)
    within: list[Any] = [found]
    while not lists and within and names:  # data.alerts, hits.hits
        within = [value for one in within for value in one.values() if isinstance(value, dict)][:_LOOKED_AT]
        lists = {key: value for one in within for key, value in _lists(one).items() if _fits(value[0], names)}
    return lists


def _lists(found: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {key: value for key, value in found.items() if isinstance(value, list) and are_objects(value)}


def are_objects(value: list[Any]) -> bool:
    """Whether a list holds objects, and nothing else."""
    return bool(value) and all(isinstance(one, dict) for one in value)


def _fits(found: Mapping[str, Any], names: Signs) -> bool:
    if callable(names):
        return bool(names(found))
    return bool(names) and all(any_of & set(flat_names(found)) for any_of in names)
