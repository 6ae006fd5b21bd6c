"""Registered domains, by the examples that the public-suffix list publishes for its algorithm."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.analyses.domains import registered


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("com", None),
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("com.br", None),
        ("x.com.br", "x.com.br"),
        ("www.x.com.br", "x.com.br"),
        ("example", None),
        ("a.b.example.example", "example.example"),
        ("c.ck", None),
        ("test.ck", None),
        ("b.test.ck", "b.test.ck"),
        ("a.b.test.ck", "b.test.ck"),
        ("www.ck", "www.ck"),
        ("www.www.ck", "www.ck"),
        ("city.kobe.jp", "city.kobe.jp"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("c.kobe.jp", None),
        ("b.c.kobe.jp", "b.c.kobe.jp"),
        ("ide.kyoto.jp", None),
        ("a.b.ide.kyoto.jp", "b.ide.kyoto.jp"),
        ("www.test.k12.ak.us", "test.k12.ak.us"),
        ("k12.ak.us", None),
        ("foo.github.io", "foo.github.io"),
        ("shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"),
        ("www.食狮.公司.cn", "食狮.公司.cn"),
        ("1.2.0.192.in-addr.arpa", "192.in-addr.arpa"),
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("", None),
        ("..", None),
        (None, None),
    ],
)
def test_as_the_list_says(name: str | None, domain: str | None) -> None:
    """Wildcards, exceptions, several labels, names that are not ASCII; addresses have no domain."""
    assert registered(pl.Series([name], dtype=pl.String)).to_list() == [domain]


def test_names_of_all_kinds_together() -> None:
    """Each keeps its place, whichever rules it needs; no names have no domains."""
    names = ["a.example.com", "x.y.kobe.jp", None, "b.city.kobe.jp", "com", "c.s3.amazonaws.com"]
    domains = ["example.com", "x.y.kobe.jp", None, "city.kobe.jp", None, "c.s3.amazonaws.com"]
    assert registered(pl.Series(names)).to_list() == domains
    assert registered(pl.Series([], dtype=pl.String)).to_list() == []
