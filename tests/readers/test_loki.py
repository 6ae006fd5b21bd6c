"""Loki scan logs: records composed as the scanner writes them, in every layout, with hostile names."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.loki.hits import headers
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
NEAR = "Levenshtein check - filename looks much like a well-known system file SUBSCORE: 40 ORIGINAL: svchost.exe"


def hit(path: str, *reasons: str, score: int = 130, hashed: bool = True) -> str:
    """The message of a file hit."""
    facts = f"4d5a / <filter object at 0x7f> MD5: {MD5} SHA1: {SHA1} SHA256: {SHA256}" if hashed else "b'-' "
    listed = "".join(f"REASON_{n}: {reason}" for n, reason in enumerate(reasons, 1))
    return (
        f"FILE: {path} SCORE: {score} TYPE: EXE SIZE: 9 FIRST_BYTES: {facts} "
        f"CREATED: {CTIME} MODIFIED: {CTIME} ACCESSED: not_available {listed}"
    )


def record(layout: str, level: str, module: str, message: str, number: int = 1) -> str:
    """One record as the layout writes it."""
    named = f"LOKI: {level.title()}: MODULE: {module} MESSAGE: {message}"
    return {
        "csv": f"{STAMP},{HOST},{level},{module},{message}",
        "stdout_csv": f"{STAMP},{HOST},{level},{message}",
        "log": f"{STAMP} {HOST} {named}",
        "syslog": f"<154>1 2026-01-02T03:04:05.250000+00:00 {HOST} LOKI 77 {number} - \ufeff{named}",
        "console": f"\b\b[{level}] {message}",
    }[layout]


LAYOUTS = ("csv", "stdout_csv", "log", "syslog", "console")
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
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_comes_back_as_it_is(tmp_path: Path, layout: str, path: str) -> None:
    """In every layout; the header is found by its shape, not by its first word."""
    tables = read(tmp_path, scan(layout, ("ALERT", "FileScan", hit(path, YARA, NAMED))))
    assert [(row["path"], row["score"], row["md5"], row["reason"]) for row in tables["findings"]] == [
        (path, 130, MD5, "yara"),
        (path, 130, MD5, "filename"),
    ]
    assert tables["rejects"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/srv/line\nbreak.txt",
        f"/srv/forged\n{STAMP},other,ALERT,FileScan,FILE: x",
        f"/srv/x\n{STAMP},{HOST},ALERT,FileScan,FILE: x",
    ],
)
def test_line_breaks_and_forged_records_in_a_path(tmp_path: Path, path: str) -> None:
    """A record goes on until its header is complete; the record is its first physical line."""
    tables = read(
        tmp_path, scan("csv", ("ALERT", "FileScan", hit(path, YARA)), ("WARNING", "FileScan", hit("/b", NAMED)))
    )
    assert [(row["record"], row["path"]) for row in tables["findings"]] == [(3, path), (5, "/b")]


def test_every_reason_is_a_row_of_its_own(tmp_path: Path) -> None:
    """Fields by kind; `-` and `not set` mean that the rule does not say."""
    old = "Yara Rule MATCH: Old SUBSCORE: 50 DESCRIPTION: not set REF: https://x.example/a MATCHES: Str1: a Str2: b"
    found = read(tmp_path, scan("csv", ("ALERT", "FileScan", hit("/x", YARA, NAMED, HASHED, NEAR, old))))["findings"]
    names = ("reason_number", "reason", "rule", "subscore", "description", "reference", "author", "matched")
    assert [tuple(row[name] for name in names) for row in found] == [
        (1, "yara", "Made_Up_Rule", 70, "finds nothing, REF: inside", None, "A. Nobody", YARA.split(" MATCHES: ")[1]),
        (2, "filename", None, 60, "odd name", None, None, "\\\\tmp\\\\x[0-9]+"),
        (3, "hash", None, 100, None, None, None, MD5),
        (4, "levenshtein", None, 40, NEAR.split(" SUBSCORE", maxsplit=1)[0], None, None, "svchost.exe"),
        (5, "yara", "Old", 50, None, "https://x.example/a", None, "Str1: a Str2: b"),
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
        fraction = 250_000 if layout == "syslog" else 0
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
    text = scan("csv", ("ALERT", "FileScan", hit("/a", YARA)))
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
    assert headers(empty.select("message")).height == 0
    assert fields(empty).height == 0
    assert set(COUNTED) == {"errors", "warnings", "alerts", "notices"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=st.sampled_from(LAYOUTS),
    paths=st.lists(st.sampled_from([*HOSTILE, "/srv/line\nbreak.txt"]), min_size=1, max_size=4),
    cuts=st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=3)), max_size=3),
)
def test_the_ledger_adds_up_on_damaged_logs(
    tmp_path: Path, layout: str, paths: list[str], cuts: list[tuple[int, bytes]]
) -> None:
    """Whatever bytes are changed behind the first line; `read` checks the sums."""
    raw = scan(layout, *(("ALERT", "FileScan", hit(path, YARA, NAMED)) for path in paths)).encode()
    start = raw.index(b"\n") + 1
    for at, new in cuts:
        place = start + at % max(1, len(raw) - start)
        raw = raw[:place] + new + raw[place + len(new) :]
    tables = read(tmp_path, raw)
    assert tables["ledger"][0]["lines"] == raw.removesuffix(b"\n").count(b"\n") + 1
    if not cuts:
        assert [row["path"] for row in tables["findings"][::2]] == paths


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
