"""Registrable domains, as measured on ClickHouse 26.9 (the reference, section 1.14)."""

from __future__ import annotations

import polars as pl
import pytest

from watchfloor.analyses.rita.domains import registrable


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("www.google.com", "google.com"),
        ("a.b.co.uk", "b.co.uk"),
        ("x.com.br", "x.com.br"),
        ("x.y.s3.amazonaws.com", "amazonaws.com"),
        ("foo.github.io", "foo.github.io"),
        ("com", ""),
        ("ce7.stearns.org:8000", "stearns.org"),
        ("104.131.28.214", "28.214"),
        ("WWW.Example.ORG", "Example.ORG"),
        ("co.uk", "co.uk"),
        ("a b.example.org", ""),
        ("", ""),
    ],
)
def test_a_name_is_cut(name: str, domain: str) -> None:
    """Three labels where the last two are a public suffix, else two; case is kept."""
    assert pl.select(registrable(pl.lit(name))).item() == domain
