"""Agrees with a console on a version of its API, which decides which fields and endpoints there are."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from watchfloor.sources.answers import Forbidden, Gone, Refused
from watchfloor.sources.qradar.answers import Removed
from watchfloor.sources.qradar.client import Client

__all__ = ["DEFAULT", "KNOWN", "PERSISTED_TIMES", "agree", "choose", "number"]

LOG = logging.getLogger("watchfloor.pull")

DEFAULT = "20.0"
"""What other clients ask for too; consoles of all ages answer to it."""
KNOWN = ("12.0", "26.0")
"""First and last version whose offenses we know."""
FIRST_CONTACT = 4
"""Tries: enough for a web server that starts, few enough for a user who mistyped an address."""
_ABOVE_ALL = "99.0"
"""A version above the newest gets the newest."""
PERSISTED_TIMES = (13, 1)
"""From here on an offense says when its record was made and when it changed last."""


def number(version: str) -> tuple[int, int]:
    """`13.1` as numbers."""
    major, _, minor = version.partition(".")
    return int(major), int(minor or 0)


def agree(client: Client) -> str:
    """Sets the version that the client asks for from now on: the usual one, or what the console offers instead.

    Raises:
        Failed: the console answers, but neither to the usual version nor with a list of others.
    """
    for asked in (DEFAULT, KNOWN[1], _ABOVE_ALL):
        client.version = asked
        try:
            answer, _ = client.get("/help/versions", attempts=FIRST_CONTACT)
        except Removed:
            continue
        except (Forbidden, Gone, Refused):
            break  # a token that may not see the list can still see offenses
        client.version = choose(answer.value) or asked
        return client.version
    client.version = DEFAULT
    return DEFAULT


def choose(offered: Any) -> str | None:
    """Of the versions that a console lists: the usual one, else the newest known one that is neither removed nor
    deprecated, else the newest known deprecated one, else its newest; null where it lists none."""
    living = [one for one in _listed(offered) if not one.get("removed")]
    if not living:
        return None
    by_number = {number(str(one["version"])): one for one in living}
    if DEFAULT in {str(one["version"]) for one in living if not one.get("deprecated")}:
        return DEFAULT
    known = [one for one in by_number if number(KNOWN[0]) <= one <= number(KNOWN[1])]
    if not known:
        LOG.warning("the console offers no version of the API between %s and %s", *KNOWN)
    best = max([one for one in known if not by_number[one].get("deprecated")] or known or by_number)
    return str(by_number[best]["version"])


def _listed(offered: Any) -> Iterable[Mapping[str, Any]]:
    for one in offered if isinstance(offered, list) else ():
        if isinstance(one, dict):
            try:
                number(str(one.get("version")))
            except ValueError:
                continue
            yield one
