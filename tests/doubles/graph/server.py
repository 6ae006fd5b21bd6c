"""The server: tokens by client credentials, and `GET /v1.0/security/incidents` with what it takes and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote

from doubles.faults import Fault
from doubles.graph.tenant import Tenant
from doubles.serving import Asked, Refusal, Serving, as_json

TENANT = "contoso.example"
CLIENT_ID = "0a0a0a0a-0000-4000-8000-000000000001"
CLIENT_SECRET = "Qz8~made-up.client_secret+value/7"
_LIST = "/v1.0/security/incidents"
_TOP = 50


@dataclass
class Modes:
    """How Graph behaves, apart from its data."""

    order: str = "as asked"
    """ignored: newest first whatever is asked; refused: `$orderby` is a bad request."""
    links: str = "skip"
    """token: opaque ones; none; elsewhere: to another host; circle: the same again and again."""
    count: bool = True
    """Whether `$count` is understood."""
    heavy: Sequence[str] = ()
    """Incidents with so many alerts that a list that has them with their alerts fails."""
    hopeless: Sequence[str] = ()
    """Of these, those whose alerts cannot be had alone either."""
    forbidden: bool = False
    warning: str = ""
    """Of a provider that did not answer: the status is 206 then."""
    tokens_last: int = 0
    """Requests after which a token is not accepted any more; 0: never."""


class Graph(Serving):
    """Graph and its login host, at one address."""

    def __init__(
        self,
        tenant: Tenant,
        *,
        modes: Modes | None = None,
        faults: Sequence[Fault] = (),
        between: Callable[[Tenant, int], None] | None = None,
        certificate: str = "issued",
    ) -> None:
        """`between` is called after each page of incidents, with its number: data moves then."""
        super().__init__(faults=faults, certificate=certificate)
        self.tenant, self.modes, self.between = tenant, modes or Modes(), between
        self.client_secret = CLIENT_SECRET
        self.tokens: dict[str, int] = {}
        """Tokens given, and how often each was used."""
        self._pages = 0

    @property
    def now_ms(self) -> int:
        return int(self.tenant.now.timestamp() * 1000)

    def name_of(self, asked: Asked) -> str:
        if asked.path.endswith("/token"):
            return "login"
        if asked.path == _LIST:
            return "count" if "$count" in asked.params else "incidents"
        return "incident"

    def secret_in(self, asked: Asked) -> str:
        if asked.path.endswith("/token"):
            return parse_qs(asked.body.decode())["client_secret"][0]
        return super().secret_in(asked)

    def error(self, refusal: Refusal) -> bytes:
        if isinstance(refusal, _Login):
            said = f"{refusal.message} Trace ID: 1 Correlation ID: 2 Timestamp: 2025-10-03 12:00:00Z"
            return as_json({"error": refusal.code, "error_description": said, "error_codes": [7000215]})
        inner = {"date": "2025-10-03T12:00:00", "request-id": "r-1", "client-request-id": "r-1"}
        return as_json({"error": {"code": refusal.code, "message": refusal.message, "innerError": inner}})

    def answer(self, asked: Asked) -> tuple[dict[str, str], bytes]:
        if asked.method == "POST" and asked.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(asked)
        if asked.method != "GET":
            raise AssertionError("a client that only reads sends no POST")
        self._authorized(asked)
        if asked.path == _LIST:
            return self._list(asked)
        if (match := re.fullmatch(re.escape(_LIST) + r"/([\w-]+)", asked.path)) is not None:
            return {}, as_json(self._one(match[1], asked.params))
        raise Refusal(404, "ResourceNotFound", "Resource not found")

    def _token(self, asked: Asked) -> tuple[dict[str, str], bytes]:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == f"{self.url}/.default"
        assert "Authorization" not in asked.headers
        if form["client_id"] != CLIENT_ID:
            raise _Login(400, "unauthorized_client", f"AADSTS700016: Application '{form['client_id']}' was not found.")
        if form["client_secret"] != self.client_secret:
            said = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the secret value."
            raise _Login(401, "invalid_client", said)
        token = f"eyJmade-up.{len(self.tokens)}.{'x' * 40}"
        self.tokens[token] = 0
        return {}, as_json({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

    def _authorized(self, asked: Asked) -> None:
        token = self.secret_in(asked)
        used = self.tokens.get(token)
        if used is None or (self.modes.tokens_last and used >= self.modes.tokens_last):
            raise Refusal(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        self.tokens[token] = used + 1
        if self.modes.forbidden:
            said = "Missing application roles. API required roles: SecurityIncident.Read.All, application roles: ."
            raise Refusal(403, "Forbidden", said)

    def _list(self, asked: Asked) -> tuple[dict[str, str], bytes]:
        params = dict(asked.params)
        if "$skiptoken" in params:
            params = json.loads(params["$skiptoken"])
        unknown = params.keys() - {"$top", "$filter", "$orderby", "$expand", "$skip", "$count"}
        if unknown:
            raise Refusal(400, "BadRequest", f"Query option {sorted(unknown)} is not allowed.")
        top, skip = int(params.get("$top", _TOP)), int(params.get("$skip", 0))
        if top > _TOP:
            raise Refusal(400, "BadRequest", f"The limit of '{_TOP}' for Top query has been exceeded.")
        if skip > 500 and "$skiptoken" not in asked.params:
            raise Refusal(400, "BadRequest", "The limit of '500' for Skip query has been exceeded.")
        rows = self._ordered(self._matching(params.get("$filter")), params.get("$orderby"))
        page = rows[skip : skip + top]
        expand = params.get("$expand") == "alerts"
        if expand and any(row["id"] in self.modes.heavy for row in page):
            raise Refusal(500, "InternalServerError", "The request could not be processed.")
        said: dict[str, Any] = {"@odata.context": f"{self.url}/v1.0/$metadata#security/incidents"}
        if params.get("$count") == "true" and self.modes.count:
            said["@odata.count"] = len(rows)
        if len(rows) > skip + top and (link := self._link(params, skip + top)) is not None:
            said["@odata.nextLink"] = link
        said["value"] = [row if expand else {k: v for k, v in row.items() if k != "alerts"} for row in page]
        headers = {"Warning": self.modes.warning} if self.modes.warning else {}
        return headers, as_json(said)

    def _matching(self, asked: str | None) -> list[dict[str, Any]]:
        rows = list(self.tenant.incidents.values())
        if asked is None:
            return rows
        match = re.fullmatch(r"lastUpdateDateTime ge (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z)", asked)
        if match is None:
            raise Refusal(400, "BadRequest", f"Invalid filter clause: {asked}")
        return [row for row in rows if _sortable(row["lastUpdateDateTime"]) >= _sortable(match[1])]

    def _ordered(self, rows: list[dict[str, Any]], asked: str | None) -> list[dict[str, Any]]:
        if asked is not None and self.modes.order == "refused":
            raise Refusal(400, "BadRequest", "The query option '$orderby' is not allowed.")
        if asked == "lastUpdateDateTime asc" and self.modes.order == "as asked":
            return sorted(rows, key=lambda row: _sortable(row["lastUpdateDateTime"]))
        return sorted(rows, key=lambda row: _sortable(row["createdDateTime"]), reverse=True)

    def _link(self, params: dict[str, str], skip: int) -> str | None:
        further = params | {"$skip": str(skip)}
        match self.modes.links:
            case "none":
                return None
            case "token":
                return f"{self.url}{_LIST}?$skiptoken={quote(json.dumps(further))}"
            case "elsewhere":
                return f"https://graph.elsewhere.invalid{_LIST}?$skip={skip}"
            case "circle":
                further = params | {"$skip": "0"}
        return f"{self.url}{_LIST}?" + "&".join(f"{name}={quote(value)}" for name, value in further.items())

    def _one(self, key: str, params: dict[str, str]) -> dict[str, Any]:
        if key not in self.tenant.incidents:
            raise Refusal(404, "ResourceNotFound", f"Incident {key} was not found")
        row = self.tenant.incidents[key]
        if params.get("$expand") != "alerts":
            return {name: value for name, value in row.items() if name != "alerts"}
        if key in self.modes.hopeless:
            raise Refusal(500, "InternalServerError", "The request could not be processed.")
        return row

    def answered(self, asked: Asked) -> None:
        if self.name_of(asked) == "incidents":
            self._pages += 1
            if self.between is not None:
                self.between(self.tenant, self._pages)


class _Login(Refusal):
    """As the login host writes it."""


def _sortable(said: str) -> str:
    """Times of different lengths as text that sorts."""
    whole, _, rest = said.removesuffix("Z").partition(".")
    return f"{whole}.{rest.ljust(7, '0')}"
