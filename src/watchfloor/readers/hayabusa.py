"""Hayabusa's timelines, CSV and JSON: an alert for each line, with what the event says as its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from watchfloor.instants import instant_of
from watchfloor.jsonvalues import Rest, text_of
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake import files
from watchfloor.readers.records.csvrecords import header_of, read_csv
from watchfloor.readers.records.jsonrecords import read_json, share_of

__all__ = ["LEVELS", "READER", "facts"]

LEVELS = {
    **{"critical": 95.0, "crit": 95.0, "high": 75.0, "medium": 50.0, "med": 50.0, "low": 25.0},
    **{"informational": 5.0, "info": 5.0},
}
"""Sigma's levels, as points."""
_TIMES = ("Timestamp", "datetime")
_BETWEEN = re.compile(r" ?[¦] ?")
_FIELDS = {
    **dict.fromkeys(("User", "TgtUser", "TargetUserName"), "user"),
    **dict.fromkeys(("SrcIP", "IpAddress", "SourceIp", "IP Address"), "src_ip"),
    **dict.fromkeys(("TgtIP", "DstIP", "DestinationIp"), "dst_ip"),
    **dict.fromkeys(("Proc", "Image", "NewProcessName", "Process"), "process"),
    **dict.fromkeys(("Cmdline", "CommandLine"), "command"),
    **dict.fromkeys(("Computer", "Hostname"), "host"),
    **dict.fromkeys(("Channel", "log_channel"), "log_source"),
    **dict.fromkeys(("EventID", "Event ID"), "event_id"),
}
"""Hayabusa's names of what evidence has a name for; others keep their own."""
_DAY_FIRST = re.compile(
    r"([0-9]{2})-([0-9]{2})-([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)( [AP]M)? ([+-][0-9]{2}:?[0-9]{2})"
)


def accepts(head: Head) -> float:
    """A CSV header, or JSON objects, with the title of a rule and the computer."""
    if _ours(dict.fromkeys(header_of(head))):
        return 1.0
    return share_of(head, _ours)


def _ours(found: Mapping[str, Any]) -> bool:
    timed = any(name in found for name in _TIMES)
    return timed and "RuleTitle" in found and "Level" in found and ("Computer" in found or "Channel" in found)


def read(path: Path, options: Options) -> Tables:
    """The alerts of one file."""
    head = files.head(path)
    names = header_of(head)
    if "RuleTitle" in names:
        time = next((name for name in _TIMES if name in names), _TIMES[0])
        return read_csv(path, options, format=READER.name, tables=READER.tables, make=_alert, time=time)
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_alert, names=({"RuleTitle"},))


def _alert(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    rest = Rest(found)
    written = rest.take(*_TIMES)
    rule, level = rest.word("RuleTitle"), rest.word("Level")
    time = _time(written)
    if time is None:
        raise ValueError(f"no time that can be read: {text_of(written)!r}"[:200])
    if rule is None:
        raise ValueError("no title of a rule")
    about = [rest.look(name) for name in ("Computer", "Channel", "RecordID")]
    name = "/".join([text for part in about if (text := text_of(part))] + [rule, str(written)])
    yield (
        "alerts",
        {
            "alert_id": name,
            "system": "hayabusa",
            "rule": rule,
            "title": rule,
            "severity": LEVELS.get((level or "").lower()),
            "event_count": 1,
            "first_event_time": time,
            "last_event_time": time,
            "created_time": time,
        },
    )
    for field, value in facts(rest.found):
        yield "evidence", {"alert_id": name, "field": field, "value": value}


def facts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a record says, under the names of evidence where there are any: details are taken apart."""
    for name, value in found.items():
        if isinstance(value, str) and "¦" in value:
            for part in _BETWEEN.split(value):
                key, colon, said = part.partition(": ")
                yield from _fact(key if colon else name, said if colon else part)
        elif isinstance(value, dict):
            yield from facts(value)
        elif isinstance(value, list):
            for one in value:
                yield from facts(one) if isinstance(one, dict) else _fact(name, one)
        elif name in ("Details", "ExtraFieldInfo", "AllFieldInfo") and isinstance(value, str) and ": " in value:
            yield from _fact(*value.split(": ", 1))
        else:
            yield from _fact(name, value)


def _fact(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if text := text_of(value):
        yield _FIELDS.get(name, name), text


def _time(written: Any) -> datetime | None:
    """An instant in one of Hayabusa's formats.

    Raises:
        ValueError: it has no offset, or its day and month cannot be told apart.
    """
    if found := instant_of(written):
        if found.exact is None:
            raise ValueError(f"a time without its offset: {found.text!r}")
        return found.exact
    if not isinstance(written, str):
        return None
    if numbers := _DAY_FIRST.fullmatch(written.strip()):
        return _european_or_american(numbers)
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _european_or_american(numbers: re.Match[str]) -> datetime | None:
    first, second, year, clock, half, offset = numbers.groups()
    if half is None and int(first) <= 12 and int(second) <= 12 and first != second:
        raise ValueError("a date of which day and month cannot be told apart: write the timeline with --ISO-8601")
    month, day = (first, second) if half or int(second) > 12 else (second, first)
    hours, minutes = clock.split(":", 1)
    if half:
        hours = f"{int(hours) % 12 + (12 if half == ' PM' else 0):02}"
    found = instant_of(f"{year}-{month}-{day}T{hours}:{minutes}{offset}")
    return found.exact if found else None


READER = Reader(
    name="hayabusa",
    about="Hayabusa's timelines, CSV and JSON: an alert for each line, with its details as evidence",
    tables=("alerts", "evidence"),
    accepts=accepts,
    read=one_by_one(read),
    sign="columns or keys `RuleTitle`, `Level`, `Timestamp`, `Computer`",
)
