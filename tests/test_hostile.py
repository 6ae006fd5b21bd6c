"""Hostile text: nothing hides, reorders, obeys or computes."""

from __future__ import annotations

import json
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.hostile import disarm, harmless, in_script, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ä 漢 🙂", "plain ä 漢 🙂"),
        ("\x1b[2J\x1b]0;owned\x07", "␛[2J␛]0;owned␇"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\x9b31m", "[U+009B]31m"),
        ("photo_\u202egpj.exe", "photo_[U+202E]gpj.exe"),
        ("two\r\nlines\tand a tab", "two␍⏎lines and a tab"),
        ("broken \udc80", "broken ?"),
    ],
)
def test_one_line_that_no_terminal_obeys(text: str, shown: str) -> None:
    """Control and reordering characters become visible ones."""
    assert harmless(text) == shown


@given(st.text())
def test_no_control_character_passes(text: str) -> None:
    """None of Unicode's control characters, surrogates or reordering marks is left."""
    shown = harmless(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs")]
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


def test_columns_keep_their_line_breaks() -> None:
    """In a cell a line break is harmless; the rest is not."""
    frame = pl.DataFrame({"text": ["a\tb\nc", "\x1b[2J\u202e", None]})
    assert frame.select(visible(pl.col("text"))).to_series().to_list() == ["a\tb\nc", "␛[2J[U+202E]", None]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_starts_a_formula_is_disarmed(start: str) -> None:
    """An apostrophe goes before it; within a text the same character is left alone."""
    frame = pl.DataFrame({"text": [f"{start}cmd|' /C calc'!A0", f"a{start}b", "", None]})
    assert frame.select(disarm(pl.col("text"))).to_series().to_list() == [
        f"'{start}cmd|' /C calc'!A0",
        f"a{start}b",
        "",
        None,
    ]


@given(st.text())
def test_no_text_ends_a_script_element(text: str) -> None:
    """Whatever a log says, the element that holds it goes on, and the text comes back as it was."""
    held = in_script(json.dumps([text], ensure_ascii=False))
    assert not set(held) & set("<>&\u2028\u2029")
    assert json.loads(held) == [text]
