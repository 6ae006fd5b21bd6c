"""Certificates for the double: issued by a CA, self-signed as a console's own, expired, or of another name."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Made:
    """What a server needs."""

    context: ssl.SSLContext
    fingerprint: str


def make(kind: str, folder: Path) -> Made:
    """A certificate; `ca.pem` in the folder is what a client may trust. A second call replaces both."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind == "self-signed":
        pem = _self_signed(folder, context)
    else:
        authority = trustme.CA()
        names = ("console.invalid",) if kind == "other-name" else ("localhost", "127.0.0.1")
        now = datetime.datetime.now(datetime.UTC)
        expiry = now - datetime.timedelta(days=1) if kind == "expired" else None
        before = now - datetime.timedelta(days=30) if kind == "expired" else None
        issued = authority.issue_cert(*names, not_before=before, not_after=expiry)
        issued.configure_cert(context)
        authority.cert_pem.write_to_path(folder / "ca.pem")
        pem = issued.cert_chain_pems[0].bytes()
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    return Made(context, hashlib.sha256(der).hexdigest())


def _self_signed(folder: Path, context: ssl.SSLContext) -> bytes:
    """As QRadar makes its own: another name, no Authority Key Identifier."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "qradar-console")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(secret)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return pem
