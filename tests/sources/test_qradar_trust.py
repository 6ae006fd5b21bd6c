"""Whom a pull trusts: certificates, names, fingerprints; and a token that nobody gets to see."""

from __future__ import annotations

import logging
import pickle
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles import QUICK, pulled, soc
from doubles.qradar import TOKEN, Double, Fault, Modes
from watchfloor.errors import AccessDenied, BadOption, NotReachable
from watchfloor.sources.qradar import Token, pull
from watchfloor.sources.qradar.client import address
from watchfloor.sources.qradar.secret import PLACE, find_token
from watchfloor.sources.secret import Secret
from watchfloor.sources.tls import Tls
from watchfloor.store import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with open_workspace(tmp_path / "w.db", create=True) as opened:
        yield opened


def asked(console: Double) -> int:
    return len(console.requests)


@pytest.mark.parametrize("certificate", ["issued", "self-signed", "expired", "other-name"])
def test_a_certificate_that_nobody_vouched_for_is_refused(workspace: Workspace, certificate: str) -> None:
    """Without options: refused before anything is sent, and what to do is said."""
    with Double(soc(3), modes=Modes(certificate=certificate)) as console:
        with pytest.raises(
            NotReachable, match=r"certificate (is not trusted|has expired|is of another name)"
        ) as caught:
            pulled(console, workspace, trust=Tls())
        assert "--ca-file" in caught.value.hint or "--fingerprint" in caught.value.hint
        assert asked(console) == 0


def test_the_console_s_own_certificate_as_ca_file(workspace: Workspace) -> None:
    """Self-signed, of another name, without an Authority Key Identifier: trusted where it is named and the name is not
    checked."""
    with Double(soc(3), modes=Modes(certificate="self-signed")) as console:
        with pytest.raises(NotReachable, match="another name") as caught:
            pulled(console, workspace)
        assert "--no-hostname-check" in caught.value.hint
        assert not pulled(console, workspace, trust=Tls(ca_file=console.ca_file, hostname_check=False)).missing


def test_another_name_with_a_trusted_issuer(workspace: Workspace) -> None:
    """Only where the check of the name is switched off."""
    with Double(soc(3), modes=Modes(certificate="other-name")) as console:
        with pytest.raises(NotReachable, match="another name"):
            pulled(console, workspace)
        assert not pulled(console, workspace, trust=Tls(ca_file=console.ca_file, hostname_check=False)).missing


def test_an_expired_certificate(workspace: Workspace) -> None:
    """Is refused even where its issuer is trusted; a pin takes it."""
    with Double(soc(3), modes=Modes(certificate="expired")) as console:
        with pytest.raises(NotReachable, match="expired"):
            pulled(console, workspace)
        assert not pulled(console, workspace, trust=Tls(fingerprint=console.fingerprint)).missing


def test_a_pinned_fingerprint(workspace: Workspace) -> None:
    """The one that was pinned, however it is written; another one gets no token."""
    with Double(soc(3), modes=Modes(certificate="self-signed")) as console:
        pin = console.fingerprint.upper()
        colons = ":".join(pin[place : place + 2] for place in range(0, 64, 2))
        assert not pulled(console, workspace, trust=Tls(fingerprint=f"sha256:{colons}")).missing
        before = asked(console)
        with pytest.raises(NotReachable, match="not the certificate that was pinned") as caught:
            pulled(console, workspace, trust=Tls(fingerprint="00" * 32))
        assert console.fingerprint in str(caught.value)
        assert asked(console) == before
    with pytest.raises(BadOption, match="no SHA-256"):
        Tls(fingerprint="abc").pinned()


def test_insecure_is_said_loudly(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    """It works, with a warning each time."""
    with Double(soc(3), modes=Modes(certificate="expired")) as console:
        assert not pulled(console, workspace, trust=Tls(insecure=True)).missing
    assert any(record.levelno == logging.WARNING and "--insecure" in record.message for record in caplog.records)
    assert "insecure" not in workspace.settings("qradar")[0][1]


def test_a_ca_file_that_is_none(workspace: Workspace, tmp_path: Path) -> None:
    """No such file, and one without a certificate."""
    (tmp_path / "text.pem").write_text("no certificate")
    for name, why in (("none.pem", "no such file"), ("text.pem", "no certificate")):
        with pytest.raises(BadOption, match=why):
            pull("https://localhost", workspace, token=Token("x"), trust=Tls(ca_file=tmp_path / name), patience=QUICK)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("https://QRadar.example.com/console/", "https://qradar.example.com"),
        ("qradar.example.com", "https://qradar.example.com"),
        ("https://10.0.0.5:8443/", "https://10.0.0.5:8443"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://qradar.example.com:443", "https://qradar.example.com"),
    ],
)
def test_an_address_as_people_type_it(typed: str, meant: str) -> None:
    """One name for one console, whatever was copied from the browser."""
    assert address(typed) == meant


@pytest.mark.parametrize("typed", ["http://qradar.example.com", "", "https://", "https://user:pw@host", "ftp://host"])
def test_an_address_that_is_none(typed: str) -> None:
    """Clear text too: the token would be seen."""
    with pytest.raises(BadOption):
        address(typed)


def test_the_token_is_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In no log at any level, no error, no page, no file, no text of an object, though the console repeats it."""
    caplog.set_level(1)
    monkeypatch.setenv("WATCHFLOOR_QRADAR_TOKEN", f"{TOKEN}\n")
    said: list[str] = []
    data = soc(60)
    data.offenses[5]["description"] = f"somebody wrote the token {TOKEN} into a rule"
    faults = [Fault("echo-token", times=2), Fault("echo-token", path="/siem/offense_types", times=None)]
    place = tmp_path / "w.db"
    with Double(data, faults=faults) as console, open_workspace(place, create=True) as workspace:
        ledger = pulled(console, workspace, token=None)
        said += [repr(ledger), repr(ledger.rows()), repr(workspace), str(workspace.history().collect().to_dicts())]
        assert "[token]" in ledger.missing["offense types"]
        console.token = "another"
        with pytest.raises(AccessDenied) as caught:
            pulled(console, workspace, token=None)
        said += [repr(caught.value), caught.value.hint, caught.getrepr(showlocals=True, style="long").__str__()]
        assert len([seen for seen in console.requests if seen.headers["SEC"] == TOKEN]) == asked(console)
        tables = workspace.tables()
        said += [str(frame.collect().to_dicts()) for frame in tables.values()]
    said += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert len(caplog.records) > 50
    assert not [text for text in said if TOKEN in text]
    for file in tmp_path.iterdir():
        assert TOKEN.encode() not in file.read_bytes(), file
    with sqlite3.connect(place) as stored:
        packed = [body for (body,) in stored.execute("SELECT body FROM pages WHERE body IS NOT NULL")]
    stored.close()
    assert packed
    assert not [body for body in packed if TOKEN.encode() in zlib.decompress(body)]


def test_a_token_hides_itself() -> None:
    """It does not print and does not pickle; what cannot be one is refused without being shown."""
    token = Token(f" {TOKEN}\n")
    assert repr(token) == str(token) == "Token(hidden)"
    assert token.header() == TOKEN
    odd = Secret("a+b/c=", PLACE)
    assert odd.hide("x a+b/c= y a%2Bb%2Fc%3D") == "x [token] y [token]"
    assert odd.hide_bytes(b"a%2Bb%2Fc%3D") == b"[token]"
    with pytest.raises(TypeError):
        pickle.dumps(token)
    for text in ("", "two words", "line\nbreak", "schlüssel"):
        with pytest.raises(AccessDenied) as caught:
            Token(text)
        assert not text or text not in str(caught.value)


def test_where_a_token_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, else the keyring, else an error that says both."""
    keyring = pytest.importorskip("keyring")
    monkeypatch.setenv("WATCHFLOOR_QRADAR_TOKEN", "of-the-environment")
    assert find_token("https://c.example").header() == "of-the-environment"
    monkeypatch.delenv("WATCHFLOOR_QRADAR_TOKEN")
    monkeypatch.setattr(keyring, "get_password", lambda service, user: f"{service}/{user}".replace("://", "-"))
    assert find_token("https://c.example").header() == "watchfloor-qradar/https-c.example"
    monkeypatch.setattr(keyring, "get_password", lambda *_: None)
    with pytest.raises(AccessDenied, match="no token") as caught:
        find_token("https://c.example")
    assert "WATCHFLOOR_QRADAR_TOKEN" in caught.value.hint
    assert "keyring set" in caught.value.hint
