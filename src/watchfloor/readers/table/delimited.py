"""CSV and its kin: at full speed where every line is sound, by Python's csv module where quotes or columns are not."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from watchfloor.readers.columns.plan import LINES, RECORD
from watchfloor.readers.intake.files import LONGEST_LINE
from watchfloor.readers.table.part import Part, Reject, Texts, framed, wanted

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap

__all__ = ["HEADER_WITHIN", "Delimited", "Layout", "layout", "once"]

DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 50
"""A header stands within so many records; what is above it is a preamble."""
LONGEST_RECORD = 4 * 1024 * 1024
"""A record with more text than this has a quote that nobody closed."""


@dataclass(frozen=True)
class Layout:
    """How a file is written."""

    delimiter: str
    names: tuple[str, ...]
    """Names of the columns, each once: a second `x` is `x_2`."""
    header: tuple[str, ...] = ()
    """The cells of the header as written; empty where there is none."""
    above: int = 0
    """Lines of the preamble and the header."""
    escaped: bool = False
    r"""Quotes in quoted cells are written `\"`."""


def layout(lines: Sequence[str], mapping: ColumnMap | None) -> Layout:
    """The delimiter and the header, by the columns that the map asks for, else by how even the lines are.

    Arguments:
        lines: the beginning of the file, without line ends.
        mapping: the column map; without one, the first line is the header.
    """
    names = wanted(mapping) if mapping else []
    given = mapping.header if mapping else None
    delimiters = (mapping.delimiter,) if mapping and mapping.delimiter else DELIMITERS
    escaped = bool(mapping and mapping.escape)
    tried = [(delimiter, _records([*lines], delimiter, escaped=escaped)) for delimiter in delimiters]
    if given is not None:
        delimiter, _ = max(tried, key=lambda one: _share(one[1], len(given)))
        return Layout(delimiter, once(given), escaped=escaped)
    best, found = -1.0, Layout(delimiters[0], ())
    for delimiter, records in tried:
        for end, cells in records if names else records[:1]:
            bare = {cell.strip() for cell in cells}
            hits = sum(1 for any_of in names if any_of & bare) / len(names) if names else 0
            # Ties go to the delimiter whose header most records agree with, one column last.
            score = hits * 10 + _share(records, len(cells)) + (len(cells) > 1)
            if score > best:
                best, found = score, Layout(delimiter, once(cells), tuple(cells), end, escaped)
    return found


def _records(lines: list[str], delimiter: str, *, escaped: bool) -> list[tuple[int, list[str]]]:
    """The first records that are not blank, each with the number of its last line."""
    texts = (line.replace('\\"', '""') if escaped else line for line in lines)
    reader = csv.reader((text.replace("\r", " ") + "\n" for text in texts), delimiter=delimiter)
    records: list[tuple[int, list[str]]] = []
    with _any_size():
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((reader.line_num, cells))
            if len(records) == HEADER_WITHIN:
                break
    return records


def _share(records: Sequence[tuple[int, list[str]]], width: int) -> float:
    return Counter(len(cells) for _, cells in records)[width] / max(len(records), 1)


def once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: a second `Virtual System` is `Virtual System_2`, one without a name is `column_7`."""
    seen: Counter[str] = Counter()
    taken: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        bare = name.strip() or f"column_{place}"
        seen[bare] += 1
        one = bare if seen[bare] == 1 else f"{bare}_{seen[bare]}"
        while one in taken:
            one += "_"
        taken[one] = None
    return tuple(taken)


class Delimited:
    """Reads the blocks of one file in order."""

    def __init__(self, layout: Layout) -> None:
        """For a file of this layout."""
        self._layout = layout
        self._delimiter = layout.delimiter.encode()
        cell = rf'(?:[^"{re.escape(layout.delimiter)}]*|"(?:[^"]|"")*")'
        self._sound_line = rf"^{cell}(?:{re.escape(layout.delimiter)}{cell})*$"

    def parts(self, blocks: Iterable[bytes], torn: list[str]) -> Iterator[Part]:
        """What the blocks hold.

        Arguments:
            blocks: each of whole lines, but for the last.
            torn: has an element as soon as the file turns out to end too early.
        """
        first, rest = 1, b""
        for block, last in _with_last(blocks):
            whole = rest + block
            if first == 1 and self._layout.above:
                whole = _below(whole, self._layout.above)
                yield self._nothing(self._layout.above, skipped=self._layout.above)
                first += self._layout.above
            end = whole.rfind(b"\n") + 1 if last and torn else len(whole)
            rest = b""
            if end:
                part, rest = self._part(whole[:end], first, last=last)
                first += part.lines
                yield part
            rest += whole[end:]
        if rest:
            yield self._nothing(
                1, [Reject(first, "the stream breaks off within this line", rest.decode(errors="replace"))]
            )

    def _nothing(self, lines: int, rejects: Sequence[Reject] = (), skipped: int = 0) -> Part:
        """Lines without a row."""
        return Part(framed(self._layout.names, [], [], []), lines, lambda *_: "", rejects, skipped)

    def _part(self, block: bytes, first: int, *, last: bool) -> tuple[Part, bytes]:
        """A block, and what of its end belongs to the next one."""
        if self._layout.escaped:
            block = block.replace(b'\\"', b'""')
        if part := self._at_once(block, first):
            return part, b""
        return self._record_by_record(block, first, last=last)

    def _at_once(self, block: bytes, first: int) -> Part | None:
        """A block in which every line is one record with all columns; null where that is not certain."""
        names, lines = self._layout.names, block.count(b"\n") + (not block.endswith(b"\n"))
        quoted = b'"' in block
        if not self._layout.delimiter.isascii() or (self._layout.header and self._again(block)):
            return None
        try:
            if quoted and not self._all_sound(block):
                return None
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=dict.fromkeys(names, pl.String),
                separator=self._layout.delimiter,
                quote_char='"' if quoted else None,
            )
        except PolarsError:
            return None
        between = block.count(self._delimiter) - self._within(frame, quoted)
        if frame.height != lines or between != lines * (len(names) - 1):
            return None
        cells = [pl.col(name) if len(names) > 1 else pl.col(name).str.strip_chars() for name in names]
        empty = pl.all_horizontal(cell.is_null() | (cell == "") for cell in cells)
        placed = frame.with_columns(
            pl.int_range(first, first + lines, dtype=pl.Int64).alias(RECORD), pl.lit(1, dtype=pl.Int64).alias(LINES)
        ).filter(~empty)
        return Part(placed, lines, Texts(block, first).of, skipped=lines - placed.height)

    def _again(self, block: bytes) -> bool:
        """Whether the header may be in the block again, as in files that were put together."""
        cells = [cell.encode() for cell in self._layout.header]
        mark = self._delimiter
        return (mark.join(cells) in block) or (b'"' + (b'"' + mark + b'"').join(cells) + b'"' in block)

    def _all_sound(self, block: bytes) -> bool:
        """Every quote opens or closes a cell on its line, or is doubled."""
        return bool(
            pl.scan_lines(block, name="line")
            .select(pl.col("line").str.contains(self._sound_line).all())
            .collect()
            .item()
        )

    def _within(self, frame: pl.DataFrame, quoted: bool) -> int:
        """Delimiters within cells."""
        if not quoted:
            return 0
        counts = frame.select(pl.all().str.count_matches(self._layout.delimiter, literal=True).sum())
        return sum(int(n or 0) for n in counts.row(0))

    def _record_by_record(self, block: bytes, first: int, *, last: bool) -> tuple[Part, bytes]:
        """Any block: quotes that nobody closes, cells over several lines, rows with too few or too many columns."""
        lines, spoilt = _lines(block)
        found = _Found(self._layout, first, lines, spoilt)
        place = 0
        with _any_size():
            while place < len(lines):
                place, unfinished = self._run(lines, place, found, last=last)
                if unfinished:
                    break
        rest = _below(block, place) if place < len(lines) else b""
        part = Part(
            framed(self._layout.names, found.rows, found.records, found.lines),
            place,
            Texts(block, first).of,
            found.rejects,
            place - sum(found.lines) - sum(reject.lines for reject in found.rejects),
        )
        return part, rest

    def _run(self, lines: list[str], place: int, found: _Found, *, last: bool) -> tuple[int, bool]:
        """Records from a line on, until one is broken; the next line, and whether the last record is not whole yet."""
        feed = _Feed(lines, place)
        try:
            for cells in csv.reader(feed, delimiter=self._layout.delimiter):
                taken = feed.place - place
                whole = not feed.ended
                if not whole and not last and sum(map(len, lines[place:])) < LONGEST_RECORD:
                    return place, True
                if not whole or (taken > 1 and len(cells) != len(self._layout.names)):
                    # Its lines are given back: a stray quote must not swallow what follows.
                    found.reject(place, "a quote that is not closed on its line, or by the end of a cell")
                    return place + 1, False
                found.add(place, taken, cells)
                place += taken
        except csv.Error as error:
            found.reject(place, f"{error}")
            return place + 1, False
        return place, False


def _with_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each block with whether it is the last."""
    held: bytes | None = None
    for block in blocks:
        if held is not None:
            yield held, False
        held = block
    if held is not None:
        yield held, True


def _below(block: bytes, lines: int) -> bytes:
    """What follows the first lines."""
    start = 0
    for _ in range(lines):
        start = block.find(b"\n", start) + 1 or len(block)
    return block[start:]


class _Feed:
    """Lines for csv.reader; `ended` is true once it asked for more than there are."""

    def __init__(self, lines: list[str], place: int) -> None:
        self._lines, self.place, self.ended = lines, place, False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.place == len(self._lines):
            self.ended = True
            raise StopIteration
        self.place += 1
        return self._lines[self.place - 1]


_CARRIAGE = "\uf8fd"
"""Stands for a carriage return within a line, which csv.reader takes for a line end."""


class _Found:
    """What a block holds, record by record."""

    def __init__(self, layout: Layout, first: int, lines: list[str], spoilt: set[int]) -> None:
        self._layout, self._first, self._lines, self._spoilt = layout, first, lines, spoilt
        self.rows: list[list[str]] = []
        self.records: list[int] = []
        self.lines: list[int] = []
        self.rejects: list[Reject] = []

    def add(self, place: int, taken: int, cells: list[str]) -> None:
        """A record: a row, a reject, or nothing where it is blank or the header again."""
        blank = not any(cells) or (len(cells) == 1 and not cells[0].strip())
        if blank or tuple(cells) == self._layout.header:
            return
        if self._spoilt and not self._spoilt.isdisjoint(range(place, place + taken)):
            self.reject(place, "bytes that are not UTF-8", taken)
        elif len(cells) != len(self._layout.names):
            self.reject(place, f"{len(cells)} of {len(self._layout.names)} columns", taken)
        else:
            self.rows.append([cell.replace(_CARRIAGE, "\r") for cell in cells])
            self.records.append(self._first + place)
            self.lines.append(taken)

    def reject(self, place: int, reason: str, taken: int = 1) -> None:
        """A record that is none."""
        text = "".join(self._lines[place : place + taken]).rstrip("\n").replace(_CARRIAGE, "\r")
        self.rejects.append(Reject(self._first + place, reason, text, taken))


def _lines(block: bytes) -> tuple[list[str], set[int]]:
    """Lines with their line feed, and the places of those that are no UTF-8."""
    raw = block.split(b"\n")
    if not raw[-1]:
        raw.pop()
    ends = ["\n"] * len(raw)
    if not block.endswith(b"\n"):
        ends[-1:] = [""]
    lines = [line.decode("utf-8", errors="replace").removesuffix("\r") for line in raw]
    spoilt = {
        place
        for place, line in enumerate(lines)
        if "\ufffd" in line and line.encode() != raw[place].removesuffix(b"\r")
    }
    return [line.replace("\r", _CARRIAGE) + end for line, end in zip(lines, ends, strict=True)], spoilt


@contextmanager
def _any_size() -> Iterator[None]:
    """Cells of any size: Python's limit of 128 KiB is for all of the process, so the last thread puts it back."""
    with _LIFTED.lock:
        if not _LIFTED.by:
            _LIFTED.before = csv.field_size_limit(LONGEST_LINE)
        _LIFTED.by += 1
    try:
        yield
    finally:
        with _LIFTED.lock:
            _LIFTED.by -= 1
            if not _LIFTED.by:
                csv.field_size_limit(_LIFTED.before)


class _Limit:
    """Python's limit for cells, while it is lifted."""

    def __init__(self) -> None:
        self.lock, self.by, self.before = Lock(), 0, 0


_LIFTED = _Limit()
