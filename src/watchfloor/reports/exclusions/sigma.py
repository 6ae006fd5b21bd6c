"""Sigma filters (specification 2.0): they survive updates of the rules that they filter."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from watchfloor.reports.exclusions.entries import Entry

__all__ = ["text"]

_FIELDS = {"user": "User", "host": "Computer", "process": "Image", "src_ip": "SourceIp", "dst_ip": "DestinationIp"}
"""Names of Sigma's taxonomy."""


def text(entries: Sequence[Entry]) -> str:
    """One YAML document per filter; hours cannot be said in Sigma, and make a comment instead of a filter."""
    return "---\n".join(_document(entry) for entry in entries) or "# No exclusion is recommended.\n"


def _document(entry: Entry) -> str:
    head = "".join(f"# {line}\n" for line in entry.head())
    if not entry.conditions or any(condition["op"] == "hours" for condition in entry.conditions):
        return f"{head}# Sigma has no filter for this: {_why_not(entry)}.\n"
    selection = dict(map(_selection, entry.conditions))
    lines = [
        f"title: {_quoted('Filter of ' + entry.rule)}",
        f"id: {uuid.uuid5(uuid.NAMESPACE_URL, entry.name)}",
        "status: experimental",
        f"description: {_quoted(' '.join(entry.head()[1:]))}",
        f"author: {_quoted(entry.owner)}",
        f"date: {entry.created}",
        "logsource:",
        "  # Set what the rule has; a filter applies to rules whose log source is within its own.",
        "  category: any",
        "filter:",
        "  rules:",
        "    # The rule's id, where it has one.",
        f"    - {_quoted(entry.rule)}",
        "  selection:",
        *(f"    {key}: {_value(value)}" for key, value in selection.items()),
        "  condition: not selection",
    ]
    return head + "\n".join(lines) + "\n"


def _why_not(entry: Entry) -> str:
    return "it would be the whole rule" if not entry.conditions else "it knows no hours of the day"


def _selection(condition: dict[str, Any]) -> tuple[str, Any]:
    field = _FIELDS.get(condition["field"], condition["field"])
    value = condition["value"]
    match condition["op"]:
        case "in_network":
            return f"{field}|cidr", value
        case "matches":
            return f"{field}|re", f"^(?:{value})$"
        case "in":
            return field, [_plain(one) for one in value]
        case _:
            return field, _plain(value)


def _plain(value: str) -> str:
    """A value as it stands: Sigma's wildcards are escaped."""
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _value(value: str | list[str]) -> str:
    return _quoted(value) if isinstance(value, str) else "[" + ", ".join(map(_quoted, value)) + "]"


def _quoted(value: str) -> str:
    """A double-quoted scalar: JSON is YAML."""
    return json.dumps(value)
