"""An exclusion: a rule and conditions joined by and; anyone can apply it to alerts and count again."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from watchfloor.errors import BadOption
from watchfloor.times import hours_of

__all__ = ["Condition", "Exclusion", "Op", "in_hours", "in_network", "matching", "matching_of_rule"]

Op = Literal["eq", "in", "in_network", "matches", "hours"]

_SHOWN = 3
"""So many values of a list stand in a sentence."""


@dataclass(frozen=True)
class Condition:
    """One condition on an alert."""

    field: str
    """A field of EVIDENCE, or `created_time` for hours."""
    op: Op
    value: str | tuple[str, ...]
    """A text; several for `in`; for `hours` `Mon-Fri 22:00-06:00`, UTC, the end left out."""

    def plain(self) -> dict[str, str | list[str]]:
        """As JSON carries it."""
        value = self.value if isinstance(self.value, str) else list(self.value)
        return {"field": self.field, "op": self.op, "value": value}

    def __str__(self) -> str:
        match self.op:
            case "eq":
                return f"{self.field} = {self.value}"
            case "in":
                more = len(self.value) - _SHOWN
                return f"{self.field} in {', '.join(self.value[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"
            case "in_network":
                return f"{self.field} in network {self.value}"
            case "matches":
                return f"{self.field} matches {self.value}"
            case "hours":
                return f"{self.value} UTC"

    @property
    def label(self) -> str:
        """In few words, for charts: of a list the first value."""
        if self.op == "in" and not isinstance(self.value, str) and len(self.value) > 1:
            return f"{self.field} {self.value[0]} and {len(self.value) - 1} more"
        return str(self)


@dataclass(frozen=True)
class Exclusion:
    """Alerts of one rule that meet all conditions; without conditions all alerts of the rule."""

    rule: str
    conditions: tuple[Condition, ...] = ()

    def json(self) -> str:
        """The conditions as JSON text."""
        return json.dumps([condition.plain() for condition in self.conditions], ensure_ascii=False)

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "every alert of the rule"

    @property
    def label(self) -> str:
        """In few words, for charts, what tells most first: charts cut the end."""
        return f"{' and '.join(one.label for one in self.conditions) or 'every alert'} ({self.rule})"

    def shape(self) -> tuple[str, tuple[tuple[str, Op], ...], tuple[str | tuple[str, ...], ...]]:
        """What makes two exclusions of different days the same: a list of values may have grown meanwhile."""
        kinds = tuple((condition.field, condition.op) for condition in self.conditions)
        return self.rule, kinds, tuple(c.value for c in self.conditions if c.op != "in")


def matching(exclusion: Exclusion, alerts: pl.DataFrame, facts: pl.DataFrame) -> pl.Series:
    """Rows that an exclusion removes, sorted.

    Arguments:
        exclusion: whose rule is compared as text.
        alerts: `row`, `rule`, `time`.
        facts: `row`, `rule`, `field`, `value`: an alert meets a condition with any of its values of the field.
    """
    of_rule = pl.col("rule") == exclusion.rule
    return matching_of_rule(
        exclusion.conditions, alerts.filter(of_rule), facts.filter(of_rule) if exclusion.conditions else facts.clear()
    )


def matching_of_rule(conditions: Iterable[Condition], alerts: pl.DataFrame, facts: pl.DataFrame) -> pl.Series:
    """The same, of alerts and evidence of one rule only."""
    rows = alerts.select("row", "time")
    for condition in conditions:
        if condition.op == "hours":
            rows = rows.filter(in_hours(pl.col("time"), str(condition.value)))
            continue
        have = facts.filter(pl.col("field") == condition.field, _met(condition)).select("row")
        rows = rows.join(have, on="row", how="semi")
    return rows["row"].sort()


def in_hours(time: pl.Expr, window: str) -> pl.Expr:
    """Whether an instant lies in a window such as `Mon-Fri 22:00-06:00`; a window over midnight belongs to the day on
    which it begins.

    Raises:
        BadOption: a window that cannot be read.
    """
    days, start, end = hours_of(window)
    hour = time.dt.hour()
    over = start >= end
    inside = (hour >= start) | (hour < end) if over else (hour >= start) & (hour < end)
    if len(days) == 7:
        return inside
    # What comes after midnight counts to the day before.
    day = (time.dt.offset_by(f"-{end}h") if over else time).dt.weekday() - 1
    return inside & day.is_in(days)


def in_network(value: pl.Expr, network: str) -> pl.Expr:
    """Whether a text is an address of a network.

    Raises:
        BadOption: a network that cannot be read.
    """
    try:
        net = ipaddress.ip_network(network)
    except ValueError as error:
        raise BadOption(f"{network!r} is no network", hint="10.1.2.0/24 or 2001:db8::/64") from error

    def inside(texts: pl.Series) -> pl.Series:
        # Distinct values only, which are few.
        inner = [text for text in texts.unique() if _in(net, text)]
        return texts.is_in(pl.Series(inner, dtype=pl.String).implode())

    return value.map_batches(inside, return_dtype=pl.Boolean)


def _in(net: ipaddress.IPv4Network | ipaddress.IPv6Network, text: str | None) -> bool:
    try:
        return text is not None and ipaddress.ip_address(text) in net
    except ValueError:
        return False


def _met(condition: Condition) -> pl.Expr:
    value = pl.col("value")
    match condition.op:
        case "eq":
            return value == condition.value
        case "in":
            return value.is_in(pl.Series(_several(condition.value)).implode())
        case "in_network":
            return in_network(value, str(condition.value))
        case "matches":
            return value.cast(pl.String).str.contains(f"^(?:{condition.value})$")
        case "hours":
            raise AssertionError("hours are no evidence")


def _several(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
