"""Sigma filters: the reference implementation reads them and applies them."""

from __future__ import annotations

import yaml
from sigma.collection import SigmaCollection
from sigma.filters import SigmaFilter

from exclusion_entries import ENTRIES, HOSTILE
from watchfloor.reports.exclusions.sigma import text


def test_the_reference_implementation_reads_them() -> None:
    """Four filters; hours are a comment, for Sigma has none."""
    documents = [one for one in yaml.safe_load_all(text(ENTRIES)) if one]
    assert len(documents) == 4
    filters = [SigmaFilter.from_dict(one) for one in documents]
    assert [one.filter.rules[0].reference for one in filters] == ["Port Scan"] * 3 + [HOSTILE]
    assert "it knows no hours of the day" in text(ENTRIES)
    items = [
        [(item.field, item.value) for d in one.filter.detections.values() for item in d.detection_items]
        for one in filters
    ]
    assert [str(value) for value in items[0][0][1]] == ["10.0.0.9"]
    assert [len(value) for _, value in items[1]] == [2, 1]
    # A star of a log is a star, not Sigma's wildcard.
    assert not items[3][0][1][0].contains_special()


def test_a_rule_gets_its_filter() -> None:
    """Applied, the rule's condition has the filter's."""
    rule = {
        "title": "Port Scan",
        "name": "Port Scan",
        "logsource": {"category": "any"},
        "detection": {"sel": {"EventID": 1}, "condition": "sel"},
    }
    filtered = yaml.safe_load(text(ENTRIES[:1]))
    [applied] = [r for r in SigmaCollection.from_dicts([rule, filtered]).rules if r.title == "Port Scan"]
    assert "not" in applied.detection.condition[0]


def test_nothing_recommended() -> None:
    """A file that says so."""
    assert text([]) == "# No exclusion is recommended.\n"
