"""Tables in every layout give the same canonical rows; lines add up, and nothing is lost without a reject."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from properties import examples
from watchfloor.errors import BadColumnMap, OtherTable, UnknownFormat, UnreadableFile
from watchfloor.readers import Options, read_files
from watchfloor.readers.intake import files
from watchfloor.readers.intake import texts as texts_module
from watchfloor.readers.table import READER, delimited
from watchfloor.readers.table.delimited import Delimited, layout
from watchfloor.schemas import ALERTS, CONNECTIONS, FINDINGS, REJECTS

MAP = {
    "table": "alerts",
    "columns": {"rule": "name", "event_count": "n", "created_time": {"from": "time", "unit": "s"}},
    "evidence": {"src_ip": "ip"},
}
RECORDS = [
    {"time": "60", "name": "a, b", "n": "1", "ip": "10.0.0.1"},
    {"time": "120", "name": 'say "x"', "n": "", "ip": "10.0.0.2"},
    {"time": "180", "name": "two\nlines", "n": "3", "ip": ""},
]
EXPECTED = [
    {"rule": "a, b", "event_count": 1, "created_time": datetime(1970, 1, 1, 0, 1, tzinfo=UTC)},
    {"rule": 'say "x"', "event_count": None, "created_time": datetime(1970, 1, 1, 0, 2, tzinfo=UTC)},
    {"rule": "two\nlines", "event_count": 3, "created_time": datetime(1970, 1, 1, 0, 3, tzinfo=UTC)},
]


def read(path: Path, mapping: Mapping[str, Any] | None = MAP, **options: Any) -> dict[str, pl.DataFrame]:
    """The tables of one file."""
    tables = READER.read([path], Options(columns=mapping, **options))
    return {name: frame.collect() for name, frame in tables.items()}


def read_text(folder: Path, text: str | bytes, mapping: Mapping[str, Any] | None = MAP) -> dict[str, pl.DataFrame]:
    """The tables of a file with this content; its lines add up."""
    path = folder / "x.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    tables = read(path, mapping)
    adds_up(tables)
    return tables


def adds_up(tables: Mapping[str, pl.DataFrame]) -> None:
    """Lines read + continued + rejected + skipped = lines, and rejected is what the rejects say."""
    for row in tables["ledger"].to_dicts():
        assert row["lines"] == sum(row[f"lines_{part}"] for part in ("read", "continued", "rejected", "skipped")), row
    assert tables["ledger"]["lines_rejected"].sum() == tables["rejects"]["lines"].sum()


def as_csv(records: Sequence[Mapping[str, str]], delimiter: str = ",", **how: Any) -> str:
    """Records as Python's csv module writes them."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), delimiter=delimiter, lineterminator="\n", **how)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """A workbook with these cells."""
    book = xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy hh:mm"})
    for name, lines in sheets.items():
        sheet = book.add_worksheet(name)
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                sheet.write(number, place, cell)
    book.close()
    return path


# Layouts


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", as_csv(RECORDS)),
        ("all quoted.csv", as_csv(RECORDS, quoting=csv.QUOTE_ALL)),
        ("semicolon.csv", as_csv(RECORDS, ";")),
        ("tabs.tsv", as_csv(RECORDS, "\t")),
        ("bars.txt", as_csv(RECORDS, "|")),
        ("windows.csv", as_csv(RECORDS).replace("\n", "\r\n")),
        ("mark.csv", "\ufeff" + as_csv(RECORDS)),
        ("no end.csv", as_csv(RECORDS).removesuffix("\n")),
        ("lines.json", "".join(json.dumps(record) + "\n" for record in RECORDS)),
        ("array.json", json.dumps(RECORDS)),
        ("pretty.json", json.dumps(RECORDS, indent=2)),
        ("wrapped.json", json.dumps({"total": 3, "results": RECORDS, "tags": ["a"]}, indent=2)),
        ("wrapped in one line.json", json.dumps({"total": 3, "results": RECORDS})),
        ("objects.json", "\n".join(json.dumps(record, indent=1) for record in RECORDS)),
    ],
)
def test_every_layout_gives_the_same_rows(tmp_path: Path, name: str, content: str) -> None:
    """Whatever the delimiter, the line ends, the quotes; gzip too."""
    (tmp_path / name).write_bytes(content.encode())
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
    for path in (tmp_path / name, tmp_path / f"{name}.gz"):
        tables = read(path)
        adds_up(tables)
        assert rows(tables["alerts"].select("rule", "event_count", "created_time")) == EXPECTED
        assert tables["alerts"].schema == ALERTS.schema
        assert rows(tables["evidence"].select("value")) == [{"value": "10.0.0.1"}, {"value": "10.0.0.2"}]
        assert not tables["rejects"].height


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_encodings_by_content(tmp_path: Path, encoding: str) -> None:
    """By their marks, by the zeros of UTF-16, else Windows-1252; what was taken for granted is noted."""
    text = "time,name,n,ip\n60,caf\u00e9 M\u00fcller,1,10.0.0.1\n"
    tables = read_text(tmp_path, text.encode(encoding))
    assert tables["alerts"]["rule"].to_list() == ["caf\u00e9 M\u00fcller"]
    western = "read as Windows-1252: the text is not UTF-8"
    noted = {
        "latin-1": western,
        "cp1252": western,
        "utf-16-le": "read as UTF-16-LE: every second byte is zero",
        "utf-16-be": "read as UTF-16-BE: every second byte is zero",
    }
    assert tables["ledger"]["notes"].to_list() == [noted.get(encoding)]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    """Then nothing is guessed; one that does not exist is an error."""
    text = "time,name,n,ip\n60,\u0416,1,10.0.0.1\n"
    tables = read_text(tmp_path, text.encode("cp1251"), MAP | {"encoding": "cp1251"})
    assert (tables["alerts"]["rule"].to_list(), tables["ledger"]["notes"].to_list()) == (["\u0416"], [None])
    with pytest.raises(BadColumnMap, match="no encoding 'klingon'"):
        read_text(tmp_path, text, MAP | {"encoding": "klingon"})


def test_a_bad_byte_spoils_its_record_not_the_file(tmp_path: Path) -> None:
    """Where other lines are sound UTF-8 beyond ASCII."""
    text = b"time,name,n,ip\n60,caf\xc3\xa9,1,x\n120,caf\xe9,2,x\n180,ok,3,x\n"
    tables = read_text(tmp_path, text)
    assert tables["alerts"]["rule"].to_list() == ["caf\u00e9", "ok"]
    assert rows(tables["rejects"].select("record", "reason", "text")) == [
        {"record": 3, "reason": "bytes that are not UTF-8", "text": "120,caf\ufffd,2,x"}
    ]


def test_a_bad_byte_in_a_record_that_goes_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is a reject as a whole, wherever the block ends."""
    text = b'time,name,n,ip\n60,caf\xc3\xa9,1,x\n120,"one\ncaf\xe9\nthree",2,x\n180,ok,3,x\n'
    for size in range(20, len(text)):
        monkeypatch.setattr(texts_module, "BLOCK_BYTES", size)
        tables = read_text(tmp_path, text)
        assert tables["alerts"]["rule"].to_list() == ["caf\u00e9", "ok"], size
        assert rows(tables["rejects"].select("record", "lines", "reason")) == [
            {"record": 3, "lines": 3, "reason": "bytes that are not UTF-8"}
        ]


# CSV


def test_rows_with_too_few_or_too_many_columns_are_rejects(tmp_path: Path) -> None:
    """`n of m columns`, with their text; the others are read, and records are their first lines."""
    text = 'time,name,n,ip\n60,a,1,x\n120,b,2\n180,"two\nlines",3,x\n240,c,4,x,y\n300,d,5,x\n'
    tables = read_text(tmp_path, text)
    assert rows(tables["alerts"].select("record", "rule")) == [
        {"record": 2, "rule": "a"},
        {"record": 4, "rule": "two\nlines"},
        {"record": 7, "rule": "d"},
    ]
    assert rows(tables["rejects"].select("record", "lines", "reason", "text")) == [
        {"record": 3, "lines": 1, "reason": "3 of 4 columns", "text": "120,b,2"},
        {"record": 6, "lines": 1, "reason": "5 of 4 columns", "text": "240,c,4,x,y"},
    ]
    assert rows(
        tables["ledger"].select("lines", "lines_read", "lines_continued", "lines_rejected", "lines_skipped")
    ) == [{"lines": 7, "lines_read": 3, "lines_continued": 1, "lines_rejected": 2, "lines_skipped": 1}]


def test_a_value_that_does_not_cast_is_a_reject_with_its_text(tmp_path: Path) -> None:
    """Of a record over several lines too."""
    tables = read_text(tmp_path, 'time,name,n,ip\n60,a,x,y\n120,"b\nb",z,y\n180,c,3,y\n')
    assert tables["alerts"]["rule"].to_list() == ["c"]
    assert rows(tables["rejects"].select("record", "lines", "reason", "text")) == [
        {"record": 2, "lines": 1, "reason": "event_count from 'n': 'x' is no whole number", "text": "60,a,x,y"},
        {"record": 3, "lines": 2, "reason": "event_count from 'n': 'z' is no whole number", "text": '120,"b\nb",z,y'},
    ]


def test_a_quote_that_nobody_closes_takes_no_other_record_with_it(tmp_path: Path) -> None:
    """Its own line is a reject; the next lines are read."""
    tables = read_text(tmp_path, 'time,name,n,ip\n60,"a,1,x\n120,b,2,x\n180,c,3,x\n')
    assert tables["alerts"]["rule"].to_list() == ["b", "c"]
    assert tables["rejects"]["text"].to_list() == ['60,"a,1,x']


def test_quotes_within_words_are_text(tmp_path: Path) -> None:
    """A disk of 5" is no quoted cell; nor is what follows a closing quote a new one."""
    tables = read_text(tmp_path, 'time,name,n,ip\n60,5" disk,1,x\n120,6" disk,2,x\n180,"a"b,3,x\n')
    assert tables["alerts"]["rule"].to_list() == ['5" disk', '6" disk', "ab"]


def test_quotes_escaped_by_a_backslash_are_declared(tmp_path: Path) -> None:
    r"""`\"` ends a Windows path as often as it is a quote: the map says which."""
    text = 'time,name,n,ip\n60,"say \\"x\\", he",1,x\n'
    assert read_text(tmp_path, text, MAP | {"escape": "\\"})["alerts"]["rule"].to_list() == ['say "x", he']
    assert read_text(tmp_path, 'time,name,n,ip\n60,"C:\\temp\\",1,x\n')["alerts"]["rule"].to_list() == ["C:\\temp\\"]


def test_a_carriage_return_within_a_line_is_data(tmp_path: Path) -> None:
    """Also where another line needs the careful way."""
    text = "time,name,n,ip\n60,a\rb,1,x\n"
    assert read_text(tmp_path, text)["alerts"]["rule"].to_list() == ["a\rb"]
    assert read_text(tmp_path, text + "ragged\n")["alerts"]["rule"].to_list() == ["a\rb"]


def test_a_preamble_blank_lines_totals_and_a_header_again(tmp_path: Path) -> None:
    """What stands above the header, blank lines and headers are skipped; totals are rejects."""
    text = "Report of May\n\ntime,name,n,ip\n60,a,1,x\n\n,,,\ntime,name,n,ip\n120,b,2,x\nTotal,3\n"
    tables = read_text(tmp_path, text)
    assert rows(tables["alerts"].select("record", "rule")) == [{"record": 4, "rule": "a"}, {"record": 8, "rule": "b"}]
    assert tables["rejects"]["reason"].to_list() == ["2 of 4 columns"]
    assert tables["ledger"]["lines_skipped"].to_list() == [6]


def test_names_that_are_there_twice_or_not_at_all(tmp_path: Path) -> None:
    """The second is `name_2`; one without a name is its place."""
    mapping = {"table": "alerts", "columns": {"rule": "name_2", "title": "column_3", "assignee": "name"}}
    tables = read_text(tmp_path, "name, name ,,n\na,b,c,d\n", mapping)
    assert rows(tables["alerts"].select("rule", "title", "assignee")) == [{"rule": "b", "title": "c", "assignee": "a"}]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    """The map names its columns."""
    mapping = MAP | {"header": ["time", "name", "n", "ip"]}
    tables = read_text(tmp_path, "60;a;1;x\n120;b;2;y\n", mapping)
    assert rows(tables["alerts"].select("record", "rule")) == [{"record": 1, "rule": "a"}, {"record": 2, "rule": "b"}]


def test_a_delimiter_can_be_named(tmp_path: Path) -> None:
    """Any character."""
    tables = read_text(
        tmp_path, "time\u00a6name\u00a6n\u00a6ip\n60\u00a6a,b\u00a61\u00a6x\n", MAP | {"delimiter": "\u00a6"}
    )
    assert tables["alerts"]["rule"].to_list() == ["a,b"]


def test_ids_stay_text(tmp_path: Path) -> None:
    """`001606050200` keeps its zeros."""
    tables = read_text(tmp_path, "id,name\n001606050200,x\n", {"table": "alerts", "columns": {"alert_id": "id"}})
    assert tables["alerts"]["alert_id"].to_list() == ["001606050200"]


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    """With commas in it there are none."""
    tables = read_text(
        tmp_path, "domain\nexample.org\n\nexample.net\n", {"table": "alerts", "columns": {"rule": "domain"}}
    )
    assert tables["alerts"]["rule"].to_list() == ["example.org", "example.net"]


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    """No rows, no rejects, the right columns."""
    tables = read_text(tmp_path, "time,name,n,ip\n")
    assert (tables["alerts"].height, tables["alerts"].schema) == (0, ALERTS.schema)


def test_missing_columns_name_the_file(tmp_path: Path) -> None:
    """Of several files the one that lacks them."""
    (tmp_path / "good.csv").write_text("time,name,n,ip\n60,a,1,x\n")
    (tmp_path / "other.csv").write_text("time,rule_name,n,ip\n60,a,1,x\n")
    with pytest.raises(BadColumnMap, match=r"other\.csv: there is no column 'name'") as error:
        read_files([tmp_path], options=Options(columns=MAP))
    assert "rule_name" in error.value.hint


def test_files_of_a_folder_that_are_no_such_table_are_left_out_and_seen(tmp_path: Path) -> None:
    """A README beside the tables is a reject; named by the user it is an error."""
    (tmp_path / "a.csv").write_text("time,name,n,ip\n60,a,1,x\n")
    (tmp_path / "README.md").write_text("# Alerts\n\nOf two networks, with notes.\n")
    (tmp_path / "manifest.json").write_text('{"networks": {"a": 1}}')
    tables = {name: frame.collect() for name, frame in read_files([tmp_path], options=Options(columns=MAP)).items()}
    assert tables["alerts"]["rule"].to_list() == ["a"]
    assert [Path(source).name for source in tables["rejects"]["source"]] == ["README.md", "manifest.json"]
    with pytest.raises(OtherTable, match="there is no column 'name', 'n', 'time', 'ip'"):
        read_files([tmp_path / "README.md"], options=Options(columns=MAP))


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    """What is whole is read, the torn line is a reject, the ledger says partial."""
    records = [{"time": f"{n}", "name": f"{random.Random(n).random()}", "n": "1", "ip": "x"} for n in range(2_000)]
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(as_csv(records).encode())[:-2_000])
    tables = read(tmp_path / "x.csv.gz")
    adds_up(tables)
    assert 0 < tables["alerts"].height < 2_000
    assert tables["alerts"]["rule"].to_list() == [record["name"] for record in records[: tables["alerts"].height]]
    assert tables["rejects"]["reason"].to_list() == ["the stream breaks off within this line"]
    assert "cut or damaged" in tables["ledger"]["partial"][0]


TRICKY = st.text(st.sampled_from('ab,;"\n\r \u00e9='), max_size=6)


@examples(150)
@given(st.lists(st.tuples(TRICKY, TRICKY, TRICKY), min_size=1, max_size=12), st.booleans(), st.integers(30, 200))
def test_what_pythons_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str, str]], quoted: bool, block: int
) -> None:
    """Cell by cell, with blocks that end anywhere; a carriage return before a line feed is one line end."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([("p", "q", "r"), *cells])
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(out.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "BLOCK_BYTES", block)
        tables = read(
            path, {"table": "alerts", "delimiter": ",", "columns": {"rule": "p", "title": "q", "assignee": "r"}}
        )
    adds_up(tables)
    said = [tuple(cell.replace("\r\n", "\n") for cell in line) for line in cells]
    wanted = [tuple(cell if cell.strip() else None for cell in line) for line in said if any(line)]
    assert tables["alerts"].select("rule", "title", "assignee").rows() == wanted
    assert not tables["rejects"].height


@examples(150)
@given(st.text(st.sampled_from('ab,"\n'), max_size=120), st.integers(20, 80))
def test_of_any_text_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, text: str, block: int) -> None:
    """Rows, rejects and skipped lines add up, wherever quotes stand and blocks end; and blocks change nothing."""
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text(f"p,q\n{text}")
    mapping = {"table": "alerts", "columns": {"rule": "p", "title": "q"}}
    whole = read(path, mapping)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "BLOCK_BYTES", block)
        in_blocks = read(path, mapping)
    adds_up(whole)
    adds_up(in_blocks)
    assert whole["ledger"]["lines"].to_list() == [text.count("\n") + 1 + (not text.endswith("\n") and text != "")]
    assert in_blocks["alerts"].equals(whole["alerts"])


def test_the_fast_way_is_taken_for_sound_blocks_and_says_the_same() -> None:
    """Quoted and not, the careful way and the fast one agree; ragged, blank and torn lines are never fast."""
    found = layout(["p,q"], None)
    for block in (b"a,b\nc,d\n", b'"a",b\n"c""d","e,f"\n', b"a,\n,b"):
        reader = Delimited(found)
        fast, (slow, _) = reader._at_once(block, 2), reader._record_by_record(block, 2, last=True)
        assert fast is not None
        assert fast.frame.fill_null("").equals(slow.frame.fill_null(""))
        assert (fast.lines, fast.skipped) == (slow.lines, slow.skipped)
    for block in (b"a\nb,c,d\n", b"a,b\n\n", b'a,"b\nc"\n', b'a,5"\n', b"a,\xff\n", b"p,q\n"):
        assert Delimited(found)._at_once(block, 2) is None, block


# JSON


def test_broken_lines_of_json_are_rejects(tmp_path: Path) -> None:
    """No JSON, no object, no UTF-8, two objects; blank lines are skipped."""
    good, accent = (json.dumps(RECORDS[0] | {"name": name}, ensure_ascii=False).encode() for name in ("a", "\u00e9"))
    tables = read_text(tmp_path, good + b"\n{\n\n[1]\n" + b'{"name": "\xff"}\n' + good + good + b"\n" + accent + b"\n")
    assert tables["alerts"]["record"].to_list() == [1, 7]
    assert [(row["record"], row["reason"].split(" (")[0]) for row in tables["rejects"].to_dicts()] == [
        (2, "no JSON"),
        (4, "no JSON object"),
        (5, "bytes that are not UTF-8"),
        (6, "no JSON"),
    ]
    assert tables["ledger"]["lines_skipped"].to_list() == [1]


def test_values_of_json_keep_their_types(tmp_path: Path) -> None:
    """Numbers of any size, truth, lists, objects, in lines and in an array alike."""
    records = [
        {"id": 12345678901234567890, "n": 1.5, "ok": True, "list": ["a", "b"], "in": {"x.y": 1, "z": None}},
        {"id": "007", "n": None, "ok": "no", "list": None, "in": "word"},
        {"n": 2, "list": "c"},
    ]
    mapping = {
        "table": "alerts",
        "columns": {"alert_id": "id", "severity": "n", "escalated": "ok", "title": "in", "case_id": "in.x.y"},
        "evidence": {"user": "list"},
    }
    for text in ("".join(json.dumps(one) + "\n" for one in records), json.dumps(records, indent=1)):
        tables = read_text(tmp_path, text, mapping)
        assert rows(tables["alerts"].select("alert_id", "case_id", "severity", "escalated", "title")) == [
            {"alert_id": "12345678901234567890", "case_id": "1", "severity": 1.5, "escalated": True,
             "title": '{"x.y": 1, "z": null}'},
            {"alert_id": "007", "case_id": None, "severity": None, "escalated": False, "title": "word"},
            {"alert_id": None, "case_id": None, "severity": 2.0, "escalated": None, "title": None},
        ]  # fmt: skip
        assert tables["evidence"]["value"].to_list() == ["a", "b", "c"]


def test_paths_and_names_with_dots_in_json(tmp_path: Path) -> None:
    """Each line has its own spelling; a key that no record has is an error that lists those present."""
    text = '{"a.b": "flat"}\n{"a": {"b": "deep"}}\n{"a": {"c": 1}}\n'
    tables = read_text(tmp_path, text, {"table": "alerts", "columns": {"rule": "a.b"}})
    assert tables["alerts"]["rule"].to_list() == ["flat", "deep", None]
    with pytest.raises(BadColumnMap, match=r"no column 'a\.x'") as error:
        read_text(tmp_path, text, {"table": "alerts", "columns": {"rule": "a.x"}})
    assert "a.b, a.c" in error.value.hint


def test_keys_that_only_some_records_have(tmp_path: Path) -> None:
    """A key of the last line counts as there."""
    text = '{"a": 1}\n' * 3_000 + '{"b": "x"}\n'
    tables = read_text(tmp_path, text, {"table": "alerts", "columns": {"event_count": "a", "rule": "b"}})
    assert tables["alerts"]["rule"].drop_nulls().to_list() == ["x"]


def test_a_cut_array_gives_what_is_whole(tmp_path: Path) -> None:
    """The rest is one reject, and the ledger says partial."""
    tables = read_text(tmp_path, json.dumps(RECORDS)[:-30])
    assert tables["alerts"]["record"].to_list() == [1, 2]
    assert tables["rejects"]["record"].to_list() == [3]
    assert "breaks off after record 2" in tables["ledger"]["partial"][0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"[{'time': 60, 'name': None}]", "how Python prints a dict"),
        (b"{'time': 60, 'name': None}", "how Python prints a dict"),
        (b'{"a": [{"x": 1}], "b": [{"y": 1}]}', "several lists of objects: a, b"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "PNG picture"),
        (b"PAR1 and no more", "no whole Parquet file"),
        (b"PK\x03\x04 and no more", "no workbook"),
    ],
)
def test_what_is_no_table_says_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    """With a hint."""
    with pytest.raises(UnreadableFile, match=message) as error:
        read_text(tmp_path, content)
    assert error.value.hint


# Workbooks and Parquet


def test_a_workbook(tmp_path: Path) -> None:
    """A title above the header, dates as instants, ids as text, empty rows skipped; a record is its row."""
    path = workbook(
        tmp_path / "x.xlsx",
        {
            "Cases": [
                ["All cases"],
                [],
                ["id", "opened", "n", "sure"],
                ["007", datetime(2025, 10, 3, 12, 0, 5), 1.5, True],
                [],
                [1606050200, "2025-10-03 13:00:00", "x", False],
            ],
            "Other": [["id"], ["a"]],
        },
    )
    mapping = {
        "table": "alerts",
        "zone": "Europe/Paris",
        "columns": {
            "alert_id": "id",
            "severity": "n",
            "escalated": "sure",
            "created_time": {"from": "opened", "format": "%d/%m/%Y"},
        },
    }
    tables = read(path, mapping)
    adds_up(tables)
    assert rows(tables["alerts"].select("record", "alert_id", "severity", "escalated", "created_time")) == [
        {"record": 4, "alert_id": "007", "severity": 1.5, "escalated": True,
         "created_time": datetime(2025, 10, 3, 10, 0, 5, tzinfo=UTC)}
    ]  # fmt: skip
    assert rows(tables["rejects"].select("record", "reason")) == [
        {"record": 6, "reason": "severity from 'n': 'x' is no number"}
    ]
    other = {"table": "alerts", "columns": {"alert_id": "id"}}
    assert read(path, other | {"sheet": "Other"})["alerts"]["alert_id"].to_list() == ["a"]
    assert read(path, other | {"sheet": 2})["alerts"]["alert_id"].to_list() == ["a"]
    with pytest.raises(BadColumnMap, match="no sheet 'Othr'") as error:
        read(path, other | {"sheet": "Othr"})
    assert "Cases, Other" in error.value.hint


def test_parquet_stays_lazy_and_its_ledger_adds_up(tmp_path: Path) -> None:
    """Rows and rejects come from the same scan."""
    pl.DataFrame({"time": [60, 120], "name": ["a", "b"], "n": ["1", "x"], "ip": ["x", "y"]}).write_parquet(
        tmp_path / "x.parquet"
    )
    tables = READER.read([tmp_path / "x.parquet"], Options(columns=MAP))
    assert "Parquet SCAN" in tables["alerts"].explain()
    found = {name: frame.collect() for name, frame in tables.items()}
    adds_up(found)
    assert rows(found["alerts"].select("record", "rule")) == [{"record": 1, "rule": "a"}]
    assert rows(found["rejects"].select("record", "text")) == [
        {"record": 2, "text": '{"time":120,"name":"b","n":"x","ip":"y"}'}
    ]
    assert rows(found["ledger"].select("lines", "lines_read", "lines_rejected")) == [
        {"lines": 2, "lines_read": 1, "lines_rejected": 1}
    ]


def test_only_the_records_that_the_map_is_about(tmp_path: Path) -> None:
    """The others are skipped lines, in text and in Parquet."""
    mapping = MAP | {"where": {"name": ["a", "c"]}}
    text = "time,name,n,ip\n60,a,1,x\n120,b,oops,x\n180,c,oops,x\n"
    pl.read_csv(text.encode()).write_parquet(tmp_path / "x.parquet")
    for tables in (read_text(tmp_path, text, mapping), read(tmp_path / "x.parquet", mapping)):
        adds_up(tables)
        assert tables["alerts"]["rule"].to_list() == ["a"]
        assert rows(tables["ledger"].select("lines_read", "lines_rejected")) == [{"lines_read": 1, "lines_rejected": 1}]


def test_files_of_several_layouts_in_one_reading(tmp_path: Path) -> None:
    """Rows of all, in one table; the ledger has a row for each."""
    (tmp_path / "a.csv").write_text("time,name,n,ip\n60,a,1,x\n")
    (tmp_path / "b.jsonl").write_text('{"time": 60, "name": "b", "n": 1, "ip": "x"}\n' * 2)
    pl.DataFrame({"time": [60], "name": ["c"], "n": [1], "ip": ["x"]}).write_parquet(tmp_path / "c.parquet")
    tables = {name: frame.collect() for name, frame in read_files([tmp_path], options=Options(columns=MAP)).items()}
    adds_up(tables)
    assert sorted(tables["alerts"]["rule"]) == ["a", "b", "b", "c"]
    assert tables["ledger"].height == 3


def test_words_that_the_map_does_not_know_are_in_the_ledger(tmp_path: Path) -> None:
    """Counted over all parts of the file."""
    mapping = {"table": "alerts", "columns": {"status": {"from": "s", "values": {"New": "open"}}}}
    with pytest.warns(UserWarning, match=r"'Pending' \(2\)"):
        tables = read_text(tmp_path, "s\nNew\nPending\nPending\n", mapping)
    assert tables["alerts"]["status"].to_list() == ["open", None, None]
    assert "'Pending' (2)" in tables["ledger"]["notes"][0]


# Without a map


def test_what_watchfloor_saved_needs_no_map(tmp_path: Path) -> None:
    """Parquet, JSON lines and CSV of a canonical table give that table again, sources and records kept."""
    cells: dict[str, list[Any]] = {
        "source": ["a.log", "a.log"], "record": [3, 9], "time": [datetime(2025, 1, 1, 1, 2, 3, 4, tzinfo=UTC), None],
        "path": ["=cmd()", "'quoted'"], "score": [60, None], "rule": ["x, y", None], "host": ["h", "h"],
    }  # fmt: skip
    table = FINDINGS.fill(pl.DataFrame(cells, schema={name: FINDINGS[name].dtype for name in cells})).collect()
    text = table.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
    table.write_parquet(tmp_path / "f.parquet")
    text.write_ndjson(tmp_path / "f.jsonl")
    safe = pl.when(pl.col("path").str.starts_with("=")).then("'" + pl.col("path")).otherwise("path")
    text.with_columns(path=safe).write_csv(tmp_path / "f.csv")
    for name in ("f.parquet", "f.jsonl", "f.csv"):
        assert READER.accepts(files.head(tmp_path / name))
        tables = {name: frame.collect() for name, frame in read_files([tmp_path / name]).items()}
        assert tables["findings"].equals(table), name
        adds_up(tables)


def test_an_answer_saved_as_json_needs_no_map(tmp_path: Path) -> None:
    """Its rows are read, whatever stands around them."""
    record = {"src_ip": "10.0.0.1", "dst_ip": "10.0.0.2", "conn_state": "SF", "time": "2025-01-01T00:00:00.5Z"}
    (tmp_path / "x.json").write_text(json.dumps({"title": "t", "explanation": "", "rows": [record], "rejects": 0}))
    table = read_files([tmp_path / "x.json"])["connections"].collect()
    assert table.schema == CONNECTIONS.schema
    assert table["time"].to_list() == [datetime(2025, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ["time,host\n", "a,b\n1,2\n", "text\nx\n", "", "{}\n", '{"a": 1}\n', "no table at all\n"]
)
def test_without_a_map_other_tables_are_not_accepted(tmp_path: Path, text: str) -> None:
    """Not one whose columns several tables have, nor one with columns of none; the hint names --columns."""
    (tmp_path / "x.csv").write_text(text)
    assert not READER.accepts(files.head(tmp_path / "x.csv"))
    with pytest.raises(UnknownFormat) as error:
        read_files([tmp_path / "x.csv"])
    assert ("--columns" if text else "rotated") in error.value.hint


def test_a_table_that_is_asked_for_but_needs_a_map(tmp_path: Path) -> None:
    """The error lists the columns."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableFile, match="a column map is needed") as error:
        read_files([tmp_path / "x.csv"], format="table")
    assert "a, b" in error.value.hint


def test_rejects_and_ledgers_are_tables_too(tmp_path: Path) -> None:
    """A folder that `read` wrote can be read again."""
    frame = REJECTS.fill(pl.DataFrame({"source": ["a"], "record": [1], "lines": [1], "reason": ["x"], "text": ["y"]}))
    frame.collect().write_parquet(tmp_path / "rejects.parquet")
    assert read_files([tmp_path / "rejects.parquet"])["rejects"].collect().equals(frame.collect())


# Real data


PALO_ALTO = {
    "table": "connections",
    "zone": "America/Los_Angeles",
    "columns": {
        "time": {"from": "Start Time", "format": "%Y/%m/%d %H:%M:%S"},
        "src_ip": "Source address",
        "src_port": "Source Port",
        "dst_ip": "Destination address",
        "dst_port": "Destination Port",
        "proto": "IP Protocol",
        "service": "Application",
        "duration_seconds": "Elapsed Time (sec)",
        "orig_bytes": "Bytes Sent",
        "resp_bytes": "Bytes Received",
    },
}
DAY_FIRST = ["%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M"]
INCIDENTS = {
    "table": "alerts",
    "zone": "Etc/UTC",
    "null": ["?"],
    "columns": {
        "alert_id": "number",
        "status": {"from": "incident_state", "values": {"Closed": "closed"}, "other": "open"},
        "assignee": "assigned_to",
        "created_time": {"from": "opened_at", "format": DAY_FIRST},
        "closed_time": {"from": "closed_at", "format": DAY_FIRST},
        "updated_time": {"from": "sys_updated_at", "format": DAY_FIRST},
    },
}


def truth(path: Path) -> list[dict[str, str]]:
    """Records by Python's csv module."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@needs_data
def test_real_firewall_rows_are_those_of_the_csv_module() -> None:
    """20,000 rows below a byte-order mark, cell by cell; ids keep their zeros."""
    path = DATA / "siem" / "paloalto_traffic_first20000.csv.gz"
    records, tables = truth(path), read(path, PALO_ALTO)
    adds_up(tables)
    found = tables["connections"]
    assert (found.height, tables["rejects"].height) == (20_000, 0)
    assert found["src_ip"].to_list() == [record["Source address"] for record in records]
    assert found["dst_port"].to_list() == [int(record["Destination Port"]) for record in records]
    assert found["resp_bytes"].sum() == sum(int(record["Bytes Received"]) for record in records)
    assert found["time"][0] == datetime(2017, 5, 31, 7, 38, 47, tzinfo=UTC)
    serial = read(path, {"table": "connections", "columns": {"uid": "Serial #"}})["connections"]
    assert serial["uid"].to_list() == [record["Serial #"] for record in records]


@needs_data
@pytest.mark.parametrize(
    ("name", "count"), [("incident_event_log_part.csv", 5_998), ("incident_event_log_other_spelling.csv", 198)]
)
def test_real_incidents_with_days_first(name: str, count: int) -> None:
    """Both spellings of days; `?` is unknown; every row is there."""
    path = DATA / "kpi" / name
    records, tables = truth(path), read(path, INCIDENTS)
    adds_up(tables)
    found = tables["alerts"]
    assert (found.height, tables["rejects"].height) == (count, 0)
    assert found["alert_id"].to_list() == [record["number"] for record in records]
    assert found["assignee"].null_count() == sum(record["assigned_to"] == "?" for record in records)
    assert (found["status"] == "closed").sum() == sum(record["incident_state"] == "Closed" for record in records)
    assert found["created_time"][0] == datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    assert found["created_time"].null_count() == 0
    without_a_format = {**INCIDENTS, "columns": {"created_time": "opened_at"}}
    with pytest.raises(BadColumnMap) as error:
        read(path, without_a_format)
    assert "format = " in error.value.hint


@needs_data
@pytest.mark.parametrize(
    ("network", "count"), [("fox", 473_104), ("russellmitchell", 45_544), ("santos", 130_779), ("wheeler", 616_161)]
)
def test_real_alerts_from_parquet(network: str, count: int) -> None:
    """All alerts and two pieces of evidence each, times as epochs."""
    mapping = {
        "table": "alerts",
        "columns": {"rule": "name", "created_time": {"from": "time", "unit": "s"}},
        "evidence": {"host": "host", "src_ip": "ip"},
        "constants": {"system": "wazuh"},
    }
    path = DATA / "ait" / f"{network}.parquet"
    tables = read(path, mapping)
    adds_up(tables)
    assert (tables["alerts"].height, tables["evidence"].height, tables["rejects"].height) == (count, 2 * count, 0)
    assert (tables["alerts"]["created_time"].dt.epoch("s") == pl.read_parquet(path)["time"]).all()


@needs_data
def test_real_json_lines_with_paths() -> None:
    """Suricata's EVE: 745 of 2,000 records are alerts; offsets without a colon."""
    mapping = {
        "table": "alerts",
        "where": {"event_type": "alert"},
        "columns": {"rule": "alert.signature", "created_time": "timestamp", "alert_id": "flow_id"},
        "evidence": {"src_ip": "src_ip"},
    }
    path = DATA / "siem" / "suricata_eve_first2000.json.gz"
    tables = read(path, mapping)
    adds_up(tables)
    records = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    wanted = [record for record in records if record["event_type"] == "alert"]
    assert tables["alerts"]["rule"].to_list() == [record["alert"]["signature"] for record in wanted]
    assert tables["alerts"]["alert_id"].to_list() == [f"{record['flow_id']}" for record in wanted]
    instants = [datetime.strptime(record["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z") for record in wanted]
    assert tables["alerts"]["created_time"].to_list() == instants


def test_the_limit_of_cells_is_put_back_by_the_last_thread() -> None:
    """Files are read two at a time, and the limit is that of the process."""
    before = csv.field_size_limit()
    with delimited._any_size():
        with delimited._any_size():
            assert csv.field_size_limit() > before
        assert csv.field_size_limit() > before
    assert csv.field_size_limit() == before
