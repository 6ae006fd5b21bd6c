"""nmap's XML (also masscan's): an event for each port and host, a finding for each script, a scan for each host.

Times are epoch seconds. A port is known to have been in its state at some time between the start and the end of the
scan of its host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from watchfloor.readers._reader import Head, Options, Reader, Tables, one_by_one
from watchfloor.readers.records.xmlstream import (
    Account,
    Item,
    Node,
    Rows,
    Shape,
    as_json,
    begins_with,
    epoch,
    flat,
    items,
)

__all__ = ["READER"]

_ABOUT_THE_HOST = (
    "status", "address", "hostnames", "os", "uptime", "distance", "tcpsequence", "ipidsequence", "tcptssequence",
    "trace", "times", "smurf", "extraports",
)  # fmt: skip
_SHAPE = Shape(
    roots=("nmaprun",),
    opens=frozenset({"nmaprun", "host"}),
    wholes=frozenset({"port", "script", "finished", *_ABOUT_THE_HOST}),
    resume={"host": ("nmaprun",), "port": ("nmaprun", "host", "ports"), "script": ("nmaprun", "host", "hostscript")},
)
_HELD = ("protocol", "portid", "state.state")
_DANGER = re.compile(r"\bVULNERABLE\b|\bCVE-[0-9]{4}-[0-9]+")


def accepts(head: Head) -> float:
    """The document is an nmaprun."""
    return float(begins_with(head.content, ("nmaprun",)))


@dataclass
class _Host:
    """The host that is being read."""

    first: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    address: str | None = None
    state: str | None = None

    def learn(self, node: Node) -> None:
        """What one of its elements says."""
        facts = flat(node)
        if node.tag == "address":
            if node.attributes.get("addrtype", "ipv4") in ("ipv4", "ipv6"):
                self.address = self.address or node.attributes.get("addr")
        elif node.tag == "hostnames":
            # What the user asked for comes first, then what the reverse look-up gave.
            self.name = next((child.attributes.get("name") for child in node.children), None)
        elif node.tag == "status":
            self.state = node.attributes.get("state")
        for name, value in facts.items():
            known = self.about.get(f"{node.tag}.{name}")
            many = [] if known is None else known if isinstance(known, list) else [known]
            self.about[f"{node.tag}.{name}"] = [*many, value] if many else value

    def columns(self, program: str) -> dict[str, Any]:
        """The columns that its events have in common."""
        started, ended = self.times()
        return {
            "time": started,
            "time_latest": ended if ended != started else None,
            "time_text": self.attributes.get("starttime") or self.attributes.get("endtime"),
            "zone": None if started is None else "UTC",
            "zone_rule": None if started is None else "by the format",
            "time_quality": None if started is None else "exact",
            "host": self.name or self.address,
            "program": program,
            "dst_ip": self.address,
        }

    def times(self) -> tuple[datetime | None, datetime | None]:
        """When its scan began and ended; masscan gives the end alone."""
        ended = epoch(self.attributes.get("endtime"))
        return epoch(self.attributes.get("starttime")) or ended, ended


class _Run:
    """What is read of a file."""

    def __init__(self, path: Path) -> None:
        """Nothing is read."""
        self.account = Account(path, "nmap")
        self.rows = Rows(path, ("findings", "scans", "events"))
        self._program = "nmap"
        self._version: str | None = None
        self._host: _Host | None = None

    def open(self, item: Item) -> None:
        """A scan or a host begins."""
        self.account.read(item.first, item.last)
        if item.node.tag == "host":
            self.leave("the record of this host is damaged")
            self._host = _Host(item.first, item.node.attributes)
        else:
            self._program = item.node.attributes.get("scanner") or "nmap"
            self._version = item.node.attributes.get("version")

    def close(self, item: Item) -> None:
        """A host ends."""
        if item.node.tag == "host" and self._host is not None:
            self.account.read(item.last, item.last)
            self.leave(None)

    def element(self, item: Item) -> None:
        """A part of a host, or how the scan ended."""
        self.account.read(item.first, item.last)
        node = item.node
        if node.tag == "port":
            self._port(node, item.first)
        elif node.tag == "script":
            self._script(node, item.first, None)
        elif node.tag == "finished":
            if node.attributes.get("exit", "success") != "success":
                why = node.attributes.get("errormsg") or "no reason given"
                self.account.partial.append(f"the scan ended with an error: {why}")
        elif self._host is not None:
            self._host.learn(node)

    def _port(self, node: Node, record: int) -> None:
        state, service = node.first("state"), node.first("service")
        says = {} if service is None else service.attributes
        number = _number(node.attributes.get("portid"))
        self.rows.add(
            "events",
            (self._host or _Host()).columns(self._program)
            | {
                "record": record,
                "dst_port": number,
                "proto": node.attributes.get("protocol"),
                "action": None if state is None else state.attributes.get("state"),
                "category": "port",
                "title": " ".join(says[key] for key in ("name", "product", "version") if says.get(key)) or None,
                "fields": as_json({k: v for k, v in flat(node, ("script",)).items() if k not in _HELD}),
            },
        )
        for script in node.children:
            if script.tag == "script":
                self._script(script, record, number)

    def _script(self, node: Node, record: int, port: int | None) -> None:
        host = self._host or _Host()
        name, output = node.attributes.get("id"), node.attributes.get("output", "").strip()
        started, ended = host.times()
        danger = "vuln" in (name or "") or _DANGER.search(output)
        self.rows.add(
            "findings",
            {
                "record": record,
                "time": ended or started,
                "host": host.name or host.address,
                "scanner": self._program,
                "module": "host script" if port is None else "port script",
                "reason": "vulnerability" if danger else "other",
                "reason_number": 1,
                "rule": name,
                "matched": output or None,
                "dst_ip": host.address,
                "dst_port": port,
                "message": as_json({key: value for key, value in flat(node).items() if key not in ("id", "output")}),
            },
        )

    def leave(self, why: str | None) -> None:
        """The host is over, or broke off: an event of its own, and the scan of it."""
        host, self._host = self._host, None
        if host is None:
            return
        facts = host.about | {k: v for k, v in host.attributes.items() if k not in ("starttime", "endtime")}
        self.rows.add(
            "events",
            host.columns(self._program)
            | {"record": host.first, "action": host.state, "category": "host", "fields": as_json(facts)},
        )
        timed_out = host.attributes.get("timedout") == "true"
        self.rows.add(
            "scans",
            {
                "record": host.first,
                "host": host.name or host.address,
                "scanner": self._program,
                "version": self._version,
                "started_time": epoch(host.attributes.get("starttime")),
                "ended_time": epoch(host.attributes.get("endtime")),
                "complete": why is None and not timed_out,
                "why_incomplete": why or ("nmap gave up on this host: it took too long" if timed_out else None),
            },
        )


def read(path: Path, options: Options) -> Tables:
    """The ports, hosts and scripts of one file."""
    run = _Run(path)
    for item in items(path, options, _SHAPE, run.account):
        match item.kind:
            case "open":
                run.open(item)
            case "close":
                run.close(item)
            case "element":
                run.element(item)
    run.leave("the file breaks off")
    return run.rows.tables() | run.account.tables()


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text) else None


READER = Reader(
    name="nmap",
    about="nmap's XML (-oX): ports and hosts as events, scripts as findings",
    tables=("findings", "scans", "events"),
    accepts=accepts,
    read=one_by_one(read),
    sign="an XML document <nmaprun>",
)
