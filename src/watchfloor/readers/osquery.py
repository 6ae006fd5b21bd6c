"""osquery's results log: an event for each row that a query added, removed, or took as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watchfloor.instants import instant_of
from watchfloor.jsonvalues import Rest
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.documents import has_lines
from watchfloor.readers.records.jsonrecords import read_json, share_of

__all__ = ["READER"]

_ROWS = ("columns", "snapshot", "diffResults")


def accepts(head: Head) -> float:
    """The share of objects with osquery's host and clock."""
    return share_of(head, _ours)


def _ours(found: Mapping[str, Any]) -> bool:
    return "hostIdentifier" in found and "unixTime" in found


def read(path: Path, options: Options) -> Tables:
    """The events of one file."""
    names = ({"hostIdentifier"}, {"unixTime"})
    return read_json(path, options, format=READER.name, tables=READER.tables, make=_events, names=names)


def _events(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    rest = Rest(found)
    written = rest.take("unixTime")
    instant = instant_of(written)
    if instant is None or instant.exact is None or (isinstance(written, str) and not written.isdigit()):
        raise ValueError("no unixTime")
    # The format says that these are seconds.
    event = instant.row() | {
        "time_quality": "exact",
        "host": rest.word("decorations.hostname", "hostIdentifier"),
        "program": "osquery",
        "category": rest.word("name"),
        "severity_text": rest.word("severity"),
        "message": rest.word("message"),
    }
    action = rest.word("action")
    rows = list(_rows(rest, action))
    # What is said of the whole record stands beside each of its rows.
    common = json.dumps(rest.found)
    for kind, columns in rows or [(action, {})]:
        row = Rest(json.loads(common) | ({"columns": columns} if columns else {}))
        yield (
            "events",
            event
            | {
                "action": kind,
                "pid": row.integer("columns.pid"),
                "user": row.word("columns.username", "columns.user"),
                "src_ip": row.word("columns.local_address"),
                "src_port": row.integer("columns.local_port"),
                "dst_ip": row.word("columns.remote_address"),
                "dst_port": row.integer("columns.remote_port"),
                "fields": row.fields(),
            },
        )


def _rows(rest: Rest, action: str | None) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """The rows of a record, each with what became of it."""
    one, several, batch = (rest.take(name) for name in _ROWS)
    if isinstance(one, dict):
        yield action, one
    if isinstance(several, list):
        yield from ((action or "snapshot", row) for row in several if isinstance(row, dict))
    if isinstance(batch, dict):
        for kind, rows in batch.items():
            yield from ((kind, row) for row in rows if isinstance(rows, list) and isinstance(row, dict))


READER = Reader(
    name="osquery",
    about="osquery's results log, differences and snapshots, and its status log: an event for each row",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="JSON objects with `hostIdentifier` and `unixTime`",
    grows=lambda head: has_lines(head.lines),
)
