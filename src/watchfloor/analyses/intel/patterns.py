"""STIX 2.1 patterns (section 9 of the specification), as far as they speak of addresses, names, pages and ports.

The libraries for them bring the whole ANTLR runtime, and parse for seconds where a bundle has thousands: a small
descent does what is needed here, and says of the rest why it is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from watchfloor.analyses.allowing.entries import Port
from watchfloor.analyses.intel.indicators import Indicator, address_of, host_of, listed_name

__all__ = ["Unusable", "indicators_of"]

_LONGEST, _DEEPEST, _MOST = 1_000_000, 50, 20_000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<path>[A-Za-z0-9][A-Za-z0-9-]{0,249}:
        (?:[A-Za-z0-9_*\-]+|'(?:[^'\\]|\\.)*')
        (?:\.(?:[A-Za-z0-9_\-]+|'(?:[^'\\]|\\.)*')|\[[^\]']*\]|\['[^']*'\])*)
    | (?P<literal>[thb]'(?:[^'\\]|\\.)*')
    | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?)
    | (?P<word>[A-Za-z]+)
    | (?P<sign>!=|<>|<=|>=|==|[=<>()\[\],])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ADDRESSES = {
    "ipv4-addr:value",
    "ipv6-addr:value",
    "network-traffic:dst_ref.value",
    "network-traffic:src_ref.value",
}
_NAMES = {"domain-name:value"}
_PORTS = {"network-traffic:dst_port", "network-traffic:src_port"}
_QUALIFIERS = ("WITHIN", "REPEATS", "START")


class Unusable(Exception):
    """A pattern that says nothing that network logs could show; its text is the reason."""


class _Token(NamedTuple):
    kind: str
    text: str


class _Part(NamedTuple):
    """One comparison: a part of an indicator."""

    found: Indicator
    otherwise: str = ""
    """What was made of it that it does not say."""


_Any = list[tuple[_Part, ...]]
"""Alternatives, each of parts that must come together."""


def indicators_of(pattern: str) -> tuple[list[Indicator], set[str]]:
    """What a pattern lists, and what was made of it that it does not say.

    Raises:
        Unusable: with the reason.
    """
    if len(pattern) > _LONGEST:
        raise Unusable("patterns that are too long")
    found = _Parser(list(_tokens(pattern))).whole()
    notes = {part.otherwise for parts in found for part in parts if part.otherwise}
    return [_together(parts) for parts in found], notes


def _tokens(pattern: str) -> Iterator[_Token]:
    place = 0
    end = len(pattern.rstrip())
    while place < end:
        match = _TOKEN.match(pattern, place)
        if match is None or match.lastgroup is None:
            raise Unusable("patterns that are no STIX")
        yield _Token(match.lastgroup, match[match.lastgroup])
        place = match.end()


def _together(parts: tuple[_Part, ...]) -> Indicator:
    """One indicator of all parts."""
    addresses = {part.found.address for part in parts} - {None}
    names = {part.found.name for part in parts} - {None}
    ports = {part.found.port for part in parts} - {None}
    if len(addresses) > 1 or len(names) > 1 or len(ports) > 1:
        raise Unusable("patterns of several addresses, names or ports at once")
    if not addresses and not names:
        raise Unusable("patterns of ports alone")
    return Indicator(next(iter(addresses), None), next(iter(names), None), next(iter(ports), None))


class _Parser:
    """A descent: observations joined by OR, in each comparisons joined by AND and OR."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place, self._depth = tokens, 0, 0

    def whole(self) -> _Any:
        found = self._observations()
        if self._place < len(self._tokens):
            raise Unusable("patterns that are no STIX")
        return found

    def _peek(self) -> str:
        if self._place >= len(self._tokens):
            return ""
        token = self._tokens[self._place]
        return token.text.upper() if token.kind == "word" else token.text

    def _next(self) -> _Token:
        if self._place >= len(self._tokens):
            raise Unusable("patterns that are no STIX")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, text: str) -> bool:
        if self._peek() != text:
            return False
        self._place += 1
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise Unusable("patterns that are no STIX")

    def _observations(self) -> _Any:
        found = self._observation()
        while self._peek() in ("OR", "AND", "FOLLOWEDBY"):
            if not self._take("OR"):
                raise Unusable("patterns of several observations that must come together")
            found = _bounded(found + self._observation())
        return found

    def _observation(self) -> _Any:
        self._deeper()
        if self._take("("):
            found = self._observations()
            self._need(")")
        else:
            self._need("[")
            found = self._either()
            self._need("]")
        self._depth -= 1
        while self._peek() in _QUALIFIERS:
            # How often and when: more than a table of pairs tells.
            found = [
                tuple(part._replace(otherwise="without their times or numbers") for part in parts) for parts in found
            ]
            word = self._next().text.upper()
            self._next()
            if word in ("WITHIN", "REPEATS"):
                self._next()
            else:
                self._need("STOP")
                self._next()
        return found

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unusable("patterns that are nested too deeply")

    def _either(self) -> _Any:
        found = self._both()
        while self._take("OR"):
            found = _bounded(found + self._both())
        return found

    def _both(self) -> _Any:
        found = self._comparison()
        while self._take("AND"):
            other = self._comparison()
            if len(found) * len(other) > _MOST:
                raise Unusable("patterns that are too long")
            found = [(*left, *right) for left, right in product(found, other)]
        return found

    def _comparison(self) -> _Any:
        if self._take("("):
            self._deeper()
            found = self._either()
            self._need(")")
            self._depth -= 1
            return found
        path = self._next()
        if path.kind != "path":
            raise Unusable("patterns that are no STIX")
        if self._take("NOT"):
            raise Unusable("patterns that say what is not there")
        sign = self._next().text.upper()
        values = self._values() if sign == "IN" else [self._value()]
        return _bounded([(_part(path.text, sign, value),) for value in values])

    def _values(self) -> list[str]:
        self._need("(")
        found = [self._value()]
        while self._take(","):
            found.append(self._value())
        self._need(")")
        return found

    def _value(self) -> str:
        token = self._next()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        if token.kind in ("number", "word", "literal"):
            return token.text
        raise Unusable("patterns that are no STIX")


def _bounded(found: _Any) -> _Any:
    if len(found) > _MOST:
        raise Unusable("patterns that are too long")
    return found


def _part(path: str, sign: str, value: str) -> _Part:
    """What a comparison lists."""
    subject = path.lower()
    if subject in _ADDRESSES and sign in ("=", "==", "IN", "ISSUBSET"):
        found, otherwise = address_of(value), ""
        # A network that equals a value is written so by some, and meant as one.
    elif subject in _NAMES and sign in ("=", "==", "IN"):
        found, otherwise = listed_name(value), ""
    elif subject in _NAMES and sign == "LIKE" and value.startswith("%."):
        found, otherwise = listed_name(f"*.{value[2:]}"), ""
    elif subject == "url:value" and sign in ("=", "==", "IN"):
        found, otherwise = host_of(value), "addresses of pages, of which the host is taken"
    elif subject in _PORTS and sign in ("=", "==", "IN") and value.isdigit() and int(value) <= 65_535:
        return _Part(Indicator(port=Port(int(value))))
    elif subject in _ADDRESSES | _NAMES | _PORTS | {"url:value"}:
        raise Unusable(f"patterns with {sign}")
    else:
        raise Unusable(f"patterns of {path.partition(':')[0]}")
    if found is None:
        raise Unusable("patterns whose value is no address and no name")
    return _Part(found, otherwise)
