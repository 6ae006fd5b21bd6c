"""The invented organisation is invented: nobody real is named, no address is anybody's."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from watchfloor.demo.dice import Dice
from watchfloor.demo.names import CLIENTS, HOSTS, SCANNER, sites

RESERVED = [
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "0.0.0.0/32")
]


def test_forty_machines_with_names_and_addresses_of_their_own() -> None:
    """28 Windows, 12 Linux."""
    assert len({host.name for host in HOSTS}) == len({host.ip for host in HOSTS}) == len(HOSTS) == 40
    assert sum(host.windows for host in HOSTS) == 28
    assert all(host.ip.startswith(CLIENTS[0].net) for host in HOSTS)
    assert SCANNER not in {host.ip for host in HOSTS}


def test_sites_are_many_and_in_the_reserved_domain() -> None:
    """320 sites, each with names under its own."""
    web = sites(Dice(7, "test"), 320)

    assert len({site.name for site in web}) == 320
    assert all(name.endswith(f".{site.name}") and site.name.endswith(".example") for site in web for name in site.hosts)


def test_every_address_and_name_in_the_demo_is_reserved(folder: Path) -> None:
    """Public addresses are those for documentation and benchmarks, web addresses and mails end in .example."""
    strangers: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found = set(re.findall(r"(?<![\w.\-/])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w.])", text))
            strangers |= {ip for ip in found if not any(ipaddress.ip_address(ip) in net for net in RESERVED)}
            names = set(re.findall(r"(?:https?://|@)([\w\-]+\.[\w.\-]+)", text))
            strangers |= {name for name in names if not name.endswith(".example")}

    assert strangers == set()
