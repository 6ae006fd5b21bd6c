"""The list of those who ask for many names for a good reason."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from watchfloor.analyses.heavy import Heavy, load_heavy, with_known
from watchfloor.errors import BadOption


def known_as(*names: str, domain: str, entries: tuple[Heavy, ...] | None = None) -> str | None:
    """What a client that asked for these names is known as."""
    asked = pl.DataFrame({"src_ip": ["10.0.0.1"] * len(names), "domain": [domain] * len(names), "name": names})
    rows = asked.select("src_ip", "domain").unique()
    [row] = with_known(rows, asked, load_heavy() if entries is None else entries).to_dicts()
    assert (row["known"] is None) == (row["known_reason"] is None)
    found: str | None = row["known"]
    return found


def test_every_entry_has_a_reason_and_no_domain_stands_twice() -> None:
    """In small letters, without dots around."""
    entries = load_heavy()
    domains = [domain for entry in entries for domain in entry.domains]
    assert len(domains) == len(set(domains))
    assert all(domain == domain.lower().strip(".") and "." in domain for domain in domains)
    assert all(entry.kind and entry.reason for entry in entries)


def test_a_listed_domain_and_those_below_it_are_known() -> None:
    """But not one that ends in the same letters."""
    assert known_as("2.0.0.127.zen.spamhaus.org", domain="spamhaus.org") == "DNS blocklists"
    assert known_as("d1.cloudfront.net", domain="d1.cloudfront.net") == "CDN"
    assert known_as("a.notspamhaus.org", domain="notspamhaus.org") is None


def test_reverse_names_must_look_like_those() -> None:
    """A tunnel in a reverse zone is not excused."""
    reverse = [f"{n}.2.0.192.in-addr.arpa" for n in range(30)]
    assert known_as(*reverse, domain="192.in-addr.arpa") == "reverse look-ups"
    assert known_as(*reverse, *(f"x{n:040x}.192.in-addr.arpa" for n in range(30)), domain="192.in-addr.arpa") is None
    assert known_as("1.0.0.0." * 8 + "ip6.arpa", domain="0.ip6.arpa") == "reverse look-ups"
    assert known_as("6f6e65.8.b.d.0.1.0.0.2.ip6.arpa", domain="2.ip6.arpa") is None


def test_a_list_of_the_user(tmp_path: Path) -> None:
    """Instead of the shipped one; an empty list knows nobody."""
    file = tmp_path / "known.toml"
    file.write_text('[[known]]\nkind = "ours"\nreason = "build cache"\ndomains = ["Cache.example"]\n')
    assert known_as("a.cache.example", domain="cache.example", entries=load_heavy(file)) == "ours"
    assert known_as("a.cache.example", domain="cache.example", entries=()) is None


@pytest.mark.parametrize(
    "text",
    [
        "known = 1",
        "[[known]]\nkind = 'x'",
        "[[known]]\nkind = 'x'\nreason = 'y'\ndomains = 'z'",
        "[[known]]\nkind = 'x'\nreason = 'y'\ndomains = ['z']\nnames = '('",
        "[[known]]\nkind = 'x'\nreason = 'y'\ndomains = ['z']\nnmes = 'z'",
        "[[known]]\nkind = 'x'\nreason = 'y'\ndomains = [1]",
        "[[known",
        "",
    ],
)
def test_what_is_no_list_says_so(tmp_path: Path, text: str) -> None:
    """With the file's name, and what to write."""
    file = tmp_path / "known.toml"
    file.write_text(text)
    with pytest.raises(BadOption, match=r"known\.toml"):
        load_heavy(file)


def test_a_missing_list_says_so(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(BadOption, match="nowhere"):
        load_heavy(tmp_path / "nowhere.toml")
