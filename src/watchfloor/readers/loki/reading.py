"""Reads Loki scan logs, many files at once: records are framed per file, and taken apart together, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from watchfloor import times
from watchfloor.engine import Keeper, in_order
from watchfloor.readers._reader import Head, Options, Reader, Tables
from watchfloor.readers.loki.findings import Taken, take_apart
from watchfloor.readers.loki.layouts import layout_of
from watchfloor.readers.loki.reasons import Heads
from watchfloor.readers.loki.records import Log
from watchfloor.readers.loki.scans import Counter
from watchfloor.schemas import FINDINGS, LEDGER, REJECTS, SCANS

__all__ = ["READER", "findings_by_block"]

BLOCK_BYTES = 20 * 1024 * 1024


def accepts(head: Head) -> bool:
    """The first line has the prefix of a record, or the lines are what Loki shows on a terminal."""
    return layout_of(head.lines) is not None


def read(paths: Sequence[Path], options: Options) -> Tables:
    """The findings and scans of some files."""
    logs: list[Log] = []
    counter = Counter()
    keeper = Keeper(FINDINGS.schema)
    for block in findings_by_block(paths, options, logs, counter):
        keeper.add(block)
    return {
        "findings": keeper.lazy(),
        "scans": SCANS.fill(counter.scans(logs), scanner="loki"),
        "rejects": pl.concat([REJECTS.empty(), *(reject for log in logs for reject in log.rejects)]),
        "ledger": LEDGER.fill(pl.DataFrame([log.ledger() for log in logs], schema=LEDGER.schema, orient="row")),
    }


def findings_by_block(
    paths: Sequence[Path], options: Options, logs: list[Log], counter: Counter
) -> Iterator[pl.DataFrame]:
    """FINDINGS in blocks, in the order of the files; small files share a block.

    Arguments:
        paths: the files.
        options: what the user said.
        logs: gets the account of each file.
        counter: gets what is known of the scans.
    """
    heads = Heads()

    def taken_apart(records: pl.DataFrame) -> tuple[pl.DataFrame, Taken]:
        taken = take_apart(records, logs, heads)
        findings = FINDINGS.fill(_with_instants(taken.findings, options.zone), scanner="loki").collect()
        return records, replace(taken, findings=findings)

    for records, taken in in_order(taken_apart, _blocks(paths, options, logs)):
        counter.add(records.filter(~pl.col("order").is_in(taken.joined.implode())) if len(taken.joined) else records)
        _account(records, taken, logs)
        yield taken.findings


def _blocks(paths: Sequence[Path], options: Options, logs: list[Log]) -> Iterator[pl.DataFrame]:
    """Records of one or more files; `order` numbers them."""
    waiting: list[pl.DataFrame] = []
    size = 0
    for path in paths:
        log = Log.open(path, len(logs))
        logs.append(log)
        for records, stored in log.records(BLOCK_BYTES, options):
            waiting.append(records)
            size += stored
            if size >= BLOCK_BYTES // 2:
                yield pl.concat(waiting, rechunk=True).with_row_index("order")
                waiting, size = [], 0
    if waiting:
        yield pl.concat(waiting, rechunk=True).with_row_index("order")


def _account(records: pl.DataFrame, taken: Taken, logs: list[Log]) -> None:
    """Enters a block's records into the accounts of their files."""
    for number, read, lines in records.group_by("file").agg(pl.len(), pl.col("lines").sum()).iter_rows():  # one a file
        logs[number].read += read
        logs[number].continued += lines - read
    for number in records.filter(pl.col("order").is_in(taken.joined.implode()))["file"] if len(taken.joined) else ():
        logs[number].read -= 1
        logs[number].continued += 1
    for number in taken.broken["file"].unique():
        broken = taken.broken.filter(pl.col("file") == number)
        logs[number].read -= broken.height
        logs[number].continued -= int(broken["lines"].sum()) - broken.height
        logs[number].reject(broken, "a file hit that is cut before its reasons")


def _with_instants(findings: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    """With the file's times as instants, where the zone of the scanned machine is known."""
    if zone is None:
        return findings
    return findings.with_columns(
        _instant(f"{name}_text", zone).alias(f"file_{name}_time") for name in ("created", "modified", "accessed")
    )


def _instant(column: str, zone: str) -> pl.Expr:
    """A clock time of the scanned machine as an instant; null in the repeated hour, where it would be a guess."""
    clock = pl.col(column).str.replace("  ", " 0").str.to_datetime("%a %b %d %H:%M:%S %Y", time_unit="us", strict=False)
    earliest, latest, _ = times.resolve(clock, zone)
    return pl.when(earliest == latest).then(earliest)


READER = Reader(
    name="loki",
    about="Loki scan logs: csv, default log, terminal (with and without colours), syslog over UDP and TCP",
    tables=("findings", "scans"),
    accepts=accepts,
    read=read,
    sign="the prefix of Loki's records: time, host, level, module",
)
