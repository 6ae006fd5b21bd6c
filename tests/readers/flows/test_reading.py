"""Files of flow collectors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from any_logs import LOGS, flows
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, said, sure
from watchfloor.errors import AmbiguousTime, UnreadableFile
from watchfloor.readers.flows import JSON, TABLE

SEEN = flows()[:4]
ARGUS = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,TotBytes,SrcBytes\n"


def argus(*rows: str, header: str = ARGUS) -> str:
    """A table of Argus."""
    return header + "".join(row + "\n" for row in rows)


def test_a_flow_of_argus(tmp_path: Path) -> None:
    """What the destination sent is what the source did not; unused columns stay in `fields`."""
    text = argus("2026/03/10 06:00:00.500000,1.25,tcp,10.20.1.23,50100,   ->,203.0.113.50,443,FSPA,1000,300,x")
    tables = read(tmp_path, text.replace("SrcBytes\n", "SrcBytes,Label\n"), zone="Europe/Paris")
    assert said(tables["connections"][0], "record") == {
        "time": datetime(2026, 3, 10, 5, 0, 0, 500_000, tzinfo=UTC),
        **{"src_ip": "10.20.1.23", "src_port": 50100, "dst_ip": "203.0.113.50", "dst_port": 443, "proto": "tcp"},
        **{"duration_seconds": 1.25, "orig_ip_bytes": 300, "resp_ip_bytes": 700, "conn_state": "FSPA"},
        "fields": '{"Label":"x"}',
    }
    adds_up(tables)


def test_whose_bytes_a_total_is(tmp_path: Path) -> None:
    """All are the sender's where only one sent; of TCP the arrow tells who began; else the total stays in `fields`."""
    header = "StartTime,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotBytes\n"
    at = "1773122400.5"
    rows = [
        f"{at},udp,10.20.1.23,50100,->,203.0.113.50,53,60",
        f"{at},udp,10.20.1.23,50101,<->,203.0.113.50,53,200",
        f"{at},tcp,10.20.1.23,50102,->,203.0.113.50,443,900",
        f"{at},udp,203.0.113.50,53,<-,10.20.1.23,50103,80",
        f"{at},tcp,203.0.113.50,443,<?>,10.20.1.23,50104,80",
    ]
    found = read(tmp_path, argus(*rows, header=header))["connections"]
    assert [(row["src_port"], row["orig_ip_bytes"], row["resp_ip_bytes"], row["fields"]) for row in found] == [
        (50100, 60, None, None),
        (50101, None, None, '{"both_ip_bytes":200}'),
        (50102, None, None, '{"both_ip_bytes":900}'),
        (50103, 80, None, None),
        (443, None, None, '{"both_ip_bytes":80}'),
    ]


def test_ports_as_tools_write_them(tmp_path: Path) -> None:
    """Names of services, hexadecimal; ICMP has none, and what was written stays."""
    header = "StartTime,Proto,SrcAddr,Sport,DstAddr,Dport,SrcBytes\n"
    rows = [
        "1773122400,6,10.20.1.23,0xc3b4,203.0.113.50,https,60",
        "1773122400,icmp,10.20.1.23,0x0008,203.0.113.50,0x0303,60",
        "1773122400,tcp,10.20.1.23,1,203.0.113.50,nosuchservice,60",
        "1773122400,udp,::ffff:10.20.1.23,1,2001:db8::7,70000,60",
        "1773122400,arp,10.20.1.23,,10.20.1.1,,60",
    ]
    tables = read(tmp_path, argus(*rows, header=header))
    found = [(row["src_port"], row["dst_port"], row["fields"]) for row in tables["connections"]]
    assert found == [
        (50100, 443, None),
        (None, None, '{"src_port":"0x0008","dst_port":"0x0303"}'),
        (1, None, '{"dst_port":"nosuchservice"}'),
        (None, None, None),
    ]
    assert [row["reason"] for row in tables["rejects"]] == ["a port or a number of bytes that is none"]
    adds_up(tables)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("2026-03-10T06:00:00.250000Z", None),
        ("2026/03/10 07:00:00.25+01:00", None),
        ("2026-03-10 07:00:00,250", "Europe/Paris"),
        ("1773122400.250000", None),
        ("1773122400250", None),
        ("1773122400250000", None),
        ("1773122400250000000", None),
    ],
)
def test_times(tmp_path: Path, written: str, zone: str | None) -> None:
    """With a zone or without, or since 1970 in any unit."""
    text = argus(f'"{written}";6;10.20.1.23;203.0.113.50;1', header="StartTime;Proto;SrcAddr;DstAddr;SrcBytes\n")
    [row] = read(tmp_path, text, zone=zone)["connections"]
    assert row["time"] == datetime(2026, 3, 10, 6, 0, 0, 250_000, tzinfo=UTC)


def test_a_clock_without_a_zone_or_a_date(tmp_path: Path) -> None:
    """Whose clock it was must be said; without a date it is no time."""
    row = "2026/03/10 06:00:00,1,udp,10.20.1.23,1,->,203.0.113.50,53,CON,60,60"
    with pytest.raises(AmbiguousTime, match=r"2026/03/10 06:00:00"):
        read(tmp_path, argus(row))
    tables = read(tmp_path, argus(row.replace("2026/03/10 ", ""), row), zone="UTC")
    assert [one["reason"] for one in tables["rejects"]] == ["no start with a date that can be read"]
    assert len(tables["connections"]) == 1


def test_what_nfdump_sums_up_is_skipped(tmp_path: Path) -> None:
    """The summary below the table is no record; a line that is damaged is a reject."""
    text = LOGS["nfdump-1.6"].write(SEEN)
    tables = read(tmp_path, text.replace("Summary\n", "damaged,line\nSummary\n"), zone="UTC")
    [ledger] = tables["ledger"]
    assert ledger["lines_skipped"] == 4
    assert [row["reason"] for row in tables["rejects"]] == ["2 of 48 columns"]
    assert len(tables["connections"]) == len(SEEN)


def test_halves_in_two_files(tmp_path: Path) -> None:
    """Collectors begin a new file every few minutes."""
    from helpers import rows
    from watchfloor.readers import Options, read_files

    header, *lines = LOGS["nfdump-1.7"].write(SEEN).splitlines(keepends=True)
    there = [line for line in lines if ",443," not in line.split(",", 5)[5][:20] or ",10.20." in line.split(",", 3)[3]]
    back = [line for line in lines if line not in there]
    for name, part in (("1.csv", there), ("2.csv", back)):
        (tmp_path / name).write_text(header + "".join(part), encoding="utf-8")
    tables = read_files([tmp_path / "1.csv", tmp_path / "2.csv"], options=Options(zone="UTC"))
    found = rows(tables["connections"])
    assert len(found) == len(SEEN)
    assert all(row["resp_ip_bytes"] for row in found)


def test_both_spellings_of_a_key(tmp_path: Path) -> None:
    """A dot may be a step into an object, or part of the key."""
    flat = {
        **{"@timestamp": "2026-03-10T06:00:09Z", "netflow.first_switched": "2026-03-10T06:00:00.000Z"},
        **{"netflow.ipv4_src_addr": "10.20.1.23", "netflow.ipv4_dst_addr": "203.0.113.50", "netflow.in_bytes": 9},
    }
    nested = {"@timestamp": flat["@timestamp"], "netflow": {k[8:]: v for k, v in flat.items() if k[0] == "n"}}
    other = {"netflow": {"ipv6_src_addr": "2001:db8::1", "ipv6_dst_addr": "2001:db8::2", "in_bytes": 7}}
    tables = read(tmp_path, [flat, nested, nested | other, {"netflow": {}}, {"@timestamp": "x"}], "flow-json")
    assert [(row["src_ip"], row["orig_ip_bytes"]) for row in tables["connections"]] == [
        ("10.20.1.23", 18),
        ("2001:db8::1", 7),
    ]
    assert len(tables["rejects"]) == 2
    adds_up(tables)


def test_others_are_not_taken(tmp_path: Path) -> None:
    """Tables and objects of others; a named format says why not."""
    assert sure(TABLE, tmp_path, "time,src,dst,bytes\n1,2,3,4\n") == 0
    assert sure(TABLE, tmp_path, "StartTime,SrcAddr,DstAddr,Proto\n") == 0
    assert sure(JSON, tmp_path, [{"time": 1, "src_ip": "10.0.0.1"}]) == 0
    for name in ("flow-table", "flow-json"):
        with pytest.raises(UnreadableFile):
            read(tmp_path, "nothing of it\n", name)


@examples(40)
@given(content=damaged(LOGS["nfdump-1.6"].write(SEEN[:2]).encode()))
def test_the_ledger_of_a_table_adds_up(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "flow-table")


@examples(40)
@given(content=damaged(LOGS["silk"].write(SEEN).encode()))
def test_the_ledger_of_another_table_adds_up(tmp_path: Path, content: bytes) -> None:
    """As above, with bars between cells."""
    holds(tmp_path, content, "flow-table")


@examples(40)
@given(content=damaged(LOGS["nfdump-ndjson"].write(SEEN).encode()))
def test_the_ledger_of_json_lines_adds_up(tmp_path: Path, content: bytes) -> None:
    """As above."""
    holds(tmp_path, content, "flow-json")


@examples(40)
@given(content=damaged(LOGS["filebeat-netflow"].write(SEEN).encode()))
def test_the_ledger_of_nested_json_adds_up(tmp_path: Path, content: bytes) -> None:
    """As above, with objects within objects."""
    holds(tmp_path, content, "flow-json", lines=False)
