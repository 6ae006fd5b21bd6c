"""Nessus files (`.nessus`, NessusClientData_v2): a finding for each report item, a scan for each host.

A score is the CVSS base score (version 3, else 4, else 2) times ten: FINDINGS counts in whole points up to 100.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from watchfloor import times
from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.xmlstream import Account, Node, Rows, Shape, as_json, begins_with, epoch, flat, items

__all__ = ["READER"]

_ROOT = "NessusClientData_v2"
_SHAPE = Shape(
    roots=(_ROOT,),
    opens=frozenset({"ReportHost"}),
    wholes=frozenset({"HostProperties", "ReportItem"}),
    resume={"ReportHost": (_ROOT, "Report"), "ReportItem": (_ROOT, "Report", "ReportHost")},
)
_LEVELS = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""By the number in `severity`."""
_SCORES = ("cvss3_base_score", "cvss4_base_score", "cvss_base_score")
_HELD = {
    "pluginID", "pluginName", "pluginFamily", "severity", "port", "plugin_output", "synopsis", "see_also",
}  # fmt: skip
_ABOUT_THE_SCAN = "19506"
"""The plug-in that reports on the scan itself."""


def accepts(head: Head) -> float:
    """The document is a Nessus report."""
    return float(begins_with(head.content, (_ROOT,)))


@dataclass
class _Host:
    """The host that is being read."""

    first: int
    name: str | None
    properties: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    remarks: list[str] = field(default_factory=list)

    def label(self) -> str | None:
        """What it is called: its full name where the scanner found one, else what was scanned."""
        return self.properties.get("host-fqdn") or self.properties.get("hostname") or self.name

    def instant(self, which: str, zone: str | None) -> datetime | None:
        """HOST_START or HOST_END: as epoch seconds where the scanner gives them, else its clock read in the zone."""
        exact = epoch(self.properties.get(f"{which}_TIMESTAMP"))
        text = self.properties.get(which)
        return exact if exact or not text or zone is None else _at(text, zone)


def read(path: Path, options: Options) -> Tables:
    """The findings and the scanned hosts of one file."""
    account = Account(path, "nessus")
    rows = Rows(path, ("findings", "scans"))
    host: _Host | None = None
    for item in items(path, options, _SHAPE, account):
        node = item.node
        match item.kind, node.tag:
            case "open", "ReportHost":
                if host is not None:
                    _close(rows, host, options.zone, "the record of this host is damaged")
                host = _Host(item.first, node.attributes.get("name"))
                account.read(item.first, item.last)
            case "close", _:
                if host is not None:
                    account.read(item.last, item.last)
                    _close(rows, host, options.zone, None)
                host = None
            case "element", "HostProperties":
                account.read(item.first, item.last)
                if host is not None:
                    host.properties = {
                        tag.attributes.get("name", ""): tag.text.strip() for tag in node.children if tag.text.strip()
                    }
            case "element", _:
                if "pluginID" not in node.attributes:
                    account.reject(item.first, item.last, "a report item without a plug-in", item.raw)
                    continue
                account.read(item.first, item.last)
                _finding(rows, node, item.first, host or _Host(0, None), options.zone)
    if host is not None:
        _close(rows, host, options.zone, "the file breaks off")
    return rows.tables() | account.tables()


def _finding(rows: Rows, node: Node, record: int, host: _Host, zone: str | None) -> None:
    facts = flat(node)

    def said(key: str) -> str | None:
        value = facts.get(key)
        return "\n".join(value) if isinstance(value, list) else value

    severity, port = said("severity") or "", said("port") or ""
    score = next((found for key in _SCORES if (found := said(key)) is not None), None)
    output = said("plugin_output")
    rule = said("pluginID")
    if rule == _ABOUT_THE_SCAN and output:
        _learn(host, output)
    rows.add(
        "findings",
        {
            "record": record,
            "time": host.instant("HOST_END", zone) or host.instant("HOST_START", zone),
            "host": host.label(),
            "scanner": "nessus",
            "level": _LEVELS[int(severity)] if re.fullmatch("[0-4]", severity) else None,
            "module": said("pluginFamily"),
            "score": round(float(score) * 10) if score and re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", score) else None,
            "reason": "vulnerability",
            "reason_number": 1,
            "rule": rule,
            "description": ": ".join(text for key in ("pluginName", "synopsis") if (text := said(key))) or None,
            "reference": said("see_also"),
            "matched": output,
            "dst_ip": host.properties.get("host-ip"),
            # Port 0 means the host as a whole.
            "dst_port": int(port) if re.fullmatch("[1-9][0-9]{0,8}", port) else None,
            "message": as_json({key: value for key, value in facts.items() if key not in _HELD}),
        },
    )


def _learn(host: _Host, output: str) -> None:
    """What the scanner says of the scan of a host."""
    version = re.search(r"(?m)^Nessus version : *(\S+)", output)
    host.version = version[1] if version else None
    rights = re.search(r"(?m)^Credentialed checks : *(.*?) *$", output)
    if rights and rights[1].lower().startswith("no"):
        host.remarks.append("limited rights: no credentialed checks")


def _close(rows: Rows, host: _Host, zone: str | None, why: str | None) -> None:
    started, ended = host.instant("HOST_START", zone), host.instant("HOST_END", zone)
    texts = [host.properties.get(which) for which in ("HOST_START", "HOST_END")]
    unread = [text for text, instant in zip(texts, (started, ended), strict=True) if text and instant is None]
    remarks = [*host.remarks, *([f"clock times of no known zone: {' to '.join(unread)}"] if unread else [])]
    over = ended is not None or texts[1] is not None
    rows.add(
        "scans",
        {
            "record": host.first,
            "host": host.label(),
            "scanner": "nessus",
            "version": host.version,
            "started_time": started,
            "ended_time": ended,
            "complete": why is None and over,
            "why_incomplete": why or (None if over else "no end time"),
            "remarks": "; ".join(remarks) or None,
        },
    )


@cache
def _at(text: str, zone: str) -> datetime | None:
    """The instant of the scanner's clock; null in the hour that a clock shows twice or never."""
    clock = pl.lit(re.sub(" +", " ", text)).str.to_datetime("%a %b %d %H:%M:%S %Y", time_unit="us", strict=False)
    earliest, _, quality = times.resolve(clock, zone)
    found: Any = pl.select(pl.when(quality == "declared_zone").then(earliest)).item()
    return found if isinstance(found, datetime) else None


READER = Reader(
    name="nessus",
    about="Nessus reports (.nessus): findings with CVSS score, and the scanned hosts",
    tables=("findings", "scans"),
    accepts=accepts,
    read=one_by_one(read),
    sign="an XML document <NessusClientData_v2>",
)
