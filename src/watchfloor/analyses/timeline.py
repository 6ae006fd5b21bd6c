"""What happened when, across sources with different clocks?"""

from __future__ import annotations

import polars as pl

from watchfloor import times
from watchfloor.charts import Lines, Points
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import EVENTS

__all__ = ["from_alerts", "from_connections", "from_findings", "from_requests", "majority_zone", "timeline"]

_STEPS = (("1s", 600), ("1m", 36_000), ("10m", 360_000), ("1h", 2_160_000), ("1d", 51_840_000))
"""Width of a bar in the density chart, for spans of at most so many seconds; a week for longer ones."""


def timeline(events: pl.LazyFrame, *, to: str = "UTC", limit: int | None = None, every: str | None = None) -> Result:
    """What happened when, across sources with different clocks?

    Arguments:
        events: the canonical table; sources with their own zones were read apart.
        to: zone to show: `UTC`, an IANA name, or `majority`, the zone of most events.
        limit: at most so many events, the first ones; the parts count all.
        every: width of the density chart's steps (`1m`, `1h`, ..); by default from the span.

    Raises:
        UnknownZone: a zone that does not exist.
        BadOption: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise BadOption(f"limit {limit}: at least one event must be shown", hint="leave it out for all of them")
    events = EVENTS.conform(events)
    zone = majority_zone(events) if to == "majority" else times.check_zone(to)
    timed = events.filter(pl.col("time").is_not_null())
    table = timed.pipe(_on_one_axis, zone)
    step = every or _step(timed)
    why = " (the zone of most events; of equals the first by name)" if to == "majority" else ""
    return Result(
        title="Timeline",
        name="timeline",
        table=table if limit is None else table.head(limit),
        parts=(
            _density(timed, step, zone),
            _sources(events),
            _doubtful(timed.pipe(_on_one_axis, zone)),
            _without_time(events),
        ),
        explanation=f"Events of all sources on one axis, in order of their instants; equal instants in the order of "
        f"source and record. `local_time` is the clock of {zone}{why}. `time_quality` says how each instant was found: "
        "`exact` carries its offset; `declared_zone` was read by the zone that was given for its source; "
        "`ambiguous_earlier` and `ambiguous_later` lie in an hour that the clock repeats, told apart by the order of "
        "lines; `ambiguous` could not be, and lies between `time` and `time_latest`; `gap_shifted` shows an hour that "
        "the clock leaves out, and was read with the offset before the change; `year_inferred` had no year, and got it "
        "from when the file was last written. `in_repeated_hour` and `in_missing_hour` flag such rows. Events without "
        "a time are in the part `without_time`. What this does not say: whether a clock was right; a clock that "
        "runs ahead moves all events of its source.",
    )


def majority_zone(events: pl.LazyFrame) -> str:
    """The zone in which most events were written; of equals the first by name, UTC where none is known."""
    counts = events.drop_nulls("zone").group_by("zone").agg(n=pl.len()).sort(["n", "zone"], descending=[True, False])
    zones = counts.head(1).collect()["zone"].to_list()
    return str(zones[0]) if zones else "UTC"


def from_alerts(alerts: pl.LazyFrame) -> pl.LazyFrame:
    """Alerts as events: when each was made, or else its first event."""
    made = pl.coalesce("created_time", "first_event_time")
    return EVENTS.fill(
        alerts.with_columns(time=made, message=pl.coalesce("title", "rule"), action="rule", program="system"),
        zone="UTC",
        zone_rule="by the format",
        time_quality="exact",
    )


def from_findings(findings: pl.LazyFrame) -> pl.LazyFrame:
    """Scanner hits as events: when each was written, one per hit."""
    hits = findings.filter(pl.col("reason_number").fill_null(1) == 1)
    words = pl.concat_str(
        "level", pl.coalesce("path", "message"), pl.coalesce("rule", "description"), separator=" ", ignore_nulls=True
    )
    return EVENTS.fill(
        hits.with_columns(message=words, action="rule", program="scanner"),
        zone="UTC",
        zone_rule="by the format",
        time_quality="exact",
    )


def from_connections(connections: pl.LazyFrame) -> pl.LazyFrame:
    """Connections as events: when each began."""
    return EVENTS.fill(
        connections.with_columns(
            action=pl.coalesce("action", "service", "proto"), host="sensor", message=_ends(pl.col("proto"))
        ),
        zone="UTC",
        zone_rule="by the format",
        time_quality="exact",
    )


def from_requests(requests: pl.LazyFrame) -> pl.LazyFrame:
    """HTTP requests as events: when each was made."""
    status = pl.col("status_code").cast(pl.String)
    words = pl.concat_str("method", "url", status, "user_agent", separator=" ", ignore_nulls=True)
    return EVENTS.fill(
        requests.with_columns(action="method", message=words),
        zone="UTC",
        zone_rule="by the format",
        time_quality="exact",
    )


def _ends(*before: pl.Expr) -> pl.Expr:
    """Who spoke to whom, in words; null where neither is known."""
    ends = [
        pl.concat_str(f"{end}_ip", pl.col(f"{end}_port").cast(pl.String), separator=":", ignore_nulls=True)
        for end in ("src", "dst")
    ]
    both = pl.concat_str(*(pl.when(end != "").then(end) for end in ends), separator=" -> ", ignore_nulls=True)
    return pl.concat_str(*before, pl.when(both != "").then(both), separator=" ", ignore_nulls=True)


def _in_words() -> pl.Expr:
    """The message of an event, or what its columns say where its format has none."""
    said = pl.concat_str(
        "title", _ends(pl.col("action"), pl.col("proto")), "url", "fields", separator=" ", ignore_nulls=True
    ).str.strip_chars(" ")
    return pl.coalesce("message", pl.when(said != "").then(said))


def _on_one_axis(events: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    quality = pl.col("time_quality").fill_null("")
    local = times.in_zone(pl.col("time"), zone)
    clock = local.dt.replace_time_zone(None)
    earliest, latest, _ = times.resolve(clock, zone)
    return events.sort("time", "source", "record", nulls_last=True, maintain_order=True).select(
        "time",
        local_time=local,
        host="host",
        program="program",
        message=_in_words(),
        source="source",
        action="action",
        user="user",
        src_ip="src_ip",
        time_quality="time_quality",
        time_latest="time_latest",
        # By the clock that wrote it, or by the clock that shows it.
        in_repeated_hour=quality.str.contains("ambiguous", literal=True) | (earliest != latest),
        in_missing_hour=quality.str.contains("gap_shifted", literal=True),
        time_text="time_text",
        zone="zone",
        zone_rule="zone_rule",
        pid="pid",
        record="record",
    )


def _step(events: pl.LazyFrame) -> str:
    """A width that gives a few hundred steps at most."""
    first, last = events.select(first=pl.col("time").min(), last=pl.col("time").max()).collect().row(0)
    seconds = (last - first).total_seconds() if first is not None else 0.0
    return next((step for step, longest in _STEPS if seconds <= longest), "1w")


def _density(events: pl.LazyFrame, step: str, zone: str) -> Result:
    per_step = (
        events.group_by(bucket=times.floor(pl.col("time"), step, zone), source=_short(pl.col("source")))
        .agg(events=pl.len().cast(pl.Int64))
        .sort("bucket", "source")
    )
    return Result(
        title=f"Events per {step}",
        name="density",
        table=per_step,
        charts=(Lines(x="bucket", y="events", color="source", zone=zone, stacked=True),),
        explanation=f"Steps of {step} by the clock of {zone}; a step without events has no row.",
    )


def _short(source: pl.Expr) -> pl.Expr:
    """The last part of a path."""
    return source.str.extract(r"([^/\\]+)[/\\]*$").fill_null("no source")


def _sources(events: pl.LazyFrame) -> Result:
    quality = pl.col("time_quality").fill_null("")
    table = (
        events.group_by("source")
        .agg(
            events=pl.len().cast(pl.Int64),
            first_time=pl.col("time").min(),
            last_time=pl.col("time").max(),
            zone=pl.col("zone").drop_nulls().unique().sort().str.join(", "),
            zone_rule=pl.col("zone_rule").drop_nulls().unique().sort().str.join(", "),
            resolved_by_order=quality.str.contains("ambiguous_").sum().cast(pl.Int64),
            ambiguous=pl.col("time_latest").is_not_null().sum().cast(pl.Int64),
            gap_shifted=quality.str.contains("gap_shifted", literal=True).sum().cast(pl.Int64),
            year_inferred=quality.str.contains("year_inferred", literal=True).sum().cast(pl.Int64),
            without_time=pl.col("time").is_null().sum().cast(pl.Int64),
        )
        .sort("events", "source", descending=[True, False])
    )
    return Result(
        title="Sources and their clocks",
        name="sources",
        table=table,
        explanation="Per source: its span, the zone that its times were read in and why, and how many needed care.",
    )


def _doubtful(table: pl.LazyFrame) -> Result:
    return Result(
        title="Events in a repeated or missing hour",
        name="doubtful",
        table=table.filter(pl.col("in_repeated_hour") | pl.col("in_missing_hour")),
        charts=(Points(x="time", y="source", x_end="time_latest", color="time_quality"),),
        explanation="Rows that a change of the clock touches; a bar is an instant that could not be decided.",
    )


def _without_time(events: pl.LazyFrame) -> Result:
    return Result(
        title="Events without a time",
        name="without_time",
        table=events.filter(pl.col("time").is_null()).select(
            "source", "record", "host", "program", "action", "message"
        ),
        explanation="They have no place on the axis.",
    )
