"""Alerts of many systems from files, whatever envelope the answers of their APIs were saved in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_records import RECORDS
from helpers import rows
from properties import examples
from readers.jsonfiles import Tables, adds_up, read, sure, written
from watchfloor.errors import UnreadableFile
from watchfloor.readers import Options, choices, read_files
from watchfloor.readers.alerts import READER

NAMES = sorted(RECORDS)
ENVELOPES: dict[str, Any] = {
    "value": lambda some: {"@odata.context": "x", "value": some, "@odata.nextLink": "https://x.example"},
    "hits": lambda some: {"took": 3, "hits": {"total": {"value": len(some)}, "hits": some}, "_shards": {"failed": 0}},
    "data": lambda some: {"data": some, "pagination": {"totalItems": len(some)}},
    "data.alerts": lambda some: {"status": "success", "message": "", "data": {"alerts": some, "total": len(some)}},
    "resources": lambda some: {"meta": {"query_time": 0.1}, "resources": some, "errors": []},
    "result": lambda some: {"result": some},
    "results": lambda some: {"preview": False, "fields": [{"name": "_time"}], "messages": [], "results": some},
    "issues": lambda some: {"expand": "names", "startAt": 0, "issues": some},
    "list": lambda some: some,
}


def number_of(name: str, number: int) -> dict[str, Any]:
    """A system's record with another id."""
    text = json.dumps(RECORDS[name][0])
    alert_id = json.dumps(RECORDS[name][1]["alert_id"])
    return json.loads(text.replace(alert_id, json.dumps(f"{number}"))) if number else json.loads(text)


def ids(tables: Tables) -> list[str]:
    """Of the alerts."""
    return [row["alert_id"] for row in tables["alerts"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    """Nobody says what it is, and its name does not either."""
    path = written(tmp_path, json.dumps([RECORDS[name][0]] * 3, indent=2), "x.json")
    [choice] = choices([path])
    assert choice.reader is READER
    assert choice.share == 1
    tables = read(tmp_path, json.dumps([RECORDS[name][0]] * 3, indent=2))
    assert ids(tables) == [RECORDS[name][1]["alert_id"]] * 3
    assert tables["rejects"] == []
    adds_up(tables)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_envelopes(tmp_path: Path, envelope: str, indent: int | None) -> None:
    """A page of an API: its records, each with its number; one that is none is rejected alone."""
    for name in ("sentinel", "crowdstrike", "iris"):
        some = [RECORDS[name][0], {"odd": 1}, *[RECORDS[name][0]] * 10]
        tables = read(tmp_path, json.dumps(ENVELOPES[envelope](some), indent=indent))
        numbers = [row["record"] for row in tables["alerts"]]
        assert len(numbers) == 11
        if envelope != "list" or indent is None:  # an array over several lines is counted in lines
            assert numbers == [1, *range(3, 13)]
            assert [row["record"] for row in tables["rejects"]] == [2]
        assert {row["record"] for row in tables["evidence"]} == {*numbers}
        adds_up(tables)


def test_pages_one_after_the_other(tmp_path: Path) -> None:
    """A page a line, pages in a row, a page on several lines; an empty page is no record."""
    page = {"value": [number_of("sentinel", 0), number_of("sentinel", 0)]}
    empty = {"value": []}
    by_line = read(tmp_path, [page, empty, page])
    assert [row["record"] for row in by_line["alerts"]] == [1, 1, 3, 3]
    assert by_line["rejects"] == []
    adds_up(by_line)
    in_a_row = read(tmp_path, json.dumps(page, indent=1) + "\n" + json.dumps(page, indent=1))
    assert len(in_a_row["alerts"]) == 4
    assert in_a_row["rejects"] == []


def test_a_record_that_lost_its_keys_is_no_empty_page(tmp_path: Path) -> None:
    """It is a reject."""
    odd = {"id": "29", "alerts": []}
    tables = read(tmp_path, [RECORDS["defender_incident"][0]] * 9 + [odd])
    assert len(tables["alerts"]) == 10  # it has an id, and no more
    tables = read(tmp_path, [RECORDS["thehive_case"][0]] * 9 + [odd])
    assert [row["record"] for row in tables["rejects"]] == [10]


def test_lines(tmp_path: Path) -> None:
    """Blank ones are skipped, broken ones rejected; gzip."""
    good = json.dumps(RECORDS["wazuh"][0])
    content = f"{good}\n\n{good[:-40]}\n{good}\n".encode()
    for raw, name in ((content, "x.json"), (gzip.compress(content), "x.json.gz")):
        tables = read(tmp_path, raw, name=name)
        assert [row["record"] for row in tables["alerts"]] == [1, 4]
        assert [row["record"] for row in tables["rejects"]] == [3]
        adds_up(tables)


def test_a_record_alone_keeps_its_own_lists(tmp_path: Path) -> None:
    """An incident with its alerts in it is one incident."""
    tables = read(tmp_path, json.dumps(RECORDS["defender_incident"][0], indent=2))
    assert ids(tables) == ["28"]


def test_records_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    """An incident with a thousand alerts, and a page of such."""
    incident = RECORDS["defender_incident"][0]
    long = incident | {"alerts": incident["alerts"] * 200}
    for content in (long, {"@odata.context": "x", "value": [long, incident]}, [long, long]):
        assert sure(READER, tmp_path, json.dumps(content)) == 1
        assert ids(read(tmp_path, json.dumps(content)))[0] == "28"
    many = {"value": [number_of("sentinel", n) for n in range(1, 200)]}
    assert sure(READER, tmp_path, json.dumps(many)) == 1
    assert len(ids(read(tmp_path, json.dumps(many)))) == 199


def test_kinds_of_one_system_in_one_file(tmp_path: Path) -> None:
    """Cases among alerts are cases."""
    tables = read(tmp_path, [RECORDS["thehive_alert"][0]] * 2 + [RECORDS["thehive_case"][0]])
    assert [row["escalated"] for row in tables["alerts"]] == [False, False, True]


def test_elastics_fields_are_lists(tmp_path: Path) -> None:
    """As `fields` of a search gives them."""
    source = RECORDS["elastic"][0]["_source"]
    flat = {key: value if isinstance(value, list) else [value] for key, value in source.items()}
    flat |= {"host.name": ["ws1"], "user.name": ["eve"], "source.ip": ["192.0.2.7"]}
    for key in ("host", "user", "source", "kibana.alert.rule.threat"):
        del flat[key]
    hit = {"_index": ".alerts-security.alerts-default", "_id": "e1", "fields": flat}
    [alert] = read(tmp_path, [hit, hit])["alerts"][:1]
    whole = read(tmp_path, [RECORDS["elastic"][0]] * 2)["alerts"][0]
    assert alert == whole


def test_wazuhs_alerts_are_events_too(tmp_path: Path) -> None:
    """A question that needs alerts finds them, one that needs events as well; the ledger says what they are."""
    tables = read(tmp_path, [RECORDS["wazuh"][0]] * 2)
    assert [event["src_ip"] for event in tables["events"]] == [None, None] or len(tables["events"]) == 2
    assert tables["ledger"][0]["notes"].startswith("Wazuh alerts")


def test_the_users_own_mapping(tmp_path: Path) -> None:
    """Named, it decides, and the ledger says which it was."""
    (tmp_path / "mapping.toml").write_text('version = "5"\n[reasons]\n"false_positive" = "test"\n')
    path = written(tmp_path, [RECORDS["elastic"][0]])
    tables = read_files([path], options=Options(mapping=tmp_path / "mapping.toml"))
    assert tables["alerts"].collect()["disposition"].to_list() == ["test"]
    assert "version 5 (sha256" in tables["ledger"].collect()["notes"][0]


def test_words_that_no_mapping_knows_are_noted(tmp_path: Path) -> None:
    """In the ledger."""
    odd = RECORDS["crowdstrike"][0] | {"status": "frozen"}
    [ledger] = read(tmp_path, [odd, odd])["ledger"]
    assert ledger["notes"] == "CrowdStrike Falcon alerts; status: the mapping does not know 'frozen' (2)"


def test_what_is_no_record_of_any_system(tmp_path: Path) -> None:
    """Named as such it says why not; else it is left to others."""
    for content in ('{"a": 1}', "", "[]", "text", '{"value": [{"id": 1}]}', '[{"key": "x", "fields": {}}]', "[" * 9000):
        assert sure(READER, tmp_path, content) == 0
    with pytest.raises(UnreadableFile, match="no records of any system"):
        read(tmp_path, '{"a": 1}', format="alerts")


def test_what_python_prints_is_refused_by_name(tmp_path: Path) -> None:
    """It is known for what it is; what is only like it, is not."""
    for name in NAMES:
        path = written(tmp_path, repr([RECORDS[name][0]]), f"{name}.txt")
        with pytest.raises(UnreadableFile, match="how Python prints") as error:
            read_files([path])
        assert "json.dump" in error.value.hint
    for other in ("[{'a': 1}]", "[{'id': 41, 'type': 'CRE_RULE', 'number': 7}]"):
        assert sure(READER, tmp_path, other) == 0


def test_hostile_values(tmp_path: Path) -> None:
    """Control characters, half surrogates, numbers beyond 2^53, keys twice, nesting: kept, or rejected alone."""
    record = json.dumps(RECORDS["crowdstrike"][0] | {"display_name": "a\u0000b\r\n\ud800", "cid": 2**60 + 1})
    twice = record[:-1] + ', "cid": "other"}'
    deep = record[:-1] + ', "x": ' + "[" * 10_000 + "]" * 10_000 + "}"
    path = written(tmp_path, "\n".join([record, twice, deep, record]))
    tables = {name: rows(frame) for name, frame in read_files([path]).items()}
    assert [row["client"] for row in tables["alerts"]] == [f"{2**60 + 1}", "other", f"{2**60 + 1}"]
    assert tables["alerts"][0]["rule"] == "a\u0000b\r\n\ufffd"
    assert [row["record"] for row in tables["rejects"]] == [3]
    adds_up(tables)


@given(st.data())
@examples(40)
def test_damage_is_rejected_and_nothing_is_lost(tmp_path: Path, data: st.DataObject) -> None:
    """Bytes changed anywhere in lines: records read and rejected are the lines."""
    name = data.draw(st.sampled_from(NAMES))
    line = json.dumps(RECORDS[name][0]).encode()
    content = bytearray(b"\n".join([line] * 4))
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = byte
    try:
        tables = read(tmp_path, bytes(content), format="alerts", zone="UTC")
    except UnreadableFile:
        return  # nothing in it is a record any more
    adds_up(tables, bytes(content))
