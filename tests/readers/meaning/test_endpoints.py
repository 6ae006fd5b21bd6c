"""Addresses, ports and protocols as logs write them."""

from __future__ import annotations

from typing import Any

import pytest

from watchfloor.readers.meaning.endpoints import address_of, port_of, protocol_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.7", ("192.0.2.7", None)),
        ("192.0.2.7:443", ("192.0.2.7", 443)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("::ffff:192.0.2.7", ("192.0.2.7", None)),
        ("192.0.2.7, 198.51.100.1", ("192.0.2.7", None)),
        (["192.0.2.7", "198.51.100.1"], ("192.0.2.7", None)),
        ("192.0.2.700", None),
        ("cloudtrail.amazonaws.com", None),
        ("12:30:45", None),
        ("10.0.0.0/8", None),
        ("", None),
        ([], None),
        (True, None),
        (3221225991, None),
    ],
)
def test_addresses(written: Any, meant: tuple[str, int | None] | None) -> None:
    """With and without a port, the first of a chain; what is none stays what it is."""
    assert address_of(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"), [(443, 443), ("443", 443), (0, 0), ("65536", None), (-1, None), (True, None), ("http", None)]
)
def test_ports(written: Any, meant: int | None) -> None:
    """16 bits, as a number or its digits."""
    assert port_of(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("TCP", "tcp"), (6, "tcp"), ("17", "udp"), ("58", "ipv6-icmp"), ("HTTP/1.1", None), (True, None)],
)
def test_protocols(written: Any, meant: str | None) -> None:
    """By name or number (IANA); what travels in TCP is none."""
    assert protocol_of(written) == meant
