"""Windows events as JSON: winlogbeat, NXLog, dumps of event logs, Azure and PowerShell all call them differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import Rest, unwrapped
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.meaning.endpoints import PROTOCOLS, address_of, port_of
from watchfloor.readers.meaning.winmessages import said_in
from watchfloor.readers.records.documents import has_lines
from watchfloor.readers.records.jsonrecords import Make, read_json, share_of
from watchfloor.readers.winevents import LEVELS

__all__ = ["READER", "event_of", "is_event"]

_SYSTEM = ("Event.System.", "System.")
"""Where dumps of event logs keep what all events have."""
_DATA = ("", "Event.EventData.", "winlog.event_data.", "event_data.", "EventData.", "Event.UserData.")
"""Where the fields of one kind of event are."""
_ATTRIBUTES = ("{}_attributes.{}", "{}.#attributes.{}", "{}.@{}", "{}.{}")
"""How dumps write an attribute of an element."""
_UTC_IN_MESSAGE = re.compile(r"(?m)^UtcTime: ([0-9-]{10} [0-9:.]{8,18})\r?$")


def _attribute(element: str, name: str) -> tuple[str, ...]:
    return tuple(above + way.format(element, name) for above in _SYSTEM for way in _ATTRIBUTES)


def _data(*names: str) -> tuple[str, ...]:
    return tuple(above + name for name in names for above in _DATA)


_SYSTEM_TIME = (*_attribute("TimeCreated", "SystemTime"), "SystemTime")
_EVENT_TIME = ("EventTime", "TimeCreated", "TimeGenerated", "Event.System.TimeCreated")
_UTC_TIME = _data("UtcTime")
_APART = timedelta(seconds=2)
"""Sysmon writes an event to the log within so much."""
_ARRIVAL = ("@timestamp", "EventReceivedTime")
_HOST = (
    *("Hostname", "winlog.computer_name", "Event.System.Computer", "System.Computer", "Computer", "MachineName"),
    *("computer_name", "host.name", "agent.hostname"),
)
_NUMBER = (
    *("Event.System.EventID.#text", "System.EventID.#text", "Event.System.EventID", "System.EventID"),
    *("winlog.event_id", "EventID", "EventId", "Id", "event_id", "event.code"),
)
_CHANNEL = ("Event.System.Channel", "System.Channel", "winlog.channel", "Channel", "LogName", "log_name")
_PROVIDER = (
    *_attribute("Provider", "Name"),
    *("winlog.provider_name", "SourceName", "ProviderName", "EventSourceName", "source_name", "Provider", "Source"),
)
_PROCESS = (
    *_attribute("Execution", "ProcessID"),
    "winlog.process.pid",
    "ExecutionProcessID",
    "ProcessID",
    "process_id",
)
_SRC_IP = _data("IpAddress", "SourceIp", "SourceAddress", "ClientAddress")
_SRC_PORT = _data("IpPort", "SourcePort")
_DST_IP = _data("DestinationIp", "DestAddress")
_DST_PORT = _data("DestinationPort", "DestPort")
_PROTOCOL = _data("Protocol")
_USER = (*_data("TargetUserName", "SubjectUserName", "User"), "winlog.user.name", "AccountName", "Account", "UserName")
_LEVEL = ("Severity", "log.level", "LevelDisplayName", "winlog.level", "Event.System.Level", "System.Level", "Level")
_ACTION = ("event.action", "Category", "winlog.task", "TaskDisplayName", "TaskCategory")
_TITLE = ("Activity", "MapDescription")
_MESSAGE = ("Message", "message", "Event.RenderingInfo.Message", "RenderedDescription")


def accepts(head: Head) -> float:
    """The share of objects that have what every Windows event has."""
    return share_of(head, is_event)


def is_event(found: Mapping[str, Any]) -> bool:
    """Whether an object is a Windows event, and not what a detection tool says of one."""
    found = unwrapped({**found})
    system = found["Event"].get("System") if isinstance(found.get("Event"), dict) else found.get("System")
    if isinstance(system, dict) and "EventID" in system:
        return True
    if "winlog.event_id" in found or (isinstance(found.get("winlog"), dict) and "event_id" in found["winlog"]):
        return True
    if {"event_id", "log_name", "source_name"} <= found.keys():
        return True
    if "RuleTitle" in found or "detections" in found:
        return False
    numbered = "EventID" in found or "EventId" in found
    named = any(name in found for name in ("Channel", "SourceName", "ProviderName", "Provider", "EventSourceName"))
    placed = any(name in found for name in ("Hostname", "Computer", "MachineName"))
    return (numbered and named and placed) or {"Id", "LogName", "ProviderName"} <= found.keys()


def read(path: Path, options: Options) -> Tables:
    """The events of one file.

    Raises:
        AmbiguousTime: events that have nothing but a clock time, and no zone.
    """
    names = ({"Event.System.EventID", "winlog.event_id", "EventID", "EventId", "Id"},)
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_maker(options.zone), names=names)


def _maker(zone: str | None) -> Make:
    def event(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "events", event_of(unwrapped(found), zone)

    return event


def event_of(found: dict[str, Any], zone: str | None = None) -> dict[str, Any]:
    """A row of EVENTS; the record is changed.

    Arguments:
        found: the event.
        zone: of clock times.

    Raises:
        ValueError: no Windows event, or one without a time.
    """
    rest = Rest(found)
    instant = _when(rest, zone)
    number = rest.word(*_NUMBER)
    if instant is None:
        raise ValueError("no time that can be read" if number else "no Windows event: neither a number nor a time")
    message = rest.word(*_MESSAGE)
    proto = rest.word(*_PROTOCOL)
    level = rest.word(*_LEVEL)
    row: dict[str, Any] = instant.row() | {
        "host": rest.word(*_HOST),
        "program": rest.word(*_PROVIDER),
        "pid": rest.integer(*_PROCESS),
        "user": rest.word(*_USER),
        "src_ip": rest.first(_ip, *_SRC_IP),
        "src_port": rest.first(port_of, *_SRC_PORT),
        "dst_ip": rest.first(_ip, *_DST_IP),
        "dst_port": rest.first(port_of, *_DST_PORT),
        "proto": PROTOCOLS.get(proto, proto.lower()) if proto else None,
        "action": rest.word(*_ACTION),
        "event_id": number,
        "category": rest.word(*_CHANNEL),
        "severity_text": LEVELS.get(level, level) if level else None,
        "title": message.split("\n", 1)[0].strip().rstrip(":") or None if message else rest.word(*_TITLE),
        "message": message,
        "fields": rest.fields(),
    }
    if message and row["user"] is None and row["src_ip"] is None:
        row |= said_in(message)
    return row


def _when(rest: Rest, zone: str | None) -> Instant | None:
    """The event's own time before that of its arrival; a clock time only where its zone is known, or nothing else is.

    Windows keeps UTC: `SystemTime` is that, whatever is printed behind it, and so is Sysmon's `UtcTime`. A record's own
    `EventTime` goes before Sysmon's where the declared zone brings both together; where it does not, the zone is wrong.
    """
    for name in _SYSTEM_TIME:
        if found := _taken(rest, name, utc=True):
            return found
    sysmon, named = _of_sysmon(rest)
    if sysmon is not None and sysmon.exact is not None:
        own = instant_of(rest.look("EventTime"))
        if own and own.clock and zone and _are_one(own.clock, sysmon.exact, zone):
            rest.take("EventTime")
            return own
        if named:
            rest.take(named)
        return sysmon
    beat = rest.look("winlog", "winlog.event_id") is not None
    clock: Instant | None = None
    for name in ("@timestamp", *_EVENT_TIME) if beat else _EVENT_TIME:
        found = instant_of(rest.look(name))
        if found and (found.exact or zone):
            rest.take(name)
            return found
        clock = clock or found
    for name in _ARRIVAL:
        if (found := instant_of(rest.look(name))) and found.exact:
            rest.take(name)
            return Instant(found.text, found.exact, None, f"{found.rule}, of its arrival", found.quality)
    return clock


def _of_sysmon(rest: Rest) -> tuple[Instant | None, str | None]:
    """The time that Sysmon says, in a field with its name, or within its message."""
    for name in _UTC_TIME:
        if found := instant_of(rest.look(name), utc=True):
            return found, name
    message = rest.look(*_MESSAGE)
    if isinstance(message, str) and (said := _UTC_IN_MESSAGE.search(message)):
        return instant_of(said[1], utc=True), None
    return None, None


def _are_one(clock: datetime, instant: datetime, zone: str) -> bool:
    """Whether a clock time is a moment before or after an instant, and can be no other."""
    by_zone = {clock.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)}
    return len(by_zone) == 1 and abs(by_zone.pop() - instant) <= _APART


def _taken(rest: Rest, name: str, *, utc: bool) -> Instant | None:
    if found := instant_of(rest.look(name), utc=utc):
        rest.take(name)
    return found


def _ip(value: Any) -> str | None:
    found = address_of(value)
    return found[0] if found else None


READER = Reader(
    name="windows-json",
    about="Windows events as JSON (winlogbeat, NXLog, evtx dumps and chainsaw search, Azure, PowerShell), as events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with `Event.System.EventID`, `winlog.event_id`, or `EventID`, a channel or provider, and a host",
    grows=lambda head: has_lines(head.lines),
)
