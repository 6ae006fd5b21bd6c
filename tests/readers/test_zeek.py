"""Zeek logs become canonical tables; what cannot be read is a reject with its reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import pytest

from helpers import DATA, needs_data
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options
from watchfloor.readers.intake import files
from watchfloor.readers.zeek import READER
from watchfloor.readers.zeek import reading as zeek_reading
from watchfloor.readers.zeek.jsonl import JsonLines
from watchfloor.readers.zeek.tsv import Tsv

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = {"ts": "time", "id.orig_p": "port", "id.resp_p": "port", "duration": "interval"}
CONN = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration", "conn_state")
ROW = ("1700000000.000001", "Cabc", "10.1.2.3", "49152", "203.0.113.9", "443", "tcp", "ssl", "1.500000", "SF")
CLEAN = {
    "record": 9,
    "time": datetime(2023, 11, 14, 22, 13, 20, 1, tzinfo=UTC),
    "uid": "Cabc",
    "src_ip": "10.1.2.3",
    "src_port": 49152,
    "dst_ip": "203.0.113.9",
    "dst_port": 443,
    "proto": "tcp",
    "service": "ssl",
    "duration_seconds": 1.5,
    "conn_state": "SF",
    "still_open": False,
}


def tsv(path: str | None, fields: tuple[str, ...], *rows: tuple[str, ...] | str, separator: str = "\t") -> str:
    """A log as Zeek writes it; a row may be given as text. Its first row is line 9."""
    types = [TYPES.get(name, "string") for name in fields]
    head = [
        f"#separator \\x{ord(separator):02x}",
        f"#set_separator{separator},",
        f"#empty_field{separator}(empty)",
        f"#unset_field{separator}-",
        f"#path{separator}{path}" if path else "#made by hand",
        f"#open{separator}2023-11-14-22-00-00",
        separator.join(["#fields", *fields]),
        separator.join(["#types", *types]),
    ]
    return "\n".join([*head, *(row if isinstance(row, str) else separator.join(row) for row in rows)]) + "\n"


def read(path: Path) -> dict[str, pl.DataFrame]:
    """The tables of one file, collected; the ledger adds up."""
    tables = {name: frame.collect() for name, frame in READER.read([path], Options()).items()}
    ledger = tables["ledger"].to_dicts()[0]
    rows = sum(frame.height for name, frame in tables.items() if name not in {"rejects", "ledger"})
    assert (ledger["lines_read"], ledger["lines_rejected"]) == (rows, tables["rejects"].height)
    assert rows + ledger["lines_rejected"] + ledger["lines_skipped"] == ledger["lines"]
    assert ledger["lines_continued"] == 0
    return tables


def read_text(folder: Path, text: str | bytes, name: str = "some.log") -> dict[str, pl.DataFrame]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def clean(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows without the source and without nulls."""
    return [{k: v for k, v in row.items() if v is not None and k != "source"} for row in frame.to_dicts()]


def rejects(tables: dict[str, pl.DataFrame]) -> list[tuple[int, str, str]]:
    return tables["rejects"].select("record", "reason", "text").rows()


# Real logs ------------------------------------------------------------------------------------------------------------


def expected() -> list[tuple[Path, dict[str, Any]]]:
    """Files with what another program counted in them."""
    return list(_expected())


def _expected() -> Iterator[tuple[Path, dict[str, Any]]]:
    for folder in ("zeek", "zeek_cc_by_sa"):
        listing = DATA / folder / "expected.json"
        if listing.is_file():
            for name, facts in json.loads(listing.read_text(encoding="utf-8")).items():
                yield DATA / folder / name, facts


def instant(facts: dict[str, Any], which: str) -> datetime | None:
    if (text := facts.get(f"ts_text_{which}")) is not None:
        return datetime.fromisoformat(text)
    seconds = facts.get(f"ts_{which}")
    return None if seconds is None else EPOCH + timedelta(microseconds=round(seconds * 1_000_000))


@needs_data
@pytest.mark.parametrize(("path", "facts"), expected(), ids=lambda value: getattr(value, "name", ""))
def test_every_row_of_the_real_logs_is_a_row_or_a_reject(path: Path, facts: dict[str, Any]) -> None:
    """Counts, first and last time are those that another program counted."""
    tables = read(path)
    found = [frame["time"] for name, frame in tables.items() if name not in {"rejects", "ledger"}]
    times = pl.concat(found) if found else pl.Series("time", [], pl.Datetime("us", "UTC"))
    good = facts.get("rows_with_right_column_count", facts.get("rows_parsed", 0)) - facts.get("ts_not_a_number", 0)
    assert (times.len(), tables["rejects"].height) == (good, facts["rows"] - good)
    assert (times.min(), times.max()) == (instant(facts, "min"), instant(facts, "max"))
    assert (tables["ledger"]["partial"][0] is not None) == (
        "gzip_error" in facts or not facts["ends_with_newline"]
    ) or (facts["layout"] == "json")
    assert READER.accepts(files.head(path)) or not path.stat().st_size


def tsv_and_json() -> list[tuple[Path, Path]]:
    folder = DATA / "zeek_cc_by_sa"
    found = sorted((folder / "zeek-default").glob("*.log.gz"))
    return [(path, folder / "zeek-json" / path.name.replace(".log.", ".json.")) for path in found]


@needs_data
@pytest.mark.parametrize(("one", "other"), tsv_and_json(), ids=lambda path: path.name)
def test_tsv_and_json_lines_of_the_same_events_give_the_same_rows(one: Path, other: Path) -> None:
    """All columns but the file and the line."""
    of_tsv, of_json = read(one), read(other)
    assert of_tsv.keys() == of_json.keys()
    for name in of_tsv.keys() - {"ledger"}:
        assert of_tsv[name].drop("source", "record").equals(of_json[name].drop("source", "record"))


@needs_data
@pytest.mark.parametrize("folder", ["zeek", "zeek_cc_by_sa"])
def test_a_block_gives_the_same_at_once_and_line_by_line(folder: str) -> None:
    """The fast way is only faster."""
    paths = [path for path, _ in expected() if folder in path.parts and path.stat().st_size]
    fast = {name: frame.collect() for name, frame in READER.read(paths, Options()).items()}
    nothing = mock.Mock(return_value=None)
    with mock.patch.object(Tsv, "at_once", nothing), mock.patch.object(JsonLines, "at_once", nothing):
        slow = {name: frame.collect() for name, frame in READER.read(paths, Options()).items()}
    assert fast.keys() == slow.keys()
    for name, frame in fast.items():
        assert frame.equals(slow[name]), name


# Which log ------------------------------------------------------------------------------------------------------------


def test_a_connection(tmp_path: Path) -> None:
    """Each field in its column, the time exact to the microsecond, the record the physical line."""
    tables = read_text(tmp_path, tsv("conn", CONN, ROW))
    assert clean(tables["connections"]) == [CLEAN]
    assert tables["connections"]["source"].to_list() == [str(tmp_path / "some.log")]


@pytest.mark.parametrize("path", ["conn", "dns", "http", "ssl"])
@pytest.mark.parametrize("packed", [False, True])
def test_the_open_forms_are_still_open(tmp_path: Path, path: str, packed: bool) -> None:
    """By `#path`, or by the file's name."""
    table = {"conn": "connections", "dns": "dns_queries", "http": "http_requests", "ssl": "tls_sessions"}[path]
    for said, name, still_open in (
        (f"open_{path}", "x.log", True),
        (path, f"open_{path}.log", True),
        (path, "x.log", False),
    ):
        text = tsv(said, CONN, ROW).encode()
        frame = read_text(tmp_path, gzip.compress(text) if packed else text, f"{name}.gz")[table]
        assert frame.height == 1
        assert "still_open" not in frame.columns or frame["still_open"].to_list() == [still_open]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("conn.log", "connections"),
        ("conn.00:00:00-01:00:00.log", "connections"),
        ("conn_20240722_12:00:00-13:00:00+0000.log", "connections"),
        ("conn.2019-01-01-00-00-00.log", "connections"),
        ("EDGE1_dns.log", "dns_queries"),
        ("open_http.log", "http_requests"),
        ("ssl.log.labeled", "tls_sessions"),
        ("conn_summary.log", "events"),
    ],
)
def test_a_log_without_path_is_known_by_the_name_of_its_file(tmp_path: Path, name: str, table: str) -> None:
    """Hourly and rotated names, a host in front."""
    assert table in read_text(tmp_path, tsv(None, ("ts", "uid"), ("1.5", "C1")), name)


@pytest.mark.parametrize(
    ("fields", "table"),
    [
        (("ts", "uid", "conn_state"), "connections"),
        (("ts", "uid", "query", "qtype_name"), "dns_queries"),
        (("ts", "uid", "host", "uri"), "http_requests"),
        (("ts", "uid", "method", "uri", "user_agent", "status_code"), "events"),
        (("ts", "uid", "cipher", "established"), "tls_sessions"),
        (("ts", "uid", "name"), "events"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_without_path_and_name_is_known_by_its_fields(
    tmp_path: Path, fields: tuple[str, ...], table: str, as_json: bool
) -> None:
    """TSV and JSON lines."""
    row = ("1.5", "C1", *["T"] * (len(fields) - 2))
    values = {**dict(zip(fields, row, strict=True)), "ts": 1.5}
    if "established" in fields:
        values["established"] = True
    assert table in read_text(tmp_path, json.dumps(values) + "\n" if as_json else tsv(None, fields, row))


def test_lines_of_several_logs_in_one_file_go_to_their_tables(tmp_path: Path) -> None:
    """As JSON streams are shipped: each line says its log; or its fields do."""
    lines = [
        {"_path": "conn", "ts": 1.0, "uid": "C1", "conn_state": "SF"},
        {"_path": "dns", "ts": 2.0, "uid": "C2", "query": "a.example"},
        {"_path": "weird", "ts": 3.0, "uid": "C3", "name": "odd"},
        {"_path": "open_conn", "ts": 4.0, "uid": "C4"},
    ]
    tables = read_text(tmp_path, "".join(json.dumps(line) + "\n" for line in lines))
    assert tables["connections"].select("record", "uid", "still_open").rows() == [(1, "C1", False), (4, "C4", True)]
    assert tables["dns_queries"].select("record", "query").rows() == [(2, "a.example")]
    assert tables["events"].select("record", "action", "message").rows() == [(3, "weird", "name=odd uid=C3")]

    lines = [{"ts": 1.0, "uid": "C1", "conn_state": "SF"}, {"ts": 2.0, "uid": "C2", "query": "a.example", "qtype": 1}]
    tables = read_text(tmp_path, "".join(json.dumps(line) + "\n" for line in lines))
    assert tables["connections"]["uid"].to_list() == ["C1"]
    assert tables["dns_queries"]["uid"].to_list() == ["C2"]


# Values ---------------------------------------------------------------------------------------------------------------


def test_http_requests(tmp_path: Path) -> None:
    """MIME types joined by comma; escapes decoded; unset and empty are null."""
    fields = (
        *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "method", "host", "uri", "referrer"),
        *("user_agent", "request_body_len", "response_body_len", "status_code", "username", "resp_mime_types"),
    )
    pair = ("1.000000", "C1", "10.0.0.1", "1025", "2001:db8::1", "80")
    rows = (
        (*pair, "GET", "a.example", r"/x\x09y\\z", "-", "Agent (x)", "0", "12", "200", "ann", "text/html,image/png"),
        (*pair, "POST", "-", "(empty)", r"\x2d", "-", "5", "-", "-", "-", "-"),
    )
    first, second = clean(read_text(tmp_path, tsv("http", fields, *rows))["http_requests"])
    both = {
        "time": EPOCH + timedelta(seconds=1),
        "uid": "C1",
        "src_ip": "10.0.0.1",
        "src_port": 1025,
        "dst_ip": "2001:db8::1",
        "dst_port": 80,
        "still_open": False,
    }
    assert first == both | {
        "record": 9,
        "method": "GET",
        "host": "a.example",
        "url": "/x\ty\\z",
        "user_agent": "Agent (x)",
        "user": "ann",
        "status_code": 200,
        "orig_bytes": 0,
        "resp_bytes": 12,
        "mime_type": "text/html,image/png",
    }
    assert second == both | {"record": 10, "method": "POST", "referrer": "-", "orig_bytes": 5}


def test_dns_queries(tmp_path: Path) -> None:
    """Answers and their times to live are lists, a comma within an answer splits nothing."""
    fields = ("ts", "uid", "query", "qtype_name", "rcode_name", "answers", "TTLs", "rejected")
    rows = (
        ("1.0", "C1", "a.example", "TXT", "NOERROR", r"TXT 3 a\x2cb,10.0.0.1", "60.000000,0.500000", "F"),
        ("2.0", "C2", "b.example", "A", "NXDOMAIN", "-", "-", "F"),
        ("3.0", "C3", "c.example", "A", "NOERROR", "(empty)", "(empty)", "F"),
        ("4.0", "C4", "d.example", "A", "NOERROR", "x", "soon,1", "F"),
    )
    tables = read_text(tmp_path, tsv("dns", fields, *rows))
    assert tables["dns_queries"].select("query", "query_type", "rcode", "answers", "ttls").rows() == [
        ("a.example", "TXT", "NOERROR", ["TXT 3 a,b", "10.0.0.1"], [60.0, 0.5]),
        ("b.example", "A", "NXDOMAIN", None, None),
        ("c.example", "A", "NOERROR", [], []),
    ]
    assert rejects(tables) == [(12, "TTLs holds what is no number: 'soon,1'", "\t".join(rows[3]))]


def test_tls_sessions(tmp_path: Path) -> None:
    """Flags are true, false or null."""
    fields = ("ts", "uid", "version", "cipher", "server_name", "established", "ja3", "ja3s", "ja4", "validation_status")
    rows = (
        ("1.0", "C1", "TLSv12", "AES", "a.example", "T", "j", "s", "t13", "ok"),
        ("2.0", "C2", "-", "-", "-", "F", "-", "-", "-", "-"),
        ("3.0", "C3", "-", "-", "-", "-", "-", "-", "-", "-"),
        ("4.0", "C4", "-", "-", "-", "yes", "-", "-", "-", "-"),
    )
    tables = read_text(tmp_path, tsv("ssl", fields, *rows))
    frame = tables["tls_sessions"]
    assert frame.select("version", "cipher", "server_name", "ja3", "ja3s", "ja4", "validation").row(0) == (
        *("TLSv12", "AES", "a.example", "j", "s", "t13", "ok"),
    )
    assert frame["established"].to_list() == [True, False, None]
    assert rejects(tables) == [(12, "established is neither T nor F: 'yes'", "\t".join(rows[3]))]


def test_every_other_log_is_events(tmp_path: Path) -> None:
    """The set fields by name; numbers and times as JSON lines have them."""
    fields = ("ts", "uid", "id.orig_h", "id.resp_h", "hostname", "username", "duration", "note", "sub", "peer")
    row = ("1700000000.000000", "C1", "10.0.0.1", "10.0.0.2", "pc7", "ann", "2.500000", "two words", "(empty)", "-")
    assert clean(read_text(tmp_path, tsv("ntlm", fields, row))["events"]) == [
        {
            "record": 9,
            "time": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
            "zone": "UTC",
            "zone_rule": "by the format",
            "time_quality": "exact",
            "host": "pc7",
            "program": "zeek",
            "user": "ann",
            "src_ip": "10.0.0.1",
            "action": "ntlm",
            "message": 'duration=2.5 id.resp_h=10.0.0.2 note="two words" uid=C1',
        }
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\x09", "\t"),
        (r"a\x0ab", "a\nb"),
        (r"\\", "\\"),
        (r"\\x41", r"\x41"),
        (r"\x41\x42", "AB"),
        (r"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "é€😀"),
        (r"\xff\xc3", r"\xff\xc3"),
        (r"\x00\x1b[2J", r"\x00\x1b[2J"),
        (r"\xed\xa0\x80", r"\xed\xa0\x80"),
        ("\\", "\\"),
        (r"\x4", r"\x4"),
        ("é", "é"),
        (r"\x28empty)", "(empty)"),
        (r"\x2d", "-"),
    ],
)
def test_escapes(tmp_path: Path, written: str, meant: str) -> None:
    """What is text is decoded; control characters and what is no UTF-8 stay escaped, as in Zeek's JSON lines."""
    frame = read_text(tmp_path, tsv("http", ("ts", "uri", "x"), ("1.0", written, "-")))["http_requests"]
    assert frame["url"].to_list() == [meant]


@pytest.mark.parametrize("name", ["_node_name", "_system_name", "peer", "agent_hostname"])
def test_the_sensor(tmp_path: Path, name: str) -> None:
    """Extra columns in front or behind change nothing else."""
    for fields, row in (((name, *CONN), ("edge", *ROW)), ((*CONN, name), (*ROW, "edge"))):
        assert clean(read_text(tmp_path, tsv("conn", fields, row))["connections"]) == [CLEAN | {"sensor": "edge"}]
    values = json.dumps({"ts": 1.0, "uid": "C1", "conn_state": "SF", name: "edge"})
    assert read_text(tmp_path, values)["connections"]["sensor"].to_list() == ["edge"]


def test_columns_in_any_order_and_missing_ones(tmp_path: Path) -> None:
    """Fields go by name."""
    order = (3, 0, 9, 8, 7, 2, 1, 6, 5, 4)
    fields, row = tuple(CONN[i] for i in order), tuple(ROW[i] for i in order)
    assert clean(read_text(tmp_path, tsv("conn", fields, row))["connections"]) == [CLEAN]
    assert clean(read_text(tmp_path, tsv("conn", ("ts", "uid"), ("1.0", "C1")))["connections"]) == [
        {"record": 9, "time": EPOCH + timedelta(seconds=1), "uid": "C1", "still_open": False}
    ]


def test_id_orig_h_is_another_spelling(tmp_path: Path) -> None:
    """In TSV, in JSON lines, and as an object of JSON."""
    spelled = tuple(name.replace("id.", "id_") for name in CONN)
    assert clean(read_text(tmp_path, tsv("conn", spelled, ROW))["connections"]) == [CLEAN]
    pair = {"orig_h": "10.1.2.3", "orig_p": 49152, "resp_h": "203.0.113.9", "resp_p": 443}
    rest = {
        "ts": 1700000000.000001,
        "uid": "Cabc",
        "proto": "tcp",
        "service": "ssl",
        "duration": 1.5,
        "conn_state": "SF",
    }
    for ids in ({f"id.{k}": v for k, v in pair.items()}, {f"id_{k}": v for k, v in pair.items()}, {"id": pair}):
        assert clean(read_text(tmp_path, json.dumps(rest | ids) + "\n")["connections"]) == [CLEAN | {"record": 1}]


@pytest.mark.parametrize(
    ("ts", "micros"),
    [
        (1575413096.052279, 1575413096052279),
        ("2019-12-03T22:44:56.052279Z", 1575413096052279),
        ("2019-12-03T22:44:56Z", 1575413096000000),
        ("2019-12-03T23:44:56.052279+01:00", 1575413096052279),
        ("1575413096.052279", 1575413096052279),
        (1575413096052, 1575413096052000),
        (6.297, 6297000),
        (0, 0),
    ],
)
@pytest.mark.parametrize("kind", ["conn", "weird"])
def test_times_of_json_lines(tmp_path: Path, ts: float | str, micros: int, kind: str) -> None:
    """Seconds, RFC 3339, and the milliseconds of `JSON::TS_MILLIS`; relative epochs are instants as written."""
    values = json.dumps({"ts": ts, "uid": "C1"}) + "\n"
    frame = read_text(tmp_path, values, f"{kind}.log")["connections" if kind == "conn" else "events"]
    assert frame["time"].to_list() == [EPOCH + timedelta(microseconds=micros)]


def test_json_lines_without_time_are_rows_without_time(tmp_path: Path) -> None:
    """loaded_scripts has no `ts`: nothing is said of a zone either."""
    tables = read_text(tmp_path, json.dumps({"name": "/opt/zeek/base/init-bare.zeek"}) + "\n", "loaded_scripts.log")
    assert clean(tables["events"]) == [
        {"record": 1, "program": "zeek", "action": "loaded_scripts", "message": "name=/opt/zeek/base/init-bare.zeek"}
    ]


def test_mixed_types_of_json_lines(tmp_path: Path) -> None:
    """Where a field has several types, all its values are text; nothing is lost."""
    lines = [
        {"ts": 1.0, "uid": "C1", "x": True, "y": ["a", "b"], "z": {"deep": [1, 2.5]}, "n": 1},
        {"ts": 2.0, "uid": "C2", "x": 5, "y": "c", "z": 7, "n": 2.25},
        {"ts": 3.0, "uid": "C3", "x": None, "y": [], "n": 2**70},
    ]
    tables = read_text(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "odd.log")
    assert tables["events"]["message"].to_list() == [
        "n=1 uid=C1 x=true y=a,b z.deep=1,2.5",
        "n=2.25 uid=C2 x=5 y=c z=7",
        f"n={2**70} uid=C3",
    ]


# What is not whole ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        (0, "XXXXXXXXXX.XXXXXX", "ts is no time in seconds since 1970: 'XXXXXXXXXX.XXXXXX'"),
        (0, "inf", "ts is no time in seconds since 1970: 'inf'"),
        (0, "9e20", "ts is no time in seconds since 1970: '9e20'"),
        (3, "80.5", "id.orig_p is no whole number: '80.5'"),
        (5, "9223372036854775808", "id.resp_p is no whole number: '9223372036854775808'"),
        (8, "long", "duration is no number of seconds: 'long'"),
        (8, "nan", "duration is no number of seconds: 'nan'"),
    ],
)
def test_a_field_that_does_not_parse_is_a_reject(tmp_path: Path, place: int, text: str, reason: str) -> None:
    """The reason names the column and the text; the rows around it are read."""
    bad = (*ROW[:place], text, *ROW[place + 1 :])
    tables = read_text(tmp_path, tsv("conn", CONN, ROW, bad, ROW))
    assert clean(tables["connections"]) == [CLEAN, CLEAN | {"record": 11}]
    assert rejects(tables) == [(10, reason, "\t".join(bad))]
    assert tables["rejects"]["lines"].to_list() == [1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\t".join(ROW[:4]), "4 of 10 columns"),
        ("\t".join(ROW[:9]) + "\t", None),
        ("\t".join(ROW) + "\t", "11 of 10 columns"),
        ("\t".join(ROW) + "\textra", "11 of 10 columns"),
        ("\t".join(ROW) + "\t\tmore", "12 of 10 columns"),
        (" ", "1 of 10 columns"),
        ("x" * 5000, "1 of 10 columns"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_row_with_too_few_or_too_many_columns_is_a_reject(
    tmp_path: Path, line: str, reason: str | None, first: bool
) -> None:
    """Also as the first row; an empty last column is a column."""
    tables = read_text(tmp_path, tsv("conn", CONN, *((line, ROW, ROW) if first else (ROW, line, ROW))))
    record = 9 if first else 10
    good = [CLEAN | {"record": n} for n in (9, 10, 11) if n != record]
    assert [row for row in clean(tables["connections"]) if row["record"] != record] == good
    assert rejects(tables) == ([(record, reason, line[:2000])] if reason else [])


def test_bytes_that_are_no_text_reject_their_line(tmp_path: Path) -> None:
    """One bad byte does not change how the file is read."""
    text = tsv("conn", CONN, ROW, ROW, ROW).encode().splitlines(keepends=True)
    text[9] = text[9].replace(b"ssl", b"s\xffl")
    tables = read_text(tmp_path, b"".join(text))
    assert tables["connections"]["record"].to_list() == [9, 11]
    assert rejects(tables) == [(10, "no UTF-8", "\t".join(ROW).replace("ssl", "s\N{REPLACEMENT CHARACTER}l"))]


def test_a_byte_that_is_no_line_end_is_data(tmp_path: Path) -> None:
    """NUL, a lone carriage return, quotes, a vertical tab: neither lost, nor a line."""
    odd = 'a\0b\rc"d\v\x85\u2028"'
    frame = read_text(tmp_path, tsv("http", ("ts", "uri", "x"), ("1.0", odd, "-"), ("2.0", '"', "-")))["http_requests"]
    assert frame.select("record", "url").rows() == [(9, odd), (10, '"')]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    """Neither is part of a value."""
    text = b"\xef\xbb\xbf" + tsv("conn", CONN, ROW, ROW).replace("\n", "\r\n").encode()
    assert clean(read_text(tmp_path, text)["connections"]) == [CLEAN, CLEAN | {"record": 10}]
    line = json.dumps({"ts": 1.0, "uid": "C1", "conn_state": "SF"}).encode()
    assert read_text(tmp_path, b"\xef\xbb\xbf" + line + b"\r\n" + line + b"\r\n")["connections"].height == 2


@pytest.mark.parametrize("separator", ["|", ";", " ", ","])
def test_another_separator(tmp_path: Path, separator: str) -> None:
    """As the header says."""
    text = tsv("conn", CONN, ROW, separator=separator)
    assert clean(read_text(tmp_path, text)["connections"]) == [CLEAN]


def test_a_separator_of_several_characters_and_other_signs(tmp_path: Path) -> None:
    """Unset, empty and set separators as the header says."""
    text = (
        "#separator ||\n#set_separator||;\n#empty_field||EMPTY\n#unset_field||none\n#path||dns\n"
        "#fields||ts||uid||query||answers\n#types||time||string||string||vector[string]\n"
        "1.0||C1||EMPTY||a;b,c\n2.0||none||-||EMPTY\n"
    )
    assert read_text(tmp_path, text)["dns_queries"].select("record", "uid", "query", "answers").rows() == [
        (8, "C1", None, ["a", "b,c"]),
        (9, None, "-", []),
    ]


def test_a_header_may_change_within_the_file(tmp_path: Path) -> None:
    """Rotated logs that were put together: each row goes by the header above it, also to another table."""
    turned = (*CONN[::-1],), (*ROW[::-1],)
    text = (
        tsv("conn", CONN, ROW) + "#close\tx\n" + tsv("conn", *turned) + "\n" + tsv("dns", ("ts", "query"), ("1.0", "q"))
    )
    tables = read_text(tmp_path, text + tsv("conn", CONN, ROW))
    assert clean(tables["connections"]) == [CLEAN, CLEAN | {"record": 19}, CLEAN | {"record": 38}]
    assert tables["dns_queries"].select("record", "query").rows() == [(29, "q")]
    assert tables["ledger"].select("lines", "lines_read", "lines_skipped").rows() == [(38, 4, 34)]


def test_rows_above_the_first_header_are_rejects(tmp_path: Path) -> None:
    """Nobody knows their columns."""
    tables = read_text(tmp_path, "1.0\tC0\n" + tsv("conn", CONN, ROW))
    assert rejects(tables) == [(1, "no #fields line above it", "1.0\tC0")]
    assert clean(tables["connections"]) == [CLEAN | {"record": 10}]


@pytest.mark.parametrize("blanks_in_rows", [True, False])
def test_labelled_logs_have_blanks_between_the_last_names(tmp_path: Path, blanks_in_rows: bool) -> None:
    """Rows are separated by tabs, or by the same blanks."""
    fields = (*CONN, "tunnel_parents   label   detailed-label")
    labels = "(empty)   Malicious   C&C"
    row = (*ROW, labels if blanks_in_rows else labels.replace("   ", "\t"))
    assert clean(read_text(tmp_path, tsv("conn", fields, row, row))["connections"]) == [CLEAN, CLEAN | {"record": 10}]


def test_a_log_with_a_header_only_and_an_empty_file_have_no_rows(tmp_path: Path) -> None:
    """Neither is an error when the format was named."""
    tables = read_text(tmp_path, tsv("conn", CONN))
    assert tables.keys() == {"rejects", "ledger"}
    assert tables["ledger"].select("lines", "lines_skipped", "partial").rows() == [(8, 8, None)]
    assert read_text(tmp_path, "")["ledger"].select("lines", "lines_skipped", "partial").rows() == [(0, 0, None)]


def test_blank_lines_and_comments_between_rows_are_skipped(tmp_path: Path) -> None:
    """The lines below keep their numbers."""
    tables = read_text(tmp_path, tsv("conn", CONN, "", ROW, "# a note", "", ROW, ""))
    assert tables["connections"]["record"].to_list() == [10, 13]
    assert tables["ledger"].select("lines", "lines_skipped").rows() == [(14, 12)]


def test_a_log_that_does_not_end_with_a_line_end_may_be_cut(tmp_path: Path) -> None:
    """A row with all its columns is read, and the ledger says that it may be cut; JSON lines show it themselves."""
    tables = read_text(tmp_path, tsv("conn", CONN, ROW).removesuffix("\n"))
    assert clean(tables["connections"]) == [CLEAN]
    assert tables["ledger"]["partial"].to_list() == ["the last line has no line end: it may be cut"]
    line = json.dumps({"ts": 1.0, "uid": "C1", "conn_state": "SF"})
    tables = read_text(tmp_path, f"{line}\n{line[:-3]}")
    assert rejects(tables) == [(2, "no JSON object", line[:-3])]
    assert tables["ledger"]["partial"].to_list() == [None]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_gzip_stream_that_breaks_off(tmp_path: Path, as_json: bool) -> None:
    """What is whole is read, the cut row is a reject, the ledger says partial."""
    rows = [(f"{n}.000000", f"C{n * 7919}") for n in range(1, 4000)]
    text = tsv("conn", ("ts", "uid"), *rows)
    if as_json:
        text = "".join(json.dumps({"ts": float(ts), "uid": uid, "conn_state": "SF"}) + "\n" for ts, uid in rows)
    tables = read_text(tmp_path, gzip.compress(text.encode())[:-3000], "conn.log.gz")
    frame = tables["connections"]
    assert 100 < frame.height < len(rows)
    assert frame["uid"].to_list() == [uid for _, uid in rows[: frame.height]]
    assert tables["rejects"]["reason"].to_list() in ([], ["the stream breaks off within this line"])
    assert "cut or damaged" in tables["ledger"]["partial"][0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"ts":1.0,"uid":"C2"', "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"ts":1.0}{"ts":2.0}', "no JSON object"),
        ('{"ts":NaN,"uid":"C2"}', "no JSON object"),
        ('{"ts":"soon","uid":"C2"}', "ts is no time: 'soon'"),
        ('{"ts":true,"uid":"C2"}', "ts is no time: 'true'"),
        ('{"ts":1e300,"uid":"C2"}', "ts is no time: '1e+300'"),
        ('{"ts":1.0,"id.orig_p":"http"}', "id.orig_p is no whole number: 'http'"),
        ('{"ts":1.0,"id.orig_p":80.5}', "id.orig_p is no whole number: '80.5'"),
        ('{"ts":1.0,"duration":[]}', "duration is no number of seconds: ''"),
        ("[" * 100_000, "no JSON object"),
        ('{"a":' * 500 + "1" + "}" * 500, "objects nested too deeply"),
    ],
)
def test_a_json_line_that_cannot_be_read_is_a_reject(tmp_path: Path, line: str, reason: str) -> None:
    """With its reason; the lines around it are read."""
    good = json.dumps({"ts": 1.5, "uid": "C1", "conn_state": "SF"})
    tables = read_text(tmp_path, f"{good}\n{line}\n\n{good}\n", "conn.log")
    assert tables["connections"].select("record", "uid").rows() == [(1, "C1"), (4, "C1")]
    assert rejects(tables) == [(2, reason, line[:2000])]


def test_json_values_in_other_types_are_read_where_they_are_sure(tmp_path: Path) -> None:
    """A port as text, a whole float, a list where Zeek has text, a flag as T."""
    values = {"ts": "1.5", "uid": "C1", "id.orig_p": "80", "id.resp_p": 443.0, "service": ["ssl", "http"]}
    frame = read_text(tmp_path, json.dumps({**values, "conn_state": "SF"}), "conn.log")["connections"]
    assert frame.select("src_port", "dst_port", "service").rows() == [(80, 443, "ssl,http")]
    frame = read_text(tmp_path, json.dumps({"ts": 1.5, "established": "T"}), "ssl.log")["tls_sessions"]
    assert frame["established"].to_list() == [True]
    line = {"ts": "1.5", "orig_bytes": 2**53 + 1}
    assert read_text(tmp_path, json.dumps(line), "conn.log")["connections"]["orig_bytes"].to_list() == [2**53 + 1]


def test_a_file_that_is_no_zeek_log_says_so(tmp_path: Path) -> None:
    """A named format works or says why not."""
    for text in (b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n\0\0", b"1.0\tC1\t10.0.0.1\n", b'{"event": 1}\n', b"\xff\xfe#\0f\0"):
        with pytest.raises(UnreadableFile) as caught:
            read_text(tmp_path, text)
        assert str(tmp_path / "some.log") in str(caught.value)
        assert caught.value.hint
        assert not READER.accepts(files.head(tmp_path / "some.log"))


def test_json_lines_of_other_products_are_not_accepted(tmp_path: Path) -> None:
    """`ts` alone is no sign of Zeek."""
    for values in (
        {"ts": 1.0, "level": "info", "msg": "up"},
        {"event_type": "flow", "flow_id": 1},
        {"@timestamp": "x"},
    ):
        path = tmp_path / "conn.log"
        path.write_text(json.dumps(values) + "\n", encoding="utf-8")
        assert not READER.accepts(files.head(path))


def test_many_blocks_are_one_file(tmp_path: Path) -> None:
    """Rows, rejects and line numbers do not depend on where blocks end."""
    rows = [(f"{n}.5", f"C{n}", "tcp" if n % 50 else "\t") for n in range(400)]
    path = tmp_path / "conn.log"
    path.write_text(tsv("conn", ("ts", "uid", "proto"), *rows) + "#close\tx\n", encoding="utf-8")
    whole = read(path)
    assert whole["rejects"]["record"].to_list() == list(range(9, 409, 50))
    for block, small in ((700, 100), (1000, 10_000), (100_000, 64)):
        with mock.patch.multiple(zeek_reading, BLOCK_BYTES=block, SMALL_BYTES=small):
            parts = read(path)
        assert all(frame.equals(parts[name]) for name, frame in whole.items())


def test_the_rows_of_several_files_come_in_their_order(tmp_path: Path) -> None:
    """One ledger row a file; progress is told every byte."""
    paths = [tmp_path / name for name in ("conn.01:00:00-02:00:00.log", "conn.00:00:00-01:00:00.log.gz")]
    paths[0].write_text(tsv("conn", CONN, ROW), encoding="utf-8")
    paths[1].write_bytes(gzip.compress(tsv("conn", CONN, ROW, ROW).encode()))
    told: list[int] = []
    tables = READER.read(paths, Options(progress=told.append))
    assert tables["connections"].select("source", "record").collect().rows() == [
        (str(paths[0]), 9),
        (str(paths[1]), 9),
        (str(paths[1]), 10),
    ]
    assert tables["ledger"].select("source", "lines_read").collect().rows() == [(str(paths[0]), 1), (str(paths[1]), 2)]
    assert sum(told) == sum(path.stat().st_size for path in paths)


def test_a_carriage_return_at_the_end_of_a_field_is_damage_or_text(tmp_path: Path) -> None:
    """Never taken away: a number or time with one is a reject, a text keeps it; a line may end with one."""
    head = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tservice\n"
    rows_of = ["1.5\r\tC1\t::1\t5\tssl", "1.5\tC2\r\t::1\t5\tssl", "1.5\tC3\t::1\t5\r\tssl", "1.5\tC4\t::1\t5\tssl\r"]
    path = tmp_path / "conn.log"
    path.write_bytes((head + "\n".join(rows_of) + "\n").encode())
    tables = {name: frame.collect() for name, frame in READER.read([path], Options()).items()}
    found = tables["connections"].select("record", "uid", "src_port", "service").rows()
    assert found == [(5, "C2\r", 5, "ssl"), (7, "C4", 5, "ssl")]
    assert tables["rejects"]["record"].to_list() == [4, 6]


def test_a_byte_order_mark_within_the_file_is_damage(tmp_path: Path) -> None:
    """In front of the first row it spoils its time, as anywhere else."""
    head = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\n"
    path = tmp_path / "conn.log"
    path.write_bytes((head + "\ufeff1.5\tC1\t::1\n2.5\tC2\t::1\n\ufeff3.5\tC3\t::1\n").encode())
    tables = {name: frame.collect() for name, frame in READER.read([path], Options()).items()}
    assert tables["connections"]["uid"].to_list() == ["C2"]
    assert tables["rejects"]["record"].to_list() == [4, 6]
