"""How Loki's records are laid out in a file: five layouts, told apart by their first lines, and the records of each.

Nothing is quoted or escaped, so a record begins only where the whole prefix of its layout stands, with a host that the
file's scans have; every other line continues the record before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
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
    time_format: str = "%Y%m%dT%H:%M:%SZ"
    between: int | None = None
    """Bytes of the prefix that stand between its groups; null where they vary."""

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

    def only(self, group: str) -> str:
        """The prefix with one group."""
        return re.sub(r"\?P<(\w+)>", lambda match: "" if match[1] == group else "?:", self.prefix)

    def of_hosts(self, hosts: Collection[str]) -> str:
        """The prefix without groups, for records of these hosts."""
        named = "|".join(re.escape(host) for host in sorted(hosts))
        return re.sub(r"\?P<\w+>", "?:", re.sub(r"\(\?P<host>[^)]*\)", lambda _: f"(?:{named})", self.prefix))

    def message(self) -> pl.Expr:
        """What stands behind the prefix; the columns of its groups are there."""
        if self.between is None:
            return pl.col("text").str.replace(self.prefix, "")
        size = pl.sum_horizontal(pl.col(name).str.len_bytes().cast(pl.Int64) for name in self.groups()) + self.between
        return pl.col("text").cast(pl.Binary).bin.slice(size).cast(pl.String)


LAYOUTS = (
    Layout("csv", rf"^(?P<time_text>{_STAMP}),(?P<host>[^, ]+),(?P<level>{_LEVELS}),(?P<module>[A-Za-z]+),", between=4),
    Layout("stdout_csv", rf"^(?P<time_text>{_STAMP}),(?P<host>[^, ]+),(?P<level>{_LEVELS}),", between=3),
    Layout("log", rf"^(?P<time_text>{_STAMP}) (?P<host>[^ ]+) {_NAMED}", between=28),
    Layout(
        "syslog",
        "^<[0-9]+>1 (?P<time_text>[^ ]+) (?P<host>[^ ]+) LOKI [^ ]+ (?P<number>[^ ]+) [^ ]+ \ufeff?" + _NAMED,
        "%Y-%m-%dT%H:%M:%S%.f%:z",
    ),
    Layout("console", rf"^\[(?P<level>{_LEVELS})\] ", between=3),
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
    lines = lines.with_columns(begins=_begins(lines, layout, hosts))
    begins = pl.col("begins")
    if lines.select(begins.all()).item():
        return lines.select(record="line", lines=pl.lit(1, pl.Int64), of=pl.lit(1, pl.UInt32), text="text")
    lines = lines.with_columns(of=begins.cum_sum())
    going_on = lines.filter(~begins)["of"].unique()
    several = pl.col("of").is_in(going_on.implode())
    glued = pl.col("text").str.contains(_BREAK_BEFORE) if layout.name == "console" else pl.lit(False)
    joined = (
        lines.filter(several)
        .with_columns(glued=glued)
        .group_by("of", maintain_order=True)
        .agg(
            record=pl.col("line").first(),
            lines=pl.len().cast(pl.Int64),
            text=pl.when(pl.col("glued") | (pl.int_range(pl.len()) == 0))
            .then("text")
            .otherwise("\n" + pl.col("text"))
            .str.join(""),
        )
    )
    columns = ("record", "lines", "of", "text")
    single = lines.filter(~several).select(record="line", lines=pl.lit(1, pl.Int64), of="of", text="text")
    return pl.concat([single, joined.select(columns)]).sort("record")


def _begins(lines: pl.DataFrame, layout: Layout, hosts: set[str]) -> pl.Expr:
    """Whether a record begins at a line: the whole prefix, with a host that the scans of the file have."""
    text = pl.col("text")
    if "host" not in layout.groups():
        return text.str.contains(layout.bare)
    started = lines.filter(text.str.contains("Starting Loki Scan VERSION: ", literal=True))
    hosts |= set(started.select(text.str.extract(layout.only("host"))).to_series().drop_nulls())
    return text.str.contains(layout.of_hosts(hosts) if hosts else layout.bare)
