"""Files by a pattern: fields, types, columns, headers, paths, years; what does not fit is a reject; no line is lost."""

from __future__ import annotations

import json
import os
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import watchfloor as wf
from helpers import DATA, needs_data
from properties import examples
from watchfloor.errors import AmbiguousTime, BadOption, BadPattern, UnknownZone, UnreadableFile
from watchfloor.readers import Options
from watchfloor.readers.intake import texts
from watchfloor.readers.patterns.examples import run_examples
from watchfloor.readers.patterns.files import Pattern, load, shipped
from watchfloor.readers.patterns.reading import READER

SHIPPED = {pattern.name: pattern for pattern in shipped()}


def read(path: Path, content: str | bytes, pattern: Any, **said: Any) -> dict[str, list[dict[str, Any]]]:
    """The tables without empty cells; the ledger must add up."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    tables = READER.read([path], Options(pattern=pattern, **said))
    found = {name: frame.collect().to_dicts() for name, frame in tables.items()}
    [ledger] = found["ledger"]
    assert ledger["lines"] == sum(ledger[f"lines_{what}"] for what in ("read", "continued", "rejected", "skipped"))
    assert ledger["lines_rejected"] == sum(row["lines"] for row in found["rejects"])
    return {
        name: [{key: cell for key, cell in row.items() if cell is not None and key != "source"} for row in rows]
        for name, rows in found.items()
    }


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without their record."""
    return [{key: cell for key, cell in row.items() if key != "record"} for row in rows]


def test_grok_with_types_becomes_events(tmp_path: Path) -> None:
    """Fields that are named as columns go there, the others are JSON by their names and types."""
    pattern = (
        r"^%{IP:src_ip} %{NOTSPACE:[user][name]} %{NUMBER:bytes:int} %{NUMBER:load:float} %{WORD:ok:bool} %{DATA:text}$"
    )
    found = read(tmp_path / "x.log", '192.0.2.5 anna 42 1.50 yes say "hi"\\\n::1 - 0 2 no \n', pattern)
    assert plain(found["events"]) == [
        {
            "src_ip": "192.0.2.5",
            "user": "anna",
            "fields": '{"bytes":42,"load":1.5,"ok":true,"text":"say \\"hi\\"\\\\"}',
        },
        {"src_ip": "::1", "fields": '{"bytes":0,"load":2.0,"ok":false}'},
    ]


def test_values_that_are_no_such_type_are_rejects(tmp_path: Path) -> None:
    """With the field and what is written; what does not fit says how far it fits."""
    pattern = r"^(?<user>[a-z]+) (?<n>[0-9x]+) (?<a>.*) end$"
    given = {"pattern": pattern, "name": "mine", "types": {"n": "int", "a": "ip"}}
    found = read(tmp_path / "x.log", "anna 1 ::1 end\nbob 1x ::1 end\neve 2 nowhere end\nkim 3 ::1\nKIM\n", given)
    assert [row["user"] for row in found["events"]] == ["anna"]
    assert [(row["record"], row["reason"]) for row in found["rejects"]] == [
        (2, "n: '1x' is no whole number of 64 bits"),
        (3, "a: 'nowhere' is no IP address"),
        (4, "does not fit the pattern: it fits up to byte 9, after the field a"),
        (5, "does not fit the pattern"),
    ]


def test_several_patterns_are_tried_in_order(tmp_path: Path) -> None:
    """The first that fits; rows stay in the order of the file."""
    given = {"patterns": ["^a (?<user>.*)$", "^b (?<host>.*)$", "^(?<message>[ab].*)$"], "name": "mine"}
    found = read(tmp_path / "x.log", "b h\na u\nax\nb i\nc\n", given)
    assert found["events"] == [
        {"record": 1, "host": "h"},
        {"record": 2, "user": "u"},
        {"record": 3, "message": "ax"},
        {"record": 4, "host": "i"},
    ]
    assert [row["reason"] for row in found["rejects"]] == ["fits none of 3 patterns"]


def test_a_pattern_that_may_match_more_than_it_did_is_noted(tmp_path: Path) -> None:
    """In the ledger."""
    found = read(tmp_path / "x.log", "xx\n", "^(?<user>x++)$")
    assert found["events"] == [{"record": 1, "user": "xx"}]
    assert found["ledger"][0]["notes"].startswith("a possessive quantifier at character 11 is read as a plain one")


def test_large_numbers_keep_their_digits(tmp_path: Path) -> None:
    """Beyond 2^53 as text, beyond 64 bits not at all; a field may be called text."""
    given = {"patterns": ["^(?<n>[0-9]+)$", "^(?<text>.*)!$"], "types": {"n": "int"}}
    found = read(tmp_path / "x.log", "9007199254740993\n7\n99999999999999999999\nhi!\n", given)
    assert [row["fields"] for row in found["events"]] == ['{"n":"9007199254740993"}', '{"n":7}', '{"text":"hi"}']
    assert [row["record"] for row in found["rejects"]] == [3]


@pytest.mark.parametrize("block", [8, 1 << 20])
def test_a_header_holds_for_the_lines_that_follow(tmp_path: Path, block: int) -> None:
    """Across blocks, until the next; it is no record itself."""
    given = {
        "pattern": "^(?<message>[^#].*)$",
        "header": "^# host (?<host>[^ ]*)(?: user (?<user>.*))?$",
        "name": "mine",
    }
    text = "one\n# host a user u\ntwo\nthree\n# host b\nfour\n"
    with mock.patch.object(texts, "BLOCK_BYTES", block):
        found = read(tmp_path / "x.log", text, given)
    assert plain(found["events"]) == [
        {"message": "one"},
        {"host": "a", "user": "u", "message": "two"},
        {"host": "a", "user": "u", "message": "three"},
        {"host": "b", "message": "four"},
    ]
    assert found["ledger"][0]["lines_skipped"] == 2


def test_the_path_names_the_host(tmp_path: Path) -> None:
    """Its named groups are fields of every record."""
    (tmp_path / "web-01").mkdir()
    given = {"pattern": "^(?<message>.*)$", "path": {"regex": "/(?<host>[^/]+)/[^/]+$"}, "name": "mine"}
    assert plain(read(tmp_path / "web-01" / "x.log", "x\n", given)["events"]) == [{"host": "web-01", "message": "x"}]


def test_records_of_several_lines_and_skipped_ones(tmp_path: Path) -> None:
    """A line that does not begin a record goes on with the one before."""
    given = {"pattern": "^> (?<message>.*)$", "begins": "^[>#]", "skips": "^#", "name": "mine"}
    found = read(tmp_path / "x.log", "lost\n> a\n b\n# no\n > c\n> d\n", given)
    assert plain(found["events"]) == [{"message": "a\n b"}, {"message": "d"}]
    assert [row["reason"] for row in found["rejects"]] == ["no record has begun before this line"]
    assert (found["ledger"][0]["lines_continued"], found["ledger"][0]["lines_skipped"]) == (1, 2)


def test_lists_pairs_json_quotes_and_durations(tmp_path: Path) -> None:
    """Each as what it is; nothing of the pairs is lost."""
    given = {
        "pattern": r"^(?<tags>[^|]*)\|(?<kv>[^|]*)\|(?<raw>[^|]*)\|(?<cell>[^|]*)\|(?<took>[^|]*)$",
        "name": "mine",
        "types": {
            "tags": "list",
            "kv": "pairs",
            "raw": "json",
            "cell": "quoted",
            "took": {"type": "float", "unit": "ms"},
        },
        "columns": {"kv.SRC": "src_ip", "kv.SPT": "src_port", "cell": "title"},
    }
    line = 'a, b|SRC=192.0.2.5 XSRC=1 SPT=53 M="a \\" b" E=|{"n":[9007199254740993]}|"say ""x"""|250'
    found = read(tmp_path / "x.log", f"{line}\n-|SRC=::1|-|x|-\na|SPT=x|1|x|1\na|b=1|{{|x|1\n", given)
    first, second = found["events"]
    assert (first["src_ip"], first["src_port"], first["title"]) == ("192.0.2.5", 53, 'say "x"')
    assert first["fields"] == (
        '{"tags":["a","b"],"XSRC":"1","M":"a \\\\\\" b","raw":{"n":[9007199254740993]},"took":0.25}'
    )
    assert json.loads(first["fields"])["raw"] == {"n": [9007199254740993]}
    assert (second["src_ip"], "fields" in second) == ("::1", False)
    assert [row["reason"] for row in found["rejects"]] == [
        "kv.SPT: 'x' is no whole number of 64 bits",
        "raw: '{' is no JSON",
    ]


def test_a_key_that_comes_again_is_kept(tmp_path: Path) -> None:
    """With its place behind its name."""
    given = {"pattern": "^(?<kv>.*)$", "types": {"kv": {"type": "pairs", "separator": ";", "assign": ":"}}}
    found = read(tmp_path / "x.log", "a: 1;b:2 3;a:4\na:5\n", given)
    assert [row["fields"] for row in found["events"]] == ['{"a":"1","b":"2 3","a_3":"4"}', '{"a":"5"}']


def test_hostile_text_becomes_sound_json(tmp_path: Path) -> None:
    """Control characters, quotes, deep nesting, long values."""
    given = {"pattern": r"^(?<odd>.*)~(?<deep>.*)$", "name": "mine", "types": {"deep": "json"}}
    odd = '\x00\x01\x1b[2J\r"\\\u2028' + "x" * 100_000
    found = read(tmp_path / "x.log", f"{odd}~1\na~{'[' * 10_000}{']' * 10_000}\n", given)
    assert json.loads(found["events"][0]["fields"]) == {"odd": odd, "deep": 1}
    assert "is no JSON" in found["rejects"][0]["reason"]


def test_years_that_no_calendar_has_are_no_times(tmp_path: Path) -> None:
    """A minus before the year is no year before Christ."""
    given = {"pattern": "^(?<time>.*)$", "types": {"time": {"format": "%d/%b/%Y:%H:%M:%S %z"}}}
    found = read(tmp_path / "x.log", "24/Nov/2026:09:15:02 +0000\n24/Nov/-2026:09:15:02 +0000\n", given)
    assert [row["record"] for row in found["events"]] == [1]
    assert "is no time as" in found["rejects"][0]["reason"]


def test_clock_times_need_a_zone(tmp_path: Path) -> None:
    """The option goes before the pattern's; the events say how the time was found."""
    given = {"pattern": r"^(?<time>[^|]*)\|(?<message>.*)$", "name": "mine"}
    text = "2026-11-24 09:15:02|a\n2026-11-24T09:15:02+05:30|b\n|c\n"
    with pytest.raises(AmbiguousTime, match="time: clock times without a zone"):
        read(tmp_path / "x.log", text, given)
    found = read(tmp_path / "x.log", text, {**given, "zone": "Asia/Tokyo"}, zone="Europe/Paris")
    assert [row.get("time") for row in found["events"]] == [
        datetime(2026, 11, 24, 8, 15, 2, tzinfo=UTC),
        datetime(2026, 11, 24, 3, 45, 2, tzinfo=UTC),
        None,
    ]
    assert [row.get("time_quality") for row in found["events"]] == ["declared_zone", "exact", None]
    assert [row.get("zone_rule") for row in found["events"]] == ["declared", "in the text", None]
    assert read(tmp_path / "y.log", text, {**given, "zone": "Asia/Tokyo"})["events"][0]["time"].hour == 0
    repeated = read(tmp_path / "z.log", "2026-10-25 02:30:00|x\n", given, zone="Europe/Paris")["events"][0]
    assert (repeated["time"].hour, repeated["time_latest"].hour, repeated["time_quality"]) == (0, 1, "ambiguous")


@pytest.mark.parametrize("block", [16, 1 << 20])
def test_years_are_found_from_the_end_of_the_file(tmp_path: Path, block: int) -> None:
    """The last line is not later than the file; a leap of more than half a year is a turn."""
    path = tmp_path / "x.log"
    lines = [
        f"{day} 09:00:00 h app[1]: x" for day in ("Nov 30", "Dec 31", "Jan  1", "Dec 31", "Jan  2", "Dec 30", "Jan  3")
    ]
    path.write_text("\n".join(lines))
    os.utime(path, (1_800_000_000, 1_800_000_000))  # 2027-01-15
    with mock.patch.object(texts, "BLOCK_BYTES", block):
        tables = READER.read([path], Options(pattern="%{SYSLOGLINE}", zone="UTC"))
    events = tables["events"].collect()
    # The fourth and sixth lines are late by a day or more, not a year early.
    assert events["time"].dt.year().to_list() == [2026, 2026, 2027, 2026, 2027, 2026, 2027]
    assert set(events["time_quality"]) == {"declared_zone+year_inferred"}
    assert events["host"].unique().to_list() == ["h"]


def test_a_file_that_turns_the_year_on_every_line_is_read(tmp_path: Path) -> None:
    """However often it says so."""
    path = tmp_path / "x.log"
    path.write_text("Dec 31 09:00:00 h app: x\nJan  1 09:00:00 h app: x\n" * 20_000)
    os.utime(path, (1_800_000_000, 1_800_000_000))  # 2027-01-15
    times = READER.read([path], Options(pattern="%{SYSLOGLINE}", zone="UTC"))["events"].collect()["time"]
    assert times.null_count() == 0
    assert times[-2:].to_list() == [datetime(2026, 12, 31, 9, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)]


def test_a_column_map_goes_before_the_columns_of_the_pattern(tmp_path: Path) -> None:
    """`--columns` maps the fields of the pattern to any table."""
    given = r"^(?<when>\d+) (?<name>\S+) (?<state>\S+)$"
    columns = {
        "table": "alerts",
        "columns": {
            "rule": "name",
            "created_time": {"from": "when", "unit": "s"},
            "status": {"from": "state", "values": {"new": "open"}},
        },
        "evidence": {"host": "name"},
    }
    found = read(tmp_path / "x.log", "0 a new\n99999999999999 b new\nx\n", given, columns=columns)
    assert [(row["rule"], row["status"], row["created_time"].year) for row in found["alerts"]] == [("a", "open", 1970)]
    assert [row["value"] for row in found["evidence"]] == ["a"]
    assert [row["record"] for row in found["rejects"]] == [2, 3]


def test_a_file_that_no_record_fits_is_not_read(tmp_path: Path) -> None:
    """Why not, by the first line."""
    with pytest.raises(UnreadableFile, match=r"no line fits the pattern; line 1") as error:
        read(tmp_path / "x.log", "x\n", "^(?<user>[0-9]+)$")
    assert "'x'" in error.value.hint
    with pytest.raises(UnreadableFile) as error:
        read(tmp_path / "x.log", "6/6/16|x\n", r"^(?<time>[^|]*)\|")
    assert "format" in error.value.hint
    assert read(tmp_path / "x.log", "", "^(?<user>[0-9]+)$")["events"] == []


def test_the_door_takes_a_pattern(tmp_path: Path) -> None:
    """Text, name, file or dict; a format without its pattern says what is missing."""
    path, file = tmp_path / "x.log", tmp_path / "mine.toml"
    path.write_text("a\n")
    file.write_text("pattern = '^(?<user>.*)$'\n")
    for pattern in ("^(?<user>.*)$", file, str(file), {"pattern": "^(?<user>.*)$"}):
        assert wf.read(path, pattern=pattern)["events"].collect()["user"].to_list() == ["a"]
    with pytest.raises(BadOption, match="needs a pattern"):
        wf.read(path, format="pattern")


@pytest.mark.parametrize(
    ("given", "says", "hint"),
    [
        ({"pattern": "(?<a>x)", "table": "event"}, "there is no table 'event'", "'events'"),
        ({"pattern": "(?<a>x)", "colums": {}}, "there is no key 'colums'", "'columns'"),
        ({"pattern": "(?<a>x)", "columns": {"b": "user"}}, "no pattern has a field 'b'", "its fields: a"),
        ({"pattern": "(?<a>x)", "columns": {"a": "usr"}}, "has no column 'usr'", "'user'"),
        ({"pattern": "(?<a>x)", "types": {"a": "intt"}}, "types.a.type: there is no type 'intt'", "'int'"),
        ({"pattern": "(?<a>x)", "types": {"a": {"format": "%Q"}}}, "a: the format '%Q': %Q is no directive", "%Y"),
        ({"pattern": "%{IP:a:in}"}, "there is no type 'in'", "types:"),
        ({"pattern": "(?<a>x)", "patterns": ["(?<a>x)"]}, "both 'pattern' and 'patterns'", ""),
        ({"name": "x"}, "the key 'patterns' is missing", "pattern ="),
        ({"pattern": "(?<a>x)", "examples": [{"txt": "x"}]}, "there is no key 'examples.0.txt'", "'text'"),
        ({"pattern": "(?<a>x)", "begins": "(?!ab)c"}, "begins: a look-ahead", ""),
        ({"pattern": "(?<record>x)"}, "cannot be named 'record'", "record_"),
        ({"pattern": "(?<a>x)", "columns": {"a": "source"}}, "has no column 'source'", ""),
        ("aapche_access", "no file, no shipped pattern", "'apache_access'"),
        ("none.toml", "none.toml: No such file", "TOML"),
    ],
)
def test_what_is_wrong_in_a_pattern_file_is_said(given: Any, says: str, hint: str) -> None:
    """The key, and what it should be."""
    with pytest.raises(BadPattern) as error:
        load(given)
    assert says in str(error.value)
    assert hint in error.value.hint


def test_a_file_that_is_no_toml_and_a_zone_that_is_none(tmp_path: Path) -> None:
    """Named as such."""
    file = tmp_path / "x.toml"
    file.write_text('pattern = "\\d"')
    with pytest.raises(BadPattern, match="not TOML") as error:
        load(file)
    assert "single quotes" in error.value.hint
    with pytest.raises(UnknownZone):
        load({"pattern": "(?<a>x)", "zone": "Europe/Pariss"})


@pytest.mark.parametrize("name", list(SHIPPED))
def test_shipped_patterns_do_what_their_examples_say(name: str) -> None:
    """Three examples at least."""
    outcomes = run_examples(SHIPPED[name])
    assert len(outcomes) >= 3
    assert [outcome for outcome in outcomes if not outcome.passed] == []
    assert SHIPPED[name].about
    assert all(one.notes == () for one in SHIPPED[name].compiled())


@pytest.mark.parametrize("name", list(SHIPPED))
def test_shipped_patterns_fill_their_tables(tmp_path: Path, name: str) -> None:
    """Each example is a row with a time; what no column holds is sound JSON."""
    pattern = SHIPPED[name]
    good = [example.text for example in pattern.examples if not example.rejected]
    # Its own log and that of syslog are different files.
    files = [[text] for text in good] if pattern.applies_to == "both" else [good]
    for texts_of_file in files:
        found = read(tmp_path / "x.log", "\n".join(texts_of_file) + "\n", pattern, zone="UTC")
        rows = found[pattern.table]
        assert (len(rows), found["rejects"]) == (len(texts_of_file), [])
        assert all("time" in row for row in rows)
        for row in rows:
            assert None not in json.loads(row.get("fields", "{}")).values()


def test_the_pattern_files_in_the_documents_do_what_they_say() -> None:
    """And every key of a pattern file is explained there."""
    page = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        assert [one for one in run_examples(load(tomllib.loads(block))) if not one.passed] == []
    assert [key for key in Pattern.model_fields if key not in page] == []


def test_examples_with_a_header() -> None:
    """The header stands before the record, in the example's text."""
    examples = [{"text": "# web-01\nlogin", "fields": {"host": "web-01", "action": "login"}}]
    given = {"pattern": "^(?<action>[a-z]+)$", "header": "^# (?<host>.*)$", "examples": examples}
    assert [outcome.passed for outcome in run_examples(load(given))] == [True]


def test_an_example_that_fails_says_what_was_found() -> None:
    """Values, fields that are not there, records that fit or do not."""
    examples = [
        {"text": "a 1", "fields": {"user": "a", "n": 1}},
        {"text": "a 1", "fields": {"user": "b", "n": 2}},
        {"text": "a 1", "absent": ["n"]},
        {"text": "a 1", "fields": {"usr": "a"}},
        {"text": "a", "fields": {}},
        {"text": "a 1", "rejected": True},
        {"text": "a", "rejected": True},
    ]
    pattern = load(
        {"pattern": "^(?<user>[a-z]) (?<n>[0-9])$", "types": {"n": "int"}, "examples": examples, "name": "x"}
    )
    outcomes = run_examples(pattern)
    assert [outcome.passed for outcome in outcomes] == [True, False, False, False, False, False, True]
    assert [(one.field, one.expected, one.found) for one in outcomes[1].differences] == [
        ("user", "b", "a"),
        ("n", 2, 1),
    ]
    assert "no field 'usr'" in (outcomes[3].trouble or "")
    assert "does not fit the pattern" in (outcomes[4].trouble or "")
    assert outcomes[5].trouble == "it is to be rejected, but it fits"


@pytest.mark.parametrize("name", ["apache_access", "sshd", "windows_dns", "exchange_tracking", "mssql_errorlog"])
@given(data=st.data())
@examples(8)
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    """Whatever was cut, doubled or overwritten: read, continued, rejected, skipped are all lines."""
    pattern = SHIPPED[name]
    good = "\n".join(example.text for example in pattern.examples if not example.rejected).encode() + b"\n"
    content = bytearray(good * 2)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(
            st.sampled_from([b"\n", b"\r\n", b"\xff", b"\0", b'"', b"", b" ", b"\xc3\xa9", b"\x1b", b"-"])
        )
        content[at : at + data.draw(st.integers(0, 3))] = piece
    content[:0] = good  # some record fits
    path = tmp_path_factory.mktemp("patterns") / "x.log"
    with mock.patch.object(texts, "BLOCK_BYTES", data.draw(st.sampled_from([500, 1 << 20]))):
        found = read(path, bytes(content), pattern, zone="UTC")
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    assert found["ledger"][0]["lines"] == lines


@needs_data
def test_real_access_logs(tmp_path: Path) -> None:
    """Every line is read, by the shipped pattern; times are those that another way finds."""
    path = DATA / "time" / "files" / "apache_access_elastic_first300.log"
    tables = READER.read([path], Options(pattern="apache_access"))
    rows = tables["http_requests"].collect()
    lines = path.read_text().splitlines()
    assert rows.height == len(lines) == 300
    assert rows["url"].null_count() == 0
    stamps = [line.split("[")[1].split("]")[0] for line in lines]
    assert rows["time"].to_list() == [datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z") for text in stamps]
    assert rows["status_code"].to_list() == [int(line.split('" ')[1].split(" ")[0]) for line in lines]
    assert rows["src_ip"].to_list() == [line.split(" ")[0] for line in lines]


@needs_data
def test_real_logins() -> None:
    """Every line of the SSH server, and of sudo, is read."""
    path = DATA / "time" / "files" / "auth_elastic_first400.log"
    text = path.read_text()
    for name in ("sshd", "sudo"):
        tables = READER.read([path], Options(pattern=name, zone="UTC"))
        events = tables["events"].collect()
        assert events.height + tables["rejects"].collect().height == 400
        mine = events.filter(program=name)
        assert mine.height == sum(f" {name}[" in line or f" {name}:" in line for line in text.splitlines())
    assert isinstance(events, pl.DataFrame)
