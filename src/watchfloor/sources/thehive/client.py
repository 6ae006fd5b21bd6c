"""Asks TheHive: chains of steps to `/api/v1/query`, which is a POST that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from watchfloor.errors import BadOption
from watchfloor.sources import client
from watchfloor.sources.answers import Answer, Failed, Manner, canonical
from watchfloor.sources.client import Header, Patience, Request, Size
from watchfloor.sources.secret import Place, Secret, find_secret
from watchfloor.sources.tls import Tls

__all__ = ["ApiKey", "Client", "Steps", "find_key"]

PLACE = Place("WATCHFLOOR_THEHIVE_KEY", "watchfloor-thehive", what="API key", whose="the API key of a user")
_PATH = "/api/v1/query"
_STATUS = "/api/v1/status/public"
_FIRST_CONTACT = 4

Steps = Sequence[Mapping[str, Any]]
"""A query: each step takes what the one before gives."""


class ApiKey(Secret):
    """The API key of a user that does not show itself."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        """Raises AccessDenied where this cannot be one."""
        super().__init__(text, PLACE)


def find_key(source: str) -> ApiKey:
    """The API key for an address: of the environment or the keyring.

    Raises:
        AccessDenied: there is none.
    """
    return ApiKey(find_secret(PLACE, source))


def _words(found: Any) -> tuple[str | None, str]:
    if not isinstance(found, dict):
        return None, ""
    kind = found.get("type")
    return (str(kind) if kind else None), str(found.get("message") or kind or "")


MANNER = Manner(
    system="TheHive 5",
    words=_words,
    denied="check the API key; a user has one per installation, and a new one ends the old",
    forbidden="give the key's user a profile that may see it, in the right organisation (--organisation)",
)


class Client(client.Client):
    """One installation, as one organisation sees it."""

    def __init__(
        self, source: str, key: ApiKey, trust: Tls, *, organisation: str | None = None, patience: Patience | None = None
    ) -> None:
        """`source` is an `address`.

        Raises:
            BadOption: no name of an organisation.
        """
        auth = Header("Authorization", lambda: f"Bearer {key.header()}")
        super().__init__(source, MANNER, trust, auth=auth, secrets=(key,), patience=patience)
        if organisation is not None and not (organisation.isascii() and organisation.isprintable() and organisation):
            raise BadOption(f"--organisation {organisation!r} is no name", hint="its name as TheHive has it")
        self._headers = {"X-Organisation": organisation} if organisation else {}

    def get(
        self,
        make: Callable[[int], Steps],
        about: str,
        *,
        size: Size | None = None,
        attempts: int | None = None,
        include: Sequence[str] = (),
        expects: Callable[[Any], bool] = lambda found: isinstance(found, list),
    ) -> tuple[Answer, str]:
        """What a query gives, and the query in words.

        Arguments:
            make: the steps, for so many rows of a page.
            about: in a word or two, for the log.
            size: of the page, fewer after each failure.
            attempts: how often to try, where that is not as usual.
            include: fields of each row, where not all are wanted.
            expects: what the value must be.

        Raises:
            Failed: an answer that trying again does not change; or the last failure.
            NotReachable: no such host, or nobody answers there.
        """
        made: list[Request] = []

        def asked() -> Request:
            body: dict[str, Any] = {"query": list(make(size.rows if size is not None else 0))}
            if include:
                body["includeFields"] = list(include)
            words = f"POST {_PATH} {canonical(body)}"
            made.append(Request(_PATH, about, words, headers=self._headers, json=body, expects=expects))
            return made[-1]

        answer = self.ask(asked, size=size, attempts=attempts)
        return answer, made[-1].words

    def count(self, steps: Steps, about: str) -> int:
        """How many rows a query has.

        Raises:
            Failed: no answer.
        """
        answer, _ = self.get(lambda _: [*steps, {"_name": "count"}], about, expects=_is_number)
        return int(answer.value)

    def version(self) -> str:
        """Its version, as far as it says so to anybody; the first contact, which tries fewer times.

        Raises:
            NotReachable: no such host, or nobody answers there.
        """
        try:
            answer = self.ask(lambda: Request(_STATUS, "its version", f"GET {_STATUS}"), attempts=_FIRST_CONTACT)
        except Failed:
            return "v1"
        found = answer.value if isinstance(answer.value, dict) else {}
        versions = found.get("versions")
        said = found.get("version") or (versions.get("TheHive") if isinstance(versions, dict) else None)
        return str(said)[:40] if said else "v1"

    def total(self, headers: Mapping[str, str], value: Any) -> int | None:
        """Rows of the whole list."""
        said = headers.get("x-total", "")
        return int(said) if said.isdecimal() and len(said) < 16 else None


def _is_number(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)
