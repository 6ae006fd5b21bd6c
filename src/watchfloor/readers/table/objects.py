"""JSON as a table of text: lines of objects at full speed, arrays and documents record by record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.readers.columns.plan import LINES, RECORD
from watchfloor.readers.records.documents import Document, flat_names, loads
from watchfloor.readers.table.part import Part, Reject, Texts, framed

__all__ = ["LOOKED_AT", "JsonLines", "parts_of"]

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
                found = loads(line.decode())
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
                rows.append(_row(loads(line.decode()), self._names))
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
