"""KQL: conditions, days that begin with Sunday, and names that stay in their comments."""

from __future__ import annotations

from exclusion_entries import ENTRIES
from watchfloor.reports.exclusions.sentinel import text


def test_conditions() -> None:
    """Each kind."""
    lines = [line for line in text(ENTRIES).splitlines() if not line.startswith("//") and line]
    assert lines == [
        '| where not(SrcIpAddr == "10.0.0.9")',
        '| where not(SrcIpAddr in ("10.0.0.9", "10.0.0.10") and TargetUsername matches regex "^(?:svc_[a-z]*)$")',
        '| where not(ipv4_is_in_range(SrcIpAddr, "10.0.0.0/24"))',
        "| where not(((hourofday(TimeGenerated) >= 22 or hourofday(TimeGenerated) < 6) and "
        "dayofweek(TimeGenerated - 6h) in (1d, 2d, 3d, 4d, 5d)))",
        '| where not(DvcHostname == "a\\"b\\\\c\\n*")',
    ]
