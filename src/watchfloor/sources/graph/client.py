"""Asks Graph: pages of OData, links to the next page that never lead elsewhere, a bearer token that is renewed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from watchfloor.sources import client
from watchfloor.sources.answers import Answer, Denied, Manner, Refused
from watchfloor.sources.client import Header, Patience, Request, Size
from watchfloor.sources.graph.login import Login
from watchfloor.sources.tls import Tls

__all__ = ["MANNER", "VERSION", "Client", "Page", "Query"]

VERSION = "v1.0"
INCIDENTS = f"/{VERSION}/security/incidents"


def _words(found: Any) -> tuple[str | None, str]:
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(error, dict):
        return None, ""
    code = error.get("code")
    return (str(code) if code else None), str(error.get("message") or code or "")


MANNER = Manner(
    system="Microsoft Graph",
    words=_words,
    denied="check --tenant, --client-id and the app's secret",
    forbidden="give the app the application permission SecurityIncident.Read.All, and consent as an administrator",
)


@dataclass(frozen=True)
class Query:
    """What is asked of the list of incidents."""

    since: str | None = None
    """Only those that changed then or later."""
    ordered: bool = True
    """By their last change, the oldest first."""
    alerts: bool = True
    """With their alerts."""
    skip: int = 0
    count: bool = False
    """With the number of all of them."""

    def params(self, top: int) -> dict[str, str]:
        """As OData has it."""
        said = {"$top": str(top)}
        if self.since is not None:
            said["$filter"] = f"lastUpdateDateTime ge {self.since}"
        if self.ordered:
            said["$orderby"] = "lastUpdateDateTime asc"
        if self.alerts:
            said["$expand"] = "alerts"
        if self.skip:
            said["$skip"] = str(self.skip)
        if self.count:
            said["$count"] = "true"
        return said


@dataclass(frozen=True)
class Page:
    """A page of the list."""

    rows: list[Any]
    answer: Answer
    words: str
    full: bool
    """Whether it has as many rows as were asked for."""
    next: str | None
    """Path and query of the next page, on this very host."""


class Client(client.Client):
    """Graph, for one tenant."""

    def __init__(self, source: str, login: Login, trust: Tls, patience: Patience | None = None) -> None:
        """`source` is an `address`."""
        super().__init__(source, MANNER, trust, auth=Header("Authorization", self._bearer), patience=patience)
        self._login = login
        self._said = ""
        self.warnings: list[str] = []
        """Providers that Graph says did not answer."""

    def _bearer(self) -> str:
        return f"Bearer {self._said}"

    def get(
        self, make: Callable[[], Request], *, size: Size | None = None, attempts: int | None = None
    ) -> tuple[Answer, str]:
        """An answer, and the request in words; a token that was refused is renewed once.

        Raises:
            Failed: an answer that trying again does not change; or the last failure.
            NotReachable: no such host, or nobody answers there.
        """
        made: list[Request] = []

        def asked() -> Request:
            made.append(make())
            return made[-1]

        self._renew()
        try:
            answer = self.ask(asked, size=size, attempts=attempts)
        except Denied:
            self._login.forget()
            self._renew()
            answer = self.ask(asked, size=size, attempts=attempts)
        if warning := answer.headers.get("warning"):
            self.warnings.append(self.hidden(warning)[:500])
        return answer, made[-1].words

    def _renew(self) -> None:
        token = self._login.token()
        if token.header() != self._said:
            self._said = token.header()
            self.secrets.append(token)

    def total(self, headers: Mapping[str, str], value: Any) -> int | None:
        """Rows of the whole list, where `$count` was asked for."""
        total = value.get("@odata.count") if isinstance(value, dict) else None
        return total if isinstance(total, int) and not isinstance(total, bool) else None

    def page(self, query: Query, size: Size, *, link: str | None = None, attempts: int | None = None) -> Page:
        """A page of incidents: what is asked for, or where a link leads.

        Raises:
            Failed: no page.
        """
        tops: list[int] = []

        def make() -> Request:
            tops.append(size.rows)
            if link is not None:
                return Request(link, "incidents", f"GET {link}", expects=_is_list)
            params = query.params(size.rows)
            words = "&".join(f"{name}={value}" for name, value in params.items())
            return Request(INCIDENTS, "incidents", f"GET {INCIDENTS}?{words}", params, expects=_is_list)

        answer, words = self.get(make, size=size, attempts=attempts)
        rows = answer.value["value"]
        # A page behind a link has as many rows as the first one asked for.
        return Page(rows, answer, words, len(rows) >= tops[-1], self.inside(answer.value.get("@odata.nextLink")))

    def incident(self, key: str, *, attempts: int | None = None) -> tuple[Answer, str]:
        """One incident with its alerts.

        Raises:
            Failed: it cannot be had.
        """
        path = f"{INCIDENTS}/{key}"
        request = Request(path, "an incident", f"GET {path}?$expand=alerts", {"$expand": "alerts"})
        return self.get(lambda: request, attempts=attempts)

    def count(self, since: str | None) -> int | None:
        """How many incidents changed since; null where Graph does not say.

        Raises:
            Failed: no answer.
        """
        answer = self.page(Query(since, ordered=False, alerts=False, count=True), Size(1, floor=1)).answer
        return answer.total

    def inside(self, link: Any) -> str | None:
        """Path and query of a link; the host is never taken from it, and one of another host is refused.

        Raises:
            Refused: it leads elsewhere.
        """
        if not link:
            return None
        try:
            parts, ours = urlsplit(str(link)), urlsplit(self.source)
            same = (parts.scheme, parts.hostname, parts.port or 443) == ("https", ours.hostname, ours.port or 443)
        except ValueError:
            same = False
        if not same or parts.username or not parts.path.startswith(f"/{VERSION}/"):
            raise Refused(f"the next page is said to be at {str(link)[:200]!r}: a token is never sent elsewhere")
        return f"{parts.path}?{parts.query}"


def _is_list(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("value"), list)
