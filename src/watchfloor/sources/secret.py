"""Secrets that a source asks with: from the environment or the keyring, and never to be seen again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

from watchfloor.errors import AccessDenied

__all__ = ["Place", "Secret", "find_secret"]


@dataclass(frozen=True)
class Place:
    """Where a secret is kept."""

    variable: str
    """Of the environment."""
    keyring: str
    """Name of the service in the keyring; the user is the system's address."""
    what: str = "token"
    """A word for it."""
    whose: str = "a token"
    """What it is, for who has to look for it."""


class Secret:
    """A text that does not print, pickle or copy itself."""

    __slots__ = ("_hidden", "_text")

    def __init__(self, text: str, place: Place) -> None:
        """Raises AccessDenied where this cannot be one."""
        self._text, self._hidden = text.strip(), f"[{place.what}]"
        if not self._text.isascii() or not self._text.isprintable() or not self._text or " " in self._text:
            raise AccessDenied(
                f"the {place.what} is empty or has characters that no {place.what} has",
                hint=f"put {place.whose} alone into {place.variable}",
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    def header(self) -> str:
        """For the header or form that carries it, and for nothing else."""
        return self._text

    def hide(self, text: str) -> str:
        """The text without the secret, should a system repeat it."""
        for form in self._forms():
            text = text.replace(form, self._hidden)
        return text

    def hide_bytes(self, body: bytes) -> bytes:
        """The same of bytes."""
        for form in self._forms():
            body = body.replace(form.encode(), self._hidden.encode())
        return body

    def _forms(self) -> tuple[str, ...]:
        quoted = quote(self._text, safe="")
        return (self._text,) if quoted == self._text else (self._text, quoted)


def find_secret(place: Place, source: str) -> str:
    """The secret for a system: of the environment, else of the keyring where that package is installed.

    Raises:
        AccessDenied: there is none.
    """
    found = os.environ.get(place.variable) or _in_keyring(place.keyring, source)
    if found:
        return found
    raise AccessDenied(
        f"{source}: no {place.what}",
        hint=f"set {place.variable}, or keep it in the keyring: keyring set {place.keyring} {source}",
    )


def _in_keyring(service: str, user: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return None
    try:
        return keyring.get_password(service, user)
    except KeyringError:
        return None
