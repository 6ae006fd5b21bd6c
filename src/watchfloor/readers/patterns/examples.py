"""The examples of a pattern, run: what was expected, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor.readers._reader import Options
from watchfloor.readers.patterns.files import Example, Pattern
from watchfloor.readers.patterns.messages import Messages
from watchfloor.readers.patterns.reading import Parser

__all__ = ["Difference", "Outcome", "run_examples"]

_ZONE_OF_EXAMPLES = "UTC"
"""Clock times in examples of a pattern that declares no zone are read in this one."""


@dataclass(frozen=True)
class Difference:
    """One field that is not as the example says."""

    field: str
    expected: Any
    found: Any


@dataclass(frozen=True)
class Outcome:
    """What came of one example."""

    number: int
    """Counted from 1."""
    text: str
    differences: tuple[Difference, ...] = ()
    trouble: str | None = None
    """Why the example is wrong as a whole: it fits no pattern, or one although it is to be rejected."""

    @property
    def passed(self) -> bool:
        """Whether all is as the example says."""
        return not self.differences and self.trouble is None


def run_examples(pattern: Pattern) -> tuple[Outcome, ...]:
    """Runs every example. Times without a year are of this year."""
    return tuple(_run(pattern, example, number) for number, example in enumerate(pattern.examples, 1))


def _run(pattern: Pattern, example: Example, number: int) -> Outcome:
    found, reason = _understood(pattern, example.text)
    if example.rejected:
        return Outcome(number, example.text, trouble=None if reason else "it is to be rejected, but it fits")
    if reason or found is None:
        return Outcome(number, example.text, trouble=reason or "there is no record in it")
    differences = [
        Difference(field, _plain(expected), _plain(found.get(field)))
        for field, expected in example.fields.items()
        if _plain(expected) != _plain(found.get(field))
    ]
    differences += [
        Difference(field, None, _plain(found[field])) for field in example.absent if found.get(field) is not None
    ]
    unknown = [field for field in (*example.fields, *example.absent) if field not in found]
    if unknown:
        return Outcome(
            number,
            example.text,
            trouble=f"the pattern has no field {', '.join(map(repr, unknown))}; its fields: {', '.join(found)}",
        )
    return Outcome(number, example.text, tuple(differences))


def _understood(pattern: Pattern, text: str) -> tuple[dict[str, Any] | None, str | None]:
    """The fields of an example, or why it is rejected."""
    path, options = Path("[[examples]]"), Options(zone=pattern.zone or _ZONE_OF_EXAMPLES)
    found: dict[str, Any] | None = None
    reason: str | None = None
    if pattern.applies_to != "message":
        parser = Parser(pattern, path, options, all_fields=True)
        found, reason = parser.understood(_records(parser, text))
    if pattern.applies_to == "message" or (pattern.of_messages and reason):
        return Messages(path, options, pattern).understood(text)
    return found, reason


def _records(parser: Parser, text: str) -> pl.DataFrame:
    """The example as records: its lines, joined where the pattern joins them, headers taken away."""
    lines = pl.DataFrame({"text": text.removesuffix("\n").split("\n")}).with_columns(
        record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), lines=pl.lit(1, pl.Int64)
    )
    if (begins := parser.begins) is not None:
        lines = (
            lines.with_columns(of=begins.cum_sum())
            .group_by("of", maintain_order=True)
            .agg(pl.col("record").first(), pl.col("text").str.join("\n"), pl.col("lines").sum())
            .drop("of")
        )
    if (skips := parser.skips) is not None:
        lines = lines.filter(~skips)
    return parser.prepare(lines) if parser.header else lines


def _plain(value: Any) -> Any:
    """A value as it is compared and shown: an instant as text, a number as a number."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, pl.Series):
        return value.to_list()
    return list(value) if isinstance(value, tuple) else value
