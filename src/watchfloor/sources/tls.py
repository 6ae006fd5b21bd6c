"""TLS to a system: whom to trust, a pinned certificate, and sockets that keep a deadline.

The certificate of a system in the house is often self-signed and of another name. So the certificate file may be given
(and the check of the name switched off), or the certificate itself be pinned by its SHA-256; both keep out whoever
stands between.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchfloor.errors import BadOption

__all__ = ["OtherCertificate", "Tls", "context", "reason"]


@dataclass(frozen=True)
class Tls:
    """Whom to trust."""

    ca_file: Path | None = None
    """PEM of its certificate, or of who issued it; without it this computer's own list."""
    hostname_check: bool = True
    fingerprint: str | None = None
    """SHA-256 of its certificate, in hex; colons are allowed."""
    insecure: bool = False
    """Trusts anybody: the token can be stolen."""

    def pinned(self) -> bytes | None:
        """The fingerprint as bytes.

        Raises:
            BadOption: no SHA-256.
        """
        if self.fingerprint is None:
            return None
        bare = re.sub(r"[:\s]", "", self.fingerprint.lower().removeprefix("sha256"))
        if not re.fullmatch(r"[0-9a-f]{64}", bare):
            raise BadOption(
                f"{self.fingerprint!r} is no SHA-256 fingerprint",
                hint="64 hex digits: openssl x509 -in its.pem -noout -fingerprint -sha256",
            )
        return bytes.fromhex(bare)

    def remembered(self) -> dict[str, Any]:
        """What the next run asks with; never `insecure`, which has to be said each time."""
        return {
            "ca_file": str(self.ca_file.absolute()) if self.ca_file else None,
            "hostname_check": self.hostname_check,
            "fingerprint": self.fingerprint,
        }


class OtherCertificate(ssl.SSLError):
    """It shows another certificate than the pinned one; `str()` says which."""


class Context(ssl.SSLContext):
    """A context whose sockets check the pinned certificate and give up at a deadline."""

    pinned: bytes | None = None
    deadline: float = float("inf")
    """On the monotonic clock: an answer that trickles in byte by byte ends here too."""


class _Socket(ssl.SSLSocket):
    """Looks at the certificate before anything is sent, and at the clock before anything is read."""

    context: Context

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        if (pinned := self.context.pinned) is None:
            return
        shown = hashlib.sha256(self.getpeercert(binary_form=True) or b"").digest()
        if not hmac.compare_digest(shown, pinned):
            raise OtherCertificate(f"the certificate has the fingerprint {shown.hex()}")

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        left = self.context.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long as a whole")
        if self.gettimeout() is None or left < (self.gettimeout() or 0):
            self.settimeout(left)
        return super().recv(buflen, flags)


def context(tls: Tls) -> Context:
    """The context for a client.

    Raises:
        BadOption: a certificate file that cannot be used, or a fingerprint that is none.
    """
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    made.sslsocket_class = _Socket
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.pinned = tls.pinned()
    if tls.ca_file is not None:
        _trust(made, tls.ca_file)
    elif made.pinned is None and not tls.insecure:
        made.load_default_certs()
    made.check_hostname = tls.hostname_check and not tls.insecure and (made.pinned is None or tls.ca_file is not None)
    if tls.insecure or (made.pinned is not None and tls.ca_file is None):
        made.verify_mode = ssl.CERT_NONE  # with a pin, the pin is the check
    return made


def _trust(made: ssl.SSLContext, ca_file: Path) -> None:
    try:
        made.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else "no certificate in PEM in it"
        raise BadOption(
            f"--ca-file {ca_file}: {why}", hint="openssl s_client -connect HOST:443 -showcerts </dev/null"
        ) from error
    # Python 3.13 and newer refuse certificates without an Authority Key Identifier, which QRadar's own is. Who
    # names this very file trusts it: its chain is still verified.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def reason(error: BaseException | None) -> tuple[str, str] | None:
    """What a failed handshake means, and what to do; null where it was none."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    match error:
        case None:
            return None
        case OtherCertificate():
            return (
                f"not the certificate that was pinned: {error.args[0]}",
                "if it got a new certificate, ask its administrator for the fingerprint; else do not go on",
            )
        case ssl.SSLCertVerificationError():
            return _of_verification(error)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "HTTP_REQUEST" | "UNSUPPORTED_PROTOCOL"):
            return "it speaks no TLS, or one of before 2008", "check the port in its address"
        case _:  # it broke off in the middle
            return None


def _of_verification(error: Any) -> tuple[str, str]:
    said = str(error.verify_message)
    if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        return (
            f"the certificate is of another name ({said})",
            "a system's own certificate often is: add --no-hostname-check to --ca-file, or pin it with --fingerprint",
        )
    if error.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        return "the certificate has expired", "renew it there, or pin it with --fingerprint"
    return (
        f"the certificate is not trusted ({said})",
        "a system's own is self-signed: save it and name it with --ca-file, or pin it with --fingerprint",
    )
