"""The server: the steps of `/api/v1/query` that list, filter, sort, count and page, and their errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from doubles.faults import Fault
from doubles.serving import Asked, Refusal, Serving, as_json
from doubles.thehive.hive import Hive

KEY = "mAdeUp0keyOfTheHive/+5"
_LISTS = {"listAlert": "Alert", "listCase": "Case"}
_ONES = {"getAlert": "Alert", "getCase": "Case"}


@dataclass
class Modes:
    """How this installation behaves, apart from its data."""

    forbidden: Sequence[str] = ()
    """Steps that the key's user may not take."""
    fields: bool = True
    """Whether it knows `includeFields`."""
    counts: bool = True
    """Whether it knows the step `count`."""
    order: str = "as asked"
    """ignored: newest first whatever is asked."""
    path: str = ""
    """Below which it stands."""
    organisation: str | None = None
    """The only one that the key's user belongs to."""


class TheHive(Serving):
    """One installation."""

    def __init__(
        self,
        hive: Hive,
        *,
        modes: Modes | None = None,
        faults: Sequence[Fault] = (),
        between: Callable[[Hive, int], None] | None = None,
        certificate: str = "issued",
    ) -> None:
        """`between` is called after each page of alerts, with its number: data moves then."""
        super().__init__(faults=faults, certificate=certificate)
        self.hive, self.modes, self.between = hive, modes or Modes(), between
        self.key = KEY
        self._pages = 0

    @property
    def now_ms(self) -> int:
        return self.hive.now_ms

    @property
    def url(self) -> str:
        return super().url + self.modes.path

    def name_of(self, asked: Asked) -> str:
        if not asked.path.endswith("/query"):
            return "status"
        names = [step["_name"] for step in json.loads(asked.body)["query"]]
        return names[-1] if names[-1] in ("observables", "count") else names[0]

    def error(self, refusal: Refusal) -> bytes:
        return as_json({"type": refusal.code, "message": refusal.message})

    def answer(self, asked: Asked) -> tuple[dict[str, str], bytes]:
        if not asked.path.startswith(f"{self.modes.path}/api/v1/"):
            raise Refusal(404, "NotFoundError", f"Resource not found by Assets controller: {asked.path}")
        path = asked.path.removeprefix(self.modes.path)
        if (asked.method, path) == ("GET", "/api/v1/status/public"):
            return {}, as_json({"version": "5.4.2-1", "config": {}})
        if (asked.method, path) != ("POST", "/api/v1/query"):
            raise AssertionError("a client that only reads sends queries alone")
        if asked.headers.get("Authorization") != f"Bearer {self.key}":
            raise Refusal(401, "AuthenticationError", "Authentication failure")
        organisation = self.modes.organisation
        if organisation is not None and asked.headers.get("X-Organisation", organisation) != organisation:
            raise Refusal(403, "AuthorizationError", "The user is not a member of this organisation")
        assert asked.headers["Content-Type"] == "application/json"
        body = json.loads(asked.body)
        assert body.keys() <= {"query", "includeFields", "excludeFields"}
        found = self._query(body["query"])
        if self.modes.fields and "includeFields" in body and isinstance(found, list):
            found = [{key: value for key, value in row.items() if key in body["includeFields"]} for row in found]
        return {}, as_json(found)

    def _query(self, steps: list[dict[str, Any]]) -> Any:
        first, *rest = steps
        if first["_name"] in self.modes.forbidden or (rest and rest[-1]["_name"] in self.modes.forbidden):
            raise Refusal(403, "AuthorizationError", "Your are not authorized to this operation")
        if first["_name"] in _ONES:
            return self._one(first, rest)
        if first["_name"] not in _LISTS:
            raise Refusal(400, "BadRequest", f"Unknown query: {first['_name']}")
        rows = list(self.hive.objects[_LISTS[first["_name"]]].values())[::-1]
        for step in rest:
            match step["_name"]:
                case "filter":
                    said = {key: value for key, value in step.items() if key != "_name"}
                    rows = [row for row in rows if _holds(said, row)]
                case "sort":
                    if self.modes.order == "as asked":
                        for field in reversed(step["_fields"]):
                            ((name, way),) = field.items()
                            rows.sort(key=lambda row: row[name], reverse=way == "desc")
                case "page":
                    if "extraData" not in step:
                        raise Refusal(400, "AttributeCheckingError", "[page.extraData: missing]")
                    rows = rows[step["from"] : step["to"]]
                case "count" if self.modes.counts:
                    return len(rows)
                case name:
                    raise Refusal(400, "BadRequest", f"Unknown operation: {name}")
        return rows

    def _one(self, first: dict[str, Any], rest: list[dict[str, Any]]) -> Any:
        kind, key = _ONES[first["_name"]], first["idOrName"]
        if key not in self.hive.objects[kind]:
            raise Refusal(404, "NotFoundError", f"{kind} {key} not found")
        return self.hive.observables[key] if rest else [self.hive.objects[kind][key]]

    def answered(self, asked: Asked) -> None:
        if self.name_of(asked) == "listAlert":
            self._pages += 1
            if self.between is not None:
                self.between(self.hive, self._pages)


def _holds(said: dict[str, Any], row: dict[str, Any]) -> bool:
    """A filter; a field that is not there matches no comparison."""
    ((operator, value),) = said.items()
    match operator:
        case "_or":
            return any(_holds(one, row) for one in value)
        case "_and":
            return all(_holds(one, row) for one in value)
        case "_gte":
            return value["_field"] in row and row[value["_field"]] >= value["_value"]
        case _:
            raise Refusal(400, "BadRequest", f"Unknown filter: {operator}")
