"""Ends of connections as logs write them: addresses with and without a port, ports, protocols by name and number."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

__all__ = ["NAMED", "PROTOCOLS", "SENSED", "address_of", "port_of", "protocol_of"]

PROTOCOLS = {
    **{"1": "icmp", "2": "igmp", "6": "tcp", "17": "udp", "41": "ipv6", "47": "gre", "50": "esp", "51": "ah"},
    **{"58": "ipv6-icmp", "89": "ospf", "112": "vrrp", "132": "sctp"},
}
"""Protocols by their numbers (IANA)."""
_BY_SENSORS = PROTOCOLS | {"58": "icmp", "103": "pim"}
SENSED = {
    **{str(number): str(number) for number in range(256)},
    **_BY_SENSORS,
    **{name: name for name in _BY_SENSORS.values()},
    **{"icmp6": "icmp", "icmpv6": "icmp", "ipv6-icmp": "icmp"},
}
"""Names and numbers of protocols in messages of firewalls; ICMP for IPv6 is `icmp`, as sensors call it."""
NAMED = frozenset((*PROTOCOLS.values(), "icmpv6", "icmp6", "ipv4", "ip", "igrp", "eigrp", "pim", "ipip", "quic"))
"""Names of protocols on top of IP, in small letters."""
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?")
_WITH_PORT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3}):([0-9]{1,5})|\[([0-9A-Fa-f:.%]{2,45})\](?::([0-9]{1,5}))?")
_MAPPED = re.compile(r"(?i)^::ffff:(?=[0-9]+[.])")
_LONGEST = 400


def address_of(value: Any) -> tuple[str, int | None] | None:
    """An IP address with its port where that stands behind it; null for anything else.

    Of a chain of proxies (`X-Forwarded-For`) the first counts. An IPv4 address written as one of IPv6 is IPv4.
    """
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.partition(",")[0].strip()
    port: int | None = None
    if pair := _WITH_PORT.fullmatch(text):
        text = pair[1] or pair[3]
        port = port_of(pair[2] or pair[4])
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        ip_address(text)
    except ValueError:
        return None
    return _MAPPED.sub("", text), port


def port_of(value: Any) -> int | None:
    """A port, from a number or its digits."""
    if isinstance(value, bool):
        return None
    digits = str(value) if isinstance(value, int) else value
    if not isinstance(digits, str) or not re.fullmatch(r"[0-9]{1,5}", digits):
        return None
    number = int(digits)
    return number if number < 65_536 else None


def protocol_of(value: Any) -> str | None:
    """A protocol on top of IP in small letters, by its name or its number; null for others, such as HTTP."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip().lower()
    return PROTOCOLS.get(text) or (text if text in NAMED else None)
