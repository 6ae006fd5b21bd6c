"""Values of a JSON object by path: `owner.email`, `alerts.evidence.ipAddress` through lists, dotted keys too."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from watchfloor.jsonvalues import text_of

__all__ = ["has", "texts_at", "values_at"]


@lru_cache(4096)
def _steps(path: str) -> tuple[tuple[tuple[str, int], ...], ...]:
    """For each place of a path the keys that may stand there, the longest first, each with the place after it."""
    parts = path.split(".")
    return tuple(
        tuple((".".join(parts[start:end]), end) for end in range(len(parts), start, -1)) for start in range(len(parts))
    )


def values_at(found: Any, path: str) -> list[Any]:
    """Everything at a path, nulls left out; lists on the way, and at its end, are gone through.

    A key may itself have dots in it: the longest that is there counts.
    """
    return _walk(found, _steps(path), 0)


def _walk(found: Any, steps: tuple[tuple[tuple[str, int], ...], ...], place: int) -> list[Any]:
    """This runs for every column of every record: no generators, and the exact type that JSON gives."""
    while place < len(steps) and type(found) is dict:
        for key, end in steps[place]:
            if key in found:
                found, place = found[key], end
                break
        else:
            return []
    if type(found) is list:
        # A list within a list is no way that any of the APIs goes, and could be a thousand deep.
        return [value for one in found if type(one) is not list for value in _walk(one, steps, place)]
    return [] if found is None or place < len(steps) else [found]


def texts_at(found: Any, path: str) -> list[str]:
    """Texts, numbers and truth values at a path, as text; objects and what says nothing left out."""
    return [
        text
        for value in values_at(found, path)
        if type(value) is not dict and (text := text_of(value)) is not None and text.strip()
    ]


def has(found: Any, sign: str) -> bool:
    """Whether a path is there, be it null; with `=`: whether it has this text."""
    path, equals, text = sign.partition("=")
    if equals:
        return any(one.lower() == text.lower() for one in texts_at(found, path))
    return _there(found, _steps(path), 0)


def _there(found: Any, steps: tuple[tuple[tuple[str, int], ...], ...], place: int) -> bool:
    if place == len(steps):
        return True
    if isinstance(found, list):
        return any(_there(one, steps, place) for one in found[:20] if isinstance(one, dict))
    if isinstance(found, dict):
        return next((_there(found[key], steps, end) for key, end in steps[place] if key in found), False)
    return False
