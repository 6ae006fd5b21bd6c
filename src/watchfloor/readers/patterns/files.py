"""Pattern files: a line format in TOML, checked key by key, with examples that prove it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from watchfloor.errors import BadPattern
from watchfloor.hints import nearest
from watchfloor.readers.columns.model import constant
from watchfloor.readers.patterns.catalog import shipped_texts
from watchfloor.readers.patterns.grok import Compiled, compile_pattern
from watchfloor.schemas import TABLES, Table
from watchfloor.times import Unit, check_zone

__all__ = ["Example", "FieldType", "Pattern", "load", "parse", "shipped"]

Kind = Literal["text", "quoted", "labels", "int", "float", "ip", "bool", "time", "list", "pairs", "json"]
_ALIASES = {
    "string": "text",
    "integer": "int",
    "long": "int",
    "number": "float",
    "double": "float",
    "boolean": "bool",
    "kv": "pairs",
    "date": "time",
    "timestamp": "time",
    "epoch": "time",
}
_OURS = ("record", "lines")
"""Names that the records themselves have."""
_CONFIG = ConfigDict(extra="forbid", frozen=True)


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


class FieldType(BaseModel):
    """What a field's text means."""

    model_config = _CONFIG

    type: Kind = "text"
    """`quoted` is text that may stand in quotes, as in CSV; `labels` a name as the Windows DNS server writes it,
    `(3)www(7)example(3)com(0)`; `pairs` is `key=value key="value"`."""
    format: tuple[str, ...] = ()
    """Of times: `%d/%b/%Y:%H:%M:%S %z`; of several the first that fits. Without: ISO 8601. A year may lack."""
    unit: Unit | None = None
    """Of times: a number since 1970. Of numbers: a duration in this unit, which becomes seconds."""
    zone: str | None = None
    """Of times: the zone of clock times that carry none, by the format; it goes before `--zone`, as in a column map."""
    separator: str | None = Field(default=None, min_length=1)
    """Between the elements of a list (a comma where nothing is said), or between pairs (blanks)."""
    assign: str = Field(default="=", min_length=1)
    """Between key and value of a pair."""

    _formats = field_validator("format", mode="before")(_listed)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """`bytes = "int"` is short for `bytes = { type = "int" }`."""
        said = dict(given) if isinstance(given, Mapping) else {"type": given}
        if "type" not in said and "format" in said:
            said["type"] = "time"
        if said.get("type") == "epoch":
            said.setdefault("unit", "s")
        if isinstance(said.get("type"), str):
            said["type"] = _ALIASES.get(said["type"], said["type"])
        return said


class Example(BaseModel):
    """A record, and what must come of it."""

    model_config = _CONFIG

    text: str
    """The record, with its header line where the pattern has one."""
    fields: dict[str, Any] = Field(default_factory=dict)
    """What must be found: values by the fields' names. Times as instants: `2026-11-24T08:00:00Z`."""
    absent: tuple[str, ...] = ()
    """Fields that must be found empty."""
    rejected: bool = False
    """True for a record that no pattern may match."""


class _Path(BaseModel):
    model_config = _CONFIG

    regex: str


class Pattern(BaseModel):
    """A line format."""

    model_config = _CONFIG

    name: str
    about: str = ""
    """One line for `watchfloor patterns`."""
    table: str = "events"
    """Name of the canonical table."""
    begins: str | None = None
    """A line that fits this begins a record, others go on with the one before; without it every line is a record."""
    skips: str | None = None
    """A record that fits this is none: a comment, a banner."""
    zone: str | None = None
    """Zone of clock times that carry none; `--zone` goes before it."""
    applies_to: Literal["line", "message", "both"] = "line"
    """What the patterns match: a whole line (or record); or the message of a syslog line, the text behind time, host
    and program, which are read as from any syslog line; or either."""
    programs: tuple[str, ...] = ()
    """Of messages: the programs that write them, as syslog names them; `*` stands for any text."""
    tag: str | None = None
    """Of messages: a regex that their beginning fits, whatever the program: `^%ASA-`. A group in it gives the message's
    number, for `cases`."""
    known_by: str | None = None
    """Of lines: some line of a file fits this, else the pattern is not chosen by itself: for patterns that fit much."""
    patterns: tuple[str, ...] = ()
    """Regexes with named groups, or Grok, tried in order; in the file also `pattern`, where it is one."""
    cases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Further patterns by the number that the tag gives, several numbers with blanks between them: tried first, and
    only on messages of that number, so that a hundred kinds of messages cost no more than one."""
    grok: dict[str, str] = Field(default_factory=dict)
    """Further Grok patterns by name."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Field = canonical column; a field that is named as a column needs no line. `pairs.KEY` is one of the pairs."""
    constants: dict[str, Any] = Field(default_factory=dict)
    """Canonical column = a value that every row has."""
    types: dict[str, FieldType] = Field(default_factory=dict)
    null: tuple[str, ...] = ("-",)
    """Words that mean nothing; an empty field always does."""
    path: _Path | None = None
    """A regex over the file's path (with `/`), whose named groups are fields of each record."""
    header: str | None = None
    """A line that fits this is no record: its named groups are fields of the records that follow."""
    examples: tuple[Example, ...] = ()

    _lists = field_validator("patterns", "null", "programs", mode="before")(_listed)

    @field_validator("cases", mode="before")
    @classmethod
    def _listed_cases(cls, given: Any) -> Any:
        return {key: _listed(case) for key, case in given.items()} if isinstance(given, Mapping) else given

    @model_validator(mode="before")
    @classmethod
    def _one_pattern(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "pattern" not in given:
            return given
        said = dict(given)
        if "patterns" in said:
            raise ValueError("both 'pattern' and 'patterns'")
        return {**{key: value for key, value in said.items() if key != "pattern"}, "patterns": (said["pattern"],)}

    @field_validator("path", mode="before")
    @classmethod
    def _path_text(cls, given: Any) -> Any:
        return {"regex": given} if isinstance(given, str) else given

    @property
    def kind(self) -> Table:
        """The canonical table."""
        return TABLES[self.table]

    def compiled(self) -> tuple[Compiled, ...]:
        """The patterns, in order: those of the cases first.

        Raises:
            BadPattern: one that cannot be used.
        """
        several = len(self.patterns) > 1
        named = [(text, f"case {key}") for key, texts in self.cases.items() for text in texts]
        named += [(text, f"pattern {n}" if several else "") for n, text in enumerate(self.patterns, 1)]
        return tuple(
            compile_pattern(text, self.grok, where=f"{self.name}{', ' if which else ''}{which}")
            for text, which in named
        )

    def numbers(self) -> tuple[frozenset[str] | None, ...]:
        """Of each of the patterns, in the same order, the numbers of the messages that it is for; null: of all."""
        cases = [frozenset(key.split()) for key, texts in self.cases.items() for _ in texts]
        return (*cases, *(None for _ in self.patterns))

    def regex(self, key: str) -> Compiled | None:
        """The regex of `begins`, `skips`, `header`, `path`, `tag` or `known_by`, where there is one.

        Raises:
            BadPattern: one that cannot be used.
        """
        text = self.path.regex if key == "path" and self.path else getattr(self, key)
        if not isinstance(text, str):
            return None
        return compile_pattern(text, self.grok, where=f"{self.name}, {key}", nameless=key not in ("header", "path"))

    @property
    def of_messages(self) -> bool:
        """Whether the patterns match messages of syslog lines."""
        return self.applies_to != "line"


def load(given: str | Path | Mapping[str, Any] | Pattern) -> Pattern:
    """A pattern: the name of a shipped one, a pattern file, the same as a dict, or the text of the pattern itself.

    Raises:
        BadPattern: no such file, no TOML, a key that does not exist, or a pattern that cannot be used.
    """
    if isinstance(given, Pattern):
        return given
    if isinstance(given, Mapping):
        name = str(given.get("name", "the pattern"))
        return parse({"name": name, **given}, name)
    text = str(given)
    if text in (names := shipped_texts()):
        return _of_toml(names[text], text)
    if isinstance(given, Path) or text.endswith(".toml") or _is_file(text):
        try:
            return _of_toml(Path(given).read_text(encoding="utf-8-sig"), text)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BadPattern(f"{text}: {reason}", hint="name a pattern file (TOML), or give the pattern") from error
    if not any(sign in text for sign in ("%{", "(?<", "(?P<")):
        raise BadPattern(
            f"{text}: no file, no shipped pattern, and no pattern with named fields",
            hint=f"{nearest(text, names)}`watchfloor patterns` lists the shipped ones; "
            "write %{IP:src_ip} or (?<src_ip>..)",
        )
    return parse({"name": "the pattern", "pattern": text}, "the pattern")


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a text too long for a path
        return False


def shipped() -> tuple[Pattern, ...]:
    """The shipped patterns, by name."""
    return tuple(_of_toml(text, name) for name, text in shipped_texts().items())


def _of_toml(text: str, where: str) -> Pattern:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPattern(
            f"{where}: not TOML: {error}", hint="a regex stands in single quotes: pattern = '^(?<user>[a-z]+)'"
        ) from error
    return parse({"name": Path(where).stem} | given, where)


def parse(given: Mapping[str, Any], where: str) -> Pattern:
    """The pattern that a dict holds, as TOML gives it.

    Arguments:
        given: the dict.
        where: what errors call it.

    Raises:
        BadPattern: a key, a table, a column or a regex that cannot be used.
        BadColumnMap: a constant of another type than its column.
        UnknownZone: a zone that does not exist.
    """
    try:
        pattern = Pattern.model_validate(dict(given))
    except ValidationError as error:
        raise _translated(error, where) from error
    _check(pattern, where)
    return pattern


def _translated(error: ValidationError, where: str) -> BadPattern:
    """Pydantic's first complaint in our words."""
    errors = error.errors()
    # A key that is misspelt is missing as well: the misspelling is the news.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = [str(part) for part in first["loc"]]
    key = ".".join(path) or "the pattern file"
    if first["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"types": FieldType, "examples": Example, "path": _Path}
        model = models.get(path[0], Pattern)
        keys = ["pattern", *model.model_fields] if model is Pattern else list(model.model_fields)
        return BadPattern(f"{where}: there is no key {key!r}", hint=f"{nearest(path[-1], keys)}keys: {', '.join(keys)}")
    if first["type"] == "missing":
        return BadPattern(f"{where}: the key {key!r} is missing", hint="a pattern file has at least: pattern = '..'")
    if first["type"] == "literal_error":
        kinds = Kind.__args__  # type: ignore[attr-defined]
        return BadPattern(
            f"{where}: {key}: there is no type {first['input']!r}",
            hint=f"{nearest(str(first['input']), kinds)}types: {', '.join(kinds)}",
        )
    return BadPattern(f"{where}: {key}: {first['msg'][:1].lower()}{first['msg'][1:]}", hint="see `watchfloor patterns`")


def _check(pattern: Pattern, where: str) -> None:
    if pattern.table not in TABLES or pattern.table in ("rejects", "ledger", "evidence"):
        raise BadPattern(
            f"{where}: there is no table {pattern.table!r}",
            hint=f"{nearest(pattern.table, TABLES)}tables: {', '.join(TABLES)}",
        )
    _check_messages(pattern, where)
    compiled = pattern.compiled()
    parts = [part for key in ("begins", "skips", "header", "path") if (part := pattern.regex(key))]
    fields = dict.fromkeys(field for one in (*compiled, *parts) for field in one.fields)
    for field in (*pattern.columns, *pattern.types):
        known = field in fields or any(field.startswith(f"{other}.") for other in fields)
        if not known:
            raise BadPattern(
                f"{where}: no pattern has a field {field!r}",
                hint=f"{nearest(field, fields)}its fields: {', '.join(fields)}",
            )
    for field in fields:
        if field in _OURS or (field == "text" and (header := pattern.regex("header")) and field in header.fields):
            raise BadPattern(f"{where}: a field cannot be named {field!r}", hint=f"name it otherwise: {field}_")
    names = [name for name in pattern.kind.schema.names() if name not in ("source", "record")]
    for column in (*pattern.columns.values(), *pattern.constants):
        if column not in names:
            raise BadPattern(
                f"{where}: the table {pattern.table} has no column {column!r}",
                hint=f"{nearest(column, names)}its columns: {', '.join(names)}",
            )
    for column, value in pattern.constants.items():
        constant(pattern.kind[column], value, where)
    for one in compiled:
        for capture in one.captures:
            _check_type(capture.type, where)
    for zone in (pattern.zone, *(kind.zone for kind in pattern.types.values())):
        if zone is not None:
            check_zone(zone)
    _check_formats(pattern, where)


def _check_messages(pattern: Pattern, where: str) -> None:
    """What belongs to messages, and what does not."""
    if not pattern.patterns and not pattern.cases:
        raise BadPattern(f"{where}: the key 'patterns' is missing", hint="a pattern file has at least: pattern = '..'")
    if pattern.of_messages and not pattern.programs and pattern.tag is None:
        raise BadPattern(
            f"{where}: of which messages?",
            hint="name who writes them, programs = [\"sshd\"], or how they begin, tag = '^%ASA-'",
        )
    if not pattern.of_messages and (key := next((key for key in ("programs", "tag") if getattr(pattern, key)), None)):
        raise BadPattern(f"{where}: {key!r} belongs to messages", hint='say applies_to = "message"')
    if pattern.applies_to == "message" and (
        key := next((k for k in ("begins", "header", "known_by") if getattr(pattern, k)), None)
    ):
        raise BadPattern(
            f"{where}: {key!r} belongs to whole lines", hint="records of syslog begin with their time: leave it out"
        )
    tag = pattern.regex("tag")
    if pattern.cases and (tag is None or len(tag.fields) != 1):
        raise BadPattern(
            f"{where}: cases of which number?",
            hint="one named group in the tag gives it: tag = '^%ASA-[0-7]-(?<number>[0-9]+)'",
        )


def _check_type(name: str | None, where: str) -> None:
    try:
        FieldType.model_validate(name or "text")
    except ValidationError as error:
        raise BadPattern(
            f"{where}: there is no type {name!r}",
            hint=f"types: {', '.join(Kind.__args__)}",  # type: ignore[attr-defined]
        ) from error


def _check_formats(pattern: Pattern, where: str) -> None:
    from watchfloor.readers.columns.clocks import format_trouble  # noqa: PLC0415 - only files with formats need it

    for field, kind in pattern.types.items():
        for form in kind.format:
            trouble = format_trouble(form)
            if trouble and not trouble.startswith("it has no year"):
                raise BadPattern(
                    f"{where}: {field}: the format {form!r}: {trouble}", hint="such as '%d.%m.%Y %H:%M:%S'"
                )
        if kind.format and kind.type != "time":
            raise BadPattern(f"{where}: {field}: a format belongs to a time", hint=f'{field} = {{ type = "time", .. }}')
