"""Asks a console: pages by `Range`, and a version of the API in each request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from watchfloor.sources import client
from watchfloor.sources.answers import Answer
from watchfloor.sources.client import Header, Patience, Request, Size
from watchfloor.sources.qradar import answers
from watchfloor.sources.qradar.secret import Token
from watchfloor.sources.tls import Tls

__all__ = ["Client", "address"]

LOG = logging.getLogger("watchfloor.pull")


def address(url: str) -> str:
    """Scheme, host and port of what the user typed.

    Raises:
        BadOption: no address of a console.
    """
    return client.address(url, example="https://qradar.example.com")


class Client(client.Client):
    """One console."""

    def __init__(self, source: str, token: Token, trust: Tls, patience: Patience | None = None) -> None:
        """`source` is an `address`."""
        auth = Header("SEC", token.header)
        super().__init__(source, answers.MANNER, trust, auth=auth, secrets=(token,), patience=patience)
        self.version = "20.0"
        self._told: set[str] = set()

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
        made: list[Request] = []

        def make() -> Request:
            made.append(self._request(path, params, size, offset))
            return made[-1]

        answer = self.ask(make, size=size, attempts=attempts)
        self._warn(answer)
        return answer, made[-1].words

    def _request(self, path: str, params: Mapping[str, str] | None, size: Size | None, offset: int) -> Request:
        asked = f"items={offset}-{offset + size.rows - 1}" if size is not None else None
        query = "?" + "&".join(f"{name}={value}" for name, value in params.items()) if params else ""
        words = f"GET /api{path}{query}" + (f" Range: {asked}" if asked else "") + f" Version: {self.version}"
        headers = {"Version": self.version} | ({"Range": asked} if asked else {})
        return Request(f"/api{path}", path, words, params, headers)

    def check(self, status: int, headers: Mapping[str, str], body: bytes) -> Any:
        """The value of a good answer.

        Raises:
            Failed: any other.
        """
        return answers.check(status, headers, body)

    def total(self, headers: Mapping[str, str], value: Any) -> int | None:
        """Rows of the whole list."""
        return answers.content_range(headers.get("content-range"))

    def _warn(self, answer: Answer) -> None:
        deprecated = answer.headers.get("deprecated")
        if deprecated and "deprecated" not in self._told:
            self._told.add("deprecated")
            LOG.warning("%s: version %s of the API is deprecated: %s", self.source, self.version, deprecated)
