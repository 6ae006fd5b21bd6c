"""How the rows of a frame become canonical rows, evidence and rejects: expressions, made once for all its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from watchfloor.errors import AmbiguousTime, BadColumnMap, OtherTable
from watchfloor.hints import nearest
from watchfloor.readers.columns.cells import Cell, cell
from watchfloor.readers.columns.clocks import guesses
from watchfloor.readers.columns.written import fact, found, leaves, text, written
from watchfloor.schemas import EVENTS, EVIDENCE, REJECTS, Table

if TYPE_CHECKING:
    from watchfloor.readers.columns.model import ColumnMap, Origin

__all__ = ["LINES", "RECORD", "SAMPLE_ROWS", "Plan", "Surveyed", "missing_columns"]

RECORD, LINES = "@record", "@lines"
"""Columns of a frame that say where a row begins in its file, and how many lines it has; the second may be absent."""

SAMPLE_ROWS = 1_000
"""So many rows are looked at to see whether a map fits at all."""
ENOUGH = 10
"""From so many values on, a column of which none can be read is a wrong map, not a broken record."""
_TEXT_SHOWN = 100


@dataclass
class Surveyed:
    """What the map does not know: words of closed vocabularies, by canonical column."""

    unknown: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, other: Surveyed) -> None:
        """Counts further words."""
        for name, words in other.unknown.items():
            self.unknown.setdefault(name, Counter()).update(words)

    def notes(self) -> list[str]:
        """One sentence a column."""
        return [
            f"{name}: {sum(words.values()):,} records have words that the column map does not know; "
            "they are kept without it: "
            + ", ".join(f"{word[:_TEXT_SHOWN]!r} ({count:,})" for word, count in words.most_common(10))
            + '. Map them with values = { .. }, or all with other = ".."'
            for name, words in self.unknown.items()
            if words
        ]


@dataclass(frozen=True)
class Plan:
    """The expressions for one frame, or for the parts of one file that have the same columns."""

    mapping: ColumnMap
    source: str
    zone: str | None
    cells: tuple[Cell, ...]
    said: Mapping[str, tuple[pl.Expr, pl.DataType]]
    """What is written for each canonical column, and its type."""
    facts: Mapping[str, tuple[pl.Expr, bool]]
    """Evidence: for each field text or a list of texts, and whether it is a list."""
    chosen: pl.Expr | None
    """True for the records that the map is about; null where it is about all."""
    has_lines: bool

    @classmethod
    def of(
        cls,
        mapping: ColumnMap,
        schema: Mapping[str, pl.DataType],
        *,
        source: str,
        zone: str | None,
        json: bool = False,
    ) -> Plan:
        """The plan for frames of a schema.

        Arguments:
            mapping: the column map.
            schema: names and types of their columns.
            source: what rows and errors call the file.
            zone: of clock times that carry none; it goes before the map's own.
            json: text that begins with `{` or `[` is JSON.

        Raises:
            BadColumnMap: columns that the frame does not have.
        """
        zone = zone or mapping.zone
        theirs = {name: dtype for name, dtype in schema.items() if name not in (RECORD, LINES)}
        said = {name: written(origin, mapping, theirs, json=json) for name, origin in mapping.columns.items()}
        facts = {name: written(origin, mapping, theirs, json=json) for name, origin in mapping.evidence.items()}
        words = {name: found(name, theirs, json=json) for name in mapping.where}
        if absent := [name for name, part in words.items() if part is None]:
            raise _missing(absent, leaves(theirs), source, fits=any(said.values()))
        missing = [mapping.columns[name] for name, part in said.items() if part is None]
        missing += [mapping.evidence[name] for name, part in facts.items() if part is None]
        if missing:
            names = [origin.names[0] for origin in missing]
            raise _missing(names, leaves(theirs), source, fits=any(said.values()) or any(facts.values()))
        there = {name: part for name, part in said.items() if part is not None}
        return cls(
            mapping,
            source,
            zone,
            tuple(_cells(mapping, there, zone, json=json)),
            there,
            {
                name: fact(*part, mapping.evidence[name].separator, json=json)
                for name, part in facts.items()
                if part is not None
            },
            _chosen(mapping.where, words),
            LINES in schema,
        )

    @property
    def table(self) -> Table:
        """The canonical table."""
        return self.mapping.kind

    @property
    def may_reject(self) -> bool:
        """Whether any value could be unreadable: types tell that some never are."""
        return any(one.wrong for one in self.cells)

    def choose(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The records that the map is about: the others are skipped, not rejected."""
        return frame if self.chosen is None else frame.filter(self.chosen)

    def rows(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The canonical rows."""
        from watchfloor.readers.columns.model import constant  # noqa: PLC0415 - pydantic waits for the first map

        good = self._good(frame)
        values = {one.name: pl.col(_value(one.name)) for one in self.cells}
        values |= self._place(values)
        if self.table is EVENTS and "time" in self.said:
            values = self._time_facts() | values
        constants = {
            name: constant(self.table[name], value, self.source) for name, value in self.mapping.constants.items()
        }
        return self.table.fill(good.select(**values), **constants)

    def evidence(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """What the alerts were about: one row per field and value."""
        good = self._good(frame)
        known = {one.name: pl.col(_value(one.name)) for one in self.cells}
        alert_id = known.get("alert_id", pl.lit(self.mapping.constants.get("alert_id"), dtype=pl.String))
        parts = [
            _exploded(
                good.select(**self._place(known), alert_id=alert_id, field=pl.lit(name), value=value), is_list
            ).filter(pl.col("value").is_not_null())
            for name, (value, is_list) in self.facts.items()
        ]
        return EVIDENCE.fill(pl.concat(parts)) if parts else EVIDENCE.empty()

    def rejects(self, frame: pl.LazyFrame, *, with_text: bool = True) -> pl.LazyFrame:
        """Records with a value that cannot be read: which column, what is written, and the record."""
        if not self.may_reject:
            return REJECTS.empty()
        theirs = [name for name in frame.collect_schema().names() if name not in (RECORD, LINES)]
        reasons = [pl.when(self._unread(one)).then(self._reason(one)) for one in self.cells if one.wrong]
        record = pl.struct(theirs).struct.json_encode().str.head(2000) if with_text else pl.lit(None, dtype=pl.String)
        return REJECTS.fill(
            self._staged(frame)
            .filter(self._bad())
            .select(
                record=RECORD,
                lines=pl.col(LINES) if self.has_lines else pl.lit(1),
                reason=pl.concat_str(reasons, separator="; ", ignore_nulls=True),
                text=record,
            ),
            source=self.source,
        )

    def check(self, frame: pl.LazyFrame) -> None:
        """Looks at some rows: does the map fit?

        Raises:
            BadColumnMap: a column of which no value can be read.
        """
        looked_at = [one for one in self.cells if one.wrong]
        if not looked_at:
            return
        some = self._staged(frame).select(
            **{f"{one.name}.written": self._text(one.name) for one in looked_at},
            **{f"{one.name}.read": self._read(one) for one in looked_at},
        )
        rows = some.collect()
        for one in looked_at:
            words, read = rows[f"{one.name}.written"], rows[f"{one.name}.read"]
            if len(words) - words.null_count() >= ENOUGH and not read.any():
                raise self._unfit(one, words.drop_nulls())

    def survey(self, frame: pl.LazyFrame) -> Surveyed:
        """Looks at all rows, where the map and the types leave room for doubt.

        Raises:
            AmbiguousTime: clock times without a zone.
        """
        naive = {one.name: one.clock.naive for one in self.cells if one.clock and one.clock.naive is not None}
        if self.zone is not None:
            naive = {}
        naive = {name: one for name, one in naive.items() if not self.mapping.columns[name].zone}
        unknown = {one.name: one.unknown for one in self.cells if one.unknown is not None}
        if not naive and not unknown:
            return Surveyed()
        seen = (
            self._staged(frame)
            .select(
                **{f"{name}.naive": one.sum() for name, one in naive.items()},
                **{f"{name}.text": self._text(name).filter(one).first() for name, one in naive.items()},
                **{f"{name}.words": one.drop_nulls().value_counts(name="n").implode() for name, one in unknown.items()},
            )
            .collect()
            .row(0, named=True)
        )
        for name in naive:
            if seen[f"{name}.naive"]:
                raise AmbiguousTime(
                    f"{self.source}: {self._theirs(name)}: clock times without a zone, "
                    f"such as {seen[f'{name}.text'][:_TEXT_SHOWN]!r}",
                    hint='say whose clock it is: --zone Europe/Paris (zone= in Python), or zone = ".." in the map',
                )
        words = {name: _counted(seen[f"{name}.words"], f"{_said(name)}") for name in unknown}
        return Surveyed({name: counts for name, counts in words.items() if counts})

    def _staged(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """What is written for each column, then its value."""
        return frame.with_columns(**{_said(name): said for name, (said, _) in self.said.items()}).with_columns(
            **{_value(one.name): one.value for one in self.cells}
        )

    def _good(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        staged = self._staged(frame)
        return staged.filter(~self._bad()) if self.may_reject else staged

    def _bad(self) -> pl.Expr:
        return pl.any_horizontal(self._unread(one) for one in self.cells if one.wrong)

    def _unread(self, one: Cell) -> pl.Expr:
        return self._is_written(one.name) & pl.col(_value(one.name)).is_null()

    def _read(self, one: Cell) -> pl.Expr:
        read = pl.col(_value(one.name)).is_not_null()
        return read | one.clock.naive if one.clock and one.clock.naive is not None else read

    def _is_written(self, name: str) -> pl.Expr:
        """Floats that are no number are how pandas writes nothing."""
        said, dtype = pl.col(_said(name)), self.said[name][1]
        return said.is_not_null() & said.is_not_nan() if dtype.is_float() else said.is_not_null()

    def _text(self, name: str) -> pl.Expr:
        return text(pl.col(_said(name)), self.said[name][1])

    def _theirs(self, name: str) -> str:
        """A canonical column with where it comes from."""
        names = " or ".join(map(repr, self.mapping.columns[name].names))
        return name if names == repr(name) else f"{name} from {names}"

    def _reason(self, one: Cell) -> pl.Expr:
        shown = self._text(one.name).str.head(_TEXT_SHOWN)
        return pl.format("{}: '{}' {}", pl.lit(self._theirs(one.name)), shown, pl.lit(one.wrong))

    def _place(self, values: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
        """Source and record: those of the file, unless the map has them."""
        source, record = pl.lit(self.source), pl.col(RECORD).cast(pl.Int64)
        return {
            "source": pl.coalesce(values["source"], source) if "source" in values else source,
            "record": pl.coalesce(values["record"], record) if "record" in values else record,
        }

    def _time_facts(self) -> dict[str, pl.Expr]:
        """How the time of an event was found, in the columns that the map leaves free."""
        clock = next(one.clock for one in self.cells if one.name == "time")
        if clock is None or "time_quality" in self.said:
            return {}
        given = pl.col(_value("time")).is_not_null()
        facts = {
            "time_text": self._text("time"),
            "zone": clock.zone,
            "zone_rule": clock.rule,
            "time_quality": clock.quality,
        }
        facts = {name: pl.when(given).then(fact) for name, fact in facts.items()}
        return facts | ({"time_latest": clock.latest} if clock.latest is not None else {})

    def _unfit(self, one: Cell, words: pl.Series) -> BadColumnMap:
        """No value of a column can be read: what the map should say."""
        origin = self.mapping.columns[one.name]
        example = words[0][:_TEXT_SHOWN]
        return BadColumnMap(
            f"{self.source}: {self._theirs(one.name)}: {example!r} {one.wrong}, nor is any of the first {len(words):,}",
            hint=_hint(origin, one, words),
        )


def missing_columns(mapping: ColumnMap, present: Iterable[str], filled: Set[str], source: str) -> None:
    """Looks for keys that a whole file of JSON does not have: there, a key may be left out where it has no value.

    Arguments:
        mapping: the column map.
        present: names of the keys of some records.
        filled: canonical columns and fields of evidence that had a value in any record.
        source: what the error calls the file.

    Raises:
        BadColumnMap: keys that no record has.
    """
    have = dict.fromkeys(present)
    objects = {name[:end] for name in have for end in range(len(name)) if name[end] == "."}
    known = have.keys() | objects
    missing = [
        origin.names[0]
        for name, origin in (*mapping.columns.items(), *mapping.evidence.items())
        if name not in filled and not known & {*origin.names}
    ]
    missing += [name for name in mapping.where if name not in known]
    if have and missing:
        raise _missing(missing, have, source, fits=len(missing) < len(mapping.columns) + len(mapping.evidence))


def _chosen(
    where: Mapping[str, tuple[str, ...]], words: Mapping[str, tuple[pl.Expr, pl.DataType] | None]
) -> pl.Expr | None:
    tests = [text(*part).is_in(where[name]).fill_null(False) for name, part in words.items() if part is not None]
    return pl.all_horizontal(tests) if tests else None


def _cells(
    mapping: ColumnMap, said: Mapping[str, tuple[pl.Expr, pl.DataType]], zone: str | None, *, json: bool
) -> Iterator[Cell]:
    for name, (_, dtype) in said.items():
        origin = mapping.columns[name]
        yield cell(mapping.kind[name], pl.col(_said(name)), dtype, origin, mapping, zone=origin.zone or zone, json=json)


def _exploded(rows: pl.LazyFrame, is_list: bool) -> pl.LazyFrame:
    return rows.explode("value") if is_list else rows


def _said(name: str) -> str:
    return f"#{name}"


def _value(name: str) -> str:
    return f"={name}"


def _counted(counts: Any, name: str) -> Counter[str]:
    return Counter({row[name]: row["n"] for row in counts or []})


def _missing(wanted: list[str], present: Iterable[str], source: str, *, fits: bool) -> BadColumnMap:
    """Columns that are not there: all of them, with the nearest that are."""
    have = list(present)
    near = " ".join(f"{name!r}: {hint.strip()}" for name in wanted if (hint := nearest(name, have)))
    shown = ", ".join(have[:100]) or "none"
    return (BadColumnMap if fits else OtherTable)(
        f"{source}: there is no column {', '.join(map(repr, wanted))}",
        hint=f"{near + ' ' if near else ''}columns present: {shown}",
    )


_SHAPE = '{{ from = "{}", format = "%d.%m.%Y %H:%M" }}'
_MAGNITUDES = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (0, "s"))


def _hint(origin: Origin, one: Cell, words: pl.Series) -> str:
    """What a map should say of a column that it does not read."""
    theirs = origin.names[0]
    if one.clock is None:
        word = words[0][:40]
        return f'translate words with values = {{ "{word}" = .. }}, or name what means nothing: null = ["{word}"]'
    numbers = words.cast(pl.Float64, strict=False)
    if numbers.null_count() == 0:
        unit = next(unit for least, unit in _MAGNITUDES if abs(float(numbers[0])) >= least)
        return f'these look like epochs: {{ from = "{theirs}", unit = "{unit}" }}'
    forms = guesses(words.head(100))
    shape = " or ".join(f'{{ from = "{theirs}", format = "{form}" }}' for form in forms[:3])
    if len(forms) > 1:
        return f"these texts fit several formats; you know which: {shape}"
    return f"say how they are written: {shape or _SHAPE.format(theirs)}"
