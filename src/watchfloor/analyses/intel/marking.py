"""An answer in which rows that threat intelligence lists are marked, with what lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from watchfloor.analyses.allowing.entries import Entry
from watchfloor.analyses.allowing.matching import asked_of, matches
from watchfloor.analyses.intel.indicators import Feed, Indicator
from watchfloor.analyses.intel.reading import said_of
from watchfloor.result import Result

__all__ = ["marked"]

_RANKS = 10


def marked(result: Result, feeds: Sequence[Feed]) -> Result:
    """The same rows in the same order, with `threat_intel` and `indicator`: the first that lists the row.

    Arguments:
        result: an answer with `src_ip, dst_ip, name` or `domain`.
        feeds: as `load_intel` reads them.
    """
    table = result.collect().drop("threat_intel", "indicator", strict=False)
    told = asked_of(table.columns)
    listed = [(feed, one) for feed in feeds for one in feed.indicators]
    entries = [_entry(one) for _, one in listed]
    usable = [n for n, entry in enumerate(entries) if entry.conditions().keys() <= told]
    pairs = matches(table, [entries[n] for n in usable])
    first = pairs.group_by("row").agg(pl.col("entry").min())
    words = [f"{listed[n][1]} ({Path(listed[n][0].source).name})" for n in usable]
    found = (
        table.with_row_index("row")
        .join(first, on="row", how="left", maintain_order="left")
        .with_columns(
            threat_intel=pl.col("entry").is_not_null(),
            indicator=pl.lit(pl.Series(words, dtype=pl.String)).gather(pl.col("entry")),
        )
        .drop("row", "entry")
    )
    bad = found.with_row_index("place", offset=1).filter("threat_intel")["place"].to_list()
    ranks = ", ".join(map(str, bad[:_RANKS])) + (", .." if len(bad) > _RANKS else "")
    said = f"{len(bad):,} rows are listed (rows {ranks})." if bad else "No row is listed."
    rest = len(entries) - len(usable)
    asks = f" {rest:,} indicators ask for what this answer does not have." if rest else ""
    return replace(
        result,
        table=found.lazy(),
        explanation=f"{said_of(feeds)} {said}{asks} The score and the rank do not change. {result.explanation}".strip(),
    )


def _entry(one: Indicator) -> Entry:
    """An indicator as what a row must meet."""
    return Entry(
        reason="",
        owner="",
        expires=date.max,
        address=(one.address,) if one.address else (),
        domain=(one.name,) if one.name else (),
        port=(one.port,) if one.port else (),
    )
