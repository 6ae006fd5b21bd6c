"""Syslog lines (RFC 3164, RFC 5424) and other text logs whose lines begin with a time: events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import polars as pl

from watchfloor.errors import UnreadableFile
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.intake import texts
from watchfloor.readers.intake.files import first_bytes, head
from watchfloor.readers.meaning import phrases
from watchfloor.readers.meaning.prefix import FACILITIES, SEVERITIES, peel
from watchfloor.readers.meaning.stamps import BEGINS
from watchfloor.readers.patterns.messages import Messages
from watchfloor.readers.records import frames, order
from watchfloor.readers.records.accounts import tables_of
from watchfloor.readers.records.jsontext import json_object, json_text
from watchfloor.readers.records.lines import Blocks, read_lines
from watchfloor.readers.records.together import Small, by_size, read_together

__all__ = ["READER", "events_of", "read_messages"]

_HEAD_BYTES = 64 * 1024
_ELEMENT = r'\[([^ \]="]+)((?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*)\]'
_PAIR = r'([^ =\]":]+)[=:]("(?:[^"\\]|\\.)*")'
_SOUND = r'(?s)^(?:\[[^ \]="]+(?:[ ;]+[^ =\]":]+[=:]"(?:[^"\\]|\\.)*")*[ ;]*\])+$'
"""Elements of which nothing is lost when their pairs are taken; some devices write colons and semicolons."""
_SAID_FIRST = "^(Debug|Info|Notice|Warning|Error|Critical|Alert): "
"""A severity that a program writes before its text knows more than a priority that is the same for all."""
_CONTROLS = {chr(n): f"\\u{n:04x}" for n in range(32)}
_SAID = {'\\"': '\\"', "\\\\": "\\\\", "\\]": "]", "\\": "\\\\", **_CONTROLS}
"""What RFC 5424 escapes in values, as JSON writes it."""


def accepts(head: Head) -> float:
    """The share of lines that begin with a time or a priority; messages behind their lengths are no lines."""
    if frames.is_framed(head.content):
        return 1.0
    begins = _begins()
    return head.share(lambda line: begins.match(line[:400]))


@cache
def _begins() -> re.Pattern[str]:
    return re.compile(BEGINS.replace(r"(?-u:\b)", r"\b"))


def read(path: Path, options: Options) -> Tables:
    """The events of one file; a line without a time or a priority continues the one before it.

    Messages of programs that a shipped pattern knows have what it finds in them.
    """
    return read_messages(path, options, Messages(path, options))


def read_messages(path: Path, options: Options, messages: Messages, *, format: str = "syslog") -> Tables:
    """The events of one file, their messages read by patterns, and rows of other tables that come of those.

    Arguments:
        path: the file.
        options: what the user said.
        messages: the patterns.
        format: what the ledger calls it.

    Raises:
        AmbiguousTime: clock times without a zone.
        UnreadableFile: no line begins with a time.
    """
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    framed = frames.is_framed(first_bytes(path, _HEAD_BYTES))
    blocks: Blocks | None = frames.blocks if framed else None
    silent = texts.Listener(_nothing, _nothing, _nothing)
    known = order.survey(
        frames.blocks(path, silent) if framed else texts.blocks(path, None, silent), zone=options.zone, written=written
    )

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return _parsed(known.add(records), messages, source=str(path), zone=options.zone, written=written)

    # Messages alone, without time and host: every line is one.
    bare = messages.pattern is not None and not framed and not accepts(head(path))
    tables = read_lines(
        path,
        options,
        format=format,
        tables=messages.tables,
        parse=parse,
        begins=None if bare else pl.col("text").str.contains(BEGINS),
        blocks=blocks,
    )
    tables = _without_idle(tables, messages)
    [account] = tables["ledger"].collect().to_dicts()
    reasons = tables["rejects"].select(pl.col("reason").unique()).collect()["reason"].to_list()
    if account["lines"] and not account["lines_read"] and reasons in ([], ["no record has begun before this line"]):
        raise _no_syslog(str(path))
    if framed:
        note = pl.lit("messages are told apart by their lengths; each counts as a line")
        tables["ledger"] = tables["ledger"].with_columns(
            notes=pl.concat_str("notes", note, separator="; ", ignore_nulls=True)
        )
    return tables


def _read_small(group: Sequence[Small], options: Options) -> Tables:
    """The events of some files, as `read` gives them.

    Raises:
        AmbiguousTime: clock times without a zone.
        UnreadableFile: a file in which no line begins with a time.
    """
    first = group[0].path
    written = [datetime.fromtimestamp(small.path.stat().st_mtime, UTC) for small in group]
    messages = Messages(first, options)

    def prepare(lines: pl.DataFrame) -> Callable[[pl.DataFrame], pl.DataFrame]:
        return order.survey_each(lines, zone=options.zone, written=written).add

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return _parsed(records, messages, source=str(first), zone=options.zone, written=written[0])

    tables, shares = read_together(
        group,
        format="syslog",
        tables=messages.tables,
        parse=parse,
        begins=pl.col("text").str.contains(BEGINS),
        prepare=prepare,
    )
    found = _without_idle(tables, messages) | tables_of(shares.accounts)
    empty = found["ledger"].filter((pl.col("lines") > 0) & (pl.col("lines_read") == 0)).select("source").collect()
    if empty.height:
        raise _no_syslog(empty["source"][0])
    return found


def _no_syslog(source: str) -> UnreadableFile:
    return UnreadableFile(f"{source}: no line begins with a time", hint="`watchfloor formats` lists what can be read")


def _without_idle(tables: Tables, messages: Messages) -> Tables:
    """Without tables that might have come of messages and did not; events where there is nothing else."""
    idle = [name for name in messages.tables if not tables[name].select(pl.len()).collect().item()]
    if len(idle) == len(messages.tables):
        idle.remove("events")
    return {name: frame for name, frame in tables.items() if name not in idle}


def _parsed(
    records: pl.DataFrame, messages: Messages, *, source: str, zone: str | None, written: datetime
) -> dict[str, pl.DataFrame]:
    """The rows of records with `year` and `later`, and those whose time does not exist."""
    peeled = peel(records, source=source, zone=zone, written=written)
    unread = pl.col("time").is_null() & pl.col("time_text").is_not_null()
    found = messages.applied(_events(peeled.filter(~unread)))
    bad = peeled.filter(unread).select("record", reason=pl.lit("a time that does not exist"))
    return found | {"rejects": pl.concat([found["rejects"], bad]) if "rejects" in found else bad}


def events_of(records: pl.DataFrame, *, source: str, zone: str | None, written: datetime) -> pl.DataFrame:
    """The events of single lines among those of another format; those whose time is not known for sure are left out.

    Arguments:
        records: `record` and `text`.
        source: the file, for errors.
        zone: of clock times that carry none; without it such lines are left out.
        written: when the file was last written, for times without a year.
    """
    if not records.height:
        return pl.DataFrame(schema={"record": pl.Int64})
    peeled = peel(records, source=source, zone=zone, written=written, need_zone=False)
    return _events(peeled.filter(pl.col("time").is_not_null() | pl.col("time_text").is_null()))


def _nothing(_: object) -> None:
    """Nobody needs to hear of the first of two readings."""


def _events(peeled: pl.DataFrame) -> pl.DataFrame:
    """User, address and action where the message says them plainly; what no column holds, as JSON."""
    message = pl.col("rest").str.strip_chars(" ")
    rows = peeled.with_columns(message=pl.when(message != "").then(message))
    told = phrases.said(rows["message"], rows["structured"])
    own = told["level"].cast(pl.Int64).replace_strict(dict(enumerate(SEVERITIES)), default=None, return_dtype=pl.String)
    rows = rows.hstack(told.drop("level")).with_columns(
        action=pl.coalesce("msgid", "action"),
        severity_text=pl.coalesce(own, pl.col("message").str.extract(_SAID_FIRST).str.to_lowercase(), "severity_text"),
    )
    known = pl.col("priority").is_between(0, 8 * len(FACILITIES) - 1)
    number = pl.when(~known).then(pl.col("priority").cast(pl.String))
    process = pl.when(pl.col("pid").is_null() & (pl.col("pid_text") != "-")).then("pid_text")
    rows = rows.join(_structured(rows), on="record", how="left", maintain_order="left")
    fields = json_object(
        {
            "facility": json_text(pl.col("facility")),
            "priority": number,
            "relay": json_text(pl.col("relay")),
            "procid": json_text(process),
            "structured_data": pl.coalesce("data", json_text(pl.col("structured"))),
        }
    )
    return rows.with_columns(fields=fields)


def _structured(rows: pl.DataFrame) -> pl.DataFrame:
    """Structured data as a JSON object of objects by `record`, where it is sound; names that occur twice have lists."""
    some = rows.filter(pl.col("structured").str.contains(_SOUND)).select("record", "structured")
    if not some.height:
        return pl.DataFrame(schema={"record": rows.schema["record"], "data": pl.String})
    elements = some.with_columns(element=pl.col("structured").str.extract_all(_ELEMENT)).explode("element")
    elements = elements.drop_nulls("element").with_columns(
        id=json_text(pl.col("element").str.extract(r'^\[([^ \]="]+)')), number=pl.int_range(pl.len())
    )
    pairs = elements.with_columns(pair=pl.col("element").str.extract_all(_PAIR)).explode("pair", empty_as_null=True)
    value = pl.col("pair").str.extract(r'(?s)^[^=:"]+[=:]"(.*)"$')
    pairs = pairs.with_columns(
        name=json_text(pl.col("pair").str.extract('^([^=:"]+)')),
        value=pl.concat_str(pl.lit('"'), value.str.replace_many(_SAID, leftmost=True), pl.lit('"')),
    )
    listed = pl.concat_str(pl.lit("["), pl.col("value").str.join(","), pl.lit("]"))
    named = pairs.group_by("record", "number", "id", "name", maintain_order=True).agg(
        value=pl.when(pl.len() > 1).then(listed).otherwise(pl.col("value").first())
    )
    pair = pl.concat_str("name", pl.lit(":"), "value")
    objects = named.group_by("record", "number", "id", maintain_order=True).agg(
        object=pl.concat_str(pl.lit("{"), pair.drop_nulls().str.join(","), pl.lit("}"))
    )
    by_id = objects.group_by("record", "id", maintain_order=True).agg(
        object=pl.when(pl.len() > 1)
        .then(pl.concat_str(pl.lit("["), pl.col("object").str.join(","), pl.lit("]")))
        .otherwise(pl.col("object").first())
    )
    element = pl.concat_str("id", pl.lit(":"), "object")
    return by_id.group_by("record", maintain_order=True).agg(
        data=pl.concat_str(pl.lit("{"), element.str.join(","), pl.lit("}"))
    )


def _sign(head: Head) -> str:
    """Times, and the patterns for messages in it."""
    begins = "most lines begin with a time or with a priority such as <13>"
    if not head.lines:
        return begins
    records = (
        pl.DataFrame({"text": head.lines}).with_row_index("record", 1).with_columns(pl.col("record").cast(pl.Int64))
    )
    events = events_of(records, source=str(head.path), zone="UTC", written=datetime.now(UTC))
    names = Messages(head.path, Options()).names(events)
    return f"{begins}; messages that patterns know: {', '.join(names)}" if names else begins


READER = Reader(
    name="syslog",
    about="Syslog (RFC 3164, RFC 5424) and text logs whose lines begin with a time, also gzip",
    tables=("events", "http_requests", "dns_queries", "connections"),
    accepts=accepts,
    sign=_sign,
    read=by_size(read, _read_small, alone=lambda small: frames.is_framed(small.content)),
    grows=lambda _: True,
)
