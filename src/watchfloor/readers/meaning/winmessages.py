"""What the text of a Windows event says in English: who logged on, and from where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from watchfloor.readers.meaning.endpoints import address_of, port_of

__all__ = ["said_in"]

_LONGEST = 16_000
_ABOUT = r"(?:New Logon|Account For Which Logon Failed|New Account|Target Account|Account That Was Locked Out)"
_NAME = (
    r"(?:Account Name|Logon Account|User Name|Security Account Name):[ \t]*"
    r"([^\s:][^\t\r\n:]{0,200}?)[ \t]*(?:[\r\n\t]|  |$| (?=[A-Z][A-Za-z]{1,20}(?: [A-Za-z]{1,20}){0,3}:))"
)
_TARGET = re.compile(rf"{_ABOUT}:(?:(?!Account Name:)[^\0]){{0,200}}?{_NAME}")
_ANY = re.compile(_NAME)
_ADDRESS = re.compile(r"(?:Source Network Address|Client Address|Source Address):[ \t]*([0-9A-Fa-f.:%]{2,60})")
_PORT = re.compile(r"(?:Source Port|Client Port):[ \t]*([0-9]{1,5})")


def said_in(message: str) -> Mapping[str, Any]:
    """`user`, `src_ip` and `src_port`, as far as a message names them.

    Of several accounts the one counts that the event is about, not the one that reports it.
    """
    text = message[:_LONGEST]
    names = [found[1] for found in (_TARGET.search(text), _ANY.search(text)) if found]
    address = _ADDRESS.search(text)
    found = address_of(address[1]) if address else None
    port = _PORT.search(text)
    said = {
        "user": next((name for name in names if name != "-"), None),
        "src_ip": found[0] if found else None,
        "src_port": port_of(port[1]) if port else None,
    }
    return {name: value for name, value in said.items() if value is not None}
