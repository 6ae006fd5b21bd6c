"""The scan logs, read with nothing but regexes on their bytes, hold what the truth says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from watchfloor.demo import Truth
from watchfloor.demo.truth import HostTruth

REASON = r"REASON_\d+: (?:Yara Rule MATCH|File Name IOC matched|Levenshtein check|Malware Hash)"
PREFIX = {
    "csv": r"^\d{8}T\d\d:\d\d:\d\dZ,HOST,(?P<level>[A-Z]+),(?P<module>[A-Za-z]+),",
    "log": r"^\d{8}T\d\d:\d\d:\d\dZ HOST LOKI: (?P<level>[A-Z][a-z]+): MODULE: (?P<module>[A-Za-z]+) MESSAGE: ",
}


def records(folder: Path, host: HostTruth) -> list[tuple[str, str, str]]:
    """Level, module and message of every record."""
    text = (folder / host.file).read_bytes().decode()
    syslog = (
        r"^<\d+>1 \S+ HOST LOKI \d+ \d+ - \ufeffLOKI: (?P<level>[A-Z][a-z]+): MODULE: (?P<module>[A-Za-z]+) MESSAGE: "
    )
    pattern = PREFIX.get(host.layout, syslog).replace("HOST", re.escape(host.host))
    starts = list(re.finditer(pattern, text, re.MULTILINE))
    assert starts[0].start() == 0
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return [(m["level"].upper(), m["module"], text[m.end() : end]) for m, end in zip(starts, ends, strict=True)]


@pytest.fixture
def logs(folder: Path, truth: Truth) -> dict[str, list[tuple[str, str, str]]]:
    """Records by host."""
    return {host.host: records(folder, host) for host in truth.scans.hosts}


def test_forty_scans_in_four_layouts(folder: Path, truth: Truth) -> None:
    """Windows writes CRLF; a line break inside a record stays as it was."""
    layouts = Counter(host.layout for host in truth.scans.hosts)
    assert sorted(layouts) == ["csv", "log", "syslog-tcp", "syslog-udp"]
    assert sum(layouts.values()) == 40
    for host in truth.scans.hosts:
        content = (folder / host.file).read_bytes()
        assert content.endswith(b"\r\n" if host.windows else b"\n")
        assert content.count(b"\r\n") == (content.count(b"\n") if host.windows else 0)


def test_records_and_levels(logs: dict[str, list[tuple[str, str, str]]], truth: Truth) -> None:
    """As many records of each level as the truth says, for every host."""
    for host in truth.scans.hosts:
        assert len(logs[host.host]) == truth.files[host.file].records
        levels = Counter(level for level, _, _ in logs[host.host])
        assert {level: levels[level] for level in host.levels} == host.levels


def test_hits_and_reasons(logs: dict[str, list[tuple[str, str, str]]], truth: Truth) -> None:
    """File hits, their reasons, and findings of other kinds."""
    for host in truth.scans.hosts:
        files = [text for _, module, text in logs[host.host] if module == "FileScan" and text.startswith("FILE: ")]
        others = [
            text
            for level, module, text in logs[host.host]
            if module == "ProcessScan" and level in ("ALERT", "WARNING", "NOTICE")
        ]
        assert len(files) == host.file_hits
        assert sum(len(re.findall(REASON, text)) for text in files) == host.reasons
        assert len(others) == host.other_findings


def test_scores_and_levels_agree(logs: dict[str, list[tuple[str, str, str]]]) -> None:
    """The level follows the score; the score is at least the sum of what is shown."""
    hits = 0
    for found in logs.values():
        for level, module, text in found:
            if module == "FileScan" and text.startswith("FILE: "):
                score = int(re.findall(r" SCORE: (\d+) TYPE: \S+ SIZE: \d+ FIRST_BYTES: ", text)[-1])
                shown = sum(map(int, re.findall(r" SUBSCORE: (\d+) (?:DESC|ORIGINAL)", text)))
                assert level == ("ALERT" if score >= 100 else "WARNING" if score >= 60 else "NOTICE")
                assert 40 <= shown <= score
                hits += 1
    assert hits > 500


def test_hosts_of_every_rule_and_pattern(logs: dict[str, list[tuple[str, str, str]]], truth: Truth) -> None:
    """On which hosts each fired; what is on one or two hosts is the intrusion's."""
    rules: dict[str, set[str]] = {}
    patterns: dict[str, set[str]] = {}
    for host, found in logs.items():
        for _, module, text in found:
            start = r"^" if module == "ProcessScan" else r"REASON_\d+: "
            for rule in re.findall(start + r"Yara Rule MATCH: (\S+) (?:SUBSCORE|PID): \d", text):
                rules.setdefault(rule, set()).add(host)
            for pattern in re.findall(r"File Name IOC matched PATTERN: (.+?) SUBSCORE: ", text):
                patterns.setdefault(pattern, set()).add(host)

    assert {rule: tuple(sorted(hosts)) for rule, hosts in rules.items()} == truth.scans.rules
    assert {pattern: tuple(sorted(hosts)) for pattern, hosts in patterns.items()} == truth.scans.patterns
    assert {rule for rule, hosts in rules.items() if len(hosts) <= 2} == set(truth.scans.intrusion_rules)
    assert len(rules[truth.scans.common_rule]) == 25
    assert min(map(len, patterns.values())) >= 3


def test_the_intrusion_is_on_three_hosts(logs: dict[str, list[tuple[str, str, str]]], truth: Truth) -> None:
    """Its files are there, and one file lies on two hosts under two names."""
    for host, paths in truth.scans.intrusion.items():
        texts = [text for _, _, text in logs[host]]
        assert all(any(text.startswith(f"FILE: {path} SCORE: ") for text in texts) for path in paths)
    assert len(truth.scans.intrusion) == 3
    dumper = f"SHA256: {truth.scans.shared_sha256} CREATED"
    assert {host for host, found in logs.items() if any(dumper in text for _, _, text in found)} == {
        "TR-WS-014",
        "TR-FS-01",
    }


def test_scans_that_did_not_see_all(logs: dict[str, list[tuple[str, str, str]]], truth: Truth) -> None:
    """One was interrupted, one just stops, one had no path, one no rules, one no rights."""
    ends = {host: found[-1][2] for host, found in logs.items()}
    stopped = {h.host: h.why_incomplete for h in truth.scans.hosts if not h.complete}
    assert sorted(stopped.values()) == ["interrupted", "no end record"]
    for host, why in stopped.items():
        assert ("interrupted by a human" in ends[host]) == (why == "interrupted")
    assert all(ends[h.host].startswith("Finished LOKI Scan") == h.complete for h in truth.scans.hosts)

    remarks = {h.host: h.remarks for h in truth.scans.hosts if h.remarks}
    said = {
        host: (remark,)
        for host, found in logs.items()
        for _, _, text in found
        for words, remark in (
            ("None Existing Scanning Path", "path does not exist"),
            ("Initialized 0 Yara rules", "blind"),
            ("Program should be run", "limited rights"),
        )
        if text.startswith(words)
    }
    assert said == remarks
    assert sorted(remarks.values()) == [("blind",), ("limited rights",), ("path does not exist",)]


def test_hostile_names_stand_as_they_are(folder: Path, truth: Truth) -> None:
    """Nothing is quoted or escaped."""
    files = {host.host: folder / host.file for host in truth.scans.hosts}
    for host, paths in truth.scans.hostile_paths.items():
        content = files[host].read_bytes()
        assert all(f"FILE: {path} SCORE: ".encode() in content for path in paths)
    everything = "".join(path for paths in truth.scans.hostile_paths.values() for path in paths)
    assert all(
        sign in everything for sign in ("SCORE: ", ",", '"', "'", "\n", "\x1b", "\u202e", "<script>", "=cmd|", "見")
    )


def test_syslog_numbers_count_what_was_not_sent(folder: Path, truth: Truth) -> None:
    """RESULT records are missing, and only they: one gap of at most two before the last two records."""
    for host in truth.scans.hosts:
        if host.layout.startswith("syslog"):
            numbers = [
                int(n) for n in re.findall(r" LOKI 4711 (\d+) - ", (folder / host.file).read_text(encoding="utf-8"))
            ]
            missing = set(range(1, numbers[-1] + 1)) - set(numbers)
            assert 1 <= len(missing) <= 2
            assert max(missing) == numbers[-1] - 2
