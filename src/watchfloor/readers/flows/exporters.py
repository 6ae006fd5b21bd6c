"""Which flow collector wrote a file, by the names of its columns, and what they mean: `exporters.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["Exporter", "exporter_of", "plain", "services"]

_BETWEEN = str.maketrans("", "", "_- ")


@dataclass(frozen=True)
class Exporter:
    """How one collector names what a flow is."""

    name: str
    layout: str
    """`table` or `json`."""
    sign: tuple[tuple[str, ...], ...]
    """Names that all records have, each with those that may stand for it."""
    columns: Mapping[str, tuple[str, ...]]
    """Theirs by ours, in order of preference."""
    halves: bool
    """Whether a record is one direction of a conversation, unless it counts both."""
    zone: str | None
    """Zone of its clock times, where its documentation says it."""
    note: str
    """What has to be said of its figures."""
    keep: tuple[str, ...]
    """Further keys of JSON that are worth keeping."""
    zero_is_none: tuple[str, ...]
    """Columns that hold 0 where nothing was counted."""

    def signed_by(self, names: Collection[str]) -> bool:
        """Whether records with these names are its own."""
        return all(any(name in names for name in either) for either in self.sign)

    @property
    def asked(self) -> list[str]:
        """All names that are read."""
        return list(dict.fromkeys([*(name for names in self.columns.values() for name in names), *self.keep]))


def exporter_of(names: Collection[str], layout: str) -> Exporter | None:
    """The collector that writes records with these names; null where none is known.

    Arguments:
        names: of a table's columns, or keys of JSON with a dot for each step into an object.
        layout: `table` or `json`.
    """
    known = {plain(name) for name in names} if layout == "table" else set(names)
    return next((one for one in _exporters() if one.layout == layout and one.signed_by(known)), None)


def plain(name: str) -> str:
    """A name as names of columns are compared."""
    return name.strip().lower().translate(_BETWEEN)


def services() -> Mapping[str, int]:
    """Ports by the names that tools write for them."""
    return {str(name): int(port) for name, port in _raw()["services"].items()}


@cache
def _raw() -> dict[str, Any]:
    file = resources.files("watchfloor.readers.flows").joinpath("exporters.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _exporters() -> tuple[Exporter, ...]:
    return tuple(_exporter(one) for one in _raw()["exporters"])


def _exporter(one: Mapping[str, Any]) -> Exporter:
    table = one["layout"] == "table"

    def all_of(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(plain(name) if table else name for name in names)

    return Exporter(
        name=one["name"],
        layout=one["layout"],
        sign=tuple(all_of(either.split("|")) for either in one["sign"]),
        columns={column: all_of(names) for column, names in one["columns"].items()},
        halves=one.get("halves", False),
        zone=one.get("zone"),
        note=one.get("note", ""),
        keep=all_of(one.get("keep", ())),
        zero_is_none=tuple(one.get("zero_is_none", ())),
    )
