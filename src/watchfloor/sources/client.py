"""Asks a system, only to read: tries again what may be tried again, within a deadline, and never shows a secret."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import stamina

from watchfloor.errors import AccessDenied, BadOption, NotReachable, SourceError
from watchfloor.sources import tls
from watchfloor.sources.answers import Answer, Denied, Failed, Forbidden, Manner, Temporary, date_ms, value_of
from watchfloor.sources.secret import Secret

__all__ = ["Client", "Form", "Header", "Patience", "Request", "Size", "address"]

LOG = logging.getLogger("watchfloor.pull")
LONGEST_WAIT = 900.0
"""Seconds: a system that asks for more is left for the next run."""


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

    def __init__(self, rows: int, *, floor: int = FLOOR) -> None:
        """`rows`: the size to begin with, which is also the largest."""
        self.rows = self._most = rows
        self._floor = floor
        self._good = 0
        self._grew = False

    def pressed(self) -> None:
        """A page failed."""
        if self._grew:  # the size before was right
            self._most = max(self._floor, self.rows // 2)
        self._good, self._grew = 0, False
        self.rows = max(min(self._floor, self._most), self.rows // 2)

    def relieved(self) -> None:
        """A page came."""
        self._good += 1
        self._grew = False
        if self._good >= self.PEACE and self.rows < self._most:
            self.rows, self._good, self._grew = min(self._most, self.rows * 2), 0, True


@dataclass(frozen=True)
class Request:
    """What is asked; no secret is in it."""

    path: str
    """Below the client's address."""
    about: str
    """In a word or two, for the log."""
    words: str
    """The request in words, for the workspace."""
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    json: Any = None
    """Of a query that travels as POST."""
    post: bool = False
    """A POST whose body the client's `Form` puts in."""
    expects: Callable[[Any], bool] | None = None
    """Whether a value is of the kind that was asked for; any other is an answer that broke."""


def address(url: str, *, example: str, option: str = "--url", plain: bool = False, path: bool = False) -> str:
    """Scheme, host and port of what the user typed.

    Arguments:
        url: what was typed.
        example: an address as it should be.
        option: where it was typed.
        plain: takes clear text too.
        path: keeps the path: some systems stand below one.

    Raises:
        BadOption: no address, or clear text.
    """
    typed = url.strip() if "://" in url else f"https://{url.strip()}"
    try:
        parts = urlsplit(typed)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.username or not re.fullmatch(r"[\w.:-]+", host):
        raise BadOption(f"{option} {url!r} is no address", hint=f"{option} {example}")
    if parts.scheme != "https" and not (plain and parts.scheme == "http"):
        raise BadOption(f"{option} {url}: the token would travel in clear text", hint=f"{option} https://{host}")
    name = f"[{host}]" if ":" in host else host.lower()
    default = {"https": 443, "http": 80}[parts.scheme]
    below = parts.path.rstrip("/") if path else ""
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, default) else "") + below


class Header(httpx.Auth):
    """Puts a secret into its header, and keeps others (`.netrc`) out."""

    def __init__(self, name: str, secret: Callable[[], str]) -> None:
        """`secret` gives what the header says."""
        self._name, self._secret = name, secret

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Adds the header."""
        request.headers[self._name] = self._secret()
        yield request


class Form(httpx.Auth):
    """Puts a form with a secret into the body, at the last moment: no frame of a traceback has it."""

    def __init__(self, fields: Callable[[], Mapping[str, str]]) -> None:
        """`fields` gives what the form says."""
        self._fields = fields

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        """Makes the request anew, with the form."""
        headers = {name: request.headers[name] for name in ("Accept", "User-Agent")}
        yield httpx.Request(
            request.method, request.url, headers=headers, data=self._fields(), extensions=request.extensions
        )


class Client:
    """One system at one address."""

    def __init__(
        self,
        source: str,
        manner: Manner,
        trust: tls.Tls,
        *,
        auth: httpx.Auth | None = None,
        secrets: Sequence[Secret] = (),
        patience: Patience | None = None,
    ) -> None:
        """`source` is an `address`; `secrets` are hidden wherever the system repeats them."""
        self.source, self.manner = source, manner
        self.clock_ms = time.time_ns() // 1_000_000
        """The system's own clock, at its last answer."""
        self.patience = patience or Patience()
        self.secrets = list(secrets)
        self._context = tls.context(trust)
        if trust.insecure:
            LOG.warning("--insecure: anybody between here and %s can read the token and change what arrives", source)
        timeout = httpx.Timeout(self.patience.read, connect=self.patience.connect)
        self._http = httpx.Client(
            base_url=source,
            auth=auth or _nobody,
            verify=self._context,
            timeout=timeout,
            headers={"Accept": "application/json", "User-Agent": "watchfloor"},
            # A tunnel that ends here is not behind the proxy of the environment.
            mounts={f"all://{here}": None for here in ("localhost", "127.0.0.1", "[::1]")},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, make: Callable[[], Request], *, size: Size | None = None, attempts: int | None = None) -> Answer:
        """An answer.

        Arguments:
            make: the request; made again for each try, since the size of the page may have changed.
            size: rows of the page, fewer after each failure.
            attempts: how often to try, where that is not as usual.

        Raises:
            Failed: an answer that trying again does not change; or the last failure.
            NotReachable: no such host, or nobody answers there.
        """
        patience = self.patience
        until = time.monotonic() + patience.all_tries
        most = attempts or patience.attempts

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
            attempts=most,
            timeout=patience.all_tries,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.jitter,
        )
        for attempt in tries:
            with attempt:
                request = make()
                try:
                    answer = self._once(request, until)
                except Temporary as error:
                    if error.unreachable and attempt.num == most:
                        raise NotReachable(f"{self.source}: {error}", hint=_LATER) from error
                    LOG.info("%s: %s; try %d of %d", request.about, error, attempt.num, most)
                    raise
        if size is not None:
            size.relieved()
        self.clock_ms = answer.date_ms or time.time_ns() // 1_000_000
        return answer

    def _once(self, request: Request, until: float) -> Answer:
        self._context.deadline = min(time.monotonic() + self.patience.one_try, until)
        asks = request.json is not None or request.post
        with (
            self._translated(),
            self._http.stream(
                "POST" if asks else "GET",
                request.path,
                params=request.params,
                headers=request.headers,
                json=request.json,
            ) as response,
        ):
            body = response.read()
        for secret in self.secrets:
            body = secret.hide_bytes(body)
        try:
            value = self.check(response.status_code, response.headers, body)
            if request.expects is not None and not request.expects(value):
                raise Temporary(f"an answer of another kind than was asked for: {request.about}")
        except Failed as error:
            error.args = (self.hidden(str(error)),)
            raise
        return Answer(
            value=value,
            body=body,
            status=response.status_code,
            total=self.total(response.headers, value),
            date_ms=date_ms(response.headers.get("date")),
            headers=response.headers,
        )

    def hidden(self, text: str) -> str:
        """A text without any secret."""
        for secret in self.secrets:
            text = secret.hide(text)
        return text

    def check(self, status: int, headers: Mapping[str, str], body: bytes) -> Any:
        """The value of a good answer; a system with answers of its own says otherwise.

        Raises:
            Failed: any other.
        """
        return value_of(status, headers, body, self.manner)

    def total(self, headers: Mapping[str, str], value: Any) -> int | None:
        """Rows of the whole list; null where the system does not say."""
        return None

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
                raise NotReachable(f"{self.source}: no such host", hint="check the name in its address") from error
            what = type(error).__name__.removesuffix("Error")
            unreachable = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise Temporary(_WAYS.get(what, what), size=not unreachable, unreachable=unreachable) from error
        except httpx.InvalidURL as error:
            raise NotReachable(f"{self.source}: {error}", hint="check its address") from error

    def failure(self, error: Failed) -> SourceError:
        """A failure that ends the pull, for the user."""
        if isinstance(error, Denied | Forbidden):
            return AccessDenied(f"{self.source}: {error}", hint=error.hint)
        if isinstance(error, Temporary):
            return NotReachable(f"{self.source}: {error}", hint=_LATER)
        asked = f"is this the address of a {self.manner.system}?"
        return SourceError(f"{self.source}: {error}", hint=error.hint or asked)


def _nobody(request: httpx.Request) -> httpx.Request:
    """Adds nothing: what `.netrc` says of a host is not for us."""
    return request


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
