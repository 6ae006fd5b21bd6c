"""CSV exports of logs without a column map: a header with a time and what logs say beside it; an event for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import polars as pl

from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.instants import instant_of
from watchfloor.readers._reader import REJECTED_CHARACTERS, Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.columns.plan import LINES, RECORD
from watchfloor.readers.intake import files, texts
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.meaning.jsonnames import places_of
from watchfloor.readers.records.jsonrecords import settled
from watchfloor.readers.table.delimited import Delimited, Layout, layout
from watchfloor.readers.table.part import Part
from watchfloor.schemas import EVENTS, LEDGER, REJECTS, TIME

__all__ = ["READER"]

_LOOKED_AT = 50
_LONGEST_NAME = 100
_MOST = 0.8
"""So many of the first rows must have a time that can be read."""
_NOT_OF_A_LOG = {
    "created",
    "createdat",
    "createddatetime",
    "published",
    "start",
    "starttime",
    "firstseen",
    "startdate",
    "received",
    "lastupdated",
}
"""Times of tickets and cases, of which a table of events would say too little: they are for a column map."""
_SIGNS = ("host", "program", "pid", "src_ip", "dst_ip", "action", "event_id", "message", "user", "severity_text")
_SAYS_NOTHING = ("", "-", "N/A", "n/a", "null", "NULL", "None", "(null)")
_IP = r"^(?:(?i:::ffff:)?[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$"
_JSON = {'"': '\\"', "\\": "\\\\", **{chr(n): f"\\u{n:04x}" for n in range(32)}}
_STAMPED: dict[str, pl.DataType | type[pl.DataType]] = {
    **{"time": TIME, "clock": pl.Datetime("us")},
    **{"zone": pl.String, "zone_rule": pl.String, "time_quality": pl.String},
}


@dataclass(frozen=True)
class _Kind:
    """What the header of a file means."""

    layout: Layout
    time: tuple[str, ...]
    """Its column, or those of a date and a time."""
    columns: Mapping[str, tuple[str, ...]]
    """Column of EVENTS = theirs, in order of preference."""
    utc: bool = False
    """Whether the product that it is known for writes UTC."""


def accepts(head: Head) -> float:
    """The share of rows with a time, below a header that names one and two things more that logs say."""
    if head.content.lstrip()[:1] in (b"{", b"[", b"<", b"#") or b"\\0" in head.content:
        return 0.0
    kind = _kind_of(head.lines[: _LOOKED_AT + 1])
    return kind[1] if kind else 0.0


def read(path: Path, options: Options) -> Tables:
    """The events of one file.

    Raises:
        UnreadableFile: no header that names a time.
        AmbiguousTime: clock times, and no zone.
    """
    partial: list[str] = []
    notes: list[str] = []
    encodings: list[str] = []
    listener = texts.Listener(options.progress, partial.append, notes.append, encodings.append)
    blocks = texts.blocks(path, None, listener)
    first = next(blocks, b"")
    lines = first[: files.HEAD_BYTES].decode("utf-8", errors="replace").split("\n")
    found = _kind_of([line.removesuffix("\r") for line in lines[:-1] or lines][: _LOOKED_AT + 1])
    if found is None:
        raise UnreadableFile(f"{path}: no table whose header names a time", hint="map its columns: --columns MAP.toml")
    kind = found[0]
    events, rejects = Keeper(EVENTS.schema), Keeper(REJECTS.schema)
    counts = dict.fromkeys(("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped"), 0)
    for part in Delimited(kind.layout).parts(chain([first], blocks), partial):
        rows, bad = _events(part.frame, kind, str(path), options.zone)
        events.add(EVENTS.fill(rows, source=str(path)).collect())
        rejects.add(_rejects(part, bad, str(path)))
        lost = sum(reject.lines for reject in part.rejects) + int(bad[LINES].sum())
        counts["lines"] += part.lines
        counts["lines_read"] += rows.height
        counts["lines_continued"] += int(part.frame[LINES].sum()) - int(bad[LINES].sum()) - rows.height
        counts["lines_rejected"] += lost
        counts["lines_skipped"] += part.skipped
    ledger = {
        **{"source": str(path), "format": READER.name, "file_bytes": path.stat().st_size, **counts},
        **{"encoding": encodings[-1] if encodings else None, "partial": "; ".join(dict.fromkeys(partial)) or None},
        "notes": "; ".join(dict.fromkeys(notes)) or None,
    }
    return {
        "events": events.lazy(),
        "rejects": rejects.lazy(),
        "ledger": pl.LazyFrame([ledger], schema=LEDGER.schema),
    }


def _kind_of(lines: Sequence[str]) -> tuple[_Kind, float] | None:
    """What a header means, and the share of the rows below it that have a time."""
    if len(lines) < 2:
        return None
    found = layout(list(lines), None)
    if len(found.names) < 3 or any(len(name) > _LONGEST_NAME or instant_of(name) for name in found.names):
        return None
    rows, broken = _rows(lines[found.above :], found)
    if not rows:
        # The Event Viewer gives the text of its events no name.
        found = replace(found, names=(*found.names, "Message"))
        rows, broken = _rows(lines[found.above :], found)
    places = places_of(dict.fromkeys(found.names, ""))
    time, timed = _time_of(rows, [place.keys[0] for place in (*places.columns["time"], *places.times)], places.zone)
    if not time or timed < _MOST * (len(rows) + broken):
        return None
    wanted: dict[str, tuple[str, ...]] = {}
    taken = set(time)
    for column in (name for name in EVENTS.schema.names() if name in places.columns and name != "time"):
        theirs = [place.keys[0] for place in places.columns[column] if not place.inside and place.keys[0] not in taken]
        wanted[column] = tuple(theirs)
        taken.update(theirs)
    if sum(1 for column in _SIGNS if wanted.get(column)) < 2:
        return None
    return _Kind(found, time, wanted, places.zone == "UTC"), timed / (len(rows) + broken)


def _rows(lines: Sequence[str], found: Layout) -> tuple[list[dict[str, str]], int]:
    """The first rows, and how many records are none; the last may merely be cut."""
    text = "\n".join(lines) + "\n"
    part = next(Delimited(replace(found, above=0)).parts([text.encode(errors="replace")], []), None)
    if part is None:
        return [], 0
    rows = part.frame.select(found.names).fill_null("").to_dicts()
    broken = [reject for reject in part.rejects if reject.record + reject.lines <= len(lines)]
    return rows, len(broken)


def _time_of(rows: Sequence[Mapping[str, str]], names: Sequence[str], zone: str | None) -> tuple[tuple[str, ...], int]:
    """The first column whose texts are times, or a column of dates and one of clock times; how many rows have one."""
    if not rows:
        return (), 0
    pairs = [(date, clock) for date in rows[0] for clock in rows[0] if _is(date, "date") and _is(clock, "time")]
    for columns in (*((name,) for name in names if not _is(name, *_NOT_OF_A_LOG)), *pairs):
        timed = sum(1 for row in rows if instant_of(_joined(row, columns), utc=zone == "UTC"))
        if timed >= _MOST * len(rows):
            return columns, timed
    return (), 0


def _is(name: str, *others: str) -> bool:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "") in others


def _joined(row: Mapping[str, str], columns: Sequence[str]) -> str:
    return " ".join(row[name].strip() for name in columns)


def _events(frame: pl.DataFrame, kind: _Kind, source: str, zone: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of EVENTS, and the records without a time."""
    frame = frame.rename({name: _CELL + name for name in kind.layout.names})
    frame = frame.with_columns(time_text=pl.concat_str(*(_cell(name) for name in kind.time), separator=" "))
    frame = frame.join(_instants(frame["time_text"], utc=kind.utc), on="time_text", how="left", maintain_order="left")
    timed = pl.col("time").is_not_null() | pl.col("clock").is_not_null()
    bad = frame.filter(~timed).select(RECORD, LINES)
    good = frame.filter(timed)
    used: dict[str, list[pl.Expr]] = {name: [pl.lit(value=True)] for name in kind.time}
    columns: dict[str, pl.Expr] = {}
    for column, theirs in kind.columns.items():
        before: list[pl.Expr] = []
        for name in theirs:
            is_value = _value(column, name).is_not_null()
            used.setdefault(name, []).append(pl.all_horizontal(is_value, *(~one for one in before)))
            before.append(is_value)
        if theirs:
            columns[column] = pl.coalesce(_value(column, name) for name in theirs)
    rest = [
        pl.when(_said(name).is_not_null() & ~pl.any_horizontal(used.get(name, [pl.lit(value=False)]))).then(
            pl.concat_str(
                pl.lit(f"{_text(name)}:"), pl.lit('"'), pl.col(_CELL + name).str.replace_many(_JSON), pl.lit('"')
            )
        )
        for name in kind.layout.names
    ]
    body = pl.concat_str(*rest, separator=",", ignore_nulls=True)
    rows = good.select(
        pl.col(RECORD).alias("record"),
        "time_text",
        *_STAMPED,
        *(value.alias(column) for column, value in columns.items()),
        fields=pl.when(body != "").then(pl.concat_str(pl.lit("{"), body, pl.lit("}"))),
    ).with_columns(time_latest=pl.lit(None, TIME))
    return settled(rows, source, zone), bad


def _text(name: str) -> str:
    """A name as JSON."""
    return '"' + "".join(_JSON.get(one, one) for one in name) + '"'


def _instants(texts_of_times: pl.Series, *, utc: bool) -> pl.DataFrame:
    """What the distinct texts of times mean."""
    found = []
    for text in texts_of_times.drop_nulls().unique():
        if instant := instant_of(text, utc=utc):
            row = instant.row()
            found.append({"time_text": text, **{name: row[name] for name in _STAMPED}})
    return pl.DataFrame(found, schema={"time_text": pl.String, **_STAMPED})


_CELL = "cell "
"""Stands before the names of their columns, which may be those of ours."""


def _cell(name: str) -> pl.Expr:
    return pl.col(_CELL + name).str.strip_chars()


def _said(name: str) -> pl.Expr:
    text = _cell(name)
    return pl.when(~text.is_in(_SAYS_NOTHING)).then(text)


def _value(column: str, name: str) -> pl.Expr:
    """A cell as its column holds it, null where it says nothing or is of another kind."""
    said = _said(name)
    if column.endswith("_ip"):
        return pl.when(said.str.contains(_IP)).then(said.str.replace("(?i)^::ffff:([0-9]+[.])", "${1}"))
    if column.endswith("_port"):
        return said.cast(pl.UInt16, strict=False).cast(pl.Int64)
    if column == "pid":
        return said.cast(pl.Int64, strict=False)
    if column == "proto":
        known = said.str.to_lowercase().replace(PROTOCOLS)
        return pl.when(known.str.contains("^[a-z][a-z0-9-]{1,9}$")).then(known)
    return said


def _rejects(part: Part, bad: pl.DataFrame, source: str) -> pl.DataFrame:
    """Rejects of the layout, and records without a time, in the order of the file."""
    rows = [(one.record, one.lines, one.reason, one.text) for one in part.rejects]
    rows += [(record, lines, "no time that can be read", part.text(record, lines)) for record, lines in bad.iter_rows()]
    schema = {"record": pl.Int64, "lines": pl.Int64, "reason": pl.String, "text": pl.String}
    frame = pl.DataFrame(sorted(rows), schema=schema, orient="row")
    return REJECTS.fill(frame.with_columns(pl.col("text").str.head(REJECTED_CHARACTERS)), source=source).collect()


READER = Reader(
    name="csv-log",
    about="CSV exports of logs whose header names a time and what happened, without a column map: events",
    tables=("events",),
    accepts=accepts,
    read=one_by_one(read),
    sign="a header with the time of a log and two more of its columns, such as host, user, address, action, message",
)
