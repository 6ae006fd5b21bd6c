"""The token of an authorized service."""

from __future__ import annotations

from watchfloor.sources.secret import Place, Secret, find_secret

__all__ = ["PLACE", "Token", "find_token"]

PLACE = Place("WATCHFLOOR_QRADAR_TOKEN", "watchfloor-qradar", whose="the token of an authorized service")


class Token(Secret):
    """A token that does not show itself."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        """Raises AccessDenied where this cannot be a token."""
        super().__init__(text, PLACE)


def find_token(source: str) -> Token:
    """The token for a console: of the environment or the keyring.

    Raises:
        AccessDenied: there is none.
    """
    return Token(find_secret(PLACE, source))
