"""QRadar: reference sets and the rule's new test in words, for its API takes no rule; and AQL that counts again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from watchfloor.reports.exclusions.entries import Entry
from watchfloor.times import hours_of

__all__ = ["text"]

_FIELDS = {
    "src_ip": ("sourceip", "Source IP", "IP"),
    "dst_ip": ("destinationip", "Destination IP", "IP"),
    "user": ("username", "Username", "ALNIC"),
    "host": ('"Hostname"', "Hostname", "ALNIC"),
    "log_source": ("LOGSOURCENAME(logsourceid)", "Log Source", "ALN"),
    "category": ("CATEGORYNAME(category)", "Low Level Category", "ALN"),
}
"""AQL, the property's name in the rule wizard, the element type of a reference set."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def text(entries: Sequence[Entry]) -> str:
    """A page of Markdown: one chapter per exclusion."""
    return "# Exclusions for QRadar\n\n" + ("\n".join(map(_chapter, entries)) or "No exclusion is recommended.\n")


def _chapter(entry: Entry) -> str:
    title, *facts = entry.head()
    sets = [_set(entry, n, condition) for n, condition in enumerate(entry.conditions, 1) if condition["op"] == "in"]
    tests = [f"- and NOT when {_test(entry, n, condition)}" for n, condition in enumerate(entry.conditions, 1)]
    joined = (
        "" if len(tests) < 2 else "Put the tests into one building block, and exclude that: all of them must hold.\n\n"
    )
    return (
        f"## {_plain(title)}\n\n"
        + "".join(f"{_plain(fact)}\n\n" for fact in facts)
        + "".join(sets)
        + joined
        + "In the Rule Wizard, add to the rule:\n\n"
        + ("\n".join(tests) or "- nothing: the whole rule is noise; disable it")
        + f"\n\nTo count again (Log Activity, Advanced Search):\n\n```sql\n{_aql(entry)}\n```\n"
    )


def _set(entry: Entry, number: int, condition: dict[str, Any]) -> str:
    kind = _FIELDS.get(condition["field"], ("", "", "ALN"))[2]
    values = "".join(f"- `{_plain(value)}`\n" for value in condition["value"])
    return f"Reference set `{entry.name}-{number}`, type {kind}, with {len(condition['value'])} elements:\n\n{values}\n"


def _test(entry: Entry, number: int, condition: dict[str, Any]) -> str:
    field, value = condition["field"], condition["value"]
    name = _FIELDS.get(field, ("", field, ""))[1]
    match condition["op"]:
        case "eq":
            return f"{name} is `{_plain(value)}`"
        case "in":
            return f"any of {name} are contained in any of the reference set `{entry.name}-{number}`"
        case "in_network":
            return f"{name} is part of the network `{value}` (network hierarchy, or a reference set of type CIDR)"
        case "matches":
            return f"{name} matches the regex `{_plain(f'^(?:{value})$')}`"
        case _:
            days, start, end = hours_of(value)
            named = "every day" if len(days) == 7 else ", ".join(_DAYS[day] for day in days)
            return (
                f"the event occurs between {start:02}:00 and {end:02}:00 UTC on {named} (the console has its own zone)"
            )


def _aql(entry: Entry) -> str:
    parts = [f"RULENAME(creeventlist) ILIKE {_string(f'%{_like(entry.rule)}%')}", *map(_where, entry.conditions)]
    where = "\n  AND ".join(parts)
    return (
        "SELECT DATEFORMAT(starttime, 'yyyy-MM-dd') AS day, COUNT(*) AS events\nFROM events\n"
        f"WHERE {where}\nGROUP BY day\nORDER BY day\nLAST 30 DAYS"
    )


def _where(condition: dict[str, Any]) -> str:
    field, value = condition["field"], condition["value"]
    name = _FIELDS.get(field, (f'"{field}"', "", ""))[0]
    match condition["op"]:
        case "eq":
            return _equals(name, value)
        case "in":
            return f"({' OR '.join(_equals(name, one) for one in value)})"
        case "in_network":
            return f"INCIDR({_string(value)}, {name})"
        case "matches":
            return f"{name} MATCHES {_string(f'^(?:{value})$')}"
        case _:
            _, start, end = hours_of(value)
            hour = "LONG(DATEFORMAT(starttime, 'HH'))"
            return f"({hour} >= {start} {'OR' if start >= end else 'AND'} {hour} < {end})  -- in the console's zone"


def _string(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _equals(name: str, value: str) -> str:
    """Equality; text that would end the block of code, or its line, by one-character wildcards."""
    return (
        f"{name} = {_string(value)}"
        if _like(value) == value.replace("%", "_")
        else f"{name} ILIKE {_string(_like(value))}"
    )


def _like(value: str) -> str:
    return "".join("_" if one in "%`" or not one.isprintable() else one for one in value)


def _plain(value: str) -> str:
    """Text of logs in Markdown."""
    return value.replace("`", "'").replace("<", "&lt;")
