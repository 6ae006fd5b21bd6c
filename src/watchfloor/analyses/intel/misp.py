"""MISP JSON: events and feeds, and answers to a search for attributes; only what is meant for detection (`to_ids`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from watchfloor.analyses.allowing.entries import Port
from watchfloor.analyses.intel.indicators import Feed, Indicator, address_of, host_of, listed_name, with_port
from watchfloor.hostile import harmless

__all__ = ["attributes_of", "is_manifest", "read_misp"]

_NOT_SO = "attributes whose value does not fit their type"


def attributes_of(document: Any) -> list[Mapping[str, Any]] | None:
    """The attributes of events, of their objects, or of an answer; null for what is not of MISP."""
    if isinstance(document, list):
        found = [attributes_of(one) for one in document]
        return (
            [one for each in found if each for one in each] if found and all(one is not None for one in found) else None
        )
    if not isinstance(document, Mapping):
        return None
    for key in ("response", "Event"):
        if key in document:
            return attributes_of(document[key])
    if "Attribute" in document or "Object" in document:
        return list(_within(document))
    return None


def _within(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in _listed(event.get("Attribute")):
        yield one
    for one in _listed(event.get("Object")):
        if one.get("deleted") is not True:
            yield from _listed(one.get("Attribute"))


def _listed(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, Mapping))


def is_manifest(document: Any) -> bool:
    """The table of contents of a feed, which names events and has none."""
    return (
        isinstance(document, Mapping)
        and bool(document)
        and all(isinstance(one, Mapping) and {"info", "timestamp"} <= one.keys() for one in document.values())
    )


def read_misp(attributes: list[Mapping[str, Any]], feed: Feed) -> None:
    """Adds the attributes that can be used."""
    for one in attributes:
        kind, value = str(one.get("type", "")), one.get("value")
        if one.get("deleted") in (True, "1"):
            feed.unused["deleted"] += 1
        elif one.get("to_ids") not in (True, 1, "1"):
            feed.unused["not meant for detection (to_ids)"] += 1
        elif not isinstance(value, str):
            feed.unused[_NOT_SO] += 1
        else:
            _add(feed, kind, value)


def _add(feed: Feed, kind: str, value: str) -> None:
    match kind:
        case "ip-src" | "ip-dst":
            feed.add(address_of(value), _NOT_SO)
        case "domain":
            # MISP: a domain is bad with all that is below it, else it is a hostname.
            feed.add(listed_name(value, "domain"), _NOT_SO)
        case "hostname":
            feed.add(listed_name(value), _NOT_SO)
        case "ip-src|port" | "ip-dst|port" | "hostname|port":
            found = with_port(value)
            feed.add(_at(found) if found else None, _NOT_SO)
        case "domain|ip":
            name, _, address = value.partition("|")
            feed.add(listed_name(name, "domain"), _NOT_SO)
            feed.add(address_of(address), _NOT_SO)
        case "url":
            feed.add(host_of(value), _NOT_SO)
            feed.noted["addresses of pages, of which the host is taken"] += 1
        case _:
            feed.unused[f"attributes of type {harmless(kind[:40]) or 'none'}"] += 1


def _at(found: tuple[Indicator, int]) -> Indicator:
    return found[0]._replace(port=Port(found[1]))
