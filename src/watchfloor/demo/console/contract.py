"""What the REST API of a QRadar console answers, as far as it is known: versions, paging, filters, fields, errors.

The contract follows IBM's documentation of the API 12.0 to 26.0, and the error bodies those that consoles were seen to
send. Nothing here writes.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, TypeVar

from watchfloor.demo.console import filters
from watchfloor.demo.console.holdings import Holdings

__all__ = ["OTHER_TOKEN", "TOKEN", "Contract", "Modes", "Refusal", "Reply", "error_body"]

TOKEN = "5ec9e7a1-made-up-token-0b6d4c1f8a22"  # noqa: S105 - of a console that is made up too
"""What the console lets in."""
OTHER_TOKEN = "no-rights-token"  # noqa: S105
"""A token without rights."""
Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""
_Version = tuple[int, int]
_LATEST: _Version = (99, 0)
_T = TypeVar("_T")
_PERSISTED = ("first_persisted_time", "last_persisted_time")
_NOT_FILTERABLE = frozenset({"description", "offense_source", "source_network"})
_NOT_SORTABLE = frozenset({
    *("description", "categories", "destination_networks", "source_network", "rules", "log_sources", "domain_id"),
    *("source_address_ids", "local_destination_address_ids"),
})  # fmt: skip
_LISTS = {
    "/siem/offense_closing_reasons": "closing_reasons",
    "/siem/offense_types": "offense_types",
    "/siem/source_addresses": "source_addresses",
    "/siem/local_destination_addresses": "local_destination_addresses",
    "/analytics/rules": "rules",
    "/config/domain_management/domains": "domains",
    "/config/access/tenant_management/tenants": "tenants",
    "/config/event_sources/log_source_management/log_sources": "log_sources",
}
_SORTS = {
    "/siem/offenses",
    "/siem/offense_types",
    "/analytics/rules_offense_contributions",
    "/config/event_sources/log_source_management/log_sources",
}


@dataclass
class Modes:
    """How this console behaves, apart from its data."""

    versions: Sequence[str] = ("18.0", "19.0", "20.0")
    deprecated: Sequence[str] = ()
    removed: Sequence[str] = ("3.0",)
    order: str = "newest"
    """newest or shuffled: the order of lists that are not sorted."""
    content_range: str = "right"
    """right, none, or odd: `items 0--1/0` for an empty list, `items 0-49/*` for others."""
    past_end: int = 200
    """416 instead, in IBM's generic table."""
    nulls: str = "explicit"
    """dropped: keys that are null are absent, and unknown ones are there."""
    largest: int | None = None
    """Pages of more rows than this fail with 500."""
    forbidden: Sequence[str] = ()
    """Endpoints that the token may not see."""
    poisoned: Sequence[int] = ()
    """Offenses that the console cannot write out: the list breaks off there, with an error after it (IV98260)."""
    unknown_fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Fields that this console does not know, by endpoint: it has none of them, and refuses to be asked for them."""
    refusal: int = 422
    """Status of that refusal."""
    without_fields: Sequence[str] = ()
    """Endpoints that do not take the parameter `fields`."""


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: int, message: str, general: str = "") -> None:
        """`code` is the console's own number for the error."""
        super().__init__(message)
        self.status, self.code, self.message, self.general = status, code, message, general or message


class Contract:
    """The answers of one console."""

    def __init__(self, holdings: Holdings, modes: Modes) -> None:
        """`modes` may change while it answers."""
        self.holdings, self.modes = holdings, modes
        self.token = TOKEN
        self._cache: dict[Any, Any] = {}
        self._cache_revision = -1

    def reply(self, path: str, params: Mapping[str, str], headers: Message) -> Reply:
        """The answer to a GET; `path` is below `/api`."""
        try:
            return self._answer(path, params, headers)
        except Refusal as refusal:
            return refusal.status, {}, error_body(refusal)

    def _answer(self, path: str, params: Mapping[str, str], headers: Message) -> Reply:
        token = headers.get("SEC")
        if token is None and "Authorization" not in headers:
            raise Refusal(
                401,
                18,
                'No SEC header present in request. Please provide it via "SEC: token". You may also use BASIC '
                'authentication parameters if this host supports it. e.g. "Authorization: Basic base64Encoding"',
                "You are unauthorized to access the requested resource.",
            )
        if token == OTHER_TOKEN or path in self.modes.forbidden or re.sub(r"\d+", "{id}", path) in self.modes.forbidden:
            raise Refusal(403, 26, "User has insufficient capabilities to access this endpoint resource")
        if token != self.token:
            raise Refusal(401, 18, "You are unauthorized to access the requested resource.")
        version, extra = self._version(headers.get("Version"))
        with self.holdings.lock:
            value, more = self._value(path, params, headers, version)
        return 200, extra | more, value

    def _version(self, said: str | None) -> tuple[_Version, dict[str, str]]:
        known = [*self.modes.versions, *self.modes.deprecated]
        numbers = sorted(_number(one) for one in known)
        if said is None:
            return numbers[-1], {}
        valid = "Please refer to documentation for list of valid versions."
        if not re.fullmatch(r"\d{1,2}(\.\d{1,2})?", said):
            raise Refusal(422, 8, f"Version ({said}) from header parameter (Version) is not a valid version. {valid}")
        if said in self.modes.removed:
            raise Refusal(
                422,
                8,
                f"Version ({said}) from header parameter (Version) has been removed and is no longer valid. {valid}",
            )
        wanted = _number(said)
        if "." not in said:
            wanted = max((one for one in numbers if one[0] == wanted[0]), default=wanted)
        deprecated = said in self.modes.deprecated
        return min(wanted, numbers[-1]), {"Deprecated": f"Version {said} will be removed"} if deprecated else {}

    def _value(
        self, path: str, params: Mapping[str, str], headers: Message, version: _Version
    ) -> tuple[bytes, dict[str, str]]:
        if "fields" in params and path in self.modes.without_fields:
            raise Refusal(420, 1, "The endpoint does not support one or more of the given parameters")
        if path == "/help/versions":
            return self._versions(), {}
        if path == "/system/about":
            return (
                b'{"external_version":"7.5.0","build_version":"made-up","release_name":"7.5.0","fips_enabled":false}',
                {},
            )
        if path in ("/siem/offenses", "/analytics/rules_offense_contributions"):
            if path != "/siem/offenses" and version < (14, 0):
                raise _unknown(path)
            return self._keyed(path, params, headers, version)
        if match := re.fullmatch(r"/siem/offenses/(\d+)(/notes)?", path):
            return self._one(int(match[1]), bool(match[2]), params, headers, version)
        if path in _LISTS:
            return self._named(path, params, headers)
        raise _unknown(path)

    def _versions(self) -> bytes:
        known = [*self.modes.removed, *self.modes.deprecated, *self.modes.versions]
        rows = [
            {
                "id": place,
                "version": one,
                "deprecated": one in self.modes.deprecated,
                "removed": one in self.modes.removed,
                "root_resource_ids": [1],
            }
            for place, one in enumerate(known, start=1)
        ]
        return json.dumps(rows).encode()

    def _one(
        self, number: int, notes: bool, params: Mapping[str, str], headers: Message, version: _Version
    ) -> tuple[bytes, dict[str, str]]:
        if number not in self.holdings.offenses:
            raise Refusal(404, 1002, f"The offense {number} does not exist")
        if not notes:
            return self._json("/siem/offenses", self.holdings.offenses[number], version, params.get("fields")), {}
        rows = self.holdings.notes.get(number, [])[::-1]
        return self._ranged([json.dumps(row, ensure_ascii=False).encode() for row in rows], len(rows), headers)

    def _named(self, path: str, params: Mapping[str, str], headers: Message) -> tuple[bytes, dict[str, str]]:
        rows = [self._visible(path, row) for row in self.holdings.lists[_LISTS[path]]]
        if path == "/siem/offense_closing_reasons":
            for flag in ("reserved", "deleted"):
                if params.get(f"include_{flag}") != "true":
                    rows = [row for row in rows if not row[f"is_{flag}"]]
        if asked := params.get("filter"):
            test = _compiled(asked, frozenset(rows[0]) if rows else frozenset({"id"}))
            rows = [row for row in rows if test(row)]
        if "sort" in params:
            if path not in _SORTS:
                raise Refusal(420, 1, "The endpoint does not support one or more of the given parameters")
            rows = _sorted(rows, params["sort"], path)
        fields = self._fields(params.get("fields"), rows[0] if rows else None)
        chosen = [json.dumps({k: v for k, v in row.items() if not fields or k in fields}).encode() for row in rows]
        return self._ranged(chosen, len(chosen), headers)

    def _keyed(
        self, path: str, params: Mapping[str, str], headers: Message, version: _Version
    ) -> tuple[bytes, dict[str, str]]:
        """Offenses and contributions: many, so what is asked again and again is kept."""
        if self._cache_revision != self.holdings.revision:
            self._cache.clear()
            self._cache_revision = self.holdings.revision
        table = self.holdings.offenses if path == "/siem/offenses" else self.holdings.contributions
        keys = self._matching(path, table, params.get("filter", ""), version)
        if sort := params.get("sort"):
            if sort != "+id":
                rows = _sorted([table[key] for key in keys], sort, path)
                keys = [row["id"] for row in rows]
        elif self.modes.order == "newest":
            keys = list(keys)[::-1]
        else:
            keys = sorted(keys, key=lambda key: hash((key, 7)))
        first, last = _range(headers.get("Range"), len(keys))
        asked = params.get("fields")
        self._fields(asked, self._visible(path, next(iter(table.values())), version) if table else None)
        chosen = [self._json(path, table[key], version, asked) for key in keys[first : last + 1]]
        body, extra = self._listed(chosen, len(keys), first, headers)
        bad = [place for place, key in enumerate(keys[first : last + 1]) if key in self.modes.poisoned]
        if bad and not asked and path == "/siem/offenses":
            broken = error_body(Refusal(500, 13, "An error occurred while writing the answer"))
            body = b"[" + b",".join([*chosen[: bad[0]], broken])
        return body, extra

    def _matching(self, path: str, table: dict[int, Any], text: str, version: _Version) -> Sequence[int]:
        """Ids that match, in their order."""
        order = self._kept(("order", path), lambda: sorted(table))
        if not text:
            return order
        names = frozenset(self._visible(path, next(iter(table.values())), version)) if table else frozenset({"id"})
        names -= _NOT_FILTERABLE if path == "/siem/offenses" else frozenset()
        above, wanted, rest = -1, None, []
        for part in _parts(text):
            if match := re.fullmatch(r"id >= (\d+)", part):
                above = max(above, int(match[1]) - 1)
            elif match := re.fullmatch(r"id in \(([\d,\s]+)\)", part):
                wanted = sorted({int(one) for one in match[1].split(",")} & table.keys())
            else:
                rest.append(part)
        keys = order if wanted is None else wanted
        if rest:
            tests = [_compiled(part, names) for part in rest]
            keys = self._kept(
                ("rest", path, tuple(rest), tuple(wanted or ())),
                lambda: [key for key in keys if all(test(table[key]) for test in tests)],
            )
        place = bisect_right(keys, above)
        return keys[place:] if place else keys

    def _kept(self, key: Any, make: Callable[[], _T]) -> _T:
        if key not in self._cache:
            self._cache[key] = make()
        found: _T = self._cache[key]
        return found

    def _json(self, path: str, row: dict[str, Any], version: _Version, fields: str | None) -> bytes:
        def make() -> bytes:
            shown = self._visible(path, row, version)
            if fields:
                wanted = [one.split("(")[0] for one in _split(fields)]
                shown = {key: shown[key] for key in wanted if key in shown}
            elif self.modes.nulls == "dropped":
                shown = {key: value for key, value in shown.items() if value is not None} | {"unknown_key": {"x": 1}}
            return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()

        return self._kept((path, row["id"], version >= (13, 1), fields), make)

    def _visible(self, path: str, row: dict[str, Any], version: _Version = _LATEST) -> dict[str, Any]:
        """A row with the fields that this console has."""
        absent = [*self.modes.unknown_fields.get(path, ())]
        if path == "/siem/offenses" and version < (13, 1):
            absent += _PERSISTED
        return {key: value for key, value in row.items() if key not in absent} if absent else row

    def _fields(self, said: str | None, row: Mapping[str, Any] | None) -> set[str]:
        """The fields asked for: none means all."""
        names = [one.split("(")[0] for one in _split(said or "")]
        for place, name in enumerate(names):
            if row is not None and name not in row:
                media = 'by this endpoint for media type "application/json"'
                raise Refusal(self.modes.refusal, 30, f'Specified field "{name}" is not recognized {media}')
            if name in names[:place]:
                raise Refusal(422, 31, f'The field "{name}" is specified twice')
        return set(names)

    def _ranged(self, rows: Sequence[bytes], total: int, headers: Message) -> tuple[bytes, dict[str, str]]:
        first, last = _range(headers.get("Range"), total)
        return self._listed(rows[first : last + 1], total, first, headers)

    def _listed(self, rows: Sequence[bytes], total: int, first: int, headers: Message) -> tuple[bytes, dict[str, str]]:
        said = headers.get("Range")
        if said and self.modes.largest is not None:
            begin, end = map(int, re.findall(r"\d+", said)[:2])
            if end - begin >= self.modes.largest:
                raise Refusal(500, 1020, "An error occurred while trying to retrieve the offenses list")
        body = b"[" + b",".join(rows) + b"]"
        if not said or self.modes.content_range == "none":
            return body, {}
        if not rows and self.modes.past_end == 416 and first:
            raise Refusal(416, 1, "The requested range is not satisfiable")
        if self.modes.content_range == "odd":
            return body, {"Content-Range": "items 0--1/0" if not total else f"items {first}-{first + len(rows)}/*"}
        return body, {"Content-Range": f"items {first}-{first + len(rows) - 1}/{total}" if rows else f"items */{total}"}


def _unknown(path: str) -> Refusal:
    return Refusal(404, 4, f"Relative path ({path}) is not a known endpoint resource.")


def error_body(refusal: Refusal) -> bytes:
    """An error as the API writes it."""
    body = {
        "http_response": {"code": refusal.status, "message": refusal.general},
        "code": refusal.code,
        "description": "",
        "details": {},
        "message": refusal.message,
    }
    return json.dumps(body).encode()


def _number(version: str) -> _Version:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def _range(said: str | None, total: int) -> tuple[int, int]:
    if said is None:
        return 0, max(total - 1, 0)
    match = re.fullmatch(r"items=(\d+)-(\d+)", said)
    if match is None:
        raise Refusal(
            422, 36, "Failed to parse Range header. The syntax of the Range header must follow this pattern: items=x-y"
        )
    first, last = int(match[1]), int(match[2])
    if last < first:
        raise Refusal(
            422,
            36,
            'Range of pages specified in "Range" header is negative. Non-negative page range must be specified.',
        )
    return first, last


def _split(fields: str) -> list[str]:
    return re.findall(r"[\w.]+(?:\([^)]*\))?", fields)


def _compiled(text: str, names: frozenset[str]) -> filters.Test:
    try:
        return filters.compiled(text, names)
    except filters.BadFilter as error:
        raise Refusal(422, 1010, f"{error}") from error


def _parts(text: str) -> list[str]:
    try:
        return filters.parts(text)
    except filters.BadFilter as error:
        raise Refusal(422, 1010, f"{error}") from error


def _sorted(rows: Sequence[dict[str, Any]], said: str, path: str) -> list[dict[str, Any]]:
    ordered = list(rows)
    for key in reversed(said.split(",")):
        match = re.fullmatch(r"([+-])(\w+)", key)
        if match is None or match[2] in _NOT_SORTABLE or (rows and match[2] not in rows[0]):
            code = 1012 if path == "/siem/offense_types" else 1030
            raise Refusal(422, code, f"The sort {key!r} cannot be used")
        ordered.sort(key=lambda row: (row[match[2]] is None, row[match[2]]), reverse=match[1] == "-")
    return ordered
