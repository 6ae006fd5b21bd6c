"""Elastic: exception items, one a line, for what exceptions can say."""

from __future__ import annotations

import json

from exclusion_entries import ENTRIES
from watchfloor.reports.exclusions.elastic import text


def test_items() -> None:
    """An address, a network, a name; no regular expression and no hours."""
    items = [json.loads(line) for line in text(ENTRIES).splitlines()]
    assert [item["entries"] for item in items] == [
        [{"field": "source.ip", "operator": "included", "type": "match", "value": "10.0.0.9"}],
        [{"field": "source.ip", "operator": "included", "type": "match", "value": "10.0.0.0/24"}],
        [{"field": "host.name", "operator": "included", "type": "match", "value": 'a"b\\c\n*'}],
    ]
    assert {item["expire_time"] for item in items} == {"2027-02-22T00:00:00.000Z"}
