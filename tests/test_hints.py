"""Hints name the nearest word."""

from __future__ import annotations

from watchfloor.hints import nearest


def test_the_nearest_word_in_any_case_or_none() -> None:
    """A typing error is named, a stranger is not."""
    assert nearest("Expire", ("expires", "reason")) == "did you mean 'expires'? "
    assert nearest("banana", ("expires", "reason")) == ""
