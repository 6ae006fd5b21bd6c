"""Offenses as the API gives them, taken apart: a row of typed fields each, and what is in their lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from watchfloor.jsonvalues import clean
from watchfloor.mappings._mapping import Reject

__all__ = ["DESTINATION_ID", "SOURCE_ID", "STATUS", "Offenses"]

_TIMES = ("close_time", "start_time", "last_updated_time", "first_persisted_time", "last_persisted_time")
_NUMBERS = ("closing_reason_id", "domain_id", "offense_type", "event_count", *_TIMES)
_LATEST = 253_402_300_800_000
"""The end of the year 9999, milliseconds."""
_WORDS = ("description", "status", "assigned_to", "closing_user", "offense_source", "source_network")
_ENGINE = "EventCRE"
"""Type of the log source through which QRadar's Custom Rule Engine writes its own events."""
SOURCE_ID, DESTINATION_ID = "source_address_id", "destination_address_id"
_BLOCK = "BUILDING_BLOCK_RULE"
STATUS = {"OPEN": "open", "HIDDEN": "open", "CLOSED": "closed"}

FIELDS = pl.Schema(
    {"record": pl.Int64(), "id": pl.Int64()}
    | dict.fromkeys(_NUMBERS, pl.Int64())
    | dict.fromkeys(_WORDS, pl.String())
    | {"magnitude": pl.Float64(), "follow_up": pl.Boolean()}
)
"""What is taken from an offense, with its types, in the order of `cleaned`."""
FACTS = pl.Schema({"record": pl.Int64(), "field": pl.String(), "value": pl.String()})
"""What is taken from its lists: one row a value."""


@dataclass(frozen=True)
class Offenses:
    """The offenses of one file, or of one answer."""

    rows: pl.DataFrame
    facts: pl.DataFrame

    @classmethod
    def of(cls, records: Iterable[tuple[int, Any]], reject: Reject) -> Offenses:
        """The records that are offenses; `reject` is told number, reason and record of the others.

        One record after the other, each looked at once: column by column takes twice the time, since the records of a
        large answer fit no cache.
        """
        rows: list[tuple[Any, ...]] = []
        facts: list[_Fact] = []
        for number, record in records:
            try:
                row = cleaned(record, number)
                of_row = _facts(record)
            except ValueError as error:
                reject(number, f"{error}", record)
            else:
                rows.append(tuple(row.values()))
                facts += [(number, field, value) for field, value in of_row]
        return cls(_frame(rows, FIELDS), _frame(facts, FACTS))

    def only(self, rows: pl.DataFrame) -> Offenses:
        """Some of the rows, with their facts."""
        return Offenses(rows, self.facts.join(rows.select("record"), on="record", how="semi", maintain_order="left"))


_Fact = tuple[int, str, str]
"""Record, field and value."""


def _frame(rows: Sequence[tuple[Any, ...]], schema: pl.Schema) -> pl.DataFrame:
    """Column by column: `zip(*rows)` would make an iterator of each of a million rows."""
    series = [pl.Series(name, [row[at] for row in rows], dtype) for at, (name, dtype) in enumerate(schema.items())]
    return pl.DataFrame(series)


def cleaned(found: Any, record: int) -> dict[str, Any]:
    """The fields of an offense; keys may be missing where they would be null, others are passed over.

    Raises:
        ValueError: what makes it no offense.
    """
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - what is wrong is the record, not a type of ours
    if "http_response" in found:
        raise ValueError(
            f"an error of the API in place of an offense: {found.get('message') or found['http_response']}"
        )
    row: dict[str, Any] = {"record": record, "id": _whole(found, "id")}
    if row["id"] is None:
        raise ValueError("an offense without an id")
    row |= {name: _whole(found, name) for name in _NUMBERS}
    if wrong := next((name for name in _TIMES if not 0 <= (row[name] or 0) < _LATEST), None):
        raise _wrong(found, wrong, "no time in milliseconds since 1970")
    row |= {name: _word(found, name) for name in _WORDS}
    if row["status"] is not None and row["status"].upper() not in STATUS:
        raise ValueError(f"the status {row['status'][:100]!r} is none of {', '.join(STATUS)}")
    return row | {"magnitude": _number(found, "magnitude"), "follow_up": _flag(found, "follow_up")}


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is in its lists; rules before building blocks, since an offense names both.

    Raises:
        ValueError: what is no such list.
    """
    rules = _objects(found, "rules")
    if len(rules) > 1:
        rules = sorted(rules, key=lambda rule: rule.get("type") == _BLOCK)
    return [
        *(("category", category) for category in _words(found, "categories")),
        # QRadar's own engine is a log source of nearly every offense, and says nothing of any.
        *(
            ("log_source", name)
            for source in _objects(found, "log_sources")
            if (name := _word(source, "name")) and source.get("type_name") != _ENGINE
        ),
        *(("destination_network", network) for network in _words(found, "destination_networks")),
        *(("rule_id", f"{number}") for rule in rules if (number := _whole(rule, "id")) is not None),
        *((SOURCE_ID, f"{number}") for number in _numbers(found, "source_address_ids")),
        *((DESTINATION_ID, f"{number}") for number in _numbers(found, "local_destination_address_ids")),
    ]


def _wrong(found: Mapping[str, Any], name: str, what: str) -> ValueError:
    return ValueError(f"{name} is {what}: {str(found[name])[:100]!r}")


def _whole(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    if value is None or (type(value) is int and -(2**63) < value < 2**63):
        return value
    if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise _wrong(found, name, "no whole number")
    return value


def _number(found: Mapping[str, Any], name: str) -> float | None:
    value = found.get(name)
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
        raise _wrong(found, name, "no number")
    return None if value is None else float(value)


def _flag(found: Mapping[str, Any], name: str) -> bool | None:
    value = found.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong(found, name, "neither true nor false")
    return value


def _word(found: Mapping[str, Any], name: str) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise _wrong(found, name, "no text")
    text = clean(str(value))
    return text if text.strip() else None


def _words(found: Mapping[str, Any], name: str) -> list[str]:
    value = found.get(name)
    if not value:
        return []
    if not isinstance(value, list):
        raise _wrong(found, name, "no list")
    return [clean(str(one)) for one in value if one is not None and str(one).strip()]


def _numbers(found: Mapping[str, Any], name: str) -> list[int]:
    value = found.get(name)
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(one, int) for one in value):
        raise _wrong(found, name, "no list of ids")
    return value


def _objects(found: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    value = found.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _wrong(found, name, "no list of objects")
    return value
