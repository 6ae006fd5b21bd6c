"""Any other JSON records that say when they were written: an event each, with whatever they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from watchfloor.errors import UnreadableFile
from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import Rest, integer, text_of, unwrapped
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.intake import files
from watchfloor.readers.meaning.endpoints import address_of, port_of, protocol_of
from watchfloor.readers.meaning.jsonnames import Place, Places, calls_out, places_of, put_out, value_at
from watchfloor.readers.records.documents import has_lines
from watchfloor.readers.records.jsoncolumns import NOTHING, by_columns
from watchfloor.readers.records.jsonrecords import are_lines, objects_of, read_json, read_json_together, share_of
from watchfloor.readers.records.together import Small, by_size

__all__ = ["READER", "event_of"]

_LISTS = (
    "Records",
    "records",
    "events",
    "value",
    "hits.hits",
    "data",
    "results",
    "items",
    "logEvents",
    "entries",
    "params.events",
)
"""Where an object without a time of its own may hold the records."""
_KIND = re.compile(r"[0-9]{1,7}|[A-Za-z][A-Za-z0-9_.:/-]{0,39}")
_OF_ONE = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Fa-f-]{16,}")
"""What numbers a single event, not a kind of events."""
_FEW = 8
_LONG = 200


def accepts(head: Head) -> float:
    """The share of objects with a time."""
    return share_of(head, lambda found: any(_when(one, places_of(one)) for one in _records(found)))


def read(path: Path, options: Options) -> Tables:
    """The events of one file.

    Raises:
        UnreadableFile: no JSON.
        AmbiguousTime: clock times, and no zone.
    """
    if not objects_of(files.head(path)) and files.head(path).content.lstrip()[:1] not in (b"{", b"["):
        raise UnreadableFile(f"{path}: no JSON objects", hint="`watchfloor formats` lists what can be read")
    return read_json(
        path, options, format=READER.name, tables=READER.tables, make=_events, fast=by_columns, names=_has_time
    )


def _read_small(group: Sequence[Small], options: Options) -> Tables:
    """The events of some files, as `read` gives them."""
    return read_json_together(group, options, format=READER.name, tables=READER.tables, make=_events, fast=by_columns)


def _is_whole(small: Small) -> bool:
    """Whether a file's lines do not tell its records apart, or it holds none."""
    return not objects_of(small.head) or not are_lines(small.head, _has_time)


def _has_time(found: Mapping[str, Any]) -> bool:
    return _when(unwrapped({**found}), places_of(unwrapped({**found}))) is not None


def _records(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object, or the records in it where it has no time and holds some."""
    rest = Rest(unwrapped({**found}))
    if _when(rest.found, places_of(rest.found)) is None:
        for name in _LISTS:
            inner = rest.look(name)
            if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
                return [unwrapped(one) for one in inner]
    return [rest.found]


def _events(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for record in _records(found):
        yield "events", event_of(record)


def event_of(found: dict[str, Any], *, need_time: bool = True) -> dict[str, Any]:
    """A row of EVENTS; the record is changed.

    Arguments:
        found: the record.
        need_time: whether one without a time is none; another knows it otherwise.

    Raises:
        ValueError: no time that can be read.
    """
    places = places_of(found)
    timed = _when(found, places)
    if timed is None and need_time:
        raise ValueError("no time that can be read")
    row = timed[0].row() if timed else {}
    taken = [timed[1]] if timed else []
    chosen: dict[str, Place] = {}
    for column, read_as in _READ.items():
        for place in places.columns[column]:
            if place not in taken and (value := read_as(value_at(found, place))) is not None:
                row[column] = value
                chosen[column] = place
                taken.append(place)
                break
    for side in ("src", "dst"):
        # An address with its port.
        row[f"{side}_ip"], port = row.get(f"{side}_ip") or (None, None)
        row[f"{side}_port"] = row.get(f"{side}_port") or port
    if calls_out(found, chosen.get("src_ip"), chosen.get("dst_ip")):
        for what in ("ip", "port"):
            row[f"src_{what}"], row[f"dst_{what}"] = row[f"dst_{what}"], row[f"src_{what}"]
    for column in places.base & row.keys():
        row[column] = re.split(r"[/\\]", row[column])[-1] or row[column]
    if "severity_text" in row:
        row["severity_text"] = places.severities.get(row["severity_text"], row["severity_text"])
    put_out(found, taken)
    return row | {"fields": Rest(found).fields()}


def _when(found: Mapping[str, Any], places: Places) -> tuple[Instant, Place] | None:
    """The record's time and its place: by a name that is known, else by the first that sounds like one and reads so."""
    for place in (*places.columns["time"], *places.times):
        if instant := instant_of(value_at(found, place), utc=places.zone == "UTC"):
            return instant, place
    return None


def _word(value: Any) -> str | None:
    """Text, a number, a truth value, or a list of few such."""
    if isinstance(value, list):
        if not value or len(value) > _FEW or not all(isinstance(one, str) for one in value):
            return None
        joined = ", ".join(value)
        return text_of(joined) if len(joined) <= _LONG else None
    text = None if isinstance(value, dict) else text_of(value)
    return None if text in NOTHING else text


def _name(value: Any) -> str | None:
    """A word that names something: no truth value."""
    return None if isinstance(value, bool) else _word(value)


def _machine(value: Any) -> str | None:
    """A name of a machine: no number, which is a kind of device."""
    name = _name(value)
    return None if name is not None and name.isdecimal() else name


def _part(value: Any) -> str | None:
    """A name of a program: no address, which is where something came from."""
    return None if address_of(value) else _name(value)


def _kind(value: Any) -> str | None:
    """The number or code of a kind of events, not of this one."""
    text = None if isinstance(value, bool | list | dict) else text_of(value)
    return text if text and text not in NOTHING and _KIND.fullmatch(text) and not _OF_ONE.fullmatch(text) else None


_READ: dict[str, Callable[[Any], Any]] = {
    "host": _machine,
    "program": _part,
    "pid": integer,
    "user": _name,
    "src_ip": address_of,
    "src_port": port_of,
    "dst_ip": address_of,
    "dst_port": port_of,
    "proto": protocol_of,
    "action": _name,
    "event_id": _kind,
    "category": _name,
    "severity_text": _name,
    "title": _name,
    "url": _name,
    "message": _word,
}
"""How the value of each column is read, in the order in which they take theirs; null where it is of another kind."""


READER = Reader(
    name="json",
    about="Any JSON lines, array or objects one after the other that say when they were written, as events",
    tables=("events",),
    accepts=accepts,
    read=by_size(read, _read_small, alone=_is_whole),
    sign="JSON objects with a time, such as `@timestamp`, `time`, `ts`",
    grows=lambda head: has_lines(head.lines),
)
