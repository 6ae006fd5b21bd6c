"""What a pull did: of each list the pages and rows, and what could not be had."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from watchfloor.store.changes import Counts

__all__ = ["Entry", "Ledger"]


@dataclass
class Entry(Counts):
    """One list."""

    rejected: int = 0
    """Rows that are no such objects; they are in the raw pages."""


@dataclass
class Ledger:
    """A pull."""

    source: str
    run: int = 0
    api_version: str = ""
    lists: dict[str, Entry] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """What could not be had, and why."""
    remarks: list[str] = field(default_factory=list)

    def entry(self, about: str) -> Entry:
        """The figures of a list."""
        return self.lists.setdefault(about, Entry())

    @property
    def partial(self) -> bool:
        """Whether anything is missing."""
        return bool(self.missing)

    def rows(self) -> list[dict[str, Any]]:
        """One row per list."""
        return [
            {"list": about, **asdict(entry), "missing": self.missing.get(about)} for about, entry in self.lists.items()
        ] + [
            {"list": about, **asdict(Entry()), "missing": why}
            for about, why in self.missing.items()
            if about not in self.lists
        ]
