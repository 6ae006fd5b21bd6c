"""The invented organisation: two clients of one SOC, their machines, people, addresses, and the SOC's analysts.

Names end in `.example`, public addresses are those reserved for documentation and benchmarks (RFC 5737, 2544, 3849).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from watchfloor.demo.dice import Dice

__all__ = [
    "ANALYSTS",
    "AS_OF",
    "AUTOMATION",
    "CLIENTS",
    "HOSTS",
    "MONTH_START",
    "NEW_YORK",
    "PARIS",
    "PEOPLE",
    "SCANNER",
    "Client",
    "Host",
    "Site",
    "sites",
]

MONTH_START = datetime(2025, 10, 1, tzinfo=UTC)
"""The demo's month begins; it holds the end of summer time in Europe, 26 October, 01:00 UTC."""
AS_OF = datetime(2025, 10, 31, tzinfo=UTC)
"""The instant at which the SIEM was exported: 30 days later."""

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"


@dataclass(frozen=True)
class Client:
    """One client of the SOC."""

    name: str
    domain_id: int
    tenant_id: int
    dns: str
    short: str
    """How the names of its machines begin."""
    net: str
    """First two numbers of its addresses."""


CLIENTS = (
    Client("Tannenreuth Logistics", 11, 1, "tannenreuth.example", "TR", "10.20"),
    Client("Quillmere Health", 12, 2, "quillmere.example", "QH", "10.30"),
)

PEOPLE = (
    *("m.halloran", "c.desrousseaux", "j.okwuosa", "p.lindqvist", "a.verbruggen", "s.iwamoto", "l.castellane"),
    *(
        "d.abernethy",
        "r.mikhalov",
        "e.tollefsen",
        "n.bouchard",
        "k.wisniewska",
        "f.oduya",
        "g.santangelo",
        "h.breitner",
    ),
    *("t.ashworth", "v.moreau", "y.karadeniz", "b.fairweather", "o.hjelm", "i.radulescu", "q.pemberton", "u.steinfeld"),
    "w.almeida",
)
"""Account names; m.halloran is the one who clicks."""

ANALYSTS = ("ines.varga", "oskar.lund", "priya.nandan", "teo.marchetti", "ruth.adeyemi")
AUTOMATION = "API_user: closing-robot"
"""How QRadar shows who closed with an authorised service token."""

SCANNER = f"{CLIENTS[0].net}.8.5"
"""The vulnerability scanner, whose work looks like an attack."""


@dataclass(frozen=True)
class Host:
    """One machine of the first client."""

    name: str
    ip: str
    windows: bool
    user: str
    """Whose machine it is; root or administrator where nobody's."""


def _hosts() -> tuple[Host, ...]:
    net = CLIENTS[0].net
    desks = [
        Host(f"TR-WS-{i:03}", f"{net}.4.{10 + i}", True, PEOPLE[(i - 14) % len(PEOPLE)]) for i in range(1, 27)
    ]  # TR-WS-014 is m.halloran's
    servers = [
        Host(name, f"{net}.2.{20 + i}", True, "administrator") for i, name in enumerate(("TR-FS-01", "TR-DC-01"))
    ]
    names = (
        *("par-web-01", "par-web-02", "par-db-01", "par-db-02", "par-app-01", "par-app-02", "par-app-03", "par-nas-01"),
        *("par-bastion-01", "par-proxy-01", "par-ci-01", "par-mail-01"),
    )
    linux = [Host(name, f"{net}.6.{10 + i}", False, "root") for i, name in enumerate(names)]
    return (*desks, *servers, *linux)


HOSTS = _hosts()
"""The 40 machines that were scanned: 26 workstations, 2 Windows servers, 12 Linux servers."""


@dataclass(frozen=True)
class Site:
    """A web site that people visit."""

    name: str
    hosts: tuple[str, ...]
    """Names that a page of it loads from."""
    addresses: tuple[str, ...]


_FIRST = (
    *("amber", "birch", "cobalt", "dapple", "ember", "fallow", "garnet", "hazel", "indigo", "juniper", "kestrel"),
    *(
        "larch",
        "maple",
        "nettle",
        "ochre",
        "pebble",
        "quartz",
        "russet",
        "sable",
        "teasel",
        "umber",
        "violet",
        "willow",
    ),
)
_SECOND = (
    *("anchor", "bridge", "courier", "dial", "engine", "foundry", "gazette", "harbour", "index", "journal", "kiln"),
    *("ledger", "market", "notice", "office", "press", "quarry", "registry", "studio", "tavern"),
)
_PARTS = ("www", "cdn", "img", "api", "static", "login", "fonts", "metrics")
_NETS = ("198.18.7", "198.18.21", "198.18.40", "198.18.96", "198.19.12", "198.19.100", "198.19.200")


def sites(dice: Dice, count: int) -> tuple[Site, ...]:
    """Invented web sites, the most visited first; some share addresses, as sites behind one provider do."""
    names = dice.some([f"{first}{second}" for first in _FIRST for second in _SECOND], count)
    shared = [f"{net}.{n}" for net in _NETS for n in range(10, 200)]
    return tuple(
        Site(
            name=f"{name}.example",
            hosts=tuple(f"{part}.{name}.example" for part in _PARTS[: dice.whole(2, len(_PARTS))]),
            addresses=tuple(dice.pick(shared) for _ in range(dice.whole(1, 3))),
        )
        for name in names
    )
