"""Messages of syslog lines by patterns: who was it, from where, what was done, for programs that a pattern knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from watchfloor.readers._reader import Options
from watchfloor.readers.patterns.catalog import catalog, program_regex
from watchfloor.readers.records.jsontext import json_object, json_text, one_object
from watchfloor.schemas import EVENTS, TABLES

if TYPE_CHECKING:
    from watchfloor.readers.patterns.files import Pattern
    from watchfloor.readers.patterns.reading import Parser

__all__ = ["Messages", "concerned"]

_GUESSED = ("user", "src_ip", "src_port", "dst_ip", "dst_port", "proto", "action")
"""Columns that the syslog reader fills by words around them: a pattern knows better, also that there is none."""
_OF_TIME = ("time", "time_latest", "time_text", "zone", "zone_rule", "time_quality")


class _Set:
    """One pattern, made ready when its first message comes."""

    def __init__(self, name: str, programs: tuple[str, ...], tag: str | None, given: str | Pattern) -> None:
        self.name, self.programs, self.tag, self._given = name, program_regex(programs), tag, given

    def parser(self, path: Path, options: Options, kind: Literal["shipped", "named"]) -> Parser:
        from watchfloor.readers.patterns.files import load  # noqa: PLC0415 - pydantic waits for the first message
        from watchfloor.readers.patterns.reading import Parser  # noqa: PLC0415

        return Parser(load(self._given), path, Options(zone=options.zone), messages=kind)

    def numbered(self, rows: pl.DataFrame, parser: Parser) -> pl.DataFrame:
        """Messages with the number that their tag gives, where the pattern has cases."""
        if not any(parser.numbers):
            return rows
        return rows.with_columns(number=pl.col("text").str.extract(self.tag or "", 1))


class Messages:
    """The patterns for messages of one file."""

    def __init__(self, path: Path, options: Options, pattern: Pattern | None = None, *, strict: bool = False) -> None:
        """Makes nothing yet: a file without messages that a pattern knows costs a look at its programs.

        Arguments:
            path: the file.
            options: what the user said.
            pattern: the one that the user named; null: the shipped ones.
            strict: its messages are rejected where it does not fit; else they stay as they are.
        """
        self._strict = strict
        self._path, self._options, self.pattern = path, options, pattern
        self._parsers: dict[str, Parser] = {}

    @cached_property
    def sets(self) -> tuple[_Set, ...]:
        """The patterns, in the order in which they are tried."""
        if self.pattern is not None:
            tag = self.pattern.regex("tag")
            regex = tag.regex if tag else None
            return (_Set(self.pattern.name, self.pattern.programs, regex, self.pattern),)
        return tuple(
            _Set(entry.name, entry.programs, entry.tag, entry.name)
            for entry in catalog()
            if entry.programs or entry.tag
        )

    @cached_property
    def _any_program(self) -> str:
        return "|".join(f"(?:{one.programs})" for one in self.sets)

    @cached_property
    def _any_tag(self) -> str | None:
        tags = [one.tag for one in self.sets if one.tag]
        return "|".join(f"(?:{_unnamed(tag)})" for tag in tags) if tags else None

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables that may come of messages."""
        found = [entry.table for entry in catalog() if entry.programs or entry.tag]
        return tuple(dict.fromkeys(("events", *([self.pattern.table] if self.pattern else found))))

    def names(self, events: pl.DataFrame) -> tuple[str, ...]:
        """The patterns that read some messages of events."""
        return tuple(parser.pattern.name for parser, rows, _ in self._found(events) if rows.height)

    def applied(self, events: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Events with what the patterns say of their messages; rows of other tables, which are no events any more.

        Arguments:
            events: rows as the syslog reader makes them, each `record` once.
        """
        found = list(self._found(events))
        if not found:
            return {"events": events}
        tables: dict[str, list[pl.DataFrame]] = {}
        rejects = [frame for _, _, frame in found if frame.height]
        gone = [frame.select("record") for frame in rejects]
        for parser, rows, _ in found:
            if not rows.height:
                continue
            if parser.pattern.table != "events":
                tables.setdefault(parser.pattern.table, []).append(_other(rows, events, parser.pattern.table))
                gone.append(rows.select("record"))
        told = [(parser, rows) for parser, rows, _ in found if rows.height and parser.pattern.table == "events"]
        if gone:
            events = events.join(pl.concat(gone), on="record", how="anti", maintain_order="left")
        result = {name: pl.concat(frames, how="diagonal").sort("record") for name, frames in tables.items()}
        result["events"] = _told(events, told) if told else events
        if rejects:
            result["rejects"] = pl.concat(rejects)
        return result

    def _found(self, events: pl.DataFrame) -> Iterator[tuple[Parser, pl.DataFrame, pl.DataFrame]]:
        """By pattern: rows of its table, and rejects."""
        programs = events.select(pl.col("program").unique()).to_series()
        known = programs.filter(programs.str.contains(self._any_program))
        message = pl.col("message")
        tagged = events.select(message.str.contains(self._any_tag)).to_series() if self._any_tag else None
        has_tags = tagged is not None and bool(tagged.any())
        if not known.len() and not has_tags and self.pattern is None:
            return
        columns = ("record", "program", "time")
        left = events.select(*columns, text="message", lines=pl.lit(1, pl.Int64)).drop_nulls("text")
        for one in self.sets:
            claims = []
            if names := known.filter(known.str.contains(one.programs)).to_list():
                claims.append(pl.col("program").is_in(names))
            if one.tag and has_tags:
                claims.append(pl.col("text").str.contains(one.tag))
            if self.pattern is not None and self.pattern.programs:
                # Messages alone, as some programs write them into a file.
                claims.append(pl.col("program").is_null() & pl.col("time").is_null())
            if not claims:
                continue
            rows = left.filter(pl.any_horizontal(claims))
            if not rows.height:
                continue
            parser = self._parser(one)
            rows = one.numbered(rows.with_columns(_once()), parser)
            if (skips := parser.skips) is not None:
                rows = rows.filter(~skips)
            tables = parser.parse(rows.drop("program", "time"))
            fitting = tables[parser.pattern.table]
            left = left.join(fitting, on="record", how="anti", maintain_order="left")
            rejects = tables["rejects"]
            yield parser, fitting, rejects if self._strict else rejects.clear()

    def understood(self, line: str) -> tuple[dict[str, Any] | None, str | None]:
        """What the named pattern finds in one line, with what its prefix says; or why it does not fit: for examples."""
        assert self.pattern is not None
        from watchfloor.readers.meaning.prefix import peel  # noqa: PLC0415
        from watchfloor.readers.patterns.reading import Parser  # noqa: PLC0415 - as above

        record = pl.DataFrame({"text": [line]}).with_columns(pl.lit(1, pl.Int64).alias("record"))
        [row] = peel(record, source=str(self._path), zone=self._options.zone, written=datetime.now(UTC)).to_dicts()
        [one] = self.sets
        message = str(row["rest"]).strip(" ")
        by_program = row["program"] is not None and pl.Series([row["program"]]).str.contains(one.programs)[0]
        by_tag = one.tag is not None and pl.Series([message]).str.contains(one.tag)[0]
        if not by_program and not by_tag and (row["program"] is not None or not self.pattern.programs):
            return None, f"a message of {row['program'] or 'no program'}, which the pattern does not name"
        parser = Parser(self.pattern, self._path, self._options, all_fields=True, messages="named")
        text = pl.DataFrame({"record": [1], "lines": [1], "text": [message]}, schema_overrides={"record": pl.Int64})
        found, reason = parser.understood(one.numbered(text.with_columns(_once()), parser))
        if found is None:
            return None, reason
        prefix = {name: row[name] for name in ("time", "host", "program", "pid", "severity_text")}
        return prefix | {name: value for name, value in found.items() if name not in prefix or value is not None}, None

    def _parser(self, one: _Set) -> Parser:
        if one.name not in self._parsers:
            kind: Literal["shipped", "named"] = "named" if self._strict else "shipped"
            self._parsers[one.name] = one.parser(self._path, self._options, kind)
        return self._parsers[one.name]


def concerned(pattern: Pattern, text: pl.Series) -> pl.Series:
    """Of some lines, the texts that a pattern is to match: without headers and comments; of messages, its programs'.

    Arguments:
        pattern: the pattern.
        text: lines as a file holds them.
    """
    if pattern.applies_to == "message":
        from watchfloor.readers.meaning.prefix import peel  # noqa: PLC0415 - as above

        records = pl.DataFrame({"text": text}).with_columns(record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        rows = peel(records, source="the file", zone="UTC", written=datetime.now(UTC), need_zone=False)
        message = pl.col("rest").str.strip_chars(" ")
        claims = [pl.col("program").str.contains(program_regex(pattern.programs))]
        if tag := pattern.regex("tag"):
            claims.append(message.str.contains(tag.regex))
        if pattern.programs:
            claims.append(pl.col("program").is_null() & pl.col("time_text").is_null())
        text = rows.filter(pl.any_horizontal(claims)).select(message.alias("text"))["text"]
    for key in ("header", "skips"):
        if regex := pattern.regex(key):
            text = text.filter(~text.str.contains(regex.regex))
    return text


def _once() -> pl.Expr:
    """What rsyslog says came several times, as it came."""
    text = pl.col("text")
    return pl.coalesce(text.str.extract(r"(?s)^message repeated [0-9]{1,9} times: \[ ?(.*)\]$"), text)


def _unnamed(regex: str) -> str:
    """The regex without names of groups, of which one may come only once."""
    return re.sub(r"\(\?P<[^>]+>", "(?:", regex)


def _told(events: pl.DataFrame, told: Sequence[tuple[Parser, pl.DataFrame]]) -> pl.DataFrame:
    """Events with what patterns found in their messages."""
    parts = []
    for parser, rows in told:
        known = {
            f"knows {column}": pl.col("which").is_in(which)
            for column in _GUESSED
            if (which := _that_fill(parser, column))
        }
        parts.append(rows.with_columns(**known).drop("which"))
    found = pl.concat(parts, how="diagonal")
    have = set(events.columns)
    joined = events.join(
        found.rename({name: f"found {name}" for name in found.columns if name in EVENTS.schema and name != "record"}),
        on="record",
        how="left",
        maintain_order="left",
    )
    columns: dict[str, pl.Expr] = {}
    for name in found.columns:
        if name == "record" or name not in EVENTS.schema:
            continue
        new, old = pl.col(f"found {name}"), pl.col(name) if name in have else pl.lit(None, EVENTS.schema[name])
        if name in _OF_TIME:
            columns[name] = pl.when(pl.col("found time").is_not_null()).then(new).otherwise(old)
        elif f"knows {name}" in found.columns:
            columns[name] = pl.when(f"knows {name}").then(new).otherwise(pl.coalesce(new, old))
        elif name == "fields":
            columns[name] = one_object(old, new)
        else:
            columns[name] = pl.coalesce(new, old)
    return joined.with_columns(**columns).select(*have, *(name for name in columns if name not in have))


def _that_fill(parser: Parser, column: str) -> list[int]:
    """Numbers of the patterns that have a field for a column."""
    names = {field.name for field in parser.fields if field.column == column}
    return [which for which, one in enumerate(parser.compiled) if names & set(one.fields)]


def _other(rows: pl.DataFrame, events: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows of another table than events, with the time of their lines, and who wrote them."""
    schema = TABLES[table].schema
    joined = rows.drop("which").join(
        events.select("record", **{f"line {name}": name for name in ("time", "host", "program", "pid", "fields")}),
        on="record",
        how="left",
        maintain_order="left",
    )
    columns: dict[str, pl.Expr] = {}
    time = next(name for name in ("time", "created_time") if name in schema)
    places = {time: "line time"} | {name: "line host" for name in ("sensor",) if name in schema}
    for name, line in places.items():
        columns[name] = pl.coalesce(name, line) if name in rows.columns else pl.col(line)
    if "fields" in schema:
        said = {"sensor": json_text(pl.col("line host")), "program": json_text(pl.col("line program"))}
        said["pid"] = pl.col("line pid").cast(pl.String)
        of_line = json_object({name: value for name, value in said.items() if name not in places})
        found = one_object(of_line, pl.col("line fields"))
        columns["fields"] = one_object(pl.col("fields"), found) if "fields" in rows.columns else found
    return joined.with_columns(**columns).drop(f"line {name}" for name in ("time", "host", "program", "pid", "fields"))
