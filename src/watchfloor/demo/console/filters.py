"""QRadar's filters: operators, lists, and what null does to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

__all__ = ["BadFilter", "Test", "compiled", "parts"]

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKENS = re.compile(
    r"""\s*(?: (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<op><=|>=|!=|<>|\^=|=|<|>|\(|\)|,)
      | (?P<word>[-+]?[\w.@:-]+) )""",
    re.VERBOSE,
)
_NEGATED = {"!=", "<>", "^="}


class BadFilter(ValueError):
    """What the console answers with 422 and code 1010."""


def parts(text: str) -> list[str]:
    """The conditions that a filter joins by `and` on its outermost level."""
    found, start = [], 0
    tokens = list(_tokens(text))
    if any(value.lower() == "or" and level == 0 for value, _, _, level in tokens):
        return [text]
    between = 0
    for value, begin, end, level in tokens:
        low = value.lower()
        between += low == "between"
        if low == "and" and level == 0:
            if between:
                between -= 1
                continue
            found.append(text[start:begin].strip())
            start = end
    return [*found, text[start:].strip()]


def _tokens(text: str) -> list[tuple[str, int, int, int]]:
    place, level, found = 0, 0, []
    while text[place:].strip():
        match = _TOKENS.match(text, place)
        if match is None:
            raise BadFilter(f"Failed to parse the filter at {text[place : place + 20]!r}")
        value = match[match.lastgroup or 0]
        level -= value == ")"
        found.append((value, match.end() - len(value), match.end(), level))
        level += value == "("
        place = match.end()
    return found


@lru_cache(maxsize=2000)
def compiled(text: str, filterable: frozenset[str]) -> Test:
    """A filter as a function of a row.

    Raises:
        BadFilter: it is none, or about a field that cannot be filtered.
    """
    parser = _Parser([value for value, *_ in _tokens(text)], filterable)
    test = parser.either()
    if parser.left():
        raise BadFilter(f"Unexpected {parser.left()[0]!r} in the filter")
    return test


class _Parser:
    def __init__(self, tokens: Sequence[str], filterable: frozenset[str]) -> None:
        self._tokens, self._place, self._filterable = tokens, 0, filterable

    def left(self) -> Sequence[str]:
        return self._tokens[self._place :]

    def _next(self) -> str:
        if not self.left():
            raise BadFilter("The filter ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _peek(self) -> str:
        return self.left()[0].lower() if self.left() else ""

    def _take(self, word: str) -> bool:
        if self._peek() == word:
            self._place += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self.both()]
        while self._take("or"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._take("and"):
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        if self._take("not"):
            test = self.one()
            return lambda row: not test(row)
        if self._take("("):
            test = self.either()
            if not self._take(")"):
                raise BadFilter("A bracket is not closed")
            return test
        return self.condition()

    def condition(self) -> Test:
        field = self._next()
        if field != "." and field.split("(")[0] not in self._filterable:
            raise BadFilter(f'The field "{field}" cannot be used in a filter')
        operator = self._next().lower()
        negated = operator == "not"
        if negated:
            operator = self._next().lower()
        if operator == "is":
            absent = not self._take("not")
            if not self._take("null"):
                raise BadFilter("null is missing after is")
            return lambda row: (_get(row, field) is None) == absent
        compare = self._comparison(field, operator)
        negated = negated or operator in _NEGATED

        def test(row: Row) -> bool:
            value = _get(row, field)
            if value is None:  # a positive comparison with null is false, a negated one is true
                return negated
            return compare(value) != negated

        return test

    def _comparison(self, field: str, operator: str) -> Callable[[Any], bool]:
        if field == "status" and operator in ("<", ">", "<=", ">=", "between"):
            raise BadFilter(f'The operator {operator} is not supported for "status"')
        if operator == "in":
            return self._among()
        if operator == "between":
            low = _value(self._next())
            if not self._take("and"):
                raise BadFilter("and is missing after between")
            high = _value(self._next())
            return lambda value: low <= value <= high
        if operator == "contains":
            return self._contains()
        if operator in ("like", "ilike"):
            pattern = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in str(_value(self._next())))
            like = re.compile(pattern, re.IGNORECASE if operator == "ilike" else 0)
            return lambda value: like.fullmatch(str(value)) is not None
        wanted = _value(self._next())
        if operator == "=" or operator in _NEGATED:
            return lambda value: value == wanted or str(value) == str(wanted)
        if operator not in ("<", ">", "<=", ">="):
            raise BadFilter(f"{operator} is no operator")
        if not isinstance(wanted, int | float):
            raise BadFilter(f"{wanted!r} cannot be compared")
        return {
            "<": lambda value: value < wanted,
            ">": lambda value: value > wanted,
            "<=": lambda value: value <= wanted,
            ">=": lambda value: value >= wanted,
        }[operator]

    def _among(self) -> Callable[[Any], bool]:
        if not self._take("("):
            raise BadFilter("A bracket is missing after in")
        wanted = {str(_value(self._next()))}
        while self._take(","):
            wanted.add(str(_value(self._next())))
        if not self._take(")"):
            raise BadFilter("A bracket is not closed after in")
        return lambda value: str(value) in wanted

    def _contains(self) -> Callable[[Any], bool]:
        if self._take("("):
            inner = _Parser(self.left(), frozenset({"id", "type", "name", "type_id", "type_name"}))
            test = inner.either()
            self._place += inner._place
            if not self._take(")"):
                raise BadFilter("A bracket is not closed after contains")
            return lambda value: any(test(one if isinstance(one, dict) else {".": one}) for one in value)
        wanted = _value(self._next())
        return lambda value: any(one == wanted or str(one) == str(wanted) for one in value)


def _get(row: Row, field: str) -> Any:
    return row.get(field)


def _value(token: str) -> Any:
    if token[:1] in "\"'":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if re.fullmatch(r"[-+]?\d+", token):
        return int(token)
    if re.fullmatch(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", token):
        return float(token)
    return token
