"""The pull of alerts and cases: by the time when they were made, which never changes, each page kept at once.

A page begins at the time of the last row before, not at its place in the list: what is made meanwhile comes at the end,
what is deleted moves nothing. What changes while the list is read belongs to the next run, which asks for what was made
or changed since this one began; a run that has finished the walk of another does so at once. A count tells whether
anything is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from watchfloor.sources import client as clients
from watchfloor.sources.answers import Answer, Gone, Refused, Temporary, canonical
from watchfloor.sources.client import Patience, Size
from watchfloor.sources.ledger import Ledger
from watchfloor.sources.pull import DAY_MS, Progress, Pull, Step, running
from watchfloor.sources.thehive.client import ApiKey, Client, Steps, find_key
from watchfloor.sources.tls import Tls
from watchfloor.store.changes import Item
from watchfloor.store.workspace import Page, Workspace

__all__ = ["OBSERVABLES", "PAGE_SIZE", "address", "name", "pull"]

PAGE_SIZE = 200
OVERLAP_MS = 2 * 3_600_000
"""A change may show later than its time says; rows that come twice cost little."""
OBSERVABLES = 1_000
"""Alerts and cases whose observables one run fetches: each costs a request."""
AGAIN = 100
"""Open alerts and cases whose observables are asked for again, those that changed last."""
_CENSUS = 2_000
"""Rows of a page of ids and times."""
_DEEPEST = 10_000
_DONE = frozenset({"closed", "imported", "ignored", "resolved", "duplicated"})


@dataclass(frozen=True)
class _List:
    """A list of objects with observables."""

    kind: str
    about: str
    many: str
    """The step that lists them."""
    one: str
    """The step that gives one."""


ALERTS = _List("alert", "alerts", "listAlert", "getAlert")
CASES = _List("case", "cases", "listCase", "getCase")


def address(url: str, *, plain: bool = False) -> str:
    """Scheme, host, port and path of what the user typed.

    Raises:
        BadOption: no address of TheHive.
    """
    return clients.address(url, example="https://thehive.example.com", plain=plain, path=True)


def name(at: str, organisation: str | None) -> str:
    """What the workspace calls an installation, as one organisation sees it."""
    return f"{at}/{organisation}" if organisation else at


def pull(
    url: str,
    workspace: Workspace,
    *,
    organisation: str | None = None,
    since_days: float | None = None,
    trust: Tls | None = None,
    key: ApiKey | None = None,
    page_size: int = PAGE_SIZE,
    observables: int = OBSERVABLES,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Ledger:
    """Brings the workspace up to date with an installation's alerts and cases, which are only read.

    Arguments:
        url: its address; clear text only with `trust.insecure`.
        workspace: where to keep what comes.
        organisation: as which one to look, where the key's user belongs to several.
        since_days: leaves out what was neither made nor changed in so many days.
        trust: whose certificate.
        key: the API key of a user; without it that of the environment or the keyring.
        page_size: rows of a page, fewer under pressure.
        observables: alerts and cases whose observables are fetched, those that changed last first; others wait.
        patience: how long to try.
        progress: is told how far it is.

    Raises:
        NotReachable: no such host, no answer, no trust.
        AccessDenied: no key, one that is not accepted, or that may not see alerts.
        SourceError: answers that TheHive does not give.
    """
    trust = trust or Tls()
    at = address(url, plain=trust.insecure)
    source = name(at, organisation)
    settings = {
        **{"url": at, "organisation": organisation, "since_days": since_days, "page_size": page_size},
        **trust.remembered(),
    }
    with Client(at, key or find_key(at), trust, organisation=organisation, patience=patience) as client:
        version = client.version()
        with running(workspace, source, "thehive", settings, version) as (run, ledger):
            work = _Pull(client, workspace, run, ledger, progress or (lambda *_: None), page_size)
            work.all(since_days, observables)
    return ledger


def item_of(found: Mapping[str, Any]) -> Item | None:
    """An alert or a case; without an id it is none."""
    key = found.get("_id")
    if not isinstance(key, str) or not key:
        return None
    made, changed = _whole(found.get("_createdAt")), _whole(found.get("_updatedAt"))
    return Item(
        key=key,
        body=canonical(found),
        born_ms=made,
        changed_ms=max((time for time in (made, changed) if time is not None), default=None),
        closed=str(found.get("stage") or found.get("status")).lower() in _DONE,
        due=found.get("observableCount") != 0,
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class _Walk:
    """One walk over a list, which may go on in the next run."""

    since_ms: int | None
    """Only what was made or changed then or later; null: all."""
    began_ms: int
    """By TheHive's clock: what changes later belongs to the next walk."""
    scope_ms: int | None
    at_ms: int | None = None
    """When the last row was made that it got to."""

    @classmethod
    def begin(cls, noted: Mapping[str, Any], now_ms: int, scope: int | None) -> _Walk:
        """The walk that was not finished, or the next one: over all, or over what changed since the last."""
        mark, before = noted.get("mark_ms"), noted.get("scope_ms")
        if noted.get("walk") and not _wider(scope, noted["walk"]["scope_ms"]):
            return cls(**noted["walk"])
        if mark is None or _wider(scope, before):
            return cls(scope, now_ms, scope)
        return cls(mark - OVERLAP_MS, now_ms, before)

    def query(self, of: _List) -> list[dict[str, Any]]:
        """The steps, without the page."""
        steps: list[dict[str, Any]] = [{"_name": of.many}]
        if self.since_ms is not None:
            names = ("_createdAt", "_updatedAt")
            steps.append({"_name": "filter", "_or": [_from(name, self.since_ms) for name in names]})
        return steps


def _wider(scope: int | None, before: int | None) -> bool:
    return before is not None and (scope is None or scope < before)


def _from(name: str, at: int) -> dict[str, Any]:
    return {"_gte": {"_field": name, "_value": at}}


@dataclass
class _Pull(Pull):
    """The work of one run."""

    client: Client
    page_size: int

    def all(self, since_days: float | None, observables: int) -> None:
        """Alerts and cases that are new or changed, what is gone, and the observables of what changed."""
        scope = self.client.clock_ms - round(since_days * DAY_MS) if since_days is not None else None
        steps: list[Step] = []
        for of in (ALERTS, CASES):
            had = bool(self.workspace.known(self.run.source, of.kind))
            steps.append((of.about, partial(self.list, of, scope)))
            steps.append((f"{of.about} that are gone", partial(self.census, of, scope, had=had)))
        steps += [(f"observables of {of.about}", partial(self.observables, of, observables)) for of in (ALERTS, CASES)]
        self.take(steps, needed=ALERTS.about)

    def list(self, of: _List, scope: int | None) -> None:
        """What was made or changed since the last walk; where a run before this one had begun it, also since then."""
        if self.walk(of, scope):
            self.walk(of, scope)

    def walk(self, of: _List, scope: int | None) -> bool:
        """One walk, and whether it had begun before; how far it got is kept with each page."""
        about = f"walk over {of.about}"
        noted = self.workspace.state(self.run.source, about) or {}
        walk = _Walk.begin(noted, self.client.clock_ms, scope)
        goes_on = walk.at_ms is not None
        total, done = self.counted(of, self.left(of, walk)), 0
        for answer, words, at, more in self.pages(of, walk, Size(self.page_size)):
            walk = replace(walk, at_ms=at)
            state = {"mark_ms": noted.get("mark_ms"), "scope_ms": noted.get("scope_ms"), "walk": asdict(walk)}
            if not more:
                state = {"mark_ms": walk.began_ms, "scope_ms": walk.scope_ms, "walk": None}
            items = self.items(answer.value, item_of)
            self.keep(of.about, Page(of.kind, words, answer.body, items), len(answer.value), (about, state))
            done += len(answer.value)
            self.progress(of.about, done, total if total is None else max(total, done))
        return goes_on

    def counted(self, of: _List, steps: Steps) -> int | None:
        """How many rows a query has; null where TheHive does not count."""
        try:
            return self.client.count(steps, f"a count of {of.about}")
        except (Refused, Gone):
            return None

    def left(self, of: _List, walk: _Walk) -> Steps:
        """What a walk has yet to see."""
        steps = walk.query(of)
        return steps if walk.at_ms is None else [*steps, {"_name": "filter", **_from("_createdAt", walk.at_ms)}]

    def pages(
        self, of: _List, walk: _Walk, size: Size, *, include: tuple[str, ...] = ()
    ) -> Iterator[tuple[Answer, str, int | None, bool]]:
        """Pages in the order in which the rows were made, each with the time of its last row and whether more come.

        Raises:
            Failed: a page that cannot be had, though it was tried again and with fewer rows.
        """
        passed, more = 0, True
        while more:
            sizes: list[int] = []
            make = partial(_paged, self.left(of, walk), passed, sizes)
            answer, words = self.client.get(make, of.about, size=size, include=include)
            times = [_whole(row.get("_createdAt")) for row in answer.value if isinstance(row, dict)]
            known = [time for time in times if time is not None]
            if known != sorted(known) or (known and walk.at_ms is not None and known[0] < walk.at_ms):
                raise Refused(f"{of.about} that are not in the order that was asked for")
            at = known[-1] if known else walk.at_ms
            more = len(answer.value) >= sizes[-1]
            passed = 0 if at != walk.at_ms else passed + len(answer.value)
            if passed > _DEEPEST:
                raise Refused(f"more than {_DEEPEST:,} {of.about} that were made in one instant")
            walk = replace(walk, at_ms=at)
            yield answer, words, at, more

    def census(self, of: _List, scope: int | None, *, had: bool) -> None:
        """Where TheHive counts other than we do: marks what is gone, fetches what was missed."""
        living = self.workspace.known(self.run.source, of.kind)
        known = {key: at for key, (_, at) in living.items() if scope is None or (at is not None and at >= scope)}
        walk = _Walk(scope, 0, scope)
        counted = self.counted(of, walk.query(of))
        if counted == len(known) or (counted is None and not had):
            return
        there: dict[str, int | None] = {}
        fields = ("_id", "_type", "_createdAt", "_updatedAt")
        for answer, *_ in self.pages(of, walk, Size(_CENSUS), include=fields):
            there.update({item.key: item.changed_ms for item in self.items(answer.value, item_of)})
            self.progress(f"{of.about} that are gone", len(there), None)
        for key, at in there.items():
            if key not in known or known[key] != at:
                self.one(of, key)
        gone = known.keys() - there
        if had and len(gone) > len(known) / 2 and len(gone) > 10:
            said = f"{len(gone):,} of {len(known):,} {of.about} are not listed any more: "
            self.ledger.remarks.append(f"{said}they were deleted, or the key's user sees less than before")
        self.ledger.entry(of.about).gone += self.run.gone(of.kind, gone)

    def one(self, of: _List, key: str) -> None:
        """One object by its id."""
        try:
            answer, words = self.client.get(lambda _: [{"_name": of.one, "idOrName": key}], of.about, expects=_is_some)
        except Gone:
            return
        rows = answer.value if isinstance(answer.value, list) else [answer.value]
        self.keep(of.about, Page(of.kind, words, answer.body, self.items(rows, item_of)), len(rows))

    def observables(self, of: _List, limit: int) -> None:
        """Observables of what changed, and of some that are open: it is not said that one more changes its alert."""
        source = self.run.source
        due = self.workspace.due(source, of.kind)
        about = f"observables of {of.about}"
        again = self.workspace.open(source, of.kind, min(AGAIN, max(0, limit - len(due))))
        todo = list(dict.fromkeys([*due[:limit], *again]))
        failed: dict[str, str] = {}
        for number, key in enumerate(todo):
            try:
                answer, words = self.client.get(partial(_observables, of, key), about)
            except Gone:  # deleted since it was listed
                self.run.clear(of.kind, key)
                continue
            except (Temporary, Refused) as error:  # others may come all the same
                failed[key] = str(error)
                if len(failed) >= 3 and len(failed) == number + 1:
                    raise
                continue
            found = sorted((row for row in answer.value if isinstance(row, dict)), key=lambda row: str(row.get("_id")))
            items = [Item(key, canonical({"observables": found}))] if found else []
            page = Page(f"{of.kind}_observables", words, answer.body, items)
            self.keep(about, page, len(items), cleared=(of.kind, key))
            self.progress(about, number + 1, len(todo))
        for key, why in failed.items():
            self.ledger.missing[f"observables of {of.kind} {key}"] = why
        if len(due) > limit:
            said = f"observables of {len(due) - limit:,} {of.about} wait for the next runs (--observables)"
            self.ledger.remarks.append(said)


def _paged(steps: Steps, begin: int, sizes: list[int], rows: int) -> Steps:
    """A query with its page, whose size is noted."""
    sizes.append(rows)
    ordered = {"_name": "sort", "_fields": [{"_createdAt": "asc"}]}
    # Without `extraData`, though it may be empty, some versions refuse the page.
    return [*steps, ordered, {"_name": "page", "from": begin, "to": begin + rows, "extraData": []}]


def _observables(of: _List, key: str, _: int) -> Steps:
    return [{"_name": of.one, "idOrName": key}, {"_name": "observables"}]


def _is_some(found: Any) -> bool:
    return isinstance(found, dict | list)
