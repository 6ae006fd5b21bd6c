"""An answer with allow lists applied: what is allowed is ranked after all others, with its reason, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from watchfloor.analyses.allowing.entries import AllowList, Entry, load_list
from watchfloor.analyses.allowing.matching import asked_of, matches
from watchfloor.analyses.hunt import worst_rows
from watchfloor.errors import BadOption
from watchfloor.result import Result

__all__ = ["ADDED", "allowed", "score_of"]

ADDED = ("allowed", "allowed_by", "rank_of_all")
"""Columns that are added: the reason, the entry, and the place among all rows, the allowed ones included."""
_SAID = 5
"""So many entries are named in the explanation."""
_STATUS = ("applied", "matches nothing", "repeats another", "expired", "cannot be judged here")


def allowed(result: Result, lists: Sequence[str | Path | AllowList], *, today: date | None = None) -> Result:
    """The same answer, in which rows that meet an entry stand after all others.

    Arguments:
        result: of `beacons`, `hunt`, `long-connections`, `dns-tunnels`, or any with `src_ip, dst_ip, name` or `domain`.
        lists: files, or lists as `load_list` reads them.
        today: entries that expire on this day or before are not applied; by default the present day, UTC.

    Raises:
        BadOption: a list that cannot be read, or an answer that is not about the network.
    """
    loaded = [one if isinstance(one, AllowList) else load_list(one) for one in lists]
    day = today or datetime.now(UTC).date()
    table = in_first_order(result.collect())
    told = asked_of(table.columns)
    if not told & {"src", "dst", "domain"}:
        raise BadOption(
            f"{result.title or 'this answer'}: its rows have no addresses and no names, so nothing can be allowed",
            hint="allow lists are for beacons, hunt, long-connections and dns-tunnels",
        )
    listed = [(one.source, entry) for one in loaded for entry in one.entries]
    status = _status([entry for _, entry in listed], told, day)
    applied = [number for number, word in enumerate(status) if word == "applied"]
    pairs = matches(table, [listed[number][1] for number in applied])
    pairs = pairs.with_columns(entry=pl.Series(applied, dtype=pl.Int64).gather(pairs["entry"]))
    ranked = _ranked(table, pairs, listed)
    report = _report(ranked, pairs, listed, status)
    old_rank = {"rank_of_all": "rank"} if "rank" in ranked.columns else {}
    places = ranked.select("rank_of_all", *old_rank.values())
    provenance = replace(
        result.provenance,
        parameters={**result.provenance.parameters, "allow": [one.source for one in loaded]},
    )
    return replace(
        result,
        table=ranked.lazy(),
        explanation=f"{_explained(ranked, report, loaded)} {_before(result)}".strip(),
        parts=(
            *(_again(part, ranked, places) for part in result.parts if part.name != "allow_list"),
            _part(report, day),
        ),
        provenance=provenance,
        first_columns=tuple(dict.fromkeys((*result.first_columns, *(("allowed",) if result.first_columns else ())))),
    )


_ALL = "What follows is of all rows."
"""Between what lists say and what the answer said before."""


def _before(result: Result) -> str:
    """The explanation without what an earlier list said."""
    return result.explanation.rpartition(_ALL)[2].strip()


def in_first_order(table: pl.DataFrame) -> pl.DataFrame:
    """The rows as they stood before any list was applied."""
    if "rank_of_all" not in table.columns:
        return table
    before = table.sort("rank_of_all")
    if "rank" in before.columns:
        before = before.with_columns(rank=pl.col("rank_of_all").cast(before.schema["rank"]))
    return before.drop(ADDED, strict=False)


def _status(entries: Sequence[Entry], told: set[str], day: date) -> list[str]:
    seen: set[tuple[tuple[str, tuple[object, ...]], ...]] = set()
    found = []
    for entry in entries:
        shape = tuple(entry.conditions().items())
        if entry.expires <= day:
            found.append("expired")
        elif not entry.conditions().keys() <= told:
            found.append("cannot be judged here")
        elif shape in seen:
            found.append("repeats another")
        else:
            seen.add(shape)
            found.append("applied")
    return found


def _ranked(table: pl.DataFrame, pairs: pl.DataFrame, listed: Sequence[tuple[str, Entry]]) -> pl.DataFrame:
    """All rows, the allowed ones last; of several entries the first in the list is named."""
    first = pairs.group_by("row").agg(pl.col("entry").min())
    words = pl.DataFrame(
        [(number, entry.reason, f"{Path(source).name}: {entry}") for number, (source, entry) in enumerate(listed)],
        {"entry": pl.Int64, "allowed": pl.String, "allowed_by": pl.String},
        orient="row",
    )
    ranked = (
        table.with_row_index("row")
        .join(first, on="row", how="left", maintain_order="left")
        .join(words, on="entry", how="left", maintain_order="left")
        .with_columns(rank_of_all=pl.col("row").cast(pl.Int64) + 1)
        .sort(pl.col("entry").is_not_null(), "row")
    )
    if "rank" in table.columns:
        ranked = ranked.with_columns(rank=pl.int_range(1, pl.len() + 1).cast(table.schema["rank"]))
    columns = list(table.columns)
    place = columns.index("rank") + 1 if "rank" in columns and columns[0] == "rank" else len(columns)
    return ranked.select(*columns[:place], "allowed", *columns[place:], "allowed_by", "rank_of_all")


def score_of(columns: Sequence[str]) -> str | None:
    """The column of the score that an answer is ranked by."""
    return next((name for name in ("final_score", "score") if name in columns), None)


def _report(
    ranked: pl.DataFrame, pairs: pl.DataFrame, listed: Sequence[tuple[str, Entry]], status: Sequence[str]
) -> pl.DataFrame:
    """One row per entry, in the order of the lists."""
    score = score_of(ranked.columns)
    bad = pl.col("threat_intel").sum() if "threat_intel" in ranked.columns else pl.lit(None, pl.Int64)
    facts = ranked.lazy().with_columns(row=(pl.col("rank_of_all") - 1).cast(pl.UInt32))
    if "src_ip" not in ranked.columns:
        facts = facts.with_columns(src_ip=pl.lit(None, pl.String))
    met = (
        pairs.lazy()
        .join(facts, on="row")
        .group_by("entry")
        .agg(
            rows=pl.len().cast(pl.Int64),
            hosts=pl.col("src_ip").drop_nulls().n_unique().cast(pl.Int64),
            highest_score=pl.col(score).max() if score else pl.lit(None, pl.Float64),
            threat_intel_rows=bad.cast(pl.Int64),
        )
    )
    first = pairs.lazy().group_by("row").agg(pl.col("entry").min()).group_by("entry").agg(counted=pl.len())
    entries = pl.LazyFrame(
        [
            (number, word, str(entry), entry.reason, entry.owner, entry.expires, source)
            for number, ((source, entry), word) in enumerate(zip(listed, status, strict=True))
        ],
        {
            "entry": pl.Int64,
            "status": pl.String,
            "allows": pl.String,
            "reason": pl.String,
            "owner": pl.String,
            "expires": pl.Date,
            "source": pl.String,
        },
        orient="row",
    )
    rows = pl.col("rows").fill_null(0)
    return (
        entries.join(met, on="entry", how="left")
        .join(first, on="entry", how="left")
        .sort("entry")
        .with_columns(
            pl.col("entry") + 1,
            rows,
            rows_counted_here=pl.col("counted").cast(pl.Int64).fill_null(0),
            status=pl.when((pl.col("status") == "applied") & (rows == 0))
            .then(pl.lit("matches nothing"))
            .otherwise("status"),
        )
        .select(
            "status",
            "allows",
            "rows",
            "rows_counted_here",
            "hosts",
            "highest_score",
            "threat_intel_rows",
            "reason",
            "owner",
            "expires",
            "source",
            "entry",
        )
        .collect()
    )


def _part(report: pl.DataFrame, day: date) -> Result:
    return Result(
        title="Allow list",
        name="allow_list",
        table=report.lazy(),
        explanation=f"One row per entry, as of {day}. `rows` meet it; a row that meets several is counted for the first"
        " of them (`rows_counted_here`).",
    )


def _again(part: Result, ranked: pl.DataFrame, places: pl.DataFrame) -> Result:
    """A part of the answer with the new ranks, or made anew from the rows."""
    if part.name == "worst":
        return replace(part, table=worst_rows(ranked, part.table.select(pl.len()).collect().item()).lazy())
    schema = part.table.collect_schema()
    if "rank" not in schema or "rank" not in places.columns:
        return part
    moved = places.lazy().select(rank=pl.col("rank_of_all").cast(schema["rank"]), _new=pl.col("rank"))
    table = (
        part.table.join(moved, on="rank", how="left", maintain_order="left")
        .with_columns(rank=pl.col("_new").cast(schema["rank"]))
        .drop("_new")
        .sort("rank", maintain_order=True)
    )
    return replace(part, table=table)


def _explained(ranked: pl.DataFrame, report: pl.DataFrame, loaded: Sequence[AllowList]) -> str:
    count = ranked["allowed"].is_not_null().sum()
    by = report.filter(pl.col("rows_counted_here") > 0)
    said = [
        f"{count:,} of {ranked.height:,} rows allowed by {_entries(by.height)} of "
        f"{', '.join(Path(one.source).name for one in loaded)}: they stand after all others, with their reason "
        "(`allowed`); the part `allow_list` has each entry."
        if count
        else "No row is allowed."
    ]
    if count:
        reasons = by.group_by("reason", maintain_order=True).agg(pl.col("rows_counted_here").sum())
        reasons = reasons.sort("rows_counted_here", descending=True, maintain_order=True)
        said.append(_some([f"{rows:,} {reason}" for reason, rows in reasons.iter_rows()]) + ".")
    hidden = int(by["threat_intel_rows"].fill_null(0).sum()) if by.height else 0
    if hidden:
        said.append(f"Threat intelligence lists {hidden:,} of the allowed rows: look at them.")
    for status, what in (
        ("expired", "expired, and not applied"),
        ("matches nothing", "matching nothing here"),
        ("repeats another", "saying again what another says"),
        ("cannot be judged here", "asking for what this answer does not have"),
    ):
        found = report.filter(pl.col("status") == status)
        if found.height:
            ended = status == "expired"
            each = [
                f"{row['allows']} ({row['expires']})" if ended else row["allows"]
                for row in found.head(_SAID + 1).iter_rows(named=True)
            ]
            said.append(f"{_entries(found.height)} {what}: {_some(each, found.height)}.")
    said += [f"{Path(one.source).name} has no entries." for one in loaded if not one.entries]
    return " ".join([*said, _ALL])


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _some(texts: Sequence[str], count: int | None = None) -> str:
    more = (count if count is not None else len(texts)) - _SAID
    return "; ".join(texts[:_SAID]) + (f"; and {more:,} more" if more > 0 else "")
