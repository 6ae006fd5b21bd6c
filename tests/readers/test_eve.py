"""Suricata's EVE JSON."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import DATA, needs_data, rows
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, pieces, read, said, sure
from watchfloor.readers import read_files
from watchfloor.readers.eve import READER

BASE: dict[str, Any] = {
    "timestamp": "2026-03-14T15:09:26.535897+0100",
    "flow_id": 1845,
    "in_iface": "eth0",
    "src_ip": "192.0.2.1",
    "src_port": 40000,
    "dest_ip": "198.51.100.7",
    "dest_port": 443,
    "proto": "TCP",
    "host": "sensor-1",
}
TIME = datetime(2026, 3, 14, 14, 9, 26, 535897, tzinfo=UTC)
PAIR = {
    "record": 1,
    "time": TIME,
    "uid": "1845",
    "src_ip": "192.0.2.1",
    "src_port": 40000,
    "dst_ip": "198.51.100.7",
    "dst_port": 443,
}
ALERT = BASE | {
    "event_type": "alert",
    "app_proto": "tls",
    "alert": {
        "action": "allowed",
        "gid": 1,
        "signature_id": 2100498,
        "rev": 7,
        "signature": "made-up beacon",
        "category": "Misc activity",
        "severity": 1,
    },
    "tls": {"sni": "c2.example"},
}
FLOW = BASE | {
    "event_type": "flow",
    "app_proto": "failed",
    "flow": {
        "pkts_toserver": 3,
        "pkts_toclient": 2,
        "bytes_toserver": 300,
        "bytes_toclient": 200,
        "start": "2026-03-14T15:00:00.000000+0100",
        "end": "2026-03-14T15:00:01.500000+0100",
        "state": "closed",
    },
}
STATS = {"timestamp": "2026-03-14T15:09:26Z", "event_type": "stats", "stats": {"uptime": 7}}


def dns(**said: Any) -> dict[str, Any]:
    return BASE | {"event_type": "dns", "dns": said}


def held(row: dict[str, Any]) -> dict[str, Any]:
    """A row without nulls, and without what no column holds."""
    return {name: value for name, value in said(row).items() if name != "fields"}


def test_an_alert_and_what_it_is_about(tmp_path: Path) -> None:
    """The sensor and the time are in the id, as a flow's number comes again; 1 is the gravest severity."""
    tables = read(tmp_path, [ALERT])
    name = "sensor-1/1845/1:2100498/2026-03-14T15:09:26.535897+0100"
    assert [said(row) for row in tables["alerts"]] == [
        {
            "record": 1,
            "alert_id": name,
            "system": "suricata",
            "rule": "made-up beacon",
            "title": "made-up beacon",
            "severity": 90.0,
            "event_count": 1,
            "first_event_time": TIME,
            "last_event_time": TIME,
            "created_time": TIME,
        }
    ]
    assert {row["alert_id"] for row in tables["evidence"]} == {name}
    assert {row["field"]: row["value"] for row in tables["evidence"]} == {
        "src_ip": "192.0.2.1",
        "src_port": "40000",
        "dst_ip": "198.51.100.7",
        "dst_port": "443",
        "proto": "tcp",
        "service": "tls",
        "category": "Misc activity",
        "signature_id": "2100498",
        "action": "allowed",
        "domain": "c2.example",
        "log_source": "sensor-1",
    }


@pytest.mark.parametrize(("written", "points"), [(1, 90.0), (2, 60.0), (3, 30.0), (4, 10.0), (None, None), (0, None)])
def test_severities_are_turned_round(tmp_path: Path, written: int | None, points: float | None) -> None:
    """1 high to 3 low become points of 100."""
    [alert] = read(tmp_path, [ALERT | {"alert": ALERT["alert"] | {"severity": written}}])["alerts"]
    assert alert["severity"] == points


def test_a_flow_begins_when_it_says(tmp_path: Path) -> None:
    """Its bytes are those of whole packets; a protocol that was not recognised is none."""
    [flow] = read(tmp_path, [FLOW])["connections"]
    assert held(flow) == PAIR | {
        "time": datetime(2026, 3, 14, 14, tzinfo=UTC),
        "proto": "tcp",
        "duration_seconds": 1.5,
        "orig_ip_bytes": 300,
        "resp_ip_bytes": 200,
        "conn_state": "closed",
        "still_open": False,
        "sensor": "sensor-1",
    }


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            dns(type="query", id=2, rrname="a.example", rrtype="A", tx_id=0),
            [PAIR | {"query": "a.example", "query_type": "A"}],
        ),
        (  # version 1: an answer is a packet of the server, one record each
            dns(type="answer", rcode="NOERROR", rrname="a.example", rrtype="A", ttl=60, rdata="203.0.113.9")
            | {"src_ip": "198.51.100.7", "src_port": 53, "dest_ip": "192.0.2.1", "dest_port": 40000},
            [
                PAIR
                | {"dst_port": 53, "query": "a.example", "query_type": "A", "rcode": "NOERROR"}
                | {"answers": ["203.0.113.9"], "ttls": [60.0]}
            ],
        ),
        (  # version 2, detailed
            dns(
                version=2,
                type="answer",
                rrname="a.example",
                rrtype="A",
                rcode="NOERROR",
                answers=[
                    {"rrname": "a.example", "rrtype": "CNAME", "ttl": 5, "rdata": "b.example"},
                    {"rrname": "b.example", "rrtype": "A", "ttl": 6, "rdata": "203.0.113.9"},
                ],
                grouped={"A": ["203.0.113.9"], "CNAME": ["b.example"]},
            ),
            [
                PAIR
                | {"query": "a.example", "query_type": "A", "rcode": "NOERROR"}
                | {"answers": ["b.example", "203.0.113.9"], "ttls": [5.0, 6.0]}
            ],
        ),
        (  # version 2, grouped only
            dns(version=2, type="answer", rrname="a.example", rrtype="A", grouped={"A": ["203.0.113.9"]}),
            [PAIR | {"query": "a.example", "query_type": "A", "answers": ["203.0.113.9"]}],
        ),
        (  # version 3
            dns(
                version=3,
                type="request",
                tx_id=0,
                id=7,
                queries=[{"rrname": "a.example", "rrtype": "A"}, {"rrname": "b.example", "rrtype": "AAAA"}],
            ),
            [
                PAIR | {"query": "a.example", "query_type": "A"},
                PAIR | {"query": "b.example", "query_type": "AAAA"},
            ],
        ),
        (
            dns(
                version=3,
                type="response",
                rcode="NXDOMAIN",
                queries=[{"rrname": "a.example", "rrtype": "A"}],
                answers=[],
            ),
            [PAIR | {"query": "a.example", "query_type": "A", "rcode": "NXDOMAIN"}],
        ),
    ],
)
def test_dns_records_of_every_version(tmp_path: Path, record: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    """Version 1 has an answer a record, 2 lists them, 3 lists the names too."""
    assert [held(row) for row in read(tmp_path, [record])["dns_queries"]] == expected


def test_http_and_tls(tmp_path: Path) -> None:
    """Each has its table."""
    http = BASE | {
        "event_type": "http",
        "http": {
            "hostname": "www.example",
            "url": "/a?b=c",
            "http_user_agent": "curl/8",
            "http_refer": "http://x.example/",
            "http_method": "GET",
            "http_content_type": "text/html",
            "status": 200,
            "length": 512,
        },
    }
    tls = BASE | {
        "event_type": "tls",
        "tls": {"sni": "a.example", "version": "TLS 1.3", "ja3": {"hash": "j"}, "ja3s": {"hash": "s"}, "ja4": "t13d"},
    }
    tables = read(tmp_path, [http, tls])
    assert [held(row) for row in tables["http_requests"]] == [
        PAIR
        | {
            "method": "GET",
            "host": "www.example",
            "url": "/a?b=c",
            "referrer": "http://x.example/",
            "user_agent": "curl/8",
            "status_code": 200,
            "resp_bytes": 512,
            "mime_type": "text/html",
        }
    ]
    assert [held(row) for row in tables["tls_sessions"]] == [
        PAIR | {"record": 2, "server_name": "a.example", "version": "TLS 1.3", "ja3": "j", "ja3s": "s", "ja4": "t13d"}
    ]


def test_other_records_are_events_with_all_that_they_say(tmp_path: Path) -> None:
    """A number of 64 bits stays whole, as text."""
    ssh = BASE | {"flow_id": 18446744073709551615, "event_type": "ssh", "ssh": {"client": {"proto_version": "2.0"}}}
    [event, stats] = read(tmp_path, [ssh, STATS])["events"]
    assert said(event, "time_text", "zone", "zone_rule") == {
        "record": 1,
        "time": TIME,
        "time_quality": "exact",
        "host": "sensor-1",
        "program": "suricata",
        "src_ip": "192.0.2.1",
        "src_port": 40000,
        "dst_ip": "198.51.100.7",
        "dst_port": 443,
        "proto": "tcp",
        "action": "ssh",
        "fields": '{"flow_id":"18446744073709551615","in_iface":"eth0","ssh":{"client":{"proto_version":"2.0"}}}',
    }
    assert (stats["action"], stats["fields"]) == ("stats", '{"stats":{"uptime":7}}')


def test_a_flow_number_of_64_bits_is_no_float(tmp_path: Path) -> None:
    """The largest of them is exact."""
    [flow] = read(tmp_path, [FLOW | {"flow_id": 18446744073709551615}])["connections"]
    assert flow["uid"] == "18446744073709551615"


@pytest.mark.parametrize("stamp", ["2026-03-14T15:09:26.535897+01:00", "2026-03-14T14:09:26.535897Z"])
def test_other_ways_to_write_the_time(tmp_path: Path, stamp: str) -> None:
    """Offsets with a colon, and Z."""
    [alert] = read(tmp_path, [ALERT | {"timestamp": stamp}])["alerts"]
    assert alert["created_time"] == TIME


def test_a_collector_puts_an_object_where_the_sensor_was(tmp_path: Path) -> None:
    """Its name is the machine's."""
    tables = read(tmp_path, [FLOW | {"host": {"name": "sensor-9"}}, STATS | {"host": {"name": "sensor-9"}}])
    assert [row["sensor"] for row in tables["connections"]] == ["sensor-9"]
    assert [row["host"] for row in tables["events"]] == ["sensor-9"]


def test_every_layout_and_gzip(tmp_path: Path) -> None:
    """The same rows, whatever stands around the objects."""
    records = [ALERT, FLOW, STATS, ALERT | {"flow_id": 9}]
    for name, text in pieces(records):
        tables = read(tmp_path, text)
        assert [len(tables[kind]) for kind in ("alerts", "connections", "events", "rejects")] == [2, 1, 1, 0], name
        adds_up(tables)
    tables = read(tmp_path, gzip.compress(json.dumps(ALERT).encode()), name="eve.json.gz")
    assert len(tables["alerts"]) == 1


def test_odd_lines_are_read_one_by_one_and_spoil_no_other(tmp_path: Path) -> None:
    """Lines with other types, keys that stand twice, half a surrogate pair, bad bytes, no JSON, no time."""
    strange = [
        json.dumps(FLOW | {"host": "caf\u00e9"}, ensure_ascii=False).encode(),
        json.dumps(FLOW | {"src_port": "40000"}).encode(),
        json.dumps(FLOW | {"src_port": "many"}).encode(),
        json.dumps(ALERT)[:-1].encode() + b',"event_type":"alert"}',
        json.dumps(ALERT | {"app_proto": "\udc00x"}).encode(),
        json.dumps(FLOW | {"app_proto": "A"}).encode().replace(b'"A"', b'"\xff"'),
        json.dumps(FLOW)[:-9].encode(),
        json.dumps(FLOW | {"timestamp": "soon"}).encode(),
        json.dumps(FLOW | {"timestamp": "2026-03-14T15:00:00"}).encode(),
        b'{"timestamp":"2026-03-14T15:00:00Z","event_type":"deep","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        json.dumps(FLOW | {"flow": "none"}).encode(),
    ]
    tables = read(tmp_path, b"\n".join(strange) + b"\n", "suricata-eve")
    assert [row["record"] for row in tables["connections"]] == [1, 2, 11]
    assert [row["record"] for row in tables["alerts"]] == [4, 5]
    assert {row["record"]: row["reason"][:20] for row in sorted(tables["rejects"], key=lambda r: r["record"])} == {
        3: "src_port is no numbe",
        6: "bytes that are no UT",
        7: "no JSON (Unterminate",
        8: "timestamp is no time",
        9: "timestamp without an",
        10: "JSON that is nested ",
    }
    adds_up(tables, b"\n".join(strange))


def test_only_eve_is_accepted(tmp_path: Path) -> None:
    """Other JSON has no event_type beside addresses."""
    assert sure(READER, tmp_path, [ALERT, FLOW, STATS]) == 1
    assert sure(READER, tmp_path, [{"timestamp": "x", "event_type": "file_match", "hostname": "h"}]) == 0
    assert sure(READER, tmp_path, "a,b\n") == 0


@examples(40)
@given(
    content=damaged("\n".join(json.dumps(one) for one in (ALERT, FLOW, dns(type="query", rrname="a"), STATS)).encode())
)
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "suricata-eve", lines=not content.lstrip().startswith(b"["))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_no_column_holds_is_kept(tmp_path: Path, separators: tuple[str, str]) -> None:
    """Members of the record and of objects in it, however they are written; the flow's own time is its start."""
    tls = {"sni": "a.example", "subject": "CN=a.example", "ja3": {"hash": "j"}, "ja3s": {"hash": "s", "string": "7"}}
    records = (
        FLOW | {"app_proto": "tls", "tcp": {"state": "closed"}, "vlan": [7]},
        dns(type="answer", id=7, rrname="a.example", rrtype="A", rcode="NOERROR", rdata="192.0.2.9", ttl=5),
        BASE | {"event_type": "http", "http": {"hostname": "a", "status": 200}},
        BASE | {"event_type": "tls", "tls": tls, "long": 12345678901234567890},
    )
    tables = read(tmp_path, "\n".join(json.dumps(one, separators=separators) for one in records), "suricata-eve")
    rest = {"in_iface": "eth0", "proto": "TCP", "host": "sensor-1"}
    expected = {
        "connections": {
            "timestamp": BASE["timestamp"],
            "in_iface": "eth0",
            "flow": {"pkts_toserver": 3, "pkts_toclient": 2},
            "tcp": {"state": "closed"},
            "vlan": [7],
        },
        "dns_queries": rest | {"dns": {"type": "answer", "id": 7}},
        "http_requests": rest,
        # Beyond 2^53 many readers of JSON round numbers.
        "tls_sessions": rest
        | {"tls": {"subject": "CN=a.example", "ja3s": {"string": "7"}}, "long": "12345678901234567890"},
    }
    assert {name: [json.loads(row["fields"]) for row in tables[name]] for name in expected} == {
        name: [fields] for name, fields in expected.items()
    }


def test_a_member_that_stands_twice_is_kept(tmp_path: Path) -> None:
    """The last value counts, and the others stay."""
    line = json.dumps(FLOW, separators=(",", ":"))[:-1] + ',"vlan":1,"vlan":2}'
    [row] = read(tmp_path, line, "suricata-eve")["connections"]
    assert json.loads(row["fields"])["vlan"] == 2
    assert "1" in json.dumps(json.loads(row["fields"])["earlier values of the same key"])


def test_a_record_with_nothing_more(tmp_path: Path) -> None:
    """Has no fields."""
    bare = {name: value for name, value in BASE.items() if name not in ("in_iface", "proto", "host")}
    line = json.dumps(bare | {"event_type": "http", "http": {"hostname": "a"}}, separators=(",", ":"))
    [row] = read(tmp_path, line, "suricata-eve")["http_requests"]
    assert row["fields"] is None


@examples(40)
@given(more=st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_the_quick_way_and_the_exact_one_agree(tmp_path: Path, more: dict[str, Any]) -> None:
    """On whatever a record holds besides."""
    record = {**more, **FLOW}
    quick, exact = (json.dumps(record, separators=separators) for separators in ((",", ":"), (", ", ": ")))
    first, second = (
        json.loads(read(tmp_path, one, "suricata-eve")["connections"][0]["fields"]) for one in (quick, exact)
    )
    assert first == second


@examples(40)
@given(text=st.text(max_size=30), port=st.integers(0, 65535))
def test_fast_and_exact_agree(tmp_path: Path, text: str, port: int) -> None:
    """A record reads the same, whether the lines beside it are sound or not."""
    record = ALERT | {"host": text, "src_port": port, "alert": ALERT["alert"] | {"signature": text}}
    alone = read(tmp_path, [record], "suricata-eve")
    beside = read(tmp_path, json.dumps(record) + "\n{", "suricata-eve")
    assert (alone["alerts"], alone["evidence"]) == (beside["alerts"], beside["evidence"])


@needs_data
def test_the_real_log() -> None:
    """The counts of its README."""
    tables = read_files([DATA / "siem" / "suricata_eve_first2000.json.gz"])
    counts = {name: len(rows(frame)) for name, frame in tables.items()}
    assert counts.pop("evidence") > 745
    assert counts == {
        "alerts": 745,
        "connections": 512,
        "dns_queries": 680,
        "http_requests": 56,
        "tls_sessions": 1,
        "events": 6,
        "rejects": 0,
        "ledger": 1,
    }
