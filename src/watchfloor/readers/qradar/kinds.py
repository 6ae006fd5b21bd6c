"""What a JSON file from QRadar's API holds, by the keys of its objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from watchfloor.mappings.qradar import Kind as Names
from watchfloor.readers._reader import Head
from watchfloor.readers.qradar.cells import keys_of

__all__ = ["Kind", "accepts", "has_header", "kind_of", "misspelled"]

Kind = Literal["offenses"] | Names

_OF_OFFENSES = frozenset({
    *("offense_source", "offense_type", "closing_reason_id", "closing_user", "credibility", "magnitude", "relevance"),
    *("first_persisted_time", "last_persisted_time", "local_destination_count", "remote_destination_count"),
    *("security_category_count", "policy_category_count", "destination_networks", "source_network", "follow_up"),
})  # fmt: skip
"""Keys that an offense has and few other objects have."""
_ALSO_IN_HEADERS = {"last_updated_time", "log_sources"}
_CAMEL = frozenset("".join(part.capitalize() for part in key.split("_")).lower() for key in _OF_OFFENSES)
_ALWAYS = 2


def kind_of(found: Mapping[str, Any], path: Path) -> Kind | None:
    """What an object is; a list of bare ids and names is told by the file's name."""
    keys, name = found.keys(), path.name.lower()
    if len(keys & _OF_OFFENSES) >= _ALWAYS:
        return "offenses"
    if {"id", "text"} <= keys and (keys & {"is_deleted", "is_reserved"} or "reason" in name):
        return "closing reasons"
    if not {"id", "name"} <= keys:
        return None
    signs: tuple[tuple[Kind, bool, bool], ...] = (
        ("offense types", bool(keys & {"property_name", "database_type"}), "offense_types" in name),
        ("domains", "tenant_id" in keys, "domains" in name),
        ("tenants", bool(keys & {"event_rate_limit", "flow_rate_limit"}), "tenants" in name),
        ("rules", bool(keys & {"linked_rule_identifier", "base_capacity", "origin"}), "rules" in name),
    )
    by_keys = [kind for kind, by_keys, _ in signs if by_keys]
    return next(iter(by_keys or [kind for kind, _, by_name in signs if by_name]), None)


def accepts(head: Head) -> bool:
    """JSON whose objects have keys of offenses, or of what their ids point to."""
    text = head.content.decode("utf-8", errors="replace").lstrip()
    if text[:1] not in ("{", "["):
        return has_header(head)
    if misspelled(text) or len(_keys(text) & _OF_OFFENSES) >= _ALWAYS:
        return True
    return kind_of(dict.fromkeys(_first_keys(text)), head.path) is not None


def has_header(head: Head) -> bool:
    """Whether the first line is a header of offenses: of the API's keys, or of the console's headings."""
    if not head.lines:
        return False
    keys, _ = keys_of(head.lines[0])
    return "id" in keys and len({*keys} & (_OF_OFFENSES | _ALSO_IN_HEADERS)) > _ALWAYS


def misspelled(text: str) -> str | None:
    """Why offenses are not as the API returns them: printed by Python, or by a tool with other names."""
    keys = _keys(text)
    if len(keys & _OF_OFFENSES) >= _ALWAYS:
        return None
    if len({*re.findall(r"'(\w{1,40})':", text)} & _OF_OFFENSES) >= _ALWAYS:
        return "this is how Python prints offenses (single quotes, None), not JSON"
    if len({key.lower() for key in keys if key.lower() != key} & _CAMEL) >= _ALWAYS:
        return "offenses with keys in CamelCase, as a SOAR writes them, not as QRadar's API does"
    return None


@lru_cache(maxsize=2)  # the beginning of a file is asked for its keys several times
def _keys(text: str) -> frozenset[str]:
    return frozenset(re.findall(r'"(\w{1,40})"\s{0,4}:', text))


def _first_keys(text: str) -> Iterable[str]:
    """Keys of the first object, as far as it has no object within."""
    start = text.find("{", 1) if text.startswith("[") else 0
    return _keys(text[start : text.find("}", start) + 1 or None]) if start >= 0 else ()
