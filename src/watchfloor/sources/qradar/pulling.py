"""The pull: lists of names, offenses, what disappeared, and the details of what changed, each page kept at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from watchfloor.sources.answers import Failed, Gone
from watchfloor.sources.client import Patience, Size
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.pull import DAY_MS, Progress, Pull, Step, running
from watchfloor.sources.qradar import paging, versions
from watchfloor.sources.qradar.client import Client, address
from watchfloor.sources.qradar.endpoints import (
    CONTRIBUTIONS,
    DESTINATIONS,
    LISTS,
    NOTES,
    OFFENSES,
    SOURCES,
    Endpoint,
    changed,
    item_of,
    notes_item,
    offense_item,
)
from watchfloor.sources.qradar.fields import Wanted
from watchfloor.sources.qradar.scan import Mark, Scan
from watchfloor.sources.qradar.secret import Token, find_token
from watchfloor.sources.tls import Tls
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page, Workspace

__all__ = ["pull"]

PAGE_SIZE = 500
_CENSUS = 5_000
"""Rows of a page of ids and times."""
_AT_ONCE = 100
"""Ids that one filter names."""
NOTES_AT_ONCE = 1_000
"""Offenses whose notes one run fetches: each costs a request."""
NOTES_AGAIN = 200
"""Open offenses whose notes are asked for again, those that changed last."""


def pull(
    url: str,
    workspace: Workspace,
    *,
    since_days: float | None = None,
    trust: Tls | None = None,
    token: Token | None = None,
    page_size: int = PAGE_SIZE,
    notes: int = NOTES_AT_ONCE,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Brings the workspace up to date with a console, which is only read.

    Arguments:
        url: the console's address.
        workspace: where to keep what comes.
        since_days: leaves out offenses that neither began nor changed in so many days.
        trust: whose certificate.
        token: of an authorized service; without it that of the environment or the keyring.
        page_size: rows of a page, fewer under pressure.
        notes: offenses whose notes are fetched, those that changed last first; the others wait for the next run.
        patience: how long to try.
        progress: is told how far it is.

    Raises:
        NotReachable: no such host, no answer, no trust.
        AccessDenied: no token, one that is not accepted, or that may not see offenses.
        SourceError: answers that no console gives.
    """
    source = address(url)
    trust = trust or Tls()
    with Client(source, token or find_token(source), trust, patience) as client:
        try:
            version = versions.agree(client)
        except Failed as error:
            raise client.failure(error) from error
        settings = {"since_days": since_days, "page_size": page_size, **trust.remembered()}
        with running(workspace, source, "qradar", settings, version) as (run, ledger):
            wanted = Wanted(ledger.remarks)
            work = _Pull(client, workspace, run, ledger, progress or (lambda *_: None), page_size, wanted)
            work.all(since_days, notes)
    return ledger


@dataclass
class _Pull(Pull):
    """The work of one run."""

    client: Client
    page_size: int
    wanted: Wanted

    def all(self, since_days: float | None, notes: int) -> None:
        """Everything, in an order in which each step needs only those before it."""
        scope = self.client.clock_ms - round(since_days * DAY_MS) if since_days is not None else None
        had = bool(self.workspace.known(self.run.source, OFFENSES.kind))
        steps: list[Step] = [
            *((endpoint.about, lambda endpoint=endpoint: self.list(endpoint)) for endpoint in LISTS),
            (OFFENSES.about, lambda: self.offenses(scope)),
        ]
        if had:
            steps.append(("offenses that are gone", lambda: self.census(scope)))
        if versions.number(self.client.version) >= CONTRIBUTIONS.since:
            steps.append((CONTRIBUTIONS.about, self.contributions))
        steps += [
            (SOURCES.about, lambda: self.addresses(SOURCES, "source_address_ids")),
            (DESTINATIONS.about, lambda: self.addresses(DESTINATIONS, "local_destination_address_ids")),
            (NOTES.about, lambda: self.notes(notes)),
        ]
        self.take(steps, needed=OFFENSES.about)

    def part(
        self,
        endpoint: Endpoint,
        part: paging.Part,
        item: Callable[[Mapping[str, Any]], Item | None] = item_of,
        state: tuple[str, Mapping[str, Any]] | None = None,
    ) -> list[Item]:
        """Keeps a page, and counts."""
        items = self.items(part.rows, item)
        self.keep(endpoint.about, Page(endpoint.kind, part.request, part.answer.body, items), len(part.rows), state)
        for number, why in part.refused.items():
            self.ledger.missing[f"{endpoint.kind} {number}"] = f"the console cannot give it: {why}"
        return items

    def list(self, endpoint: Endpoint) -> None:
        """A list of names, whole each time; what it has no more is marked."""
        size = Size(self.page_size)
        parts: Iterable[paging.Part] = (
            paging.by_key(self.client, endpoint, size, self.wanted)
            if endpoint.sorts
            else paging.by_place(self.client, endpoint, size, self.wanted)
        )
        seen: set[str] = set()
        for part in parts:
            seen.update(item.key for item in self.part(endpoint, part))
            self.progress(endpoint.about, len(seen), part.answer.total)
        gone = self.workspace.known(self.run.source, endpoint.kind).keys() - seen
        self.ledger.entry(endpoint.about).gone += self.run.gone(endpoint.kind, gone)

    def offenses(self, scope: int | None) -> None:
        """Offenses that are new or changed; in versions that do not say what changed, all."""
        self.walk(OFFENSES, self.times, offense_item, scope)

    @property
    def times(self) -> tuple[str, ...]:
        """The times of an offense that say that it changed; none in versions where they do not say all."""
        has_them = versions.number(self.client.version) >= versions.PERSISTED_TIMES
        return ("last_persisted_time", "close_time") if has_them else ()

    def contributions(self) -> None:
        """Which rules made which offense, with their names."""
        self.walk(CONTRIBUTIONS, ("last_event",), item_of, None)

    def walk(
        self,
        endpoint: Endpoint,
        names: Sequence[str],
        item: Callable[[Mapping[str, Any]], Item | None],
        scope: int | None,
    ) -> None:
        """Walks over a list by key, or goes on where the last run stopped; how far it got is kept with each page."""
        name = f"walk over {endpoint.kind}"
        noted = self.workspace.state(self.run.source, name) or {}
        mark = Mark(**noted["mark"]) if noted.get("mark") else None
        scan = Scan(**noted["scan"]) if noted.get("scan") else None
        begun = Scan.begin(mark, names, self.client.clock_ms, scope)
        if scan is None or (scan.scope_ms is not None and (scope is None or scope < scan.scope_ms)):
            scan = begun
        done = 0
        size = Size(self.page_size)
        for part in paging.by_key(self.client, endpoint, size, self.wanted, last=scan.last, also=scan.also):
            scan = scan.after(part.rows, names, part.last)
            state = {"mark": asdict(mark) if mark else None, "scan": asdict(scan)}
            if not part.more:
                state = {"mark": asdict(scan.end()), "scan": None}
            self.part(endpoint, part, item, (name, state))
            total = done + part.answer.total if part.answer.total is not None else None
            done += len(part.rows)
            self.progress(endpoint.about, done, total)

    def census(self, scope: int | None) -> None:
        """Compares the ids and times of all offenses with what is kept: marks those that are gone, fetches those that
        were missed."""
        known = self.workspace.known(self.run.source, OFFENSES.kind)
        fields = "id,start_time,close_time,last_updated_time"
        if self.times:
            fields += ",last_persisted_time"
        there: set[str] = set()
        missed: list[str] = []
        for part in paging.by_key(self.client, OFFENSES, Size(_CENSUS), self.wanted, fields=fields):
            for row in part.rows:
                key, at = str(row.get("id")), changed(row)
                there.add(key)
                born, kept = known.get(key, (None, None))
                asked = max(row.get(name) or 0 for name in ("start_time", *self.times))
                outside = key not in known and scope is not None and asked < scope
                if not outside and (born != row.get("start_time") or kept != at):
                    missed.append(key)
            self.progress("offenses that are gone", len(there), None)
        for start in range(0, len(missed), _AT_ONCE):
            some, size = missed[start : start + _AT_ONCE], Size(self.page_size)
            for part in paging.by_key(self.client, OFFENSES, size, self.wanted, also=f"id in ({','.join(some)})"):
                self.part(OFFENSES, part, offense_item)
        gone = known.keys() - there
        if len(gone) > len(known) / 2 and len(gone) > 10:
            said = f"{len(gone):,} of {len(known):,} offenses are not listed any more: "
            self.ledger.remarks.append(f"{said}a clean of the SIM model, or a token that sees less")
        self.ledger.entry(OFFENSES.about).gone += self.run.gone(OFFENSES.kind, gone)

    def addresses(self, endpoint: Endpoint, name: str) -> None:
        """Addresses that offenses point to and that are not kept yet."""
        wanted: set[int] = set()
        for _, _, gone, body in self.workspace.bodies(self.run.source, OFFENSES.kind):
            if gone is None:
                wanted.update(getattr(_addresses(body), name) or ())
        state = self.workspace.state(self.run.source, f"absent {endpoint.kind}") or {"ids": []}
        known = self.workspace.known(self.run.source, endpoint.kind)
        todo = sorted(wanted - {int(key) for key in known} - set(state["ids"]))
        absent = set(state["ids"])
        for start in range(0, len(todo), _AT_ONCE):
            some = todo[start : start + _AT_ONCE]
            ids = ",".join(map(str, some))
            found: set[str] = set()
            size, named = Size(self.page_size), {"filter": f"id in ({ids})"}
            for part in paging.by_place(self.client, endpoint, size, self.wanted, named):
                found.update(item.key for item in self.part(endpoint, part))
            absent |= {number for number in some if str(number) not in found}
            self.progress(endpoint.about, start + len(some), len(todo))
        if absent != set(state["ids"]):
            self.run.note(f"absent {endpoint.kind}", {"ids": sorted(absent)})

    def notes(self, limit: int) -> None:
        """Notes of offenses that changed: one request each."""
        due = self.workspace.due(self.run.source, OFFENSES.kind)
        entry = self.ledger.entry(NOTES.about)
        # It is not documented that a note changes the offense's own time, so open ones are asked again.
        again = self.workspace.open(self.run.source, OFFENSES.kind, min(NOTES_AGAIN, max(0, limit - len(due))))
        todo = list(dict.fromkeys([*due[:limit], *again]))
        for number, key in enumerate(todo):
            endpoint = Endpoint(NOTES.kind, NOTES.path.format(id=key), NOTES.about, sorts=False)
            try:
                parts = paging.by_place(self.client, endpoint, Size(self.page_size), self.wanted)
            except Gone:  # deleted since it was listed
                self.run.clear(OFFENSES.kind, key)
                continue
            notes = [row for part in parts for row in part.rows]
            page = Page(NOTES.kind, parts[0].request, b"\n".join(part.answer.body for part in parts), [])
            items = [notes_item(key, notes)] if notes else []
            entry.add(self.run.fetched(OFFENSES.kind, key, Page(page.kind, page.request, page.body, items)))
            self.progress(NOTES.about, number + 1, len(todo))
        if len(due) > limit:
            self.ledger.remarks.append(f"notes of {len(due) - limit:,} offenses wait for the next runs (--notes)")


class _Ids(msgspec.Struct):
    source_address_ids: list[int] | None = None
    local_destination_address_ids: list[int] | None = None


_decoder = msgspec.json.Decoder(_Ids)


def _addresses(body: str) -> _Ids:
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError:
        return _Ids()
