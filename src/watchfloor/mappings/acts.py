"""When people took up an alert, of systems that keep no time of it: derived from notes and from states that were seen.

QRadar knows neither "acknowledged" nor "assigned at". What shows it is an act: a note that somebody wrote, or two
states of the alert, seen one after the other, of which only the second has an assignee. A time derived so is named as
such in `time_basis`; where nothing shows it closely enough it stays null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from watchfloor import times
from watchfloor.mappings._mapping import ACTS
from watchfloor.schemas import ALERTS

__all__ = ["STATES", "acts_of_notes", "acts_of_states", "with_acts"]

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_ROBOT = re.compile(r"(?i)\A\s*(?:api_user|api_token|system)\b")
"""QRadar's own names for who is no person: `API_user: robot`."""
STATES = pl.Schema(
    {name: ALERTS.schema[name] for name in ("alert_id", "assignee", "created_time", "updated_time")}
    | {"seen_time": ALERTS.schema["updated_time"]}
)
"""States of alerts as they were seen: columns of ALERTS, and when each was fetched."""


def acts_of_notes(notes: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Acts of people by the notes that they wrote, as the API gives them, each with its `offense_id`.

    Notes of API tokens are no act of a person; those without offense or time are passed over.
    """
    rows = [
        (f"{offense}", time)
        for note in notes
        if (offense := note.get("offense_id")) is not None
        and isinstance(time := note.get("create_time"), int)
        and 0 < time < 2**53
        and (name := note.get("username"))
        and not _ROBOT.match(str(name)[:100])
    ]
    frame = pl.DataFrame(rows, schema={"alert_id": pl.String, "ms": pl.Int64}, orient="row")
    return frame.select(
        "alert_id", time=times.from_epoch(pl.col("ms"), "ms"), act=pl.lit("acknowledged"), basis=pl.lit("note")
    )


def acts_of_states(states: pl.LazyFrame | pl.DataFrame, *, within: timedelta = _HOUR) -> pl.DataFrame:
    """Who was seen to get an alert: the first state with an assignee, by when the state before it had none.

    The assignment lies between the two states, or between the alert's making and its first state. The later end is its
    time; where the two lie further apart than `within`, nobody knows, and there is no act.

    Arguments:
        states: as STATES says; more columns are passed over.
        within: how closely two states must show it.
    """
    known = states.lazy().select(STATES.names()).sort("alert_id", "seen_time", maintain_order=True)
    held = pl.col("assignee").is_not_null() & (pl.col("assignee").str.strip_chars() != "")
    before = pl.coalesce(pl.col("seen_time").shift().over("alert_id"), "created_time")
    changed = pl.col("updated_time")
    upper = pl.when(changed > pl.col("before"), changed < pl.col("seen_time")).then(changed).otherwise("seen_time")
    return (
        known.with_columns(before=before, held=held.fill_null(False))
        .filter("held")
        .unique("alert_id", keep="first", maintain_order=True)
        .with_columns(time=upper)
        .filter((pl.col("time") - pl.col("before")) <= within)
        .select("alert_id", "time", act=pl.lit("assigned"), basis=pl.lit("snapshot"))
        .collect()
    )


def with_acts(alerts: pl.LazyFrame, acts: pl.DataFrame) -> pl.LazyFrame:
    """Alerts of one system with the times that acts show, where the system gave none; `time_basis` says which.

    The first assignment is `assigned_time`; the first act of any kind is `acknowledged_time`. Acts from before an alert
    was made belong to an earlier one of its id (QRadar's Hard Clean begins with 1 again), those from after its closing
    are no longer of its work.

    Arguments:
        alerts: ALERTS of one system and console.
        acts: as ACTS says.
    """
    known = acts.lazy().select(pl.col(name).cast(dtype) for name, dtype in ACTS.items())
    alone = ALERTS.conform(alerts).with_row_index("row")
    time, closed, made = pl.col("time"), pl.col("closed_time"), pl.col("created_time")
    found = (
        alone.select("row", "alert_id", "created_time", "closed_time")
        .join(known, on="alert_id", how="inner")
        # Times of QRadar are cut to seconds, and a note on closing is written a little later than it closes.
        .filter(made.is_null() | (time >= made - _SECOND), closed.is_null() | (time <= closed + _MINUTE))
        .with_columns(time=pl.min_horizontal(pl.max_horizontal("time", "created_time"), "closed_time"))
        .sort("row", "time", maintain_order=True)
    )
    first = {
        name: (
            found.filter(acts)
            .group_by("row")
            .agg(pl.col("time").first().alias(f"{name}_first"), pl.col("basis").first().alias(f"{name}_basis"))
        )
        for name, acts in (("assigned", pl.col("act") == "assigned"), ("acknowledged", pl.lit(True)))
    }
    joined = alone
    for frame in first.values():
        joined = joined.join(frame, on="row", how="left", maintain_order="left")
    said = [
        pl.when(pl.col(f"{name}_time").is_null()).then(pl.format(f"{name}: {{}}", pl.col(f"{name}_basis")))
        for name in first
    ]
    bases = pl.concat_str(pl.col("time_basis"), *said, separator="; ", ignore_nulls=True)
    return ALERTS.fill(
        joined.with_columns(
            *(pl.coalesce(f"{name}_time", f"{name}_first").alias(f"{name}_time") for name in first),
            time_basis=pl.when(bases != "").then(bases),
        )
    )
