"""What rules' names say: numbers that matter, and faults of sources."""

from __future__ import annotations

import pytest

from watchfloor.analyses.tuning.natures import fault_by_nature, grouped_by_nature


@pytest.mark.parametrize(
    ("rule", "grouped"),
    [
        ("Web server 400 error code.", True),
        ("Multiple web server 500 error codes from same source ip.", True),
        ("Apache: HTTP 4xx responses", True),
        ("ET SCAN Nmap 7.400 Probe", False),
        ("Multiple Login Failures for the Same User", False),
        ("Dovecot Authentication Success.", False),
    ],
)
def test_rules_whose_number_matters(rule: str, grouped: bool) -> None:
    """By what their names say."""
    assert (grouped_by_nature(rule) is not None) == grouped


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        ("Log Source fw1 stopped sending events", "comes and goes"),
        ("Sensor health: heartbeat missed", "comes and goes"),
        ("Agent disconnected", "comes and goes"),
        ("Failed to parse firewall events", "not parsed"),
        ("Parser error in DSM", "not parsed"),
        ("Clock skew on collector", "clock"),
        ("NTP not synchronised", "clock"),
        ("Agent event queue is flooded", "drops"),
        ("Sensor grid", None),
        ("Multiple Login Failures", None),
        ("Time-based SQL injection", None),
        ("User agent of a scanner", None),
        ("Service stopped on a server", None),
    ],
)
def test_rules_that_speak_of_a_source(rule: str, cause: str | None) -> None:
    """Their cause is named; the deeds of users and attackers are none of them."""
    found = fault_by_nature(rule)
    assert found is None if cause is None else cause in str(found)


def test_a_name_of_any_length() -> None:
    """Names come from logs."""
    assert fault_by_nature("log source " * 100_000) is None
