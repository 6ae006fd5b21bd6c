"""AWS VPC flow logs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given

from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, said, sure
from watchfloor.readers.vpcflow import READER

ACCEPTED = "2 123456789012 eni-0a1b2c3d 192.0.2.7 198.51.100.9 50123 443 6 20 4249 1773500966 1773501026 ACCEPT OK"
REJECTED = "2 123456789012 eni-0a1b2c3d 2001:db8::7 2001:db8::9 0 0 58 1 104 1773500967 1773500967 REJECT OK"
NOTHING = "2 123456789012 eni-0a1b2c3d - - - - - - - 1773500966 1773501026 - NODATA"
HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
OTHER_HEADER = "vpc-id start end srcaddr pkt-srcaddr dstaddr dstport protocol tcp-flags bytes"


def test_the_default_order(tmp_path: Path) -> None:
    """With or without the header; what says that nothing was seen is skipped."""
    for text in ((ACCEPTED, REJECTED, NOTHING), (HEADER, ACCEPTED, NOTHING, REJECTED)):
        tables = read(tmp_path, "\n".join(text) + "\n", name="flow.log")
        first, second = tables["connections"]
        assert said(first, "record") == {
            "time": datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC),
            **{"src_ip": "192.0.2.7", "src_port": 50123, "dst_ip": "198.51.100.9", "dst_port": 443, "proto": "tcp"},
            **{"duration_seconds": 60.0, "orig_ip_bytes": 4249, "action": "ACCEPT", "sensor": "eni-0a1b2c3d"},
        }
        assert (second["src_ip"], second["proto"], second["action"]) == ("2001:db8::7", "ipv6-icmp", "REJECT")
        assert tables["rejects"] == []
        adds_up(tables)


def test_another_order(tmp_path: Path) -> None:
    """A header holds to the next; a record of another width is a reject."""
    flow = "vpc-1 1773500966 1773500976 192.0.2.7 203.0.113.1 198.51.100.9 53 17 0 80"
    tables = read(tmp_path, "\n".join((OTHER_HEADER, flow, flow + " 1", HEADER, ACCEPTED)) + "\n")
    first, second = tables["connections"]
    assert (first["src_ip"], first["dst_port"], first["proto"], first["sensor"]) == ("192.0.2.7", 53, "udp", "vpc-1")
    assert (first["src_port"], second["src_port"]) == (None, 50123)
    assert [(row["record"], row["reason"]) for row in tables["rejects"]] == [(3, "11 of 10 fields")]
    adds_up(tables)


def test_records_that_are_none(tmp_path: Path) -> None:
    """No start; too few fields. Other text is not taken for a flow log."""
    tables = read(tmp_path, f"{ACCEPTED}\n{ACCEPTED.replace('1773500966', 'x')}\n2 1 eni-1\n", "aws-vpc-flow")
    assert [row["reason"] for row in tables["rejects"]] == ["no start that is a time", "3 of 14 fields"]
    assert sure(READER, tmp_path, "2 123456789012 is the account\n") == 0
    assert sure(READER, tmp_path, "the srcaddr of a start\n") == 0


@examples(40)
@given(content=damaged("\n".join((HEADER, ACCEPTED, REJECTED, NOTHING, OTHER_HEADER, ACCEPTED)).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "aws-vpc-flow")
