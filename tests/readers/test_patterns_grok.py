"""Grok and the regexes of other engines as one regex that runs in linear time; what cannot is refused by name."""

from __future__ import annotations

import re

import polars as pl
import pytest

from watchfloor.errors import BadPattern
from watchfloor.readers.patterns.grok import compile_pattern, standard


def found(pattern: str, text: str) -> dict[str, str | None] | None:
    """The fields of a text; null where it does not fit."""
    one = compile_pattern(pattern)
    series = pl.Series([text])
    if not series.str.contains(one.regex)[0]:
        return None
    groups = series.str.extract_groups(one.regex).struct.unnest().row(0, named=True)
    return {
        field: next((groups[c.group] for c in one.captures if c.field == field and groups[c.group] is not None), None)
        for field in one.fields
    }


@pytest.mark.parametrize(
    ("pattern", "text", "fields"),
    [
        ("%{IP:src_ip} %{NUMBER:bytes:int}", "192.0.2.5 42", {"src_ip": "192.0.2.5", "bytes": "42"}),
        ("%{IP:[source][ip]}", "::1", {"source.ip": "::1"}),
        ("(?<a.b>x)-(?P<c>y)-(?'d'z)", "x-y-z", {"a.b": "x", "c": "y", "d": "z"}),
        ("(?:(?<a>x)|y(?<a>z))", "yz", {"a": "z"}),
        (r"(?<a>\h+)%{SPACE}", "dead beef", {"a": "dead"}),
        (r"(?<a>[^[]+)\[", "x[", {"a": "x"}),
        (r"(?<a>[]x]+)", "]x", {"a": "]x"}),
        (r"(?<a>[a-z&&[^b]]+)", "acb", {"a": "ac"}),
        (r"(?<a>[+--]+)", "+,-", {"a": "+,-"}),
        (r"(?<a>x{,2}{)", "xx{", {"a": "xx{"}),
        (r"^(?<a>x)\Z", "x", {"a": "x"}),
        (r"(?<a>\d+)", "٣7", {"a": "7"}),
        (r"(?<a>x.y)", "x\ny", {"a": "x\ny"}),
        (r"(?#a note)(?<a>x)", "x", {"a": "x"}),
        (r"(?i)(?<a>X)", "x", {"a": "x"}),
        (r"%{DATA:a}: (?m)%{GREEDYDATA:b}", "x: y\nz", {"a": "x", "b": "y\nz"}),
        ("%{SYSLOGPROG}:", "cron[7]:", {"program": "cron", "pid": "7"}),
        (r"(?<a>\/\-\_\<\ )", "/-_< ", {"a": "/-_< "}),
    ],
)
def test_patterns_become_regexes(pattern: str, text: str, fields: dict[str, str]) -> None:
    """Names, references within references, and the spellings of other engines."""
    assert found(pattern, text) == fields


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"(?<a>ab)(?!\w)", ["ab", "ab-"], ["abc"]),
        (r"(?<!\w)(?<a>ab)", ["ab", "-ab"], ["xab"]),
        (r"(?<a>[0-9]+) s(?![0-9])", ["1 s", "1 sx"], ["1 s1"]),
        (r"(?<![0-9])(?<a>5)", ["5", "x5"], ["15"]),
        (r"(?<a>x+)(?= end)", ["x end"], ["x", "xend"]),
        (r"(?<=user )(?<a>x)", ["user x"], ["x"]),
        (r"^(?<a>(?!-)[a-z-]+)$", ["a-b"], ["-ab"]),
        (r"^(?<a>(?!b)[a-c])$", ["a", "c"], ["b"]),
        (r"^(?<a>(?!b)[a-c]+?)c*$", ["ac", "ca", "a"], ["bc"]),
        (r"^(?<a>(?!b)[a-c]+)(?=[0-9]$)", ["ab1", "c2"], ["b1", "ab"]),
        (r"^(?<a>(?=[ab])\w)$", ["a"], ["c"]),
    ],
)
def test_look_arounds_that_need_none_are_rewritten(pattern: str, yes: list[str], no: list[str]) -> None:
    """With the same answer as an engine that has them."""
    theirs = re.compile(pattern.replace("(?<a>", "(?P<a>"))
    for text in yes + no:
        assert (found(pattern, text) is not None) == bool(theirs.search(text)) == (text in yes), text
        if text in yes:
            assert found(pattern, text) == {"a": theirs.search(text)["a"]}


@pytest.mark.parametrize("pattern", [r"(?<a>x++)y", r"(?<a>x*+)y", r"(?<a>(?>x|xx))y", r"(?<a>x{1,2}+)y"])
def test_what_never_goes_back_is_read_as_a_plain_repetition_and_said(pattern: str) -> None:
    """Rust would read `a++` as a repetition of a repetition, without a word."""
    one = compile_pattern(pattern)
    assert "++" not in one.regex
    assert "*+" not in one.regex
    assert "may match more" in one.notes[0]
    assert found(pattern, "xy") == {"a": "x"}


@pytest.mark.parametrize(
    ("pattern", "says", "hint"),
    [
        (r"(?<a>x)\1", "a back-reference at character 8", "field of its own"),
        (r"(?<a>x)\k<a>", "a back-reference or call", "a second time"),
        (r"(?<a>(?:(?!END).)*)", "a look-ahead at character 9", "class"),
        (r"x(?<=a|bc)(?<a>y)", "a look-behind at character 2", "before the group"),
        (r"(?<a>x(?!abc)y)", "a look-ahead at character 7", "several patterns"),
        (r"(?<a>x)(?!(?<b>y))z", "a look-ahead at character 8", "class"),
        (r"(?<a>x)(?!y)[yz]{2}", "a look-ahead at character 8", "class"),
        (r"(?(1)a|b)(?<a>x)", "a condition, recursion or call at character 1", "in order"),
        (r"(?<a>x)\Gy", r"\G at character 8", "leave it out"),
        (r"(?<a>\h)", r"\h, which is a hexadecimal digit in Grok", "[0-9a-fA-F]"),
        ("%{NUMBR:a}", "there is no pattern 'NUMBR' at character 1", "'NUMBER'"),
        ("%{IP", "%{ without a name", "%{NAME:field}"),
        ("(?<a>x", "a ( that is not closed at character 1", r"\("),
        ("(?<a>x))", "a ) too many at character 8", r"\)"),
        ("(?<a>[x", "a [ that is not closed at character 6", r"\["),
        ("(?<a>*)", "nothing to repeat before * at character 6", r"\*"),
        (r"(?<a>x)\y", r"\y, which no engine here knows", "write y"),
        ("x" + "\\", "a \\ at the end", "\\\\"),
        ("(x)", "no field is named", "%{IP:src_ip}"),
        ("(?<a>[z-a])", "no regex", "brackets"),
        ("(?<a>(?:x{1000}){1000})", "too large", "smaller"),
        ("(?x)(?<a> x )", "the flag x", "without blanks"),
        ("(" * 300 + "(?<a>x)" + ")" * 300, "too many groups", "flatter"),
    ],
)
def test_what_cannot_run_is_refused(pattern: str, says: str, hint: str) -> None:
    """The construct, its place, and what to write instead."""
    with pytest.raises(BadPattern) as error:
        compile_pattern(pattern)
    assert says in str(error.value)
    assert hint in error.value.hint


def test_a_look_ahead_at_the_end_keeps_its_groups() -> None:
    """It is matched, so its fields are there."""
    assert found(r"(?<a>x)(?= (?<b>y))", "x y") == {"a": "x", "b": "y"}


def test_a_pattern_made_of_itself_is_refused() -> None:
    """Directly or over others."""
    with pytest.raises(BadPattern, match="made of itself"):
        compile_pattern("%{A:a}", {"A": "x%{B}", "B": "y%{A}"})


def test_an_error_within_a_definition_names_it() -> None:
    """The place is counted there."""
    with pytest.raises(BadPattern, match=r"character 2 of %\{A\}"):
        compile_pattern("x%{A:a}", {"A": r"y(?<!ab|c)z"})


@pytest.mark.parametrize("name", list(standard()))
def test_every_standard_pattern_compiles(name: str) -> None:
    """In linear time, without a remark."""
    assert compile_pattern(f"%{{{name}:all}}").notes == ()


@pytest.mark.parametrize(
    ("name", "whole", "never"),
    [
        ("IPV4", ["0.0.0.0", "203.0.113.255"], ["256.1.1.1", "1.2.3", "1.2.3.4.5x"]),
        (
            "IPV6",
            ["::", "::1", "2001:db8::5", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "fe80::1%eth0"],
            ["12:34:56", "1::2::3"],
        ),
        ("NUMBER", ["1", "-1.5", ".5", "+7"], ["", "x"]),
        ("BASE16NUM", ["0xdeadBEEF", "7f"], ["0xg"]),
        ("HOSTNAME", ["web-01.example.com", "x"], ["-x", ""]),
        ("MAC", ["00:00:5e:00:53:01", "00-00-5E-00-53-01", "0000.5e00.5301"], ["00:00:5e"]),
        ("UUID", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567"]),
        ("QUOTEDSTRING", ['"a \\" b"', "'x'"], ['"x']),
        ("TIMESTAMP_ISO8601", ["2026-11-24T09:15:02.123Z", "2026-11-24 09:15:02,5 +01:00"], ["2026-13-24T09:15:02"]),
        ("SYSLOGTIMESTAMP", ["Nov  4 09:15:02", "Nov 24 09:15:02"], ["Now 24 09:15:02"]),
        ("HTTPDATE", ["24/Nov/2026:09:15:02 +0100"], ["24/Nov/2026 09:15:02"]),
        ("EMAILADDRESS", ["a.b+c@example.org"], ["@example.org"]),
        ("URI", ["https://anna:x@www.example.com:8443/a?b=c#d"], ["/a"]),
        ("UNIXPATH", ["/var/log/syslog"], ["var"]),
        ("WINPATH", [r"C:\Windows\System32\cmd.exe"], ["C:"]),
        ("LOGLEVEL", ["ERROR", "warning", "Emergency"], ["loud"]),
        ("JAVACLASS", ["org.example.Main$1"], ["1a"]),
        ("MONTHDAY", ["1", "01", "31"], ["32", "0"]),
    ],
)
def test_standard_patterns_match_what_their_names_say(name: str, whole: list[str], never: list[str]) -> None:
    """Whole texts."""
    for text in whole:
        assert found(f"^%{{{name}:a}}$", text) == {"a": text}
    for text in never:
        assert found(f"^%{{{name}:a}}$", text) is None, text


def test_the_composed_patterns_find_their_fields() -> None:
    """By the names that others know them by."""
    line = '203.0.113.7 - anna [24/Nov/2026:09:15:02 +0100] "GET /a HTTP/1.1" 200 5 "-" "x \\" y"'
    assert found("%{COMBINEDAPACHELOG}", line) == {
        "clientip": "203.0.113.7",
        "ident": "-",
        "auth": "anna",
        "timestamp": "24/Nov/2026:09:15:02 +0100",
        "verb": "GET",
        "request": "/a",
        "httpversion": "1.1",
        "rawrequest": None,
        "response": "200",
        "bytes": "5",
        "referrer": "-",
        "agent": 'x \\" y',
    }
    assert found("%{SYSLOGLINE}", "Nov  4 09:15:02 web-01 cron[7]: done") == {
        "timestamp": "Nov  4 09:15:02",
        "facility": None,
        "priority": None,
        "logsource": "web-01",
        "program": "cron",
        "pid": "7",
        "message": "done",
    }
