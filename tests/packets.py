"""Packet captures written in pure Python: few packets, whose content is known."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address

__all__ = ["client_hello", "dns", "pcap", "pcapng", "tcp", "udp"]

Packet = tuple[float, bytes]
End = tuple[str, int]


def _sum16(data: bytes) -> int:
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ip(src: str, dst: str, proto: int, body: bytes) -> bytes:
    """A frame of Ethernet with a packet of IPv4 or IPv6."""
    one, other = ip_address(src).packed, ip_address(dst).packed
    if len(one) == 4:
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0, one, other)
        header = header[:10] + struct.pack("!H", _sum16(header)) + header[12:]
        kind = 0x0800
    else:
        header = struct.pack("!IHBB16s16s", 6 << 28, len(body), proto, 64, one, other)
        kind = 0x86DD
    return bytes.fromhex("00005e00530100005e005302") + struct.pack("!H", kind) + header + body


def tcp(at: float, src: End, dst: End, flags: int, payload: bytes = b"", seq: int = 1, ack: int = 0) -> Packet:
    """A segment: 2 is SYN, 18 SYN and ACK, 16 ACK, 24 data, 17 FIN."""
    body = struct.pack("!HHIIBBHHH", src[1], dst[1], seq, ack, 5 << 4, flags, 64_000, 0, 0) + payload
    return at, _ip(src[0], dst[0], 6, body)


def udp(at: float, src: End, dst: End, payload: bytes) -> Packet:
    """A datagram."""
    return at, _ip(src[0], dst[0], 17, struct.pack("!HHHH", src[1], dst[1], 8 + len(payload), 0) + payload)


def dns(number: int, name: str, kind: int = 1, *, address: str | None = None, rcode: int | None = None) -> bytes:
    """A query, or with `rcode` its answer, with one address or none."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    flags = 0x0100 if rcode is None else 0x8180 | rcode
    answer = b""
    if address is not None:
        packed = ip_address(address).packed
        answer = struct.pack("!HHHIH", 0xC00C, 1 if len(packed) == 4 else 28, 1, 60, len(packed)) + packed
    return (
        struct.pack("!HHHHHH", number, flags, 1, int(bool(answer)), 0, 0)
        + labels
        + struct.pack("!HH", kind, 1)
        + answer
    )


def client_hello(name: str) -> bytes:
    """The greeting of a TLS client that says whom it wants."""
    host = name.encode()
    sni = struct.pack("!HBH", len(host) + 3, 0, len(host)) + host
    extensions = struct.pack("!HH", 0, len(sni)) + sni
    body = b"\x03\x03" + bytes(32) + b"\0" + struct.pack("!HH", 2, 0x1301) + b"\x01\0"
    body += struct.pack("!H", len(extensions)) + extensions
    shake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack("!H", len(shake)) + shake


def pcap(packets: Iterable[Packet]) -> bytes:
    """A capture of Ethernet, microseconds."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    return header + b"".join(
        struct.pack("<IIII", int(at), round(at % 1 * 1_000_000), len(frame), len(frame)) + frame
        for at, frame in packets
    )


def pcapng(packets: Iterable[Packet]) -> bytes:
    """The same in the newer format."""
    blocks = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    blocks += struct.pack("<IIHHII", 1, 20, 1, 0, 65_535, 20)
    for at, frame in packets:
        micros, pad = round(at * 1_000_000), -len(frame) % 4
        size = 32 + len(frame) + pad
        head = struct.pack("<IIIIIII", 6, size, 0, micros >> 32, micros & 0xFFFFFFFF, len(frame), len(frame))
        blocks += head + frame + b"\0" * pad + struct.pack("<I", size)
    return blocks
