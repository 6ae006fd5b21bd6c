"""Where a record keeps the values of the columns: told once for all records that have the same keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from typing import Any

from watchfloor.jsonvalues import EARLIER
from watchfloor.readers.meaning.prefix import SEVERITIES

__all__ = ["Place", "Places", "calls_out", "may_call_out", "places_of", "put_out", "value_at"]

_DEPTH = 8
"""Objects deeper than this are values."""
_KEYS = 2_000
"""So many keys of a record are looked at."""
_SHAPES = 2_000
"""So many kinds of records are remembered."""
_TIMELY = re.compile(r"(?i)(?:^|[^a-z])(?:time|date)|(?:time|date|stamp|[^a-z]at)$")
_NOT_ITS_OWN = re.compile(r"(?i)expect|expir|valid|birth|until|before|after|next|updat|modif|deadline|due|end")
"""Words in the names of times that are not when the record was written."""


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    keys: tuple[str, ...]
    """Keys from the record down."""
    inside: tuple[str, ...] = ()
    """Steps within the list that stands there: numbers of elements, keys without regard to case."""


@dataclass(frozen=True)
class Places:
    """Where records of one kind keep what the columns hold."""

    columns: Mapping[str, tuple[Place, ...]]
    """For each column, the places in the order in which they are asked."""
    times: tuple[Place, ...] = ()
    """Further places, whose names sound like times."""
    product: str | None = None
    """The product that it is known for."""
    zone: str | None = None
    """Zone of its clock times, by the product's documentation."""
    base: frozenset[str] = frozenset()
    """Columns of which only what follows the last slash counts."""
    severities: Mapping[str, str] = field(default_factory=dict)
    """What the numbers of severities mean."""


@dataclass(frozen=True)
class _Product:
    name: str
    sign: tuple[tuple[str, ...], ...]
    columns: Mapping[str, tuple[str, ...]]
    zone: str | None
    base: frozenset[str]
    severities: Mapping[str, str]


@dataclass(frozen=True)
class _Table:
    """What `names.toml` says, its names in plain letters."""

    within: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    products: tuple[_Product, ...]


def places_of(found: Mapping[str, Any]) -> Places:
    """Where a record keeps the values of the columns."""
    shape = _shape(found)
    known = _known.get(shape)
    if known is None:
        if len(_known) >= _SHAPES:
            _known.clear()
        known = _known[shape] = _settled(found)
    return known


_known: dict[tuple[Any, ...], Places] = {}


def value_at(found: Mapping[str, Any], place: Place) -> Any:
    """The value, null where there is none."""
    at: Any = found
    for key in place.keys:
        if type(at) is not dict or key not in at:
            return None
        at = at[key]
    for step in place.inside:
        if isinstance(at, list):
            number = int(step) if step.isdigit() else -1
            at = at[number] if 0 <= number < len(at) else None
        elif isinstance(at, dict):
            at = next((value for key, value in at.items() if _plain(key) == step), None)
        else:
            return None
    return at


def calls_out(found: Mapping[str, Any], src: Place | None, dst: Place | None) -> bool:
    """Whether the remote end, which is the client elsewhere, was called by the local one, as the record says itself.

    Arguments:
        found: the record.
        src: where the client's address was found.
        dst: where the server's was found.
    """
    if src is None or src.inside or not _plain(src.keys[-1]).startswith("remote"):
        return False
    if dst is not None and not _plain(dst.keys[-1]).startswith("local"):
        return False
    beside = value_at(found, Place(src.keys[:-1]))
    said = next((value for key, value in beside.items() if _plain(key) == "direction"), None)
    return isinstance(said, str) and said.strip().lower() in _OUT


_OUT = ("outbound", "outgoing", "out", "egress")


def may_call_out(names: Iterable[str]) -> bool:
    """Whether a record with such names may be one whose remote end was called."""
    plain = [_plain(name) for name in names]
    return "direction" in plain and any(name.startswith("remote") for name in plain)


def put_out(found: dict[str, Any], places: Sequence[Place]) -> None:
    """Takes the values out of a record, objects that are empty then too; what stands in a list stays."""
    for place in places:
        if place.inside:
            continue
        way: list[dict[str, Any]] = [found]
        for key in place.keys[:-1]:
            way.append(way[-1][key])
        for above, key in zip(reversed(way), reversed(place.keys), strict=True):
            del above[key]
            if above:
                break


def _shape(found: Mapping[str, Any], depth: int = 0) -> tuple[Any, ...]:
    """What tells records of different kinds apart: their keys, and those of the objects in them."""
    if depth > _DEPTH:
        return ()
    return tuple(
        (key, _shape(value, depth + 1)) if type(value) is dict and value else key for key, value in found.items()
    )


def _leaves(found: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in found.items():
        if key == EARLIER:
            continue
        if type(value) is dict and value and len(above) < _DEPTH:
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key)


def _settled(found: Mapping[str, Any]) -> Places:
    table = _table()
    leaves = []
    for leaf in _leaves(found):
        leaves.append(leaf)
        if len(leaves) == _KEYS:
            break
    by_name: dict[str, tuple[str, ...]] = {}
    above: set[str] = set()
    for leaf in leaves:
        by_name.setdefault(_plain(".".join(leaf)), leaf)
        above |= {_plain(".".join(leaf[:n])) for n in range(1, len(leaf))}
    roots = ["", *(f"{one}." for one in table.within if one in above)]
    roots += [
        f"{one}.{two}." for one, two in product(table.within, repeat=2) if one in above and f"{one}.{two}" in above
    ]
    roots += [one for one in _envelopes(found) if one not in roots]
    known, root = _product_of(table, roots, by_name.keys() | above)
    columns: dict[str, tuple[Place, ...]] = {}
    for column, names in table.columns.items():
        if known is not None and column in known.columns:
            asked = [root + name for name in known.columns[column]]
        else:
            # A record's own words before those of what it wraps.
            asked = [one + name for one in roots for name in names]
        columns[column] = tuple(dict.fromkeys(place for name in asked if (place := _place(name, by_name))))
    timely = [
        Place(leaf)
        for leaf in sorted(leaves, key=len)
        if _TIMELY.search(leaf[-1]) and not _NOT_ITS_OWN.search(leaf[-1]) and (len(leaf) == 1 or _wraps(leaf, roots))
    ]
    if known is None:
        return Places(columns, tuple(timely))
    return Places(columns, tuple(timely), known.name, known.zone, known.base, known.severities)


def _envelopes(found: Mapping[str, Any]) -> list[str]:
    """The one object that a record holds beside few words of its own, where it says itself when or what was done."""
    inner = [(key, value) for key, value in found.items() if type(value) is dict and value]
    if len(inner) != 1 or len(found) > _OF_ENVELOPE:
        return []
    [(key, value)] = inner
    return [f"{_plain(key)}."] if any(_plain(name) in _SAYS for name in value) else []


_OF_ENVELOPE = 4
"""So many keys an envelope has at most."""
_SAYS = {"time", "timestamp", "eventtime", "date", "action", "operation", "eventtype", "eventname"}


def _wraps(leaf: tuple[str, ...], roots: Sequence[str]) -> bool:
    return _plain(".".join(leaf[:-1])) + "." in roots


def _product_of(table: _Table, roots: Sequence[str], names: set[str]) -> tuple[_Product | None, str]:
    """The product whose names a record has, and within which object."""
    for root in roots:
        for one in table.products:
            if all(any(root + name in names for name in either) for either in one.sign):
                return one, root
    return None, ""


def _place(name: str, by_name: Mapping[str, tuple[str, ...]]) -> Place | None:
    if name in by_name:
        return Place(by_name[name])
    steps = name.split(".")
    for n, step in enumerate(steps):
        if n and step.isdigit() and (listed := ".".join(steps[:n])) in by_name:
            return Place(by_name[listed], tuple(steps[n:]))
    return None


@lru_cache(65_536)
def _plain(name: str) -> str:
    """A name as names are compared."""
    bare = name.lower().translate(_BETWEEN)
    return bare or name


_BETWEEN = str.maketrans("", "", "_- ")


@cache
def _table() -> _Table:
    text = resources.files("watchfloor.readers.meaning.jsonnames").joinpath("names.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    severities = raw["severities"] | {"syslog": {f"{number}": word for number, word in enumerate(SEVERITIES)}}
    return _Table(
        within=tuple(_plain(name) for name in raw["within"]),
        columns={column: _plain_all(names) for column, names in raw["columns"].items()},
        products=tuple(
            _Product(
                name=one["name"],
                sign=tuple(_plain_all(either.split("|")) for either in one["sign"]),
                columns={column: _plain_all(one[column]) for column in raw["columns"] if column in one},
                zone=one.get("zone"),
                base=frozenset(one.get("base", ())),
                severities=severities[one["severities"]] if "severities" in one else {},
            )
            for one in raw["products"]
        ),
    )


def _plain_all(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_plain(name) for name in names)
