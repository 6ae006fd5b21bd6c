"""The same made SOC as files of many formats: a noisy source, a rule that is useful, and one escalated case."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = [
    "ATTACKER",
    "CSV_MAP",
    "FILES",
    "NOISY",
    "SCANNER",
    "Happened",
    "happened",
    "mapped",
    "verdicts_known",
    "wazuh",
]

START = datetime(2026, 3, 2, tzinfo=UTC)
NOISY = "Port scan seen"
"""The rule that one scanner raises all the time."""
SCANNER = "192.0.2.9"
ATTACKER = "198.51.100.66"
CSV_MAP = """\
table = "alerts"
[columns]
alert_id = "Ticket"
rule = "Detection"
created_time = "Opened"
case_id = "Case"
escalated = { from = "Escalated", values = { yes = "true", no = "false" } }
[columns.disposition]
from = "Outcome"
values = { "real attack" = "true_positive", "false alarm" = "false_positive" }
[evidence]
host = "Machine"
user = "Account"
src_ip = "From"
"""


@dataclass(frozen=True)
class Happened:
    """One alert, whatever the system."""

    number: int
    time: datetime
    rule: str
    host: str
    user: str
    src_ip: str
    true: bool
    case: str | None


def happened(scale: int = 1) -> list[Happened]:
    """340 alerts over 20 days: 240 of a scanner's, 96 of many others', and 4 of one attack."""
    made = [(timedelta(days=20) * (n + 0.5) / 240, NOISY, "gate1", "", SCANNER, False, None) for n in range(240)]
    for n in range(96):
        rule = ("Odd login", "Malware found", "New admin")[n % 3]
        made.append(
            (
                timedelta(days=20) * (n + 0.3) / 96,
                *(rule, f"pc{n % 41}", f"user{n % 37}", f"203.0.113.{1 + n % 97}"),
                *(n % 2 == 0, None),
            )
        )
    attack = timedelta(days=11)
    made += [(attack + timedelta(minutes=n), NOISY, "gate1", "", ATTACKER, True, "case-7") for n in range(4)]
    ordered = sorted(made, key=lambda one: one[0])[::scale]
    return [Happened(n, START + one[0], *one[1:]) for n, one in enumerate(ordered)]


def wazuh(path: Path, alerts: list[Happened]) -> Path:
    """`alerts.json` of a Wazuh manager: a line an alert, no verdicts."""
    return _lines(path, (_wazuh(one) for one in alerts))


def _wazuh(one: Happened) -> dict[str, Any]:
    data = {"srcip": one.src_ip} | ({"dstuser": one.user} if one.user else {})
    return {
        "timestamp": f"{one.time:%Y-%m-%dT%H:%M:%S}.000+0000",
        "rule": {"level": 10 if one.true else 5, "description": one.rule, "id": str(5000 + len(one.rule))}
        | {"firedtimes": 1, "mail": False, "groups": ["syslog", "access"]},
        "agent": {"id": "001", "name": one.host, "ip": "10.1.2.3"},
        "manager": {"name": "manager1"},
        "id": f"{one.time.timestamp():.0f}.{one.number}",
        "decoder": {"name": "sshd"},
        "data": data,
        "location": "/var/log/auth.log",
    }


def suricata(path: Path, alerts: list[Happened]) -> Path:
    """`eve.json` of Suricata: alerts between other records, no verdicts and no ids."""
    return _lines(path, (record for one in alerts for record in _suricata(one)))


def _suricata(one: Happened) -> Iterator[dict[str, Any]]:
    flow = {
        "timestamp": f"{one.time:%Y-%m-%dT%H:%M:%S}.250000+0000",
        "flow_id": 10**15 + one.number,
        "src_ip": one.src_ip,
        "src_port": 40000 + one.number,
        "dest_ip": f"10.0.0.{1 + len(one.host)}",
        "dest_port": 443,
        "proto": "TCP",
    }
    yield flow | {
        "event_type": "alert",
        "alert": {"action": "allowed", "gid": 1, "signature_id": 2000000 + len(one.rule), "rev": 1}
        | {"signature": one.rule, "category": "Misc activity", "severity": 2},
    }
    if one.number % 10 == 0:
        yield flow | {"event_type": "tls", "tls": {"sni": "www.example.org", "version": "TLS 1.3"}}


def sentinel(path: Path, alerts: list[Happened]) -> Path:
    """Incidents of Microsoft Sentinel, as the API answers: a page with a list."""
    path.write_text(json.dumps({"value": [_sentinel(one) for one in alerts]}), encoding="utf-8")
    return path


def _sentinel(one: Happened) -> dict[str, Any]:
    workspace = "/subscriptions/s/resourceGroups/r/providers/Microsoft.OperationalInsights/workspaces/bakery"
    opened = f"{one.time:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": f"{workspace}/providers/Microsoft.SecurityInsights/Incidents/i{one.number}",
        "name": f"i{one.number}",
        "type": "Microsoft.SecurityInsights/Incidents",
        "properties": {
            "title": one.rule,
            "severity": "Medium",
            "status": "Closed",
            "classification": "TruePositive" if one.true else "FalsePositive",
            "classificationReason": "SuspiciousActivity" if one.true else "IncorrectAlertLogic",
            "owner": {"objectId": None, "email": None, "userPrincipalName": None, "assignedTo": "Ann"},
            "labels": [],
            "firstActivityTimeUtc": opened,
            "lastActivityTimeUtc": opened,
            "createdTimeUtc": opened,
            "lastModifiedTimeUtc": f"{one.time + timedelta(hours=1, seconds=one.number):%Y-%m-%dT%H:%M:%SZ}",
            "incidentNumber": 100 + one.number,
            "additionalData": {"alertsCount": 1, "alertProductNames": ["Azure Sentinel"], "tactics": ["Discovery"]},
            "relatedAnalyticRuleIds": [f"{workspace}/alertRules/{'scanner' if one.src_ip == SCANNER else 'other'}"],
        },
    }


def mapped(path: Path, alerts: list[Happened]) -> Path:
    """A CSV of a ticket system, with words and names of its own; `CSV_MAP` says what they mean."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Ticket", "Detection", "Opened", "Machine", "Account", "From", "Outcome", "Escalated", "Case"])
        for one in alerts:
            row = [f"T-{one.number}", one.rule, f"{one.time:%Y-%m-%dT%H:%M:%SZ}", one.host, one.user, one.src_ip]
            row += ["real attack" if one.true else "false alarm", "yes" if one.case else "no", one.case or ""]
            writer.writerow(row)
    return path


def _lines(path: Path, records: Iterator[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


FILES: dict[str, Callable[[Path, list[Happened]], Path]] = {
    "wazuh.json": wazuh,
    "eve.json": suricata,
    "sentinel.json": sentinel,
    "tickets.csv": mapped,
}
"""Names of files, and what writes them."""


def verdicts_known(name: str) -> bool:
    """Whether the format says what an alert turned out to be."""
    return name in ("sentinel.json", "tickets.csv")
