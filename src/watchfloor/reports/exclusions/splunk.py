"""Splunk: conditions in SPL for the search of the rule, and a search that counts what they match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from watchfloor.reports.exclusions.entries import Entry, one_line
from watchfloor.times import hours_of

__all__ = ["text"]

_FIELDS = {"src_ip": "src", "dst_ip": "dest", "host": "dvc", "domain": "query", "process": "process_name"}
"""Names of the Common Information Model."""


def text(entries: Sequence[Entry]) -> str:
    """One piece per exclusion: append its `where` to the correlation search."""
    return "\n".join(_piece(entry) for entry in entries) or "``` No exclusion is recommended. ```\n"


def _piece(entry: Entry) -> str:
    said = " AND ".join(map(_condition, entry.conditions)) or "true()"
    name = _string(one_line(entry.rule)).replace("`", "'")
    head = "\n".join(f"``` {line.replace('`', chr(39))} ```" for line in entry.head())
    return (
        f"{head}\n``` To append to the rule's search; names are the CIM's: change them to those of the search. ```\n"
        f"| where NOT ({said})\n"
        "``` To check: notables of the rule per day, before and after. ```\n"
        f"``` index=notable search_name={name} | timechart span=1d count ```\n"
    )


def _condition(condition: dict[str, Any]) -> str:
    field, value = _FIELDS.get(condition["field"], condition["field"]), condition["value"]
    match condition["op"]:
        case "eq":
            return f"'{field}'={_string(value)}"
        case "in":
            return f"in('{field}', {', '.join(map(_string, value))})"
        case "in_network":
            return f"cidrmatch({_string(value)}, '{field}')"
        case "matches":
            return f"match('{field}', {_string(f'^(?:{value})$')})"
        case _:
            return _hours(value)


def _hours(window: str) -> str:
    """By seconds since 1970, a Thursday, in UTC: strftime would take the user's own zone."""
    days, start, end = hours_of(window)
    over = start >= end
    hour = "floor(_time%86400/3600)"
    hours = f"({hour}>={start} {'OR' if over else 'AND'} {hour}<{end})"
    if len(days) == 7:
        return hours
    time = f"(_time-{end * 3600})" if over else "_time"
    return f"({hours} AND in((floor({time}/86400)+3)%7, {', '.join(map(str, days))}))"


def _string(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
