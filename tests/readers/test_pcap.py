"""Packet captures through tshark."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

import watchfloor as wf
from packets import client_hello, dns, pcap, pcapng, tcp, udp
from properties import examples
from readers.jsonfiles import adds_up, damaged, read, said, sure
from watchfloor.errors import MissingExtra, UnreadableFile
from watchfloor.readers.pcap import READER

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

AT = 1_773_122_400.0
CLIENT, SERVER, RESOLVER = ("10.20.1.23", 50_100), ("203.0.113.50", 443), ("10.20.1.1", 53)
HELLO = client_hello("a.beacon-home.example")
REQUEST = b"GET /x?y=1 HTTP/1.1\r\nHost: b.example\r\nUser-Agent: made\tup\r\n\r\n"


def talk(
    at: float, client: tuple[str, int], server: tuple[str, int], sent: bytes, back: bytes
) -> list[tuple[float, bytes]]:
    """A connection of half a second with one message each way."""
    return [
        tcp(at, client, server, 2, seq=0),
        tcp(at + 0.01, server, client, 18, seq=0, ack=1),
        tcp(at + 0.02, client, server, 16, ack=1),
        tcp(at + 0.1, client, server, 24, sent, ack=1),
        tcp(at + 0.2, server, client, 24, back, ack=1 + len(sent)),
        tcp(at + 0.5, client, server, 17, seq=1 + len(sent), ack=1 + len(back)),
    ]


@needs_tshark
@pytest.mark.parametrize("form", [pcap, pcapng])
def test_a_connection(tmp_path: Path, form: Callable[[list[tuple[float, bytes]]], bytes]) -> None:
    """Its ends, how long it lasted, payload and bytes with headers, and whom the client wanted."""
    content = form(talk(AT, CLIENT, SERVER, HELLO, b"z" * 1000))
    tables = read(tmp_path, content, name="x.pcap")
    [row] = tables["connections"]
    assert said(row, "uid") == {
        "time": datetime(2026, 3, 10, 6, 0, tzinfo=UTC),
        **{"src_ip": "10.20.1.23", "src_port": 50_100, "dst_ip": "203.0.113.50", "dst_port": 443, "proto": "tcp"},
        **{"duration_seconds": 0.5, "service": "ssl", "record": 1},
        **{"orig_bytes": len(HELLO), "resp_bytes": 1000, "orig_ip_bytes": len(HELLO) + 160, "resp_ip_bytes": 1080},
    }
    [session] = tables["tls_sessions"]
    assert (session["server_name"], session["uid"], session["record"]) == ("a.beacon-home.example", row["uid"], 4)
    assert session["src_ip"] == "10.20.1.23"
    assert tables["ledger"][0]["lines"] == 6
    adds_up(tables)


@needs_tshark
def test_who_began(tmp_path: Path) -> None:
    """Who sent the SYN, also where its answer was caught first, or alone."""
    packets = talk(AT, CLIENT, SERVER, b"", b"")
    for caught in ([packets[1], packets[0], *packets[2:]], packets[1:]):
        moved = [(AT + n * 0.01, frame) for n, (_, frame) in enumerate(caught)]
        [row] = read(tmp_path, pcap(moved))["connections"]
        assert (row["src_ip"], row["dst_ip"], row["dst_port"]) == ("10.20.1.23", "203.0.113.50", 443)


@needs_tshark
def test_requests_and_queries(tmp_path: Path) -> None:
    """HTTP by its Host header; a query of DNS with what was answered, or without."""
    resolver = udp(AT, ("10.20.1.23", 40_000), RESOLVER, dns(7, "b.example"))
    answer = udp(AT + 0.1, RESOLVER, ("10.20.1.23", 40_000), dns(7, "b.example", address="198.51.100.7", rcode=0))
    none = udp(AT + 1, ("10.20.1.23", 40_001), RESOLVER, dns(8, "x.b.example", 16))
    gone = udp(AT + 1.1, RESOLVER, ("10.20.1.23", 40_001), dns(8, "x.b.example", 16, rcode=3))
    alone = udp(AT + 2, ("10.20.1.23", 40_002), RESOLVER, dns(9, "y.b.example", 65))
    web = talk(AT + 3, ("10.20.1.23", 50_200), ("198.51.100.7", 80), REQUEST, b"HTTP/1.1 200 OK\r\n\r\n")
    tables = read(tmp_path, pcap([resolver, answer, none, gone, alone, *web]))
    asked = [(row["query"], row["query_type"], row["rcode"], row["answers"]) for row in tables["dns_queries"]]
    assert asked == [
        ("b.example", "A", "NOERROR", ["198.51.100.7"]),
        ("x.b.example", "TXT", "NXDOMAIN", []),
        ("y.b.example", "HTTPS", None, None),
    ]
    [request] = tables["http_requests"]
    assert (request["method"], request["host"], request["url"]) == ("GET", "b.example", "/x?y=1")
    assert request["user_agent"] == "made\\tup"
    assert [row["service"] for row in tables["connections"]] == ["dns", "dns", "dns", "http"]
    assert tables["connections"][0]["orig_bytes"] == len(dns(7, "b.example"))
    adds_up(tables)


@needs_tshark
def test_datagrams_of_the_same_ends(tmp_path: Path) -> None:
    """After a minute of silence they are another conversation: a beat on one port is seen."""
    ends = ("10.20.1.23", 123), ("203.0.113.9", 123)
    tables = read(tmp_path, pcap([udp(AT + 300 * n, *ends, b"x" * 48) for n in range(4)]))
    assert [row["orig_ip_bytes"] for row in tables["connections"]] == [76] * 4
    assert len({row["uid"] for row in tables["connections"]}) == 4


@needs_tshark
def test_other_packets(tmp_path: Path) -> None:
    """IPv6 is read; what is not of IP is skipped."""
    arp = AT, bytes.fromhex("ffffffffffff00005e0053010806") + bytes(28)
    tables = read(tmp_path, pcap([arp, *talk(AT, ("2001:db8::1", 50_100), ("2001:db8::2", 443), b"abc", b"")]))
    [row] = tables["connections"]
    assert (row["src_ip"], row["orig_bytes"], row["orig_ip_bytes"]) == ("2001:db8::1", 3, 4 * 60 + 3)
    assert tables["ledger"][0]["lines_skipped"] == 1
    adds_up(tables)


@needs_tshark
def test_a_beacon_in_a_capture(tmp_path: Path) -> None:
    """By address and by name."""
    calls = [
        packet
        for n in range(30)
        for packet in talk(AT + 60 * n + n % 3, ("10.20.1.23", 50_000 + n), SERVER, HELLO, b"z" * 90)
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(calls))
    best = wf.beacons(path).table.collect().row(0, named=True)
    assert (best["dst_ip"], best["name"], best["connections"]) == ("203.0.113.50", "a.beacon-home.example", 30)
    assert best["period_seconds"] == pytest.approx(60, abs=1.5)
    assert best["sent_median"] == len(HELLO)


@needs_tshark
@pytest.mark.parametrize("name", ["-w x", "$(touch owned).pcap", "a;b 'c\".pcap", "--help", "x\ny.pcap"])
def test_hostile_names_of_files(tmp_path: Path, name: str) -> None:
    """A name is never an argument, and never a command."""
    tables = read(tmp_path, pcap(talk(AT, CLIENT, SERVER, b"a", b"b")), name=name)
    assert len(tables["connections"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


@needs_tshark
def test_a_capture_that_was_cut(tmp_path: Path) -> None:
    """What is whole is read, and said to be partial; what is none is refused."""
    content = pcap(talk(AT, CLIENT, SERVER, b"a" * 500, b"b"))
    tables = read(tmp_path, content[:-20])
    assert tables["connections"][0]["orig_bytes"] == 500
    assert "cut short" in tables["ledger"][0]["partial"]
    for broken in (content[:10], b"text"):
        with pytest.raises(UnreadableFile):
            read(tmp_path, broken, "pcap")


@needs_tshark
def test_a_compressed_capture(tmp_path: Path) -> None:
    """As files are sent."""
    import gzip

    content = gzip.compress(pcap(talk(AT, CLIENT, SERVER, b"a", b"b")))
    assert len(read(tmp_path, content, name="x.pcap.gz")["connections"]) == 1


def test_without_tshark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install, and what else can be done."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sure(READER, tmp_path, pcap([])) == 1
    assert sure(READER, tmp_path, b"text\n") == 0
    with pytest.raises(MissingExtra, match="not installed") as caught:
        read(tmp_path, pcap([]))
    assert "apt install tshark" in str(caught.value.hint)


def _program(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A program of this name."""
    path = folder / "tshark"
    path.write_text(f"#!{sys.executable}\nimport sys, threading\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.skipif(sys.platform == "win32", reason="programs are not made so on Windows")
def test_what_a_program_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes too long, is too old, or writes nonsense: each time in words."""
    from watchfloor.readers import pcap as reader

    folder = tmp_path / "bin"
    folder.mkdir()
    _program(folder, monkeypatch, "threading.Event().wait()")
    monkeypatch.setattr(reader, "_LEAST_SECONDS", 0.3)
    with pytest.raises(UnreadableFile, match="took longer"):
        read(tmp_path, pcap([]))
    monkeypatch.setattr(reader, "_LEAST_SECONDS", 60)
    _program(folder, monkeypatch, "sys.exit('tshark: Some fields aren\\'t valid:')")
    with pytest.raises(UnreadableFile, match="valid") as caught:
        read(tmp_path, pcap([]))
    assert "4.0" in str(caught.value.hint)
    _program(folder, monkeypatch, "print('x\\ty' * 90); print(); print('\\0')")
    tables = read(tmp_path, pcap([]))
    assert tables["connections"] == []
    adds_up(tables)


@needs_tshark
@examples(12)  # each starts a program
@given(content=damaged(pcap(talk(AT, CLIENT, SERVER, HELLO, b"z"))))
def test_the_ledger_adds_up_whatever_the_file_holds(tmp_path: Path, content: bytes) -> None:
    """Packets read and skipped are those of the capture; or it is refused with words."""
    try:
        tables = read(tmp_path, content, "pcap")
    except UnreadableFile as error:
        assert error.hint
        return
    adds_up(tables)
