"""Alerts, cases and observables, which come, change, are imported and deleted while somebody reads them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

__all__ = ["Hive"]

_BEGIN = 1_759_300_000_000
_TITLES = ("Brute force", "Malware on a host", "Odd logins", "Phishing reported", "Data sent out", "A new admin")


class Hive:
    """Alerts and cases by id; `now_ms` is its clock."""

    def __init__(self, alerts: int, cases: int = 0, *, seed: int = 7) -> None:
        self.dice = random.Random(seed)
        self.now_ms = _BEGIN
        self.objects: dict[str, dict[str, dict[str, Any]]] = {"Alert": {}, "Case": {}}
        self.observables: dict[str, list[dict[str, Any]]] = {}
        self._last = 4_096
        self.add(alerts)
        self.open_cases(cases)

    def _id(self) -> str:
        self._last += 8 * self.dice.randint(1, 50)
        return f"~{self._last}"

    def pass_time(self, ms: int) -> None:
        """Time goes by."""
        self.now_ms += ms

    def add(self, count: int, *, at_once: bool = False) -> list[str]:
        """New alerts."""
        made = []
        for _ in range(count):
            if not at_once:
                self.pass_time(self.dice.randint(1, 600_000))
            key = self._id()
            seen = self.dice.choice((0, 1, 1, 3))
            self.objects["Alert"][key] = {
                "_id": key,
                "_type": "Alert",
                "_createdBy": "feeder@bakery.example",
                "_createdAt": self.now_ms,
                "type": "siem",
                "source": self.dice.choice(("qradar", "edr")),
                "sourceRef": f"r{self._last}",
                "title": self.dice.choice(_TITLES),
                "description": "as the feeder wrote it",
                "severity": self.dice.randint(1, 4),
                "date": self.now_ms - 60_000,
                "tags": ["night"] if self.dice.random() < 0.3 else [],
                "tlp": 2,
                "pap": 2,
                "follow": True,
                "observableCount": seen,
                "status": "New",
                "stage": "New",
                "extraData": {},
                "newDate": self.now_ms,
                "timeToDetect": 60_000,
            }
            self._observe(key, seen)
            made.append(key)
        return made

    def open_cases(self, count: int) -> list[str]:
        """Cases that people open by hand."""
        made = []
        for _ in range(count):
            self.pass_time(self.dice.randint(1, 600_000))
            key = self._id()
            self.objects["Case"][key] = {
                "_id": key,
                "_type": "Case",
                "_createdBy": "ann@bakery.example",
                "_createdAt": self.now_ms,
                "number": len(self.objects["Case"]) + 1,
                "title": self.dice.choice(_TITLES),
                "description": "",
                "severity": 3,
                "startDate": self.now_ms,
                "tags": [],
                "status": "New",
                "stage": "New",
                "assignee": "ann@bakery.example",
                "extraData": {},
                "newDate": self.now_ms,
            }
            self._observe(key, self.dice.choice((0, 2)))
            made.append(key)
        return made

    def _observe(self, key: str, count: int) -> None:
        kinds = (("ip", "192.0.2.{}"), ("hostname", "ws{}"), ("domain", "d{}.example"), ("registry", "HKLM{}"))
        rows = self.observables.setdefault(key, [])
        for _ in range(count):
            kind, form = self.dice.choice(kinds)
            said = {"_id": self._id(), "_type": "Observable", "_createdAt": self.now_ms, "dataType": kind}
            rows.append(said | {"data": form.format(self.dice.randint(1, 60)), "ioc": False})

    def change(self, kind: str, keys: Iterable[str], **fields: Any) -> None:
        """Fields of objects change, and with them the time of their last change."""
        for key in keys:
            self.pass_time(1_003)
            row = self.objects[kind][key]
            self.objects[kind][key] = row | fields | {"_updatedAt": self.now_ms, "_updatedBy": "ann@bakery.example"}

    def close(self, keys: Iterable[str], status: str = "FalsePositive") -> None:
        """Alerts are closed without a case."""
        for key in keys:
            said = {"assignee": "ann@bakery.example", "inProgressDate": self.now_ms, "closedDate": self.now_ms + 1_000}
            self.change("Alert", [key], status=status, stage="Closed", **said)

    def merge(self, keys: Iterable[str], *, status: str | None = None) -> str:
        """Alerts become a case, which is closed with a status where one is given."""
        [case] = self.open_cases(1)
        for key in keys:
            self.change("Alert", [key], status="Imported", stage="Imported", caseId=case, importedDate=self.now_ms)
        if status is not None:
            self.change("Case", [case], status=status, stage="Closed", endDate=self.now_ms, impactStatus="NoImpact")
        return case

    def watch(self, key: str, *, changes: bool = False) -> None:
        """An alert gets one more observable."""
        self._observe(key, 1)
        row = self.objects["Alert"][key]
        self.objects["Alert"][key] = row | {"observableCount": row["observableCount"] + 1}
        if changes:
            self.change("Alert", [key])

    def delete(self, kind: str, keys: Iterable[str]) -> None:
        """Objects are deleted."""
        for key in keys:
            del self.objects[kind][key]
