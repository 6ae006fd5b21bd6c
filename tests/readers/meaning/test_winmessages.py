"""Texts of Windows events."""

from __future__ import annotations

from typing import Any

import pytest

from watchfloor.readers.meaning.winmessages import said_in

LOGON = (
    "An account was successfully logged on.\r\n\r\nSubject:\r\n"
    "\tSecurity ID:\t\tS-1-5-18\r\n\tAccount Name:\t\tDC1$\r\n\r\n"
    "New Logon:\r\n\tSecurity ID:\t\tS-1-5-21-1\r\n\tAccount Name:\t\tanna\r\n\tAccount Domain:\t\tEX\r\n\r\n"
    "Network Information:\r\n\tWorkstation Name:\tWS1\r\n"
    "\tSource Network Address:\t192.0.2.7\r\n\tSource Port:\t\t50123\r\n"
)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (LOGON, {"user": "anna", "src_ip": "192.0.2.7", "src_port": 50123}),
        (LOGON.replace("\r\n", "  ").replace("\t", " "), {"user": "anna", "src_ip": "192.0.2.7", "src_port": 50123}),
        ("Subject:\n\tAccount Name:\t\t-\n", {}),
        ("Special privileges.\n\tAccount Name:\t\tberta\n", {"user": "berta"}),
        ("Client Address:\t\t::ffff:192.0.2.8\n\tClient Port:\t\t0", {"src_ip": "192.0.2.8", "src_port": 0}),
        ("Source Network Address:\t-\n\tSource Port:\t-", {}),
        ("The service started.", {}),
        ("Account Name:\n" * 5_000, {}),
    ],
)
def test_whom_a_message_names(message: str, said: dict[str, Any]) -> None:
    """The account that an event is about, before the one that reports it."""
    assert said_in(message) == said
