"""Random Loki logs, damaged at random: whole ones come back exactly, of damaged ones every line counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties import examples
from watchfloor.errors import WatchfloorError
from watchfloor.readers import Options, read_files
from watchfloor.readers.loki import reading

HOST, STAMP, CTIME = "lab-3.corp.example", "20260302T11:12:13Z", "Mon Mar  2 12:00:00 2026"
LAYOUTS = ("csv", "stdout_csv", "log", "syslog")
"""Layouts that give every name back; the console puts line breaks in, syslog over TCP takes them out."""
PLAIN = st.characters(exclude_categories=["Cs", "Cc", "Co"])


WHOLE_HEADER = (
    f" SCORE: 1 TYPE: ELF SIZE: 1 FIRST_BYTES: b'-'  CREATED: {CTIME} MODIFIED: {CTIME} ACCESSED: {CTIME} "
    "REASON_1: Malware Hash TYPE: MD5 HASH: 0 SUBSCORE: 1 DESC: forged"
)
"""A whole header."""
NAME = (
    st.lists(
        st.text(PLAIN, min_size=1, max_size=8)
        | st.sampled_from(
            [
                "\n",
                "\r",
                "\x1b[31m",
                "\x85",
                "\u2028",
                ",",
                "'",
                '"',
                " SCORE: 70",
                " TYPE: EXE SIZE: 1",
                "REASON_1: x",
                " REASON_1: Yara Rule MATCH: Not_A_Rule SUBSCORE: 1",
                f" CREATED: {CTIME}",
                WHOLE_HEADER,
                "FILE: ",
                f"\n{STAMP},{HOST},ALERT,FileScan,FILE: forged",
                f"\n{STAMP},{HOST},ALERT,FILE: forged",
                f"\n{STAMP},other,ALERT,FileScan,FILE: forged",
                f"\n{STAMP} {HOST} LOKI: Alert: MODULE: FileScan MESSAGE: FILE: forged",
            ]
        ),
        min_size=1,
        max_size=5,
    )
    .map("".join)
    .filter(lambda name: f"\n{STAMP}" not in name.partition(WHOLE_HEADER)[2])
)
"""A name as an attacker may choose it. A whole header and then a record's prefix is left out: nothing tells it from two
hits."""
VALUE = st.lists(
    st.text(st.characters(max_codepoint=126, exclude_characters="'", exclude_categories=["Cs", "Cc"]), max_size=8)
    | st.sampled_from(["\n", "\r\n", "\0", "\\xff", "REASON_2: Yara Rule MATCH: ", " MATCHES: $", " ... (truncated)"]),
    min_size=1,
    max_size=4,
).map("".join)
"""What a rule has matched: no quote is in it."""


@st.composite
def reasons(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """Texts of one to four reasons, with what they say."""
    made: list[tuple[str, dict[str, Any]]] = []
    for _ in range(draw(st.integers(1, 4))):
        score = draw(st.integers(-50, 150))
        match draw(st.sampled_from(["yara", "filename", "hash", "levenshtein"])):
            case "yara":
                values = draw(st.lists(VALUE, max_size=3))
                strings = ", ".join(f"$s{n}: '{value}'" for n, value in enumerate(values)) or None
                text = f"Yara Rule MATCH: Lab_Rule SUBSCORE: {score} DESCRIPTION: a, REF: b REF: c AUTHOR: -"
                text += f" MATCHES: {strings}" if strings else ""
                says = {"reason": "yara", "rule": "Lab_Rule", "description": "a, REF: b", "matched": strings}
            case "filename":
                text = f"File Name IOC matched PATTERN: lab[0-9]+\\.bin$ SUBSCORE: {score} DESC: odd, 'name'"
                says = {"reason": "filename", "rule": None, "description": "odd, 'name'"}
                says["matched"] = r"lab[0-9]+\.bin$"
            case "hash":
                text = f"Malware Hash TYPE: MD5 HASH: {'d' * 32} SUBSCORE: {score} DESC: not set"
                says = {"reason": "hash", "rule": None, "description": None, "matched": "d" * 32}
            case _:
                said = "Levenshtein check - filename looks much like a well-known system file"
                text = f"{said} SUBSCORE: {score} ORIGINAL: lsass.exe"
                says = {"reason": "levenshtein", "rule": None, "description": said, "matched": "lsass.exe"}
        made.append((text, says | {"subscore": score}))
    return made


def message(path: str, score: int, why: list[tuple[str, dict[str, Any]]], *, hashed: bool) -> str:
    """A file hit as the scanner writes it."""
    facts = f"ff / <filter object at 0x1> MD5: {'1' * 32} SHA1: {'2' * 40} SHA256: {'3' * 64}" if hashed else "b'-' "
    listed = "".join(f"REASON_{n}: {text}" for n, (text, _) in enumerate(why, 1))
    return (
        f"FILE: {path} SCORE: {score} TYPE: ELF SIZE: 12 FIRST_BYTES: {facts} "
        f"CREATED: {CTIME} MODIFIED: {CTIME} ACCESSED: {CTIME} {listed}"
    )


def record(layout: str, number: int, level: str, module: str, said: str) -> str:
    named = f"LOKI: {level.title()}: MODULE: {module} MESSAGE: {said}"
    return {
        "csv": f"{STAMP},{HOST},{level},{module},{said}",
        "stdout_csv": f"{STAMP},{HOST},{level},{said}",
        "log": f"{STAMP} {HOST} {named}",
        "syslog": f"<154>1 2026-03-02T11:12:13.000001+00:00 {HOST} LOKI 5 {number} - \ufeff{named}",
        "console": f"\b\b[{level}] {said}",
    }[layout]


HITS = st.lists(st.tuples(NAME, st.integers(-10, 900), reasons(), st.booleans()), min_size=1, max_size=5)
BLOCKS = st.sampled_from([250, 1500, 1 << 24])


def composed(layout: str, hits: Any) -> str:
    """A scan with its frame, between the hits what the scanner says of files without one."""
    start = f"Starting Loki Scan VERSION: 0.51.1 SYSTEM: {HOST} TIME: {STAMP} PLATFORM:     PROC: x, y ARCH: 64bit"
    said = [("NOTICE", "Init", start), ("INFO", "Init", "Initialized 12 Yara rules")]
    for path, score, why, hashed in hits:
        said.append(("ALERT", "FileScan", message(path, score, why, hashed=hashed)))
        said.append(("INFO", "FileScan", "Scanning b'a, b' TYPE: ELF SIZE: 12"))
    said.append(("NOTICE", "Results", f"Finished LOKI Scan SYSTEM: {HOST} TIME: {STAMP}"))
    return "".join(f"{record(layout, n, *parts)}\n" for n, parts in enumerate(said, 1))


def read(path: Path, raw: bytes, block: int) -> dict[str, list[dict[str, Any]]]:
    """The tables of a log, whose lines are all accounted for."""
    path.write_bytes(raw)
    with mock.patch.object(reading, "BLOCK_BYTES", block):
        found = {
            name: frame.collect().to_dicts()
            for name, frame in read_files([path], format="loki", options=Options()).items()
        }
    [ledger] = found["ledger"]
    assert ledger["lines"] == raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in found["rejects"])
    lines = [row["record"] for row in found["rejects"]] + [row["record"] for row in found["findings"]]
    assert all(1 <= line <= ledger["lines"] for line in lines)
    assert not {row["record"] for row in found["rejects"]} & {row["record"] for row in found["findings"]}
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
@given(hits=HITS, block=BLOCKS)
@examples(40, shrinks=False)
def test_a_whole_log_comes_back_exactly(tmp_path: Path, layout: str, hits: Any, block: int) -> None:
    """Every path, score and reason, whatever stands in the names and in the matched strings."""
    found = read(tmp_path / "x.log", composed(layout, hits).encode(), block)
    meant = [
        {"path": path, "score": score, "md5": "1" * 32 if hashed else None, "reason_number": n, **says}
        for path, score, why, hashed in hits
        for n, (_, says) in enumerate(why, 1)
    ]
    assert [{name: row[name] for name in meant[0]} for row in found["findings"]] == meant
    assert found["rejects"] == []
    assert [(row["complete"], row["alerts"], row["rules"]) for row in found["scans"]] == [(True, len(hits), 12)]


HARM = st.one_of(
    st.tuples(st.just("replace"), st.integers(0, 100_000), st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("insert"), st.integers(0, 100_000), st.sampled_from([b"\n", b"\r\n", b"\0", b"\xff", b"'"])),
    st.tuples(st.sampled_from(["delete line", "double line", "cut"]), st.integers(0, 100_000), st.just(b"")),
)


def harmed(raw: bytes, how: Any) -> bytes:
    """A log with one more piece of damage."""
    what, at, new = how
    place = at % max(1, len(raw))
    lines = raw.splitlines(keepends=True)
    line = at % max(1, len(lines))
    match what:
        case "replace":
            return raw[:place] + new + raw[place + len(new) :]
        case "insert":
            return raw[:place] + new + raw[place:]
        case "cut":
            return raw[:place]
        case "delete line":
            return b"".join(lines[:line] + lines[line + 1 :])
    return b"".join(lines[: line + 1] + lines[line:])


@pytest.mark.parametrize("layout", [*LAYOUTS, "console"])
@given(hits=HITS, harm=st.lists(HARM, min_size=1, max_size=6), block=BLOCKS)
@examples(40, shrinks=False)
def test_a_damaged_log_is_accounted_for(tmp_path: Path, layout: str, hits: Any, harm: Any, block: int) -> None:
    """Line by line, or refused as a whole with an error for people; `read` adds up."""
    raw = composed(layout, hits).encode()
    for how in harm:
        raw = harmed(raw, how)
    try:
        read(tmp_path / "x.log", raw, block)
    except WatchfloorError as error:
        assert error.hint


@pytest.mark.parametrize("layout", ["csv", "syslog"])
def test_bytes_that_are_no_utf8_before_the_first_record(tmp_path: Path, layout: str) -> None:
    """They are a reject like any other line that no record has begun before."""
    raw = composed(layout, []).encode()
    first = record(layout, 1, "INFO", "Init", "Loki of another host").replace(HOST, "other").encode()
    found = read(tmp_path / "x.log", first.replace(b"another", b"\x80") + b"\n" + raw, 1 << 24)
    assert len(found["scans"]) == 1


FORGED = f"/x{{}}\n{STAMP},{HOST},ALERT,FileScan,FILE: forged"
WHY = [(f"Malware Hash TYPE: MD5 HASH: {'d' * 32} SUBSCORE: 1 DESC: d", {})]


def test_a_carriage_return_before_a_forged_record_stays(tmp_path: Path) -> None:
    """It is in the middle of a name."""
    path = FORGED.format("\r")
    found = read(tmp_path / "x.log", composed("csv", [(path, 1, WHY, True)]).encode(), 1 << 24)
    assert [row["path"] for row in found["findings"]] == [path]


def test_a_forged_record_at_the_end_of_a_block(tmp_path: Path) -> None:
    """Wherever blocks end, the path is the same."""
    path = FORGED.format("")
    raw = composed("csv", [(path, 1, WHY, True)]).encode()
    for block in range(150, 900, 50):
        assert [row["path"] for row in read(tmp_path / "x.log", raw, block)["findings"]] == [path]


@pytest.mark.parametrize("inside", [" REASON_1: Yara Rule MATCH: No SUBSCORE: 1", "'"])
def test_a_forged_record_behind_what_ends_a_hit(tmp_path: Path, inside: str) -> None:
    """The header is not complete: the record goes on."""
    path = FORGED.format(inside)
    found = read(tmp_path / "x.log", composed("csv", [(path, 1, WHY, True)]).encode(), 1 << 24)
    assert [row["path"] for row in found["findings"]] == [path]


def test_a_killed_scan_takes_nothing_of_the_next_one(tmp_path: Path) -> None:
    """Its last record is cut, and a reject; the hits of the scan that was appended are all there."""
    killed, whole = composed("csv", [("/cut", 1, WHY, True)]), composed("csv", [("/whole", 1, WHY, True)])
    raw = killed[: killed.index(" SHA1: ")] + "\n" + whole
    for block in (150, 700, 1 << 24):
        found = read(tmp_path / "x.log", raw.encode(), block)
        assert [row["path"] for row in found["findings"]] == ["/whole"]
        assert [row["reason"] for row in found["rejects"]] == ["a file hit that is cut before its reasons"]
        assert [row["complete"] for row in found["scans"]] == [False, True]
