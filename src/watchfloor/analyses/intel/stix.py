"""STIX 2.1 bundles: indicators that are valid today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from watchfloor.analyses.intel.indicators import Feed
from watchfloor.analyses.intel.patterns import Unusable, indicators_of
from watchfloor.hostile import harmless

__all__ = ["is_stix", "read_stix"]


def is_stix(document: Any) -> bool:
    """A bundle, or what a TAXII server answers: both have `objects`."""
    return isinstance(document, Mapping) and isinstance(document.get("objects"), list)


def read_stix(document: Mapping[str, Any], feed: Feed, *, now: datetime) -> None:
    """Adds the indicators of a bundle; of several versions of one the last counts (section 3.6)."""
    newest: dict[str, Mapping[str, Any]] = {}
    for number, found in enumerate(document["objects"]):
        if not isinstance(found, Mapping) or found.get("type") != "indicator":
            continue
        name = str(found.get("id", number))
        if name not in newest or str(found.get("modified", "")) >= str(newest[name].get("modified", "")):
            newest[name] = found
    for found in newest.values():
        if reason := _out_of_force(found, now):
            feed.unused[reason] += 1
            continue
        try:
            indicators, notes = indicators_of(found["pattern"])
        except Unusable as error:
            feed.unused[str(error)] += 1
            continue
        for indicator in indicators:
            feed.add(indicator, "")
        for note in notes:
            feed.noted[note] += 1


def _out_of_force(found: Mapping[str, Any], now: datetime) -> str:
    if found.get("revoked") is True:
        return "revoked"
    until, since = _instant(found.get("valid_until")), _instant(found.get("valid_from"))
    if until is not None and until <= now:
        return "no longer valid"
    if since is not None and since > now:
        return "not valid yet"
    if found.get("pattern_type", "stix") != "stix":
        return f"patterns of type {harmless(str(found['pattern_type'])[:20])}"
    return "" if isinstance(found.get("pattern"), str) else "without a pattern"


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
