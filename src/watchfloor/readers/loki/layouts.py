"""How Loki's records are laid out in a file: five layouts, told apart by their first lines, and the records of each.

Nothing is quoted or escaped, so a record begins only where the whole prefix of its layout stands, with a host that the
file's scans have; every other line continues the record before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["LAYOUTS", "Layout", "frame", "layout_of"]

_LEVELS = "ALERT|WARNING|NOTICE|INFO|RESULT|ERROR|DEBUG"
_STAMP = r"[0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_TITLE = "Alert|Warning|Notice|Info|Result|Error|Debug"
_NAMED = rf"LOKI: (?P<level>{_TITLE}): MODULE: (?P<module>[A-Za-z]+) MESSAGE: "


@dataclass(frozen=True)
class Layout:
    """One way in which Loki writes a record."""

    name: str
    prefix: str
    """What stands before the message, as a regex with groups for what the layout prints."""
    time_format: str | None = "%Y%m%dT%H:%M:%SZ"

    def groups(self) -> list[str]:
        """Names of the groups, in order."""
        return list(re.compile(self.prefix).groupindex)

    @property
    def bare(self) -> str:
        """The prefix without groups."""
        return re.sub(r"\?P<\w+>", "?:", self.prefix)

    def message_begins(self, words: str) -> str:
        """A record whose message begins with these words, as a regex."""
        return self.bare + re.escape(words)


LAYOUTS = (
    Layout("csv", rf"^(?P<time_text>{_STAMP}),(?P<host>[^, ]+),(?P<level>{_LEVELS}),(?P<module>[A-Za-z]+),"),
    Layout("stdout_csv", rf"^(?P<time_text>{_STAMP}),(?P<host>[^, ]+),(?P<level>{_LEVELS}),"),
    Layout("log", rf"^(?P<time_text>{_STAMP}) (?P<host>[^ ]+) {_NAMED}"),
    Layout(
        "syslog",
        "^<[0-9]+>1 (?P<time_text>[^ ]+) (?P<host>[^ ]+) LOKI [^ ]+ (?P<number>[^ ]+) [^ ]+ \ufeff?" + _NAMED,
        None,
    ),
    Layout("console", rf"^\[(?P<level>{_LEVELS})\] ", None),
)
_MODULES = r"^(?:Init|FileScan|ProcessScan|Results|PESieve|VulnChecker|Rootkit|Update),"
_SGR = r"\x1b\[[0-9;?]*[A-Za-z]"
_MARKS = r"\x08[-/\\|]?"
"""A back-space, and the progress mark that follows it."""
_BREAK_BEFORE = "^(?:MD5:|SHA1:|SHA256:|MATCHES:|FILE:|FIRST_BYTES:|DESCRIPTION:|REASON_[0-9]+)"
"""Words before which the console puts a line break of its own."""


def layout_of(lines: Sequence[str]) -> Layout | None:
    """The layout of a file's first lines; none where most of its first lines have none."""
    for layout in LAYOUTS[:-1]:
        prefix = re.compile(layout.prefix)
        if not lines or not prefix.match(lines[0]):
            continue
        if layout.name == "csv":
            known = [re.match(_MODULES, line.split(",", 3)[-1]) for line in lines if prefix.match(line)]
            if sum(map(bool, known)) < len(known) * 0.9:
                continue
        return layout
    console = re.compile(LAYOUTS[-1].prefix)
    if any(console.match(re.sub(f"{_SGR}|{_MARKS}|\r", "", line)) for line in lines) and any(
        "Loki" in line or "LOKI" in line for line in lines
    ):
        return LAYOUTS[-1]
    return None


def frame(lines: pl.DataFrame, layout: Layout, hosts: set[str]) -> pl.DataFrame:
    """The records of some lines: record, lines, text, and what the layout prints before the message.

    Arguments:
        lines: `line` (number in the file) and `text`.
        layout: of the file.
        hosts: hosts of the scans so far; those that start here are added.
    """
    if layout.name == "console":
        lines = lines.with_columns(pl.col("text").str.replace_all(f"{_SGR}|{_MARKS}|\r$", ""))
    begins = pl.col("text").str.contains(layout.bare)
    lines = lines.with_columns(begins=begins)
    if "host" in layout.groups():
        started = lines.filter(
            pl.col("begins") & pl.col("text").str.contains("Starting Loki Scan VERSION: ", literal=True)
        )
        host = pl.col("text").str.extract(layout.prefix, layout.groups().index("host") + 1)
        if started.height:
            hosts |= set(started.select(host).to_series())
        if hosts:
            lines = lines.with_columns(
                begins=pl.col("begins")
                & pl.col("text").str.contains_any(sorted(hosts))
                & pl.when("begins").then(host).is_in(sorted(hosts)).fill_null(False)
            )
    lines = lines.with_columns(of=pl.col("begins").cum_sum())
    if lines["of"].n_unique() == lines.height:
        return lines.select(record="line", lines=pl.lit(1, pl.Int64), of="of", text="text")
    parts = lines.with_columns(
        glued=pl.col("text").str.contains(_BREAK_BEFORE) if layout.name == "console" else pl.lit(False),
    )
    several = parts.filter(pl.col("of").is_duplicated())
    joined = several.group_by("of", maintain_order=True).agg(
        record=pl.col("line").first(),
        lines=pl.len().cast(pl.Int64),
        text=pl.when(pl.col("glued") | (pl.int_range(pl.len()) == 0))
        .then("text")
        .otherwise("\n" + pl.col("text"))
        .str.join(""),
    )
    single = parts.filter(~pl.col("of").is_duplicated()).select(
        "of", record="line", lines=pl.lit(1, pl.Int64), text="text"
    )
    return pl.concat([single, joined.select(single.columns)]).sort("record").select("record", "lines", "of", "text")
