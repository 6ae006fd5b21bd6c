"""An allow list as a TOML file: who may talk to whom, why, who answers for it, and until when."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from watchfloor.analyses.listed import Name, name_of, network_of
from watchfloor.errors import BadOption
from watchfloor.hints import nearest
from watchfloor.hostile import harmless, toml_string

__all__ = ["CONDITIONS", "KEYS", "AllowList", "Entry", "Port", "load_list", "port_of", "text_of"]

CONDITIONS = ("address", "src", "dst", "domain", "name", "port", "process")
"""What an entry may ask of a row; several must all hold, and of a list one value."""
KEYS = (*CONDITIONS, "reason", "owner", "created", "expires")
_NEEDED = ("reason", "owner", "expires")
_EXAMPLE = (
    'write [[allow]] with domain = "*.example.org" (or address, src, dst, name, port, process), reason = "..", '
    'owner = "..", expires = 2027-06-30'
)
_SHOWN = 3


@dataclass(frozen=True)
class Port:
    """A port, and the protocol that it is of; null: any."""

    number: int
    proto: str | None = None

    def __str__(self) -> str:
        return f"{self.number}/{self.proto}" if self.proto else str(self.number)


@dataclass(frozen=True)
class Entry:
    """What is allowed: rows that meet all its conditions."""

    reason: str
    owner: str
    expires: date
    """The first day on which it is not applied."""
    address: tuple[str, ...] = ()
    """Networks of either end."""
    src: tuple[str, ...] = ()
    dst: tuple[str, ...] = ()
    domain: tuple[Name, ...] = ()
    """Names and what is below them; `*.` alone what is below."""
    name: tuple[Name, ...] = ()
    """Names to the letter."""
    port: tuple[Port, ...] = ()
    process: tuple[str, ...] = ()
    """Names of programs in small letters, without their folder."""
    created: date | None = None

    def conditions(self) -> dict[str, tuple[Any, ...]]:
        """Those that it has."""
        return {name: value for name in CONDITIONS if (value := getattr(self, name))}

    def written(self) -> dict[str, list[str]]:
        """Its conditions as a file has them."""
        return {key: [_word(value) for value in values] for key, values in self.conditions().items()}

    def __str__(self) -> str:
        return ", ".join(f"{key} {_few(values)}" for key, values in self.written().items())


def _word(value: Any) -> str:
    if isinstance(value, Name):
        return f"*.{value.text}" if value.how == "below" else value.text
    text = str(value)
    return text.removesuffix("/32" if "." in text else "/128") if "/" in text else text


def _few(values: Sequence[str]) -> str:
    more = len(values) - _SHOWN
    return " or ".join(values[:_SHOWN]) + (f" or one of {more} more" if more > 0 else "")


@dataclass(frozen=True)
class AllowList:
    """A file and its entries, in its order."""

    source: str
    entries: tuple[Entry, ...]


def load_list(path: str | Path) -> AllowList:
    """The entries of a file.

    Raises:
        BadOption: a file that is not there or no allow list, with what is wrong where.
    """
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadOption(f"{path}: {error.strerror}", hint=f"an allow list is a TOML file: {_EXAMPLE}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadOption(f"{path}: no TOML: {error}", hint=_EXAMPLE) from error
    for key in given.keys() - {"version", "allow"}:
        raise BadOption(
            f"{path}: an allow list has no key {key!r}",
            hint=f"{nearest(key, ('version', 'allow'))}{_EXAMPLE}",
        )
    if given.get("version", 1) != 1:
        raise BadOption(f"{path}: version {given['version']!r} is not known", hint="this watchfloor reads version = 1")
    listed = given.get("allow", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadOption(f"{path}: allow is no list of tables", hint="each entry begins with [[allow]]")
    entries = tuple(_entry(f"{path}: entry {number}", one) for number, one in enumerate(listed, start=1))
    return AllowList(str(path), entries)


def _entry(where: str, given: Mapping[str, Any]) -> Entry:
    for key in given:
        if key not in KEYS:
            raise BadOption(
                f"{where} has an unknown key {key!r}", hint=f"{nearest(key, KEYS)}keys are {', '.join(KEYS)}"
            )
    if missing := [key for key in _NEEDED if key not in given]:
        raise BadOption(
            f"{where} has no {' and no '.join(missing)}",
            hint="each entry says why (reason), who answers for it (owner) and until when: expires = 2027-06-30",
        )
    for key in ("reason", "owner"):
        if not isinstance(given[key], str) or not given[key].strip():
            raise BadOption(f"{where}: {key} is no text", hint=f'{key} = "..."')
    for key in ("created", "expires"):
        if key in given and (not isinstance(given[key], date) or isinstance(given[key], datetime)):
            raise BadOption(f"{where}: {key} = {given[key]!r} is no date", hint=f"{key} = 2027-06-30, without quotes")
    values = {key: _values(where, key, given[key]) for key in CONDITIONS if key in given}
    if not values:
        raise BadOption(f"{where} has no condition: it would allow everything", hint=f"one of {', '.join(CONDITIONS)}")
    return Entry(
        reason=given["reason"].strip(),
        owner=given["owner"].strip(),
        expires=given["expires"],
        created=given.get("created"),
        **{key: tuple(dict.fromkeys(_parsed(where, key, text) for text in texts)) for key, texts in values.items()},
    )


def _values(where: str, key: str, given: Any) -> list[Any]:
    """One value, or a list of them."""
    listed = given if isinstance(given, list) else [given]
    kinds = (str, int) if key == "port" else (str,)
    if not listed or any(not isinstance(one, kinds) or isinstance(one, bool) for one in listed):
        raise BadOption(
            f"{where}: {key} = {given!r} means nothing",
            hint=f"{key} takes one value or a list of them: {_LIKE[key]}",
        )
    return listed


_LIKE = {
    "address": '"192.0.2.7" or "10.1.0.0/16", of either end',
    "src": '"10.1.2.3" or "10.1.0.0/16"',
    "dst": '"192.0.2.7" or "2001:db8::/32"',
    "domain": '"example.org" (with all below it) or "*.example.org" (what is below it alone)',
    "name": '"www.example.org", and nothing below it',
    "port": '443, "443/tcp" or "53/udp"',
    "process": '"updater.exe"',
}


def _parsed(where: str, key: str, given: str | int) -> Any:
    found: Any
    text = str(given).strip()
    match key:
        case "address" | "src" | "dst":
            found = network_of(text)
        case "domain":
            name = name_of(text.removeprefix("*."))
            found = Name(name, "below" if text.startswith("*.") else "domain") if name else None
        case "name":
            name = name_of(text)
            found = Name(name, "name") if name else None
        case "port":
            found = port_of(text)
        case _:
            found = re.split(r"[/\\]", text)[-1].lower() or None
    if found is None:
        raise BadOption(f"{where}: {key} = {given!r} is no {_WHAT[key]}", hint=f"write {_LIKE[key]}")
    return found


_WHAT = {
    "address": "address or network",
    "src": "address or network",
    "dst": "address or network",
    "domain": "domain",
    "name": "name",
    "port": "port",
    "process": "name of a program",
}


def port_of(text: str) -> Port | None:
    """`443`, `443/tcp`, `tcp/443`; null for what is none."""
    match = re.fullmatch(r"([0-9]{1,5})(?:/([A-Za-z0-9-]{1,20}))?|([A-Za-z][A-Za-z0-9-]{0,19})/([0-9]{1,5})", text)
    if match is None:
        return None
    number, proto = int(match[1] or match[4]), match[2] or match[3]
    return Port(number, proto.lower() if proto else None) if number <= 65_535 else None


def text_of(entry: Entry, *, notes: Sequence[str] = (), off: bool = False) -> str:
    """The entry as a file has it.

    Arguments:
        entry: what is written.
        notes: lines of comment before it.
        off: as a comment, so that it allows nothing until somebody takes the signs away.
    """
    lines = ["[[allow]]"]
    lines += [f"{key} = {_toml(values)}" for key, values in entry.written().items()]
    lines += [f"{key} = {toml_string(getattr(entry, key))}" for key in ("reason", "owner")]
    lines += [f"{key} = {day}" for key in ("created", "expires") if (day := getattr(entry, key)) is not None]
    return "\n".join([*(f"# {harmless(note)}" for note in notes), *(f"# {line}" if off else line for line in lines)])


def _toml(values: Sequence[str]) -> str:
    return toml_string(values[0]) if len(values) == 1 else f"[{', '.join(map(toml_string, values))}]"
