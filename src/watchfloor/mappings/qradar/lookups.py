"""What the ids in an offense point to: closing reasons and what they say, rules, domains, tenants, offense types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from watchfloor.mappings.verdicts import Verdicts, shipped_verdicts
from watchfloor.schemas import VOCABULARIES

__all__ = ["Kind", "Lookups"]

Kind = Literal[
    "closing reasons",
    "rules",
    "rule contributions",
    "domains",
    "tenants",
    "offense types",
    "source addresses",
    "local destination addresses",
]
"""Lists of the API that name what offenses hold as ids."""


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
    sources: dict[int, str] = field(default_factory=dict)
    """Source addresses."""
    destinations: dict[int, str] = field(default_factory=dict)
    """Local destination addresses; remote ones have no ids."""
    verdicts: Verdicts = field(default_factory=shipped_verdicts)
    """What closing reasons say."""

    def add(self, kind: Kind, records: Iterable[Any]) -> None:
        """Takes in the records of one list of the API; those without an id are passed over."""
        for record in records:
            key = "rule_id" if kind == "rule contributions" else "id"
            if isinstance(record, Mapping) and (number := _number(record.get(key))) is not None:
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
            case "rule contributions" if rule := str(record.get("rule_name") or "").strip():
                self.rules.setdefault(number, rule)
            case "source addresses" if address := record.get("source_ip"):
                self.sources[number] = str(address)
            case "local destination addresses" if address := record.get("local_destination_ip"):
                self.destinations[number] = str(address)
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

    def disposition(self, number: int | None, client: str | None = None) -> str | None:
        """What a closing reason says of an offense of a client; null without one."""
        if number is None:
            return None
        return self.said.get(number) or self.verdicts.disposition(
            self.reasons.get(number, ""), client=client, system="qradar"
        )

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
