"""Records that syslog carries in another format: JSON, Windows events as XML, Snare's tabs: events.

The record's own time, host and program count; the prefix of syslog says what the record does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import BLANKS, DECODER, clean, unwrapped
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake import texts
from watchfloor.readers.jsonlog import event_of
from watchfloor.readers.meaning.prefix import peel
from watchfloor.readers.meaning.stamps import BEGINS
from watchfloor.readers.meaning.winmessages import said_in
from watchfloor.readers.records import order
from watchfloor.readers.records.jsonrecords import settled
from watchfloor.readers.records.lines import read_lines
from watchfloor.readers.records.xmlstream import whole
from watchfloor.readers.winevent import event_of as windows_event_of
from watchfloor.readers.winevent import is_event
from watchfloor.readers.winxml import row_of
from watchfloor.schemas import EVENTS, TIME

__all__ = ["READER"]

_SNARE = "MSWinEventLog"
_CARRIED = r'(?s)\{\s*".*\}\s*$|<Event[ >].*</Event>\s*$|MSWinEventLog(?:\t|#011)[0-9]'
_NAMED = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}(?:\[[0-9]+\])?(?: -)?: ?(?=\{)")
"""The name of a program alone, before an object: what relays leave that cut time and host."""
_LEAD = 120
"""So many characters may stand between the prefix and the record: `@cee:`, a tag."""
_STAMPED = ("time", "time_latest", "time_text", "zone", "zone_rule", "time_quality")
_OF_PREFIX = ("host", "program", "pid", "severity_text")
_NOTHING = ("", "-", "N/A")


def accepts(head: Head) -> float:
    """The share of lines with a prefix of syslog and a record of another format to their end."""
    begins, carried = re.compile(BEGINS.replace(r"(?-u:\b)", r"\b")), re.compile(_CARRIED)
    return head.share(lambda line: (begins.match(line[:400]) and _sounds(line, carried)) or _is_named(line))


def _is_named(line: str) -> bool:
    """Whether a line is a program's name and an object that says its time itself."""
    named = _NAMED.match(line)
    found = _object_in(line[named.end() :]) if named else None
    if found is None:
        return False
    try:
        return bool(event_of(unwrapped(found)))
    except (RecursionError, ValueError):
        return False


def _sounds(line: str, carried: re.Pattern[str]) -> bool:
    found = carried.search(line)
    return found is not None and (line[found.start()] != "{" or _object_in(line[found.start() :]) is not None)


def read(path: Path, options: Options) -> Tables:
    """The events of one file; a line that carries nothing is an event with its text."""
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    silent = texts.Listener(_nothing, _nothing, _nothing)
    known = order.survey(texts.blocks(path, None, silent), zone=options.zone, written=written)

    def parse(records: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        return _parsed(known.add(records), str(path), options.zone, written)

    return read_lines(path, options, format=READER.name, tables=READER.tables, parse=parse)


def _nothing(_: object) -> None:
    """Nobody needs to hear of the first of two readings."""


def _parsed(records: pl.DataFrame, source: str, zone: str | None, written: datetime) -> dict[str, pl.DataFrame]:
    peeled = peel(records, source=source, zone=zone, written=written, need_zone=False)
    rows: list[dict[str, Any]] = []
    rejects: list[tuple[int, str]] = []
    bare: list[int] = []
    for line in peeled.iter_rows(named=True):
        try:
            row = _carried(line["rest"] or "", line["text"])
        except (RecursionError, ValueError) as error:
            rejects.append((line["record"], clean(f"{error}") or "a record that cannot be read"))
            continue
        own = row.get("time") is not None or (row.get("clock") is not None and (zone or line["time"] is None))
        if not own:
            row |= {name: line[name] for name in _STAMPED} | {"clock": None}
            if line["time"] is None:
                bare.append(line["record"])
        row = _with_relay(row, line)
        rows.append(row | {"record": line["record"]})
    if bare and zone is None:
        # A clock time without a zone is an error, as in any syslog.
        peel(records.filter(pl.col("record").is_in(bare)), source=source, zone=zone, written=written)
    frame = pl.DataFrame(rows, schema=dict(EVENTS.schema) | {"clock": pl.Datetime("us"), "time": TIME})
    timeless = frame.filter(pl.col("time").is_null() & pl.col("clock").is_null() & pl.col("time_text").is_not_null())
    rejects += [(record, "a time that does not exist") for record in timeless["record"]]
    frame = settled(frame.join(timeless.select("record"), on="record", how="anti", maintain_order="left"), source, zone)
    return {
        "events": frame,
        "rejects": pl.DataFrame(rejects, schema={"record": pl.Int64, "reason": pl.String}, orient="row"),
    }


def _carried(rest: str, text: str) -> dict[str, Any]:
    """What the record behind a prefix says; the text itself where it carries none.

    Raises:
        ValueError: a record that is none of its format.
    """
    starts = {mark: place for mark in (_SNARE, "<Event", "{") if 0 <= (place := rest.find(mark)) <= _LEAD}
    # What stands first is the record, what stands within it is its text.
    mark = min(starts, key=lambda mark: starts[mark], default=None)
    if mark == _SNARE and (row := _snare(text[text.index(_SNARE) :])):
        return row
    if mark == "<Event" and "</Event>" in rest:
        row_or_reason = row_of(0, whole(rest[starts[mark] :].strip()))
        if isinstance(row_or_reason, str):
            raise ValueError(row_or_reason)
        return row_or_reason
    if mark == "{" and (found := _object_in(rest[starts[mark] :])) is not None:
        lead = rest[: starts[mark]].strip()
        row = _of_object(unwrapped(found))
        return row if not lead or lead == "@cee:" else _with_lead(row, lead)
    return {"message": rest.strip() or None}


def _of_object(found: dict[str, Any]) -> dict[str, Any]:
    if is_event(found):
        try:
            return windows_event_of({**found})
        except ValueError:
            pass
    return event_of(found, need_time=False)


def _with_relay(row: dict[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """What the prefix says beside the record: in columns that are free; of others, host and program as fields."""
    lost = {f"syslog_{name}": line[name] for name in ("host", "program") if line[name]}
    lost = {key: value for key, value in lost.items() if row.get(key.removeprefix("syslog_")) not in (None, value)}
    if lost:
        row["fields"] = json.dumps(json.loads(row.get("fields") or "{}") | lost, ensure_ascii=False)
    return row | {name: line[name] for name in _OF_PREFIX if row.get(name) is None}


def _with_lead(row: dict[str, Any], lead: str) -> dict[str, Any]:
    if row.get("message") is None:
        return row | {"message": lead}
    fields = json.loads(row.get("fields") or "{}")
    return row | {"fields": json.dumps({"lead": lead} | fields, ensure_ascii=False)}


def _object_in(text: str) -> dict[str, Any] | None:
    """The one object that a text is."""
    try:
        found, end = DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found and not text[end:].strip(BLANKS + "\0") else None


def _snare(text: str) -> dict[str, Any] | None:
    """Snare for Windows: fields between tabs, the text of the event in one of the last (Snare's agent guide)."""
    cells = [cell.strip() for cell in (text.split("\t") if "\t" in text else text.split("#011"))]
    if len(cells) < 13:
        return None
    said = [None if cell in _NOTHING else clean(cell) for cell in cells]
    instant: Instant | None = instant_of(said[4])
    # Data, text and a checksum follow, of which an agent may leave out some.
    message = max((cell for cell in said[12:] if cell), key=len, default=None)
    row: dict[str, Any] = instant.row() if instant else {}
    row |= {
        "program": said[6],
        "user": said[7],
        "host": said[10],
        "event_id": said[5],
        "category": said[2],
        "action": said[9],
        "title": message.split(". ", 1)[0].strip().rstrip(".") if message else None,
        "message": message,
    }
    row |= {name: value for name, value in _told(message) if row.get(name) is None}
    rest = {"criticality": said[1], "counter": said[3], "sid_type": said[8], "task": said[11], "data": said[12]}
    kept = {name: value for name, value in rest.items() if value is not None and value != message}
    return row | {"fields": json.dumps(kept, ensure_ascii=False) if kept else None}


def _told(message: str | None) -> Iterator[tuple[str, Any]]:
    yield from (said_in(message) if message else {}).items()


READER = Reader(
    name="syslog-carried",
    about="JSON, Windows events as XML, and Snare's tabs behind a syslog prefix, as events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="a syslog prefix, then a JSON object, <Event>..</Event> or MSWinEventLog, in most lines",
    grows=lambda _: True,
)
