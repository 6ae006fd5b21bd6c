"""What a console holds: offenses, their notes and rules, and the lists that say what the ids in them mean."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

__all__ = ["Holdings", "of_demo"]

Record = dict[str, Any]
"""An object as the API gives it."""
LISTS = (
    *("closing_reasons", "offense_types", "rules", "domains", "tenants", "log_sources"),
    *("source_addresses", "local_destination_addresses"),
)


class Holdings:
    """The data of a console; `revision` grows with each change."""

    def __init__(self, now_ms: int) -> None:
        """Nothing yet; `now_ms` is the console's clock, in milliseconds since 1970."""
        self.lock = threading.RLock()
        self.revision = 0
        self.now_ms = now_ms
        self.offenses: dict[int, Record] = {}
        self.notes: dict[int, list[Record]] = {}
        """Of each offense that has some, in the order in which they were written."""
        self.contributions: dict[int, Record] = {}
        """Which rule made which offense."""
        self.lists: dict[str, list[Record]] = {name: [] for name in LISTS}

    def changed(self) -> None:
        """Says that something changed."""
        self.revision += 1


def of_demo(folder: Path, now_ms: int) -> Holdings:
    """A console that holds the offenses of the demo, of which the folder has exports.

    Arguments:
        folder: the demo's `qradar`.
        now_ms: the console's clock.
    """
    made = Holdings(now_ms)
    made.offenses = {offense["id"]: offense for offense in _rows(folder, "offenses")}
    for name in ("closing_reasons", "domains", "rules"):
        made.lists[name] = _rows(folder, name)
    names = {rule["id"]: rule["name"] for rule in made.lists["rules"]}
    sources: dict[int, Record] = {}
    for number, offense in made.offenses.items():
        rule = offense["rules"][0]
        made.contributions[number] = {
            "id": number,
            "rule_id": rule["id"],
            "rule_name": names[rule["id"]],
            "rule_type": rule["type"],
            "offense_id": number,
            "event_count": offense["event_count"],
            "first_event": offense["start_time"],
            "last_event": offense["last_updated_time"],
        }
        sources |= {source["id"]: source for source in offense["log_sources"]}
    made.lists["log_sources"] = [source | {"enabled": True, "group_ids": [0]} for _, source in sorted(sources.items())]
    return made


def _rows(folder: Path, name: str) -> list[Record]:
    rows: list[Record] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return rows
