"""What the words for closing an alert say of it: the dispositions, by files that a SOC edits and counts versions of."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from watchfloor.errors import BadMapping
from watchfloor.schemas import VOCABULARIES

__all__ = ["FILE_NAME", "Verdicts", "load_verdicts", "shipped_verdicts", "verdicts_of"]

FILE_NAME = "mapping.toml"
"""How the file is called that lies beside a workspace."""
_DISPOSITIONS = VOCABULARIES["disposition"]
_LISTS = ("reasons", "words")
_HINT = "it holds `version`, [reasons], [words], [clients.NAME.reasons], [systems.NAME.reasons]; ours: " + ", ".join(
    _DISPOSITIONS
)


@dataclass(frozen=True)
class _Lists:
    """One pair of lists, their keys without case and punctuation."""

    reasons: Mapping[str, str]
    words: Mapping[str, str]

    def disposition(self, bare: str) -> str | None:
        """What a reason says; null where neither list knows it."""
        if bare in self.reasons:
            return self.reasons[bare]
        if {"not", "no", "non"} & set(bare.split()):
            return None
        return next((ours for word, ours in self.words.items() if f" {word} " in f" {bare} "), None)


@dataclass(frozen=True)
class Verdicts:
    """The lists of one file, and those that follow where they say nothing."""

    version: str
    """As the file says it, and what its content hashes to: `3 (sha256 0f12..)`."""
    origin: str
    """Path of the file, or `shipped`."""
    general: _Lists
    clients: Mapping[str, _Lists] = field(default_factory=dict)
    systems: Mapping[str, _Lists] = field(default_factory=dict)
    default: Verdicts | None = None
    """The shipped ones, behind a file of the user's own."""

    def disposition(self, reason: str, *, client: str | None = None, system: str | None = None) -> str:
        """What a closing reason says of an alert; `undetermined` where no list knows it."""
        said = self._said(reason, client, system)
        if said is None and self.default is not None:
            return self.default.disposition(reason, client=client, system=system)
        return said or "undetermined"

    def own(self, reason: str, *, client: str | None = None, system: str | None = None) -> str | None:
        """What the user's own file says of a reason; null where there is none, or it says nothing."""
        return self._said(reason, client, system) if self.default is not None else None

    def _said(self, reason: str, client: str | None, system: str | None) -> str | None:
        bare = _bare(reason)
        lists = (self.clients.get(client or ""), self.systems.get(system or ""), self.general)
        return next((ours for some in lists if some and (ours := some.disposition(bare))), None)

    @property
    def note(self) -> str:
        """Which lists decided, for a ledger."""
        return f"dispositions by {self.origin}, version {self.version}"


def _bare(reason: str) -> str:
    """Letters and digits, lower case, one blank between words."""
    return " ".join(re.findall(r"[^\W_]+", reason.lower()))


@cache
def shipped_verdicts() -> Verdicts:
    """The defaults."""
    return _parse(resources.files(__package__).joinpath("verdicts.toml").read_bytes(), "shipped")


def load_verdicts(path: Path) -> Verdicts:
    """A file of the user's own, before the defaults.

    Raises:
        BadMapping: it cannot be read, or is no such file.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadMapping(f"{path}: {error.strerror or error}", hint="check the path of the mapping") from error
    return _parse(raw, str(path), default=shipped_verdicts())


def verdicts_of(folder: Path) -> Verdicts:
    """`mapping.toml` of a workspace's folder, else the defaults.

    Raises:
        BadMapping: the file cannot be read, or is no such file.
    """
    path = folder / FILE_NAME
    return load_verdicts(path) if path.is_file() else shipped_verdicts()


def _parse(raw: bytes, origin: str, default: Verdicts | None = None) -> Verdicts:
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadMapping(f"{origin}: no TOML: {error}", hint=_HINT) from error
    version = content.pop("version", None)
    if isinstance(version, bool) or not isinstance(version, str | int):
        raise BadMapping(f"{origin}: no version", hint='begin the file with version = "1"; raise it with each change')
    groups = {group: _named(content.pop(group, {}), f"{origin}: [{group}]") for group in ("clients", "systems")}
    return Verdicts(
        f"{version} (sha256 {sha256(raw).hexdigest()[:12]})", origin, _lists(content, origin), **groups, default=default
    )


def _named(given: Any, where: str) -> dict[str, _Lists]:
    if not isinstance(given, dict):
        raise BadMapping(f"{where} is no table", hint=_HINT)
    return {name: _lists(lists, f"{where}.{name}") for name, lists in given.items()}


def _lists(given: Any, where: str) -> _Lists:
    if not isinstance(given, dict):
        raise BadMapping(f"{where} is no table", hint=_HINT)
    if unknown := given.keys() - set(_LISTS):
        raise BadMapping(f"{where}: the key {', '.join(sorted(unknown))} means nothing here", hint=_HINT)
    return _Lists(*(_list(given.get(name, {}), f"{where}: {name}") for name in _LISTS))


def _list(given: Any, where: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise BadMapping(f"{where} is no table", hint=_HINT)
    for theirs, ours in given.items():
        if ours not in _DISPOSITIONS:
            raise BadMapping(f"{where}: {theirs!r} = {ours!r} is no disposition", hint=_HINT)
        if not _bare(theirs):
            raise BadMapping(f"{where}: {theirs!r} has no letters", hint=_HINT)
    return {_bare(theirs): ours for theirs, ours in given.items()}
