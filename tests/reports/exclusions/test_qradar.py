"""QRadar: reference sets, tests in words, and AQL."""

from __future__ import annotations

from exclusion_entries import ENTRIES
from watchfloor.reports.exclusions.qradar import text


def test_sets_tests_and_queries() -> None:
    """A list is a reference set, several conditions a building block, quotes are doubled."""
    page = text(ENTRIES)
    assert f"Reference set `{ENTRIES[1].name}-1`, type IP, with 2 elements" in page
    assert "- and NOT when Source IP is part of the network `10.0.0.0/24`" in page
    assert "between 22:00 and 06:00 UTC on Monday, Tuesday, Wednesday, Thursday, Friday" in page
    assert "AND INCIDR('10.0.0.0/24', sourceip)" in page
    assert "AND (sourceip = '10.0.0.9' OR sourceip = '10.0.0.10')" in page
    assert "AND username MATCHES '^(?:svc_[a-z]*)$'" in page
    assert page.count("## watchfloor-") == len(ENTRIES)
    prose = "".join(page.split("```")[::2])
    assert "<b>" not in prose
    # No name ends a block of code.
    assert page.count("```") == 2 * len(ENTRIES)
    assert text([]).endswith("No exclusion is recommended.\n")
