"""The server: TLS on loopback, the contract of QRadar's API, and failures on demand."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import json
import re
import socket
import ssl
import struct
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doubles.qradar import certificates, grammar
from doubles.qradar.faults import Fault
from doubles.qradar.soc import Soc

TOKEN = "5ec9e7a1-made-up-token-0b6d4c1f8a22"
OTHER_TOKEN = "no-rights-token"
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
    certificate: str = "issued"
    """issued by a CA (`ca_file`), self-signed as QRadar's own, expired, or for another name."""
    poisoned: Sequence[int] = ()
    """Offenses that the console cannot write out: the list breaks off there, with an error after it (IV98260)."""


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: int, message: str, general: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.general = status, code, message, general or message


@dataclass
class Seen:
    """One request, as it came."""

    path: str
    query: str
    headers: dict[str, str]
    status: int = 0


class Double:
    """A console; `with Double(Soc(100)) as console:` runs it until the end of the block."""

    def __init__(
        self,
        soc: Soc,
        *,
        modes: Modes | None = None,
        faults: Sequence[Fault] = (),
        between: Callable[[Soc, int], None] | None = None,
        port: int = 0,
    ) -> None:
        """`between` is called after each page of offenses, with its number: data moves then."""
        self.soc, self.modes, self.faults, self.between = soc, modes or Modes(), list(faults), between
        self.token = TOKEN
        self.requests: list[Seen] = []
        self._pages = 0
        self._lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix="double-")
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._cache: dict[Any, Any] = {}
        self._cache_revision = -1
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self.fingerprint = ""

    def __enter__(self) -> Double:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://localhost:{self._port}"

    def start(self) -> None:
        """Listens; the port stays the same over a restart."""
        made = certificates.make(self.modes.certificate, Path(self._folder.name))
        self.fingerprint = made.fingerprint
        double = self

        class Bound(_Handler):
            console = double

        server = _Server(("127.0.0.1", self._port), Bound)
        server.context = made.context
        self._server, self._port = server, server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Closes its port; connections that are open break."""
        if self._server is not None:
            self._server.shutdown()
            self._server.drop_all()
            self._server.server_close()
            self._server = None

    # Answers

    def answer(self, path: str, params: dict[str, str], headers: Any, seen: Seen) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
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
        with self.soc.lock:
            value, more = self._value(path, params, headers, version)
        return 200, extra | more, value

    def _version(self, said: str | None) -> tuple[tuple[int, int], dict[str, str]]:
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
        if wanted > numbers[-1]:
            wanted = numbers[-1]
        return wanted, {"Deprecated": f"Version {said} will be removed"} if deprecated else {}

    def _value(
        self, path: str, params: dict[str, str], headers: Any, version: tuple[int, int]
    ) -> tuple[bytes, dict[str, str]]:
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
        self, number: int, notes: bool, params: dict[str, str], headers: Any, version: tuple[int, int]
    ) -> tuple[bytes, dict[str, str]]:
        if number not in self.soc.offenses:
            raise Refusal(404, 1002, f"The offense {number} does not exist")
        if not notes:
            return self._json("/siem/offenses", self.soc.offenses[number], version, params.get("fields")), {}
        rows = self.soc.notes.get(number, [])[::-1]
        return self._ranged([json.dumps(row, ensure_ascii=False).encode() for row in rows], len(rows), headers)

    def _named(self, path: str, params: dict[str, str], headers: Any) -> tuple[bytes, dict[str, str]]:
        rows = self.soc.lists[_LISTS[path]]
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
        fields = _fields(params.get("fields"), rows[0] if rows else None)
        chosen = [json.dumps({k: v for k, v in row.items() if not fields or k in fields}).encode() for row in rows]
        return self._ranged(chosen, len(chosen), headers)

    def _keyed(
        self, path: str, params: dict[str, str], headers: Any, version: tuple[int, int]
    ) -> tuple[bytes, dict[str, str]]:
        """Offenses and contributions: many, so what is asked again and again is kept."""
        if self._cache_revision != self.soc.revision:
            self._cache.clear()
            self._cache_revision = self.soc.revision
        table = self.soc.offenses if path == "/siem/offenses" else self.soc.contributions
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
        _fields(asked, _visible(path, next(iter(table.values())), version) if table else None)
        chosen = [self._json(path, table[key], version, asked) for key in keys[first : last + 1]]
        body, extra = self._listed(chosen, len(keys), first, headers)
        bad = [place for place, key in enumerate(keys[first : last + 1]) if key in self.modes.poisoned]
        if bad and not asked and path == "/siem/offenses":
            broken = _error(Refusal(500, 13, "An error occurred while writing the answer"))
            body = b"[" + b",".join([*chosen[: bad[0]], broken])
        return body, extra

    def _matching(self, path: str, table: dict[int, Any], text: str, version: tuple[int, int]) -> Sequence[int]:
        """Ids that match, in their order."""
        order = self._kept(("order", path), lambda: sorted(table))
        if not text:
            return order
        names = frozenset(_visible(path, next(iter(table.values())), version)) if table else frozenset({"id"})
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

    def _kept(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]

    def _json(self, path: str, row: dict[str, Any], version: tuple[int, int], fields: str | None) -> bytes:
        def make() -> bytes:
            shown = _visible(path, row, version)
            if fields:
                wanted = [one.split("(")[0] for one in _split(fields)]
                shown = {key: shown[key] for key in wanted if key in shown}
            elif self.modes.nulls == "dropped":
                shown = {key: value for key, value in shown.items() if value is not None} | {"unknown_key": {"x": 1}}
            return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()

        return self._kept((path, row["id"], version >= (13, 1), fields), make)

    def _ranged(self, rows: Sequence[bytes], total: int, headers: Any) -> tuple[bytes, dict[str, str]]:
        first, last = _range(headers.get("Range"), total)
        return self._listed(rows[first : last + 1], total, first, headers)

    def _listed(self, rows: Sequence[bytes], total: int, first: int, headers: Any) -> tuple[bytes, dict[str, str]]:
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

    def strike(self, path: str) -> Fault | None:
        """What goes wrong with this request."""
        with self._lock:
            return next((fault for fault in self.faults if fault.strikes(path)), None)

    def paged(self) -> None:
        """A page of offenses is out: time goes by, data moves."""
        with self._lock:
            self._pages += 1
            if self.between is not None:
                self.between(self.soc, self._pages)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    context: ssl.SSLContext

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secured = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._open.add(secured)
        return secured, peer

    def drop_all(self) -> None:
        """Connections break."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    console: Double
    wbufsize = -1

    def setup(self) -> None:
        self.request.settimeout(30)
        self.request.do_handshake()
        super().setup()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        params = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        seen = Seen(parts.path, parts.query, dict(self.headers.items()))
        self.console.requests.append(seen)
        if not parts.path.startswith("/api/"):
            self._send(200, {"Content-Type": "text/html"}, b"<html><title>Application error</title></html>")
            return
        path = parts.path.removeprefix("/api")
        fault = self.console.strike(path)
        if fault is not None and self._fail(fault):
            return
        try:
            status, extra, body = self.console.answer(path, params, self.headers, seen)
        except Refusal as refusal:
            status, extra, body = refusal.status, {}, _error(refusal)
        seen.status = status
        if fault is not None:
            body = self._spoiled(fault, body)
            if body is None:
                return
        self._send(status, {"Content-Type": "application/json", **extra}, body)
        if path == "/siem/offenses" and status == 200:
            self.console.paged()

    def do_POST(self) -> None:
        raise AssertionError("a client that only reads sends no POST")

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.formatdate(self.console.soc.now_ms / 1000, usegmt=True)

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _fail(self, fault: Fault) -> bool:
        """An answer without data; false where the data is needed."""
        json_type, html = {"Content-Type": "application/json"}, {"Content-Type": "text/html"}
        page = b"<html><head><title>%s</title></head><body>proxy</body></html>"
        match fault.kind:
            case "503" | "500" | "550" | "429" | "404":
                codes = {"500": 1020, "404": 4}
                refusal = Refusal(int(fault.kind), codes.get(fault.kind, 1010), "API will be unavailable")
                self._send(refusal.status, json_type, _error(refusal))
            case "401":
                self._send(
                    401, json_type, _error(Refusal(401, 18, "You are unauthorized to access the requested resource."))
                )
            case "403":
                said = "User has insufficient capabilities to access this endpoint resource"
                self._send(403, json_type, _error(Refusal(403, 26, said)))
            case "503-html" | "502-html" | "504-html":
                status = int(fault.kind[:3])
                self._send(status, html, page % f"{status} from a proxy".encode())
            case "429-seconds":
                self._send(429, json_type | {"Retry-After": f"{fault.seconds:.0f}"}, b"{}")
            case "429-date":
                # A date is of the real clock: the client's.
                said = email.utils.formatdate(time.time() + fault.seconds, usegmt=True)
                self._send(429, json_type | {"Retry-After": said}, b"{}")
            case "redirect":
                self._send(302, {"Location": f"http://localhost/api{fault.path}"}, b"")
            case "html":
                self._send(200, html, page % b"Application error")
            case "object":
                self._send(200, json_type, b'{"offenses": []}')
            case "echo-token":
                self._send(500, json_type, _error(Refusal(500, 1020, f"no answer for {self.headers['SEC']}")))
            case "drop-headers":
                self.close_connection = True
                self.request.shutdown(socket.SHUT_RDWR)
            case "reset":
                self.close_connection = True
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.request.close()
            case _:
                return False
        return True

    def _spoiled(self, fault: Fault, body: bytes) -> bytes | None:
        """The data, spoiled; null where it was sent here."""
        match fault.kind:
            case "broken-json":  # IV98260
                cut = body[: max(1, len(body) * 2 // 3)]
                error = _error(Refusal(500, 13, "An error occurred while writing the answer"))
                return cut[: cut.rfind(b",{") if b",{" in cut else 1] + b"," + error
            case "not-utf8":
                return body.replace(b'"description":"', b'"description":"\xff\xfe', 1)
            case "deep":
                return b"[" * 100_000
            case "late":
                time.sleep(fault.seconds)
                return body
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._half(fault, body)
        return None

    def _half(self, fault: Fault, body: bytes) -> None:
        """Begins to send and stops."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if fault.kind == "chunk-cut":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s" % (len(body), body[: len(body) // 2]))
        elif fault.kind == "gzip-cut":
            packed = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed) // 2))
            self.end_headers()
            self.wfile.write(packed[: len(packed) // 2])
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault.kind == "trickle":
                self._trickle(body, fault.seconds)
            else:
                self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if fault.kind == "stall":
            time.sleep(fault.seconds)
        self.request.shutdown(socket.SHUT_RDWR)

    def _trickle(self, body: bytes, seconds: float) -> None:
        until = time.monotonic() + seconds
        for place in range(len(body)):
            if time.monotonic() > until:
                break
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            time.sleep(0.02)


def _unknown(path: str) -> Refusal:
    return Refusal(404, 4, f"Relative path ({path}) is not a known endpoint resource.")


def _error(refusal: Refusal) -> bytes:
    body = {
        "http_response": {"code": refusal.status, "message": refusal.general},
        "code": refusal.code,
        "description": "",
        "details": {},
        "message": refusal.message,
    }
    return json.dumps(body).encode()


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def _visible(path: str, row: dict[str, Any], version: tuple[int, int]) -> dict[str, Any]:
    if path == "/siem/offenses" and version < (13, 1):
        return {key: value for key, value in row.items() if key not in _PERSISTED}
    return row


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


def _fields(said: str | None, row: dict[str, Any] | None) -> set[str]:
    names = [one.split("(")[0] for one in _split(said or "")]
    for place, name in enumerate(names):
        if row is not None and name not in row:
            media = 'by this endpoint for media type "application/json"'
            raise Refusal(422, 30, f'Specified field "{name}" is not recognized {media}')
        if name in names[:place]:
            raise Refusal(422, 31, f'The field "{name}" is specified twice')
    return set(names)


def _compiled(text: str, names: frozenset[str]) -> grammar.Test:
    try:
        return grammar.compiled(text, names)
    except grammar.BadFilter as error:
        raise Refusal(422, 1010, f"{error}") from error


def _parts(text: str) -> list[str]:
    try:
        return grammar.parts(text)
    except grammar.BadFilter as error:
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


def keys_of(rows: Iterator[dict[str, Any]]) -> list[int]:
    """Ids of rows."""
    return [row["id"] for row in rows]
