"""Loki scan logs of 40 hosts: background noise, the intrusion on three of them, and scans that did not see all."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from watchfloor.demo import story
from watchfloor.demo.dice import Dice
from watchfloor.demo.loki import (
    LEVELS,
    Hit,
    Reason,
    Record,
    file_hit,
    level_of,
    levenshtein,
    name_ioc,
    write,
    yara,
)
from watchfloor.demo.names import HOSTS, PARIS, Host
from watchfloor.demo.truth import FileTruth, HostTruth, Made, ScansTruth

__all__ = ["scans"]

COMMON_RULE = "ADMINTOOL_Remote_Service_Runner"
WEBSHELL, DUMPER, DUMP_OUTPUT = "WEBSHELL_Lantern_Uploader", "HKTL_Ashen_Credential_Dumper", "SUSP_Renamed_Memory_Dump"
SWEEP = datetime(2025, 10, 28, 19, 0, tzinfo=UTC)
"""The scans follow the intrusion by two days."""

INTERRUPTED, KILLED, NO_PATH, BLIND, LIMITED = "TR-WS-021", "par-app-03", "par-db-02", "TR-WS-005", "TR-WS-018"
HOSTILE_WINDOWS, HOSTILE_LINUX = "TR-WS-009", "par-nas-01"
LAYOUTS = {"par-proxy-01": "syslog-udp", "par-mail-01": "syslog-tcp"}
"""All others write csv or log."""

_MAGIC = {"EXE": "4d5a90000300000004000000ffff0000b8000000", "ELF": "7f454c4602010100000000000000000002003e00",
          "ZIP": "504b0304140006000800000021006f6ee1a45801"}  # fmt: skip


@dataclass(frozen=True)
class Noise:
    """A rule that fires on harmless files."""

    reason: Reason
    hosts: int
    windows: bool | None
    """On which system; null: on both."""
    path: str
    """With fields for the user, a word and a number."""
    type: str = "UNKNOWN"
    files: int = 3
    """Per host, at most."""
    one_file: bool = False
    """The same file everywhere."""


def _rule(name: str, score: int, about: str, *strings: str) -> Reason:
    return yara(name, score, about, "https://rules.example/" + name.lower(), "Watch Rules Team", strings)


NOISE = (
    Noise(
        _rule(COMMON_RULE, 65, "Detects a tool that administrators use to run services elsewhere", "RSR service %s", "\\\\%s\\ADMIN$"),
        25, None, "{admin}rsrun{exe}", "EXE", 1, one_file=True,
    ),
    Noise(
        _rule("SUSP_Packed_Updater_Stub", 60, "Detects a packed stub, also used by installers", "UPD!stub", "unpack_and_run"),
        18, True, "C:\\ProgramData\\{word}\\Update\\stub{n}.exe", "EXE", 4,
    ),
    Noise(
        _rule("SUSP_Base64_Block_In_Script", 50, "Detects long base64 text in scripts", "FromBase64", "-enc "),
        16, None, "{home}scripts/{word}_{n}.ps1", files=6,
    ),
    Noise(
        _rule("SUSP_Macro_Runs_At_Open", 55, "Detects documents with macros that run at opening", "AutoOpen", "Shell("),
        11, True, "C:\\Users\\{user}\\Documents\\{word} plan {n}.docm", "ZIP", 5,
    ),
    Noise(
        _rule("GEN_Password_Word_In_Config", 40, "Detects a password in a configuration file", "password="),
        14, None, "{home}conf/{word}{n}.ini", files=8,
    ),
    Noise(
        _rule("SUSP_Long_String_In_JScript", 45, "Detects very long strings in JScript", "eval(unescape(" + "%u9090" * 30),
        7, True, "C:\\Users\\{user}\\AppData\\Local\\{word}\\cache_{n}.js", files=7,
    ),
    Noise(
        _rule("HKTL_Port_Sweeper", 75, "Detects a port scanner that network teams use", "-sweep ports", "host is up"),
        4, None, "{admin}sweep{exe}", "EXE", 1, one_file=True,
    ),
    Noise(
        _rule("PUA_Coin_Ticker_Widget", 60, "Detects a desktop widget with advertisements", "coin_ticker"),
        3, True, "C:\\Users\\{user}\\AppData\\Roaming\\Ticker\\ticker.exe", "EXE", 1, one_file=True,
    ),
    Noise(
        _rule("SUSP_Setuid_Helper_Copy", 60, "Detects copies of a helper with the setuid bit", "setuid(0)"),
        5, False, "/opt/{word}/bin/helper{n}", "ELF", 2,
    ),
    Noise(
        _rule("WEB_Eval_In_Template_Engine", 50, "Detects eval in PHP, as template engines use it", "eval($tpl"),
        4, False, "/var/www/{word}/vendor/engine/cache_{n}.php", files=9,
    ),
    Noise(
        name_ioc(r"\\Downloads\\[^\\]{1,40}keygen[^\\]{0,40}\.(exe|zip)", 70, "Key generators in download folders"),
        4, True, "C:\\Users\\{user}\\Downloads\\{word} keygen {n}.zip", "ZIP", 1,
    ),
    Noise(
        name_ioc(r"/tmp/\.[a-z]{2,5}$", 60, "Hidden file in the folder for temporary files"),
        5, False, "/tmp/.{short}", files=3,
    ),
    Noise(levenshtein("svchost.exe"), 3, True, "C:\\ProgramData\\{word}\\svchosts.exe", "EXE", 1),
)  # fmt: skip
"""Every rule here is on three hosts at least: rarer ones are the intrusion's."""

_WORDS = ("atlas", "beacon", "cargo", "depot", "freight", "gate", "hub", "invoice", "lane", "manifest", "pallet", "route",
          "seal", "tally", "waybill", "yard", "Übersee", "Façade")  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A record of the scan, with what the truth needs of it."""

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
    seen: dict[str, dict[str, set[str]]] = {"rule": defaultdict(set), "pattern": defaultdict(set)}
    for number, host in enumerate(HOSTS):
        start = SWEEP + timedelta(seconds=number * 431)
        found = _scan(dice.room(host.name), host, start, noise[host.name])
        truth, file = _log(host, found, start, number)
        made[truth.file] = file
        hosts.append(truth)
        for rule, pattern in _fired(found):
            if rule:
                seen["rule"][rule].add(host.name)
            if pattern:
                seen["pattern"][pattern].add(host.name)
    return (
        ScansTruth(
            hosts=tuple(hosts),
            rules={rule: tuple(sorted(names)) for rule, names in sorted(seen["rule"].items())},
            patterns={pattern: tuple(sorted(names)) for pattern, names in sorted(seen["pattern"].items())},
            intrusion={name: tuple(hit.path for hit in hits) for name, hits in _intrusion(dice).items()},
            intrusion_rules=(DUMPER, DUMP_OUTPUT, WEBSHELL),
            common_rule=COMMON_RULE,
            shared_sha256=story.DUMPER_SHA256,
            hostile_paths=_HOSTILE,
        ),
        made,
    )


def _noise_by_host(dice: Dice, scale: float) -> dict[str, list[Hit]]:
    """Harmless hits of every host; which rule fires on which hosts is drawn first, so that the counts hold."""
    hits: dict[str, list[Hit]] = {host.name: [] for host in HOSTS}
    rules: dict[str, list[Noise]] = {host.name: [] for host in HOSTS}
    for noise in NOISE:
        fit = [host for host in HOSTS if _can_fire(noise, host)]
        for host in dice.some(fit, noise.hosts):
            rules[host.name].append(noise)
    for host in HOSTS:
        for noise in rules[host.name]:
            for _ in range(1 if noise.files == 1 else max(1, round(dice.whole(1, noise.files) * scale))):
                others = [other for other in rules[host.name] if other.reason.rule and not other.one_file]
                two = others and not noise.one_file and dice.chance(0.15)
                second = dice.pick(others) if two else noise
                hits[host.name].append(_noise_hit(dice, host, noise, second))
    return hits


def _can_fire(noise: Noise, host: Host) -> bool:
    if host.name == NO_PATH or noise.windows not in (None, host.windows):
        return False
    if noise.reason.rule == COMMON_RULE:  # its count is a round number: only scans that see everything
        return host.name not in (BLIND, INTERRUPTED, KILLED)
    return noise.reason.rule is None or host.name != BLIND


def _noise_hit(dice: Dice, host: Host, noise: Noise, second: Noise) -> Hit:
    fields = {
        "user": host.user,
        "word": dice.pick(_WORDS),
        "n": dice.whole(1, 9999),
        "short": dice.hexes(9).translate(str.maketrans("0123456789", "ghijklmnop"))[: dice.whole(2, 5)],
        "admin": "C:\\Admin\\Tools\\" if host.windows else "/opt/admin/",
        "home": f"C:\\Users\\{host.user}\\" if host.windows else f"/srv/{dice.pick(_WORDS)}/",
        "exe": ".exe" if host.windows else "",
    }
    path = noise.path.format(**fields)
    path = path.replace("/", "\\") if host.windows else path
    reasons = (noise.reason,) if second is noise else (noise.reason, second.reason)
    sha256 = _sha256(noise.path if noise.one_file else f"{host.name}{path}{dice.unit()}")
    kind = "ELF" if noise.type == "EXE" and not host.windows and not noise.one_file else noise.type
    return _hit(dice, path, kind, sha256, reasons, unread=not noise.one_file and dice.chance(0.04))


def _hit(
    dice: Dice,
    path: str,
    kind: str,
    sha256: str,
    reasons: tuple[Reason, ...],
    *,
    unread: bool = False,
    unshown: int = 0,
) -> Hit:
    """A hit of a file; its size and other hashes come from its SHA-256, its time of access is set when the scan meets it."""
    modified = datetime(2023, 1, 1) + timedelta(seconds=dice.whole(0, 1000 * 86_400))  # noqa: DTZ001 - a clock time
    return Hit(
        path=path,
        type=kind,
        size=40_000_000 + int(sha256[:5], 16) if unread else 200 + int(sha256[:5], 16),
        first_bytes=_MAGIC.get(kind) or sha256[24:64],
        hashes=None if unread else (_digest("md5", sha256)[:32], _digest("sha1", sha256)[:40], sha256),
        created=modified,
        modified=modified,
        accessed=modified,
        reasons=reasons,
        unshown=unshown,
    )


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _digest(kind: str, sha256: str) -> str:
    """Stands for another digest of the same content."""
    return _sha256(f"{kind}{sha256}")


def _intrusion(dice: Dice) -> dict[str, list[Hit]]:
    """The intrusion's files on three hosts."""
    dice = dice.room("intrusion")
    shell = _rule(
        WEBSHELL, 95, "Detects a web shell that hides behind picture thumbnails", "lantern_up(", "$_POST['lk']"
    )
    dumper = _rule(DUMPER, 90, "Detects a tool that reads credentials from memory", "ashen::pull", "sekretdump")
    known = Reason(
        f"Malware Hash TYPE: SHA256 HASH: {story.DUMPER_SHA256} SUBSCORE: 100 DESC: Credential dumper of case 2025-31",
        100,
    )
    output = _rule(DUMP_OUTPUT, 70, "Detects process memory saved under another name", "MDMP")
    www = "/var/www/portal/uploads/"
    return {
        story.WORKSTATION.name: [
            _hit(
                dice,
                "C:\\Users\\m.halloran\\AppData\\Local\\Temp\\nvtray.exe",
                "EXE",
                story.DUMPER_SHA256,
                (dumper, known),
            ),
            _hit(
                dice,
                "C:\\Users\\Public\\Music\\track01.dat",
                "MDMP",
                _sha256("dump of the workstation"),
                (output,),
                unshown=40,
            ),
        ],
        "TR-FS-01": [
            _hit(dice, "C:\\Windows\\Tasks\\svc_cache.exe", "EXE", story.DUMPER_SHA256, (dumper, known)),
            _hit(dice, "C:\\Windows\\Tasks\\~dl3.tmp", "MDMP", _sha256("dump of the server"), (output,), unshown=40),
        ],
        story.WEB.name: [
            _hit(dice, www + "thumb_cache.php", "UNKNOWN", _sha256("web shell"), (shell,), unshown=25),
            _hit(dice, www + "2025/10/thumb_cache.php.bak", "UNKNOWN", _sha256("web shell, first try"), (shell,)),
        ],
    }


_HOSTILE: dict[str, tuple[str, ...]] = {
    HOSTILE_WINDOWS: (
        "C:\\Intake\\Q3 SCORE: 70 TYPE: EXE.txt",
        "C:\\Intake\\Müller, Søn & Co, 'final', v2.docm",
        "C:\\Intake\\=cmd _c calc.csv",
        "C:\\Intake\\見積書 2025.xlsm",
        "C:\\Intake\\Yara Rule MATCH: Not_A_Rule SUBSCORE: 1.txt",
        "C:\\Intake\\REASON_1: fake.txt",
        "C:\\Intake\\new\\nights\\report.txt",
    ),
    HOSTILE_LINUX: (
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


def _hostile(dice: Dice, host: Host) -> list[Hit]:
    """Files with names that break naive parsers; what they match is ordinary."""
    reason = next(noise.reason for noise in NOISE if noise.reason.rule == "GEN_Password_Word_In_Config")
    loud = next(noise.reason for noise in NOISE if noise.reason.rule == "SUSP_Base64_Block_In_Script")
    return [
        _hit(dice, path, "UNKNOWN", _sha256(f"{host.name}{path}"), (reason, loud) if n % 3 == 0 else (reason,))
        for n, path in enumerate(_HOSTILE.get(host.name, ()))
    ]


def _scan(dice: Dice, host: Host, start: datetime, noise: list[Hit]) -> list[Found]:
    """All records of one scan, in order."""
    found = [Found(record) for record in _opening(dice, host, start)]
    begin = found[-1].record.time
    if host.name != NO_PATH:
        if host.windows:
            found += _processes(dice, host, begin)
        found += _files(dice, host, begin + timedelta(seconds=20), noise)
    if host.name == INTERRUPTED:
        found = found[: len(found) * 2 // 3]
        text = "LOKI's work has been interrupted by a human. Returning to Asgard."
        return [*found, Found(Record(found[-1].record.time + timedelta(seconds=2), "INFO", "Init", text))]
    if host.name == KILLED:
        return found[: len(found) * 3 // 5]
    return found + [Found(record) for record in _closing(host, found)]


def _opening(dice: Dice, host: Host, start: datetime) -> Iterable[Record]:
    """From the start record to the path that is scanned."""
    stamp = f"{start:%Y%m%dT%H:%M:%SZ}"
    if host.windows:
        system = "PLATFORM: 10 10.0.19045 SP0 Multiprocessor Free PROC: Intel64 Family 6 Model 158, GenuineIntel ARCH: 64bit WindowsPE"
        folder = "C:\\Tools\\loki\\signature-base\\yara"
    else:
        system = "PLATFORM:     PROC:  ARCH: 64bit ELF"
        folder = "/opt/loki/signature-base/yara"
    yield Record(
        start, "NOTICE", "Init", f"Starting Loki Scan VERSION: 0.51.1 SYSTEM: {host.name} TIME: {stamp} {system}"
    )
    if host.windows:
        text = "PE-Sieve successfully initialized BINARY: C:\\Tools\\loki\\tools\\pe-sieve64.exe SOURCE: https://rules.example/pe-sieve"
        yield Record(start, "NOTICE", "PESieve", text)
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
    ready = start + timedelta(seconds=dice.whole(3, 9))
    yield Record(ready, "INFO", "Init", "Initializing all YARA rules at once (composed string of all rule files)")
    if host.name == BLIND:
        yield Record(
            ready, "ERROR", "Init", "Error while initializing Yara rule watch_rules.yar ERROR: line 88: syntax error"
        )
    yield Record(ready, "INFO", "Init", f"Initialized {_rules_loaded(host)} Yara rules")
    yield _rights(host, ready)
    path = "C:\\" if host.windows else "/"
    if host.name == NO_PATH:
        yield Record(ready, "ERROR", "FileScan", "None Existing Scanning Path /srv/database ...  ")
    else:
        yield Record(ready, "INFO", "FileScan", f"Scanning Path {path} ...  ")


def _rules_loaded(host: Host) -> int:
    return 0 if host.name == BLIND else 612


def _rights(host: Host, time: datetime) -> Record:
    if host.name == LIMITED:
        text = "Program should be run as Administrator to ensure all access rights to process memory and file objects."
        return Record(time, "NOTICE", "Init", text)
    who = "has admin rights" if host.windows else "is root"
    return Record(time, "INFO", "Init", f"Current user {who} - very good")


_PROCESSES = ("smss.exe", "csrss.exe", "wininit.exe", "services.exe", "lsass.exe", "svchost.exe", "explorer.exe")


def _processes(dice: Dice, host: Host, time: datetime) -> list[Found]:
    """The process scan of a Windows host: inventory, and on the intrusion's hosts the dumper in memory."""
    found: list[Found] = []
    for number, name in enumerate(_PROCESSES):
        path = f"C:\\Windows\\System32\\{name}" if name != "explorer.exe" else "C:\\Windows\\explorer.exe"
        owner = host.user if name == "explorer.exe" else "SYSTEM"
        command = f"{path} -k netsvcs -p" if name == "svchost.exe" else path
        text = f"PID: {400 + number * 84} NAME: {name} OWNER: {owner} CMD: {command} PATH: {path}"
        found.append(Found(Record(time, "INFO", "ProcessScan", f"Scanning Process {text}")))
        if name == "svchost.exe":
            for port in dice.some((135, 445, 3389, 5040, 5985, 7680, 49664), dice.whole(1, 3)):
                listens = f"Listening process PID: {400 + number * 84} NAME: {name} COMMAND: {command} IP: 0.0.0.0 PORT: {port}"
                found.append(Found(Record(time, "NOTICE", "ProcessScan", listens), finding=True))
    if host.name in (story.WORKSTATION.name, "TR-FS-01"):
        path = next(hit.path for hit in _intrusion(dice)[host.name] if hit.path.endswith(".exe"))
        tail = f"PID: 6120 NAME: {path.rsplit(chr(92), 1)[-1]} OWNER: {host.user} CMD: {path} -q PATH: {path}"
        found.append(Found(Record(time, "INFO", "ProcessScan", f"Scanning Process {tail}")))
        text = f"Yara Rule MATCH: {DUMPER} {tail}"
        found.append(Found(Record(time, "ALERT", "ProcessScan", text), rule=DUMPER, finding=True))
    return found


def _files(dice: Dice, host: Host, time: datetime, noise: list[Hit]) -> list[Found]:
    """The file scan: hits in the order of paths, some seconds apart."""
    hits = [*noise, *_intrusion(dice).get(host.name, []), *_hostile(dice, host)]
    found: list[Found] = []
    for hit in sorted(hits, key=lambda hit: hit.path):
        time += timedelta(microseconds=int(dice.waiting(14e6)) + 1)
        clock = time.astimezone(ZoneInfo(PARIS)).replace(tzinfo=None, microsecond=0)
        met = Hit(**{**hit.__dict__, "accessed": clock, "created": hit.created if host.windows else hit.modified})
        text = file_hit(met, 0x7F0000000000 + dice.whole(0, 0xFFFFFFF) * 16)
        found.append(Found(Record(time, level_of(met.score), "FileScan", text), hit=met, finding=True))
    return found


def _closing(host: Host, found: list[Found]) -> Iterable[Record]:
    """Totals, verdict and end."""
    time = found[-1].record.time + timedelta(seconds=3)
    levels = Counter(f.record.level for f in found)
    totals = f"Results: {levels['ALERT']} alerts, {levels['WARNING']} warnings, {levels['NOTICE']} notices"
    yield Record(time, "NOTICE", "Results", totals)
    advice = "Loki recommends checking the elements on virustotal.com or Google and triage with a professional tool."
    if levels["ALERT"]:
        yield Record(time, "RESULT", "Results", "Indicators detected!")
        yield Record(time, "RESULT", "Results", advice)
    elif levels["WARNING"]:
        yield Record(time, "RESULT", "Results", "Suspicious objects detected!")
        yield Record(time, "RESULT", "Results", advice)
    else:
        yield Record(time, "RESULT", "Results", "SYSTEM SEEMS TO BE CLEAN.")
    yield Record(time, "INFO", "Results", "Please report false positives via https://rules.example/report")
    yield Record(time, "NOTICE", "Results", f"Finished LOKI Scan SYSTEM: {host.name} TIME: {time:%Y%m%dT%H:%M:%SZ}")


def _fired(found: list[Found]) -> Iterable[tuple[str | None, str | None]]:
    for f in found:
        if f.rule:
            yield f.rule, None
        for reason in f.hit.reasons if f.hit else ():
            yield reason.rule, reason.pattern


def _log(host: Host, found: list[Found], start: datetime, number: int) -> tuple[HostTruth, Made]:
    """The file of one scan, and its truth."""
    layout = LAYOUTS.get(host.name) or ("log" if number % 3 == 1 else "csv")
    text = write((f.record for f in found), host.name, layout, crlf=host.windows)
    sent = [f for f in found if not (layout.startswith("syslog") and f.record.level == "RESULT")]
    local = start.astimezone(ZoneInfo(PARIS))
    name = f"{host.name}.syslog" if layout.startswith("syslog") else f"loki_{host.name}_{local:%Y-%m-%d_%H-%M-%S}.log"
    last = found[-1].record
    ended = last.time.replace(microsecond=0) if last.message.startswith("Finished") else None
    levels = Counter(f.record.level for f in sent)
    remarks = {NO_PATH: "path does not exist", BLIND: "blind", LIMITED: "limited rights"}
    truth = HostTruth(
        host=host.name,
        file=f"scans/{name}",
        layout=layout,
        windows=host.windows,
        started=start,
        ended=ended,
        complete=ended is not None,
        why_incomplete={INTERRUPTED: "interrupted", KILLED: "no end record"}.get(host.name, ""),
        rules_loaded=_rules_loaded(host),
        remarks=(remarks[host.name],) if host.name in remarks else (),
        levels={level: levels[level] for level in LEVELS},
        file_hits=sum(f.hit is not None for f in sent),
        reasons=sum(len(f.hit.reasons) for f in sent if f.hit),
        other_findings=sum(f.finding and f.hit is None for f in sent),
    )
    content = text.encode()
    file = FileTruth("loki", content.count(b"\n"), len(sent), None, last.time.replace(microsecond=0))
    return truth, Made(content, file)
