"""Windows events as XML: exported by the Event Viewer, wevtutil or PowerShell, with or without a root around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.xmlstream import Account, Node, Rows, Shape, begins_with, flat, items
from watchfloor.readers.winevents import Facts, event

__all__ = ["READER", "row_of"]

_SHAPE = Shape(
    roots=("Events", "Event"),
    opens=frozenset(),
    wholes=frozenset({"Event"}),
    resume={"Event": ("Events",)},
    wrapper="Events",
)
_PARTS = ("System", "EventData", "UserData", "RenderingInfo")


def accepts(head: Head) -> float:
    """The document is an Event with a System part, or a list of such."""
    return float(begins_with(head.content, ("Events", "Event")) and b"System>" in head.content)


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    account = Account(path, "windows-xml")
    rows = Rows(path, ("events",))
    for item in items(path, options, _SHAPE, account):
        row = row_of(item.first, item.node)
        if isinstance(row, str):
            account.reject(item.first, item.last, row, item.raw)
        else:
            account.read(item.first, item.last)
            rows.add("events", row)
    return rows.tables() | account.tables()


def row_of(record: int, node: Node) -> dict[str, Any] | str:
    """A row of EVENTS of an element <Event>, or why there is none."""
    system, rendering = node.first("System"), node.first("RenderingInfo")
    data: dict[str, str | list[str]] = {}
    for part in node.children:
        if part.tag == "EventData":
            _add(data, _named(part))
        elif part.tag == "UserData":
            for child in part.children:
                _add(data, flat(child))
        elif part.tag not in _PARTS:
            _add(data, {f"{part.tag}.{name}": value for name, value in flat(part).items()})
    return event(record, flat(system) if system else {}, data, flat(rendering) if rendering else {})


def _named(part: Node) -> dict[str, str | list[str]]:
    """`<Data Name='x'>value</Data>` by the name; data without a name, and what else there is, by the element's."""
    found: dict[str, str | list[str]] = {}
    for child in part.children:
        if child.children or (child.attributes and "Name" not in child.attributes):
            _add(found, {f"{child.tag}.{name}": value for name, value in flat(child).items()})
        else:
            _add(found, {child.attributes.get("Name") or child.tag: child.text})
    return found


def _add(found: dict[str, str | list[str]], facts: Facts) -> None:
    """Adds facts; a name that is there already gets a list."""
    for name, value in facts.items():
        before = found.get(name)
        if before is None:
            found[name] = value
        else:
            found[name] = [
                *(before if isinstance(before, list) else [before]),
                *(value if isinstance(value, list) else [value]),
            ]


READER = Reader(
    name="windows-xml",
    about="Windows events as XML (Event Viewer, wevtutil, PowerShell): events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="XML elements <Event> with <System>, alone or within <Events>",
)
