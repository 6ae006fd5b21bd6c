"""What a rule's name says about its remedy: alerts whose number matters, and faults of a log source or sensor."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

__all__ = ["fault_by_nature", "grouped_by_nature"]

_LONGEST = 500
"""Characters of a rule's name that are looked at: names come from logs."""


def grouped_by_nature(rule: str) -> str | None:
    """Why a rule's alerts are grouped and never excluded; null where its name says nothing of the kind."""
    return _cause("nature", rule)


def fault_by_nature(rule: str) -> str | None:
    """What is at fault with the source that a rule speaks of; null where its name says nothing of the kind."""
    return _cause("fault", rule)


@lru_cache(maxsize=4096)
def _cause(kind: Literal["nature", "fault"], rule: str) -> str | None:
    return next((cause for match, cause in _natures()[kind] if match.search(rule[:_LONGEST])), None)


@cache
def _natures() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    text = resources.files("watchfloor.analyses.tuning").joinpath("natures.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    return {
        kind: [(re.compile(n["match"], re.IGNORECASE), n["cause"]) for n in read[kind]] for kind in ("nature", "fault")
    }
