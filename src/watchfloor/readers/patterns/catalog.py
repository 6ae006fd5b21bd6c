"""The shipped patterns at a glance: what each is known by, without what it costs to check a pattern file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import polars as pl

from watchfloor.readers.patterns.grok import compile_pattern

__all__ = ["Entry", "catalog", "program_regex", "shipped_texts"]


@cache
def shipped_texts() -> dict[str, str]:
    """The shipped pattern files by name."""
    folder = resources.files("watchfloor.readers.patterns").joinpath("shipped")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}


def program_regex(programs: tuple[str, ...]) -> str:
    """A regex for names of programs, in which `*` stands for any text; it fits nothing where none is named."""
    some = "|".join(".*".join(re.escape(part) for part in name.split("*")) for name in programs)
    return f"(?is)^(?:{some})$" if programs else r"[^\s\S]"


@dataclass(frozen=True)
class Entry:
    """One shipped pattern, as its file says it."""

    name: str
    given: dict[str, Any]

    @property
    def about(self) -> str:
        """One line for lists."""
        return str(self.given.get("about", self.name))

    @property
    def table(self) -> str:
        """The canonical table."""
        return str(self.given.get("table", "events"))

    @property
    def of_lines(self) -> bool:
        """Whether it matches whole lines."""
        return bool(self.given.get("applies_to", "line") != "message")

    @property
    def programs(self) -> tuple[str, ...]:
        """Who writes its messages."""
        return _listed(self.given.get("programs", ()))

    @cached_property
    def tag(self) -> str | None:
        """How its messages begin."""
        return self._regex("tag")

    def share(self, lines: tuple[str, ...]) -> float:
        """The share of some lines that fit; of records, where records have several lines."""
        text = pl.Series("text", lines, dtype=pl.String)
        if header := self._regexes["header"]:
            text = text.filter(~text.str.contains(header))
        if begins := self._regexes["begins"]:
            text = _joined(text, begins)
        if skips := self._regexes["skips"]:
            text = text.filter(~text.str.contains(skips))
        known_by = self._regexes["known_by"]
        if not text.len() or (known_by and not text.str.contains(known_by).any()):
            return 0.0
        fits = pl.Series([False]).new_from_index(0, text.len())
        for regex in self._patterns:
            fits |= text.str.contains(regex)
        if begins and text.len() > 1 and not fits[-1]:
            fits = fits[:-1]  # it may go on behind what is looked at
        return float(fits.mean() or 0)  # type: ignore[arg-type]

    @cached_property
    def _regexes(self) -> dict[str, str | None]:
        return {key: self._regex(key) for key in ("begins", "skips", "header", "known_by")}

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        texts = (*_listed(self.given.get("pattern", ())), *_listed(self.given.get("patterns", ())))
        return tuple(compile_pattern(text, self.given.get("grok"), where=self.name).regex for text in texts)

    def _regex(self, key: str) -> str | None:
        text = self.given.get(key)
        return compile_pattern(text, self.given.get("grok"), where=self.name, nameless=True).regex if text else None


def _joined(lines: pl.Series, begins: str) -> pl.Series:
    """Lines put together to records; those before the first are none."""
    table = pl.DataFrame({"text": lines}).with_columns(number=pl.col("text").str.contains(begins).cum_sum())
    records = table.filter(pl.col("number") > 0).group_by("number", maintain_order=True)
    return records.agg(pl.col("text").str.join("\n"))["text"]


def _listed(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@cache
def catalog() -> tuple[Entry, ...]:
    """The shipped patterns, in the order of their names."""
    return tuple(Entry(name, tomllib.loads(text)) for name, text in shipped_texts().items())
