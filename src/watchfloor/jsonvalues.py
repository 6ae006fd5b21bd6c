"""JSON as logs hold it: objects decoded without losing a digit or a key, and their values taken out by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isfinite
from typing import Any

__all__ = ["BLANKS", "DECODER", "EARLIER", "Rest", "clean", "decoded", "has_earlier", "integer", "text_of", "unwrapped"]

_EXACT_DIGITS = 15
"""A number with no more digits than this is the same number as a float."""
_UNSAFE = re.compile("[\ud800-\udfff]")
BLANKS = " \t\r\n"
"""What may stand around JSON."""


def _whole(digits: str) -> int | str:
    """An integer; beyond 2^53, where many programs lose digits, its text."""
    return int(digits) if len(digits) <= _EXACT_DIGITS or (len(digits) < 18 and abs(int(digits)) <= 2**53) else digits


def _fraction(digits: str) -> float | str:
    """A number; its text where a float does not hold all its digits."""
    number = float(digits)
    return number if len(digits) <= _EXACT_DIGITS and isfinite(number) else digits


def _nothing(_: str) -> None:
    """NaN and infinities are not JSON and say nothing."""


EARLIER = "earlier values of the same key"
"""Where the values of a key go that is there again."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that is there twice the last value counts, the others are kept beside it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        last = {name: place for place, (name, _) in enumerate(pairs)}
        earlier: dict[str, list[Any]] = {}
        for place, (name, value) in enumerate(pairs):
            if place != last[name]:
                earlier.setdefault(name, []).append(value)
        found[EARLIER] = earlier
    return found


DECODER = json.JSONDecoder(
    parse_int=_whole, parse_float=_fraction, parse_constant=_nothing, object_pairs_hook=_pairs, strict=False
)
"""Not strict: a control character within a text is a fault of its writer, and no reason to lose a record."""


def has_earlier(found: dict[str, Any]) -> bool:
    """Whether a key stood twice in an object, or in one right within it."""
    return EARLIER in found or any(isinstance(value, dict) and EARLIER in value for value in found.values())


def decoded(text: str, between: str = BLANKS) -> list[dict[str, Any]]:
    """The objects of a text, one after the other.

    Arguments:
        text: their JSON.
        between: characters that may stand around them.

    Raises:
        ValueError: anything else.
    """
    found: list[dict[str, Any]] = []
    place = 0
    while True:
        while place < len(text) and text[place] in between:
            place += 1
        if place == len(text) and found:
            return found
        try:
            one, place = DECODER.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise ValueError(f"no JSON ({error.msg} at character {error.pos + 1})") from error
        except RecursionError as error:
            raise ValueError("JSON that is nested too deeply") from error
        if not isinstance(one, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 - what is wrong is the record, not a type of ours
        found.append(one)


_SPACED, _COMPACT = json.JSONEncoder(ensure_ascii=False), json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def text_of(value: Any) -> str | None:
    """A value as text, objects and lists as JSON; null where it says nothing: null, empty, `-`."""
    if isinstance(value, str):
        return clean(value) if value not in ("", "-") else None
    if isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return clean(_SPACED.encode(value)) if value else None


def clean(text: str) -> str:
    """Text without halves of surrogate pairs, which no encoding holds."""
    return text if text.isascii() else _UNSAFE.sub("\ufffd", text)


def integer(value: Any) -> int | None:
    """A whole number that a column holds, from a number or from its digits, hexadecimal with `0x`; null otherwise."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.strip()
        if not re.fullmatch(r"[+-]?[0-9]{1,19}|0[xX][0-9A-Fa-f]{1,16}", digits):
            return None
        value = int(digits, 16 if digits[:2] in ("0x", "0X") else 10)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and -(2**63) <= value < 2**63 else None


def _word(value: Any) -> str | None:
    return None if isinstance(value, dict | list) else text_of(value)


_WRAPPERS = (("_source", {"_index", "_id"}), ("result", {"preview"}))
"""Where Elasticsearch and Splunk put a record that they export, and what stands beside it."""


def unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """A record without what a store wraps around it; what the wrapper says stands behind its own keys."""
    for name, beside in _WRAPPERS:
        if isinstance(inner := found.get(name), dict) and beside & found.keys():
            return inner | {key: value for key, value in found.items() if key != name and key not in inner}
    return found


_PATHS: dict[str, tuple[str, ...]] = {}
"""Names that were looked for, taken apart at their dots: they are few, and asked of every record."""


class Rest:
    """The values of an object, taken out by name; what is left is for `fields`."""

    def __init__(self, found: dict[str, Any]) -> None:
        """`found` is changed."""
        self.found = found
        self._nested = any(type(value) is dict for value in found.values())

    def text(self, *names: str) -> str | None:
        """The first of the names that says anything, as text. A name with dots is a key, or a path of keys."""
        found: str | None = self.first(text_of, *names)
        return found

    def word(self, *names: str) -> str | None:
        """As `text`, but only of text, numbers and truth values: objects and lists stay."""
        found: str | None = self.first(_word, *names)
        return found

    def integer(self, *names: str) -> int | None:
        """The first of the names that is a whole number."""
        found: int | None = self.first(integer, *names)
        return found

    def look(self, *names: str) -> Any:
        """The first of the names that is there, which stays; null where none is."""
        for name in names:
            if (way := self._way(name)) and way[-1][0][way[-1][1]] is not None:
                return way[-1][0][way[-1][1]]
        return None

    def take(self, *names: str) -> Any:
        """As `look`, but it is taken."""
        return self.first(lambda value: value, *names)

    def fields(self) -> str | None:
        """What was not taken, as a JSON object; null where nothing is left."""
        if not self.found:
            return None
        return clean(_COMPACT.encode(self.found))

    def first(self, read: Callable[[Any], Any], *names: str) -> Any:
        """What `read` makes of the first of the names of which it makes anything."""
        found = self.found
        for name in names:
            if name in found:
                if (value := read(found[name])) is not None:
                    del found[name]
                    return value
            elif self._nested and (way := self._way(name)) and (value := read(way[-1][0][way[-1][1]])) is not None:
                for above, key in reversed(way):
                    del above[key]
                    if above:
                        break
                return value
        return None

    def _way(self, name: str) -> list[tuple[dict[str, Any], str]]:
        """The objects on the way to a value, each with its key; empty where it is not there."""
        found = self.found
        if name in found:
            return [(found, name)]
        path = _PATHS.get(name)
        if path is None:
            path = _PATHS[name] = tuple(name.split("."))
        if not self._nested or path[0] not in found:
            return []
        way: list[tuple[dict[str, Any], str]] = []
        above: Any = found
        for key in path:
            if not isinstance(above, dict) or key not in above:
                return []
            way.append((above, key))
            above = above[key]
        return way
