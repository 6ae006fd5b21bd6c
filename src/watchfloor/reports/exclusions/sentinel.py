"""Microsoft Sentinel: conditions in KQL for the rule's own query, and a query that counts what they match."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from watchfloor.reports.exclusions.entries import Entry
from watchfloor.times import hours_of

__all__ = ["text"]

_FIELDS = {"src_ip": "SrcIpAddr", "dst_ip": "DstIpAddr", "user": "TargetUsername", "host": "DvcHostname"}
"""Names of the Advanced Security Information Model (ASIM)."""


def text(entries: Sequence[Entry]) -> str:
    """One piece per exclusion: append its `where` to the query of the analytics rule."""
    return "\n".join(_piece(entry) for entry in entries) or "// No exclusion is recommended.\n"


def _piece(entry: Entry) -> str:
    said = " and ".join(map(_condition, entry.conditions)) or "true"
    head = "\n".join(f"// {line}" for line in entry.head())
    count = f"SecurityAlert\n| where AlertName == {_string(entry.rule)}\n| summarize count() by bin(TimeGenerated, 1d)"
    return (
        f"{head}\n// To append to the rule's query; names are ASIM's: change them to those of the query.\n"
        f"| where not({said})\n// To check: alerts of the rule per day, before and after.\n"
        + "".join(f"// {line}\n" for line in count.splitlines())
    )


def _condition(condition: dict[str, Any]) -> str:
    field, value = _FIELDS.get(condition["field"], condition["field"]), condition["value"]
    match condition["op"]:
        case "eq":
            return f"{field} == {_string(value)}"
        case "in":
            return f"{field} in ({', '.join(map(_string, value))})"
        case "in_network":
            return f"{'ipv6' if ':' in value else 'ipv4'}_is_in_range({field}, {_string(value)})"
        case "matches":
            return f"{field} matches regex {_string(f'^(?:{value})$')}"
        case _:
            return _hours(value)


def _hours(window: str) -> str:
    """KQL's days begin with Sunday; what follows midnight belongs to the evening before."""
    days, start, end = hours_of(window)
    over = start >= end
    time = f"TimeGenerated - {end}h" if over else "TimeGenerated"
    joined = "or" if over else "and"
    hours = f"(hourofday(TimeGenerated) >= {start} {joined} hourofday(TimeGenerated) < {end})"
    if len(days) == 7:
        return hours
    numbers = ", ".join(f"{(day + 1) % 7}d" for day in days)
    return f"({hours} and dayofweek({time}) in ({numbers}))"


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
