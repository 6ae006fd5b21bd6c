"""Addresses and names against long lists of them."""

from __future__ import annotations

import ipaddress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.analyses.listed import How, Name, name_of, named_by, names_as_asked, network_of, within


def pairs(frame: pl.DataFrame) -> set[tuple[str, int]]:
    return set(frame.select("text", "item").iter_rows())


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("example.org", None),
        ("192.0.2.300", None),
        ("", None),
    ],
)
def test_networks_in_their_shortest_form(text: str, network: str | None) -> None:
    """RFC 4291, 2.5.5.2: IPv4-mapped addresses are those of IPv4."""
    assert network_of(text) == network


def test_an_address_lies_in_each_network_that_holds_it() -> None:
    """However it is written; what is no address lies in none, not even in all of them."""
    texts = pl.Series(["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::5", "example.org", None])
    listed = [
        (0, "10.0.0.0/8"),
        (1, "10.1.2.3/32"),
        (2, "2001:db8::/32"),
        (3, "::/0"),
        (4, "0.0.0.0/0"),
        (1, "10.1.0.0/16"),
    ]
    assert pairs(within(texts, listed)) == {
        ("10.1.2.3", 0),
        ("10.1.2.3", 1),
        ("10.1.2.3", 3),
        ("10.1.2.3", 4),
        ("::ffff:10.1.2.3", 0),
        ("::ffff:10.1.2.3", 1),
        ("::ffff:10.1.2.3", 3),
        ("::ffff:10.1.2.3", 4),
        ("2001:db8::5", 2),
        ("2001:db8::5", 3),
    }


@examples(40)
@given(
    st.lists(st.ip_addresses(v=4), min_size=1, max_size=5),
    st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), max_size=5),
)
def test_as_the_standard_library_has_it_for_ipv4(
    addresses: list[ipaddress.IPv4Address], given_networks: list[tuple[ipaddress.IPv4Address, int]]
) -> None:
    """Membership is that of `ipaddress`."""
    networks = [ipaddress.ip_network((address, length), strict=False) for address, length in given_networks]
    expected = {(str(a), n) for a in addresses for n, network in enumerate(networks) if a in network}
    found = within(pl.Series([str(a) for a in addresses]), [(n, str(network)) for n, network in enumerate(networks)])
    assert pairs(found) == expected


@examples(40)
@given(
    st.lists(st.ip_addresses(v=6), min_size=1, max_size=5),
    st.lists(st.tuples(st.ip_addresses(v=6), st.integers(1, 128)), max_size=5),
)
def test_as_the_standard_library_has_it_for_ipv6(
    addresses: list[ipaddress.IPv6Address], given_networks: list[tuple[ipaddress.IPv6Address, int]]
) -> None:
    """Membership is that of `ipaddress`."""
    networks = [ipaddress.ip_network((address, length), strict=False) for address, length in given_networks]
    expected = {(str(a), n) for a in addresses for n, network in enumerate(networks) if a in network}
    found = within(pl.Series([str(a) for a in addresses]), [(n, str(network)) for n, network in enumerate(networks)])
    assert pairs(found) == expected


def test_names_in_any_case_with_a_dot_and_in_other_alphabets() -> None:
    """RFC 5891: labels of other alphabets are asked for as A-labels."""
    texts = pl.Series(["WWW.Example.ORG.", "bücher.example", "XN--BCHER-KVA.example", None, ""])
    assert names_as_asked(texts).to_list() == [
        "www.example.org",
        "xn--bcher-kva.example",
        "xn--bcher-kva.example",
        None,
        "",
    ]


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ("name", {"example.org", "EXAMPLE.org."}),
        ("domain", {"example.org", "EXAMPLE.org.", "a.b.example.org"}),
        ("below", {"a.b.example.org"}),
    ],
)
def test_three_ways_to_name(how: How, named: set[str]) -> None:
    """`badexample.org` is another name than `example.org`."""
    texts = pl.Series(["example.org", "EXAMPLE.org.", "a.b.example.org", "badexample.org", "org", None])
    assert pairs(named_by(texts, [(7, Name("example.org", how))])) == {(text, 7) for text in named}


@pytest.mark.parametrize("text", ["", ".", "a..b", "192.0.2.1", "2001:db8::1", "a b.example", "x" * 64 + ".example"])
def test_what_is_no_name(text: str) -> None:
    """Addresses, empty and overlong labels (RFC 1035, 2.3.4), blanks."""
    assert name_of(text) is None


def test_names_with_underscores_are_names() -> None:
    """As services have them (RFC 2782)."""
    assert name_of("_ldap._tcp.Example.org") == "_ldap._tcp.example.org"
