"""Made exclusions for the tests of what SIEMs take: every kind of condition, and a rule whose name is hostile."""

from __future__ import annotations

from datetime import date
from typing import Any

from watchfloor.reports.exclusions import Entry

__all__ = ["ENTRIES", "HOSTILE", "entry"]

HOSTILE = 'Rule "x"\n[[exclusion]] `1` \\ <b> 100%\''


def entry(*conditions: tuple[str, str, Any], rule: str = "Port Scan") -> Entry:
    """An exclusion of the rule."""
    return Entry(
        rule=rule,
        conditions=tuple({"field": field, "op": op, "value": value} for field, op, value in conditions),
        reason="all of them useless",
        owner="Detection",
        created=date(2026, 11, 24),
        expires=date(2027, 2, 22),
        removed=308,
        upper_bound=0.01,
        per_day=10.5,
    )


ENTRIES = [
    entry(("src_ip", "eq", "10.0.0.9")),
    entry(("src_ip", "in", ["10.0.0.9", "10.0.0.10"]), ("user", "matches", "svc_[a-z]*")),
    entry(("src_ip", "in_network", "10.0.0.0/24")),
    entry(("created_time", "hours", "Mon-Fri 22:00-06:00")),
    entry(("host", "eq", 'a"b\\c\n*'), rule=HOSTILE),
]
