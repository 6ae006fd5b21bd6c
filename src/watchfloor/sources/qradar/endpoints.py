"""What is asked of a console: endpoints, the objects that they give, and what is taken of those that are large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchfloor.sources.answers import canonical
from watchfloor.store.changes import Item

__all__ = [
    "CONTRIBUTIONS",
    "DESTINATIONS",
    "LISTS",
    "NOTES",
    "OFFENSES",
    "SOURCES",
    "Endpoint",
    "changed",
    "item_of",
    "notes_item",
    "offense_item",
    "whole",
]


@dataclass(frozen=True)
class Endpoint:
    """A list of objects with ids."""

    kind: str
    """What the workspace calls its objects."""
    path: str
    about: str
    """In words, for the ledger."""
    params: tuple[tuple[str, str], ...] = ()
    sorts: bool = True
    """Whether it sorts by id: then pages are asked for by key, so that nothing moves between them."""
    since: tuple[int, int] = (0, 0)
    """The first version of the API that has it."""


OFFENSES = Endpoint("offense", "/siem/offenses", "offenses")
NOTES = Endpoint("note", "/siem/offenses/{id}/notes", "notes", sorts=False)
CONTRIBUTIONS = Endpoint("contribution", "/analytics/rules_offense_contributions", "rules of offenses", since=(14, 0))
SOURCES = Endpoint(
    "source_address",
    "/siem/source_addresses",
    "source addresses",
    params=(("fields", "id,source_ip,network,domain_id"),),  # offense_ids may be long
    sorts=False,
)
DESTINATIONS = Endpoint(
    "local_destination_address",
    "/siem/local_destination_addresses",
    "local addresses",
    params=(("fields", "id,local_destination_ip,network,domain_id"),),
    sorts=False,
)
LISTS = (
    Endpoint(
        "closing_reason",
        "/siem/offense_closing_reasons",
        "closing reasons",
        params=(("include_reserved", "true"), ("include_deleted", "true")),
        sorts=False,
    ),
    Endpoint("offense_type", "/siem/offense_types", "offense types"),
    Endpoint(
        "rule",
        "/analytics/rules",
        "rules",
        # Without what a rule costs the engine, which changes all the time.
        params=(
            (
                "fields",
                "id,name,type,enabled,owner,origin,identifier,linked_rule_identifier,creation_date,modification_date",
            ),
        ),
        sorts=False,
    ),
    Endpoint("domain", "/config/domain_management/domains", "domains", sorts=False),
    Endpoint("tenant", "/config/access/tenant_management/tenants", "tenants", sorts=False),
    Endpoint(
        "log_source",
        "/config/event_sources/log_source_management/log_sources",
        "log sources",
        params=(("fields", "id,name,type_id,enabled,group_ids"),),
    ),
)


def whole(value: Any) -> int | None:
    """A number without a fraction; null where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def item_of(found: Mapping[str, Any]) -> Item | None:
    """An object with an id."""
    number = found.get("id")
    if whole(number) is None and not (isinstance(number, str) and number):
        return None
    return Item(key=str(number), body=canonical(found))


def offense_item(found: Mapping[str, Any]) -> Item | None:
    """An offense; without an id it is none."""
    if whole(found.get("id")) is None:
        return None
    return Item(
        key=str(found["id"]),
        body=canonical(found),
        born_ms=whole(found.get("start_time")),
        changed_ms=changed(found),
        closed=found.get("status") == "CLOSED",
        due=True,
    )


def changed(found: Mapping[str, Any]) -> int | None:
    """When an offense changed last, by the console's clock."""
    return max(
        (
            time
            for name in ("last_persisted_time", "close_time", "last_updated_time", "start_time")
            if (time := whole(found.get(name))) is not None
        ),
        default=None,
    )


def notes_item(offense: str, found: list[Any]) -> Item:
    """All notes of an offense as one object: their number says whether one was added."""
    ordered = sorted((note for note in found if isinstance(note, dict)), key=lambda note: str(note.get("create_time")))
    return Item(key=offense, body=canonical({"offense_id": int(offense), "notes": ordered}))
