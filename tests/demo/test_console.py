"""The demo's console: what comes through its API is what the exports hold, and it ends with its block."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import polars as pl
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key

from watchfloor.demo import Truth
from watchfloor.demo.console import TOKEN, Console, of_demo
from watchfloor.demo.console.certificate import self_signed
from watchfloor.demo.console.filters import BadFilter, compiled, parts
from watchfloor.readers import Tables, read_files

DERIVED = ("source", "record", "assigned_time", "acknowledged_time", "time_basis")
"""Where a row came from; and what a state that was fetched shows, which no export can."""


@pytest.fixture(scope="module")
def console(made: tuple[Path, Truth]) -> Iterator[Console]:
    """The console, for the tests of this file."""
    with Console(of_demo(made[0] / "qradar", 1_762_000_000_000)) as running:
        yield running


def get(console: Console, path: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    """An answer, by the standard library alone."""
    context = ssl.create_default_context()
    context.load_verify_locations(console.folder / "certificate.pem")
    context.check_hostname = False
    asked = urllib.request.Request(f"{console.url}{path}", headers={"SEC": TOKEN, "Version": "20.0"} | headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(asked, timeout=10) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.loads(error.read())


def test_what_is_pulled_is_what_the_exports_hold(pulled: Tables, folder: Path) -> None:
    """Alert by alert and value by value of their evidence."""
    exported = read_files([folder / "qradar"])

    def alerts(tables: Tables) -> pl.DataFrame:
        return tables["alerts"].drop(DERIVED).sort("alert_id").collect()

    def evidence(tables: Tables) -> pl.DataFrame:
        return tables["evidence"].select("alert_id", "field", "value").collect()

    assert alerts(pulled).equals(alerts(exported))
    key = ["alert_id", "field", "value"]
    assert evidence(pulled).sort(key).equals(evidence(exported).sort(key))
    assert pulled["rejects"].collect().height == 0
    assert pulled["ledger"].collect()["partial"].to_list() == [None]


def test_a_page_and_what_lies_past_the_end(console: Console, truth: Truth) -> None:
    """Ranges are inclusive; past the end there is an empty list; newest first."""
    path = "/api/siem/offenses?fields=id"
    total = truth.offenses.offenses
    status, headers, rows = get(console, path, Range="items=0-9")
    newest = sorted(console.holdings.offenses, reverse=True)
    assert (status, [row["id"] for row in rows]) == (200, newest[:10])
    assert headers["Content-Range"] == f"items 0-9/{total}"
    status, headers, rows = get(console, path, Range=f"items={total}-{total + 9}")
    assert (status, headers["Content-Range"], rows) == (200, f"items */{total}", [])
    assert len(get(console, path)[2]) == total


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/siem/offenses", {"SEC": "wrong"}, 401, 18),
        ("/siem/nothing", {}, 404, 4),
        ("/siem/offenses/1", {}, 404, 1002),
        ("/siem/offenses", {"Range": "items=3-"}, 422, 36),
        ("/siem/offenses", {"Range": "items=3-0"}, 422, 36),
        ("/siem/offenses?fields=id,colour", {}, 422, 30),
        ("/siem/offenses?fields=id,id", {}, 422, 31),
        ("/siem/offenses?sort=%2Bdescription", {}, 422, 1030),
        (f"/siem/offenses?filter={quote('description = 1')}", {}, 422, 1010),
        (f"/siem/offenses?filter={quote('status > OPEN')}", {}, 422, 1010),
        ("/siem/offenses", {"Version": "3.0"}, 422, 8),
    ],
)
def test_errors_are_those_of_the_api(
    console: Console, path: str, headers: dict[str, str], status: int, code: int
) -> None:
    """Status, and the number in the body."""
    found = get(console, f"/api{path}", **headers)
    assert (found[0], found[2]["code"], found[2]["http_response"]["code"]) == (status, code, status)


def test_it_ends_with_its_block(made: tuple[Path, Truth]) -> None:
    """No thread and no open port is left."""
    before = threading.active_count()
    with Console(of_demo(made[0] / "qradar", 0)) as console:
        get(console, "/api/help/versions")
        folder, port = console.folder, urlsplit(console.url).port
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port or 0), timeout=5):
        pass
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.daemon and "process_request" in thread.name:
            thread.join(5)
    assert threading.active_count() <= before


def test_the_certificate_is_one() -> None:
    """Another implementation reads it, checks its signature, and finds that the key is its key."""
    made = self_signed("console")
    certificate = x509.load_der_x509_certificate(made.der)
    certificate.verify_directly_issued_by(certificate)
    key = load_der_private_key(made.key_der, None)
    assert key.public_key() == certificate.public_key()
    assert certificate.subject.rfc4514_string() == "CN=console"
    assert certificate.not_valid_before_utc < certificate.not_valid_after_utc
    assert self_signed("console").fingerprint != made.fingerprint


NAMES = frozenset({"id", "status", "close_time", "closing_reason_id", "ids", "rules"})


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("id > 3", {"id": 4}, True),
        ("id between 3 and 5 and not id = 4", {"id": 4}, False),
        ("status in ('OPEN', \"HIDDEN\")", {"status": "HIDDEN"}, True),
        ("closing_reason_id = 2", {"closing_reason_id": None}, False),
        ("closing_reason_id != 2", {"closing_reason_id": None}, True),
        ("closing_reason_id not in (2, 3)", {"closing_reason_id": None}, True),
        ("close_time is null or id = 1", {"close_time": None, "id": 2}, True),
        ('status ilike "o%"', {"status": "OPEN"}, True),
        ('status like "o%"', {"status": "OPEN"}, False),
        ("ids contains 7", {"ids": [6, 7]}, True),
        ("ids contains (. < 3)", {"ids": [6, 7]}, False),
        ("rules contains (id = 100405)", {"rules": [{"id": 100405}]}, True),
    ],
)
def test_filters(text: str, row: dict[str, Any], said: bool) -> None:
    """As IBM's page on them says: a positive comparison with null is false, a negated one true."""
    assert compiled(text, NAMES)(row) is said


@pytest.mark.parametrize("text", ["id >", "id ~ 3", "(id = 3", "colour = 3", "id = 3 id"])
def test_what_is_no_filter(text: str) -> None:
    """Is refused."""
    with pytest.raises(BadFilter):
        compiled(text, NAMES)


def test_conditions_on_the_outermost_level() -> None:
    """`and` within between, brackets and quotes joins nothing there."""
    assert parts("(a = 1 and b = 2) and id between 1 and 5 and id >= 7") == [
        "(a = 1 and b = 2)",
        "id between 1 and 5",
        "id >= 7",
    ]
    assert parts("a = 1 or b = 2 and c = 3") == ["a = 1 or b = 2 and c = 3"]
