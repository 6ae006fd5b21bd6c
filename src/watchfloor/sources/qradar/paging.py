"""Lists page by page, though rows come, go and move while they are read.

By key: `id >= last + 1`, sorted by id, always the first rows. A row that appears has a larger id and comes later; one
that disappears moves nothing. Lists that do not sort are read by place, and again where their length changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from watchfloor.sources.answers import Answer, Refused, Temporary
from watchfloor.sources.client import Size
from watchfloor.sources.qradar.client import Client
from watchfloor.sources.qradar.endpoints import Endpoint, whole
from watchfloor.sources.qradar.fields import Wanted

__all__ = ["Part", "by_key", "by_place"]

_LISTS_AGAIN = 5
"""How often a list is read again whose length changes while it is read."""


@dataclass(frozen=True)
class Part:
    """A page of a list."""

    rows: list[Any]
    answer: Answer
    request: str
    last: int
    """The largest id so far."""
    more: bool
    refused: dict[int, str]
    """Rows that the console cannot give, and what it says."""


def by_key(
    client: Client,
    endpoint: Endpoint,
    size: Size,
    wanted: Wanted,
    *,
    last: int = -1,
    also: str = "",
    fields: str = "",
) -> Iterator[Part]:
    """Pages of rows whose id is larger than `last`, in the order of their ids.

    Raises:
        Failed: a page that cannot be had, though it was tried again and with fewer rows.

    Arguments:
        client: the console.
        endpoint: what to list.
        size: of the pages.
        wanted: fields that it may be asked for.
        last: where to go on.
        also: a further condition, in brackets.
        fields: what to ask of each row, in place of the endpoint's own.
    """
    more = True
    while more:
        filter_ = f"{also} and id >= {last + 1}" if also else f"id >= {last + 1}"
        params = dict(endpoint.params) | {"filter": filter_, "sort": "+id"} | ({"fields": fields} if fields else {})
        try:
            answer, request, rows = _asked(client, endpoint, params, size, wanted)
        except Temporary as error:
            if fields:
                raise
            for part in _one_by_one(client, endpoint, last, also, error):
                last = part.last
                yield part
            continue
        ids = [number for row in rows if isinstance(row, dict) and (number := whole(row.get("id"))) is not None]
        # A page shorter than asked for is no proof of the end: the console may give fewer rows than it was asked for.
        more = bool(ids) and (answer.total is None or answer.total > len(rows))
        if ids and (min(ids) <= last or ids != sorted(ids)):
            raise Refused(f"rows that are not above id {last}, or not in order, though both were asked for")
        last = max(ids, default=last)
        yield Part(rows, answer, request, last, more, {})


def _one_by_one(client: Client, endpoint: Endpoint, last: int, also: str, error: Temporary) -> Iterator[Part]:
    """A few rows one by one, where they cannot be had together: one that the console cannot write spoils a page.

    Raises:
        Temporary: none of them can be had: it is not a matter of a row.
    """
    condition = f"{also} and id >= {last + 1}" if also else f"id >= {last + 1}"
    params = {"filter": condition, "sort": "+id", "fields": "id"}
    answer, _ = client.get(endpoint.path, params, size=Size(Size.FLOOR), attempts=2)
    ids = [row["id"] for row in _rows(answer)]
    refused: dict[int, str] = {}
    for number in ids:
        params = dict(endpoint.params) | {"filter": f"id in ({number})"}
        try:
            one, request = client.get(endpoint.path, params, size=Size(1), attempts=2)
        except Temporary as why:
            refused[number] = str(why)
            continue
        yield Part(_rows(one), one, request, number, True, refused)
        refused = {}
    if not ids or len(refused) == len(ids):
        raise error
    if refused:
        yield Part([], answer, "", ids[-1], True, refused)


def by_place(
    client: Client, endpoint: Endpoint, size: Size, wanted: Wanted, params: dict[str, str] | None = None
) -> list[Part]:
    """All pages of a list that does not sort, from one moment as far as can be told."""
    asked = dict(endpoint.params) | (params or {})
    parts: list[Part] = []
    for _ in range(_LISTS_AGAIN):
        parts = list(_in_turn(client, endpoint, size, wanted, asked))
        ids = [row.get("id") for part in parts for row in part.rows if isinstance(row, dict)]
        totals = {part.answer.total for part in parts}
        if len(parts) == 1 or (len(set(map(str, ids))) == len(ids) and totals in ({None}, {len(ids)})):
            break
    return parts


def _in_turn(client: Client, endpoint: Endpoint, size: Size, wanted: Wanted, params: dict[str, str]) -> Iterator[Part]:
    offset, more = 0, True
    while more:
        answer, request, rows = _asked(client, endpoint, params, size, wanted, offset=offset)
        offset += len(rows)
        more = bool(rows) and (answer.total is None or answer.total > offset)
        yield Part(rows, answer, request, offset, more, {})


def _asked(
    client: Client, endpoint: Endpoint, params: dict[str, str], size: Size, wanted: Wanted, *, offset: int = 0
) -> tuple[Answer, str, list[Any]]:
    """A page, the request in words, and its rows; asked again with fewer fields where the console does not know one."""
    while True:
        try:
            answer, request = client.get(endpoint.path, wanted.asked(endpoint, params), size=size, offset=offset)
        except Refused as error:
            if not wanted.refused(endpoint, params, error):
                raise
        else:
            return answer, request, wanted.came(endpoint, params, _rows(answer))


def _rows(answer: Answer) -> list[Any]:
    if not isinstance(answer.value, list):
        raise Temporary("an object where a list was asked for")
    return answer.value
