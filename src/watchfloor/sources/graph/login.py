"""A token for Graph by client credentials: an app's id and secret go to the login host, and to no other."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from watchfloor.errors import AccessDenied
from watchfloor.sources.answers import Denied, Failed, Manner, Refused, failure_of, value_of
from watchfloor.sources.client import Client, Form, Patience, Request
from watchfloor.sources.secret import Place, Secret, find_secret
from watchfloor.sources.tls import Tls

__all__ = ["PLACE", "ClientSecret", "Login", "find_client_secret"]

PLACE = Place(
    "WATCHFLOOR_GRAPH_CLIENT_SECRET", "watchfloor-graph", what="client secret", whose="the value of the app's secret"
)
_TOKEN = Place("WATCHFLOOR_GRAPH_CLIENT_SECRET", "watchfloor-graph")
_SOON = 900.0
"""Seconds: a token that ends sooner is not begun with, since one request may be tried again for ten minutes."""
_FIRST_CONTACT = 4


class ClientSecret(Secret):
    """The secret of an app that does not show itself."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        """Raises AccessDenied where this cannot be one."""
        super().__init__(text, PLACE)


def find_client_secret(client_id: str) -> ClientSecret:
    """The secret of an app: of the environment or the keyring.

    Raises:
        AccessDenied: there is none.
    """
    return ClientSecret(find_secret(PLACE, client_id))


def _words(found: Any) -> tuple[str | None, str]:
    """`AADSTS7000215: Invalid client secret provided. ..`, without the ids of traces in further lines."""
    if not isinstance(found, dict):
        return None, ""
    said = str(found.get("error_description") or found.get("error") or "")
    return str(found.get("error") or "") or None, (said.splitlines() or [""])[0].split(" Trace ID:")[0]


MANNER = Manner(
    system="Microsoft login host",
    words=_words,
    denied="check --tenant, --client-id and the app's secret, which has an end; the value of the secret is meant, "
    "not its id",
    forbidden="check that the app is in this tenant",
)


class Login(Client):
    """The login host of one tenant."""

    def __init__(
        self,
        source: str,
        tenant: str,
        client_id: str,
        secret: ClientSecret,
        trust: Tls,
        *,
        scope: str,
        patience: Patience | None = None,
    ) -> None:
        """`source` is an `address`; `scope` says for which service."""
        said = {"grant_type": "client_credentials", "client_id": client_id, "scope": scope}
        form = Form(lambda: said | {"client_secret": secret.header()})
        super().__init__(source, MANNER, trust, auth=form, secrets=(secret,), patience=patience)
        self._path = f"/{tenant}/oauth2/v2.0/token"
        self._token: Secret | None = None
        self._until = 0.0

    def check(self, status: int, headers: Mapping[str, str], body: bytes) -> Any:
        """The value of a good answer; here 400 says too that the app is not accepted.

        Raises:
            Failed: any other.
        """
        if status == 400:
            denied = Denied(str(failure_of(status, headers, body, self.manner)))
            denied.hint = self.manner.denied
            raise denied
        return value_of(status, headers, body, self.manner)

    def token(self) -> Secret:
        """The token, a new one where the last ends soon.

        Raises:
            Failed: there is none.
            NotReachable: no such host, or nobody answers there.
        """
        if self._token is None or time.monotonic() > self._until:
            request = Request(self._path, "login", f"POST {self._path}", post=True)
            answer = self.ask(lambda: request, attempts=_FIRST_CONTACT)
            self._token = self._of(answer.value)
        return self._token

    def forget(self) -> None:
        """The token is not accepted any more."""
        self._token = None

    def _of(self, found: Any) -> Secret:
        said = found if isinstance(found, dict) else {}
        try:
            token = Secret(str(said.get("access_token") or ""), _TOKEN)
        except AccessDenied as error:
            raise Refused("an answer without a token") from error
        seconds = str(said.get("expires_in", ""))
        self._until = time.monotonic() + max(60.0, (int(seconds) if re.fullmatch(r"\d{1,9}", seconds) else 0) - _SOON)
        return token

    def accepts(self) -> None:
        """Asks for a token, to know early whether the app is accepted.

        Raises:
            AccessDenied: it is not.
            NotReachable: no such host, or nobody answers there.
            SourceError: another answer.
        """
        try:
            self.token()
        except Failed as error:
            raise self.failure(error) from error
