"""HJSON, as far as RITA's configuration file uses it: JSON with comments, bare keys and texts, and commas left out.

No maintained package reads it (`hjson` was last released in 2022), and the file is small.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from watchfloor.errors import BadOption

__all__ = ["loads"]

_DEPTH = 50
"""RITA's file is 4 deep."""
_SPACE = re.compile(r"(?:[\s,]|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
"""What stands between values: commas are optional, and as good as blanks."""
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SINGLE = re.compile(r"'((?:[^'\\\n]|\\.)*)'")
_BLOCK = re.compile(r"'''(.*?)'''", re.DOTALL)
_KEY = re.compile(r"[^\s,:\[\]{}\"']+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_WORDS = {"true": True, "false": False, "null": None}


def loads(text: str) -> Any:
    """The value that a text holds; the outermost braces may be missing.

    Raises:
        BadOption: what is not HJSON, with the line on which it stops being so.
    """
    return _Reader(text.removeprefix("\ufeff")).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def whole(self) -> Any:
        self._skip()
        if self._at == len(self._text):
            return {}
        value = self._value(0) if self._text[self._at] in "{[" else self._members(1, end="")
        self._skip()
        if self._at < len(self._text):
            self._fail("something follows the end")
        return value

    def _value(self, depth: int) -> Any:
        if depth > _DEPTH:
            self._fail(f"nested more than {_DEPTH} deep")
        if self._take("{"):
            return self._members(depth + 1, end="}")
        if self._take("["):
            return self._items(depth + 1)
        if (block := _BLOCK.match(self._text, self._at)) is not None:
            self._at = block.end()
            return block[1].strip("\n")
        if (quoted := self._quoted()) is not None:
            return quoted
        return self._bare()

    def _members(self, depth: int, *, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._skip()
            if (end and self._take(end)) or (not end and self._at == len(self._text)):
                return found
            if (key := self._quoted()) is None:
                bare = _KEY.match(self._text, self._at)
                if bare is None:
                    self._fail("a key is missing")
                key, self._at = bare[0], bare.end()
            self._skip()
            if not self._take(":"):
                self._fail(f"no colon after {key!r}")
            self._skip()
            if key in found:
                self._fail(f"{key!r} is there twice")
            found[key] = self._value(depth)

    def _items(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._skip()
            if self._take("]"):
                return found
            if self._at == len(self._text):
                self._fail("a list does not end")
            found.append(self._value(depth))

    def _quoted(self) -> str | None:
        if (double := _TEXT.match(self._text, self._at)) is not None:
            self._at = double.end()
            try:
                return str(json.loads(double[0]))
            except json.JSONDecodeError:
                self._fail("a quoted text that is none")
        if (single := _SINGLE.match(self._text, self._at)) is not None:
            self._at = single.end()
            return single[1].replace("\\'", "'")
        return None

    def _bare(self) -> Any:
        """A number or word, or a text without quotes, which ends with its line."""
        number = _NUMBER.match(self._text, self._at)
        if number is not None and self._ends(number.end()):
            self._at = number.end()
            return float(number[0]) if set(number[0]) & set(".eE") else int(number[0])
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at) and self._ends(self._at + len(word)):
                self._at += len(word)
                return value
        stop = self._text.find("\n", self._at)
        stop = len(self._text) if stop < 0 else stop
        line = self._text[self._at : stop].strip()
        if not line or line[0] in "}]:":
            self._fail("a value is missing")
        self._at = stop
        return line

    def _ends(self, at: int) -> bool:
        """True where a number or word is over: anything else makes it a text."""
        rest = self._text[at : at + 200].split("\n", 1)[0].strip()
        return not rest or rest[0] in ",]}#" or rest.startswith(("//", "/*"))

    def _take(self, mark: str) -> bool:
        taken = self._text.startswith(mark, self._at)
        self._at += len(mark) * taken
        return taken

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, what: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise BadOption(f"line {line} of the configuration: {what}", hint="it is read as HJSON, RITA's own format")
