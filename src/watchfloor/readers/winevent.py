"""Windows events as JSON: winlogbeat, NXLog, dumps of event logs, Azure and PowerShell all call them differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import Rest, text_of, unwrapped
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.documents import has_lines
from watchfloor.readers.jsonrecords import Make, read_json, share_of

__all__ = ["READER", "is_event"]

_SYSTEM = ("Event.System.", "System.")
"""Where dumps of event logs keep what all events have."""
_DATA = ("", "Event.EventData.", "winlog.event_data.", "EventData.", "Event.UserData.")
"""Where the fields of one kind of event are."""
_ATTRIBUTES = ("{}_attributes.{}", "{}.#attributes.{}", "{}.@{}", "{}.{}")
"""How dumps write an attribute of an element."""
_UTC_IN_MESSAGE = re.compile(r"(?m)^UtcTime: ([0-9-]{10} [0-9:.]{8,18})\r?$")
_LEVELS = {"0": "Information", "1": "Critical", "2": "Error", "3": "Warning", "4": "Information", "5": "Verbose"}
"""Levels of Windows, as its own viewer calls them."""
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp"}
_ADDRESS = re.compile(r"(?:::ffff:)?([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?)")


def _attribute(element: str, name: str) -> tuple[str, ...]:
    return tuple(above + way.format(element, name) for above in _SYSTEM for way in _ATTRIBUTES)


def _data(*names: str) -> tuple[str, ...]:
    return tuple(above + name for name in names for above in _DATA)


_SYSTEM_TIME = (*_attribute("TimeCreated", "SystemTime"), "SystemTime")
_EVENT_TIME = ("EventTime", "TimeCreated", "TimeGenerated", "Event.System.TimeCreated")
_UTC_TIME = _data("UtcTime")
_ARRIVAL = ("@timestamp", "EventReceivedTime")
_HOST = (
    *("Hostname", "winlog.computer_name", "Event.System.Computer", "System.Computer", "Computer", "MachineName"),
    *("host.name", "agent.hostname"),
)
_NUMBER = (
    *("Event.System.EventID.#text", "System.EventID.#text", "Event.System.EventID", "System.EventID"),
    *("winlog.event_id", "EventID", "EventId", "Id", "event.code"),
)
_CHANNEL = ("Event.System.Channel", "System.Channel", "winlog.channel", "Channel", "LogName")
_PROVIDER = (
    *_attribute("Provider", "Name"),
    *("winlog.provider_name", "SourceName", "ProviderName", "EventSourceName", "Provider", "Source"),
)
_PROCESS = (*_attribute("Execution", "ProcessID"), "winlog.process.pid", "ExecutionProcessID")
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
        rest = Rest(unwrapped(found))
        instant = _when(rest, zone)
        number = rest.word(*_NUMBER)
        if instant is None:
            raise ValueError("no time that can be read" if number else "no Windows event: neither a number nor a time")
        message = rest.word(*_MESSAGE)
        proto = rest.word(*_PROTOCOL)
        level = rest.word(*_LEVEL)
        yield (
            "events",
            instant.row()
            | {
                "host": rest.word(*_HOST),
                "program": rest.word(*_PROVIDER),
                "pid": rest.integer(*_PROCESS),
                "user": rest.word(*_USER),
                "src_ip": rest.first(_address, *_SRC_IP),
                "src_port": rest.first(_port, *_SRC_PORT),
                "dst_ip": rest.first(_address, *_DST_IP),
                "dst_port": rest.first(_port, *_DST_PORT),
                "proto": _PROTOCOLS.get(proto, proto.lower()) if proto else None,
                "action": rest.word(*_ACTION),
                "event_id": number,
                "category": rest.word(*_CHANNEL),
                "severity_text": _LEVELS.get(level, level) if level else None,
                "title": message.split("\n", 1)[0].strip().rstrip(":") or None if message else rest.word(*_TITLE),
                "message": message,
                "fields": rest.fields(),
            },
        )

    return event


def _when(rest: Rest, zone: str | None) -> Instant | None:
    """The event's own time before that of its arrival; a clock time only where its zone is known, or nothing else is.

    Windows keeps UTC: `SystemTime` is that, whatever is printed behind it, and so is Sysmon's `UtcTime`.
    """
    for names in (_SYSTEM_TIME, _UTC_TIME):
        for name in names:
            if found := _taken(rest, name, utc=True):
                return found
    message = rest.look(*_MESSAGE)
    if isinstance(message, str) and (said := _UTC_IN_MESSAGE.search(message)):
        return instant_of(said[1], utc=True)
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


def _taken(rest: Rest, name: str, *, utc: bool) -> Instant | None:
    if found := instant_of(rest.look(name), utc=utc):
        rest.take(name)
    return found


def _address(value: Any) -> str | None:
    """An IP address, without the prefix of an IPv4 address in IPv6."""
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def _port(value: Any) -> int | None:
    digits = text_of(value)
    return int(digits) if digits and re.fullmatch(r"[0-9]{1,5}", digits) else None


READER = Reader(
    name="windows-json",
    about="Windows events as JSON (winlogbeat, NXLog, evtx dumps and chainsaw search, Azure, PowerShell), as events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with `Event.System.EventID`, `winlog.event_id`, or `EventID`, a channel or provider, and a host",
    grows=lambda head: has_lines(head.lines),
)
