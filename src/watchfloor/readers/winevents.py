"""Windows events, whatever they are stored in: from the facts of one event to a row of EVENTS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.records.xmlstream import as_json

__all__ = ["LEVELS", "Facts", "event"]

Facts = Mapping[str, str | list[str]]
"""What a part of an event says, by its names; attributes and inner elements after a dot."""

LEVELS = {"0": "Information", "1": "Critical", "2": "Error", "3": "Warning", "4": "Information", "5": "Verbose"}
"""As the Event Viewer calls them."""
_AUDIT = ((1 << 53, "Audit Success"), (1 << 52, "Audit Failure"))
"""Bits of `Keywords` (winmeta.xml)."""
_NOTHING = ("", "-")
_USER = ("TargetUserName", "SubjectUserName", "User", "AccountName", "TargetUser")
_SRC_IP = ("IpAddress", "SourceIp", "SourceAddress", "ClientAddress", "ClientIP", "Address")
_SRC_PORT = ("IpPort", "SourcePort", "ClientPort")
_DST_IP = ("DestinationIp", "DestAddress")
_DST_PORT = ("DestinationPort", "DestPort")
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?")
_MAPPED = re.compile("(?i)^::ffff:(?=[0-9]+[.])")
"""Before an IPv4 address that Windows writes as one of IPv6."""
_PORT = re.compile("[1-9][0-9]{0,4}")
_PID = re.compile("[0-9]{1,10}")


def event(record: int, system: Facts, data: Facts, rendering: Facts) -> dict[str, Any] | str:
    """A row of EVENTS, or why there is none.

    Arguments:
        record: number of the record.
        system: what is under `System`.
        data: what is under `EventData` or `UserData`, by its own names.
        rendering: what is under `RenderingInfo`, where the collector wrote the texts.
    """
    head, rest = dict(system), {name: value for name, value in data.items() if value not in _NOTHING}

    def said(name: str) -> str | None:
        """A fact of the head, which no other column holds from now on."""
        value = head.pop(name, None)
        return value if isinstance(value, str) and value not in _NOTHING else None

    text = said("TimeCreated.SystemTime")
    if text is None:
        return "an event without a time"
    time = _instant(text)
    if time is None:
        return f"a time that does not exist ({text[:40]})"
    pid = _taken(head, ("Execution.ProcessID",), _PID)
    src_port, dst_port = _taken(rest, _SRC_PORT, _PORT), _taken(rest, _DST_PORT, _PORT)
    proto = _taken(rest, ("Protocol",), None)
    level = _text(head.get("Level"))
    row: dict[str, Any] = {
        "record": record,
        "time": time,
        "time_text": text,
        "zone": "UTC",
        "zone_rule": "in the text" if text.endswith("Z") else "by the format",
        "time_quality": "exact",
        "host": said("Computer"),
        "program": said("Provider.Name") or said("Provider.EventSourceName"),
        "pid": int(pid) if pid else None,
        "user": _taken(rest, _USER, None),
        "src_ip": _address(rest, _SRC_IP),
        "src_port": int(src_port) if src_port else None,
        "dst_ip": _address(rest, _DST_IP),
        "dst_port": int(dst_port) if dst_port else None,
        "proto": PROTOCOLS.get(proto, proto.lower()) if proto else None,
        "action": _audit(_text(head.get("Keywords"))),
        "event_id": said("EventID"),
        "category": said("Channel"),
        "severity_text": _text(rendering.get("Level")) or LEVELS.get(level or "", level),
        "title": _text(rendering.get("Task")),
        "message": _text(rendering.get("Message")),
    }
    for name, value in head.items():
        if value not in _NOTHING:
            rest[name if name not in rest else f"System.{name}"] = value
    for name, value in rendering.items():
        if name not in ("Level", "Task", "Message") and value not in _NOTHING:
            rest[f"RenderingInfo.{name}"] = value
    return row | {"fields": as_json(rest)}


def _instant(text: str) -> datetime | None:
    """An instant; Windows writes UTC, with or without its mark, in steps of 100 ns, which are cut to microseconds."""
    try:
        found = datetime.fromisoformat(text.removesuffix(" UTC"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: str | list[str] | None) -> str | None:
    text = "; ".join(value) if isinstance(value, list) else value
    return text if text not in _NOTHING else None


def _taken(facts: dict[str, str | list[str]], names: tuple[str, ...], shape: re.Pattern[str] | None) -> str | None:
    """The first of some facts that has a value of this shape; it is taken out."""
    for name in names:
        value = facts.get(name)
        if isinstance(value, str) and value not in _NOTHING and (shape is None or shape.fullmatch(value)):
            del facts[name]
            return value
    return None


def _address(facts: dict[str, str | list[str]], names: tuple[str, ...]) -> str | None:
    found = _taken(facts, names, _ADDRESS)
    return _MAPPED.sub("", found) if found else None


def _audit(keywords: str | None) -> str | None:
    """Whether an audit says success or failure."""
    if keywords is None or not re.fullmatch("0x[0-9A-Fa-f]{1,16}", keywords):
        return None
    bits = int(keywords, 16)
    return next(_named(bits), None)


def _named(bits: int) -> Iterator[str]:
    return (name for bit, name in _AUDIT if bits & bit)
