"""A file by a pattern: records that fit become canonical rows, the others are rejects that say how far they fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from watchfloor.errors import AmbiguousTime, BadOption, UnreadableFile
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.intake.files import head
from watchfloor.readers.meaning.endpoints import PROTOCOLS
from watchfloor.readers.patterns.years import Years
from watchfloor.readers.records.jsontext import json_text
from watchfloor.readers.records.lines import read_lines

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap
    from watchfloor.readers.patterns.files import FieldType, Pattern
    from watchfloor.readers.patterns.grok import Compiled
    from watchfloor.readers.patterns.types import Value

__all__ = ["READER", "Parser", "read", "read_by"]

_SHOWN = 100
_LOOKED_AT = 200
"""So many records of a block that fit no pattern are looked at for how far they fit."""
_OTHER_NAMES = {
    "time": ("timestamp", "@timestamp", "datetime"),
    "host": ("logsource", "hostname"),
    "user": ("username", "auth"),
    "src_ip": ("clientip", "client_ip", "source_ip", "srcip"),
    "dst_ip": ("dest_ip", "destination_ip", "dstip"),
    "severity_text": ("loglevel", "level"),
    "message": ("msg",),
    "method": ("verb",),
    "url": ("request", "uri"),
    "status_code": ("response", "status"),
    "user_agent": ("agent", "useragent"),
    "resp_bytes": ("bytes",),
}
"""Names that fields of the standard patterns have, and others that are common, by canonical column."""


def read(path: Path, options: Options) -> Tables:
    """The tables of one file by the pattern of the options.

    Raises:
        BadOption: no pattern was given.
        BadPattern: a pattern that cannot be used.
        AmbiguousTime: clock times without a zone.
        UnreadableFile: no record fits the pattern.
    """
    from watchfloor.readers.patterns.files import load  # noqa: PLC0415 - pydantic waits for the first pattern

    if options.pattern is None:
        raise BadOption(f"{path}: the format 'pattern' needs a pattern", hint="--pattern NAME, FILE or TEXT")
    pattern = load(options.pattern)
    if pattern.applies_to == "message" or (pattern.of_messages and not _has_lines(pattern, path)):
        return _of_messages(pattern, path, options)
    return read_by(Parser(pattern, path, options), path, options)


def read_by(
    parser: Parser, path: Path, options: Options, *, others: Callable[[pl.DataFrame], pl.DataFrame] | None = None
) -> Tables:
    """The tables of one file whose lines a parser reads.

    Arguments:
        parser: the parser.
        path: the file.
        options: what the user said.
        others: makes events of records that do not fit, of those that it can read.

    Raises:
        AmbiguousTime: clock times without a zone.
        UnreadableFile: no record fits the pattern.
    """
    strays: list[int] = []

    def parse(records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        found = parser.parse(records)
        if others is None or not found["rejects"].height:
            return found
        events = others(records.join(found["rejects"], on="record", how="semi"))
        if not events.height:
            return found
        strays.append(events.height)
        both = (
            {"events": pl.concat([found["events"], events], how="diagonal")}
            if "events" in found
            else {"events": events}
        )
        return found | both | {"rejects": found["rejects"].join(events, on="record", how="anti")}

    more = ("events",) if others is not None and "events" not in parser.tables else ()
    tables = read_lines(
        path,
        options,
        format=parser.pattern.name,
        tables=(*parser.tables, *more),
        parse=parse,
        begins=parser.begins,
        skips=parser.skips,
        prepare=parser.prepare if parser.header else None,
    )
    if more and not strays:
        del tables["events"]
    notes = (*parser.notes, *([f"{sum(strays)} lines do not fit, and are events"] if strays else ()))
    if notes:
        # Where the regex may match more than the pattern did, the ledger says so.
        said = pl.concat_str(pl.col("notes"), pl.lit("; ".join(notes)), separator="; ", ignore_nulls=True)
        tables["ledger"] = tables["ledger"].with_columns(notes=said)
    return _fitting(tables, path, parser.pattern)


def _has_lines(pattern: Pattern, path: Path) -> bool:
    """Whether some of the file's first lines fit as they are, and not only behind the prefix of syslog."""
    lines = pl.Series(head(path).lines, dtype=pl.String)
    return any(lines.str.contains(one.regex).any() for one in pattern.compiled())


def _of_messages(pattern: Pattern, path: Path, options: Options) -> Tables:
    """Syslog lines, whose messages the pattern reads."""
    from watchfloor.readers.patterns.catalog import shipped_texts  # noqa: PLC0415 - only with a pattern
    from watchfloor.readers.patterns.messages import Messages  # noqa: PLC0415 - needs the parser above
    from watchfloor.readers.syslog import read_messages  # noqa: PLC0415

    if options.columns is not None:
        raise BadOption(
            f"{path}: {pattern.name} is a pattern of messages, and a column map is for whole lines",
            hint="say in the pattern file where fields go: [columns]",
        )
    # A shipped pattern is not the user's to mend: what it does not know stays an event. His own shows where it stops.
    messages = Messages(path, options, pattern, strict=str(options.pattern) not in shipped_texts())
    tables = read_messages(path, options, messages, format=pattern.name)
    return _fitting(tables, path, pattern)


def _fitting(tables: Tables, path: Path, pattern: Pattern) -> Tables:
    """The tables, if any record fits."""
    ledger = tables["ledger"].collect().row(0, named=True)
    if ledger["lines_read"] or not ledger["lines_rejected"]:
        return tables
    first = tables["rejects"].head(1).collect().row(0, named=True)
    raise UnreadableFile(
        f"{path}: no line fits {pattern.name}; line {first['record']}: {first['reason']}",
        hint=f"that line is {first['text'][:_SHOWN]!r}; "
        + (
            'say in a pattern file how the time is written: [types] and below it time = { format = ".." }'
            if "is no ISO 8601 time" in first["reason"]
            else "change the pattern, or name another one"
        ),
    )


@dataclass(frozen=True)
class _Field:
    """A field of the pattern with its type and the column that it goes to."""

    name: str
    kind: FieldType
    column: str | None


class Parser:
    """Applies one pattern to the records of one file."""

    def __init__(
        self,
        pattern: Pattern,
        path: Path,
        options: Options,
        *,
        all_fields: bool = False,
        messages: Literal["shipped", "named"] | None = None,
    ) -> None:
        """Makes what is the same for all blocks of the file.

        Arguments:
            pattern: the pattern.
            path: the file.
            options: what the user said.
            all_fields: also those that the table has no place for, as for examples.
            messages: the records are messages, which have another time as well: a clock time in them without a zone is
                text. `number` of a record is what the pattern's tag says, and rows have `which` pattern fits. By a
                pattern that the user did not name, nobody asks why one does not fit.
        """
        from watchfloor.readers.columns.mapping import load as load_map  # noqa: PLC0415 - only with a pattern

        self.pattern, self.path = pattern, path
        self.zone = options.zone
        self.compiled = pattern.compiled()
        self.numbers = pattern.numbers()
        self.messages, self.explains = messages is not None, messages != "shipped"
        self.notes = tuple(dict.fromkeys(note for one in self.compiled for note in one.notes))
        self.header = pattern.regex("header")
        self.map: ColumnMap | None = load_map(options.columns) if options.columns is not None else None
        self._held: dict[str, str | None] = dict.fromkeys(self.header.fields) if self.header else {}
        self._from_path = self._path_fields()
        self.names = tuple(
            dict.fromkeys(
                (*self._from_path, *self._held, *(field for one in self.compiled for field in one.fields)),
            )
        )
        self.fields = tuple(self._field(name) for name in self.names)
        self._pairs = self._pair_columns()
        if not all_fields and self.map is None and "fields" not in pattern.kind.schema:
            self._leave_out()
        self.years = self._years(path)
        table = self.map.table if self.map else pattern.table
        self.tables: tuple[str, ...] = (table, "evidence") if self.map and self.map.evidence else (table,)

    def _leave_out(self) -> None:
        """Does without the fields that the table has no place for."""
        idle = {
            field.name
            for field in self.fields
            if field.column is None and not any(key.startswith(f"{field.name}.") for key in self._pairs)
        }
        self.compiled = tuple(one.without(idle) for one in self.compiled)
        self.fields = tuple(field for field in self.fields if field.name not in idle)
        self.names = tuple(name for name in self.names if name not in idle)
        self._from_path = {name: value for name, value in self._from_path.items() if name not in idle}

    # What read_lines asks for.

    @property
    def begins(self) -> pl.Expr | None:
        """Whether a line begins a record."""
        begins = self.pattern.regex("begins")
        if begins is None:
            return None
        expression = pl.col("text").str.contains(begins.regex)
        return expression | pl.col("text").str.contains(self.header.regex) if self.header else expression

    @property
    def skips(self) -> pl.Expr | None:
        """Whether a record is none."""
        skips = self.pattern.regex("skips")
        return pl.col("text").str.contains(skips.regex) if skips else None

    def prepare(self, records: pl.DataFrame) -> pl.DataFrame:
        """Takes header lines away, and gives their fields to the records that follow, in the order of the file."""
        assert self.header is not None
        found = self._extracted(records, self.header)
        is_header = found["@fits"]
        columns = []
        for name, held in self._held.items():
            # A header sets all its fields: what it leaves empty does not stay from the one before.
            marked = pl.when("@fits").then(pl.col(name).fill_null(""))
            filled = marked.forward_fill().fill_null(held if held is not None else "")
            columns.append(pl.when(filled != "").then(filled).alias(name))
        filled_frame = found.with_columns(columns)
        if filled_frame.height:
            self._held = dict(filled_frame.select(self._held.keys()).row(-1, named=True))
        return filled_frame.filter(~is_header).drop("@fits")

    def parse(self, records: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Canonical rows and rejects of some records."""
        said, misses = self.said(records)
        if self.map is not None:
            return self._mapped(said, misses)
        values = self.values()
        typed = said.with_columns(
            [value.value.alias(f"={name}") for name, value in values.items()]
            + [
                value.clock.naive.alias(f"?{name}")
                for name, value in values.items()
                if value.clock is not None and value.clock.naive is not None and self._zone_of(name) is None
            ]
        )
        if not self.messages:
            self._look_for_clocks(typed)
        wrong = {name: value for name, value in values.items() if value.wrong}
        bad = [pl.col(name).is_not_null() & pl.col(f"={name}").is_null() for name in wrong]
        if not bad or not typed.select(pl.any_horizontal(bad).any()).item():
            return {self.pattern.table: self._rows(typed, values), "rejects": misses}
        reasons = [
            pl.when(is_bad).then(
                pl.format("{}: '{}' {}", pl.lit(name), pl.col(name).str.head(_SHOWN), pl.lit(value.wrong))
            )
            for is_bad, (name, value) in zip(bad, wrong.items(), strict=True)
        ]
        rejects = typed.filter(pl.any_horizontal(bad)).select(
            "record", reason=pl.concat_str(reasons, separator="; ", ignore_nulls=True)
        )
        good = typed.filter(~pl.any_horizontal(bad))
        return {self.pattern.table: self._rows(good, values), "rejects": pl.concat([misses, rejects])}

    def understood(self, records: pl.DataFrame) -> tuple[dict[str, Any] | None, str | None]:
        """The fields of the last record as values, or why it is rejected: for examples."""
        found = self.parse(records)
        rejects = found["rejects"].sort("record")
        if not records.height:
            return None, None
        last = int(records["record"][-1])
        if (mine := rejects.filter(pl.col("record") == last)).height:
            return None, str(mine["reason"][0])
        said, _ = self.said(records)
        values = self.values()
        typed = said.filter(pl.col("record") == last).select(
            *[
                (values[name].value if name in values else pl.col(name)).alias(name)
                for name in (*self.names, *self._pairs)
            ]
        )
        return typed.row(-1, named=True), None

    # The steps.

    def said(self, records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is written for each field, of records that fit; and the others, with the reason."""
        parts: list[pl.DataFrame] = []
        rest = records
        present = set(records["number"].unique()) if any(self.numbers) else set()
        for which, (one, numbers) in enumerate(zip(self.compiled, self.numbers, strict=True)):
            if numbers is not None and present.isdisjoint(numbers):
                continue
            found, more = self._by(rest if numbers is None else rest.filter(pl.col("number").is_in(numbers)), one)
            if self.messages:
                found = found.with_columns(which=pl.lit(which))
            parts.append((found if not more.height else found.filter("@fits")).drop("@fits"))
            rest = more if numbers is None else rest.join(parts[-1], on="record", how="anti")
            if not rest.height:
                break
        if not parts:
            parts.append(records.clear().select("record", "lines", which=pl.lit(0)))
        parts = [part for part in parts if part.height] or parts[:1]
        said = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal")
        if len(parts) > 1 and not self.messages:
            said = said.sort("record")
        absent = [
            pl.lit(self._from_path.get(name), pl.String).alias(name) for name in self.names if name not in said.columns
        ]
        from_path = [
            pl.col(name).fill_null(value)
            for name, value in self._from_path.items()
            if name in said.columns and value is not None
        ]
        written = [name for name in self.names if name in said.columns or self._from_path.get(name) is not None]
        said = said.with_columns(absent + from_path)
        said = said.with_columns(self._nulls(written), **{key: self._pair(key) for key in self._pairs})
        return said, self._misses(rest)

    def _by(self, records: pl.DataFrame, one: Compiled) -> tuple[pl.DataFrame, pl.DataFrame]:
        """All records with the fields of one pattern, null where it does not fit; and those that it does not fit."""
        found = self._extracted(records, one)
        rest = records.clear() if found["@fits"].all() else records.filter(~found["@fits"])
        return found if "text" in one.fields else found.drop("text"), rest

    def values(self) -> dict[str, Value]:
        """Fields that mean more than text, or go to a column that does."""
        from watchfloor.readers.patterns.types import Value, value_of  # noqa: PLC0415 - only with a pattern

        year = self.years.expression() if self.years else None
        found = {
            field.name: value_of(pl.col(field.name), field.kind, zone=self._zone_of(field.name), year=year)
            for field in self.fields
            if field.kind.type != "pairs"
        }
        for key, (_, kind) in self._pairs.items():
            found[key] = value_of(pl.col(key), kind, zone=self._zone_of(key), year=year)
        return {name: value for name, value in found.items() if isinstance(value, Value)}

    def _extracted(self, records: pl.DataFrame, one: Compiled) -> pl.DataFrame:
        """The records with the fields of one pattern and whether they fit."""
        # The empty group at the end takes part in every match: it tells one without fields from none.
        flags, body = one.regex[:4], one.regex[4:]
        groups = pl.col("text").str.extract_groups(f"{flags}(?:{body})(?P<fits>)").alias("@groups")
        frame = records.with_columns(groups).unnest("@groups")
        columns = {}
        for name in one.fields:
            sources = [capture.group for capture in one.captures if capture.field == name]
            columns[name] = pl.col(sources[0]) if len(sources) == 1 else _first_written(sources)
        keep = [column for column in records.columns if column not in columns]
        return frame.select(*keep, **columns, **{"@fits": pl.col("fits").is_not_null()})

    def _nulls(self, names: Sequence[str]) -> list[pl.Expr]:
        words = [word for word in self.pattern.null if word]
        nothing = [pl.col(name) == "" for name in names]
        for word in words:
            nothing = [is_null | (pl.col(name) == word) for is_null, name in zip(nothing, names, strict=True)]
        return [pl.when(~is_null).then(pl.col(name)).alias(name) for is_null, name in zip(nothing, names, strict=True)]

    def _misses(self, rest: pl.DataFrame) -> pl.DataFrame:
        """Records that fit no pattern, with how far the first pattern that goes farthest fits."""
        if not rest.height:
            return pl.DataFrame(schema={"record": pl.Int64, "reason": pl.String})
        if self.messages and not self.explains:
            return rest.select("record", reason=pl.lit(None, pl.String))
        several = len(self.compiled)
        plain = "does not fit the pattern" if several == 1 else f"fits none of {several} patterns"
        text = pl.col("text").str.head(2_000)
        looked = rest.head(_LOOKED_AT).select("record", text.alias("text"))
        best = pl.lit(0, pl.UInt32).alias("@end"), pl.lit("").alias("@after")
        looked = looked.with_columns(*best)
        for one in self.compiled:
            for start, field in one.starts:
                matched = pl.col("text").str.extract(start)
                before = pl.col("text").str.find(matched, literal=True)  # bytes, as is the length
                reach = (matched.str.len_bytes() + before).fill_null(0)
                looked = looked.with_columns(reach=reach).with_columns(
                    pl.when(pl.col("reach") > pl.col("@end")).then(pl.lit(field)).otherwise("@after").alias("@after"),
                    pl.max_horizontal("reach", "@end").alias("@end"),
                )
        far = pl.when(pl.col("@end") > 0).then(
            pl.format("{}: it fits up to byte {}, after the field {}", pl.lit(plain), "@end", "@after")
        )
        reasons = looked.select("record", reason=far.otherwise(pl.lit(plain)))
        others = rest.slice(_LOOKED_AT).select("record", reason=pl.lit(plain))
        return pl.concat([reasons, others])

    def _rows(self, typed: pl.DataFrame, values: dict[str, Value]) -> pl.DataFrame:
        """The columns of the canonical table."""
        table = self.pattern.kind
        columns: dict[str, list[pl.Expr]] = {}
        for field in self.fields:
            if field.column and field.kind.type != "pairs":
                columns.setdefault(field.column, []).append(pl.col(f"={field.name}"))
        for key, (column, _) in self._pairs.items():
            columns.setdefault(column, []).append(pl.col(f"={key}"))
        rows = {
            column: (found[0] if len(found) == 1 else pl.coalesce(found)).cast(table.schema[column])
            for column, found in columns.items()
        }
        if "proto" in rows:
            rows["proto"] = rows["proto"].replace(PROTOCOLS)
        if "time" in rows and "time_quality" in table.schema:
            rows |= self._time_facts(values)
        if "fields" in table.schema and "fields" not in rows and (rest := self._rest(typed)) is not None:
            rows["fields"] = rest
        constants = {column: pl.lit(value) for column, value in self.pattern.constants.items() if column not in rows}
        which = ("which",) if self.messages else ()
        return typed.select("record", *which, **rows, **constants)

    def _time_facts(self, values: dict[str, Value]) -> dict[str, pl.Expr]:
        """How the time of an event was found."""
        facts: dict[str, list[pl.Expr]] = {}
        for field in self.fields:
            value = values.get(field.name)
            if field.column != "time" or value is None or value.clock is None:
                continue
            given, clock = pl.col(f"={field.name}").is_not_null(), value.clock
            quality: pl.Expr = clock.quality
            if self._is_yearless(field):
                quality = pl.concat_str(quality, pl.lit("year_inferred"), separator="+")
            found: dict[str, pl.Expr] = {
                "time_text": pl.col(field.name),
                "zone": clock.zone,
                "zone_rule": clock.rule,
                "time_quality": quality,
            }
            if clock.latest is not None:
                found["time_latest"] = clock.latest
            for name, fact in found.items():
                facts.setdefault(name, []).append(pl.when(given).then(fact))
        return {name: found[0] if len(found) == 1 else pl.coalesce(found) for name, found in facts.items()}

    def _rest(self, typed: pl.DataFrame) -> pl.Expr | None:
        """The fields that no column holds, as a JSON object; null where there are none."""
        from watchfloor.readers.patterns.types import pairs_text  # noqa: PLC0415 - only with a pattern

        parts: list[pl.Expr] = []
        for field in self.fields:
            if field.kind.type == "pairs":
                start = f"{field.name}."
                mapped = tuple(key.removeprefix(start) for key in self._pairs if key.startswith(start))
                parts.append(pairs_text(pl.col(field.name), field.kind, mapped))
                continue
            if field.column or typed[field.name].null_count() == typed.height:
                continue
            value = pl.col(f"={field.name}")
            name = pl.select(json_text(pl.lit(field.name))).item()
            match field.kind.type:
                case "int":
                    # Beyond 2^53 many readers of JSON round numbers.
                    number = value.cast(pl.String)
                    text = pl.when(value.abs() > 2**53).then(json_text(number)).otherwise(number)
                case "float" | "bool":
                    text = value.cast(pl.String)
                case "json":
                    text = value
                case "list":
                    text = pl.concat_str(
                        pl.lit("["), value.list.eval(json_text(pl.element())).list.join(","), pl.lit("]")
                    )
                case "time":
                    parts.append(json_text(pl.col(field.name), f"{name}:"))
                    continue
                case _:
                    parts.append(json_text(value, f"{name}:"))
                    continue
            parts.append(pl.concat_str(pl.lit(f"{name}:"), text))
        if not parts:
            return None
        inside = pl.concat_str(parts, separator=",", ignore_nulls=True)
        return pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))

    def _mapped(self, said: pl.DataFrame, misses: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Rows by the user's own column map."""
        from watchfloor.readers.columns.plan import LINES, RECORD, Plan  # noqa: PLC0415 - only with a map

        assert self.map is not None
        frame = said.select(
            pl.col("record").alias(RECORD), pl.col("lines").alias(LINES), *self.names, *self._pairs
        ).lazy()
        plan = Plan.of(self.map, dict(frame.collect_schema()), source=str(self.path), zone=self.zone)
        plan.survey(frame)
        chosen = plan.choose(frame)
        frames = [plan.rows(chosen), plan.rejects(chosen)]
        if self.map.evidence:
            frames.append(plan.evidence(chosen))
        rows, bad, *evidence = pl.collect_all(frames)
        found = {self.map.table: rows, "rejects": pl.concat([misses, bad.select("record", "reason")])}
        return found | ({"evidence": evidence[0]} if evidence else {})

    def _look_for_clocks(self, typed: pl.DataFrame) -> None:
        for column in typed.columns:
            if column.startswith("?") and typed[column].any():
                example = typed.filter(column)[column[1:]][0]
                raise AmbiguousTime(
                    f"{self.path}: {column[1:]}: clock times without a zone ({example})",
                    hint="say where that clock stood: zone='Europe/Paris', --zone Europe/Paris, or PATH=Europe/Paris",
                )

    # Fields, types, columns.

    def _field(self, name: str) -> _Field:
        from watchfloor.readers.patterns.files import FieldType  # noqa: PLC0415 - only with a pattern
        from watchfloor.readers.patterns.types import FORMATS  # noqa: PLC0415

        column = self._column(name)
        captures = [capture for one in self.compiled for capture in one.captures if capture.field == name]
        kind = self.pattern.types.get(name)
        if kind is None and (asked := next((capture.type for capture in captures if capture.type), None)):
            kind = FieldType.model_validate(asked)
        if kind is None:
            kind = _kind_of_column(self.pattern.kind.schema[column]) if column else FieldType()
        if kind.type == "text" and column:
            natural = _kind_of_column(self.pattern.kind.schema[column])
            kind = natural if natural.type != "text" else kind
        if kind.type == "time" and not kind.format and not kind.unit:
            form = tuple(form for capture in captures for form in FORMATS.get(capture.grok or "", ()))
            kind = kind.model_copy(update={"format": tuple(dict.fromkeys(form))})
        if self.messages and kind.type == "time" and not kind.unit and self._zone_of(name) is None:
            zoned = [form for form in kind.format if "%z" in form or "%:z" in form]
            if not zoned:
                return _Field(name, FieldType(), None)
        return _Field(name, kind, column)

    def _column(self, name: str) -> str | None:
        """The canonical column of a field: as the pattern says, else that of its name, else that of its ECS name."""
        if name in self.pattern.columns:
            return self.pattern.columns[name]
        taken = {*self.pattern.columns.values(), *self.names}
        columns = [one for one in self.pattern.kind.columns if one.name not in ("source", "record", "fields")]
        if name in {one.name for one in columns}:
            return name
        for one in columns:
            if one.name not in taken and name in (one.ecs, *_OTHER_NAMES.get(one.name, ())):
                return one.name
        return None

    def _pair_columns(self) -> dict[str, tuple[str, FieldType]]:
        """Keys of pairs that go to a column: `pairs.SRC`, with its column and type."""
        names = set(self.names)
        return {
            key: (column, self.pattern.types.get(key) or _kind_of_column(self.pattern.kind.schema[column]))
            for key, column in self.pattern.columns.items()
            if key not in names
        }

    def _pair(self, key: str) -> pl.Expr:
        from watchfloor.readers.patterns.types import pair  # noqa: PLC0415 - only with a pattern

        field = next(field for field in self.fields if key.startswith(f"{field.name}."))
        return pair(pl.col(field.name), key.removeprefix(f"{field.name}."), field.kind)

    def _zone_of(self, name: str) -> str | None:
        kind = self.pattern.types.get(name)
        return (kind.zone if kind else None) or self.zone or self.pattern.zone

    def _is_yearless(self, field: _Field) -> bool:
        from watchfloor.readers.patterns.types import yearless  # noqa: PLC0415 - only with a pattern

        return field.kind.type == "time" and yearless(field.kind)

    def _years(self, path: Path) -> Years | None:
        formats = [form for field in self.fields if self._is_yearless(field) for form in field.kind.format]
        if not formats or self.map is not None:
            return None
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else datetime.now(UTC)
        return Years.of(path, formats[0], written)

    def _path_fields(self) -> dict[str, str | None]:
        regex = self.pattern.regex("path")
        if regex is None:
            return {}
        one = pl.DataFrame({"text": [self.path.as_posix()]})
        found: dict[str, Any] = self._extracted(one, regex).select(regex.fields).row(0, named=True)
        return found


def _first_written(groups: Sequence[str]) -> pl.Expr:
    return pl.coalesce(groups)


def _kind_of_column(dtype: pl.DataType) -> FieldType:
    """The type that a canonical column asks for."""
    from watchfloor.readers.patterns.files import FieldType  # noqa: PLC0415 - only with a pattern

    name = "text"
    if isinstance(dtype, pl.Datetime):
        name = "time"
    elif dtype.is_integer():
        name = "int"
    elif dtype.is_float():
        name = "float"
    elif dtype == pl.Boolean:
        name = "bool"
    elif isinstance(dtype, pl.List):
        name = "list"
    return FieldType.model_validate(name)


def _never(_: Head) -> float:
    """A file does not say by which pattern it is to be read."""
    return 0.0


READER = Reader(
    name="pattern",
    about="Lines by a pattern that you name: Grok, a regex with named groups, or a pattern file (--pattern)",
    tables=("events", "alerts", "findings", "connections", "http_requests", "dns_queries"),
    accepts=_never,
    read=one_by_one(read),
    sign="--pattern; `watchfloor patterns` lists the shipped ones",
)
