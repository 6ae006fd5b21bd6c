"""The workspace itself: pages go in with what they say in one transaction, current states and history come out."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl
import sqlalchemy as sa

from watchfloor.errors import WorkspaceError
from watchfloor.mappings import Verdicts
from watchfloor.schemas import Tables
from watchfloor.store.changes import Changes, Counts, Item, now_ms
from watchfloor.store.layout import history, objects, pages, runs, sources, states
from watchfloor.store.promise import HoldsTables
from watchfloor.store.reading import history_of, tables_of

__all__ = ["Page", "Run", "Workspace"]

_AT_ONCE = 1_000
"""Keys that one question to the database names."""
_PACK = 1
"""Level of zlib: pages of JSON shrink to a tenth, at little cost."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the source, and what it holds."""

    kind: str
    request: str
    """Path, parameters and Range; no header that carries a secret."""
    body: bytes
    items: Sequence[Item]


class Workspace(HoldsTables):
    """Offenses, alerts and what belongs to them, of one or several systems; `open_workspace` opens one."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        """`name` is what errors call it: a path, or a URL without its password."""
        self._engine, self.name = engine, name
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        self.folder = Path(file).parent if file else None
        """Where its file is; null for a server's database."""

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Workspace({self.name!r})"

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def tables(self, verdicts: Verdicts | None = None) -> Tables:
        """Alerts and evidence of all that is kept, with rejects, and a ledger that says what the last pull missed."""
        return tables_of(self, verdicts)

    def alerts(self) -> pl.LazyFrame:
        """One row per offense, in its last state; those that the system has deleted since are among them."""
        return tables_of(self)["alerts"]

    def history(self, kind: str | None = None) -> pl.LazyFrame:
        """One row per observed state: of offenses, or another kind, or (without) of all objects."""
        return history_of(self, kind)

    def reading(self) -> sa.Connection:
        """A connection that sees one state of the workspace until it is closed."""
        return self._engine.connect()

    def begin(self, source: str, system: str, *, made_by: str, settings: Mapping[str, Any]) -> Run:
        """Begins a run that asks a source."""
        with self.writing(source) as connection:
            known = connection.scalar(sa.select(sources.c.system).where(sources.c.source == source))
            said = {"system": system, "settings": json.dumps(settings)}
            if known is None:
                connection.execute(sources.insert().values(source=source, **said))
            else:
                connection.execute(sources.update().where(sources.c.source == source).values(**said))
            number = connection.execute(
                runs.insert().values(source=source, started_ms=now_ms(), made_by=made_by)
            ).inserted_primary_key
            if number is None:  # no database that we know does that
                raise WorkspaceError(f"{self.name}: it gives no number to a run")
        return Run(self, int(number[0]), source)

    def writing(self, source: str) -> _Writing:
        """A transaction that no other writer of the same source disturbs; it is kept whole or not at all."""
        return _Writing(self._engine, source)

    def settings(self, system: str) -> list[tuple[str, dict[str, Any]]]:
        """Sources of a system with how they were asked last."""
        with self.reading() as connection:
            found = connection.execute(
                sa.select(sources.c.source, sources.c.settings).where(sources.c.system == system).order_by("source")
            )
            return [(source, json.loads(settings)) for source, settings in found]

    def state(self, source: str, name: str) -> dict[str, Any] | None:
        """What was noted under a name, with the page that it belongs to."""
        with self.reading() as connection:
            said = connection.scalar(sa.select(states.c.state).where(states.c.source == source, states.c.name == name))
        return None if said is None else dict(json.loads(said))

    def known(self, source: str, kind: str) -> dict[str, tuple[int | None, int | None]]:
        """Objects that are not gone, by key: when born, and the source's own time of the last change."""
        chosen = sa.select(objects.c.key, objects.c.born_ms, objects.c.changed_ms)
        with self.reading() as connection:
            found = connection.execute(chosen.where(_of(source, kind), objects.c.gone_ms.is_(None)))
            return {key: (born, changed) for key, born, changed in found}

    def due(self, source: str, kind: str, limit: int | None = None) -> list[str]:
        """Objects whose details wait to be fetched, the one that changed last first."""
        chosen = (
            sa.select(objects.c.key)
            .where(_of(source, kind), objects.c.due, objects.c.gone_ms.is_(None))
            .order_by(objects.c.changed_ms.desc(), objects.c.key)
        )
        with self.reading() as connection:
            return list(connection.scalars(chosen.limit(limit)))

    def open(self, source: str, kind: str, limit: int) -> list[str]:
        """Objects that are neither closed nor gone, the one that changed last first."""
        chosen = (
            sa.select(objects.c.key)
            .where(_of(source, kind), objects.c.closed.is_(False), objects.c.gone_ms.is_(None))
            .order_by(objects.c.changed_ms.desc(), objects.c.key)
        )
        with self.reading() as connection:
            return list(connection.scalars(chosen.limit(limit)))

    def bodies(self, source: str, kind: str) -> Iterator[tuple[str, int, int | None, str]]:
        """Key, generation, when it was gone, and JSON of the last state of all objects."""
        chosen = (
            sa.select(objects.c.key, objects.c.generation, objects.c.gone_ms, history.c.body)
            .join(
                history,
                sa.and_(
                    *(history.c[name] == objects.c[name] for name in ("source", "kind", "key", "generation")),
                    history.c.version == objects.c.body_version,
                ),
            )
            .where(_of(source, kind))
        )
        with (
            self.reading() as connection,
            connection.execution_options(yield_per=_AT_ONCE).execute(chosen) as found,
        ):
            yield from found


class _Writing:
    """A transaction of a writer."""

    def __init__(self, engine: sa.Engine, source: str) -> None:
        self._connection = engine.connect().execution_options(writes=True)
        self._source = source

    def __enter__(self) -> sa.Connection:
        self._connection.begin()
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer at a time in any case
            lock = int.from_bytes(hashlib.sha256(self._source.encode()).digest()[:8], "big", signed=True)
            self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._connection:
            if kind is None:
                self._connection.commit()
            else:
                self._connection.rollback()


class Run:
    """One pull from a source."""

    def __init__(self, workspace: Workspace, number: int, source: str) -> None:
        """Comes from `Workspace.begin`."""
        self.workspace, self.number, self.source = workspace, number, source

    def save(
        self,
        page: Page,
        *,
        state: tuple[str, Mapping[str, Any]] | None = None,
        cleared: tuple[str, str] | None = None,
    ) -> Counts:
        """Keeps a page, what it changes, how far the listing got with it (a name and its state) and whose details wait
        no more (kind and key), or nothing of it."""
        counts = Counts(pages=1, received=len(page.items))
        items = {item.key: item for item in page.items}
        counts.doubled = len(page.items) - len(items)
        with self.workspace.writing(self.source) as connection:
            number = connection.execute(
                pages.insert().values(
                    run_id=self.number,
                    kind=page.kind,
                    request=page.request,
                    received_ms=now_ms(),
                    rows=len(page.items),
                    sha256=hashlib.sha256(page.body).hexdigest(),
                    body=None,
                )
            ).inserted_primary_key
            changes = Changes(self.source, page.kind, self.number, number[0] if number else None, counts)
            there = self._there(connection, page.kind, list(items))
            for key, item in items.items():
                changes.see(item, there.get(key))
            changes.write(connection)
            if counts.stored:
                packed = zlib.compress(page.body, _PACK)
                connection.execute(pages.update().where(pages.c.page_id == changes.page).values(body=packed))
            if state is not None:
                self._note(connection, *state)
            if cleared is not None:
                self._clear(connection, *cleared)
        return counts

    def _there(self, connection: sa.Connection, kind: str, keys: Sequence[str]) -> dict[str, sa.Row[Any]]:
        """What is stored of the keys, of each its last generation."""
        found: dict[str, sa.Row[Any]] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            chosen = sa.select(objects).where(_of(self.source, kind), objects.c.key.in_(some))
            for row in connection.execute(chosen.order_by(objects.c.generation)):
                found[row.key] = row
        return found

    def gone(self, kind: str, keys: Iterable[str]) -> int:
        """Marks objects that the source has no more; they stay, with all that is known of them."""
        if not (named := list(keys)):
            return 0
        with self.workspace.writing(self.source) as connection:
            changes = Changes(self.source, kind, self.number, None, Counts())
            for row in self._there(connection, kind, named).values():
                if row.gone_ms is None:
                    changes.end(row)
            changes.write(connection)
        return changes.counts.gone

    def fetched(self, kind: str, key: str, page: Page) -> Counts:
        """Keeps the details of an object, which wait no more."""
        return self.save(page, cleared=(kind, key))

    def clear(self, kind: str, key: str) -> None:
        """The details of an object wait no more."""
        with self.workspace.writing(self.source) as connection:
            self._clear(connection, kind, key)

    def _clear(self, connection: sa.Connection, kind: str, key: str) -> None:
        connection.execute(objects.update().where(_of(self.source, kind), objects.c.key == key).values(due=False))

    def note(self, name: str, state: Mapping[str, Any]) -> None:
        """Notes something for the next run."""
        with self.workspace.writing(self.source) as connection:
            self._note(connection, name, state)

    def _note(self, connection: sa.Connection, name: str, state: Mapping[str, Any]) -> None:
        place = sa.and_(states.c.source == self.source, states.c.name == name)
        said = json.dumps(state)
        if not connection.execute(states.update().where(place).values(state=said)).rowcount:
            connection.execute(states.insert().values(source=self.source, name=name, state=said))

    def end(self, *, api_version: str, missing: Sequence[str], ledger: Sequence[Mapping[str, Any]]) -> None:
        """Ends the run with what it could not have."""
        with self.workspace.writing(self.source) as connection:
            connection.execute(
                runs.update()
                .where(runs.c.run_id == self.number)
                .values(
                    ended_ms=now_ms(),
                    api_version=api_version,
                    missing="; ".join(missing) or None,
                    ledger=json.dumps(list(ledger)),
                )
            )


def _of(source: str, kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(objects.c.source == source, objects.c.kind == kind)
