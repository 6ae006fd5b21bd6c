"""What was planted in the demo, as values that tests and readers compare answers with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

__all__ = [
    "BeaconTruth",
    "BulkTruth",
    "EventsTruth",
    "FileTruth",
    "HostTruth",
    "LongTruth",
    "Made",
    "NetworkTruth",
    "NoisyTruth",
    "OffensesTruth",
    "PlantedTruth",
    "RuleTruth",
    "ScansTruth",
    "TraceTruth",
    "Truth",
    "TunnelTruth",
]


@dataclass(frozen=True)
class FileTruth:
    """One file of the demo."""

    format: str
    """The reader that it is for; empty for side files."""
    lines: int
    """Physical lines: line feeds."""
    records: int
    """Loki: records; QRadar: offenses; syslog: lines; Zeek: rows without the header."""
    zone: str | None
    """Zone of its clock times, where they carry none."""
    modified: datetime
    """Its time of last change, set so that years can be inferred from it."""


@dataclass(frozen=True)
class Made:
    """A file before it is written."""

    content: bytes
    truth: FileTruth


@dataclass(frozen=True)
class HostTruth:
    """One scan of one host."""

    host: str
    file: str
    layout: str
    """csv, log, syslog-udp or syslog-tcp."""
    windows: bool
    started: datetime
    ended: datetime | None
    complete: bool
    why_incomplete: str
    """`interrupted`, `no end record`, or empty."""
    rules_loaded: int
    remarks: tuple[str, ...]
    """`path does not exist`, `blind`, `limited rights`."""
    levels: dict[str, int]
    """Records of each level in the file."""
    file_hits: int
    reasons: int
    """Reasons of all file hits: one finding each."""
    other_findings: int
    """Hits of the process scan: one finding each."""


@dataclass(frozen=True)
class ScansTruth:
    """The scans of 40 hosts."""

    hosts: tuple[HostTruth, ...]
    rules: dict[str, tuple[str, ...]]
    """YARA rule -> hosts on which it fired, sorted."""
    patterns: dict[str, tuple[str, ...]]
    """File-name pattern -> hosts."""
    intrusion: dict[str, tuple[str, ...]]
    """Host -> paths of the intrusion's files."""
    intrusion_rules: tuple[str, ...]
    """YARA rules that fired on the intrusion's files only."""
    listed_hash: str
    """What the list of hashes says of the dumper: it stands for a rule where the reason has none."""
    common_rule: str
    shared_sha256: str
    """The dumper, on two hosts."""
    hostile_paths: dict[str, tuple[str, ...]]
    """Host -> paths that break naive parsers."""


@dataclass(frozen=True)
class RuleTruth:
    """One rule and its offenses."""

    rule_id: int
    offenses: int
    statuses: dict[str, int]
    """OPEN, HIDDEN, CLOSED."""
    closing_reasons: dict[str, int]
    verdicts: dict[str, int]
    """What the closed ones were: true_positive, benign_positive, false_positive, duplicate, test, undetermined."""
    escalated: int
    clients: dict[str, int]
    trend: str
    """`rising`, `falling` or `steady`: how it was made, not what a sample shows."""


@dataclass(frozen=True)
class NoisyTruth:
    """The rule that one address makes noisy."""

    rule: str
    address: str
    offenses: int
    """Of this rule with this address as their source."""
    rule_offenses: int


@dataclass(frozen=True)
class BulkTruth:
    """What an automation user closed."""

    user: str
    closures: int
    times: tuple[datetime, ...]
    """Instants at which it closed many at once."""


@dataclass(frozen=True)
class PlantedTruth:
    """Offenses of one rule about one account or address: noise to be tuned away, or a trap for those who tune."""

    rule: str
    source: str
    ids: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class OffensesTruth:
    """Thirty days of offenses of two clients."""

    offenses: int
    as_of: datetime
    rules: dict[str, RuleTruth]
    clients: dict[str, int]
    statuses: dict[str, int]
    closing_reasons: dict[str, int]
    verdicts: dict[str, int]
    closed_by: dict[str, int]
    per_day: dict[str, int]
    """UTC day of `first_persisted_time` -> offenses."""
    escalated_ids: tuple[int, ...]
    open_ids: tuple[int, ...]
    """Status OPEN."""
    unresolved: dict[int, int]
    """Offense -> its closing reason id, which the list of reasons does not hold."""
    noisy: NoisyTruth
    precise_rule: str
    bulk: BulkTruth
    story_ids: tuple[int, ...]
    """Offenses of the intrusion."""
    noise: tuple[PlantedTruth, ...]
    """What tuning should find, besides the noisy rule's address."""
    traps: tuple[PlantedTruth, ...]
    """What tuning must leave."""


@dataclass(frozen=True)
class TraceTruth:
    """One line of one log that tells a step of the intrusion."""

    step: int
    name: str
    file: str
    record: int
    """1-based line."""
    time: datetime
    text: str


@dataclass(frozen=True)
class EventsTruth:
    """Three logs with three clocks."""

    traces: tuple[TraceTruth, ...]
    """In true order."""
    first_times: dict[str, datetime]
    """File -> instant of its first line."""
    last_times: dict[str, datetime]
    repeated_hour: dict[str, tuple[int, int]]
    """File -> first and last line within the hour that its clock shows twice."""


@dataclass(frozen=True)
class BeaconTruth:
    """One implant that calls home."""

    src_ip: str
    dst_ip: str
    name: str | None
    """Server name or Host header, where it has one."""
    period_seconds: float
    jitter: float
    """Each interval is the period, give or take this share of it."""
    connections: int
    first_time: datetime
    last_time: datetime


@dataclass(frozen=True)
class TunnelTruth:
    """Data carried in DNS questions."""

    domain: str
    src_ip: str
    resolver: str
    queries: int
    names: int
    """Different names asked for, all under the domain."""
    first_time: datetime
    last_time: datetime


@dataclass(frozen=True)
class LongTruth:
    """One connection of many hours."""

    uid: str
    src_ip: str
    dst_ip: str
    start_time: datetime
    duration_seconds: float
    still_open: bool


@dataclass(frozen=True)
class NetworkTruth:
    """24 hours of Zeek logs."""

    start_time: datetime
    end_time: datetime
    rows: dict[str, int]
    """conn, open_conn, dns, http, ssl -> rows."""
    beacons: tuple[BeaconTruth, ...]
    tunnel: TunnelTruth
    long_connections: tuple[LongTruth, ...]
    ntp: tuple[tuple[str, str], ...]
    """Pairs of address that beat because time servers are asked at regular times."""
    updaters: tuple[tuple[str, str], ...]
    """Pairs that beat because programs look for updates."""
    scanner: str
    scanner_connections: int
    browsing_hosts: int


@dataclass(frozen=True)
class Truth:
    """All that was planted, by kind of data."""

    seed: int
    scale: float
    files: dict[str, FileTruth]
    """Path within the folder, with slashes -> what it holds."""
    scans: ScansTruth
    offenses: OffensesTruth
    events: EventsTruth
    network: NetworkTruth

    def inputs(self, folder: Path) -> dict[Path, str | None]:
        """What to read: files and folders with the zones of their clocks."""
        logs = {folder / path: file.zone for path, file in self.files.items() if path.startswith("events/")}
        return {folder / "scans": None, folder / "qradar": None, **logs, folder / "zeek": None}

    def text(self) -> str:
        """The truth as JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, default=_instant) + "\n"

    @classmethod
    def load(cls, path: str | Path) -> Truth:
        """The truth of a demo folder, or of its `truth.json`."""
        from pydantic import TypeAdapter  # noqa: PLC0415 - only who loads it pays for it

        file = Path(path)
        text = (file / "truth.json" if file.is_dir() else file).read_text(encoding="utf-8")
        return TypeAdapter(cls).validate_json(text)


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in the truth")
