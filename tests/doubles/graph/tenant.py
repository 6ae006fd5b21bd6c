"""A tenant's incidents, which come, change, are resolved, merged and deleted while somebody reads them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["Tenant"]

_BEGIN = datetime(2025, 10, 1, 8, tzinfo=UTC)
_TITLES = (
    *("Suspicious PowerShell command line", "Malware was prevented", "Impossible travel", "Password spray"),
    *("A potentially malicious URL click", "Email reported by user as malware or phish", "Odd service was made"),
)
_SERVICES = ("microsoftDefenderForEndpoint", "microsoftDefenderForOffice365", "azureAdIdentityProtection")
_PREFIX = "#microsoft.graph.security."


class Tenant:
    """Incidents by id; `now` is its clock."""

    def __init__(
        self, incidents: int, *, seed: int = 5, tenant_id: str = "7d1c0000-0000-4000-8000-00000000f00d"
    ) -> None:
        self.dice = random.Random(seed)
        self.id = tenant_id
        self.lock = threading.RLock()
        self.now = _BEGIN
        self.incidents: dict[str, dict[str, Any]] = {}
        self.add(incidents)

    def pass_time(self, **said: float) -> None:
        """Time goes by."""
        self.now += timedelta(**said)

    def text(self, at: datetime | None = None) -> str:
        """A time as Graph writes it: seven digits, cut where they are zero."""
        at = at or self.now
        digits = f"{at.microsecond:06d}3".rstrip("0")
        return f"{at:%Y-%m-%dT%H:%M:%S}.{digits}Z" if at.microsecond else f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def add(self, count: int) -> list[str]:
        """New incidents, the last ones with the tenant's present time."""
        made = []
        for _ in range(count):
            self.pass_time(seconds=self.dice.randint(1, 900), milliseconds=self.dice.choice((0, 250, 333)))
            key = str(len(self.incidents) + 1_000 + self.dice.randint(0, 3) * 0)
            while key in self.incidents:
                key = str(int(key) + 1)
            self.incidents[key] = self._incident(key)
            made.append(key)
        return made

    def _incident(self, key: str) -> dict[str, Any]:
        alerts = [self._alert(key, place) for place in range(self.dice.choice((1, 1, 1, 2, 5)))]
        return {
            "id": key,
            "tenantId": self.id,
            "status": "active",
            "incidentWebUrl": f"https://security.example/incidents/{key}?tid={self.id}",
            "redirectIncidentId": None,
            "displayName": f"{alerts[0]['title']} on one endpoint",
            "createdDateTime": self.text(),
            "lastUpdateDateTime": self.text(),
            "assignedTo": None,
            "classification": "unknown",
            "determination": "unknown",
            "severity": self.dice.choice(("high", "medium", "low", "informational")),
            "customTags": [],
            "systemTags": [],
            "description": None,
            "comments": [],
            "alerts": alerts,
        }

    def _alert(self, incident: str, place: int) -> dict[str, Any]:
        host, user = self.dice.randint(1, 40), self.dice.randint(1, 60)
        first = self.now - timedelta(minutes=self.dice.randint(1, 90))
        return {
            "id": f"da{incident}_{place}",
            "providerAlertId": f"da{incident}_{place}",
            "incidentId": incident,
            "status": "new",
            "severity": "medium",
            "classification": None,
            "determination": None,
            "serviceSource": self.dice.choice(_SERVICES),
            "detectorId": f"d-{self.dice.randint(1, 20)}",
            "tenantId": self.id,
            "title": self.dice.choice(_TITLES),
            "category": self.dice.choice(("Execution", "InitialAccess", "Persistence")),
            "alertWebUrl": f"https://security.example/alerts/da{incident}_{place}",
            "mitreTechniques": ["T1059.001"],
            "createdDateTime": self.text(),
            "lastUpdateDateTime": self.text(),
            "resolvedDateTime": None,
            "firstActivityDateTime": self.text(first),
            "lastActivityDateTime": self.text(self.now),
            "evidence": [
                {
                    "@odata.type": f"{_PREFIX}deviceEvidence",
                    "deviceDnsName": f"ws{host}.corp.example",
                    "createdDateTime": self.text(),
                },
                {
                    "@odata.type": f"{_PREFIX}userEvidence",
                    "userAccount": {"accountName": f"user{user}", "userPrincipalName": f"user{user}@corp.example"},
                },
                {"@odata.type": f"{_PREFIX}ipEvidence", "ipAddress": f"192.0.2.{host}"},
            ],
        }

    def change(self, keys: Iterable[str], **fields: Any) -> None:
        """Fields of incidents change, and with them the time of their last change."""
        for key in keys:
            self.pass_time(seconds=1, milliseconds=7)
            self.incidents[key] = self.incidents[key] | fields | {"lastUpdateDateTime": self.text()}

    def resolve(self, keys: Iterable[str], classification: str = "falsePositive") -> None:
        """Incidents are closed, with their alerts."""
        for key in keys:
            self.pass_time(seconds=1)
            alerts = [
                alert | {"status": "resolved", "resolvedDateTime": self.text(), "classification": classification}
                for alert in self.incidents[key]["alerts"]
            ]
            said = {"status": "resolved", "classification": classification, "determination": "other"}
            self.change([key], **said, assignedTo="ann@soc.example", alerts=alerts)

    def purge(self, keys: Iterable[str]) -> None:
        """Retention deletes incidents."""
        for key in keys:
            del self.incidents[key]
