"""nfdump's output for the eye."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from any_logs import LOGS, flows
from properties import examples
from readers.jsonfiles import adds_up, damaged, holds, read, said, sure
from watchfloor.readers.flows import LINES

SEEN = flows()[:4]
HEADER = (
    "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows"
)
LONG = HEADER.replace("Packets", "Flags Tos  Packets")
BOTH = HEADER.replace("Packets    Bytes", "Out Pkt   In Pkt Out Byte  In Byte")
ROW = "2026-03-10 07:00:00.250     4.096 TCP        10.20.1.23:50100 ->     203.0.113.50:443          6      724     1"


def test_a_line(tmp_path: Path) -> None:
    """Times are of the zone that is told; the number of packets stays in `fields`."""
    tables = read(tmp_path, f"{HEADER}\n{ROW}\n", zone="Europe/Paris")
    assert said(tables["connections"][0], "record") == {
        "time": datetime(2026, 3, 10, 6, 0, 0, 250_000, tzinfo=UTC),
        **{"src_ip": "10.20.1.23", "src_port": 50100, "dst_ip": "203.0.113.50", "dst_port": 443, "proto": "tcp"},
        **{"duration_seconds": 4.096, "orig_ip_bytes": 724, "fields": '{"Packets":"6","Flows":"1"}'},
    }
    assert "rounded" in tables["ledger"][0]["notes"]
    adds_up(tables)


@pytest.mark.parametrize(
    ("header", "behind", "expected"),
    [
        (HEADER, "   6      724     1", (724, None, None)),
        (HEADER, "   1.2 M    3.4 G     1", (3_400_000_000, None, None)),
        (LONG, "   ...AP.SF   0        6      724     1", (724, None, "...AP.SF")),
        (BOTH, "    6        5      724     1440     2", (724, 1440, None)),
        (BOTH, "    6        0      724     0     1", (724, None, None)),
    ],
)
def test_kinds_of_output(
    tmp_path: Path, header: str, behind: str, expected: tuple[int, int | None, str | None]
) -> None:
    """The header says what stands behind the ends."""
    arrow = "<->" if header == BOTH else "->"
    row = ROW.replace("->", arrow).partition("443 ")[0] + "443 " + behind
    [found] = read(tmp_path, f"{header}\n{row}\n", zone="UTC")["connections"]
    assert (found["orig_ip_bytes"], found["resp_ip_bytes"], found["conn_state"]) == expected


def test_other_ends(tmp_path: Path) -> None:
    """A dot stands before the port of IPv6; ICMP has type and code there; what was shortened is no address."""
    rows = (
        "2026-03-10 07:00:00.250 00:00:04.096 UDP  2001:db8::1.50100 -> 2001:db8::2.53  1  60  1",
        "2026-03-10 07:00:00.250 00:00:00.000 ICMP 10.20.1.23:0 -> 203.0.113.50:8.0  1  84  1",
        "2026-03-10 07:00:00.250 00:00:00.000 UDP  2001:..db8::1.50100 -> 2001:db8::2.53  1  60  1",
        "2026-03-10 07:00:00.250 00:00:00.000 UDP  10.20.1.23:50100 -> 203.0.113.50:53  1  60",
        "Summary: total flows: 4, total bytes: 1.2 M, total packets: 1, avg bps: 1, avg pps: 0, avg bpp: 1",
    )
    tables = read(tmp_path, "\n".join((HEADER, *rows)) + "\n", zone="UTC")
    found = [(row["src_ip"], row["dst_port"], row["duration_seconds"]) for row in tables["connections"]]
    assert found == [("2001:db8::1", 53, 4.096), ("10.20.1.23", None, 0.0)]
    assert [row["reason"] for row in tables["rejects"]] == [
        "no addresses of two ends",
        "2 of 3 values behind the ends",
    ]
    adds_up(tables)


def test_others_are_not_taken(tmp_path: Path) -> None:
    """Rows without the header may be anybody's."""
    assert sure(LINES, tmp_path, f"{ROW}\n{ROW}\n") == 0
    assert sure(LINES, tmp_path, f"{HEADER}\n{ROW}\n") == 1


@examples(40)
@given(content=damaged(LOGS["nfdump-line"].write(SEEN).encode()))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Read + continued + rejected + skipped lines are the lines of the file."""
    holds(tmp_path, content, "flow-lines")
