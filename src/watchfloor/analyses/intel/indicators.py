"""What threat intelligence can say about network logs: an address, a name, and what was not usable, with its reason."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from watchfloor.analyses.allowing.entries import Port
from watchfloor.analyses.listed import How, Name, name_of, network_of

__all__ = ["Feed", "Indicator", "address_of", "host_of", "listed_name", "refanged", "with_port"]

_LONGEST = 4_096
"""Characters of a value that are looked at; nothing that is longer is an indicator."""


class Indicator(NamedTuple):
    """What is bad: all of these together."""

    address: str | None = None
    """A network, as `network_of` gives it; of either end."""
    name: Name | None = None
    port: Port | None = None

    def __str__(self) -> str:
        address = self.address and self.address.removesuffix("/32" if "." in self.address else "/128")
        name = self.name and ("*." if self.name.how == "below" else "") + self.name.text
        return " and ".join(part for part in (address, name, self.port and f"port {self.port}") if part)


@dataclass
class Feed:
    """A file, and what it lists."""

    source: str
    kind: str
    """`list`, `CSV`, `STIX 2.1` or `MISP`."""
    indicators: dict[Indicator, None] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)
    """How many indicators cannot be used, by reason."""
    noted: Counter[str] = field(default_factory=Counter)
    """How many are used otherwise than they were meant, by what was done."""

    def add(self, indicator: Indicator | None, otherwise: str) -> None:
        """Takes an indicator; without one counts the reason."""
        if indicator is None:
            self.unused[otherwise] += 1
        else:
            self.indicators[indicator] = None


def refanged(text: str) -> str:
    """A value as it was before somebody made it harmless: `hxxp://192.0.2[.]7` names 192.0.2.7."""
    text = text.strip()[:_LONGEST]
    for harmless, meant in (("[.]", "."), ("(.)", "."), ("[:]", ":"), ("[dot]", "."), ("[://]", "://")):
        text = text.replace(harmless, meant)
    return re.sub(r"^hxxp", "http", text, flags=re.IGNORECASE)


def address_of(text: str) -> Indicator | None:
    """An address or network."""
    network = network_of(refanged(text))
    # A feed that lists everything lists nothing.
    return Indicator(address=network) if network and not network.endswith("/0") else None


def listed_name(text: str, how: How = "name") -> Indicator | None:
    """A name of two labels or more; `*.example.org` is what is below it."""
    text = refanged(text)
    name = name_of(text.removeprefix("*."))
    if name is None or "." not in name:
        return None
    return Indicator(name=Name(name, "below" if text.startswith("*.") else how))


def host_of(text: str) -> Indicator | None:
    """The host of the address of a page."""
    match = re.match(
        r"[A-Za-z][A-Za-z0-9+.-]{0,20}://(?:[^/?#@]{0,300}@)?(\[[^\]]{0,60}\]|[^/?#:]{1,300})", refanged(text)
    )
    host = match[1].strip("[]") if match else ""
    return address_of(host) or listed_name(host)


def with_port(text: str) -> tuple[Indicator, int] | None:
    """`192.0.2.7:443`, `[2001:db8::1]:443`, `example.org:443`, or with `|`: what is before it, and the port."""
    match = re.fullmatch(
        r"(\[[0-9A-Fa-f:.]{2,60}\]|[^|\[\]:]{1,300}|[0-9A-Fa-f:.]{2,60}(?=\|))[:|]([0-9]{1,5})", refanged(text)
    )
    if match is None or int(match[2]) > 65_535:
        return None
    host = match[1].strip("[]")
    found = address_of(host) or listed_name(host)
    return (found, int(match[2])) if found else None
