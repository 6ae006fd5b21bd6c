"""Asks a console, only to read: tries again what may be tried again, within a deadline, and never shows the token."""

from __future__ import annotations

import email.utils
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import stamina

from watchfloor.errors import AccessDenied, BadOption, NotReachable, SourceError
from watchfloor.sources.qradar import answers, tls
from watchfloor.sources.qradar.answers import Answer, Denied, Failed, Temporary
from watchfloor.sources.qradar.secret import Token

__all__ = ["Client", "Patience", "Size", "address"]

LOG = logging.getLogger("watchfloor.qradar")
LONGEST_WAIT = 900.0
"""Seconds: a console that asks for more is left for the next run."""


@dataclass(frozen=True)
class Patience:
    """How long to try; seconds."""

    connect: float = 10.0
    read: float = 60.0
    """Without a byte."""
    one_try: float = 180.0
    """One answer as a whole."""
    all_tries: float = 600.0
    attempts: int = 8
    first_wait: float = 0.5
    longest_wait: float = 60.0
    jitter: float = 0.5


class Size:
    """Rows of a page: halved under pressure down to a floor, doubled again after a while of peace."""

    FLOOR = 25
    PEACE = 8
    """Good pages before it grows."""

    def __init__(self, rows: int) -> None:
        """`rows`: the size to begin with, which is also the largest."""
        self.rows = self._most = rows
        self._good = 0
        self._grew = False

    def pressed(self) -> None:
        """A page failed."""
        if self._grew:  # the size before was right
            self._most = max(self.FLOOR, self.rows // 2)
        self._good, self._grew = 0, False
        self.rows = max(min(self.FLOOR, self._most), self.rows // 2)

    def relieved(self) -> None:
        """A page came."""
        self._good += 1
        self._grew = False
        if self._good >= self.PEACE and self.rows < self._most:
            self.rows, self._good, self._grew = min(self._most, self.rows * 2), 0, True


def address(url: str) -> str:
    """Scheme, host and port of what the user typed.

    Raises:
        BadOption: no address of a console.
    """
    typed = url.strip() if "://" in url else f"https://{url.strip()}"
    try:
        parts = urlsplit(typed)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.username or not re.fullmatch(r"[\w.:-]+", host):
        raise BadOption(f"--url {url!r} is no address of a console", hint="--url https://qradar.example.com")
    if parts.scheme != "https":
        raise BadOption(f"--url {url}: the token would travel in clear text", hint=f"--url https://{host}")
    name = f"[{host}]" if ":" in host else host.lower()
    return f"https://{name}" + (f":{port}" if port not in (None, 443) else "")


class _Bearer(httpx.Auth):
    """Puts the token into its header, and keeps others (`.netrc`) out."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["SEC"] = self._token.header()
        yield request


class Client:
    """One console."""

    def __init__(self, source: str, token: Token, trust: tls.Tls, patience: Patience | None = None) -> None:
        """`source` is an `address`."""
        self.source, self.version = source, "20.0"
        self.clock_ms = time.time_ns() // 1_000_000
        """The console's own clock, at its last answer."""
        self.patience = patience or Patience()
        self._token = token
        self._context = tls.context(trust)
        if trust.insecure:
            LOG.warning("--insecure: anybody between here and %s can read the token and change what arrives", source)
        timeout = httpx.Timeout(self.patience.read, connect=self.patience.connect)
        self._http = httpx.Client(
            base_url=source,
            auth=_Bearer(token),
            verify=self._context,
            timeout=timeout,
            headers={"Accept": "application/json", "User-Agent": "watchfloor"},
        )
        self._told: set[str] = set()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        size: Size | None = None,
        offset: int = 0,
        attempts: int | None = None,
    ) -> tuple[Answer, str]:
        """An answer, and the request that it belongs to in words.

        Arguments:
            path: below `/api`.
            params: filter, fields, sort.
            size: asks for a page of so many rows, of fewer after each failure.
            offset: of the page.
            attempts: how often to try, where that is not as usual.

        Raises:
            Failed: an answer that trying again does not change; or the last failure.
            NotReachable: no such host, or nobody answers there.
        """
        patience = self.patience
        until = time.monotonic() + patience.all_tries

        def again(error: Exception) -> bool | float:
            if not isinstance(error, Temporary):
                return False
            if size is not None and error.size:
                size.pressed()
            if error.wait is None:
                return True
            return error.wait if time.monotonic() + error.wait < until and error.wait <= LONGEST_WAIT else False

        tries = stamina.retry_context(
            on=again,
            attempts=attempts or patience.attempts,
            timeout=patience.all_tries,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        )
        for attempt in tries:
            with attempt:
                words = self._words(path, params, size, offset)
                try:
                    answer = self._once(path, params, words[1], until)
                except Temporary as error:
                    if error.unreachable and attempt.num == (attempts or patience.attempts):
                        raise NotReachable(f"{self.source}: {error}", hint=_LATER) from error
                    LOG.info("%s: %s; try %d of %d", path, error, attempt.num, attempts or patience.attempts)
                    raise
        if size is not None:
            size.relieved()
        self._warn(answer)
        self.clock_ms = answer.date_ms or time.time_ns() // 1_000_000
        return answer, f"{words[0]} Version: {self.version}"

    def _words(
        self, path: str, params: Mapping[str, str] | None, size: Size | None, offset: int
    ) -> tuple[str, str | None]:
        asked = f"items={offset}-{offset + size.rows - 1}" if size is not None else None
        query = "?" + "&".join(f"{name}={value}" for name, value in params.items()) if params else ""
        return f"GET /api{path}{query}" + (f" Range: {asked}" if asked else ""), asked

    def _once(self, path: str, params: Mapping[str, str] | None, asked: str | None, until: float) -> Answer:
        self._context.deadline = min(time.monotonic() + self.patience.one_try, until)
        headers = {"Version": self.version} | ({"Range": asked} if asked else {})
        with (
            self._translated(),
            self._http.stream("GET", f"/api{path}", params=params, headers=headers) as response,
        ):
            body = self._token.hide_bytes(response.read())
        try:
            value = answers.check(response.status_code, response.headers, body)
        except Failed as error:
            error.args = (self._token.hide(str(error)),)
            raise
        said = response.headers
        return Answer(
            value=value,
            body=body,
            status=response.status_code,
            total=answers.content_range(said.get("content-range")),
            date_ms=_date(said.get("date")),
            deprecated=said.get("deprecated"),
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Failures on the way, in our words.

        Raises:
            Temporary: the way broke.
            NotReachable: there is no way.
        """
        try:
            yield
        except httpx.HTTPError as error:
            if isinstance(error, httpx.ConnectError) and (why := tls.reason(error)) is not None:
                raise NotReachable(f"{self.source}: {why[0]}", hint=why[1]) from error
            if isinstance(error, httpx.ConnectError) and _no_such_host(error):
                raise NotReachable(f"{self.source}: no such host", hint="check the name in --url") from error
            what = type(error).__name__.removesuffix("Error")
            unreachable = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise Temporary(_WAYS.get(what, what), size=not unreachable, unreachable=unreachable) from error
        except httpx.InvalidURL as error:
            raise NotReachable(f"{self.source}: {error}", hint="check --url") from error

    def _warn(self, answer: Answer) -> None:
        if answer.deprecated and "deprecated" not in self._told:
            self._told.add("deprecated")
            LOG.warning("%s: version %s of the API is deprecated: %s", self.source, self.version, answer.deprecated)

    def failure(self, error: Failed) -> SourceError:
        """A failure that ends the pull, for the user."""
        if isinstance(error, Denied):
            return AccessDenied(f"{self.source}: {error}", hint=error.hint)
        if isinstance(error, answers.Forbidden):
            return AccessDenied(f"{self.source}: {error}", hint=error.hint)
        if isinstance(error, Temporary):
            return NotReachable(f"{self.source}: {error}", hint=_LATER)
        return SourceError(f"{self.source}: {error}", hint=error.hint or "is this the address of a QRadar console?")


_LATER = "is it up, and the address right? try again later: what arrived is kept"
_WAYS = {
    "ConnectTimeout": "nobody answers",
    "Connect": "the connection was refused",
    "ReadTimeout": "the answer took too long",
    "Read": "the connection broke off",
    "Write": "the connection broke off",
    "RemoteProtocol": "the answer broke off",
    "Decoding": "the answer broke off",
}


def _no_such_host(error: BaseException) -> bool:
    return any(word in str(error) for word in ("Name or service not known", "nodename nor servname", "getaddrinfo"))


def _date(said: str | None) -> int | None:
    try:
        return int(email.utils.parsedate_to_datetime(said).timestamp() * 1000) if said else None
    except ValueError:
        return None
