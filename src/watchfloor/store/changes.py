"""What a page changes: its objects against what is stored of them, as rows to be written in one transaction."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from watchfloor.store.layout import history, objects

__all__ = ["Changes", "Counts", "Item", "now_ms"]

_PLACE = ("source", "kind", "key", "generation")


@dataclass(frozen=True, slots=True)
class Item:
    """One object as the source gave it."""

    key: str
    """Its id."""
    body: str
    """All of it as JSON, its keys in order, so that equal objects are equal text."""
    born_ms: int | None = None
    """A time that never changes: another one with the same id is another object."""
    changed_ms: int | None = None
    """The source's own time of its last change."""
    closed: bool = False
    due: bool = False
    """Whether its details are to be fetched after a change."""


@dataclass
class Counts:
    """What became of the objects of some pages: received = stored + unchanged + doubled."""

    pages: int = 0
    received: int = 0
    """Objects in the pages, each as often as it came."""
    stored: int = 0
    """Objects that were written because they are new or differ."""
    new: int = 0
    changed: int = 0
    closed: int = 0
    """Of the changed ones, those that were open before."""
    reopened: int = 0
    back: int = 0
    """Objects that were gone and are there again."""
    doubled: int = 0
    """Objects that came twice in one page."""
    reused: int = 0
    """New objects with the id of an older one."""
    unchanged: int = 0
    gone: int = 0

    def add(self, other: Counts) -> None:
        """Adds the figures of another one."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Changes:
    """Rows of one transaction: `see` and `end` collect them, `write` writes."""

    source: str
    kind: str
    run: int
    page: int | None
    counts: Counts
    _history: list[dict[str, Any]] = field(default_factory=list)
    _inserts: list[dict[str, Any]] = field(default_factory=list)
    _updates: list[dict[str, Any]] = field(default_factory=list)
    _ends: list[dict[str, Any]] = field(default_factory=list)

    def see(self, item: Item, old: sa.Row[Any] | None) -> None:
        """What an object adds to what is known of it; `old` is its row, of the last generation."""
        digest = hashlib.sha256(item.body.encode()).hexdigest()
        if old is None:
            self._put(item, digest, 1, 1, "new")
        elif None not in (old.born_ms, item.born_ms) and old.born_ms != item.born_ms:
            self.counts.reused += 1
            if old.gone_ms is None:
                self.end(old)
            self._put(item, digest, old.generation + 1, 1, "new")
        elif old.sha256 == digest and old.gone_ms is None:
            self.counts.unchanged += 1
        else:
            self._put(item, digest, old.generation, old.version + 1, self._change(old, item))

    def _change(self, old: sa.Row[Any], item: Item) -> str:
        """What happened to an object, in a word."""
        if old.gone_ms is not None:
            self.counts.back += 1
            return "back"
        if item.closed and not old.closed:
            self.counts.closed += 1
            return "closed"
        if old.closed and not item.closed:
            self.counts.reopened += 1
            return "reopened"
        return "changed"

    def _put(self, item: Item, digest: str, generation: int, version: int, change: str) -> None:
        self.counts.stored += 1
        self.counts.new += version == 1
        self.counts.changed += version > 1
        place = {"source": self.source, "kind": self.kind, "key": item.key, "generation": generation}
        self._remember(place, version, change, digest, item.body)
        state = {
            "born_ms": item.born_ms,
            "version": version,
            "body_version": version,
            "sha256": digest,
            "closed": item.closed,
            "changed_ms": item.changed_ms,
            "last_run": self.run,
            "gone_ms": None,
            "due": item.due,
        }
        if version == 1:
            self._inserts.append(place | state | {"first_run": self.run})
        else:
            self._updates.append(place | state)

    def end(self, old: sa.Row[Any]) -> None:
        """An object that the source has no more: it stays, and is marked."""
        self.counts.gone += 1
        place = {"source": self.source, "kind": self.kind, "key": old.key, "generation": old.generation}
        self._remember(place, old.version + 1, "gone", None, None)
        self._ends.append(place | {"version": old.version + 1, "gone_ms": now_ms(), "last_run": self.run})

    def _remember(
        self, place: Mapping[str, Any], version: int, change: str, digest: str | None, body: str | None
    ) -> None:
        seen = {"observed_ms": now_ms(), "run_id": self.run, "page_id": self.page}
        self._history.append({**place, **seen, "version": version, "change": change, "sha256": digest, "body": body})

    def write(self, connection: sa.Connection) -> None:
        """Writes all of it."""
        if self._history:
            connection.execute(history.insert(), self._history)
        if self._inserts:
            connection.execute(objects.insert(), self._inserts)
        for rows in (self._updates, self._ends):
            if rows:
                same = sa.and_(*(objects.c[name] == sa.bindparam(f"at_{name}") for name in _PLACE))
                changes = [{f"at_{name}" if name in _PLACE else name: row[name] for name in row} for row in rows]
                values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name not in _PLACE}
                connection.execute(objects.update().where(same).values(values), changes)


def now_ms() -> int:
    """Now, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
