"""Offenses as CSV, as scripts and spreadsheets write them: the API's keys as a header, or the console's headings."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from watchfloor.errors import AmbiguousTime
from watchfloor.instants import instant_of
from watchfloor.readers.records.documents import loads

__all__ = ["Cells", "Row", "keys_of", "rows_of"]

_HEADINGS = {
    "offense_id": "id",
    "magnitude_value": "magnitude",
    "events": "event_count",
    "flows": "flow_count",
    "start_date": "start_time",
    "start": "start_time",
    "last_event_flow": "last_updated_time",
    "last_event": "last_updated_time",
    "last_updated": "last_updated_time",
    "closed_date": "close_time",
    "closed_time": "close_time",
    "closed_by": "closing_user",
    "assigned": "assigned_to",
    "assignee": "assigned_to",
    "log_source": "log_sources",
    "category": "categories",
    "closing_reason": "closing_reason_id",
    "domain": "domain_id",
    "domain_name": "domain_id",
}
"""Headings that mean a key of the API."""
_TIMES = {"close_time", "start_time", "last_updated_time", "first_persisted_time", "last_persisted_time"}
_NUMBERS = {"id", "closing_reason_id", "domain_id", "offense_type", "event_count", "magnitude"}
_FLAGS = {"follow_up", "inactive", "protected"}
_LISTS = {"categories", "destination_networks", "rules", "log_sources", "source_address_ids"}
_LISTS |= {"local_destination_address_ids"}
_OBJECTS = {"rules": "id", "log_sources": "name"}
_NAMED = {"closing_reason_id", "domain_id", "offense_type"}
_TYPES = {"source ip": 0, "destination ip": 1, "event name": 2, "username": 3}
"""Offense types that are the same on every console."""
_TRUE, _FALSE = {"true", "1", "yes", "y"}, {"false", "0", "no", "n"}
_WRITTEN = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S")
"""How consoles and spreadsheets write times, none of which leaves it open which of two numbers is the month."""
_LONGEST_RECORD = 100
"""Lines: so far a quoted cell may go."""
_LONGEST_LITERAL = 20_000


def keys_of(header: str) -> tuple[list[str], str]:
    """The API's keys of a header's cells, and what stands between the cells."""
    best: tuple[list[str], str] = ([], ",")
    for mark in (",", ";", "\t", "|"):
        try:
            cells = next(csv.reader([header], delimiter=mark), [])
        except csv.Error:
            continue
        if len(cells) > len(best[0]):
            best = ([_key(cell) for cell in cells], mark)
    return best


def _key(heading: str) -> str:
    bare = re.sub(r"[^a-z0-9]+", "_", heading.strip().lower()).strip("_")
    return _HEADINGS.get(bare, bare)


@dataclass(frozen=True)
class Row:
    """One record: its cells, or why there are none."""

    number: int
    """Its first line."""
    lines: int
    cells: list[str]
    text: str
    wrong: str | None = None


def rows_of(lines: Sequence[str], mark: str, columns: int) -> Iterator[Row]:
    """The records below the header; a quote too many costs the line that has it, not the rest of the file.

    Arguments:
        lines: of the file, the header among them, without their line feeds.
        mark: what stands between cells.
        columns: how many there are.
    """
    place = 1
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        row = _row(lines, place, mark, columns)
        yield row
        place += row.lines


def _row(lines: Sequence[str], place: int, mark: str, columns: int) -> Row:
    quotes, wrong = 0, "a quote that is not closed"
    for end in range(place, min(len(lines), place + _LONGEST_RECORD)):
        quotes += lines[end].count('"')
        if quotes % 2:
            continue
        text = "\n".join(lines[place : end + 1])
        try:
            cells = next(csv.reader(text.splitlines(keepends=True), delimiter=mark, strict=True), [])
        except csv.Error as error:
            wrong = f"no CSV ({error})"
            break
        if len(cells) == columns:
            return Row(place + 1, end + 1 - place, cells, text)
        wrong = f"{len(cells)} of {columns} columns"
        break
    return Row(place + 1, 1, [], lines[place], wrong)


@dataclass
class Cells:
    """Makes offenses of rows; names in place of ids get ids of their own."""

    keys: Sequence[str]
    zone: str | None
    source: str
    names: dict[str, dict[str, int]] = field(default_factory=lambda: {key: {} for key in _NAMED})
    """Of closing reasons, domains and offense types: names that were written, with negative ids that stand for them."""

    def offense(self, cells: Sequence[str]) -> dict[str, Any]:
        """An object as the API would give it.

        Raises:
            ValueError: a cell that cannot be read.
            AmbiguousTime: a clock time, and no zone.
        """
        found: dict[str, Any] = {}
        for key, cell in zip(self.keys, cells, strict=True):
            text = cell.strip()
            if text.lower() not in ("", "null", "none", "nan", "nat", "n/a", "-"):
                found.setdefault(key, self._value(key, text, cell))
        return found

    def _value(self, key: str, text: str, cell: str) -> Any:
        if key in _TIMES:
            return self._time(key, text)
        if key in _LISTS:
            return _list(key, text)
        if key in _FLAGS:
            return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
        return self._number(key, text) if key in _NUMBERS else cell

    def _number(self, key: str, text: str) -> Any:
        """A number, or what stands for a name; other text stays, and is rejected as no number."""
        number = _number(text)
        if number is None and key == "offense_type":
            number = _TYPES.get(text.lower())
        if number is None and key in _NAMED:
            return self.names[key].setdefault(text, -1 - len(self.names[key]))
        return text if number is None else number

    def _time(self, key: str, text: str) -> int:
        number = _number(text)
        if isinstance(number, int):
            return number
        instant = instant_of(text)
        clock = instant.clock if instant else None
        exact = instant.exact if instant else None
        for form in _WRITTEN if instant is None else ():
            try:
                clock = datetime.strptime(text, form)  # noqa: DTZ007 - its zone is said below
                break
            except ValueError:
                continue
        if exact is None and clock is not None:
            if self.zone is None:
                raise AmbiguousTime(
                    f"{self.source}: {key}: clock times without a zone, such as {text[:60]!r}",
                    hint="say whose clock it is: --zone Europe/Paris (zone= in Python)",
                )
            exact = clock.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
        if exact is None:
            raise ValueError(f"{key} is no time: {text[:100]!r}")
        return round((exact - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def _number(text: str) -> int | float | None:
    """A number; spreadsheets and pandas make `1.0` or `1.7E12` of whole ones."""
    if not re.fullmatch(r"-?[0-9]{1,19}(\.[0-9]{1,19})?([eE]\+?[0-9]{1,2})?", text):
        return None
    if text.removeprefix("-").isdecimal():
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() else number


def _list(key: str, text: str) -> list[Any]:
    """What a cell says that holds a list: JSON, what Python prints, or texts with something between them."""
    found = _written(text)
    if found is None:
        pattern = r"[;|\n]" if re.search(r"[;|\n]", text) or key in _OBJECTS else r"[;|\n,]"
        found = [part.strip() for part in re.split(pattern, text) if part.strip()]
    if name := _OBJECTS.get(key):
        return [one if isinstance(one, dict) else {name: one} for one in found]
    return [_number(one) if key.endswith("_ids") and isinstance(one, str) else one for one in found]


def _written(text: str) -> list[Any] | None:
    if text[:1] not in ("[", "("):
        return None
    try:
        found = loads(text)
    except (ValueError, RecursionError):
        if len(text) > _LONGEST_LITERAL or text.count("[") > 100 or text.count("(") > 100:
            return None
        try:
            found = ast.literal_eval(text)  # parses literals only, and nothing is run
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    return list(found) if isinstance(found, list | tuple) else None
