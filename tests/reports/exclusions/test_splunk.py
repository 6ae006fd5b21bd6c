"""SPL: conditions in eval's words, hours in UTC, and names that stay in their comments."""

from __future__ import annotations

from exclusion_entries import ENTRIES
from watchfloor.reports.exclusions.splunk import text


def test_conditions() -> None:
    """Each kind; 1970 began with a Thursday, which is day 3."""
    lines = [line for line in text(ENTRIES).splitlines() if line.startswith("|")]
    assert lines == [
        "| where NOT ('src'=\"10.0.0.9\")",
        '| where NOT (in(\'src\', "10.0.0.9", "10.0.0.10") AND match(\'user\', "^(?:svc_[a-z]*)$"))',
        "| where NOT (cidrmatch(\"10.0.0.0/24\", 'src'))",
        "| where NOT (((floor(_time%86400/3600)>=22 OR floor(_time%86400/3600)<6) AND "
        "in((floor((_time-21600)/86400)+3)%7, 0, 1, 2, 3, 4)))",
        "| where NOT ('dvc'=\"a\\\"b\\\\c",
    ]
    comments = [line for line in text(ENTRIES).splitlines() if line.startswith("```")]
    assert all(line.count("```") == 2 for line in comments)
