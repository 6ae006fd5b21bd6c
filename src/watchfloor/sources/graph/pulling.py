"""The pull of incidents: by the time of their last change, the oldest first, each page kept at once.

A page begins at the last time of the page before, not at its place in the list: what changes meanwhile moves to the end
and comes later, so nothing is lost, and there is no depth at which paging ends (`$skip` ends at 500). Where many rows
have one time, and where Graph does not sort, the links to the next page are followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from watchfloor.errors import BadOption
from watchfloor.sources import client as clients
from watchfloor.sources.answers import Forbidden, Gone, Refused, Temporary, canonical
from watchfloor.sources.client import Patience, Size
from watchfloor.sources.graph import client as graph
from watchfloor.sources.graph.client import Client, Query
from watchfloor.sources.graph.login import ClientSecret, Login, find_client_secret
from watchfloor.sources.graph.ticks import PER_MS, text_of, ticks_of
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.pull import DAY_MS, Progress, Pull, running
from watchfloor.sources.tls import Tls
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page, Workspace

__all__ = ["LARGEST", "LOGIN", "URL", "place", "pull"]

URL, LOGIN = "https://graph.microsoft.com", "https://login.microsoftonline.com"
_LOGINS = {"https://graph.microsoft.us": "https://login.microsoftonline.us"}
_LOGINS["https://dod-graph.microsoft.us"] = _LOGINS["https://graph.microsoft.us"]
LARGEST = 50
"""Incidents of a page: more is refused ("The limit of '50' for Top query has been exceeded")."""
SMALLEST = 2
"""The last row of the page before comes again: with fewer, nothing else would."""
OVERLAP_MS = 2 * 3_600_000
"""A change may show later than its time says; rows that come twice cost little."""
_KIND, _ABOUT, _STATE = "incident", "incidents", "walk over incidents"
_WAITING, _CENSUS = "alerts that were missing", "incidents that are gone"
_MOST_SKIPPED = 500
_ALONE = 2
"""Tries for what may fail because an incident has too many alerts, and each time would."""


def place(url: str | None, login_url: str | None, tenant: str) -> tuple[str, str, str]:
    """Addresses of Graph and of its login host, and what the workspace calls the tenant's incidents.

    Raises:
        BadOption: no address, or no tenant.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,200}", tenant):
        raise BadOption(f"--tenant {tenant!r} is no tenant", hint="its id, or a domain of it: contoso.onmicrosoft.com")
    source = clients.address(url or URL, example=URL)
    login = clients.address(login_url or _LOGINS.get(source, LOGIN), example=LOGIN, option="--login-url")
    return source, login, f"{source}/{tenant.lower()}"


def pull(
    tenant: str,
    client_id: str,
    workspace: Workspace,
    *,
    url: str | None = None,
    login_url: str | None = None,
    since_days: float | None = None,
    trust: Tls | None = None,
    secret: ClientSecret | None = None,
    page_size: int = LARGEST,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Brings the workspace up to date with a tenant's incidents and their alerts, which are only read.

    Arguments:
        tenant: its id or a domain of it.
        client_id: the app's id.
        workspace: where to keep what comes.
        url: of Graph, where it is that of a national cloud.
        login_url: of the login host, where it is not the one that belongs to `url`.
        since_days: leaves out incidents that did not change in so many days.
        trust: whose certificate, where something stands between.
        secret: of the app; without it that of the environment or the keyring.
        page_size: incidents of a page, at most 50; fewer under pressure.
        patience: how long to try.
        progress: is told how far it is.

    Raises:
        NotReachable: no such host, no answer, no trust.
        AccessDenied: no secret, one that is not accepted, or an app that may not see incidents.
        SourceError: answers that Graph does not give.
    """
    at, login_at, source = place(url, login_url, tenant)
    trust = trust or Tls()
    secret = secret or find_client_secret(client_id)
    scope = f"{at}/.default"
    settings = {
        **{"tenant": tenant, "client_id": client_id, "url": at, "login_url": login_at},
        **{"since_days": since_days, "page_size": page_size, **trust.remembered()},
    }
    with (
        Login(login_at, tenant.lower(), client_id, secret, trust, scope=scope, patience=patience) as login,
        Client(at, login, trust, patience) as client,
    ):
        login.accepts()
        client.clock_ms = login.clock_ms
        with running(workspace, source, "graph", settings, graph.VERSION) as (run, ledger):
            work = _Pull(
                client,
                workspace,
                run,
                ledger,
                progress or (lambda *_: None),
                Size(max(SMALLEST, min(page_size, LARGEST)), floor=SMALLEST),
            )
            work.all(since_days)
    return ledger


def item_of(found: Mapping[str, Any]) -> Item | None:
    """An incident; without an id it is none, without its alerts it waits for them."""
    key = found.get("id")
    if not isinstance(key, str | int) or isinstance(key, bool) or not str(key):
        return None
    return Item(
        key=str(key),
        body=canonical(found),
        born_ms=_ms(found.get("createdDateTime")),
        changed_ms=_ms(found.get("lastUpdateDateTime")),
        closed=str(found.get("status")).lower() in ("resolved", "redirected"),
        due="alerts" not in found,
    )


def _ms(said: Any) -> int | None:
    ticks = ticks_of(said)
    return None if ticks is None else ticks // PER_MS


@dataclass
class _Pull(Pull):
    """The work of one run."""

    client: Client
    size: Size
    ordered: bool | None = field(default=None, init=False)
    """Whether Graph sorts as it is asked to; null: not known yet."""
    failed: set[str] = field(default_factory=set, init=False)
    """Incidents whose alerts cannot be had in this run."""

    def all(self, since_days: float | None) -> None:
        """Incidents that are new or changed, those that are gone, and alerts that could not be had before."""
        scope = self.client.clock_ms - round(since_days * DAY_MS) if since_days is not None else None
        had = bool(self.workspace.known(self.run.source, _KIND))
        waiting = self.workspace.due(self.run.source, _KIND)
        steps = [(_ABOUT, lambda: self.incidents(scope))]
        if waiting:
            steps.append((_WAITING, lambda: self.again(waiting)))
        self.take([*steps, (_CENSUS, lambda: self.census(scope, had=had))], needed=_ABOUT)
        for warning in dict.fromkeys(self.client.warnings):
            self.ledger.missing.setdefault("a provider", f"Graph warns: {warning}")

    def incidents(self, scope: int | None) -> None:
        """What changed since the last run, or all; how far it got is kept with each page."""
        noted = self.workspace.state(self.run.source, _STATE) or {}
        mark, before = noted.get("mark_ms"), noted.get("scope_ms")
        if mark is None or (before is not None and (scope is None or scope < before)):
            since, kept_scope = scope, scope
        else:
            since, kept_scope = mark - OVERLAP_MS, before
        start = None if since is None else since * PER_MS
        began = self.client.clock_ms
        total, done = self.look(start), 0

        def keep(page: graph.Page, reached: int | None) -> None:
            nonlocal done
            rows = [row for row in page.rows if not self.apart(row)]
            items = self.items(rows, item_of)
            state = None
            if reached is not None:
                state = (_STATE, {"mark_ms": min(reached // PER_MS, began), "scope_ms": kept_scope})
            self.keep(_ABOUT, Page(_KIND, page.words, page.answer.body, items), len(rows), state)
            done += len(page.rows)
            self.progress(_ABOUT, done, total if total is None else max(total, done))

        if self.walk(start, keep, alerts=True):
            return
        # Graph did not sort: what it gave is whole only at the end, and what changed meanwhile comes once more.
        self.walk(began * PER_MS - OVERLAP_MS * PER_MS, keep, alerts=True)
        self.run.note(_STATE, {"mark_ms": began, "scope_ms": kept_scope})

    def look(self, start: int | None) -> int | None:
        """Looks whether Graph sorts; gives how many incidents changed from `start` on, null where Graph does not say.

        The largest page shows it, without alerts: that two or three rows are in order may be luck.
        """
        query = Query(None if start is None else text_of(start), alerts=False, count=True)
        try:
            page = self.client.page(query, Size(LARGEST))
        except Refused as error:
            if not str(error).startswith("400"):
                raise
            self.ordered = False  # `$orderby` is not among what is documented for this list
            return None
        self.ordered = _in_order(page.rows, start)
        return page.answer.total

    def walk(self, start: int | None, keep: Callable[[graph.Page, int | None], None], *, alerts: bool) -> bool:
        """Pages of all incidents that changed from `start` on; whether they came in order.

        `keep` gets each page, and up to which time all is known with it (null where that cannot be said).
        """
        if self.ordered is None:
            self.look(start)
        if self.ordered:
            try:
                for page, reached in self._by_time(start, alerts=alerts):
                    keep(page, reached)
            except _Unsorted:
                self.ordered = False
            else:
                return True
        for page in self._by_link(start, alerts=alerts):
            keep(page, None)
        return False

    def _by_time(self, start: int | None, *, alerts: bool) -> Iterator[tuple[graph.Page, int | None]]:
        """Each page from the last time of the one before, which is said with it.

        Raises:
            _Unsorted: rows that are not in order, though it was asked for.
        """
        at, link, followed, passed = start, None, set[str](), 0
        while True:
            page = self._page(Query(None if at is None else text_of(at), alerts=alerts), link, passed)
            if not _in_order(page.rows, at):
                raise _Unsorted
            last = max((ticks for row in page.rows if (ticks := _ticks(row)) is not None), default=at)
            yield page, last
            if not page.rows or not (page.full or page.next):
                return
            if last is not None and (at is None or last > at):
                at, link, passed = last, None, 0
                followed.clear()
            else:
                link, passed = _once(page.next, followed), passed + len(page.rows)

    def _by_link(self, start: int | None, *, alerts: bool) -> Iterator[graph.Page]:
        """Page after page in the order that Graph has."""
        query = Query(None if start is None else text_of(start), ordered=False, alerts=alerts)
        link, followed, passed = None, set[str](), 0
        while True:
            page = self._page(query, link, passed)
            yield page
            if not page.rows or not (page.full or page.next):
                return
            link, passed = _once(page.next, followed), passed + len(page.rows)

    def _page(self, query: Query, link: str | None, passed: int) -> graph.Page:
        """A page: where a link leads, else what a query says without the rows that have passed.

        A page with alerts that fails is asked for with fewer rows, then without alerts: one incident may have too many.
        Only where that fails as well it is tried with all patience.
        """
        asked = query if link else _beyond(query, passed)
        while query.alerts:
            try:
                return self.client.page(asked, self.size, link=link, attempts=_ALONE)
            except Temporary as error:
                if not error.size:
                    break
            if self.size.rows <= SMALLEST:
                try:
                    bare = _beyond(replace(query, alerts=False), passed)
                    return self.client.page(bare, Size(SMALLEST, floor=1), attempts=_ALONE)
                except Temporary:
                    break
        return self.client.page(asked, self.size, link=link)

    def apart(self, row: Any) -> bool:
        """Whether it is an incident that came without its alerts, and was kept with them now."""
        item = item_of(row) if isinstance(row, dict) else None
        return item is not None and item.due and self.one(item.key)

    def again(self, waiting: list[str]) -> None:
        """Incidents whose alerts could not be had before."""
        for number, key in enumerate(waiting):
            self.one(key)
            self.progress(_WAITING, number + 1, len(waiting))

    def one(self, key: str) -> bool:
        """Whether an incident came with its alerts; where they cannot be had, the ledger says so."""
        if key in self.failed:
            return False
        try:
            answer, words = self.client.incident(_quoted(key), attempts=_ALONE)
        except Gone:
            self.run.clear(_KIND, key)
            return False
        except (Temporary, Refused, Forbidden) as error:
            self.ledger.missing[f"alerts of incident {key}"] = str(error)
            self.failed.add(key)
            return False
        items = [item for item in self.items([answer.value], item_of) if item.key == key]
        self.keep(_ABOUT, Page(_KIND, words, answer.body, items), 1, cleared=(_KIND, key))
        return bool(items)

    def counted(self, start: int | None) -> int | None:
        """How many incidents changed from `start` on; null where Graph does not say."""
        try:
            return self.client.count(None if start is None else text_of(start))
        except Refused:
            return None

    def census(self, scope: int | None, *, had: bool) -> None:
        """Where Graph counts other than we do: marks those that are gone, fetches those that were missed."""
        start = None if scope is None else scope * PER_MS
        living = self.workspace.known(self.run.source, _KIND)
        known = {key: at for key, (_, at) in living.items() if scope is None or (at is not None and at >= scope)}
        counted = self.counted(start)
        if counted == len(known) or (counted is None and not had):
            return
        there: dict[str, int | None] = {}

        def see(page: graph.Page, _: int | None) -> None:
            there.update({item.key: item.changed_ms for item in self.items(page.rows, item_of)})
            self.progress(_CENSUS, len(there), None)

        self.walk(start, see, alerts=False)
        for key, at in there.items():
            if key not in known or known[key] != at:
                self.one(key)
        gone = known.keys() - there
        if len(gone) > len(known) / 2 and len(gone) > 10:
            said = f"{len(gone):,} of {len(known):,} incidents are not listed any more: "
            self.ledger.remarks.append(f"{said}their time of retention is over, or the app sees less than before")
        self.ledger.entry(_ABOUT).gone += self.run.gone(_KIND, gone)


class _Unsorted(Exception):
    """Rows are not in the order that was asked for."""


def _in_order(rows: list[Any], start: int | None) -> bool:
    """Whether rows are in the order of their last change, none of them before `start`."""
    times = [ticks for row in rows if (ticks := _ticks(row)) is not None]
    return times == sorted(times) and (not times or start is None or times[0] >= start)


def _ticks(row: Any) -> int | None:
    return ticks_of(row.get("lastUpdateDateTime")) if isinstance(row, dict) else None


def _once(link: str | None, followed: set[str]) -> str | None:
    """A link that was not followed yet.

    Raises:
        Refused: pages that lead in a circle.
    """
    if link is not None and link in followed:
        raise Refused("the links to the next page lead in a circle")
    followed.update([link] if link else [])
    return link


def _beyond(query: Query, passed: int) -> Query:
    """The query without the rows that have passed.

    Raises:
        Refused: more than Graph leaves out.
    """
    if passed > _MOST_SKIPPED:
        raise Refused(f"no link to the next page beyond {_MOST_SKIPPED} incidents")
    return replace(query, skip=passed)


def _quoted(key: str) -> str:
    """An id as part of a path.

    Raises:
        Refused: none that could be.
    """
    if not re.fullmatch(r"[\w.~-]{1,200}", key, re.ASCII) or not key.strip("."):
        raise Refused(f"{key[:100]!r} is no id of an incident")
    return key
