"""What was left out, as all ways to look for who calls home show it."""

from __future__ import annotations

from watchfloor.analyses.leftout import counted_once, left_out


def test_reasons_in_words_and_their_counts() -> None:
    """In the order of the counts; none is an empty table of the same columns."""
    reasons = {"few": "too few", "open": "still open"}
    found = left_out({"open": 3, "few": 1_000}, reasons, counted_once(2_000))
    assert found.collect().rows() == [("still open", 3), ("too few", 1_000)]
    assert found.explanation == "Of 2,000 connections; each is counted once, by the first rule that fits."
    assert found.name == "left_out"
    assert left_out({}, reasons, "").collect().columns == ["reason", "connections"]
