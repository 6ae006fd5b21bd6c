"""Who is calling home at regular times? Pairs of addresses by their beacon score, with the evidence in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from watchfloor.analyses.beaconing.answer import SHARED, by_watchfloor
from watchfloor.analyses.beaconing.calls import BY
from watchfloor.analyses.inwords import duration, number
from watchfloor.analyses.leftout import counted_once, left_out
from watchfloor.analyses.rita.config import RitaConfig, config_of
from watchfloor.analyses.rita.filters import NAMES
from watchfloor.analyses.rita.histogram import BINS
from watchfloor.analyses.rita.pairs import PairScores, score_pairs
from watchfloor.analyses.rita.scores import Window
from watchfloor.charts import Bars, Heat, Points
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import CONNECTIONS

__all__ = ["BY", "SCORES", "beacons"]

SCORES = ("watchfloor", "rita", "rita-j")
"""What can be computed: our own score; `rita`, RITA v5's beacon score; `rita-j`, that of the RITA-J notebook
(`ritaj.py`)."""

_MARKS = 200
"""Calls of each of the best pairs that are drawn, the latest ones."""
_COLUMNS = (
    *SHARED,
    "severity",
    "why",
    "unique_seconds",
    "beacon_score",
    "ts_score",
    "ds_score",
    "dur_score",
    "hist_score",
    "interval_seconds",
    "interval_mad_seconds",
    "bytes_median",
    "bytes_mad",
    "total_bars",
    "longest_run",
    "coverage",
    "beacon_threat_score",
    "strobe",
    "total_duration_seconds",
    "total_bytes",
    "first_time",
    "last_time",
    "ports",
    "pair",
)


def beacons(
    connections: pl.LazyFrame,
    requests: pl.LazyFrame | None = None,
    sessions: pl.LazyFrame | None = None,
    *,
    score: str = "watchfloor",
    by: str = "pair",
    config: str | RitaConfig = "code",
    window: str | None = None,
    internal: Sequence[str] = (),
    every_pair: bool = False,
    top: int = 10,
) -> Result:
    """Who is calling home at regular times?

    Arguments:
        connections: the canonical table; connections that are still open are in no score.
        requests: the canonical table HTTP_REQUESTS, which gives names; likewise
        sessions: TLS_SESSIONS.
        score: `watchfloor`: regular beats and what speaks for and against them; `rita`: RITA v5's beacon score, to the
            last digit.
        by: `pair`: source and destination address; `name`: source and name that was asked for; `port`: pair and port.
            RITA's score is by pair.
        config: RITA's parameters: `code`, `shipped`, or a `RitaConfig`.
        window: `24h` before the last connection, `all`, or another duration: `90m`, `12h`, `7d`, `2w`; by default 24h
            for RITA's score, all for ours.
        internal: subnets of the own network, where they are not the private ones.
        every_pair: for RITA's score, no filter: pairs inside the network, outside of it, inbound and multicast as well.
            Ours has none.
        top: how many pairs the parts show.

    Raises:
        BadOption: a value that means nothing here.
    """
    _check(score, SCORES, "score")
    if score == "rita-j":
        raise BadOption("rita-j scores HTTP requests, not connections", hint="ask watchfloor.analyses.ritaj.rita_j")
    _check(by, BY, "kind")
    if top < 1:
        raise BadOption(f"top={top} means nothing", hint="use 1 or more; 10 is the default")
    if score == "watchfloor":
        rows = CONNECTIONS.conform(connections)
        return by_watchfloor(rows, requests, sessions, by=by, window=window or "all", internal=internal, top=top)
    if by != "pair":
        raise BadOption(f"RITA's score is by pair, not by {by}", hint="use --score watchfloor, or --by pair")
    window = window or "24h"
    rita = config_of(config)
    if internal:
        rita = replace(rita, internal_subnets=tuple(internal))
    rows = CONNECTIONS.conform(connections)
    found = score_pairs(rows, rita, window=window, every_pair=every_pair)
    ranked = _ranked(found, rita)
    best = ranked.head(top)
    strobes = ranked.filter("strobe")
    return Result(
        title="Beacons",
        name="beacons",
        table=ranked.select(_COLUMNS).lazy(),
        charts=(Bars(x="score", y="pair", color="severity", title="Beacon score of the best pairs"),),
        explanation=_explained(found, ranked, rita, config, every_pair),
        parts=(
            _times(rows, best, found),
            _histogram(best, found.window),
            *([_strobes(strobes, rita)] if strobes.height else []),
            left_out(found.left_out, _REASONS, counted_once(found.connections)),
        ),
    )


def _check(value: str, known: Sequence[str], what: str) -> None:
    if value not in known:
        raise BadOption(f"there is no {what} {value!r}", hint=f"there is {', '.join(known)}")


def _ranked(found: PairScores, config: RitaConfig) -> pl.DataFrame:
    """The table, best score first, with the evidence in words."""
    return (
        found.table.lazy()
        .with_columns(score="beacon_score", name=pl.lit(None, pl.String), pair=pl.format("{} → {}", "src_ip", "dst_ip"))
        .sort(pl.col("score").neg(), pl.col("connections").neg(), "src_ip", "dst_ip")
        .with_columns(rank=pl.int_range(1, pl.len() + 1), why=_why(found, config))
        .select(*_COLUMNS, "histogram")
        .collect()
    )


def _why(found: PairScores, config: RitaConfig) -> pl.Expr:
    """One sentence per pair: the beat, how much of the window it fills, how alike the sizes are."""
    hours = found.window is None or abs(found.window.bar_seconds - 3_600) < 60
    bars = f"of {BINS} hours" if hours else f"of {BINS} parts of the window"
    beat = pl.format(
        "every {} (MAD {}) in {} {}, {} bytes (MAD {})",
        duration(pl.col("interval_seconds")),
        duration(pl.col("interval_mad_seconds")),
        "total_bars",
        pl.lit(bars),
        number(pl.col("bytes_median")),
        number(pl.col("bytes_mad")),
    )
    each = pl.col("connections") / pl.col("unique_seconds")
    burst = pl.when(each >= 2).then(pl.format(", {} connections in each second with any", number(each)))
    strobe = pl.format(
        "{} connections: a strobe (from {:,} on)".replace("{:,}", f"{config.strobe_connections:,}"), "connections"
    )
    return pl.when("strobe").then(strobe).otherwise(pl.concat_str(beat, burst.fill_null("")))


def _explained(
    found: PairScores, ranked: pl.DataFrame, config: RitaConfig, name: str | RitaConfig, every_pair: bool
) -> str:
    """What the table says, with every threshold, and what it does not say."""
    said = (
        f"Window: {found.window}; rows count from the start of the hour in which it starts."
        if found.window
        else "No connection is left to score.",
        f"Of {found.connections:,} connections, {found.pairs:,} pairs are in the window and pass the filters; "
        f"{ranked.height:,} of them have connections in at least {config.unique_connection_threshold} distinct seconds "
        "and are scored (part `left_out` counts the rest).",
        "No pair is filtered."
        if every_pair
        else f"Internal are {', '.join(config.internal_subnets)}; pairs within, pairs outside and what comes in are "
        "left out.",
        ""
        if found.pairs or not found.connections
        else "Nothing passes the filters: name the own network with `internal`, or score `every_pair`.",
        _formula(config, name),
        _SIZES[found.sizes],
        f"{ranked['strobe'].sum()} pairs with {config.strobe_connections:,} connections or more are strobes: not "
        "scored, last in the table, and in a part of their own."
        if ranked["strobe"].any()
        else "",
        _SAYS_NOT,
    )
    return " ".join(sentence for sentence in said if sentence)


def _formula(config: RitaConfig, name: str | RitaConfig) -> str:
    """The score in words."""
    limits, weights = config.score_thresholds, ", ".join(f"{weight:g}" for weight in config.weights)
    defaults = f"RITA's {name} defaults" if name in ("code", "shipped") else "the configuration given"
    return (
        "The score is RITA v5's beacon score, 0 to 1: regular intervals (`ts_score`), alike sizes (`ds_score`), "
        f"duration (`dur_score`) and histogram (`hist_score`), weighted {weights}, with {defaults}. Intervals of 0 s "
        f"do not count. The histogram has {BINS} bars over the window; duration needs "
        f"{config.duration_min_hours_seen} of them, and a run of {config.duration_consistency_ideal_hours_seen} is "
        f"ideal. Severity: low from {limits.base:g} %, medium from {limits.low:g} %, high from {limits.medium:g} %."
    )


_SIZES = {
    "orig_ip_bytes": "Sizes are IP-level bytes sent; where a row has none it counts as 0, as in RITA.",
    "orig_bytes": "Sizes are payload bytes sent, as no row has IP-level ones: RITA's data-size score would differ.",
    "": "No row has a size: all count as 0, which RITA gives a data-size score of 0.5.",
}
_SAYS_NOT = (
    "What the score does not say: whether a beacon is bad. Resolvers, time servers, updaters, push services and "
    "monitoring beat as well, often more strictly than malware. Half of the score is how much of the window a pair "
    "fills: it falls for what was active for few hours, and rises where the log is short. Four connections score as "
    "surely as 4,000: look at `connections`."
)


def _calls_of(rows: pl.LazyFrame, best: pl.DataFrame, window: Window | None) -> pl.LazyFrame:
    """The connections of the best pairs that were scored."""
    since = window.selected_time if window else datetime.fromtimestamp(0, UTC)
    return rows.filter(pl.col("time") >= since, ~pl.col("still_open").fill_null(False)).join(
        best.lazy().select("src_ip", "dst_ip", "pair", "rank"), on=["src_ip", "dst_ip"]
    )


def _times(rows: pl.LazyFrame, best: pl.DataFrame, found: PairScores) -> Result:
    size = found.sizes or "orig_bytes"
    table = (
        _calls_of(rows, best, found.window)
        .sort("rank", "time")
        .with_columns(gap_seconds=pl.col("time").diff().over("rank").dt.total_microseconds() / 1_000_000)
        .select("rank", "pair", "time", "gap_seconds", size)
        .group_by("rank", maintain_order=True)
        .tail(_MARKS)
    )
    return Result(
        title="The beat of the best pairs",
        name="top_pair_times",
        table=table,
        charts=(
            Points(x="time", y="pair", tooltip=("gap_seconds", size), title="Connections over time"),
            Points(x="time", y="gap_seconds", color="pair", title="Seconds since the call before"),
        ),
        explanation=f"The latest {_MARKS} connections of each of the {best.height} best pairs. "
        "A steady beat is a level line.",
    )


def _histogram(best: pl.DataFrame, window: Window | None) -> Result:
    """The bars that the score was read from."""
    start, width = (window.start, window.bar_seconds) if window else (0, 0.0)
    table = (
        best.lazy()
        .select("rank", "pair", connections="histogram", bar=pl.lit(list(range(BINS))))
        .explode("connections", "bar")
        .with_columns(time=((start + pl.col("bar") * width) * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC")))
        .select("rank", "pair", "time", pl.col("connections").cast(pl.Int64))
    )
    return Result(
        title="When the best pairs call",
        name="histogram",
        table=table,
        charts=(Heat(x="time", y="pair", color="connections", title="Connections per bar of the histogram"),),
        explanation=f"{BINS} equal bars over the window, of {width / 60:,.0f} minutes each; `time` is where one begins."
        " Older connections of the first hour are in the first bar.",
    )


def _strobes(strobes: pl.DataFrame, config: RitaConfig) -> Result:
    return Result(
        title="Strobes",
        name="strobes",
        table=strobes.select(_COLUMNS).sort(pl.col("connections").neg(), "src_ip", "dst_ip").lazy(),
        explanation=f"Pairs with {config.strobe_connections:,} connections or more in the window: too many to be "
        f"scored; their impact is {config.strobe_impact}.",
    )


_REASONS = {
    "open": "still open: in no score",
    "unusable": "without a time or an address",
    **NAMES,
    "before_window": "before the window",
    "few_seconds": "of pairs with connections in too few seconds",
}
