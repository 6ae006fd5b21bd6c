"""What the ids in an offense point to: closing reasons and what they say, rules, domains, tenants, offense types."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from watchfloor.errors import UnreadableFile
from watchfloor.readers import files
from watchfloor.readers.columns.cells import VOCABULARIES
from watchfloor.readers.documents import document, has_lines, loads
from watchfloor.readers.qradar.kinds import Kind

__all__ = ["Lookups", "disposition_of", "reasons_in"]


@dataclass
class Lookups:
    """Names by id; an id that is not there stays visible as `unknown (54)`."""

    reasons: dict[int, str] = field(default_factory=dict)
    said: dict[int, str] = field(default_factory=dict)
    """Dispositions that a list of closing reasons gives itself, with a key `disposition`."""
    rules: dict[int, str] = field(default_factory=dict)
    domains: dict[int, str | None] = field(default_factory=dict)
    tenants: dict[int, str] = field(default_factory=dict)
    tenant_of: dict[int, int] = field(default_factory=dict)
    offense_types: dict[int, str] = field(default_factory=dict)
    """Names of properties: `sourceIP`, `username`."""

    def add(self, kind: Kind, records: Iterable[Any]) -> None:
        """Takes in the records of one export; those without an id are passed over."""
        for record in records:
            if isinstance(record, Mapping) and (number := _number(record.get("id"))) is not None:
                self._add(kind, number, record)

    def _add(self, kind: Kind, number: int, record: Mapping[str, Any]) -> None:
        name = str(record.get("name") or "").strip()
        match kind:
            case "closing reasons":
                self.reasons[number] = str(record.get("text") or "").strip() or f"unknown ({number})"
                if (word := record.get("disposition")) in VOCABULARIES["disposition"]:
                    self.said[number] = str(word)
            case "rules" if name:
                self.rules[number] = name
            case "domains":
                self.domains[number] = name or None  # the default domain has an empty name
                if (tenant := _number(record.get("tenant_id"))) is not None:
                    self.tenant_of[number] = tenant
            case "tenants" if name:
                self.tenants[number] = name
            case "offense types":
                self.offense_types[number] = str(record.get("property_name") or name)

    def reason(self, number: int | None) -> str | None:
        """Text of a closing reason."""
        return None if number is None else self.reasons.get(number, f"unknown ({number})")

    def disposition(self, number: int | None) -> str | None:
        """What a closing reason says; null without one."""
        if number is None:
            return None
        return self.said.get(number) or disposition_of(self.reasons.get(number, ""))

    def client(self, domain: int | None) -> str | None:
        """Tenant of a domain, else its name; null where nothing tells the domains apart."""
        if domain is None or not self.domains:
            return None
        tenant = self.tenants.get(self.tenant_of.get(domain, -1))
        return tenant or self.domains.get(domain, f"unknown ({domain})")


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else None


def disposition_of(reason: str) -> str:
    """What the text of a closing reason says, by `dispositions.toml`; `undetermined` where that says nothing."""
    exact, words = _dispositions()
    bare = _bare(reason)
    if bare in exact:
        return exact[bare]
    if {"not", "no", "non"} & set(bare.split()):
        return "undetermined"
    return next((ours for word, ours in words.items() if f" {word} " in f" {bare} "), "undetermined")


@cache
def _dispositions() -> tuple[dict[str, str], dict[str, str]]:
    text = resources.files(__package__).joinpath("dispositions.toml").read_text("utf-8")
    content = tomllib.loads(text)
    return tuple({_bare(theirs): ours for theirs, ours in content[key].items()} for key in ("reasons", "words"))  # type: ignore[return-value]


def _bare(reason: str) -> str:
    """Letters and digits, lower case, one blank between words."""
    return " ".join(re.findall(r"[^\W_]+", reason.lower()))


def reasons_in(path: Path) -> list[Any]:
    """The closing reasons of their own export: a JSON list, JSON lines, or CSV with `id` and `text`.

    Raises:
        UnreadableFile: it holds no closing reasons.
    """
    head = files.head(path)
    text = files.content(path).content.decode("utf-8-sig", errors="replace")
    if head.content.lstrip()[:1] in (b"{", b"["):
        found = _json_in(text, path, lines=has_lines(head.lines))
    else:
        found = list(csv.DictReader(text.splitlines()))
    if not any(isinstance(one, Mapping) and {"id", "text"} <= one.keys() for one in found):
        raise UnreadableFile(
            f"{path}: no closing reasons: no objects or columns with id and text",
            hint="export /siem/offense_closing_reasons?include_deleted=true&include_reserved=true",
        )
    return found


def _json_in(text: str, path: Path, *, lines: bool) -> list[Any]:
    if not lines:
        return document(text, str(path), [{"id"}, {"text"}]).records
    try:
        return [loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise UnreadableFile(f"{path}: {error}", hint="export the closing reasons again") from error
