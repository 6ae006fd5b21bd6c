"""What a console answers beside what every system does: errors of its own words, versions, totals of ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from watchfloor.sources.answers import Failed, Manner, Refused, failure_of, value_of

__all__ = ["MANNER", "Removed", "check", "content_range"]


class Removed(Failed):
    """422: the version of the API is none that the console has."""


def _words(found: Any) -> tuple[int | None, str]:
    if not isinstance(found, dict):
        return None, ""
    general = found.get("http_response")
    text = found.get("message") or (general.get("message") if isinstance(general, dict) else "")
    code = found.get("code")
    return (code if isinstance(code, int) else None), str(text)


MANNER = Manner(
    system="QRadar console",
    words=_words,
    denied="check the token and its expiry; a new one works only after Deploy Changes",
    forbidden="give the authorized service a role that may see it, then deploy the changes",
)


def check(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    """The value of a good answer.

    Raises:
        Failed: any other.
    """
    if status == 416:  # past the end, in IBM's generic table; consoles answer 200 and an empty list
        return []
    if status == 422:
        failed = failure_of(status, headers, body, MANNER)
        if isinstance(failed, Refused) and str(failed).startswith("422 Version ("):
            raise Removed(str(failed))
        raise failed
    return value_of(status, headers, body, MANNER)


def content_range(said: str | None) -> int | None:
    """The total in `items 0-49/1234`; consoles also write `items */3`, `items 0--1/0`, `items 0-49/*` and nothing."""
    found = re.search(r"/\s*(\d+)\s*$", said or "")
    return int(found[1]) if found else None
