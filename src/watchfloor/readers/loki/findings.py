"""The findings of a block of records: which records are hits, where each ends, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from watchfloor.readers.loki.hits import HEADER_FIELDS, exact_headers, is_file_hit, is_open, message, with_headers
from watchfloor.readers.loki.layouts import START
from watchfloor.readers.loki.others import fields
from watchfloor.readers.loki.reasons import Heads, split_all_exactly, split_quickly
from watchfloor.readers.loki.records import LONGEST_JOIN, Log

__all__ = ["Taken", "take_apart", "time_of"]

_HITS = ["ALERT", "WARNING", "NOTICE"]
_FRAME = ["Init", "Results", "PESieve", "Update"]
"""Modules whose notices are about the scan, not about the host."""
_FRAME_NOTICES = (
    "^(?:Starting Loki Scan |Finished LOKI Scan |Results: |PE-Sieve successfully |Cannot find PE-Sieve"
    "|Program should be run )"
)
"""The same where the layout prints no module."""
_PREFIX = ["order", "source", "record", "time", "host", "level", "module"]
_OF_HIT = [*_PREFIX, *HEADER_FIELDS[:-1]]


@dataclass(frozen=True)
class Taken:
    """What became of a block of records."""

    findings: pl.DataFrame
    """One row per hit and reason, in order."""
    broken: pl.DataFrame
    """File hits without a whole header: file, record, lines, text."""
    joined: pl.Series
    """`order` of the records that belong to the hit before them."""


def take_apart(records: pl.DataFrame, logs: Sequence[Log], heads: Heads) -> Taken:
    """The findings of some records.

    Arguments:
        records: `order`, `file` (place in `logs`), `stamp` (bytes of the time at the begin), and what `frame` gives.
        logs: the files.
        heads: of reasons that have been taken apart.
    """
    hits = _hits(records, logs)
    is_file = hits.select(is_file_hit()).to_series()
    of_files, cut = with_headers(hits.filter(is_file))
    reasons = split_quickly(of_files["reasons"], heads)
    unsure = reasons.filter(~pl.col("sound"))["hit"].unique()
    hits_found, reasons_found = [of_files.select(_OF_HIT)], [reasons.drop("sound")]
    joined = pl.Series("order", [], pl.UInt32)
    if len(unsure) or cut.height:
        exactly, cut, joined = _followed(of_files[unsure], cut, records, logs)
        reasons_found = [
            reasons_found[0].filter(~pl.col("hit").is_in(unsure.implode())),
            split_all_exactly(exactly["reasons"], heads).with_columns(pl.col("hit") + of_files.height),
        ]
        hits_found.append(exactly.select(_OF_HIT))
    others = hits.filter(~is_file)
    if others.height:
        said = fields(others.select(*_PREFIX, message=message())).drop(_PREFIX)
        reasons_found.append(said.drop("path").with_row_index("hit", offset=sum(map(len, hits_found))))
        hits_found.append(others.select(_PREFIX).hstack([said["path"]]))
    found = pl.concat(hits_found, how="diagonal", rechunk=True)
    reasons = pl.concat(reasons_found, how="diagonal", rechunk=True)
    order = found["order"].gather(reasons["hit"])
    if len(joined):
        kept = ~order.is_in(joined.implode())
        reasons, order = reasons.filter(kept), order.filter(kept)
    if not order.is_sorted():
        reasons = reasons.with_columns(order).sort("order", maintain_order=True).drop("order")
    return Taken(found.drop("order")[reasons["hit"]].hstack(reasons.drop("hit")), cut, joined)


def _followed(
    odd: pl.DataFrame, cut: pl.DataFrame, records: pl.DataFrame, logs: Sequence[Log]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Hits whose reasons are to be split exactly; those that stay without a header; the records joined to a hit.

    Arguments:
        odd: hits with a header and unsure reasons.
        cut: hits without a header.
        records: of the block.
        logs: the files.
    """
    order = pl.col("order")
    # A name with a whole header: the last one counts.
    again, has_one = pl.col("reasons").str.contains(" REASON_1: ", literal=True), pl.col("path").is_not_null()
    exact = exact_headers(odd.filter(again).drop(HEADER_FIELDS)).select(odd.columns)
    odd, cut = pl.concat([odd.filter(~again), exact.filter(has_one)]), pl.concat([cut, exact.filter(~has_one)])
    rejoined = _rejoined(pl.concat([cut, odd.filter(pl.col("reasons").pipe(is_open))]), records, logs)
    ranges = [range(first + 1, upto + 1) for first, upto in rejoined.select("order", "upto").iter_rows()]
    joined = pl.Series("order", [n for run in ranges for n in run], pl.UInt32)
    left = ~order.is_in(pl.concat([joined, rejoined["order"]]).implode())
    return pl.concat([odd.filter(left), rejoined.select(odd.columns)]), cut.filter(left), joined


def time_of(records: pl.DataFrame) -> pl.DataFrame:
    """The records with the times that their stamps say; a syslog's are there."""
    stamp = pl.col("text").cast(pl.Binary).bin.slice(0, "stamp").cast(pl.String, strict=False)
    return records.with_columns(
        time=pl.coalesce(
            stamp.str.to_datetime("%Y%m%dT%H:%M:%SZ", time_unit="us", time_zone="UTC", strict=False), "time"
        )
    )


def _hits(records: pl.DataFrame, logs: Sequence[Log]) -> pl.DataFrame:
    """The records that are hits, with their source, as Loki would have written them into a file."""
    module, level = pl.col("module"), pl.col("level")
    hits = records.filter(
        level.is_in(_HITS)
        & (module.is_null() | module.is_in(["FileScan", "ProcessScan"]) | (~module.is_in(_FRAME) & (level != "NOTICE")))
    )
    hits = _as_sent(hits, logs)
    if hits["module"].null_count():
        hits = hits.filter(module.is_not_null() | ~message().str.contains(_FRAME_NOTICES))
    sources = pl.Series([str(log.path) for log in logs], dtype=pl.String)
    return time_of(hits).with_columns(source=pl.lit(sources).gather("file"))


def _rejoined(cut: pl.DataFrame, records: pl.DataFrame, logs: Sequence[Log]) -> pl.DataFrame:
    """The hits that are over when as few as possible of the following records are joined to them; `upto` is the last.

    Only records of the same file, and none that starts a scan: one that was killed ends with a cut record.
    """
    order = pl.col("order")
    # As the file has it: a carriage return before a forged record is a part of the name.
    active = cut.drop("text", "size", *HEADER_FIELDS).join(records.select("order", "text"), on="order")
    done = [cut.clear().with_columns(upto=order)]
    for step in range(1, LONGEST_JOIN + 1):
        following = records.filter(order >= step).select(order - step, after="text", in_file="file")
        active = (
            active.join(following, on="order")
            .filter((pl.col("in_file") == pl.col("file")) & ~pl.col("after").str.contains(START, literal=True))
            .with_columns(text=pl.format("{}\n{}", "text", "after"))
            .drop("after", "in_file")
        )
        if not active.height:
            break
        # Most are not over for want of the word: no need to look closer.
        may_be_over = active.filter(pl.col("text").str.contains("REASON_1: ", literal=True))
        found = exact_headers(_as_sent(may_be_over, logs))
        found = found.filter(pl.col("path").is_not_null() & ~pl.col("reasons").pipe(is_open))
        done.append(found.select(*cut.columns, upto=order + step))
        active = active.filter(~order.is_in(found["order"].implode()))
    over = pl.concat(done).sort("order")
    apart, last = [], -1
    for first, upto in over.select("order", "upto").iter_rows():  # few: what forged records have cut
        # A hit within one that is joined is a part of it.
        apart.append(first > last)
        last = upto if first > last else last
    return over.filter(pl.Series(apart, dtype=pl.Boolean))


def _as_sent(hits: pl.DataFrame, logs: Sequence[Log]) -> pl.DataFrame:
    """The hits without what the way into the file has added to the text; `size` is where it ends, in bytes."""
    text, file = pl.col("text"), pl.col("file")
    if escaped := [log.number for log in logs if log.escapes_breaks]:
        # In a Windows path, backslash and n are what they seem.
        sent = text.cast(pl.Binary).bin.slice("begin").cast(pl.String)
        broken = file.is_in(escaped) & sent.str.contains(r"^FILE: /.*\\n.* SCORE: ")
        hits = hits.with_columns(pl.when(broken).then(text.str.replace_all("\\n", "\n", literal=True)).otherwise(text))
    if consoles := [log.number for log in logs if log.layout.name == "console"]:
        hits = hits.with_columns(pl.when(file.is_in(consoles)).then(text.str.strip_chars_end(" \n")).otherwise(text))
    # Only now: before a forged record, a carriage return is a part of the name. A message may be empty: then the blank
    # that was cut from the end belongs to the prefix.
    size = text.str.len_bytes().cast(pl.Int64) - text.str.ends_with("\r").cast(pl.Int64)
    return hits.with_columns(size=pl.max_horizontal(size, "begin"))
