"""Values of a JSON object by path: `owner.email`, `alerts.evidence.ipAddress` through lists, dotted keys too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from watchfloor.jsonvalues import text_of

__all__ = ["first_text", "has", "texts_at", "values_at"]


@lru_cache(4096)
def _steps(path: str) -> tuple[tuple[tuple[str, int], ...], ...]:
    """For each place of a path the keys that may stand there, the longest first, each with the place after it."""
    parts = path.split(".")
    return tuple(
        tuple((".".join(parts[start:end]), end) for end in range(len(parts), start, -1)) for start in range(len(parts))
    )


def values_at(found: Any, path: str) -> Iterator[Any]:
    """Everything at a path, nulls left out; lists on the way, and at its end, are gone through.

    A key may itself have dots in it: the longest that is there counts.
    """
    yield from _walk(found, _steps(path), 0)


def _walk(found: Any, steps: tuple[tuple[tuple[str, int], ...], ...], place: int) -> Iterator[Any]:
    if isinstance(found, list):
        for one in found:
            # A list within a list is no way that any of the APIs goes, and could be a thousand deep.
            if not isinstance(one, list):
                yield from _walk(one, steps, place)
    elif place == len(steps):
        if found is not None:
            yield found
    elif isinstance(found, Mapping):
        for key, end in steps[place]:
            if key in found:
                yield from _walk(found[key], steps, end)
                return


def texts_at(found: Any, path: str) -> Iterator[str]:
    """Texts, numbers and truth values at a path, as text; objects and what says nothing left out."""
    for value in values_at(found, path):
        if not isinstance(value, Mapping) and (text := text_of(value)) is not None and text.strip():
            yield text


def first_text(found: Any, *paths: str) -> str | None:
    """The first text at the first of the paths that has any."""
    return next((text for path in paths for text in texts_at(found, path)), None)


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
        return any(_there(one, steps, place) for one in found[:20] if isinstance(one, Mapping))
    if isinstance(found, Mapping):
        return next((_there(found[key], steps, end) for key, end in steps[place] if key in found), False)
    return False
