"""Loki's grammar, compared with text written by hand from its rules."""

from __future__ import annotations

from datetime import UTC, datetime

from watchfloor.demo import loki
from watchfloor.demo.loki import Hit, Record

CLOCK = datetime.fromisoformat("2025-05-07 02:07:52")
TIME = datetime(2025, 10, 28, 19, 4, 5, 123456, tzinfo=UTC)


def hit(**more: object) -> Hit:
    """A hit with one or more reasons."""
    fields = {
        "path": "/srv/a.txt",
        "type": "UNKNOWN",
        "size": 12,
        "first_bytes": "6e6f74",
        "hashes": ("1" * 32, "2" * 40, "3" * 64),
        "created": CLOCK,
        "modified": CLOCK,
        "accessed": CLOCK,
        "reasons": (loki.yara("R_1", 70, "About it", ("a'b", "c")),),
        **more,
    }
    return Hit(**fields)  # type: ignore[arg-type]


def test_a_hit_is_one_message_with_all_its_facts() -> None:
    """Two reasons stand without a blank between them; a quote in a value is a backslash."""
    two = hit(reasons=(*hit().reasons, loki.name_ioc(r"\.txt$", 40, "Texts")), unshown=5)

    assert loki.file_hit(two, 0x7F00) == (
        "FILE: /srv/a.txt SCORE: 115 TYPE: UNKNOWN SIZE: 12 FIRST_BYTES: 6e6f74 / <filter object at 0x000000007f00> "
        f"MD5: {'1' * 32} SHA1: {'2' * 40} SHA256: {'3' * 64} "
        "CREATED: Wed May  7 02:07:52 2025 MODIFIED: Wed May  7 02:07:52 2025 ACCESSED: Wed May  7 02:07:52 2025 "
        "REASON_1: Yara Rule MATCH: R_1 SUBSCORE: 70 DESCRIPTION: About it REF: https://rules.example/r_1 "
        "AUTHOR: Watch Rules Team MATCHES: $s1: 'a\\b', $s2: 'c'"
        "REASON_2: File Name IOC matched PATTERN: \\.txt$ SUBSCORE: 40 DESC: Texts"
    )


def test_a_file_that_was_not_read_has_no_hashes() -> None:
    """Two blanks before CREATED; Levenshtein prints 40 and adds 60."""
    unread = hit(hashes=None, reasons=(loki.levenshtein("svchost.exe"),))

    assert loki.file_hit(unread, 0) == (
        "FILE: /srv/a.txt SCORE: 60 TYPE: UNKNOWN SIZE: 12 FIRST_BYTES: b'-'  "
        "CREATED: Wed May  7 02:07:52 2025 MODIFIED: Wed May  7 02:07:52 2025 ACCESSED: Wed May  7 02:07:52 2025 "
        "REASON_1: Levenshtein check - filename looks much like a well-known system file "
        "SUBSCORE: 40 ORIGINAL: svchost.exe"
    )


def test_long_values_are_cut() -> None:
    """At 140 characters, inside the quotes."""
    assert loki.yara("R", 50, "d", ("x" * 141,)).text.endswith(f"MATCHES: $s1: '{'x' * 140} ... (truncated)'")


def test_the_layouts() -> None:
    """csv without quoting, the default with words, syslog with its own time and a byte-order mark."""
    records = [
        Record(TIME, "ALERT", "FileScan", "a, b\nc"),
        Record(TIME, "RESULT", "Results", "x"),
        Record(TIME, "INFO", "Init", "y"),
    ]

    assert loki.write(records, "h", "csv", crlf=True) == (
        "20251028T19:04:05Z,h,ALERT,FileScan,a, b\nc\r\n"
        "20251028T19:04:05Z,h,RESULT,Results,x\r\n20251028T19:04:05Z,h,INFO,Init,y\r\n"
    )
    assert loki.write(records, "h", "log").splitlines()[0] == (
        "20251028T19:04:05Z h LOKI: Alert: MODULE: FileScan MESSAGE: a, b"
    )
    assert loki.write(records, "h", "syslog-tcp") == (
        "<154>1 2025-10-28T19:04:05.123456+00:00 h LOKI 4711 1 - \ufeff"
        "LOKI: Alert: MODULE: FileScan MESSAGE: a, b\\nc\n"
        "<158>1 2025-10-28T19:04:05.123456+00:00 h LOKI 4711 3 - \ufeffLOKI: Info: MODULE: Init MESSAGE: y\n"
    )
    assert "a, b\nc\n" in loki.write(records, "h", "syslog-udp")


def test_levels_follow_the_score() -> None:
    """100 and more is an alert, 60 and more a warning."""
    levels = [loki.level_of(score) for score in (40, 59, 60, 99, 100)]

    assert levels == ["NOTICE", "NOTICE", "WARNING", "WARNING", "ALERT"]


def test_the_closing_counts_what_was_before() -> None:
    """The start's own notice is among the notices."""
    before = [Record(TIME, level, "FileScan", "") for level in ("NOTICE", "ALERT", "ALERT", "INFO")]
    closing = list(loki.closing("h", before, TIME))

    assert [record.message for record in closing][:2] == [
        "Results: 2 alerts, 0 warnings, 1 notices",
        "Indicators detected!",
    ]
    assert list(loki.closing("h", [], TIME))[1].message == "SYSTEM SEEMS TO BE CLEAN."
