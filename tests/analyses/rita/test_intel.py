"""Threat-intelligence files."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from watchfloor.analyses.listed import Name
from watchfloor.analyses.rita.intel import Intel, intel_of
from watchfloor.errors import BadOption


def test_a_line_is_an_address_or_a_domain(tmp_path: Path) -> None:
    """Comments and blank lines are nothing; pages and hashes are ignored and counted; networks, unlike RITA, count."""
    feed = tmp_path / "feed.txt"
    feed.write_text(
        "# c\n// c\n<!-- c\n\n 198.51.100.1 \n2001:DB8::1\nbad.example.org\n10.0.0.0/8\nhttps://x.example/\n"
    )
    found = intel_of([feed])
    assert found.networks == {"198.51.100.1/32", "2001:db8::1/128", "10.0.0.0/8"}
    assert found.names == {Name("bad.example.org", "name")}
    assert found.said.endswith("1 lines of the threat intelligence are neither an address nor a domain.")


def test_an_address_is_known_however_it_is_written() -> None:
    """IPv6 in any form; a name to the letter; a registrable domain by any name below it."""
    listed = frozenset({Name("a.b.example.co.uk", "name")})
    intel = Intel(frozenset({"2001:db8::1/128", "198.51.100.1/32"}), listed)
    hosts = pl.Series(["2001:db8:0:0::1", "198.51.100.1", "198.51.100.10", "no address", None])
    assert intel.has_address(hosts).to_list() == [True, True, False, False, False]
    names = pl.Series(["a.b.example.co.uk", "A.b.example.co.uk", "b.example.co.uk", None])
    assert intel.has_domain(names).to_list() == [True, False, False, False]
    domains = pl.DataFrame({"n": ["example.co.uk", "co.uk"]})
    assert domains.select(intel.has_registrable(pl.col("n"))).to_series().to_list() == [True, False]


def test_nothing_is_known_without_a_file() -> None:
    """An empty list knows no one."""
    assert intel_of([]).has_address(pl.Series(["198.51.100.1"])).to_list() == [False]


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "feed.bin").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BadOption, match=r"feed\.bin"):
        intel_of([tmp_path / "feed.bin"])
