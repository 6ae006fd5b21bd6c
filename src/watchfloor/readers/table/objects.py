"""JSON as a table of text: lines of objects at full speed, arrays and documents record by record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.errors import UnreadableFile
from watchfloor.readers.columns import LINES, RECORD
from watchfloor.readers.table.part import Part, Reject, Texts, framed

__all__ = ["Document", "JsonLines", "document", "flat_names", "is_literal", "parts_of"]

LOOKED_AT = 2_000
"""So many objects are looked at to learn the names of their keys."""
_ROWS = 50_000


class JsonLines:
    """Reads the blocks of one file of JSON lines in order."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names` are the keys of the first level that are of interest."""
        self._names = names
        self.keys: dict[str, None] = {}
        """Keys of the first objects, those of objects within them with a dot."""

    def parts(self, blocks: Iterable[bytes], torn: list[str]) -> Iterator[Part]:
        """What the blocks hold; `torn` has an element as soon as the file turns out to end too early."""
        first = 1
        for block in blocks:
            end = block.rfind(b"\n") + 1 if torn else len(block)
            if whole := block[:end]:
                if first == 1:
                    self._learn(whole)
                part = self._at_once(whole, first) or self._line_by_line(whole, first)
                first += part.lines
                yield part
            if rest := block[end:]:
                reject = Reject(first, "the stream breaks off within this line", rest.decode(errors="replace"))
                yield Part(framed(self._names, [], [], []), 1, lambda *_: "", [reject])

    def _learn(self, block: bytes) -> None:
        for line in block.split(b"\n", LOOKED_AT)[:LOOKED_AT]:
            try:
                found = _loads(line.decode())
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                self.keys |= dict.fromkeys(flat_names(found))

    def _at_once(self, block: bytes, first: int) -> Part | None:
        """A block in which every line is an object; null where that is not certain."""
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            frame = pl.scan_ndjson(block, schema=dict.fromkeys(self._names, pl.String)).collect()
        except PolarsError:
            return None
        if frame.height != lines:
            return None
        records = pl.int_range(first, first + lines, dtype=pl.Int64).alias(RECORD)
        placed = frame.with_columns(records, pl.lit(1, dtype=pl.Int64).alias(LINES))
        return Part(placed, lines, Texts(block, first).of)

    def _line_by_line(self, block: bytes, first: int) -> Part:
        """A block in which lines are blank or no JSON objects."""
        raw = block.split(b"\n")
        if not raw[-1]:
            raw.pop()
        rows, records, rejects = [], [], []
        for place, line in enumerate(raw, start=first):
            if not line.strip():
                continue
            try:
                rows.append(_row(_loads(line.decode()), self._names))
                records.append(place)
            except (ValueError, RecursionError) as error:
                reason = "bytes that are not UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error}"
                rejects.append(Reject(place, reason, line.decode(errors="replace").removesuffix("\r")))
        frame = framed(self._names, rows, records, [1] * len(rows))
        return Part(
            frame,
            len(raw),
            Texts(block, first).of,
            rejects,
            len(raw) - len(rows) - len(rejects),
        )


def _loads(text: str) -> Any:
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


def _row(found: Any, names: Sequence[str]) -> list[str | None]:
    """The cells of an object.

    Raises:
        ValueError: it is no object.
    """
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - what is wrong is the line, not a type of ours
    return [_cell(found.get(name)) for name in names]


def _cell(value: Any) -> str | None:
    """A value as text, as Polars writes it: objects and lists as JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
    return json.dumps(value)


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


def document(text: str, source: str, names: Sequence[set[str]]) -> Document:
    """The records of a JSON array, of an object with a list of objects inside, or of objects one after the other.

    Arguments:
        text: the file.
        source: what errors call it.
        names: keys that are looked for, where an object holds several lists.

    Raises:
        UnreadableFile: no JSON, or several lists of which none has the keys.
    """
    if text.lstrip()[:1] == "[":
        return _array(text, text.index("[") + 1)
    found, rest = _objects(text)
    if not found:
        raise UnreadableFile(f"{source}: {_what(text)}", hint="export it as JSON, JSON lines or CSV")
    broken = "the JSON breaks off" if rest else None
    if len(found) > 1 or broken:
        return Document(found, broken, rest)
    return Document(_list_within(found[0], source, names))


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


def _array(text: str, start: int) -> Document:
    try:
        whole = json.loads(text, parse_constant=_nothing)
    except (ValueError, RecursionError):
        pass
    else:
        return Document(whole)
    decoder = json.JSONDecoder(parse_constant=_nothing)
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


def _objects(text: str) -> tuple[list[Any], str]:
    """Objects one after the other, and what follows the last whole one."""
    decoder = json.JSONDecoder(parse_constant=_nothing)
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


def _list_within(found: Any, source: str, names: Sequence[set[str]]) -> list[Any]:
    """The one list of objects in an object; the object itself where there is none."""
    if not isinstance(found, dict):
        raise UnreadableFile(f"{source}: no JSON object or array of objects", hint="export it as JSON lines or CSV")
    lists = {key: value for key, value in found.items() if isinstance(value, list) and _of_objects(value)}
    if not lists or _fits(found, names):
        return [found]
    if len(lists) > 1:
        fitting = {key: value for key, value in lists.items() if _fits(value[0], names)}
        lists = fitting or lists
    if len(lists) > 1:
        raise UnreadableFile(
            f"{source}: several lists of objects: {', '.join(lists)}", hint="save the one that is meant as a file"
        )
    return next(iter(lists.values()))


def _of_objects(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(one, dict) for one in value)


def _fits(found: Mapping[str, Any], names: Sequence[set[str]]) -> bool:
    return bool(names) and all(any_of & set(flat_names(found)) for any_of in names)


def parts_of(found: Document, names: Sequence[str]) -> Iterator[Part]:
    """The records of a document in parts; a record has no lines, its number is its place."""
    records = found.records
    for start in range(0, len(records), _ROWS):
        rows, places, rejects = [], [], []
        for place, record in enumerate(records[start : start + _ROWS], start=start + 1):
            try:
                rows.append(_row(record, names))
                places.append(place)
            except ValueError as error:
                rejects.append(Reject(place, f"{error}", json.dumps(record)))
        frame = framed(names, rows, places, [1] * len(rows))
        yield Part(frame, len(rows) + len(rejects), lambda record, _: json.dumps(records[record - 1]), rejects)
    if found.broken and found.rest:
        reject = Reject(len(records) + 1, found.broken, found.rest)
        yield Part(framed(names, [], [], []), 1, lambda *_: "", [reject])
