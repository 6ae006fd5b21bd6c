"""Reads Loki scan logs, many files at once: blocks are framed per file, and taken apart together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.engine import Keeper
from watchfloor.errors import UnreadableFile
from watchfloor.readers import files
from watchfloor.readers._reader import REJECTED_CHARACTERS, Head, Options, Reader, Tables
from watchfloor.readers.loki.hits import COMPLETE, headers
from watchfloor.readers.loki.layouts import LAYOUTS, Layout, frame, layout_of
from watchfloor.readers.loki.others import fields
from watchfloor.readers.loki.reasons import explode
from watchfloor.readers.loki.scans import NOTABLE, counted, is_notable, scans
from watchfloor.readers.texts import with_damage
from watchfloor.schemas import FINDINGS, LEDGER, REJECTS, SCANS

__all__ = ["READER", "findings_by_block"]

BLOCK_BYTES = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_START = "Starting Loki Scan VERSION: "
_LONGEST_JOIN = 20
"""So many records may a hit be cut into by forged prefixes."""
_OPEN = r"(?: MATCHES: |, )\$[A-Za-z0-9_]*: '[^']*$"
"""A matched string that does not end."""
_FRAME = ("Init", "Results", "PESieve", "Update")
"""Modules whose notices are about the scan, not about the host."""
_FRAME_NOTICES = (
    "^(?:Starting Loki Scan |Finished LOKI Scan |Results: |PE-Sieve successfully |Cannot find PE-Sieve"
    "|Program should be run )"
)
"""The same where the layout prints no module."""


@dataclass
class _File:
    """What is known of one file while it is read."""

    path: Path
    number: int
    layout: Layout
    one_line_each: bool = False
    """Whether no record of a syslog has several lines, as it is over TCP."""
    hosts: set[str] = field(default_factory=set)
    host: str | None = None
    """Of the scan that goes on, where the layout names it at its start only."""
    lines: int = 0
    read: int = 0
    continued: int = 0
    rejected: int = 0
    skipped: int = 0
    partial: str | None = None
    counts: list[pl.DataFrame] = field(default_factory=list)
    notable: list[pl.DataFrame] = field(default_factory=list)
    rejects: list[pl.LazyFrame] = field(default_factory=list)

    def reject(self, records: pl.DataFrame, reason: str) -> None:
        """Puts records (record, lines, text) among the rejects."""
        if records.height:
            cut = records.with_columns(pl.col("text").str.strip_suffix("\r").str.head(REJECTED_CHARACTERS))
            self.rejects.append(REJECTS.fill(cut, source=str(self.path), reason=reason))
            self.rejected += int(records["lines"].sum())

    def undo(self, hits: pl.DataFrame, reason: str) -> None:
        """Puts hits that were counted as read among the rejects."""
        self.read -= hits.height
        self.continued -= int(hits["lines"].sum()) - hits.height
        self.reject(hits.rename({"message": "text"}), reason)


def accepts(head: Head) -> bool:
    """The first line has the prefix of a record, or the lines are what Loki shows on a terminal."""
    return layout_of(head.lines) is not None


def read(paths: Sequence[Path], options: Options) -> Tables:
    """The findings and scans of some files."""
    done: list[_File] = []
    keeper = Keeper(FINDINGS.schema)
    for block in findings_by_block(paths, options, done):
        keeper.add(block)
    return {
        "findings": keeper.lazy(),
        "scans": pl.concat([SCANS.empty(), *(_scans(file) for file in done)]),
        "rejects": pl.concat([REJECTS.empty(), *(reject for file in done for reject in file.rejects)]),
        "ledger": LEDGER.fill(pl.DataFrame([_ledger(file) for file in done], schema=LEDGER.schema, orient="row")),
    }


def findings_by_block(paths: Sequence[Path], options: Options, done: list[_File]) -> Iterator[pl.DataFrame]:
    """FINDINGS in blocks, in the order of the files; small files share a block."""
    waiting: list[pl.DataFrame] = []
    size = 0
    for path in paths:
        layout = layout_of(files.head(path).lines)
        if layout is None and path.stat().st_size:
            raise UnreadableFile(
                f"{path}: no record of a Loki scan begins its first lines", hint="is it another tool's log?"
            )
        file = _File(path, len(done), layout or LAYOUTS[0])
        file.one_line_each = file.layout.name == "syslog" and _one_line_each(path)
        done.append(file)
        for records, stored in _records(file, options):
            waiting.append(records)
            size += stored
            if size >= BLOCK_BYTES:
                yield _taken_apart(waiting, done, options)
                waiting, size = [], 0
    if waiting:
        yield _taken_apart(waiting, done, options)


def _records(file: _File, options: Options) -> Iterator[tuple[pl.DataFrame, int]]:
    """The candidate hits of a file, block by block; what else its records say is kept with the file."""
    rest = b""

    def cut_short(why: str) -> None:
        file.partial = why

    blocks = files.blocks(file.path, BLOCK_BYTES, progress=options.progress, cut_short=cut_short)
    current = next(blocks, None)
    while current is not None:
        following = next(blocks, None)
        block = rest + current if file.lines else (rest + current).removeprefix(_BOM)
        lines, bad = _lines(block, file)
        records = frame(lines, file.layout, file.hosts)
        rest = b""
        if following is not None and records.height:
            # The last record may go on in the next block, and a hit that is cut be joined with what stands there.
            ending = records.tail(_LONGEST_JOIN + 1)
            cut = ending.filter(_is_cut(file.layout))["record"].to_list()
            last = min([int(records["record"][-1]), *cut])
            rest = _tail(block, int((lines["line"] >= last).sum()))
            records = records.filter(pl.col("record") < last)
            lines = lines.filter(pl.col("line") < last)
        file.lines += lines.height
        yield _sorted_out(file, records, bad), len(block) - len(rest)
        current = following


def _lines(block: bytes, file: _File) -> tuple[pl.DataFrame, list[int]]:
    """Physical lines with their numbers, and the numbers of those that hold bytes that are no UTF-8."""
    number = pl.int_range(pl.len(), dtype=pl.Int64) + file.lines + 1
    try:
        # scan_lines takes one carriage return away before each line feed: what stands in a record must stay.
        kept = block.replace(b"\r\n", b"\r\r\n")
        return pl.scan_lines(kept, name="text").select(line=number, text="text").collect(), []
    except pl.exceptions.ComputeError:
        pass  # bytes that are no UTF-8: below
    text, bad = with_damage(block, file.lines + 1)
    lines = pl.DataFrame({"text": [text.removesuffix("\n")]}).select(pl.col("text").str.split("\n").explode())
    return lines.select(line=number, text="text"), bad


def _one_line_each(path: Path) -> bool:
    """Whether every line of a syslog begins a record. The whole file decides: a block may hold no sign of it."""
    blocks = files.blocks(path, BLOCK_BYTES, progress=lambda _: None, cut_short=lambda _: None)
    for n, block in enumerate(blocks):
        text = b"\n" + (block if n else block.removeprefix(_BOM)).removesuffix(b"\n")
        if text.count(b"\n") != text.count(b"\n<"):
            return False
    return True


def _tail(block: bytes, lines: int) -> bytes:
    """The last lines of a block that ends in a line feed."""
    at = len(block)
    for _ in range(lines + 1):
        at = block.rfind(b"\n", 0, at)
    return block[at + 1 :]


def _sorted_out(file: _File, records: pl.DataFrame, bad: list[int]) -> pl.DataFrame:
    """The candidate hits among the records; counts, the frame of the scan and rejects stay with the file."""
    before = records.filter(pl.col("of") == 0)
    if before.height:
        records = records.filter(pl.col("of") > 0)
        file.reject(before.filter(pl.col("text").str.strip_chars() != ""), "no record has begun before this line")
        file.skipped += int(before.filter(pl.col("text").str.strip_chars() == "")["lines"].sum())
    if bad:
        # Signed: a line before the first record has no place in the list.
        at = records["record"].search_sorted(pl.Series(bad, dtype=pl.Int64), side="right").cast(pl.Int64) - 1
        damaged = pl.col("record").is_in(records["record"].gather(at.filter(at >= 0)).implode())
        file.reject(records.filter(damaged), "bytes that are no UTF-8")
        records = records.filter(~damaged)
    # Only now: before a forged record, a carriage return is a part of the name.
    records = _rejoined(records, file.layout).with_columns(pl.col("text").str.strip_suffix("\r"))
    records = records.pipe(_with_level_and_host, file)
    file.read += records.height
    file.continued += int(records["lines"].sum()) - records.height
    notable = (
        records.filter(~pl.col("level").is_in(["ALERT", "WARNING"]))
        .filter(pl.col("text").str.contains_any(list(NOTABLE)))
        .pipe(_with_prefix, file)
        .filter(is_notable(pl.col("message")))
        .select("record", "host", "time", "message")
    )
    file.notable.append(notable)
    file.counts.append(counted(records, pl.concat(file.notable)))
    module, level = pl.col("module"), pl.col("level")
    hits = (
        records.filter(level.is_in(["ALERT", "WARNING", "NOTICE"]))
        .pipe(_with_prefix, file)
        .filter(
            module.is_null() | module.is_in(["FileScan", "ProcessScan"]) | (~module.is_in(_FRAME) & (level != "NOTICE"))
        )
        .filter(module.is_not_null() | ~pl.col("message").str.contains(_FRAME_NOTICES))
    )
    message = pl.col("message")
    if file.one_line_each:
        # Over TCP a line break is sent as backslash and n; in a Windows path the two are what they seem.
        broken = message.str.contains(r"^FILE: /.*\\n.* SCORE: ")
        hits = hits.with_columns(
            message=pl.when(broken).then(message.str.replace_all("\\n", "\n", literal=True)).otherwise(message)
        )
    if file.layout.name == "console":
        hits = hits.with_columns(message.str.strip_chars_end(" \n"))
    return hits.select("record", "lines", "time", "host", "level", "module", "message", file=pl.lit(file.number))


def _with_level_and_host(records: pl.DataFrame, file: _File) -> pl.DataFrame:
    """What is counted of every record: its level and host, and its number where the layout has one."""
    text, layout, groups = pl.col("text"), file.layout, file.layout.groups()
    number = text.str.extract(layout.only("number")).cast(pl.Int64, strict=False) if "number" in groups else None
    records = records.with_columns(
        level=text.str.extract(layout.only("level")).str.to_uppercase(), number=pl.lit(None, pl.Int64)
    )
    if number is not None:
        records = records.with_columns(number=number)
    if "host" in groups:
        one = len(file.hosts) == 1
        return records.with_columns(
            host=pl.lit(next(iter(file.hosts))) if one else text.str.extract(layout.only("host"))
        )
    system = text.str.extract(r"Starting Loki Scan VERSION: .*? SYSTEM: ([^ ]+) TIME: ")
    records = records.with_columns(host=system.forward_fill().fill_null(pl.lit(file.host, pl.String)))
    file.host = str(records["host"].last()) if records["host"].drop_nulls().len() else file.host
    return records


def _with_prefix(records: pl.DataFrame, file: _File) -> pl.DataFrame:
    """The rest of what stands before the message, and the message."""
    layout = file.layout
    own = [name for name in layout.groups() if name not in ("level", "host", "number")]
    absent = [pl.lit(None, pl.String).alias(name) for name in ("time_text", "module") if name not in own]
    records = records.with_columns(
        *(pl.col("text").str.extract(layout.only(name)).alias(name) for name in own), *absent
    )
    stamp = pl.col("time_text").str.to_datetime(layout.time_format, time_unit="us", time_zone="UTC", strict=False)
    return records.with_columns(message=layout.message(), time=stamp)


def _is_cut(layout: Layout) -> pl.Expr:
    """Whether a record is a file hit that is not over: without a complete header, or within a matched string."""
    text = pl.col("text").str.strip_suffix("\r")
    closed = text.str.ends_with("'") & ~text.str.ends_with(": '")
    is_hit = text.str.contains(layout.message_begins("FILE: "))
    return is_hit & (~text.str.contains(COMPLETE) | (~closed & text.str.contains(_OPEN)))


def _rejoined(records: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Hits that a forged prefix in a name or a matched string has cut, joined again with what follows."""
    cut = records.with_row_index("at").filter(_is_cut(layout))
    if not cut.height:
        return records
    gone: set[int] = set()
    joined: dict[int, tuple[str, int]] = {}
    for at, whole, lines in cut.select("at", "text", "lines").iter_rows():  # few: only what is cut
        if at in gone:
            continue
        for following in range(at + 1, min(at + 1 + _LONGEST_JOIN, records.height)):
            if _START in records.item(following, "text"):
                break  # a scan that was killed ends with a cut record; the next one is no part of it
            whole = f"{whole}\n{records.item(following, 'text')}"  # noqa: PLW2901 - grows until it is complete
            lines += records.item(following, "lines")  # noqa: PLW2901
            one = pl.DataFrame({"message": [whole]}).select(pl.col("message").str.replace(layout.prefix, ""))
            if (
                headers(one)
                .select((pl.col("path").is_not_null() & ~pl.col("reasons").str.contains(_OPEN)).all())
                .item()
            ):
                joined[at] = (whole, lines)
                gone |= set(range(at + 1, following + 1))
                break
    if not joined:
        return records
    new = pl.DataFrame(
        {"at": list(joined), "text": [text for text, _ in joined.values()], "lines": [n for _, n in joined.values()]},
        schema={"at": pl.UInt32, "text": pl.String, "lines": pl.Int64},
    )
    return records.with_row_index("at").filter(~pl.col("at").is_in(list(gone))).update(new, on="at").drop("at")


def _taken_apart(waiting: list[pl.DataFrame], done: list[_File], options: Options) -> pl.DataFrame:
    """The findings of candidate hits; a file hit without a complete header is a reject of its file."""
    hits = pl.concat(waiting).with_row_index("order")
    is_file = pl.col("message").str.starts_with("FILE: ")
    found = headers(hits.filter(is_file))
    broken = found.filter(pl.col("path").is_null())
    for number in broken["file"].unique():
        done[number].undo(broken.filter(pl.col("file") == number), "a file hit that is cut before its reasons")
    of_files = explode(found.filter(pl.col("path").is_not_null()).drop("message"))
    of_others = fields(hits.filter(~is_file))
    sources = pl.DataFrame(
        {"file": [file.number for file in done], "source": [str(file.path) for file in done]},
        schema={"file": pl.Int32, "source": pl.String},
    )
    both = pl.concat([of_files, of_others], how="diagonal").sort("order", "reason_number")
    both = both.join(sources, on="file", how="left", maintain_order="left")
    if options.zone is not None:
        both = both.with_columns(
            _instant(f"{name}_text", options.zone).alias(f"file_{name}_time")
            for name in ("created", "modified", "accessed")
        )
    return FINDINGS.fill(both, scanner="loki").collect()


def _instant(column: str, zone: str) -> pl.Expr:
    """A clock time of the scanned machine as an instant; null in the repeated hour, where it would be a guess."""
    clock = pl.col(column).str.replace("  ", " 0").str.to_datetime("%a %b %d %H:%M:%S %Y", time_unit="us", strict=False)
    earliest, latest, _ = times.resolve(clock, zone)
    return pl.when(earliest == latest).then(earliest)


def _scans(file: _File) -> pl.LazyFrame:
    if not file.counts:
        return SCANS.empty()
    found = scans(pl.concat(file.counts), pl.concat(file.notable), numbered=file.layout.name == "syslog")
    return SCANS.fill(found, source=str(file.path), scanner="loki")


def _ledger(file: _File) -> dict[str, object]:
    return {
        "source": str(file.path),
        "format": "loki",
        "file_bytes": file.path.stat().st_size,
        "lines": file.lines,
        "lines_read": file.read,
        "lines_continued": file.continued,
        "lines_rejected": file.rejected,
        "lines_skipped": file.skipped,
        "partial": file.partial,
    }


READER = Reader(
    name="loki",
    about="Loki scan logs: csv, default log, terminal (with and without colours), syslog over UDP and TCP",
    tables=("findings", "scans"),
    accepts=accepts,
    read=read,
)
