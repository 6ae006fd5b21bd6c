"""Any other JSON records that say when they were written: an event each, with whatever they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchfloor.errors import UnreadableFile
from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import Rest, text_of, unwrapped
from watchfloor.readers import files
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.documents import has_lines
from watchfloor.readers.jsonrecords import objects_of, read_json, share_of

__all__ = ["READER", "event_of"]

_TIMES = (
    *("@timestamp", "timestamp", "Timestamp", "time", "Time", "ts", "datetime", "date_time", "eventTime", "EventTime"),
    *("event_time", "event.start", "event.created", "TimeGenerated", "TimeCreated", "timeGenerated", "CreationTime"),
    *("activityDateTime", "createdDateTime", "created_at", "createdAt", "start_time", "startTime", "published"),
    *("logged_at", "log_time", "time_local", "time_iso8601", "_time", "@t", "when", "date", "Date", "t"),
)
"""Names of a record's own time, the surest first."""
_TIMELY = re.compile(r"(?i)(?:^|[^a-z])(?:time|date)|(?:time|date|stamp|[^a-z]at)$")
_NOT_ITS_OWN = re.compile(r"(?i)expect|expir|valid|birth|until|before|after|next|updat|modif|deadline|due|end")
"""Words in the names of times that are not when the record was written."""
_HOSTS = (
    *("host.name", "host.hostname", "hostname", "Hostname", "HostName", "host", "Host", "computer", "Computer"),
    *("ComputerName", "computerName", "agent.hostname", "agent.name", "beat.hostname", "device", "dvchost", "node"),
)
_PROGRAMS = (
    *("process.name", "program", "app", "appname", "app_name", "application", "service.name", "service", "logger"),
    *("eventSource", "event.provider", "event.module", "syslog_identifier", "SYSLOG_IDENTIFIER", "source_name"),
)
_USERS = (
    *("user.name", "user.email", "username", "userName", "user", "User", "UserName", "user_name", "account"),
    *("userIdentity.userName", "userIdentity.arn", "actor.alternateId", "UserId", "userId", "userPrincipalName"),
)
_SRC_IPS = (
    *("source.ip", "source.address", "src_ip", "srcip", "src", "client_ip", "clientip", "client.ip", "remote_addr"),
    *(
        "remote_ip",
        "sourceIPAddress",
        "source_ip",
        "client.ipAddress",
        "ClientIP",
        "callerIpAddress",
        "ipAddress",
        "ip",
    ),
)
_DST_IPS = ("destination.ip", "destination.address", "dst_ip", "dest_ip", "dstip", "dst", "server_ip", "server.ip")
_ACTIONS = (
    *("event.action", "action", "eventName", "event_name", "operationName", "Operation", "operation", "eventType"),
    *("event_type", "event", "activity", "method"),
)
_LEVELS = ("log.level", "level", "Level", "severity", "Severity", "levelname", "loglevel", "log_level", "@l", "lvl")
_MESSAGES = ("message", "msg", "Message", "@m", "@mt", "log", "MESSAGE", "event.original", "text")
_URLS = ("url.full", "url.original", "url", "request_uri", "uri", "request_url")
_CATEGORIES = ("event.category", "category", "Category", "event.dataset", "channel", "type")
_NUMBERS = ("event.code", "event_id", "eventId", "EventID", "eventID", "event.id")
_LISTS = ("Records", "records", "events", "value", "hits.hits", "data", "results")
"""Where an object without a time of its own may hold the records."""
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?")


def accepts(head: Head) -> float:
    """The share of objects with a time."""
    return share_of(head, lambda found: any(_time_name(Rest({**one})) for one in _records(found)))


def read(path: Path, options: Options) -> Tables:
    """The events of one file.

    Raises:
        UnreadableFile: no JSON.
        AmbiguousTime: clock times, and no zone.
    """
    if not objects_of(files.head(path)) and files.head(path).content.lstrip()[:1] not in (b"{", b"["):
        raise UnreadableFile(f"{path}: no JSON objects", hint="`watchfloor formats` lists what can be read")
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_events)


def _records(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The object, or the records in it where it has no time and holds some."""
    rest = Rest(unwrapped({**found}))
    if _time_name(rest) is None:
        for name in _LISTS:
            inner = rest.look(name)
            if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
                return inner
    return [rest.found]


def _events(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for record in _records(found):
        yield "events", event_of(record)


def event_of(found: dict[str, Any]) -> dict[str, Any]:
    """The event that a record is.

    Raises:
        ValueError: no time.
    """
    rest = Rest(found)
    name = _time_name(rest)
    instant = _instant(rest, name) if name else None
    if name is None or instant is None:
        raise ValueError("no time that can be read")
    rest.take(name)
    proto = rest.word("network.transport", "proto", "protocol")
    return instant.row() | {
        "host": rest.word(*_HOSTS),
        "program": rest.word(*_PROGRAMS),
        "pid": rest.integer("process.pid", "pid", "_PID", "process_id"),
        "user": rest.word(*_USERS),
        "src_ip": rest.first(_address, *_SRC_IPS),
        "src_port": rest.first(_port, "source.port", "src_port", "srcport", "client_port", "sport"),
        "dst_ip": rest.first(_address, *_DST_IPS),
        "dst_port": rest.first(_port, "destination.port", "dst_port", "dest_port", "dstport", "dport"),
        "proto": proto.lower() if proto else None,
        "action": rest.word(*_ACTIONS),
        "event_id": rest.word(*_NUMBERS),
        "category": rest.word(*_CATEGORIES),
        "severity_text": rest.word(*_LEVELS),
        "url": rest.word(*_URLS),
        "message": rest.word(*_MESSAGES),
        "fields": rest.fields(),
    }


def _time_name(rest: Rest) -> str | None:
    """The name of the record's time: one that is known, else the first that sounds like one and reads as one."""
    for name in _TIMES:
        if _instant(rest, name):
            return name
    names = (name for name in rest.found if _TIMELY.search(name) and not _NOT_ITS_OWN.search(name))
    return next((name for name in names if _instant(rest, name)), None)


def _instant(rest: Rest, name: str) -> Instant | None:
    value = rest.look(name)
    return None if isinstance(value, dict | list) else instant_of(value)


def _address(value: Any) -> str | None:
    return value if isinstance(value, str) and _ADDRESS.fullmatch(value) else None


def _port(value: Any) -> int | None:
    digits = text_of(value)
    return int(digits) if digits and re.fullmatch(r"[0-9]{1,5}", digits) else None


READER = Reader(
    name="json",
    about="Any JSON lines, array or objects one after the other that say when they were written, as events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with a time, such as `@timestamp`, `time`, `ts`",
    grows=lambda head: has_lines(head.lines),
)
