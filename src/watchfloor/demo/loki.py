"""Loki's output grammar as text: records in its layouts, and the messages of a scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["LEVELS", "Hit", "Reason", "Record", "file_hit", "level_of", "levenshtein", "name_ioc", "write", "yara"]

LEVELS = ("ALERT", "WARNING", "NOTICE", "INFO", "RESULT", "ERROR")
_SEVERITY = {"ALERT": 154, "ERROR": 155, "WARNING": 156, "NOTICE": 158, "INFO": 158}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    """What it adds to the score: Levenshtein adds more than it prints."""
    rule: str | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Hit:
    """A file that was hit."""

    path: str
    type: str
    size: int
    first_bytes: str
    hashes: tuple[str, str, str] | None
    """MD5, SHA-1, SHA-256; null for a file that Loki did not read."""
    created: datetime
    modified: datetime
    accessed: datetime
    """Clock times of the scanned machine."""
    reasons: tuple[Reason, ...]
    unshown: int = 0
    """Score of reasons that are not shown: Loki shows two."""

    @property
    def score(self) -> int:
        """The sum over all reasons."""
        return sum(reason.adds for reason in self.reasons) + self.unshown


def level_of(score: int) -> str:
    """Loki's default thresholds."""
    return "ALERT" if score >= 100 else "WARNING" if score >= 60 else "NOTICE"


def yara(rule: str, subscore: int, about: str, reference: str, author: str, strings: Sequence[str]) -> Reason:
    """A YARA match; a quote inside a value is printed as a backslash, a long value is cut."""
    values = [value.replace("'", "\\") for value in strings]
    shown = [value if len(value) <= 140 else f"{value[:140]} ... (truncated)" for value in values]
    matches = ", ".join(f"$s{i}: '{value}'" for i, value in enumerate(shown, 1))
    text = f"Yara Rule MATCH: {rule} SUBSCORE: {subscore} DESCRIPTION: {about} REF: {reference} AUTHOR: {author}"
    return Reason(f"{text} MATCHES: {matches}" if matches else text, subscore, rule=rule)


def name_ioc(pattern: str, subscore: int, about: str) -> Reason:
    """A file name that fits a pattern."""
    return Reason(
        f"File Name IOC matched PATTERN: {pattern} SUBSCORE: {subscore} DESC: {about}", subscore, pattern=pattern
    )


def levenshtein(original: str) -> Reason:
    """A name one letter away from that of a system file: prints 40, adds 60."""
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


def write(records: Iterable[Record], host: str, layout: str, *, crlf: bool = False) -> str:
    """The records in one of Loki's layouts: csv, log, syslog-udp or syslog-tcp."""
    if layout.startswith("syslog"):
        return "".join(_syslog(record, host, number, layout) for number, record in enumerate(records, 1))
    end = "\r\n" if crlf else "\n"
    line = _csv if layout == "csv" else _log
    return "".join(line(record, host) + end for record in records)


def _csv(record: Record, host: str) -> str:
    return f"{record.time:%Y%m%dT%H:%M:%SZ},{host},{record.level},{record.module},{record.message}"


def _log(record: Record, host: str) -> str:
    return f"{record.time:%Y%m%dT%H:%M:%SZ} {host} {_tagged(record)}"


def _tagged(record: Record) -> str:
    return f"LOKI: {record.level.title()}: MODULE: {record.module} MESSAGE: {record.message}"


def _syslog(record: Record, host: str, number: int, layout: str) -> str:
    """RFC 5424 with a byte-order mark; RESULT records are counted but never sent; TCP sends a line break as two letters."""
    if record.level == "RESULT":
        return ""
    text = _tagged(record).replace("\n", "\\n") if layout == "syslog-tcp" else _tagged(record)
    stamp = f"{record.time:%Y-%m-%dT%H:%M:%S.%f}+00:00"
    return f"<{_SEVERITY[record.level]}>1 {stamp} {host} LOKI 4711 {number} - \ufeff{text}\n"
