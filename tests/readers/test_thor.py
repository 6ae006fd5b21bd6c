"""THOR's JSON log, versions 1 to 3."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given

from helpers import DATA, needs_data, rows
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.readers import read_files
from watchfloor.readers.thor import READER

TIME = datetime(2026, 3, 14, 14, 9, 26, 190394, tzinfo=UTC)
V1: dict[str, Any] = {
    "time": "2026-03-14T14:09:26Z",
    "hostname": "srv-1",
    "level": "Alert",
    "module": "Filescan",
    "message": "Malicious file found",
    "scanid": "S-abc",
    "log_version": "v1.0.0",
    "file": "C:\\Temp\\a.exe",
    "score": "150",
    "type": "EXE",
    "size": "2048",
    "md5": "0" * 32,
    "firstbytes": "4d5a / MZ",
    "created": "2026-03-01T00:00:00Z",
    "reason_1": "YARA rule Made_Up / a made-up rule",
    "subscore_1": "80",
    "ref_1": "https://example.org/x",
    "rulename_1": "Made_Up",
    "author_1": "N. N.",
    "matched_1": "evil at 0x10",
    "reason_2": "Filename IOC matched",
    "subscore_2": "70",
}
V2: dict[str, Any] = {
    "time": "2026-03-14T14:09:26Z",
    "hostname": "srv-1",
    "level": "Warning",
    "module": "Filescan",
    "message": "something",
    "scanid": "S-abc",
    "log_version": "v2.0.0",
    "score": 60,
    "reasons": [{"reason": "r1", "rulename": "rn1", "subscore": 60, "matched": ["a", "b"]}],
}
META = {
    "time": "2026-03-14T15:09:26.190394329+01:00",
    "level": "Alert",
    "module": "Filescan",
    "scan_id": "S-abc",
    "hostname": "srv-1",
}
V3: dict[str, Any] = {
    "type": "THOR assessment",
    "meta": META,
    "message": "Malicious file found",
    "subject": {
        "type": "file",
        "path": "/tmp/a",
        "magic_header": "ELF",
        "size": 7,
        "hashes": {"md5": "1" * 32, "sha1": "2" * 40, "sha256": "3" * 64},
        "first_bytes": {"hex": "7f45", "ascii": "ELF"},
        "file_times": {"modified": "2026-03-01T01:00:00+01:00"},
    },
    "score": 70,
    "reasons": [
        {
            "type": "reason",
            "summary": "Reason 1",
            "signature": {
                "score": 70,
                "ref": ["https://example.org/x", "https://example.org/y"],
                "origin": "internal",
                "kind": "YARA Rule",
                "rulename": "Made_Up",
            },
            "matched": [{"data": "evil"}, {"data": "more", "offset": 16}],
        }
    ],
    "reason_count": 0,
    "log_version": "v3.0.0",
}
MESSAGE = {"type": "THOR message", "meta": META | {"level": "Info"}, "message": "Starting", "fields": {"a": 1}}
MESSAGE |= {"log_version": "v3"}


def test_version_1_numbers_its_reasons(tmp_path: Path) -> None:
    """All values are texts."""
    tables = read(tmp_path, [V1])
    hit = {
        "record": 1,
        "time": TIME.replace(microsecond=0),
        "host": "srv-1",
        "scanner": "THOR",
        "level": "ALERT",
        "module": "Filescan",
        "path": "C:\\Temp\\a.exe",
        "score": 150,
        "file_type": "EXE",
        "size_bytes": 2048,
        "first_bytes": "4d5a",
        "md5": "0" * 32,
        "created_text": "2026-03-01T00:00:00Z",
        "file_created_time": datetime(2026, 3, 1, tzinfo=UTC),
        "message": "Malicious file found",
    }
    assert [said(row) for row in tables["findings"]] == [
        hit
        | {
            "reason_number": 1,
            "reason": "yara",
            "rule": "Made_Up",
            "subscore": 80,
            "description": "YARA rule Made_Up / a made-up rule",
            "reference": "https://example.org/x",
            "author": "N. N.",
            "matched": "evil at 0x10",
        },
        hit | {"reason_number": 2, "reason": "filename", "subscore": 70, "description": "Filename IOC matched"},
    ]
    assert tables["events"] == []


def test_version_2_lists_them(tmp_path: Path) -> None:
    """Each has the name of its rule."""
    [finding] = read(tmp_path, [V2])["findings"]
    assert (finding["rule"], finding["description"], finding["subscore"], finding["score"], finding["matched"]) == (
        "rn1",
        "r1",
        60,
        60,
        "a, b",
    )


def test_version_3_keeps_subjects_apart(tmp_path: Path) -> None:
    """Nanoseconds are cut; the count of reasons may be 0 where there are some."""
    [finding] = read(tmp_path, [V3])["findings"]
    assert said(finding) == {
        "record": 1,
        "time": TIME,
        "host": "srv-1",
        "scanner": "THOR",
        "level": "ALERT",
        "module": "Filescan",
        "path": "/tmp/a",
        "score": 70,
        "file_type": "ELF",
        "size_bytes": 7,
        "first_bytes": "7f45",
        "md5": "1" * 32,
        "sha1": "2" * 40,
        "sha256": "3" * 64,
        "modified_text": "2026-03-01T01:00:00+01:00",
        "file_modified_time": datetime(2026, 3, 1, tzinfo=UTC),
        "reason_number": 1,
        "reason": "yara",
        "rule": "Made_Up",
        "subscore": 70,
        "description": "Reason 1",
        "reference": "https://example.org/x, https://example.org/y",
        "matched": 'evil, {"data": "more", "offset": 16}',
        "message": "Malicious file found",
    }


def test_a_process_and_no_reasons(tmp_path: Path) -> None:
    """Its file is its image, and its own start is no time of that file."""
    subject = {
        "type": "process",
        "pid": 5,
        "name": "a",
        "command": "/bin/a -x",
        "owner": "root",
        "created": "2026-03-14T00:00:00Z",
        "image": {"type": "file", "path": "/bin/a", "size": 9},
    }
    [finding] = read(tmp_path, [V3 | {"subject": subject, "reasons": None, "score": 0}])["findings"]
    assert said(finding, "time", "host", "scanner", "level", "module", "message") == {
        "record": 1,
        "path": "/bin/a",
        "score": 0,
        "size_bytes": 9,
        "pid": 5,
        "process": "a",
        "user": "root",
        "command": "/bin/a -x",
    }


def test_other_subjects_stand_in_the_message(tmp_path: Path) -> None:
    """A finding has no column for them."""
    [finding] = read(tmp_path, [V3 | {"subject": {"type": "at job", "user": "x"}}])["findings"]
    assert finding["message"] == 'Malicious file found {"type": "at job", "user": "x"}'


def test_messages_are_events(tmp_path: Path) -> None:
    """With all that they say."""
    info = {key: V2[key] for key in V2 if key not in ("score", "reasons")} | {"level": "Info", "tags": ["a"]}
    found = read(tmp_path, [MESSAGE, info])["events"]
    assert [said(row, "time_text", "zone", "zone_rule", "time_quality") for row in found] == [
        {
            "record": 1,
            "time": TIME,
            "host": "srv-1",
            "program": "thor",
            "action": "Filescan",
            "severity_text": "INFO",
            "message": "Starting",
            "fields": '{"type":"THOR message","meta":{"scan_id":"S-abc"},"fields":{"a":1},"log_version":"v3"}',
        },
        {
            "record": 2,
            "time": TIME.replace(microsecond=0),
            "host": "srv-1",
            "program": "thor",
            "action": "Filescan",
            "severity_text": "INFO",
            "message": "something",
            "fields": '{"scanid":"S-abc","log_version":"v2.0.0","tags":["a"]}',
        },
    ]


def test_every_layout(tmp_path: Path) -> None:
    """A list of reasons is no list of records."""
    for name, text in pieces([V3, V2]):
        tables = read(tmp_path, text)
        assert [row["record"] > 0 for row in tables["findings"]] == [True, True], name
        adds_up(tables)
    for name, text in pieces([V3]):
        assert len(read(tmp_path, text)["findings"]) == 1, name


def test_what_is_not_thors(tmp_path: Path) -> None:
    """Records without a time are rejects, other JSON is not accepted."""
    tables = read(tmp_path, [V3, V2, V1, {"log_version": "v3", "meta": {"time": "soon"}}])
    assert [row["reason"] for row in tables["rejects"]] == ["no time with an offset: 'soon'"]
    assert sure(READER, tmp_path, [V1, V2, V3, MESSAGE]) == 1
    assert sure(READER, tmp_path, [{"time": "x", "level": "y"}]) == 0


@examples(40)
@given(content=damaged("\n".join(json.dumps(one) for one in (V1, V2, V3, MESSAGE)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "thor-json", lines=not content.lstrip().startswith(b"["))


@needs_data
def test_the_events_of_all_versions() -> None:
    """Seven: four messages, and three that say what was found."""
    tables = read_files([DATA / "formats" / "thor" / "jsonlog_test_events.jsonl"])
    assert [row["record"] for row in rows(tables["events"])] == [1, 2, 3, 5]
    assert [(row["record"], row["rule"], row["path"]) for row in rows(tables["findings"])] == [
        (4, "rn1", None),
        (4, "rn2", None),
        (6, None, "path/to/file"),
        (7, None, "/usr/lib/chromium/chromium"),
    ]
    assert rows(tables["rejects"]) == []
