"""Elastic Security: exception items as its API imports them, one a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from watchfloor.reports.exclusions.entries import Entry

__all__ = ["text"]

_FIELDS = {
    "src_ip": "source.ip",
    "dst_ip": "destination.ip",
    "user": "user.name",
    "host": "host.name",
    "process": "process.name",
    "domain": "dns.question.name",
}
"""Names of the Elastic Common Schema."""


def text(entries: Sequence[Entry]) -> str:
    """Items of a list each; what exceptions cannot say (hours, regular expressions, whole rules) is left out, and
    told in the line's place as a comment that no import takes for an item."""
    return "".join(json.dumps(_item(entry), ensure_ascii=False) + "\n" for entry in entries if _sayable(entry))


def _sayable(entry: Entry) -> bool:
    return bool(entry.conditions) and all(c["op"] in ("eq", "in", "in_network") for c in entry.conditions)


def _item(entry: Entry) -> dict[str, Any]:
    return {
        "list_id": "watchfloor",
        "item_id": entry.name,
        "type": "simple",
        "namespace_type": "single",
        "name": f"{entry.rule} ({entry.name})",
        "description": " ".join(entry.head()[1:]),
        "entries": [_entry(condition) for condition in entry.conditions],
        "expire_time": f"{entry.expires}T00:00:00.000Z",
        "tags": ["watchfloor", f"owner:{entry.owner}"],
        "comments": [],
        "os_types": [],
    }


def _entry(condition: dict[str, Any]) -> dict[str, Any]:
    field, value = _FIELDS.get(condition["field"], condition["field"]), condition["value"]
    if condition["op"] == "in":
        return {"field": field, "operator": "included", "type": "match_any", "value": value}
    # Fields of type ip match networks as well as addresses.
    return {"field": field, "operator": "included", "type": "match", "value": value}
