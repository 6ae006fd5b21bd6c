"""A certificate for a server on loopback that ends with the demo: self-signed, P-256, of Python alone.

QRadar's own certificate is self-signed too, and a client that pins it by its fingerprint needs nobody else to vouch for
it. The arithmetic is plain and slow, and its time depends on the key: it signs one certificate, once, for a key that
nobody uses again. Formulas: SEC 1 version 2.0, 2.2.1 and 4.1.3; structure: RFC 5280, 4.1, RFC 5480 and RFC 5915.
"""

from __future__ import annotations

import hashlib
import secrets
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["Certificate", "self_signed"]

_Point = tuple[int, int]
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
"""NIST's curve P-256 (SEC 2, 2.4.2): prime, order, generator; its coefficient a is -3."""

_ECDSA_SHA256 = "06082a8648ce3d040302"
_EC_KEY, _P256 = "06072a8648ce3d0201", "06082a8648ce3d030107"
_COMMON_NAME = "0603550403"
_INTEGER, _BITS, _OCTETS, _UTF8, _TIME = 0x02, 0x03, 0x04, 0x0C, 0x17
_SEQUENCE, _SET = 0x30, 0x31


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    der: bytes
    key_der: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as hex: what a client pins."""
        return hashlib.sha256(self.der).hexdigest()

    def context(self, folder: Path) -> ssl.SSLContext:
        """The context of a server; OpenSSL takes certificate and key from files only, which are in the folder then."""
        files = folder / "certificate.pem", folder / "key.pem"
        files[1].touch(mode=0o600)
        files[0].write_text(ssl.DER_cert_to_PEM_cert(self.der), encoding="ascii")
        pem = ssl.DER_cert_to_PEM_cert(self.key_der).replace("CERTIFICATE", "EC PRIVATE KEY")
        files[1].write_text(pem, encoding="ascii")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*files)
        return made


def self_signed(name: str) -> Certificate:
    """A new key and its certificate, good from yesterday for a week."""
    key = secrets.randbelow(_N - 1) + 1
    point = _times(key, _G)
    public = _bits(b"\x04" + _octets(point[0]) + _octets(point[1]))
    now = datetime.now(UTC)
    algorithm = _der(_SEQUENCE, bytes.fromhex(_ECDSA_SHA256))
    common = _der(_SEQUENCE, bytes.fromhex(_COMMON_NAME), _der(_UTF8, name.encode()))
    who = _der(_SEQUENCE, _der(_SET, common))
    until = [_der(_TIME, f"{now + timedelta(days=day):%y%m%d%H%M%SZ}".encode()) for day in (-1, 7)]
    said = _der(
        _SEQUENCE,
        _der(0xA0, _whole(2)),  # version 3
        _whole(secrets.randbits(63) + 1),
        algorithm,
        who,
        _der(_SEQUENCE, *until),
        who,
        _der(_SEQUENCE, _der(_SEQUENCE, bytes.fromhex(_EC_KEY), bytes.fromhex(_P256)), public),
    )
    signed = _der(_SEQUENCE, said, algorithm, _bits(_signature(key, said)))
    curve = _der(0xA0, bytes.fromhex(_P256))
    return Certificate(signed, _der(_SEQUENCE, _whole(1), _der(_OCTETS, _octets(key)), curve, _der(0xA1, public)))


def _signature(key: int, said: bytes) -> bytes:
    """ECDSA over SHA-256."""
    digest = int.from_bytes(hashlib.sha256(said).digest(), "big")
    while True:
        once = secrets.randbelow(_N - 1) + 1
        r = _times(once, _G)[0] % _N
        s = pow(once, -1, _N) * (digest + r * key) % _N
        if r and s:
            return _der(_SEQUENCE, _whole(r), _whole(s))


def _times(number: int, point: _Point) -> _Point:
    """A point added to itself, by doubling; the number is from 1 to below the order."""
    total: _Point | None = None
    while number:
        if number & 1:
            total = point if total is None else _plus(total, point)
        number >>= 1
        point = _plus(point, point)
    assert total is not None
    return total


def _plus(one: _Point, other: _Point) -> _Point:
    """The sum of two points of which neither is the other's opposite."""
    (x1, y1), (x2, y2) = one, other
    rise, run = (3 * x1 * x1 - 3, 2 * y1) if one == other else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


def _octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _whole(number: int) -> bytes:
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _der(_BITS, b"\0", content)


def _der(tag: int, *parts: bytes) -> bytes:
    """One element of DER: tag, length, content."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
