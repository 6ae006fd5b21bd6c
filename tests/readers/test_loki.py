"""Loki scan logs: records composed as the scanner writes them, in every layout, with hostile names."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest

from helpers import DATA, needs_data, rows
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.loki import reading, records
from watchfloor.readers.loki.hits import exact_headers
from watchfloor.readers.loki.layouts import layout_of
from watchfloor.readers.loki.others import fields
from watchfloor.readers.loki.reasons import split_exactly
from watchfloor.readers.loki.scans import COUNTED
from watchfloor.schemas import FINDINGS

STAMP = "20260102T03:04:05Z"
HOST = "srv-7"
MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64
CTIME = "Fri Jan  2 03:00:00 2026"
YARA = (
    "Yara Rule MATCH: Made_Up_Rule SUBSCORE: 70 DESCRIPTION: finds nothing, REF: inside REF: - AUTHOR: A. Nobody "
    "MATCHES: $a: 'one', $b: 'REASON_2: Yara Rule MATCH: x SUBSCORE: 1'"
)
NAMED = "File Name IOC matched PATTERN: \\\\tmp\\\\x[0-9]+ SUBSCORE: 60 DESC: odd name"
HASHED = f"Malware Hash TYPE: MD5 HASH: {MD5} SUBSCORE: 100 DESC: not set"
ODD = f"Suspicious Hash TYPE: SHA256 HASH: {SHA256} SUBSCORE: 65 DESC: seen once, maybe"
SCRIPT = "Anomaly detected ANOMALIES: 'long line', 'no blanks' SCORE: 70"
NEAR = "Levenshtein check - filename looks much like a well-known system file SUBSCORE: 40 ORIGINAL: svchost.exe"


def hit(path: str, *reasons: str, score: int = 130, hashed: bool = True, accessed: str = CTIME) -> str:
    """The message of a file hit."""
    facts = f"4d5a / <filter object at 0x7f> MD5: {MD5} SHA1: {SHA1} SHA256: {SHA256}" if hashed else "b'-' "
    listed = "".join(f"REASON_{n}: {reason}" for n, reason in enumerate(reasons, 1))
    return (
        f"FILE: {path} SCORE: {score} TYPE: EXE SIZE: 9 FIRST_BYTES: {facts} "
        f"CREATED: {CTIME} MODIFIED: {CTIME} ACCESSED: {accessed} {listed}"
    )


def record(layout: str, level: str, module: str, message: str, number: int = 1, host: str = HOST) -> str:
    """One record as the layout writes it."""
    if layout == "syslog_tcp":
        message = message.replace("\n", "\\n")
    named = f"LOKI: {level.title()}: MODULE: {module} MESSAGE: {message}"
    return {
        "csv": f"{STAMP},{host},{level},{module},{message}",
        "stdout_csv": f"{STAMP},{host},{level},{message}",
        "log": f"{STAMP} {host} {named}",
        "syslog": f"<154>1 2026-01-02T03:04:05.250000+00:00 {host} LOKI 77 {number} - \ufeff{named}",
        "syslog_tcp": f"<154>1 2026-01-02T03:04:05.250000+00:00 {host} LOKI 77 {number} - \ufeff{named}",
        "console": f"\b\b[{level}] {message}",
    }[layout]


LAYOUTS = ("csv", "stdout_csv", "log", "syslog", "syslog_tcp", "console")
WITH_HOSTS = ("csv", "stdout_csv", "log", "syslog")
"""Layouts whose prefix a name with a line break can forge."""
START = (
    "NOTICE",
    "Init",
    f"Starting Loki Scan VERSION: 0.51.1 SYSTEM: {HOST} TIME: {STAMP} PLATFORM:     PROC:  ARCH: 64bit",
)
END = ("NOTICE", "Results", f"Finished LOKI Scan SYSTEM: {HOST} TIME: 20260102T03:09:05Z")


def scan(layout: str, *records: tuple[str, str, str], ended: bool = True) -> str:
    """A scan with its frame."""
    whole = [START, ("INFO", "Init", "Initialized 700 Yara rules"), *records, *([END] if ended else [])]
    return "".join(f"{record(layout, *parts, number=n)}\n" for n, parts in enumerate(whole, 1))


def read(tmp_path: Path, content: str | bytes, **options: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables of one log, whose ledger must add up."""
    path = tmp_path / "scan.log"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tables = {
        name: rows(frame) for name, frame in read_files([path], format="loki", options=Options(**options)).items()
    }
    [ledger] = tables["ledger"]
    del ledger["seconds"]
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in tables["rejects"])
    return tables


HOSTILE = [
    "/srv/plain.txt",
    "/srv/a SCORE: 70 TYPE: EXE.txt",
    "/srv/REASON_1: fake.txt",
    "C:\\Users\\x\\FILE: nested, 'quoted' \"twice\".dll",
    "/srv/Ünïcode \u202egpj.txt",
    "/srv/CREATED: Mon Jan  1 00:00:00 2024.txt",
    "/srv/ends with blank ",
    "/srv/=cmd|' /C calc'!A0",
    "/srv/,,a,b;c.txt",
    "/srv/carriage\rreturn.txt",
    "/srv/unit\x85line\u2028sep\x0b.txt",
    "C:\\new\\names\\n.dll",
    f"/srv/Yara Rule MATCH: No SUBSCORE: 1 REASON_1: {NAMED}.txt",
    f"/srv/{hit('/inner', NAMED)}",
]


@pytest.mark.parametrize("accessed", [CTIME, "not_available"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_comes_back_as_it_is(tmp_path: Path, layout: str, path: str, accessed: str) -> None:
    """In every layout; the header is found by its shape, not by its first word."""
    tables = read(tmp_path, scan(layout, ("ALERT", "FileScan", hit(path, YARA, NAMED, accessed=accessed))))
    assert [(row["path"], row["score"], row["md5"], row["reason"]) for row in tables["findings"]] == [
        (path, 130, MD5, "yara"),
        (path, 130, MD5, "filename"),
    ]
    assert tables["rejects"] == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_line_break_in_a_path(tmp_path: Path, layout: str) -> None:
    """It stays in the path; the record is its first physical line."""
    path = "/srv/line\nbreak, \n\n.txt"
    tables = read(
        tmp_path, scan(layout, ("ALERT", "FileScan", hit(path, YARA)), ("WARNING", "FileScan", hit("/b", NAMED)))
    )
    continued = 0 if layout == "syslog_tcp" else 3
    assert [(row["record"], row["path"]) for row in tables["findings"]] == [(3, path), (4 + continued, "/b")]
    assert tables["ledger"][0]["lines_continued"] == continued


@pytest.mark.parametrize("layout", WITH_HOSTS)
@pytest.mark.parametrize("host", [HOST, "other"])
def test_a_forged_record_in_a_path(tmp_path: Path, layout: str, host: str) -> None:
    """Whether it names the scanned host or another: a record goes on until its header is complete."""
    path = f"/srv/x\n{record(layout, 'ALERT', 'FileScan', 'FILE: /forged', host=host)}"
    tables = read(
        tmp_path, scan(layout, ("ALERT", "FileScan", hit(path, YARA)), ("WARNING", "FileScan", hit("/b", NAMED)))
    )
    assert [(row["record"], row["path"], row["level"], row["host"]) for row in tables["findings"]] == [
        (3, path, "ALERT", HOST),
        (5, "/b", "WARNING", HOST),
    ]
    assert (tables["rejects"], tables["scans"][0]["alerts"]) == ([], 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_reasons_inside_of_matched_strings_are_no_reasons(tmp_path: Path, layout: str) -> None:
    """Nor do a line break, a carriage return or a forged record in one end it."""
    inside = "$a: 'REASON_2: Yara Rule MATCH: x SUBSCORE: 1', $: 'one\r\ntwo', $x01: 'REASON_2: Malware Hash '"
    yara = f"Yara Rule MATCH: R SUBSCORE: -5 DESCRIPTION: d MATCHES: inside; REF: r AUTHOR: a MATCHES: {inside}"
    if layout in WITH_HOSTS:
        yara += f", $z: 'x\n{record(layout, 'ALERT', 'FileScan', 'FILE: /forged')}'"
    strings = yara.split(" MATCHES: ", 2)[2]
    if layout == "console":
        strings = strings.replace("\r\n", "\n")  # a terminal makes \r\n of every line feed: which it was is lost
    found = read(tmp_path, scan(layout, ("ALERT", "FileScan", hit("/srv/a", yara, NAMED))))["findings"]
    names = ("reason_number", "reason", "rule", "subscore", "description", "author", "matched")
    if layout == "syslog_tcp":
        strings = strings.replace("\n", "\\n")  # the path has no line break that says what the two characters are
    assert [tuple(row[name] for name in names) for row in found] == [
        (1, "yara", "R", -5, "d MATCHES: inside;", "a", strings),
        (2, "filename", None, 60, "odd name", None, "\\\\tmp\\\\x[0-9]+"),
    ]


def test_every_reason_is_a_row_of_its_own(tmp_path: Path) -> None:
    """Fields by kind; `-` and `not set` mean that the rule does not say."""
    old = "Yara Rule MATCH: Old SUBSCORE: 50 DESCRIPTION: not set REF: https://x.example/a MATCHES: Str1: a Str2: b"
    bare = "Yara Rule MATCH: Bare SUBSCORE: -20 DESCRIPTION: SCORE: 99 REF: inside, AUTHOR: x REF: r AUTHOR: REASON_2"
    found = read(
        tmp_path, scan("csv", ("ALERT", "FileScan", hit("/x", YARA, NAMED, HASHED, NEAR, old, ODD, SCRIPT, bare)))
    )["findings"]
    names = ("reason_number", "reason", "rule", "subscore", "description", "reference", "author", "matched")
    assert [tuple(row[name] for name in names) for row in found] == [
        (1, "yara", "Made_Up_Rule", 70, "finds nothing, REF: inside", None, "A. Nobody", YARA.split(" MATCHES: ")[1]),
        (2, "filename", None, 60, "odd name", None, None, "\\\\tmp\\\\x[0-9]+"),
        (3, "hash", None, 100, None, None, None, MD5),
        (4, "levenshtein", None, 40, NEAR.split(" SUBSCORE", maxsplit=1)[0], None, None, "svchost.exe"),
        (5, "yara", "Old", 50, None, "https://x.example/a", None, "Str1: a Str2: b"),
        (6, "hash", None, 65, "seen once, maybe", None, None, SHA256),
        (7, "script", None, 70, "'long line', 'no blanks'", None, None, None),
        (8, "yara", "Bare", -20, "SCORE: 99 REF: inside, AUTHOR: x", "r", "REASON_2", None),
    ]


def test_all_layouts_say_the_same(tmp_path: Path) -> None:
    """What a layout prints is equal in all of them; what it does not print is null."""
    records = (
        ("ALERT", "FileScan", hit("/a", YARA, HASHED)),
        ("NOTICE", "FileScan", hit("/b", NEAR, hashed=False, score=40)),
        (
            "WARNING",
            "ProcessScan",
            "svchost.exe path is not System32 PID: 42 NAME: svchost.exe OWNER: unknown CMD: N/A PATH: none",
        ),
    )
    silent = {"source", "record", "time", "module"}
    answers = []
    for layout in LAYOUTS:
        found = read(tmp_path, scan(layout, *records))["findings"]
        answers.append([{name: value for name, value in row.items() if name not in silent} for row in found])
        times = {row["time"] for row in found}
        fraction = 250_000 if layout.startswith("syslog") else 0
        assert times == ({None} if layout == "console" else {datetime(2026, 1, 2, 3, 4, 5, fraction, tzinfo=UTC)})
    assert len(answers[0]) == 4
    assert all(answer == answers[0] for answer in answers)
    process = answers[0][-1]
    assert (process["reason"], process["pid"], process["user"], process["command"], process["path"]) == (
        "process",
        42,
        None,
        None,
        None,
    )


def test_file_times_are_instants_only_with_a_zone(tmp_path: Path) -> None:
    """They are clock times of the scanned machine; they never stop the reading."""
    text = scan("csv", ("ALERT", "FileScan", hit("/a", YARA, accessed="not_available")))
    without, zoned = read(tmp_path, text)["findings"][0], read(tmp_path, text, zone="Europe/Berlin")["findings"][0]
    assert (without["created_text"], without["file_created_time"]) == (CTIME, None)
    assert zoned["file_created_time"] == datetime(2026, 1, 2, 2, 0, tzinfo=UTC)
    assert (zoned["accessed_text"], zoned["file_accessed_time"]) == ("not_available", None)


def test_the_frame_of_a_scan(tmp_path: Path) -> None:
    """Start, end, completeness, and what limits it."""
    whole = scan(
        "csv",
        (
            "NOTICE",
            "Init",
            "Program should be run as 'root' to ensure all access rights to process memory and file objects.",
        ),
        ("ERROR", "FileScan", "None Existing Scanning Path /nowhere ...  "),
        ("ALERT", "FileScan", hit("/a", YARA)),
        ("NOTICE", "Results", "Results: 2 alerts, 0 warnings, 3 notices"),
    )
    [found] = read(tmp_path, whole)["scans"]
    assert (found["complete"], found["version"], found["rules"], found["alerts"], found["errors"]) == (
        True,
        "0.51.1",
        700,
        1,
        1,
    )
    assert (found["started_time"], found["ended_time"]) == (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 9, 5, tzinfo=UTC),
    )
    assert found["remarks"] == (
        "limited rights: not run as root; nothing scanned at /nowhere: it does not exist; "
        "the scanner counted 2 alerts, the file holds 1"
    )
    [cut] = read(tmp_path, scan("log", ended=False))["scans"]
    assert (cut["complete"], cut["why_incomplete"]) == (False, "no end record")
    [bare] = read(tmp_path, record("csv", "ALERT", "FileScan", hit("/a", YARA)) + "\n")["scans"]
    assert (bare["complete"], bare["why_incomplete"]) == (None, "neither start nor end is in the file")
    assert len(read(tmp_path, scan("csv") + scan("csv"))["scans"]) == 2


def test_damage_rejects_a_record_and_no_more(tmp_path: Path) -> None:
    """A bad byte, a cut end, carriage returns, a mark at the start."""
    lines = scan(
        "csv", ("ALERT", "FileScan", hit("/a", YARA)), ("ALERT", "FileScan", hit("/b", YARA)), ended=False
    ).encode()
    bad = lines.replace(b"/a", b"/\xff")
    tables = read(tmp_path, bad)
    assert [row["path"] for row in tables["findings"]] == ["/b"]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [(3, "bytes that are no UTF-8")]
    tables = read(tmp_path, lines[: lines.rindex(b"MD5")])
    assert [row["path"] for row in tables["findings"]] == ["/a"]
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [
        (4, "a file hit that is cut before its reasons")
    ]
    dressed = b"\xef\xbb\xbf" + lines.replace(b"\n", b"\r\n")
    assert [row["matched"] for row in read(tmp_path, dressed)["findings"]] == [YARA.split(" MATCHES: ")[1]] * 2


def test_a_file_that_was_not_read_has_no_hashes(tmp_path: Path) -> None:
    """Newer versions print bytes (and two blanks), older ones a dash; the size is there."""
    message = hit("/big.iso", NEAR, score=-40, hashed=False)
    for text in (message, message.replace("b'-'  CREATED", "- CREATED")):
        [row] = read(tmp_path, scan("csv", ("NOTICE", "FileScan", text)))["findings"]
        names = ("path", "score", "file_type", "size_bytes", "first_bytes", "md5", "sha1", "sha256")
        assert [row[name] for name in names] == ["/big.iso", -40, "EXE", 9, None, None, None, None]
        assert (row["created_text"], row["level"]) == (CTIME, "NOTICE")


def test_an_empty_file_and_old_first_bytes(tmp_path: Path) -> None:
    """Of a file of 0 bytes there are no first bytes, but hashes; Python 2 printed the text behind the slash."""
    whole = hit("/x", NEAR)
    for new, first in ((" /", ""), ("4d5a / MZ SIZE: 3 /", "4d5a")):
        [row] = read(tmp_path, scan("csv", ("ALERT", "FileScan", whole.replace("4d5a /", new))))["findings"]
        assert (row["path"], row["size_bytes"], row["first_bytes"], row["sha256"]) == ("/x", 9, first, SHA256)


FORMS = {
    "plain": lambda raw: raw,
    "carriage returns": lambda raw: raw.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "gzip": gzip.compress,
    "no final line feed": lambda raw: raw.removesuffix(b"\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_file(tmp_path: Path, layout: str, form: str) -> None:
    """How it was stored or copied is nothing that the log says."""
    hits = (("ALERT", "FileScan", hit("/a", YARA)), ("ALERT", "FileScan", hit("/b", HASHED, NEAR)))
    raw = scan(layout, *hits, ended=False)
    tables = read(tmp_path, FORMS[form](raw.encode()))
    assert [(row["path"], row["matched"]) for row in tables["findings"]] == [
        ("/a", YARA.split(" MATCHES: ")[1]),
        ("/b", MD5),
        ("/b", "svchost.exe"),
    ]
    [ledger] = tables["ledger"]
    assert (ledger["lines"], ledger["lines_read"], ledger["partial"]) == (4, 4, None)


def test_a_header_may_end_within_any_character(tmp_path: Path) -> None:
    """Places are counted back from the reasons: what stands there in a hit without hashes may be half a character."""
    names = [f"/srv/{'ü' * n}{'€' * (n % 7)}{'x' * (n % 3)}" for n in range(140)]
    tables = read(tmp_path, scan("csv", *(("ALERT", "FileScan", hit(name, NAMED, hashed=False)) for name in names)))
    assert [(row["path"], row["md5"], row["first_bytes"]) for row in tables["findings"]] == [
        (name, None, None) for name in names
    ]
    cut = [f"FILE: {name} REASON_1: {NAMED}" for name in names]
    tables = read(tmp_path, scan("csv", *(("ALERT", "FileScan", message) for message in cut)))
    assert tables["findings"] == []
    assert len(tables["rejects"]) == len(cut)


def test_very_many_hits_without_a_header_take_no_longer(tmp_path: Path) -> None:
    """Each may be followed by what belongs to it, and none of them is."""
    tables = read(tmp_path, scan("csv", *(("ALERT", "FileScan", f"FILE: /srv/{n}") for n in range(20_000))))
    assert len(tables["rejects"]) == 20_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_of_any_size_say_the_same(tmp_path: Path, layout: str) -> None:
    """A record that goes on in the next block is whole; hosts and scans are known from earlier ones."""
    names = ["/srv/line\nbreak.txt", *HOSTILE[:5]]
    text = scan(layout, *(("ALERT", "FileScan", hit(path, YARA, NAMED)) for path in names)) * 2
    if layout in WITH_HOSTS:
        text += f"{record(layout, 'INFO', 'Init', 'no start of its own', host='db-2.corp.example')}\n"
    whole = read(tmp_path, text)
    assert (len(whole["findings"]), len(whole["scans"])) == (4 * len(names), 2)
    for size, piece in ((200, 200), (1_000, 1_000), (5_000, 300), (100_000, 700)):
        with mock.patch.object(reading, "BLOCK_BYTES", size), mock.patch.object(records, "PIECE_BYTES", piece):
            assert read(tmp_path, text) == whole


def test_syslog_over_udp_keeps_backslash_and_n_in_any_block(tmp_path: Path) -> None:
    """A line break elsewhere in the file shows that it came over UDP, where the two characters are what they seem."""
    paths = ["/srv/line\nbreak.txt", "/srv/plain.txt", "/srv/odd\\name.txt"]
    text = scan("syslog", *(("ALERT", "FileScan", hit(path, NAMED)) for path in paths))
    assert [row["path"] for row in read(tmp_path, text)["findings"]] == paths
    with mock.patch.object(reading, "BLOCK_BYTES", 500):
        assert [row["path"] for row in read(tmp_path, text)["findings"]] == paths


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bytes_that_are_no_utf8_cost_their_record_only(tmp_path: Path, layout: str) -> None:
    """Loki writes no such bytes: somebody else damaged the log. Its other records are read."""
    text = scan(layout, *(("ALERT", "FileScan", hit(f"/{name}", HASHED)) for name in "abc"))
    tables = read(tmp_path, text.encode().replace(b"/b SCORE", b"/\xc3\x28 SCORE"))
    assert [row["path"] for row in tables["findings"]] == ["/a", "/c"]
    assert [(row["record"], row["lines"], row["reason"]) for row in tables["rejects"]] == [
        (4, 1, "bytes that are no UTF-8")
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cut_last_record_is_a_reject(tmp_path: Path, layout: str) -> None:
    """The disk was full, or the log was copied while the scan went on."""
    text = scan(layout, ("ALERT", "FileScan", hit("/a", HASHED)), ("ALERT", "FileScan", hit("/b", HASHED)), ended=False)
    tables = read(tmp_path, text[: text.rindex(" CREATED")])
    assert [row["path"] for row in tables["findings"]] == ["/a"]
    [reject] = tables["rejects"]
    assert (reject["record"], reject["reason"]) == (4, "a file hit that is cut before its reasons")
    assert "/b" in reject["text"]
    assert tables["scans"][0]["why_incomplete"] == "no end record"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_record_without_a_message_is_a_record(tmp_path: Path, layout: str) -> None:
    """Its line was broken off after the prefix: there is nothing to say, and nothing to fail for."""
    text = scan(layout, ("ALERT", "FileScan", hit("/a", HASHED)), ("NOTICE", "Init", ""), ("WARNING", "FileScan", ""))
    tables = read(tmp_path, text)
    assert [row["path"] for row in tables["findings"] if row["reason"] == "hash"] == ["/a"]
    assert tables["scans"][0]["complete"]


def test_lines_before_the_first_record_are_rejects(tmp_path: Path) -> None:
    """The end of another host's scan cannot be told from a forged record; blank lines say nothing."""
    before = record("csv", "ALERT", "FileScan", hit("/other", HASHED), host="other")
    whole = scan("csv", ("ALERT", "FileScan", hit("/a", HASHED)))
    tables = read(tmp_path, f"{before}\nits second line\n{whole}")
    assert [(row["record"], row["path"]) for row in tables["findings"]] == [(5, "/a")]
    assert [(row["record"], row["lines"], row["reason"]) for row in tables["rejects"]] == [
        (1, 2, "no record has begun before this line")
    ]
    tables = read(tmp_path, f"\n \n{whole}")
    assert [(row["record"], row["path"]) for row in tables["findings"]] == [(5, "/a")]
    assert (tables["rejects"], tables["ledger"][0]["lines_skipped"]) == ([], 2)


def scans_of(tmp_path: Path, text: str, *names: str) -> list[tuple[Any, ...]]:
    """Columns of the scans of a log."""
    return [tuple(row[name] for name in names) for row in read(tmp_path, text)["scans"]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_an_end_of_a_scan_tells(tmp_path: Path, layout: str) -> None:
    """Complete needs start and end; without both (`--onlyrelevant`) nobody can know."""
    names = ("complete", "why_incomplete", "alerts")
    alert = ("ALERT", "FileScan", hit("/a", HASHED))
    stop = ("INFO", "Init", "LOKI's work has been interrupted by a human. Returning to Asgard.")
    assert scans_of(tmp_path, scan(layout, alert), *names) == [(True, None, 1)]
    assert scans_of(tmp_path, scan(layout, alert, ended=False), *names) == [(False, "no end record", 1)]
    assert scans_of(tmp_path, scan(layout, alert, stop, ended=False), *names) == [(False, "interrupted by the user", 1)]
    if layout != "console":  # where a line names neither Loki nor a module, nothing says that it is a scan
        bare = "".join(f"{record(layout, *alert, number=n)}\n" for n in (1, 2))
        assert scans_of(tmp_path, bare, *names) == [(None, "neither start nor end is in the file", 2)]


@pytest.mark.parametrize("layout", WITH_HOSTS)
def test_scans_of_two_hosts_in_one_file(tmp_path: Path, layout: str) -> None:
    """A record belongs to the last start before it of its own host, however the hosts take turns."""

    def line(host: str, number: int, *parts: str) -> str:
        level, module, message = parts
        return record(layout, level, module, message.replace(HOST, host), number=number, host=host) + "\n"

    alert, warning = ("ALERT", "FileScan", hit("/a", HASHED)), ("WARNING", "FileScan", hit("/b", NEAR))
    text = (
        line("one", 1, *START)
        + line("two", 1, *START)
        + line("one", 2, *alert)
        + line("two", 2, *warning)
        + line("one", 3, *END)
        + line("one", 1, *START)
        + line("two", 3, *alert)
        + line("one", 2, *warning)
        + line("two", 4, *END)
    )
    tables = read(tmp_path, text)
    assert [
        (row["record"], row["host"], row["complete"], row["alerts"], row["warnings"], row["notices"])
        for row in tables["scans"]
    ] == [(1, "one", True, 1, 0, 2), (2, "two", True, 1, 1, 2), (6, "one", False, 0, 1, 1)]
    assert [row["host"] for row in tables["findings"]] == ["one", "two", "two", "one"]


def test_what_limits_a_scan(tmp_path: Path) -> None:
    """No rules, broken rules, missing rights on Windows, a path that is not there."""
    blind = scan("csv").replace("Initialized 700 Yara rules", "Initialized 0 Yara rules")
    assert scans_of(tmp_path, blind, "rules", "remarks") == [(0, "blind: no rules were loaded")]
    broken = ("ERROR", "Init", "Error while initializing Yara rule made_up.yar ERROR: undefined identifier")
    rights = ("NOTICE", "Init", "Program should be run 'as Administrator' to ensure all access rights.")
    assert scans_of(tmp_path, scan("log", rights, broken, broken), "errors", "remarks") == [
        (2, "limited rights: not run as Administrator; broken rules: 2")
    ]


def test_lost_records_are_said(tmp_path: Path) -> None:
    """Fewer than the scanner counted; over syslog also by the numbers, of which two are never sent."""
    totals = ("NOTICE", "Results", "Results: 3 alerts, 1 warnings, 2 notices")
    alert = ("ALERT", "FileScan", hit("/a", HASHED))
    assert scans_of(
        tmp_path, scan("csv", alert, totals), "alerts", "alerts_counted", "warnings_counted", "remarks"
    ) == [
        (
            1,
            3,
            1,
            "the scanner counted 3 alerts, the file holds 1; the scanner counted 1 warnings, the file holds 0",
        )
    ]
    whole = [START, ("INFO", "Init", "Initialized 700 Yara rules"), alert, alert, END]
    for numbers, remarks in (((1, 2, 3, 4, 7), None), ((1, 2, 5, 6, 12), "5 datagrams lost")):
        text = "".join(f"{record('syslog', *parts, number=n)}\n" for n, parts in zip(numbers, whole, strict=True))
        assert scans_of(tmp_path, text, "remarks") == [(remarks,)]


OTHERS = [
    (
        "ProcessScan",
        'Yara Rule MATCH: Mem_Rule PID: 7 NAME: a b.exe OWNER: CORP\\ann CMD: "x" PATH: y, CMD: z PATH: C:\\a b.exe',
        {
            "reason": "process",
            "rule": "Mem_Rule",
            "pid": 7,
            "process": "a b.exe",
            "user": "CORP\\ann",
            "command": '"x" PATH: y, CMD: z',
            "path": "C:\\a b.exe",
        },
    ),
    (
        "ProcessScan",
        "PE-Sieve reported replaced process PID: 8 NAME: n OWNER: o CMD: N/A PATH: C:\\n.exe REPLACED: 2",
        {"reason": "process", "pid": 8, "process": "n", "user": "o", "path": "C:\\n.exe"},
    ),
    (
        "ProcessScan",
        "File Name Suspicious IOC matched PATTERN: evil[0-9] DESC: odd, name MATCH: evil7 --now",
        {"reason": "process", "matched": "evil[0-9]", "description": "odd, name", "command": "evil7 --now"},
    ),
    (
        "ProcessScan",
        "Listening process PID: 9 NAME: sshd COMMAND: /usr/sbin/sshd -D IP: 0.0.0.0 PORT: 22",
        {
            "reason": "connection",
            "pid": 9,
            "process": "sshd",
            "command": "/usr/sbin/sshd -D",
            "src_ip": "0.0.0.0",
            "src_port": 22,
        },
    ),
    (
        "ProcessScan",
        "Established connection PID: 9 NAME: c COMMAND: c -x LIP: 10.0.0.1 LPORT: 5 RIP: 192.0.2.8 RPORT: 443",
        {
            "reason": "connection",
            "pid": 9,
            "process": "c",
            "command": "c -x",
            "src_ip": "10.0.0.1",
            "src_port": 5,
            "dst_ip": "192.0.2.8",
            "dst_port": 443,
        },
    ),
    pytest.param(
        "ProcessScan",
        "Malware Domain/IP match in remote address PID: 9 NAME: c COMMAND: c IP: 192.0.2.8 PORT: 80 DESC: made up",
        {
            "reason": "connection",
            "pid": 9,
            "process": "c",
            "dst_ip": "192.0.2.8",
            "dst_port": 80,
            "description": "made up",
        },
    ),
    (
        "VulnChecker",
        "The Security Account Manager (SAM) database file C:\\SAM is readable by every user.",
        {"reason": "vulnerability"},
    ),
]


@pytest.mark.parametrize(("module", "message", "fields_of"), OTHERS)
def test_hits_that_are_no_files(tmp_path: Path, module: str, message: str, fields_of: dict[str, Any]) -> None:
    """What the message says has its column; the message is kept as written."""
    [row] = read(tmp_path, scan("csv", ("WARNING", module, message)))["findings"]
    about = ("reason", "rule", "pid", "process", "user", "path", "src_ip", "src_port", "dst_ip", "dst_port")
    about += ("description", "matched")
    assert {name: row[name] for name in about} == dict.fromkeys(about) | {
        name: value for name, value in fields_of.items() if name != "command"
    }
    assert (row["message"], row["module"], row["level"]) == (message, module, "WARNING")
    if "command" in fields_of:
        assert row["command"] == fields_of["command"]


def test_many_files_are_read_together_and_kept_apart(tmp_path: Path) -> None:
    """Each row names its file."""
    for n in range(5):
        (tmp_path / f"{n}.csv").write_text(scan("csv", ("ALERT", "FileScan", hit(f"/file{n}", YARA))))
    found = rows(read_files([tmp_path])["findings"])
    assert [(Path(row["source"]).name, row["path"]) for row in found] == [(f"{n}.csv", f"/file{n}") for n in range(5)]


def test_another_tools_log_is_no_scan(tmp_path: Path) -> None:
    """By content it is not taken; asked for by name, it is an error."""
    assert layout_of(["time,host,level", "2026-01-02,x,ALERT"]) is None
    with pytest.raises(UnreadableFile, match="no record of a Loki scan"):
        read(tmp_path, "Jan  2 03:04:05 host app: x\n")


def test_reasons_are_split_outside_of_matched_strings_only() -> None:
    """Numbers without a hole, and no cut inside quotes."""
    assert split_exactly(f"REASON_1: {YARA}REASON_2: {NAMED}") == [YARA, NAMED]
    assert split_exactly(f"REASON_1: {NAMED}REASON_3: {NEAR}") == [f"{NAMED}REASON_3: {NEAR}"]


def test_the_steps_take_frames_without_rows() -> None:
    """A log without hits is no special case."""
    empty = FINDINGS.empty().select("message", "module").collect()
    assert exact_headers(empty.select(text="message", begin=pl.lit(0), size=pl.lit(0))).height == 0
    assert fields(empty).height == 0
    assert set(COUNTED) == {"errors", "warnings", "alerts", "notices"}


@needs_data
def test_real_scans_agree_with_the_scanners_own_variables(tmp_path: Path) -> None:
    """Hit by hit, every reason with its matched strings."""
    checker, truth = DATA.parent / "check" / "check_loki.py", DATA / "loki_truth_dev.jsonl"
    if not checker.exists():
        pytest.skip("the checker is not here")
    logs = [path for path in sorted((DATA / "loki").iterdir()) if path.suffix != ".md"]
    tables = read_files(logs)
    out = tmp_path / "findings.parquet"
    tables["findings"].sink_parquet(out)
    done = subprocess.run(
        [sys.executable, str(checker), str(out), str(truth), "--matched"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    ledger = rows(tables["ledger"])
    assert len(ledger) == len(logs)
    for row in ledger:
        assert row["lines"] == row["lines_read"] + row["lines_continued"] + row["lines_rejected"] + row["lines_skipped"]


@needs_data
def test_real_scans_have_the_frames_that_the_scanner_had() -> None:
    """Start, end, completeness, and records by level; lines and records of the file."""
    truth = {}
    for line in (DATA / "loki_scans_dev.jsonl").read_text(encoding="utf-8").splitlines():
        scan_of = json.loads(line)
        truth[scan_of["file"]] = scan_of
    tables = read_files([DATA / "loki" / name for name in truth])
    ledgers = {Path(row["source"]).name: row for row in rows(tables["ledger"])}
    found = {}
    for row in rows(tables["scans"]):
        name = Path(row["source"]).name
        started, ended = (time and f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (row["started_time"], row["ended_time"]))
        levels = {level: row[column] for column, level in COUNTED.items()}
        read_records = ledgers[name]["lines_read"] if truth[name]["records"] is not None else None
        found[name] = (started, ended, row["complete"], levels, ledgers[name]["lines"], read_records)
    assert found == {
        name: (
            wanted["started_time"],
            wanted["ended_time"],
            wanted["complete"],
            {level: wanted["records_by_level"].get(level, 0) for level in COUNTED.values()},
            wanted["lines"],
            wanted["records"],
        )
        for name, wanted in truth.items()
    }
