"""Grok patterns of products: an example and a counter-example each, made after the products' manuals."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import polars as pl
import pytest

from watchfloor.readers.patterns.grok import compile_pattern, standard

FILES = ("standard.toml", "products.toml")
CASES = [
    (case["name"], case["text"], case["fields"], case["never"])
    for case in tomllib.loads((Path(__file__).parent / "grok_products.toml").read_text(encoding="utf-8"))["cases"]
]
"""Name of the pattern, a line, fields that must come of it, and a line that it does not match."""


@pytest.mark.parametrize(
    ("name", "text", "fields", "never"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_a_pattern_of_a_product_matches_its_lines(name: str, text: str, fields: dict[str, str], never: str) -> None:
    """From the beginning of the line; another line of that product it does not match."""
    compiled = compile_pattern(
        f"^%{{{name}}}" if not standard()[name].startswith("^") else f"%{{{name}}}", nameless=True
    )
    groups = pl.Series([text]).str.extract_groups(f"{compiled.regex}(?P<fits>)").struct.unnest().row(0, named=True)
    assert groups["fits"] is not None
    found: dict[str, str] = {}
    for capture in compiled.captures:
        if groups[capture.group] is not None:
            found.setdefault(capture.field, groups[capture.group])
    assert {field: found.get(field) for field in fields} == fields
    assert not pl.Series([never]).str.contains(compiled.regex)[0]


def test_no_name_stands_twice() -> None:
    """In two files or groups: one would hide the other."""
    folder = resources.files("watchfloor.readers.patterns")
    names = [
        name
        for file in FILES
        for group in tomllib.loads(folder.joinpath(file).read_text(encoding="utf-8")).values()
        for name in group
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z0-9_]+", name) for name in names)
