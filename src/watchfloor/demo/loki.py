"""Loki's output grammar as text: the messages of a scan, and its records in three layouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = [
    "LEVELS",
    "Hit",
    "Reason",
    "Record",
    "closing",
    "file_hit",
    "hash_ioc",
    "interrupted",
    "level_of",
    "levenshtein",
    "name_ioc",
    "opening",
    "write",
    "yara",
]

LEVELS = ("ALERT", "WARNING", "NOTICE", "INFO", "RESULT", "ERROR")
_PRIORITY = {"ALERT": 154, "ERROR": 155, "WARNING": 156, "NOTICE": 158, "INFO": 158}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST_VALUE = 140


@dataclass(frozen=True)
class Record:
    """One record of a log."""

    time: datetime
    level: str
    module: str
    message: str


@dataclass(frozen=True)
class Reason:
    """Why a file was hit."""

    text: str
    adds: int
    """What it adds to the score, which for Levenshtein is more than it prints."""
    rule: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Hit:
    """A file that was hit; its three times are clock times of the scanned machine."""

    path: str
    type: str
    size: int
    first_bytes: str
    hashes: tuple[str, str, str] | None
    """MD5, SHA-1, SHA-256; null for a file that Loki did not read."""
    created: datetime
    modified: datetime
    accessed: datetime
    reasons: tuple[Reason, ...]
    unshown: int = 0
    """Score of further reasons: Loki shows two."""

    @property
    def score(self) -> int:
        """The sum over all reasons."""
        return sum(reason.adds for reason in self.reasons) + self.unshown


def level_of(score: int) -> str:
    """Loki's default thresholds."""
    return "ALERT" if score >= 100 else "WARNING" if score >= 60 else "NOTICE"


def yara(rule: str, subscore: int, about: str, strings: Sequence[str]) -> Reason:
    """A YARA match; a quote inside a value is printed as a backslash, a long value is cut."""
    values = [value.replace("'", "\\") for value in strings]
    shown = [v if len(v) <= _LONGEST_VALUE else f"{v[:_LONGEST_VALUE]} ... (truncated)" for v in values]
    matches = ", ".join(f"$s{n}: '{value}'" for n, value in enumerate(shown, 1))
    source = f"REF: https://rules.example/{rule.lower()} AUTHOR: Watch Rules Team"
    text = f"Yara Rule MATCH: {rule} SUBSCORE: {subscore} DESCRIPTION: {about} {source} MATCHES: {matches}"
    return Reason(text, subscore, rule=rule)


def name_ioc(pattern: str, subscore: int, about: str) -> Reason:
    """A file name that fits a pattern."""
    text = f"File Name IOC matched PATTERN: {pattern} SUBSCORE: {subscore} DESC: {about}"
    return Reason(text, subscore, pattern=pattern)


def hash_ioc(sha256: str, about: str) -> Reason:
    """A file whose hash is listed."""
    return Reason(f"Malware Hash TYPE: SHA256 HASH: {sha256} SUBSCORE: 100 DESC: {about}", 100)


def levenshtein(original: str) -> Reason:
    """A name a letter away from that of a system file: prints 40, adds 60."""
    text = "Levenshtein check - filename looks much like a well-known system file"
    return Reason(f"{text} SUBSCORE: 40 ORIGINAL: {original}", 60)


def file_hit(hit: Hit, address: int) -> str:
    """The message of a hit; `address` is that of the object that Loki prints in place of the readable bytes."""
    head = f"FILE: {hit.path} SCORE: {hit.score} TYPE: {hit.type} SIZE: {hit.size} FIRST_BYTES: "
    if hit.hashes is None:
        read = "b'-'  "
    else:
        md5, sha1, sha256 = hit.hashes
        read = f"{hit.first_bytes} / <filter object at 0x{address:012x}> MD5: {md5} SHA1: {sha1} SHA256: {sha256} "
    times = f"CREATED: {_ctime(hit.created)} MODIFIED: {_ctime(hit.modified)} ACCESSED: {_ctime(hit.accessed)} "
    return head + read + times + "".join(f"REASON_{n}: {reason.text}" for n, reason in enumerate(hit.reasons, 1))


def _ctime(time: datetime) -> str:
    """C's ctime, English on every machine."""
    return f"{_DAYS[time.weekday()]} {_MONTHS[time.month - 1]} {time.day:2} {time:%H:%M:%S} {time.year}"


def opening(
    host: str, start: datetime, ready: datetime, *, windows: bool, rules: int, admin: bool, path: str, exists: bool
) -> Iterator[Record]:
    """From the start of a scan to the path that it looks at; 0 rules: the rule file was broken."""
    system = (
        "PLATFORM: 10 10.0.19045 SP0 Multiprocessor Free PROC: Intel64 Family 6, GenuineIntel ARCH: 64bit WindowsPE"
        if windows
        else "PLATFORM:     PROC:  ARCH: 64bit ELF"
    )
    begin = f"Starting Loki Scan VERSION: 0.51.1 SYSTEM: {host} TIME: {_stamp(start)} {system}"
    yield Record(start, "NOTICE", "Init", begin)
    if windows:
        sieve = r"BINARY: C:\Tools\loki\tools\pe-sieve64.exe SOURCE: https://tools.example/pe-sieve"
        yield Record(start, "NOTICE", "PESieve", f"PE-Sieve successfully initialized {sieve}")
    folder = r"C:\Tools\loki\signature-base\yara" if windows else "/opt/loki/signature-base/yara"
    for text in (
        "File Name Characteristics initialized with 2410 regex patterns",
        "C2 server indicators initialized with 1312 elements",
        "Malicious MD5 Hashes initialized with 411 hashes",
        "Malicious SHA1 Hashes initialized with 377 hashes",
        "Malicious SHA256 Hashes initialized with 604 hashes",
        "False Positive Hashes initialized with 12 hashes",
        f"Processing YARA rules folder {folder}",
    ):
        yield Record(start + timedelta(seconds=1), "INFO", "Init", text)
    if not rules:
        broken = "Error while initializing Yara rule watch_rules.yar ERROR: line 88: syntax error"
        yield Record(ready, "ERROR", "Init", broken)
    yield Record(ready, "INFO", "Init", "Initializing all YARA rules at once (composed string of all rule files)")
    yield Record(ready, "INFO", "Init", f"Initialized {rules} Yara rules")
    if admin:
        who = "has admin rights" if windows else "is root"
        yield Record(ready, "INFO", "Init", f"Current user {who} - very good")
    else:
        needs = "as Administrator' to ensure all access rights to process memory and file objects."
        yield Record(ready, "NOTICE", "Init", f"Program should be run '{needs}")
    level, words = ("INFO", "Scanning") if exists else ("ERROR", "None Existing Scanning")
    yield Record(ready, level, "FileScan", f"{words} Path {path} ...  ")


def closing(host: str, before: Iterable[Record], time: datetime) -> Iterator[Record]:
    """Totals of all records before, verdict and end."""
    levels = Counter(record.level for record in before)
    totals = f"Results: {levels['ALERT']} alerts, {levels['WARNING']} warnings, {levels['NOTICE']} notices"
    yield Record(time, "NOTICE", "Results", totals)
    if levels["ALERT"] or levels["WARNING"]:
        verdict = "Indicators detected!" if levels["ALERT"] else "Suspicious objects detected!"
        yield Record(time, "RESULT", "Results", verdict)
        yield Record(time, "RESULT", "Results", "Loki recommends a deeper analysis of the suspicious objects.")
    else:
        yield Record(time, "RESULT", "Results", "SYSTEM SEEMS TO BE CLEAN.")
    yield Record(time, "INFO", "Results", "Please report false positives via https://rules.example/report")
    yield Record(time, "NOTICE", "Results", f"Finished LOKI Scan SYSTEM: {host} TIME: {_stamp(time)}")


def interrupted(time: datetime) -> Record:
    """Somebody pressed Ctrl-C."""
    return Record(time, "INFO", "Init", "LOKI's work has been interrupted by a human. Returning to Asgard.")


def write(records: Iterable[Record], host: str, layout: str, *, crlf: bool = False) -> str:
    """The records in one of Loki's layouts: csv, log, syslog-udp or syslog-tcp."""
    if layout.startswith("syslog"):
        lines = (_syslog(record, host, number, layout) for number, record in enumerate(records, 1))
    else:
        end = "\r\n" if crlf else "\n"
        lines = ((_csv if layout == "csv" else _log)(record, host) + end for record in records)
    return "".join(lines)


def _csv(record: Record, host: str) -> str:
    return f"{_stamp(record.time)},{host},{record.level},{record.module},{record.message}"


def _log(record: Record, host: str) -> str:
    return f"{_stamp(record.time)} {host} {_tagged(record)}"


def _syslog(record: Record, host: str, number: int, layout: str) -> str:
    """RFC 5424 with a byte-order mark; RESULT is counted, never sent; TCP sends a line break as two letters."""
    if record.level == "RESULT":
        return ""
    text = _tagged(record).replace("\n", "\\n") if layout == "syslog-tcp" else _tagged(record)
    stamp = f"{record.time:%Y-%m-%dT%H:%M:%S.%f}+00:00"
    return f"<{_PRIORITY[record.level]}>1 {stamp} {host} LOKI 4711 {number} - \ufeff{text}\n"


def _tagged(record: Record) -> str:
    return f"LOKI: {record.level.title()}: MODULE: {record.module} MESSAGE: {record.message}"


def _stamp(time: datetime) -> str:
    return f"{time:%Y%m%dT%H:%M:%SZ}"
