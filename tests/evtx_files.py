"""Small Windows event logs in binary, made by hand: literal elements, no templates.

Source of the layout: the description of the Windows XML Event Log format by the libyal project.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from xml.etree import ElementTree

CHUNK, HEADER, RECORDS = 65_536, 4_096, 512
FILETIME = 133_800_000_000_000_000


def log(events: Sequence[str], *, first: int = 1) -> bytes:
    """An event log of one chunk with these events, each given as XML without namespaces."""
    records = b""
    place = last = RECORDS
    for number, event in enumerate(events, first):
        last = place
        body = b"\x0f\x01\x01\x00" + _element(ElementTree.fromstring(event), place + 24 + 4) + b"\x00"
        size = 24 + len(body) + 4
        records += struct.pack("<IIQQ", 0x2A2A, size, number, FILETIME) + body + struct.pack("<I", size)
        place += size
    end = first + len(events) - 1
    head = struct.pack("<8sQQQQIII", b"ElfChnk\0", first, end, first, end, 128, last, place)
    head += struct.pack("<I", zlib.crc32(records)) + bytes(64 + 4)
    tables = bytes(RECORDS - 128)
    head += struct.pack("<I", zlib.crc32(head[:120] + tables))
    chunk = (head + tables + records).ljust(CHUNK, b"\0")
    file = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, end + 1, 128, 1, 3, HEADER, 1) + bytes(76 + 4)
    file += struct.pack("<I", zlib.crc32(file[:120]))
    return file.ljust(HEADER, b"\0") + chunk


def _name(name: str, place: int) -> bytes:
    """A name that stands where it is used: its place in the chunk, then the name itself."""
    text = name.encode("utf-16-le")
    return struct.pack("<IIHH", place + 4, 0, 0, len(name)) + text + b"\0\0"


def _value(text: str) -> bytes:
    return b"\x05\x01" + struct.pack("<H", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _element(element: ElementTree.Element, place: int) -> bytes:
    """One element and all in it; it begins at a place in the chunk."""
    has = bool(element.attrib)
    name = _name(element.tag, place + 5)
    body = name
    if has:
        listed = b""
        for n, (key, value) in enumerate(element.attrib.items(), 1):
            at = place + 5 + len(name) + 4 + len(listed)
            more = 0x46 if n < len(element.attrib) else 0x06
            listed += bytes([more]) + _name(key, at + 1) + _value(value)
        body += struct.pack("<I", len(listed)) + listed
    if len(element) or element.text:
        body += b"\x02"
        if element.text:
            body += _value(element.text)
        for child in element:
            body += _element(child, place + 5 + len(body))
        body += b"\x04"
    else:
        body += b"\x03"
    return struct.pack("<BI", 0x41 if has else 0x01, len(body)) + body
