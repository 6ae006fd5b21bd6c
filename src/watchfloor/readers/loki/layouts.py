"""How Loki's records are laid out in a file: five layouts, told apart by their first lines, and the records of each.

Nothing is quoted or escaped, so a record begins only where the whole prefix of its layout stands, with a host that the
file's scans have; every other line continues the record before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["LAYOUTS", "STAMP_BYTES", "START", "Layout", "frame", "layout_of", "starts_scan"]

_LEVELS = "ALERT|WARNING|NOTICE|INFO|RESULT|ERROR|DEBUG"
START = "Starting Loki Scan VERSION: "
STAMP_BYTES = 18
_STAMP = r"[0-9]{8}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_TITLE = "Alert|Warning|Notice|Info|Result|Error|Debug"
_NAMED = rf"LOKI: (?P<level>{_TITLE}): MODULE: (?P<module>[A-Za-z]+) MESSAGE: "


@dataclass(frozen=True)
class Layout:
    """One way in which Loki writes a record."""

    name: str
    key: str
    """What stands before the message, the stamp left out, as a regex with groups for what the layout prints."""
    stamped: bool = True
    """Whether a record begins with a stamp of 18 bytes; else the key holds its time, or there is none."""

    @property
    def prefix(self) -> str:
        """All that stands before the message, as a regex without groups."""
        return (f"^{_STAMP}" if self.stamped else "^") + self._with(None)

    @property
    def prefix_key(self) -> str:
        """The prefix with one group, the key."""
        return (f"^{_STAMP}" if self.stamped else "^") + f"({self._with(None)})"

    @property
    def has_host(self) -> bool:
        """Whether each record names its host."""
        return "(?P<host>" in self.key

    def fields(self, keys: pl.DataFrame) -> pl.DataFrame:
        """What some distinct `key`s say: begin (of the message, in bytes), host, level, module, number, time."""
        key = pl.col("key")

        def group(name: str) -> pl.Expr:
            return key.str.extract(f"^{self._with(name)}") if f"(?P<{name}>" in self.key else pl.lit(None, pl.String)

        return keys.select(
            "key",
            begin=key.str.len_bytes().cast(pl.Int64) + (STAMP_BYTES if self.stamped else 0),
            host=group("host"),
            level=group("level").str.to_uppercase(),
            module=group("module"),
            number=group("number").cast(pl.Int64, strict=False),
            time=group("time").str.to_datetime(
                "%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False
            ),
        )

    def _with(self, group: str | None) -> str:
        """The key with one of its groups, or with none."""
        return re.sub(r"\?P<(\w+)>", lambda match: "" if match[1] == group else "?:", self.key)


LAYOUTS = (
    Layout("csv", rf",(?P<host>[^, ]+),(?P<level>{_LEVELS}),(?P<module>[A-Za-z]+),"),
    Layout("stdout_csv", rf",(?P<host>[^, ]+),(?P<level>{_LEVELS}),"),
    Layout("log", rf" (?P<host>[^ ]+) {_NAMED}"),
    Layout(
        "syslog",
        "<[0-9]+>1 (?P<time>[^ ]+) (?P<host>[^ ]+) LOKI [^ ]+ (?P<number>[^ ]+) [^ ]+ \ufeff?" + _NAMED,
        stamped=False,
    ),
    Layout("console", rf"\[(?P<level>{_LEVELS})\] ", stamped=False),
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
    if not any("Loki" in line or "LOKI" in line for line in lines):
        return None
    console = re.compile(LAYOUTS[-1].prefix)
    is_console = any(console.match(re.sub(f"{_SGR}|{_MARKS}|\r", "", line)) for line in lines)
    return LAYOUTS[-1] if is_console else None


def frame(lines: pl.DataFrame, layout: Layout, hosts: set[str]) -> pl.DataFrame:
    """The records of some lines: record, lines, text, begin of the message, host, level, module, number, time.

    Lines before the first record are one of its own, without a begin.

    Arguments:
        lines: `line` (number in the file) and `text`, in which each carriage return stands twice, but one at the end
            of a line is left out: so `scan_lines` gives a file whose carriage returns have been doubled.
        layout: of the file.
        hosts: hosts of the scans so far; those that start here are added.
    """
    text, key = pl.col("text"), pl.col("key")
    if layout.name == "console":
        lines = lines.with_columns(_undoubled(text).str.replace_all(f"{_SGR}|{_MARKS}|\r$", ""))
    lines = lines.with_columns(key=text.str.extract(layout.prefix_key))
    keys = layout.fields(lines.select(key.drop_nulls().unique()))
    begins = key.is_not_null()
    if layout.has_host:
        notices = keys.filter(pl.col("level") == "NOTICE")
        hosts |= set(
            lines.filter(key.is_in(notices["key"].implode())).join(notices, on="key").filter(starts_scan())["host"]
        )
        forged = keys.filter(~pl.col("host").is_in(list(hosts)))
        if hosts and forged.height:
            # What has another host is no record, but forged in a name.
            begins = begins & ~key.is_in(forged["key"].implode())
    # What stands before the first record goes together as one, too.
    lines = lines.with_columns(first=begins.fill_null(False), of=begins.fill_null(False).cum_sum())
    first = pl.col("first") | (pl.int_range(pl.len()) == 0)
    lines = lines.with_columns(
        alone=first & first.shift(-1, fill_value=True) & ~text.str.contains("\r\r", literal=True)
    )
    whole = lines.filter("alone").select("line", pl.lit(1, pl.Int64).alias("lines"), "text", "key", "first")
    if whole.height < lines.height:
        glued = text.str.contains(_BREAK_BEFORE) if layout.name == "console" else pl.lit(False)
        joined = lines.filter(~pl.col("alone"))
        if layout.name != "console":
            joined = joined.with_columns(_undoubled(text))
        joined = (
            joined.with_columns(
                pl.when(glued | pl.col("of").ne_missing(pl.col("of").shift(1))).then(text).otherwise("\n" + text)
            )
            .group_by("of", maintain_order=True)
            .agg(
                pl.col("line").first(),
                pl.len().cast(pl.Int64).alias("lines"),
                text.str.join(""),
                pl.col("key", "first").first(),
            )
        )
        whole = pl.concat([whole, joined.select(whole.columns)]).sort("line").rechunk()
    if not whole["first"].all():
        whole = whole.with_columns(key=pl.when("first").then(key))
    whole = whole.drop("first").rename({"line": "record"})
    return whole.join(keys, on="key", how="left", maintain_order="left").drop("key")


def _undoubled(text: pl.Expr) -> pl.Expr:
    """Lines with each carriage return once."""
    return (
        pl.when(text.str.ends_with("\r")).then(text + "\r").otherwise(text).str.replace_all("\r\r", "\r", literal=True)
    )


def starts_scan() -> pl.Expr:
    """Whether the message of a record is the first one of a scan."""
    return pl.col("text").cast(pl.Binary).bin.slice("begin", len(START)) == START.encode()
