"""What if a weight or threshold were another one: which rows enter and leave the list, and where each would stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from watchfloor.analyses.whatif import hunting, long, our_beacons, rita_beacons, tunnels
from watchfloor.analyses.whatif.changes import Changed, number_of
from watchfloor.errors import BadOption
from watchfloor.result import Result

__all__ = ["what_if"]

_QUESTIONS: tuple[tuple[frozenset[str], Callable[[pl.DataFrame, Result, Mapping[str, Any]], Changed]], ...] = (
    (frozenset({"final_score", "modifiers"}), hunting.changed),
    (frozenset({"hist_score", "beacon_threat_score"}), rita_beacons.changed),
    (frozenset({"regularity", "twinless"}), our_beacons.changed),
    (frozenset({"occupied_seconds", "total_duration_seconds"}), long.changed),
    (frozenset({"shape", "carried_out_bytes"}), tunnels.changed),
)
"""Columns that tell of which question an answer is, and what changes it."""
_WHO = ("kind", "src_ip", "dst_ip", "name", "domain", "dst_port")
_NAMED = 5


def what_if(result: Result, changes: Mapping[str, Any]) -> Result:
    """The answer as it would be.

    Arguments:
        result: of `beacons`, `hunt`, `long-connections` or `dns-tunnels`.
        changes: new values by name; `first` makes the list the first so many rows.

    Raises:
        BadOption: a name that the score does not have, a value that means nothing, or what needs the logs.
    """
    wanted = dict(changes)
    first = int(number_of("first", wanted.pop("first"), 1, 1e9)) if "first" in wanted else None
    table = result.collect()
    allowed = 0
    if "allowed" in table.columns:
        allowed = int(table["allowed"].is_not_null().sum())
        table = table.filter(pl.col("allowed").is_null())
    change = next((change for columns, change in _QUESTIONS if columns <= set(table.columns)), None)
    if change is None:
        raise BadOption(
            f"{result.title or 'this answer'}: its score has no weights and thresholds that could be others",
            hint="what-if is for beacons (watchfloor, rita), hunt, long-connections and dns-tunnels",
        )
    if not wanted and first is None:
        raise BadOption("what if what? No new value is given", hint="name=value: unique_connection_threshold=10")
    found = change(table, result, wanted)
    ranked = _ranked(found.table, first)
    list_is = f"the first {first:,} rows" if first else found.list_is
    said = ", ".join(f"{key} = {value}" for key, value in wanted.items()) or "nothing changed"
    gone = ranked["score"].null_count()
    moved = ranked.filter(pl.col("change").is_in(["enters", "leaves"]))
    return Result(
        title=f"What if {said}",
        name="what_if",
        table=ranked.lazy(),
        explanation=" ".join(
            sentence
            for sentence in (
                f"What if {said}: {_count(ranked, 'enters')} the list, {_count(ranked, 'leaves')} it.",
                f"The list is {list_is}: {int(ranked['listed_before'].sum()):,} rows before,"
                f" {int(ranked['listed'].sum()):,} now.",
                *(_named(ranked, change) for change in ("enters", "leaves")),
                f"Rows that would not be there: {gone:,}." if gone else "",
                *found.notes,
                f"Allowed rows are left out: {allowed:,}." if allowed else "",
                "Computed from the stored columns of the answer; no log was read.",
            )
            if sentence
        ),
        parts=(
            Result(
                title="What enters and leaves",
                name="moved",
                table=moved.lazy(),
                explanation="Rows that are in the list now and were not, or were and are not.",
            ),
            *found.parts,
        ),
        provenance=replace(
            result.provenance,
            parameters={**result.provenance.parameters, "what_if": dict(changes)},
        ),
    )


def _ranked(table: pl.DataFrame, first: int | None) -> pl.DataFrame:
    """The rows in their new order, with the old one."""
    last = [pl.col("known").is_not_null()] if "shape" in table.columns else []
    ranked = (
        table.drop("rank", strict=False)
        .with_row_index("rank_before", offset=1)
        .sort(*last, pl.col("score").neg(), "rank_before", nulls_last=True)
        .with_row_index("rank", offset=1)
        .with_columns(pl.col("rank", "rank_before").cast(pl.Int64))
    )
    if first is not None:
        ranked = ranked.with_columns(listed_before=pl.col("rank_before") <= first, listed=pl.col("rank") <= first)
    change = (
        pl.when(pl.col("listed") & ~pl.col("listed_before"))
        .then(pl.lit("enters"))
        .when(~pl.col("listed") & pl.col("listed_before"))
        .then(pl.lit("leaves"))
        .when(pl.col("rank") < pl.col("rank_before"))
        .then(pl.lit("rises"))
        .when(pl.col("rank") > pl.col("rank_before"))
        .then(pl.lit("falls"))
        .otherwise(pl.lit("stays"))
    )
    front = ["change", "rank", "rank_before", "score", "score_before"]
    front += [name for name in ("severity", "severity_before") if name in ranked.columns]
    who = [name for name in _WHO if name in ranked.columns]
    return ranked.with_columns(change=change).select(*front, *who, "listed", "listed_before")


def _count(ranked: pl.DataFrame, change: str) -> str:
    number = ranked.filter(pl.col("change") == change).height
    return f"1 row {change}" if number == 1 else f"{number:,} rows {change.removesuffix('s')}"


def _named(ranked: pl.DataFrame, change: str) -> str:
    """The first of those that enter or leave."""
    rows = ranked.filter(pl.col("change") == change)
    if not rows.height:
        return ""
    ends = [pl.col(name) for name in ("name", "domain", "dst_ip") if name in rows.columns]
    pairs = rows.head(_NAMED).select(
        pl.format("{} → {} ({} → {})", pl.coalesce("src_ip", pl.lit("any")), pl.coalesce(ends), "rank_before", "rank")
    )
    more = rows.height - _NAMED
    return f"It {change}: {'; '.join(pairs.to_series().drop_nulls())}{f'; and {more:,} more' if more > 0 else ''}."
