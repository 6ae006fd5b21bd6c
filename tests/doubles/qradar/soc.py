"""What a console holds, made up: offenses of 38 fields and what their ids point to; and what happens to it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from watchfloor.demo.console import Holdings

NOW_MS = 1_760_000_000_000
"""The console's clock at the begin: 9 October 2025."""
HOUR = 3_600_000
USERS = ("m.weber", "a.okafor", "s.lindqvist", "é.duböis", "渡辺")
RULES = {
    100_201: "Excessive Firewall Denies from Local Host",
    100_202: "Multiple Login Failures for a Single Username",
    100_203: "Potential Botnet Connection",
    100_204: "Malware: EICAR on a server",
    100_205: "Anomaly: Large Outbound Transfer",
    100_301: "BB:CategoryDefinition: Authentication Failures",
}
CATEGORIES = ("Firewall Deny", "User Login Failure", "Botnet Address", "Malware Infection", "Data Exfiltration")
ODD = (
    "Événement détecté\n containing Déni",
    "日本語の攻撃\n preceded by 認証失敗\n",
    "\u202egnp.exe\u202c run\n",
    "emoji \U0001f480 in a rule\n",
    "bell \x07 and escape \x1b[31m red\n",
    "",
    None,
)
REASONS = [
    {"id": 1, "text": "Non-Issue", "is_deleted": False, "is_reserved": False},
    {"id": 2, "text": "False-Positive, Tuned", "is_deleted": False, "is_reserved": False},
    {"id": 3, "text": "Policy Violation", "is_deleted": False, "is_reserved": False},
    {"id": 51, "text": "Handled by the night shift", "is_deleted": True, "is_reserved": False},
    {"id": 4, "text": "Auto-closed by a clean", "is_deleted": False, "is_reserved": True},
]
UNKNOWN_REASON = 54
TYPES = [
    {"id": 0, "name": "Source IP", "property_name": "sourceIP", "database_type": "COMMON", "custom": False},
    {"id": 1, "name": "Destination IP", "property_name": "destinationIP", "database_type": "COMMON", "custom": False},
    {"id": 3, "name": "Username", "property_name": "userName", "database_type": "EVENTS", "custom": False},
    {"id": 4001, "name": "Host Name", "property_name": "hostName", "database_type": "EVENTS", "custom": True},
]
DOMAINS = [
    {"id": 0, "name": "", "tenant_id": 0, "deleted": False, "log_source_ids": []},
    {"id": 1, "name": "north", "tenant_id": 1, "deleted": False, "log_source_ids": [71]},
    {"id": 2, "name": "south", "tenant_id": 0, "deleted": False, "log_source_ids": [72]},
]
TENANTS = [{"id": 1, "name": "North Harbour Ltd", "deleted": False, "event_rate_limit": 0, "flow_rate_limit": 0}]
LOG_SOURCES = [
    {"id": 71, "name": "fw-north @ 192.0.2.1", "type_id": 18, "type_name": "CheckPoint"},
    {"id": 72, "name": "dc-south @ 192.0.2.2", "type_id": 12, "type_name": "WindowsAuthServer"},
    {"id": 63, "name": "Custom Rule Engine-8 :: qradar", "type_id": 18, "type_name": "EventCRE"},
]
ADDRESSES = 2_000
NULLABLE = ("close_time", "closing_user", "closing_reason_id", "assigned_to", "domain_id")


class Soc(Holdings):
    """The data of a console; `revision` grows with each change."""

    def __init__(self, offenses: int, *, seed: int = 7, addresses: int = ADDRESSES) -> None:
        """Makes so many offenses, the last one now, one every five minutes."""
        super().__init__(NOW_MS)
        self._dice = random.Random(seed)
        self.addresses = addresses
        self.lists |= {
            "closing_reasons": [dict(one) for one in REASONS],
            "offense_types": [dict(one) for one in TYPES],
            "rules": [
                {
                    "id": number,
                    "name": name,
                    "type": "EVENT",
                    "enabled": True,
                    "owner": "admin",
                    "origin": "SYSTEM",
                    "base_capacity": 1,
                    "base_host_id": 1,
                    "average_capacity": 1,
                    "capacity_timestamp": NOW_MS,
                    "identifier": f"SYSTEM-{number}",
                    "linked_rule_identifier": None,
                    "creation_date": NOW_MS,
                    "modification_date": NOW_MS,
                }
                for number, name in RULES.items()
            ],
            "domains": [dict(one) for one in DOMAINS],
            "tenants": [dict(one) for one in TENANTS],
            "log_sources": [dict(one) | {"enabled": True, "group_ids": [0]} for one in LOG_SOURCES],
            "source_addresses": [
                {
                    "id": number,
                    "source_ip": f"198.51.{100 + number // 250}.{number % 250}",
                    "magnitude": 3,
                    "network": "other",
                    "offense_ids": [],
                    "local_destination_address_ids": [],
                    "event_flow_count": 5,
                    "first_event_flow_seen": NOW_MS,
                    "last_event_flow_seen": NOW_MS,
                    "domain_id": 0,
                }
                for number in range(1, addresses + 1)
            ],
            "local_destination_addresses": [
                {
                    "id": number,
                    "local_destination_ip": f"10.20.{number // 250}.{number % 250}",
                    "magnitude": 3,
                    "network": "Net-10",
                    "offense_ids": [],
                    "source_address_ids": [],
                    "event_flow_count": 5,
                    "first_event_flow_seen": NOW_MS,
                    "last_event_flow_seen": NOW_MS,
                    "domain_id": 0,
                }
                for number in range(1, addresses + 1)
            ],
        }
        for number in range(1, offenses + 1):
            self._make(number, NOW_MS - (offenses - number) * 300_000)

    def _make(self, number: int, start: int) -> None:
        dice = self._dice
        rules = dice.sample(sorted(RULES), 2)
        closed = dice.random() < 0.8
        at = start // 1000 * 1000
        close = at + dice.randrange(60, 80_000) * 1000 if closed else None
        touched = close + dice.choice((1000, 60_000, 2_400_000)) if close else at
        kind = dice.choice((0, 0, 1, 3, 4001))
        title = f"{RULES[rules[0]]}\n" if dice.random() < 0.95 else dice.choice(ODD)
        self.offenses[number] = {
            "id": number,
            "description": title,
            "assigned_to": dice.choice((None, *USERS)),
            "categories": dice.sample(CATEGORIES, 2),
            "category_count": 2,
            "policy_category_count": 0,
            "security_category_count": 2,
            "close_time": close,
            "closing_user": dice.choice((*USERS, "API_user: robot")) if closed else None,
            "closing_reason_id": dice.choice((1, 2, 2, 3, 51, UNKNOWN_REASON)) if closed else None,
            "credibility": dice.randrange(11),
            "relevance": 0 if closed else dice.randrange(11),
            "severity": dice.randrange(11),
            "magnitude": dice.randrange(1, 11),
            "destination_networks": ["Net-10-172-192.Net_10_0_0_0", "other"],
            "source_network": "other",
            "device_count": 2,
            "event_count": dice.randrange(1, 60_000_000),
            "flow_count": 0,
            "inactive": dice.random() < 0.6,
            "last_updated_time": start + dice.randrange(1, 3_000_000),
            "local_destination_count": 1,
            "source_count": 1,
            "offense_source": {0: "198.51.100.7", 1: "10.20.0.9", 3: "m.weber", 4001: "ws-0042"}[kind],
            "offense_type": kind,
            "protected": dice.random() < 0.02,
            "follow_up": dice.random() < 0.05,
            "remote_destination_count": 0,
            "username_count": 1,
            "start_time": start,
            "status": "CLOSED" if closed else dice.choice(("OPEN", "OPEN", "OPEN", "HIDDEN")),
            "source_address_ids": [dice.randrange(self.addresses) + 1],
            "local_destination_address_ids": [dice.randrange(self.addresses) + 1 for _ in range(2)],
            "domain_id": dice.choice((0, 0, 1, 2, 9, None)),
            "rules": [{"id": rule, "type": "CRE_RULE"} for rule in rules],
            "log_sources": [dict(one) for one in LOG_SOURCES[:: dice.choice((1, 2))]],
            "first_persisted_time": at,
            "last_persisted_time": touched,
        }
        self.contributions[number] = {
            "id": number,
            "rule_id": rules[0],
            "rule_name": RULES[rules[0]],
            "rule_type": "CRE_RULE",
            "offense_id": number,
            "event_count": 5,
            "first_event": start,
            "last_event": start + 1000,
        }
        if dice.random() < 0.3 and closed:
            self.notes[number] = [
                {
                    "id": number * 10,
                    "create_time": touched,
                    "username": dice.choice(USERS),
                    "note_text": dice.choice(("seen", "x" * 2_000, "note with \x1b[2J escape", "メモ")),
                }
            ]

    # What happens while somebody reads.

    def add(self, count: int = 1) -> list[int]:
        """New offenses."""
        with self.lock:
            first = max(self.offenses, default=0) + 1
            for number in range(first, first + count):
                self.now_ms += 1000
                self._make(number, self.now_ms)
            self.changed()
            return list(range(first, first + count))

    def close(self, numbers: Iterable[int], *, reason: int = 2, user: str = "m.weber", lag_ms: int = 1000) -> None:
        """Somebody closes offenses; their record says so a little later."""
        with self.lock:
            self.now_ms += 1000
            for number in numbers:
                offense = self.offenses[number]
                close = self.now_ms // 1000 * 1000
                offense |= {
                    "status": "CLOSED",
                    "close_time": close,
                    "closing_user": user,
                    "closing_reason_id": reason,
                    "relevance": 0,
                    "last_persisted_time": close + lag_ms // 1000 * 1000,
                }
            self.changed()

    def modify(self, numbers: Iterable[int], **fields: Any) -> None:
        """Offenses that change otherwise."""
        with self.lock:
            self.now_ms += 1000
            for number in numbers:
                self.offenses[number] |= {"last_persisted_time": self.now_ms // 1000 * 1000} | fields
            self.changed()

    def note(self, number: int, text: str, *, persists: bool = True) -> None:
        """A note; whether it changes the offense's own time is not documented, so both are possible."""
        with self.lock:
            self.now_ms += 1000
            self.notes.setdefault(number, []).append(
                {
                    "id": 1_000_000 + self.revision,
                    "create_time": self.now_ms,
                    "username": "a.okafor",
                    "note_text": text,
                }
            )
            if persists:
                self.offenses[number]["last_persisted_time"] = self.now_ms // 1000 * 1000
            self.changed()

    def purge(self, numbers: Iterable[int]) -> None:
        """Retention deletes offenses."""
        with self.lock:
            for number in list(numbers):
                self.offenses.pop(number, None)
                self.notes.pop(number, None)
                self.contributions.pop(number, None)
            self.changed()

    def hard_clean(self, offenses: int) -> None:
        """Everything is erased, and ids begin with 1 again."""
        with self.lock:
            self.purge(list(self.offenses))
            self.now_ms += HOUR
            for number in range(1, offenses + 1):
                self.now_ms += 60_000
                self._make(number, self.now_ms)
            self.changed()

    def pass_time(self, milliseconds: int) -> None:
        """The clock goes on."""
        self.now_ms += milliseconds
