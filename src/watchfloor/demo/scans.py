"""Loki scan logs of 40 hosts: background noise, the intrusion on three of them, and scans that did not see all."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from watchfloor.demo import loki, story
from watchfloor.demo.dice import Dice
from watchfloor.demo.loki import Hit, Reason, Record
from watchfloor.demo.names import HOSTS, PARIS, Host
from watchfloor.demo.truth import FileTruth, HostTruth, Made, ScansTruth

__all__ = ["scans"]

SWEEP = datetime(2025, 10, 28, 19, 0, tzinfo=UTC)
"""The scans follow the intrusion by two days."""
RULES_LOADED = 612
COMMON_RULE = "ADMINTOOL_Remote_Service_Runner"
WEBSHELL, DUMPER, DUMP_OUTPUT = "WEBSHELL_Lantern_Uploader", "HKTL_Ashen_Credential_Dumper", "SUSP_Renamed_Memory_Dump"
LISTED_HASH = "Credential dumper of case 2025-31"

INTERRUPTED, KILLED, NO_PATH, BLIND, LIMITED = "TR-WS-021", "par-app-03", "par-db-02", "TR-WS-005", "TR-WS-018"
"""Scans that did not see all: stopped by hand, without an end, of a path that is not there, without rules or rights."""
SYSLOG = {"par-proxy-01": "syslog-udp", "par-mail-01": "syslog-tcp"}
"""Hosts that send their records; all others write csv or the default layout."""

HOSTILE: dict[str, tuple[str, ...]] = {
    "TR-WS-009": (
        r"C:\Intake\Q3 SCORE: 70 TYPE: EXE.txt",
        r"C:\Intake\Müller, Søn & Co, 'final', v2.docm",
        r"C:\Intake\=cmd _c calc.csv",
        r"C:\Intake\見積書 2025.xlsm",
        r"C:\Intake\Yara Rule MATCH: Not_A_Rule SUBSCORE: 1.txt",
        r"C:\Intake\REASON_1: fake.txt",
        r"C:\Intake\new\nights\report.txt",
    ),
    "par-nas-01": (
        "/srv/share/intake/=cmd|' _C calc'!A0.csv",
        "/srv/share/intake/<script>alert(1)</script>.html",
        '/srv/share/intake/a, "b", c.docx',
        "/srv/share/intake/first line\nsecond line.txt",
        "/srv/share/intake/SCORE: 100 TYPE: ELF SIZE: 1 FIRST_BYTES: 00.bin",
        "/srv/share/intake/FILE: nested.txt",
        "/srv/share/intake/\u202egnp.exe",
        "/srv/share/intake/red \x1b[31malert\x1b[0m.txt",
        "/srv/share/intake/ leading and trailing .txt ",
        "/srv/share/intake/+49 30 1234, @anna -x.csv",
    ),
}
"""Names that break naive parsers, spreadsheets, pages and terminals."""

_MAGIC = {"EXE": "4d5a90000300000004000000ffff0000b8000000", "ELF": "7f454c4602010100000000000000000002003e00"}
_WORDS = (
    *("atlas", "beacon", "cargo", "depot", "freight", "gate", "hub", "invoice", "lane", "manifest"),
    *("pallet", "route", "seal", "tally", "waybill", "yard", "Übersee", "Façade"),
)
_PROCESSES = ("smss.exe", "csrss.exe", "wininit.exe", "services.exe", "lsass.exe", "svchost.exe", "taskhostw.exe")


@dataclass(frozen=True)
class Noise:
    """A rule that fires on harmless files, as `files/scan_rules.toml` describes it."""

    reason: Reason
    hosts: int
    windows: str = ""
    linux: str = ""
    type: str = "UNKNOWN"
    files: int = 1
    one_file: bool = False

    def fires_on(self, host: Host) -> bool:
        """Whether it can: the system, and whether the scan had rules and a path."""
        if self.reason.rule == COMMON_RULE and host.name in (INTERRUPTED, KILLED):
            return False  # its number of hosts is a round one: only where the scan sees everything
        loaded = host.name != BLIND or self.reason.rule is None
        return loaded and host.name != NO_PATH and bool(self.windows if host.windows else self.linux)


@dataclass(frozen=True)
class Found:
    """A record of a scan, with what the truth needs of it."""

    record: Record
    hit: Hit | None = None
    rule: str | None = None
    """Of a hit in a process."""
    finding: bool = False


def scans(dice: Dice, scale: float) -> tuple[ScansTruth, dict[str, Made]]:
    """The scan logs and their truth; `scale` is about how many harmless files are hit."""
    noise = _noise_by_host(dice.room("noise"), scale)
    made: dict[str, Made] = {}
    hosts: list[HostTruth] = []
    rules: dict[str, set[str]] = defaultdict(set)
    patterns: dict[str, set[str]] = defaultdict(set)
    for number, host in enumerate(HOSTS):
        start = SWEEP + timedelta(seconds=number * 431)
        found = _scan(dice.room(host.name), host, start, noise[host.name])
        layout = SYSLOG.get(host.name) or ("log" if number % 3 == 1 else "csv")
        truth, made_file = _log(host, found, start, layout)
        made[truth.file] = made_file
        hosts.append(truth)
        for reason in (reason for f in found if f.hit for reason in f.hit.reasons):
            if reason.rule or reason.pattern:
                (rules if reason.rule else patterns)[reason.rule or reason.pattern or ""].add(host.name)
        for rule in (f.rule for f in found if f.rule):
            rules[rule].add(host.name)
    truth_of_all = ScansTruth(
        hosts=tuple(hosts),
        rules={rule: tuple(sorted(names)) for rule, names in sorted(rules.items())},
        patterns={pattern: tuple(sorted(names)) for pattern, names in sorted(patterns.items())},
        intrusion={name: tuple(hit.path for hit in hits) for name, hits in _intrusion(dice).items()},
        intrusion_rules=(DUMPER, DUMP_OUTPUT, WEBSHELL),
        listed_hash=LISTED_HASH,
        common_rule=COMMON_RULE,
        shared_sha256=story.DUMPER_SHA256,
        hostile_paths=HOSTILE,
    )
    return truth_of_all, made


def _noise_rules() -> list[Noise]:
    text = resources.files("watchfloor.demo").joinpath("files/scan_rules.toml").read_text(encoding="utf-8")
    return [_noise(entry) for entry in tomllib.loads(text)["noise"]]


def _noise(entry: dict[str, Any]) -> Noise:
    if rule := entry.pop("rule", None):
        reason = loki.yara(rule, entry.pop("subscore"), entry.pop("about"), entry.pop("strings"))
    elif pattern := entry.pop("pattern", None):
        reason = loki.name_ioc(pattern, entry.pop("subscore"), entry.pop("about"))
    else:
        reason = loki.levenshtein(entry.pop("resembles"))
    return Noise(reason, **entry)


def _noise_by_host(dice: Dice, scale: float) -> dict[str, list[Hit]]:
    """Harmless hits of every host; the hosts of a rule are drawn first, so that its number of hosts holds."""
    by_host: dict[str, list[Noise]] = {host.name: [] for host in HOSTS}
    for noise in _noise_rules():
        for host in dice.some([host for host in HOSTS if noise.fires_on(host)], noise.hosts):
            by_host[host.name].append(noise)
    return {host.name: list(_noise_hits(dice, host, by_host[host.name], scale)) for host in HOSTS}


def _noise_hits(dice: Dice, host: Host, rules: list[Noise], scale: float) -> Iterator[Hit]:
    others = [noise.reason for noise in rules if noise.reason.rule and not noise.one_file]
    for noise in rules:
        for _ in range(max(1, round(dice.whole(1, noise.files) * scale)) if noise.files > 1 else 1):
            fields = {
                "user": host.user,
                "word": dice.pick(_WORDS),
                "n": dice.whole(1, 99_999),
                "short": "".join(dice.pick("abcdefghijklmnopqrstuvwxyz") for _ in range(dice.whole(2, 5))),
            }
            path = (noise.windows if host.windows else noise.linux).format(**fields)
            sha256 = _sha256(noise.windows if noise.one_file else f"{host.name}{path}{dice.unit()}")
            two = others and not noise.one_file and dice.chance(0.15)
            second = dice.pick(others) if two else noise.reason
            reasons = (noise.reason,) if second is noise.reason else (noise.reason, second)
            unread = not noise.one_file and dice.chance(0.04)
            yield _hit(dice, path, noise.type, sha256, reasons, unread=unread)


def _hit(
    dice: Dice,
    path: str,
    type: str,
    sha256: str,
    reasons: tuple[Reason, ...],
    *,
    unread: bool = False,
    unshown: int = 0,
) -> Hit:
    """A hit of a file, whose size and other hashes come from its SHA-256; an unread one is too large to have any."""
    modified = datetime(2023, 1, 1) + timedelta(seconds=dice.whole(0, 1000 * 86_400))  # noqa: DTZ001 - a clock time
    return Hit(
        path=path,
        type=type,
        size=int(sha256[:5], 16) + (40_000_000 if unread else 200),
        first_bytes=_MAGIC.get(type) or sha256[24:64],
        hashes=None if unread else (_sha256("md5" + sha256)[:32], _sha256("sha1" + sha256)[:40], sha256),
        created=modified,
        modified=modified,
        accessed=modified,
        reasons=reasons,
        unshown=unshown,
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _intrusion(dice: Dice) -> dict[str, list[Hit]]:
    """The intrusion's files on three hosts: one dumper on two of them, a web shell on the third."""
    dice = dice.room("intrusion")
    shell = loki.yara(WEBSHELL, 95, "Detects a web shell that poses as a thumbnail", ("lantern_up(", "$_POST['lk']"))
    dumper = loki.yara(DUMPER, 90, "Detects a tool that reads credentials from memory", ("ashen::pull", "sekretdump"))
    output = loki.yara(DUMP_OUTPUT, 70, "Detects process memory saved under another name", ("MDMP",))
    known = loki.hash_ioc(story.DUMPER_SHA256, LISTED_HASH)
    first_try = f"{story.WEB_SHELL.rpartition('/')[0]}/2025/10/thumb_cache.php.bak"
    return {
        story.WORKSTATION.name: [
            _hit(dice, DUMPERS[story.WORKSTATION.name], "EXE", story.DUMPER_SHA256, (dumper, known)),
            _hit(dice, r"C:\Users\Public\Music\track01.dat", "MDMP", _sha256("dump 1"), (output,), unshown=40),
        ],
        "TR-FS-01": [
            _hit(dice, DUMPERS["TR-FS-01"], "EXE", story.DUMPER_SHA256, (dumper, known)),
            _hit(dice, r"C:\Windows\Tasks\~dl3.tmp", "MDMP", _sha256("dump 2"), (output,), unshown=40),
        ],
        story.WEB.name: [
            _hit(dice, story.WEB_SHELL, "UNKNOWN", _sha256("web shell"), (shell,), unshown=25),
            _hit(dice, first_try, "UNKNOWN", _sha256("first try"), (shell,)),
        ],
    }


DUMPERS = {
    story.WORKSTATION.name: r"C:\Users\m.halloran\AppData\Local\Temp\nvtray.exe",
    "TR-FS-01": r"C:\Windows\Tasks\svc_cache.exe",
}
"""Where the dumper lies; it still runs there."""


def _hostile(dice: Dice, host: Host) -> list[Hit]:
    """Files with hostile names; what they match is ordinary."""
    by_rule = {noise.reason.rule: noise.reason for noise in _noise_rules()}
    quiet, loud = by_rule["GEN_Password_Word_In_Config"], by_rule["SUSP_Base64_Block_In_Script"]
    return [
        _hit(dice, path, "UNKNOWN", _sha256(path), (quiet, loud) if number % 3 == 0 else (quiet,))
        for number, path in enumerate(HOSTILE.get(host.name, ()))
    ]


def _scan(dice: Dice, host: Host, start: datetime, noise: list[Hit]) -> list[Found]:
    """All records of one scan, in order."""
    ready = start + timedelta(seconds=dice.whole(3, 9))
    seen = host.name != NO_PATH
    opening = loki.opening(
        host.name,
        start,
        ready,
        windows=host.windows,
        rules=_rules_loaded(host),
        admin=host.name != LIMITED,
        path=("C:\\" if host.windows else "/") if seen else "/srv/database",
        exists=seen,
    )
    found = [Found(record) for record in opening]
    if seen:
        found += _processes(dice, host, ready) if host.windows else []
        found += _files(dice, host, ready + timedelta(seconds=20), noise)
    if host.name == KILLED:
        return found[: len(found) * 3 // 5]
    if host.name == INTERRUPTED:
        found = found[: len(found) * 2 // 3]
        return [*found, Found(loki.interrupted(found[-1].record.time + timedelta(seconds=2)))]
    end = found[-1].record.time + timedelta(seconds=3)
    return found + [Found(record) for record in loki.closing(host.name, [f.record for f in found], end)]


def _rules_loaded(host: Host) -> int:
    return 0 if host.name == BLIND else RULES_LOADED


def _processes(dice: Dice, host: Host, time: datetime) -> Iterator[Found]:
    """The process scan of a Windows host: inventory, and where the dumper runs, the dumper in memory."""
    for number, name in enumerate(_PROCESSES):
        pid, path = 400 + number * 84, f"C:\\Windows\\System32\\{name}"
        command = f"{path} -k netsvcs -p" if name == "svchost.exe" else path
        text = f"Scanning Process PID: {pid} NAME: {name} OWNER: SYSTEM CMD: {command} PATH: {path}"
        yield Found(Record(time, "INFO", "ProcessScan", text))
        if name == "svchost.exe":
            for port in dice.some((135, 445, 3389, 5040, 5985, 7680, 49664), dice.whole(1, 3)):
                text = f"Listening process PID: {pid} NAME: {name} COMMAND: {command} IP: 0.0.0.0 PORT: {port}"
                yield Found(Record(time, "NOTICE", "ProcessScan", text), finding=True)
    if path := DUMPERS.get(host.name, ""):
        tail = f"PID: 6120 NAME: {path.split(chr(92))[-1]} OWNER: {host.user} CMD: {path} -q PATH: {path}"
        yield Found(Record(time, "INFO", "ProcessScan", f"Scanning Process {tail}"))
        text = f"Yara Rule MATCH: {DUMPER} {tail}"
        yield Found(Record(time, "ALERT", "ProcessScan", text), rule=DUMPER, finding=True)


def _files(dice: Dice, host: Host, time: datetime, noise: list[Hit]) -> Iterator[Found]:
    """The file scan: hits in the order of paths, some seconds apart."""
    hits = [*noise, *_intrusion(dice).get(host.name, []), *_hostile(dice, host)]
    for hit in sorted(hits, key=lambda hit: hit.path):
        time += timedelta(microseconds=int(dice.waiting(9e6)) + 1)
        clock = time.astimezone(ZoneInfo(PARIS)).replace(tzinfo=None, microsecond=0)
        met = replace(hit, accessed=clock)
        text = loki.file_hit(met, 0x7F00_0000_0000 + dice.whole(0, 0xFFF_FFFF) * 16)
        yield Found(Record(time, loki.level_of(met.score), "FileScan", text), hit=met, finding=True)


def _log(host: Host, found: list[Found], start: datetime, layout: str) -> tuple[HostTruth, Made]:
    """The file of one scan, and its truth."""
    syslog = layout.startswith("syslog")
    content = loki.write((f.record for f in found), host.name, layout, crlf=host.windows).encode()
    written = [f for f in found if not (syslog and f.record.level == "RESULT")]
    local = start.astimezone(ZoneInfo(PARIS))
    name = f"{host.name}.syslog" if syslog else f"loki_{host.name}_{local:%Y-%m-%d_%H-%M-%S}.log"
    last = found[-1].record
    last_time = last.time.replace(microsecond=0)
    complete = last.message.startswith("Finished")
    levels = Counter(f.record.level for f in written)
    remark = {NO_PATH: "path does not exist", BLIND: "blind", LIMITED: "limited rights"}.get(host.name)
    truth = HostTruth(
        host=host.name,
        file=f"scans/{name}",
        layout=layout,
        windows=host.windows,
        started=start,
        ended=last_time if complete else None,
        complete=complete,
        why_incomplete={INTERRUPTED: "interrupted", KILLED: "no end record"}.get(host.name, ""),
        rules_loaded=_rules_loaded(host),
        remarks=(remark,) if remark else (),
        levels={level: levels[level] for level in loki.LEVELS},
        file_hits=sum(f.hit is not None for f in written),
        reasons=sum(len(f.hit.reasons) for f in written if f.hit),
        other_findings=sum(f.finding and f.hit is None for f in written),
    )
    return truth, Made(content, FileTruth("loki", content.count(b"\n"), len(written), None, last_time))
