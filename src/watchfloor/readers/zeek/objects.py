"""What a JSON line says, with the types of Zeek: for lines that are not as Zeek writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from watchfloor.readers.zeek.columns import Log, What, plain_name
from watchfloor.schemas import EVENTS

__all__ = ["MILLISECONDS", "flat", "json_object", "typed", "uniform"]

MILLISECONDS = 1e11
"""Times from here on are milliseconds, which Zeek writes with `JSON::TS_MILLIS`; as seconds they begin in 5138."""
_LATEST = 253_402_300_800
"""10000-01-01 in seconds since 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def json_object(line: str | bytes) -> dict[str, Any]:
    """The JSON object on a line.

    Raises:
        ValueError: there is none.
    """
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise ValueError("no JSON object")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def flat(found: Mapping[str, Any], above: str = "", depth: int = 0) -> dict[str, Any]:
    """The fields of an object, those of objects within it with a dot, in Zeek's spelling; nulls are left out.

    Raises:
        ValueError: more objects within objects than any log has.
    """
    if depth > 20:
        raise ValueError("objects nested too deeply")
    fields: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            fields |= flat(value, f"{above}{name}.", depth + 1)
        elif value is not None:
            fields[plain_name(f"{above}{name}")] = value
    return fields


def typed(fields: dict[str, Any], log: Log) -> dict[str, Any]:
    """The fields that the log's columns need, with their types; of an event all fields.

    Raises:
        ValueError: a field that is no such value, with its name and text.
    """
    whats = {name: source.what for source in log.columns.values() for name in source.names if name in fields}
    values: dict[str, Any] = {}
    for name, what in whats.items():
        try:
            values[name] = _READ[what](fields[name])
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{name} {_WRONG.get(what, 'is no text')}: '{_text(fields[name])[:100]}'") from error
    return fields | values if log.table is EVENTS else values


def _seconds(value: Any) -> float:
    """Seconds since 1970 from a number, a number as text, or RFC 3339."""
    try:
        clock = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        clock = None
    if clock is None:
        number = _number(value)
        seconds = number / 1000 if abs(number) >= MILLISECONDS else number
    else:
        seconds = ((clock if clock.tzinfo else clock.replace(tzinfo=UTC)) - _EPOCH) / timedelta(seconds=1)
    if abs(seconds) >= _LATEST:
        raise ValueError
    return seconds


def _number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError
    return number


def _count(value: Any) -> int:
    number = int(value)
    broken = isinstance(value, float) and not value.is_integer()
    if isinstance(value, bool) or broken or not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def _flag(value: Any) -> bool:
    known = {"T": True, "F": False}.get(value) if isinstance(value, str) else value
    if not isinstance(known, bool):
        raise TypeError
    return known


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
    if isinstance(value, list):
        return ",".join(_text(one) for one in value)
    return json.dumps(value)


def _texts(value: Any) -> list[str | None]:
    return [None if one is None else _text(one) for one in _elements(value)]


_READ: dict[What, Callable[[Any], Any]] = {
    "time": _seconds,
    "seconds": _number,
    "count": _count,
    "flag": _flag,
    "text": _text,
    "texts": _texts,
    "joined": _texts,
    "numbers": lambda value: [None if one is None else _number(one) for one in _elements(value)],
}
_WRONG: dict[What, str] = {
    "time": "is no time",
    "seconds": "is no number of seconds",
    "count": "is no whole number",
    "flag": "is neither true nor false",
    "numbers": "holds what is no number",
}


def uniform(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects with one type a field: where types differ, all values are text."""
    even = [{name: _even(value) for name, value in fields.items()} for fields in objects]
    kinds: dict[str, set[str]] = {}
    for fields in even:
        for name, value in fields.items():
            kinds.setdefault(name, set()).add(_kind(value))
    return [{name: _as(value, kinds[name] - {"empty"}) for name, value in fields.items()} for fields in even]


def _even(value: Any) -> Any:
    """A list of numbers, or of texts; an integer that a column of integers can hold."""
    if isinstance(value, list):
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
        return [float(one) for one in value] if numbers else _texts(value)
    return _text(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {type(value[0]).__name__}" if value else "empty"
    return type(value).__name__


def _as(value: Any, kinds: set[str]) -> Any:
    if len(kinds) < 2:
        return value
    return float(value) if kinds == {"int", "float"} else _text(value)
