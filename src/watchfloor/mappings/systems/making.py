"""Alerts and evidence of records, by a system's mapping."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from watchfloor.errors import AmbiguousTime
from watchfloor.instants import Instant, instant_of
from watchfloor.jsonvalues import integer
from watchfloor.mappings._mapping import Reject
from watchfloor.mappings.systems.model import Origin, System, Typed
from watchfloor.mappings.systems.paths import texts_at, values_at
from watchfloor.mappings.verdicts import Verdicts, shipped_verdicts
from watchfloor.schemas import ALERTS, EVIDENCE, REJECTS, TIME, VOCABULARIES, Tables
from watchfloor.times import Unit

__all__ = ["Maker", "Row", "alerts", "made_by"]

Row = dict[str, Any]
"""A row of a canonical table."""

_TIMES = frozenset(name for name, dtype in ALERTS.schema.items() if dtype == TIME)
_WORDS = frozenset(name for name, dtype in ALERTS.schema.items() if dtype == pl.String)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_MOST_DIGITS = 25


class Maker:
    """Makes the rows of one record after the other."""

    def __init__(self, system: System, verdicts: Verdicts | None = None, zone: str | None = None) -> None:
        """`zone` is of clock times that carry none."""
        self.system = system
        self._verdicts = verdicts or shipped_verdicts()
        self._zone = zone
        self.unknown: Counter[tuple[str, str]] = Counter()
        """Column and word, of words that the mapping does not know."""

    def __call__(self, found: Mapping[str, Any]) -> tuple[Row, list[Row]]:
        """The alert and its evidence.

        Raises:
            ValueError: what makes it no record.
            AmbiguousTime: a clock time, and no zone.
        """
        record = self.system.record_of(found)
        row: Row = dict(self.system.constants)
        bases: list[str] = []
        for name, origins in self.system.columns.items():
            for origin in origins:
                value = self._value(name, origin, record)
                if value is not None:
                    row[name] = value
                    if origin.basis is not None:
                        bases.append(f"{name.removesuffix('_time')}: {origin.basis}")
                    break
        if row.get("alert_id") is None:
            paths = ", ".join(path for origin in self.system.columns["alert_id"] for path in origin.names)
            raise ValueError(f"no id of an alert of {self.system.name} ({paths})")
        if bases:
            row["time_basis"] = "; ".join(bases)
        self._decide(row)
        return row, self._evidence(row["alert_id"], record)

    @property
    def notes(self) -> list[str]:
        """Words that the mapping does not know, for a ledger."""
        columns = sorted({column for column, _ in self.unknown})
        return [
            f"{column}: the mapping does not know "
            + ", ".join(f"{word!r} ({n:,})" for (of, word), n in self.unknown.most_common() if of == column)[:300]
            for column in columns
        ]

    def _decide(self, row: Row) -> None:
        """The disposition: by the user's own words first, then the mapping's, then the shipped ones."""
        reason, client = row.get("closing_reason"), row.get("client")
        if reason is None:
            return
        system = row.get("system")
        said = self._verdicts.own(reason, client=client, system=system) or row.get("disposition")
        row["disposition"] = said or self._verdicts.disposition(reason, client=client, system=system)

    def _value(self, name: str, origin: Origin, record: Mapping[str, Any]) -> Any:
        within = values_at(record, origin.each) if origin.each else [record]
        found: list[Any] = []
        for one in within:
            if all(_says(one, path, words) for path, words in origin.when.items()):
                value = self._time(name, origin, one) if name in _TIMES else self._plain(name, origin, one)
                if value is not None:
                    if name not in _TIMES or not origin.each:
                        return value
                    found.append(value)
        if not found:
            return None
        return min(found) if origin.pick == "first" else max(found)

    def _plain(self, name: str, origin: Origin, found: Any) -> Any:
        words: list[str] = []
        for path in origin.names:
            words += self._words(origin, found, path)
            if words and origin.join is None:
                break
        if not words:
            return None
        text = origin.join.join(dict.fromkeys(words)) if origin.join is not None else words[0]
        if origin.after is not None:
            place = text.lower().rfind(origin.after.lower())
            if place < 0:
                return None
            text = text[place + len(origin.after) :]
        if origin.before is not None:
            text = text.split(origin.before, 1)[0]
        if origin.values or name in VOCABULARIES:
            ours = origin.values.get(text.strip().lower(), origin.other)
            if ours is None and (name in VOCABULARIES or name == "severity") and not _is_number(name, text):
                if name != "disposition":  # which the closing reason decides, too
                    self.unknown[name, text[:60]] += 1
                return None
            if ours is not None:
                return _typed(name, ours, 1.0)
        value = _typed(name, text, origin.scale)
        if value is None and text:
            self.unknown[name, text[:60]] += 1
        return value

    def _words(self, origin: Origin, found: Any, path: str) -> list[str]:
        texts = texts_at(found, path)
        return [text for text in texts if text.strip().lower() not in origin.null] if origin.null else texts

    def _time(self, name: str, origin: Origin, found: Any) -> datetime | None:
        times = [
            time
            for path in origin.names
            for value in values_at(found, path)
            if not isinstance(value, dict) and (time := self._instant(name, origin, path, value)) is not None
        ]
        if not times:
            return None
        time = min(times) if origin.pick == "first" else max(times)
        if origin.plus:
            seconds = next((number for path in origin.plus for number in _numbers(found, path)), None)
            return _later(time, seconds / _PER_SECOND[origin.plus_unit]) if seconds else None
        return time

    def _instant(self, name: str, origin: Origin, path: str, value: Any) -> datetime | None:
        if isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in ("", "-", *origin.null)):
            return None
        if origin.unit is not None:
            number = _number(value)
            if number == 0:
                return None  # how several systems write that there is none
            time = _since_1970(number, origin.unit) if number is not None else None
        else:
            if value in (0, "0"):
                return None
            instant = instant_of(value, utc=origin.utc)
            time = self._settled(instant, path) if instant is not None else None
        if time is None:
            raise ValueError(f"{path} is no time ({name}): {str(value)[:100]!r}")
        return time if time.year > 1 else None  # 0001-01-01 is how .NET writes that there is none

    def _settled(self, instant: Instant, path: str) -> datetime | None:
        if instant.clock is None:
            return instant.exact
        if instant.clock.year == 1:
            return None
        if self._zone is None:
            raise AmbiguousTime(
                f"{self.system.name}: {path}: clock times without a zone, such as {instant.text[:60]!r}",
                hint="say whose clock it is: --zone Europe/Paris (zone= in Python)",
            )
        return instant.clock.replace(tzinfo=ZoneInfo(self._zone)).astimezone(UTC)

    def _evidence(self, alert_id: str, record: Mapping[str, Any]) -> list[Row]:
        facts = [
            (field, text)
            for field, paths in self.system.evidence.items()
            for path in paths
            for text in texts_at(record, path)
        ]
        for typed in self.system.typed:
            facts += _facts_of(typed, record)
        return [{"alert_id": alert_id, "field": field, "value": value} for field, value in dict.fromkeys(facts)]


def _facts_of(typed: Typed, record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in values_at(record, typed.each):
        kind = next(iter(texts_at(one, typed.kind)), "").lower()
        fields = typed.kinds.get(kind, typed.other)
        if fields is None:
            continue
        by_field = {fields: typed.value} if isinstance(fields, str) else fields
        for field, paths in by_field.items():
            for path in paths:
                yield from ((field, text) for text in texts_at(one, path))


def _says(found: Any, path: str, words: tuple[str, ...]) -> bool:
    for text in texts_at(found, path):
        for word in words:
            if word == "*" or text.lower() == word.lower() or (word == "#" and text.strip().isdecimal()):
                return True
    return False


def _is_number(name: str, text: str) -> bool:
    return name == "severity" and _number(text) is not None


def _typed(name: str, value: Any, scale: float) -> Any:
    """A value of the column's type; null where it is none."""
    if name in _WORDS:
        return str(value) if name != "title" else " ".join(str(value).split()) or None
    if name == "escalated":
        return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())
    if name == "severity":
        number = _number(value)
        return None if number is None else min(100.0, max(0.0, number * scale))
    return integer(value)


def _number(value: Any) -> float | None:
    """A number, from text too; beyond what a float holds, null."""
    if isinstance(value, bool) or (isinstance(value, str) and len(value) > _MOST_DIGITS):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _numbers(found: Any, path: str) -> Iterator[float]:
    return (number for value in values_at(found, path) if (number := _number(value)) is not None)


def _since_1970(number: float, unit: Unit) -> datetime | None:
    return _later(datetime(1970, 1, 1, tzinfo=UTC), number / _PER_SECOND[unit])


def _later(time: datetime, seconds: float) -> datetime | None:
    try:
        return time + timedelta(seconds=seconds)
    except OverflowError:
        return None


def alerts(
    system: System,
    records: Iterable[Any],
    *,
    source: str,
    verdicts: Verdicts | None = None,
    zone: str | None = None,
) -> Tables:
    """Alerts, evidence and rejects of records as the API gives them, without a file.

    Arguments:
        system: their mapping.
        records: JSON objects; their numbers from 1 are the column `record`.
        source: what the rows say they are from.
        verdicts: what words for closing an alert say.
        zone: of clock times that carry none.

    Raises:
        AmbiguousTime: clock times, and no zone.
    """
    return made_by(Maker(system, verdicts, zone), records, source=source)


def made_by(maker: Maker, records: Iterable[Any], *, source: str, first: int = 1) -> Tables:
    """The same by a maker, which knows afterwards what words it did not; `first` is the number of the first record."""
    rows: list[Row] = []
    facts: list[Row] = []
    rejected: list[Row] = []

    def reject(number: int, reason: str, record: Any) -> None:
        rejected.append({"record": number, "lines": 1, "reason": reason, "text": json.dumps(record)[:2000]})

    told: Reject = reject
    for number, record in enumerate(records, start=first):
        if not isinstance(record, Mapping):
            told(number, "no JSON object", record)
            continue
        try:
            row, evidence = maker(record)
        except ValueError as error:
            told(number, f"{error}", record)
        else:
            rows.append(row | {"record": number})
            facts += [fact | {"record": number} for fact in evidence]
    return {
        table.name: table.fill(pl.DataFrame(found, schema=table.schema), source=source)
        for table, found in ((ALERTS, rows), (EVIDENCE, facts), (REJECTS, rejected))
    }
