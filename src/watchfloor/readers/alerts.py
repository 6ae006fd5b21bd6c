"""Alerts, incidents, cases and tickets of many systems, as their APIs' JSON was saved: each by its mapping file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.jsonvalues import DECODER
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake import files
from watchfloor.readers.jsonlog import event_of
from watchfloor.readers.records.documents import has_lines, is_literal
from watchfloor.readers.records.jsonrecords import objects_of, read_json

if TYPE_CHECKING:
    from watchfloor.mappings.systems import Maker, System

__all__ = ["READER"]

_DEEPEST = 3
"""So deep within an answer the list of records may be: `hits.hits`, `data.alerts`."""
_LISTS = ("value", "hits", "data", "resources", "result", "results", "issues", "alerts", "cases", "incidents")
"""Where answers have their records."""
_OF_RECORDS = {"id", "_id", "key", "name", "title"}
"""Keys that an answer has not."""
_LOOKED_AT = 20
_DEEPEST_LOOKED_AT = 100


@cache
def _systems() -> tuple[System, ...]:
    from watchfloor.mappings.systems import systems  # noqa: PLC0415 - a format that nobody has costs no import

    return systems()


def accepts(head: Head) -> float:
    """The share of objects that have what a record of one system has; or records as Python prints them."""
    return 1.0 if _printed(head) else _system_of(head)[1]


def _printed(head: Head) -> System | None:
    """The system whose records these are as Python prints them, with single quotes, not as JSON; null: it is none."""
    text = head.content.decode("utf-8", errors="replace")
    if not is_literal(text):
        return None
    keys = {*re.findall(r"'([\w.@]{1,60})':", text)}

    def there(sign: str) -> bool:
        path, _, value = sign.partition("=")
        return ({path} <= keys or {*path.split(".")} <= keys) and value.lower() in text.lower()

    return next((one for one in _systems() if any(all(map(there, group)) for group in one.signs)), None)


def _system_of(head: Head) -> tuple[System | None, float]:
    """The system that most of a file's first objects are of, and the share of those that are of any."""
    if head.content.lstrip()[:1] not in (b"{", b"["):
        return None, 0.0
    for look in (objects_of,) if _is_of_lines(head) else (objects_of, _cut_short):
        found = [record for one in look(head) for record in _records_in(one)]
        of = [next((system for system in _systems() if one and system.fits(one)), None) for one in found]
        if counts := Counter(system.name for system in of if system is not None):
            break
    else:
        return None, 0.0
    best = counts.most_common(1)[0][0]
    return next(system for system in _systems() if system.name == best), counts.total() / len(found)


def _is_of_lines(head: Head) -> bool:
    """Whether a record ends with its line, so that nothing is longer than what is looked at."""
    if len(head.lines) < 2 or not head.lines[0].startswith("{"):
        return False
    try:
        return DECODER.raw_decode(head.lines[0])[1] == len(head.lines[0].rstrip())
    except (ValueError, RecursionError):
        return False


def _records_in(found: Mapping[str, Any] | None) -> list[Any]:
    """The object, or the records in the answer that it is."""
    if found is None or any(system.fits(found) for system in _systems()):
        return [found]
    return _page(found, _systems()) or [found]


def _page(found: Mapping[str, Any], of: Sequence[System]) -> list[Any] | None:
    """The list of records in an answer of an API; null where it has none."""
    level: list[Mapping[str, Any]] = [found]
    for _ in range(_DEEPEST):
        for one in level:
            for value in one.values():
                if _of_objects(value) and any(system.fits(value[0]) for system in of):
                    return value
        level = [value for one in level for value in one.values() if isinstance(value, Mapping)][:_LOOKED_AT]
    return None


def _of_objects(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\],]', re.DOTALL)
_CLOSED_BY = {"{": "}", "[": "]"}


def _cut_short(head: Head) -> list[dict[str, Any] | None]:
    """The objects of a document that is longer than what is looked at, as if it ended after its last whole value."""
    text = head.content.decode("utf-8", errors="replace")
    open_now: list[str] = []
    end, open_then = 0, ""
    for token in _TOKENS.finditer(text):
        match token[0]:
            case "{" | "[":
                open_now.append(token[0])
            case "}" | "]" if open_now:
                open_now.pop()
            case ",":
                end, open_then = token.start(), "".join(open_now[:_DEEPEST_LOOKED_AT])
            case '"':
                break  # a text that does not end here
        if len(open_now) >= _DEEPEST_LOOKED_AT:
            break
    try:
        found = DECODER.decode(text[:end] + "".join(_CLOSED_BY[bracket] for bracket in reversed(open_then)))
    except (ValueError, RecursionError):
        return []
    return [one if isinstance(one, dict) else None for one in (found if isinstance(found, list) else [found])]


def read(path: Path, options: Options) -> Tables:
    """The alerts and evidence of one file; events too, where records of the system are a log.

    Raises:
        UnreadableFile: no records of a system that there is a mapping of.
        AmbiguousTime: clock times, and no zone.
    """
    from watchfloor.mappings.systems import Maker  # noqa: PLC0415 - as above

    head = files.head(path)
    if printed := _printed(head):
        raise UnreadableFile(
            f"{path}: this is how Python prints {printed.about} (single quotes, None), not JSON",
            hint="save them with json.dump, or the API's answer as it came",
        )
    system, _ = _system_of(head)
    if system is None:
        known = ", ".join(one.name for one in _systems())
        raise UnreadableFile(f"{path}: no records of any system that is known", hint=f"systems: {known}")
    verdicts = options.verdicts
    first = Maker(system, verdicts, options.zone)
    makers = {one.name: Maker(one, verdicts, options.zone) for one in _systems()} | {system.name: first}

    def make(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if system.fits(found):
            yield from _rows(first, found)
            return
        for one in _records_in(found):
            if not isinstance(one, dict):
                raise ValueError("no JSON object")  # noqa: TRY004 - what is wrong is the record, not a type of ours
            if not _is_empty(one):
                yield from _rows(next((maker for maker in makers.values() if maker.system.fits(one)), first), one)

    tables = read_json(path, options, format=READER.name, tables=READER.tables, make=make, names=_keys(system))
    notes = [system.about, *(note for maker in makers.values() for note in maker.notes)]
    if options.mapping is not None:
        notes.append(verdicts.note)
    both = pl.concat_str(pl.lit("; ".join(notes)), "notes", separator="; ", ignore_nulls=True)
    return tables | {"ledger": tables["ledger"].with_columns(notes=both)}


def _rows(maker: Maker, found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    row, evidence = maker(found)
    yield "alerts", row
    yield from (("evidence", fact) for fact in evidence)
    if maker.system.events:
        yield "events", event_of({**maker.system.record_of(found)})


def _is_empty(found: Mapping[str, Any]) -> bool:
    """Whether it is an answer of an API that holds no records."""
    if any(system.fits(found) for system in _systems()) or _OF_RECORDS & found.keys():
        return False
    inner = [value for value in (found, *found.values()) if isinstance(value, Mapping)]
    return any(one.get(name) == [] for one in inner for name in _LISTS)


def _keys(system: System) -> list[set[str]]:
    """Keys that tell its records from other objects."""
    signs = {sign for group in system.signs for sign in group if "=" not in sign}
    return [signs | {f"{above}.{path}" for above in system.inside for path in signs}]


READER = Reader(
    name="alerts",
    about="Alerts, incidents and tickets of many systems, as their APIs give them (JSON)",
    tables=("alerts", "evidence", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign="the keys of Sentinel, Defender XDR, Elastic, Splunk ES, CrowdStrike, SentinelOne, Darktrace, TheHive, "
    "DFIR-IRIS, Jira, Opsgenie, ServiceNow or Wazuh",
    grows=lambda head: has_lines(head.lines),
)
