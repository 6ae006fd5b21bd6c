"""Chainsaw's hunts, JSON, JSON lines and CSV: an alert for each rule and hit; its drawn table is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from watchfloor.errors import UnreadableFile
from watchfloor.instants import instant_of
from watchfloor.jsonvalues import Rest, text_of
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.hayabusa import LEVELS, facts
from watchfloor.readers.intake import files
from watchfloor.readers.records.csvrecords import header_of, read_csv
from watchfloor.readers.records.jsonrecords import read_json, share_of

__all__ = ["READER"]

_DRAWN = "┌──".encode()
_MARKS = "‣+ "
"""What stands before the name of a rule in a table."""
_NOT_EVIDENCE = {"references", "falsepositives", "authors", "status"}
"""What is about the rule, not about the hit."""


def accepts(head: Head) -> float:
    """A CSV header with detections, JSON objects of a hunt, or the table that chainsaw draws."""
    if {"timestamp", "detections"} <= set(header_of(head)):
        return 1.0
    if _is_drawn(head):
        return 1.0
    return share_of(head, _ours)


def _is_drawn(head: Head) -> bool:
    return _DRAWN in head.content and (b"detections" in head.content or b"[+] Group" in head.content)


def _ours(found: Mapping[str, Any]) -> bool:
    return {"name", "timestamp", "level"} <= found.keys() and ("document" in found or "documents" in found)


def read(path: Path, options: Options) -> Tables:
    """The alerts of one file.

    Raises:
        UnreadableFile: a drawn table.
    """
    head = files.head(path)
    if _is_drawn(head):
        raise UnreadableFile(
            f"{path}: a table that chainsaw drew for the eye, its cells are wrapped over lines",
            hint="run the hunt again with --json or --jsonl",
        )
    if "detections" in header_of(head):
        return read_csv(path, options, format=READER.name, tables=READER.tables, make=_of_csv, time="timestamp")
    names = ({"document", "documents"}, {"timestamp"})
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_of_json, names=names)


def _of_json(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    rest = Rest(found)
    rule = rest.word("name")
    time = _instant(rest.take("timestamp"))
    if rule is None:
        raise ValueError("no name of a rule")
    level = rest.word("level")
    several = rest.take("documents")
    documents = several if isinstance(several, list) else [rest.take("document")]
    events = [one.get("data", one) for one in documents if isinstance(one, dict)]
    times = sorted(at for one in events if isinstance(one, dict) and (at := _system_time(one))) or [time]
    about = _about(events[0]) if events and isinstance(events[0], dict) else []
    name = "/".join([*about, rule, time.isoformat()])
    yield (
        "alerts",
        {
            "alert_id": name,
            "system": "chainsaw",
            "rule": rule,
            "title": rule,
            "severity": LEVELS.get((level or "").lower()),
            "event_count": max(1, len(documents)),
            "first_event_time": times[0],
            "last_event_time": times[-1],
            "created_time": time,
        },
    )
    said = {key: value for key, value in rest.found.items() if key not in _NOT_EVIDENCE}
    kept = [*facts(said)]
    for document in documents:
        kept += facts(document) if isinstance(document, dict) else []
    for field, value in dict.fromkeys(kept):
        yield "evidence", {"alert_id": name, "field": _named(field), "value": value}


def _named(field: str) -> str:
    return {"group": "category", "path": "log_file"}.get(field, field)


def _system(event: Mapping[str, Any]) -> Mapping[str, Any]:
    above = event.get("Event")
    system = above.get("System") if isinstance(above, dict) else None
    return system if isinstance(system, dict) else {}


def _about(event: Mapping[str, Any]) -> list[str]:
    system = _system(event)
    return [text for key in ("Computer", "Channel", "EventRecordID") if (text := text_of(system.get(key)))]


def _system_time(event: Mapping[str, Any]) -> datetime | None:
    written = Rest(dict(_system(event))).look("TimeCreated_attributes.SystemTime", "TimeCreated.#attributes.SystemTime")
    found = instant_of(written, utc=True)
    return found.exact if found else None


def _of_csv(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A row lists all rules that hit, and each is an alert."""
    rest = Rest(found)
    time = _instant(rest.take("timestamp"))
    rules = [rule for part in (rest.word("detections") or "").split(";") if (rule := part.strip(_MARKS + "\r\n"))]
    if not rules:
        raise ValueError("no detection")
    about = [text for key in ("Computer", "Channel", "Record ID") if (text := text_of(rest.look(key)))]
    said = [*facts(rest.found)]
    for rule in rules:
        name = "/".join([*about, rule, time.isoformat()])
        yield (
            "alerts",
            {
                "alert_id": name,
                "system": "chainsaw",
                "rule": rule,
                "title": rule,
                "event_count": 1,
                "first_event_time": time,
                "last_event_time": time,
                "created_time": time,
            },
        )
        for field, value in said:
            yield "evidence", {"alert_id": name, "field": _named(field), "value": value}


def _instant(written: Any) -> datetime:
    found = instant_of(written)
    if found is None or found.exact is None:
        raise ValueError(f"no time with an offset: {text_of(written)!r}"[:200])
    return found.exact


READER = Reader(
    name="chainsaw",
    about="Chainsaw's hunts, JSON, JSON lines and CSV: an alert for each rule and hit",
    tables=("alerts", "evidence"),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with `name`, `level`, `timestamp`, `document`; a CSV header `timestamp,detections,..`",
)
