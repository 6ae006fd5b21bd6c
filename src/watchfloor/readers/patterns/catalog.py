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

    @property
    def known_by(self) -> str | None:
        """What some line of its files fits, where that is told."""
        return self._regexes["known_by"]

    def shares(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """The `share` of each file's lines that fit; of its records, where records have several lines.

        Arguments:
            lines: `file`, and `text`, in the order of the file. A file of which no line counts is left out.
        """
        text = pl.col("text")
        if header := self._regexes["header"]:
            lines = lines.filter(~text.str.contains(header))
        if begins := self._regexes["begins"]:
            lines = _joined(lines, begins)
        if skips := self._regexes["skips"]:
            lines = lines.filter(~text.str.contains(skips))
        known_by = self._regexes["known_by"]
        known = text.str.contains(known_by) if known_by else pl.lit(True)
        fits = pl.any_horizontal(text.str.contains(regex) for regex in self._patterns)
        found = lines.select("file", known=known, fits=fits)
        share = pl.col("fits").mean()
        if begins:
            # The last record may go on behind what is looked at.
            is_last = (pl.int_range(pl.len()).reverse() == 0) & (pl.len() > 1)
            found = found.with_columns(cut=is_last.over("file") & ~pl.col("fits"))
            share = pl.col("fits").filter(~pl.col("cut")).mean()
        return found.group_by("file").agg(share=pl.when(pl.col("known").any()).then(share).otherwise(0.0))

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


def _joined(lines: pl.LazyFrame, begins: str) -> pl.LazyFrame:
    """Lines put together to records; those before the first of a file are none."""
    numbered = lines.with_columns(begins=pl.col("text").str.contains(begins))
    numbered = numbered.with_columns(number=pl.col("begins").cum_sum().over("file")).filter(pl.col("number") > 0)
    return numbered.group_by("file", "number", maintain_order=True).agg(pl.col("text").str.join("\n"))


def _listed(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@cache
def catalog() -> tuple[Entry, ...]:
    """The shipped patterns, in the order of their names."""
    return tuple(Entry(name, tomllib.loads(text)) for name, text in shipped_texts().items())
