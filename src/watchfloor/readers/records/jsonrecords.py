"""JSON records of a file, whatever its layout: a line each, over several lines, one after the other, an array."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor import times
from watchfloor.errors import AmbiguousTime
from watchfloor.jsonvalues import BLANKS, DECODER, clean, decoded, has_earlier
from watchfloor.readers._reader import Head, Options, Tables
from watchfloor.readers.intake import files, texts
from watchfloor.readers.records import documents
from watchfloor.readers.records.accounts import tables_of
from watchfloor.readers.records.lines import Parse, read_lines, read_texts
from watchfloor.readers.records.together import Small, read_together
from watchfloor.schemas import EVENTS, TABLES, TIME

__all__ = [
    "Decode",
    "Exact",
    "Make",
    "are_lines",
    "objects_of",
    "read_json",
    "read_json_together",
    "settled",
    "share_of",
]

Make = Callable[[dict[str, Any]], Iterable[tuple[str, dict[str, Any]]]]
"""Gives the rows of one object, each with its table's name; a ValueError says why it is no record."""

Decode = Callable[[str], list[dict[str, Any]]]
"""Gives the objects of a record's text; a ValueError says why there are none."""

_LOOKED_AT = 20


_WRAPPER = re.compile(
    r'\{(?:\s*"[^"]{0,200}"\s*:\s*(?:"[^"]{0,500}"|[0-9.+-]+|null|true|false)\s*,){0,50}\s*"[^"]{0,200}"\s*:\s*\['
)
"""An object whose values are plain, up to a list."""


class Exact:
    """Parses records one by one."""

    def __init__(self, make: Make, tables: tuple[str, ...], source: str, zone: str | None, decode: Decode) -> None:
        """`decode` gives the objects of a record's text, `make` their rows in `tables`."""
        self._make, self._tables, self.source, self.zone, self.decode = make, tables, source, zone, decode
        self.again: list[int] = []
        """Records with an object that has a key twice."""

    def __call__(self, records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """The rows of records, and those that are none."""
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self._tables}
        rejects: list[tuple[int, str]] = []
        for record, text in records.select("record", "text").iter_rows():
            try:
                found = self.decode(text)
                if any(has_earlier(one) for one in found):
                    self.again.append(record)
                made = [pair for one in found for pair in self._make(one)]
            except RecursionError:
                rejects.append((record, "JSON that is nested too deeply"))
            except ValueError as error:
                rejects.append((record, clean(f"{error}")))
            else:
                for name, row in made:
                    rows[name].append(row | {"record": record})
        frames = {name: self._frame(name, found) for name, found in rows.items() if found}
        return frames | {
            "rejects": pl.DataFrame(rejects, schema={"record": pl.Int64, "reason": pl.String}, orient="row")
        }

    def _frame(self, name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
        if name != EVENTS.name:
            return pl.DataFrame(rows, schema=TABLES[name].schema)
        frame = pl.DataFrame(rows, schema=dict(EVENTS.schema) | {"clock": pl.Datetime("us"), "time": TIME})
        return settled(frame, self.source, self.zone)


def read_json(
    path: Path,
    options: Options,
    *,
    format: str,
    tables: tuple[str, ...],
    make: Make,
    fast: Callable[[Parse], Parse] | None = None,
    names: documents.Signs = (),
) -> Tables:
    """The tables of one file of JSON records.

    Arguments:
        path: the file.
        options: what the user said.
        format: name of the reader.
        tables: those that `make` gives rows of.
        make: makes the rows of one object.
        fast: makes, of what parses records one by one, what parses a block of them at once.
        names: keys that tell the records from other objects, where one object holds them all.

    Raises:
        UnreadableFile: no JSON.
        AmbiguousTime: clock times, and no zone.
    """
    layout = _layout(files.head(path), names)
    parse = Exact(make, tables, str(path), options.zone, partial(decoded, between=layout.between))
    quick = fast(parse) if fast else parse
    if layout.by_lines:
        found = read_lines(
            path, options, format=format, tables=tables, parse=quick, begins=layout.begins, skips=layout.skips
        )
    else:
        records, cut, notes = _records_of(path, options, names)
        found = read_texts(path, records, format=format, tables=tables, parse=quick, partial=cut, notes=notes)
    if parse.again:
        both = pl.concat_str("notes", pl.lit(_AGAIN), separator="; ", ignore_nulls=True)
        found = found | {"ledger": found["ledger"].with_columns(notes=both)}
    return found


def read_json_together(
    group: Sequence[Small],
    options: Options,
    *,
    format: str,
    tables: tuple[str, ...],
    make: Make,
    fast: Callable[[Parse], Parse] | None = None,
) -> Tables:
    """The tables of some files of JSON lines, as `read_json` gives them; `are_lines` says which files can be read so.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    parse = Exact(make, tables, str(group[0].path), options.zone, decoded)
    found, shares = read_together(group, format=format, tables=tables, parse=fast(parse) if fast else parse)
    shares.note(parse.again, _AGAIN)
    return found | tables_of(shares.accounts)


def are_lines(head: Head, names: documents.Signs = ()) -> bool:
    """Whether each line is a record by itself."""
    layout = _layout(head, names)
    return layout.by_lines and layout.begins is None


_AGAIN = "a key stands twice in an object: the last value counts"


def _records_of(path: Path, options: Options, names: documents.Signs) -> tuple[list[str], list[str], list[str]]:
    """The records of a document whose lines do not tell them apart, why it ends too early, and notes."""
    cut: list[str] = []
    notes: list[str] = []
    text = texts.whole(path, None, texts.Listener(options.progress, cut.append, notes.append))
    found = documents.document(text, str(path), names, DECODER)
    records = [json.dumps(record, ensure_ascii=False) for record in found.records]
    if found.broken:
        pieces = _pieces(found.rest, found.records)
        records += pieces
        if len(pieces) < 2:
            cut.append(found.broken)
    return [clean(record) for record in records], cut, notes


def _pieces(rest: str, records: Sequence[Any]) -> list[str]:
    """What follows a broken record, cut where a record begins again: with the key that the first one begins with."""
    if not rest:
        return []
    first = next((one for one in records if isinstance(one, dict) and one), None)
    if first is None:
        return [rest]
    begin = re.compile(rf"\{{\s*{re.escape(json.dumps(next(iter(first))))}\s*:")
    starts = [0, *(found.start() for found in begin.finditer(rest, 1)), len(rest)]
    return [rest[start:end].rstrip(BLANKS + ",]") for start, end in pairwise(starts)]


@dataclass(frozen=True)
class _Layout:
    """How a file is written."""

    by_lines: bool
    """Whether lines tell where a record begins."""
    begins: pl.Expr | None = None
    """Which lines begin a record; null: every line is one."""
    skips: pl.Expr | None = None
    """Which records are none: the brackets of an array."""
    between: str = BLANKS
    """What may stand around a record."""


def _layout(head: Head, names: documents.Signs) -> _Layout:
    text = head.content.decode("utf-8", errors="replace")
    bare = text.lstrip()[:1]
    whole = sum(_decodes(line, BLANKS) for line in head.lines[:_LOOKED_AT])
    wrapped = bare == "{" and documents.wraps(text, names)
    if not wrapped and (bare not in ("{", "[") or (bare == "{" and whole == len(head.lines[:_LOOKED_AT]) > 0)):
        return _Layout(by_lines=True)
    first = next((line for line in head.lines if line.lstrip()[:1] == "{"), None)
    if wrapped or first is None or (bare == "[" and head.lines[0].strip() != "["):
        return _Layout(by_lines=False)
    mark = first[: first.index("{") + 1]
    between = BLANKS + ",[]" if bare == "[" else BLANKS
    sound = sum(_decodes(record, between) for record in _split(text, mark))
    if bare == "{" and whole and whole >= sound:
        return _Layout(by_lines=True)
    if not sound:
        return _Layout(by_lines=False)
    begins = pl.col("text").str.starts_with(mark)
    if bare == "{":
        return _Layout(True, begins)
    bracket = pl.col("text").str.contains(r"^[\[\]][ \t\r]*$")
    return _Layout(True, begins | bracket, bracket, between)


def _split(text: str, mark: str) -> list[str]:
    """The first records of a text whose records begin with a line that begins so; the last is left out."""
    starts = [found.start() for found in re.finditer(rf"(?m)^{re.escape(mark)}", text)][: _LOOKED_AT + 1]
    if len(starts) == 1:
        return [text[starts[0] :]]
    return [text[start:end] for start, end in pairwise(starts)]


def _decodes(text: str, between: str) -> bool:
    try:
        return bool(decoded(text, between))
    except ValueError:
        return False


def objects_of(head: Head) -> list[dict[str, Any] | None]:
    """The first objects of a file, null for what is none; empty where the file is no JSON."""
    text = head.content.decode("utf-8", errors="replace").lstrip()
    if text[:1] not in ("{", "["):
        return []
    if text[:1] == "{" and any(_decodes(line, BLANKS) for line in head.lines[:_LOOKED_AT] if line[0] == "{"):
        found: list[dict[str, Any] | None] = [one for line in head.lines[:_LOOKED_AT] for one in _some(line)]
        cut = len(found) > 1 and found[-1] is None and not head.content.endswith(b"\n")
        return found[:-1] if cut else found
    found = _one_by_one(text, 0)
    if not found and (wrapper := _WRAPPER.match(text)):
        # An object that is longer than the beginning of the file, with the records in a list.
        return _one_by_one(text, wrapper.end())
    return found


def _one_by_one(text: str, place: int) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = []
    while len(found) < _LOOKED_AT:
        while place < len(text) and text[place] in BLANKS + ",[":
            place += 1
        try:
            one, place = DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        found.append(one if isinstance(one, dict) else None)
    return found


def _some(line: str) -> list[dict[str, Any]] | list[None]:
    try:
        return decoded(line)
    except ValueError:
        return [None]


def share_of(head: Head, fits: Callable[[Mapping[str, Any]], object]) -> float:
    """The share of a file's first objects that fit, or of those that its only object holds; 0 where it is no JSON."""
    found = objects_of(head)
    if len(found) == 1 and found[0] is not None and not fits(found[0]):
        lists = [value for value in found[0].values() if isinstance(value, list) and documents.are_objects(value)]
        found = lists[0][:_LOOKED_AT] if len(lists) == 1 else found
    return sum(1 for one in found if one is not None and fits(one)) / len(found) if found else 0.0


def settled(rows: pl.DataFrame, source: str, zone: str | None) -> pl.DataFrame:
    """Events with clock times as instants.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    if rows["clock"].null_count() == rows.height:
        return rows
    if zone is None:
        example = rows.filter(pl.col("clock").is_not_null())["time_text"][0]
        raise AmbiguousTime(
            f"{source}: clock times without a zone ({example})",
            hint="say where that clock stood: zone='Europe/Paris', or --zone Europe/Paris, or PATH=Europe/Paris",
        )
    earliest, latest, quality = times.resolve(pl.col("clock"), zone)
    known = pl.col("clock").is_not_null()
    return rows.with_columns(
        time=pl.coalesce("time", earliest),
        time_latest=pl.when(known & (earliest != latest)).then(latest),
        zone=pl.when(known).then(pl.lit(zone)).otherwise("zone"),
        zone_rule=pl.when(known).then(pl.lit("declared")).otherwise("zone_rule"),
        time_quality=pl.when(known).then(quality).otherwise("time_quality"),
    )
