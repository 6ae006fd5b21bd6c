"""The token of an authorized service: from the environment or the keyring, and never to be seen again."""

from __future__ import annotations

import os
from typing import NoReturn

from watchfloor.errors import AccessDenied

__all__ = ["KEYRING", "VARIABLE", "Token", "find_token"]

VARIABLE = "WATCHFLOOR_QRADAR_TOKEN"
KEYRING = "watchfloor-qradar"
"""Name of the service in the keyring; the user is the console's address."""
_HIDDEN = "[token]"


class Token:
    """A secret that does not print, pickle or copy itself."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Raises AccessDenied where this cannot be a token."""
        self._text = text.strip()
        if not self._text.isascii() or not self._text.isprintable() or not self._text or " " in self._text:
            raise AccessDenied(
                "the token is empty or has characters that no token has",
                hint=f"put the token of an authorized service alone into {VARIABLE}",
            )

    def __repr__(self) -> str:
        return "Token(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not written anywhere")

    def header(self) -> str:
        """For the header that carries it, and for nothing else."""
        return self._text

    def hide(self, text: str) -> str:
        """The text without the token, should a console repeat it."""
        return text.replace(self._text, _HIDDEN)

    def hide_bytes(self, body: bytes) -> bytes:
        """The same of bytes."""
        return body.replace(self._text.encode(), _HIDDEN.encode())


def find_token(source: str) -> Token:
    """The token for a console: of the environment, else of the keyring where that package is installed.

    Raises:
        AccessDenied: there is none.
    """
    if said := os.environ.get(VARIABLE):
        return Token(said)
    if said := _in_keyring(source):
        return Token(said)
    raise AccessDenied(
        f"{source}: no token",
        hint=f"set {VARIABLE}, or keep it in the keyring: keyring set {KEYRING} {source}",
    )


def _in_keyring(source: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return keyring.get_password(KEYRING, source)
    except KeyringError:
        return None
