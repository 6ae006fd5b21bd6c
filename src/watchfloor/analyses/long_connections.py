"""Which pairs keep a connection open for hours? Closed, open and split connections of each pair, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import polars as pl

from watchfloor.analyses import closer
from watchfloor.analyses.inwords import duration, size
from watchfloor.analyses.leftout import counted_once, left_out
from watchfloor.analyses.rita.config import RitaConfig, config_of
from watchfloor.analyses.rita.filters import NAMES, addresses, verdict
from watchfloor.analyses.rita.pairs import seconds_of
from watchfloor.analyses.rita.scores import severity, threat_score
from watchfloor.charts import Bars, Points
from watchfloor.engine import in_order
from watchfloor.engine.buckets import BUCKET_ROWS, MEMORY_BYTES, dealt
from watchfloor.errors import BadOption
from watchfloor.result import Result
from watchfloor.schemas import CONNECTIONS, HTTP_REQUESTS, TLS_SESSIONS, Tables

__all__ = ["COLUMNS", "long_connections"]

COLUMNS: dict[str, str] = {
    "rank": "1 is the highest score; of equal ones the longest total",
    "score": "0.2 to 0.8: RITA v5's long-connection score of `total_duration_seconds`",
    "severity": "its class, in RITA's words",
    "src_ip": "who opened the connections",
    "dst_ip": "to whom; the proxy, where `proxied`",
    "total_duration_seconds": "of all connections together, as RITA sums them: parallel ones add up",
    "name": "what the longest named connection asked for: CONNECT, TLS server name or Host; null without one",
    "dst_port": "null where the pair has several",
    "proxied": "True where the destination is a proxy, and `name` is what it was asked to connect to",
    "connections": "different ones: what was logged several times counts once, in its last state",
    "open_connections": "of them, those that had not ended in their last record",
    "sessions": "connections of one client port, server port and protocol with short gaps are one session",
    "why": "the evidence in words",
    "longest_seconds": "the longest session, from its start to its end",
    "occupied_seconds": "time in which at least one connection was open",
    "total_bytes": "payload both ways; null where no record has any",
    "first_time": "the first start",
    "last_time": "the last end; of one that is open, when it was last seen",
    "ports": "port:protocol:service, the longest first, 20 at most",
    "repeated_records": "records beyond the last one of their connection",
    "pair": "source and name, or destination, as charts show it",
}
"""Of the table: what each column says."""

_PAIR = ("src_ip", "dst_ip", "via")
_FLOW = ("number", "src_port", "dst_port", "proto")
_LOOKED_AT = (
    *("uid", "src_ip", "dst_ip", "src_port", "dst_port", "proto", "service"),
    *("time", "still_open", "duration_seconds", "orig_bytes", "resp_bytes"),
)
_ROWS = BUCKET_ROWS // 4
"""About so many rows are worked on at a time: each has several texts."""
_MEMORY = MEMORY_BYTES // 2
_OTHERS = 50
"""Connections of a pair that are shown, the longest."""
_LONGEST = 1e9
"""Seconds; what is said to last longer than 30 years, or less than nothing, has no duration."""
_PORTS = 20
"""Ports of a pair that are listed at most, as in RITA."""


def long_connections(
    tables: Tables,
    *,
    config: str | Path | RitaConfig = "code",
    window: str = "24h",
    internal: Sequence[str] = (),
    every_pair: bool = False,
    join_seconds: float = 60,
    top: int = 10,
) -> Result:
    """Which pairs keep connections open for hours?

    Arguments:
        tables: `connections`; `tls_sessions` and `http_requests` give names and see through proxies, where they are
            there.
        config: RITA's parameters: `code`, `shipped`, the path of RITA's own configuration file, or a `RitaConfig`.
        window: what was open within `24h` before the last end, `all`, or another duration: `90m`, `12h`, `7d`.
        internal: subnets of the own network, where they are not the private ones.
        every_pair: no filter: pairs inside the network, outside of it, inbound and multicast as well.
        join_seconds: connections of one flow with at most this gap are one session that was split.
        top: how many pairs the charts show.

    Raises:
        BadOption: a value that means nothing here.
    """
    if top < 1 or join_seconds < 0:
        raise BadOption(f"top={top}, join_seconds={join_seconds:g}: one means nothing", hint="use 1 and 0, or more")
    rita = config_of(config)
    if internal:
        rita = replace(rita, internal_subnets=tuple(internal))
    base = rita.long_connection_score_thresholds.base
    found = _found(tables, rita, window, every_pair)
    totals = found.rows.group_by("number").agg(
        pl.len().cast(pl.Int64), total_duration_seconds=_total(pl.col("seconds"))
    )
    long = totals.filter(pl.col("total_duration_seconds") >= base)
    rows = found.rows.join(long.select("number"), on="number", how="semi")
    ranked = _named(_ranked(_pairs(rows, join_seconds), rita), rows, tables)
    ranked = ranked.with_columns(pair=pl.format("{} → {}", "src_ip", pl.coalesce("name", "dst_ip")))
    found.left_out["short"] = found.height - int(long["len"].sum())
    dropped = {reason: count for reason, count in found.left_out.items() if count}
    return Result(
        title="Long connections",
        name="long_connections",
        table=ranked.select(COLUMNS.keys()).lazy(),
        charts=(
            Bars(x="total_duration_seconds", y="pair", color="severity", title="All connections together", top=top),
        ),
        explanation=_explained(ranked, found, rita, (every_pair, join_seconds)),
        parts=(
            _spans(ranked, rows, top),
            _examples(ranked, rows),
            left_out(dropped, _REASONS, counted_once(found.connections)),
        ),
        closer=partial(_closer, ranked.select("rank", "number"), rows),
    )


def _closer(numbers: pl.DataFrame, rows: pl.DataFrame, row: Mapping[str, Any]) -> Result:
    """The connections behind one row."""
    number = numbers.filter(pl.col("rank") == row["rank"])["number"]
    return closer.at_connections(rows.filter(pl.col("number").is_in(number.implode())), row)


@dataclass(frozen=True)
class _Kept:
    """Connections that are looked at."""

    rows: pl.DataFrame
    """Of pairs whose connections may be long together, with `number`, that of the pair."""
    since: datetime | None
    """Where the window begins; null where it holds all."""
    height: int
    """All that pass the filters and are in the window, those of other pairs as well."""
    left_out: dict[str, int]
    connections: int
    """Different ones that went in."""
    repeated: int
    """Records beyond the last one of their connection."""


def _found(tables: Tables, config: RitaConfig, window: str, every_pair: bool) -> _Kept:
    """The connections that the filters and the window leave, and how many the others are.

    Pairs are worked on in buckets; of those that stay short only the ends of connections are kept, for the window.
    """
    connections, asked = CONNECTIONS.conform(tables["connections"]).select(_LOOKED_AT), _asked(tables)
    pair = pl.col("src_ip").hash(1) + pl.col("dst_ip").hash(2)
    with dealt(connections.with_columns(key=pair), "key", memory_bytes=_MEMORY, bucket_rows=_ROWS) as buckets:
        parts = list(
            in_order(
                lambda bucket: _of_bucket(bucket[1].drop("key"), bucket[0], asked, config, every_pair),
                enumerate(buckets),
                threads=2,
            )
        )
    rows, ends = pl.concat(part.rows for part in parts), pl.concat(part.ends for part in parts)
    left_out = {reason: sum(part.left_out[reason] for part in parts) for reason in parts[0].left_out}
    height, since, seconds = len(ends), None, seconds_of(window)
    if seconds is not None and height:
        since = cast("datetime", ends.max()) - timedelta(seconds=seconds)
        height = int((ends >= since).sum())
        rows, left_out["before_window"] = rows.filter(pl.col("end") >= since), len(ends) - height
    return _Kept(
        rows, since, height, left_out, sum(part.connections for part in parts), sum(part.repeated for part in parts)
    )


@dataclass(frozen=True)
class _Part:
    """What is found in a bucket, before the window is known."""

    rows: pl.DataFrame
    ends: pl.Series
    """Of all connections that pass the filters."""
    left_out: dict[str, int]
    connections: int
    repeated: int


def _of_bucket(
    bucket: pl.LazyFrame, place: int, asked: pl.DataFrame | None, config: RitaConfig, every_pair: bool
) -> _Part:
    states = _through_proxies(_last_states(bucket), asked)
    rows, left_out = _kept(states, config, every_pair)
    totals = rows.group_by("number").agg(total=_total(pl.col("seconds")))
    long = totals.filter(pl.col("total") >= config.long_connection_score_thresholds.base)
    return _Part(
        # Pairs are counted in each bucket.
        rows.join(long.select("number"), on="number", how="semi").with_columns(
            number=pl.col("number").cast(pl.UInt64) + place * 2**32
        ),
        rows["end"],
        left_out,
        states.height,
        int((states["records"] - 1).sum()),
    )


def _last_states(rows: pl.LazyFrame) -> pl.DataFrame:
    """One row per connection: of records with one uid and pair the closed one, else the one that lasted longest."""
    held = rows.select(
        "uid",
        "src_ip",
        "dst_ip",
        "src_port",
        "dst_port",
        "proto",
        "service",
        "time",
        still_open=pl.col("still_open").fill_null(False),
        seconds=pl.when(pl.col("duration_seconds").is_between(0, _LONGEST)).then("duration_seconds"),
        bytes=pl.coalesce(pl.col("orig_bytes") + pl.col("resp_bytes"), "orig_bytes", "resp_bytes"),
    ).collect(engine="streaming")
    one = ["uid", "src_ip", "dst_ip"]
    again = held.select(one).drop_nulls("uid").group_by(one).len().filter(pl.col("len") > 1)
    lasted = pl.duration(microseconds=(pl.col("seconds").fill_null(0) * 1e6).round().cast(pl.Int64))
    end = pl.col("time") + lasted
    if again.is_empty():
        return held.with_columns(records=pl.lit(1, pl.Int64), end=end)
    once = held.join(again, on=one, how="anti", nulls_equal=True).with_columns(records=pl.lit(1, pl.Int64))
    last = (
        held.join(again.drop("len"), on=one, how="semi", nulls_equal=True)
        .sort("still_open", pl.col("seconds").neg(), "time", nulls_last=True)
        .group_by(one, maintain_order=True)
        .agg(pl.all().first(), records=pl.len().cast(pl.Int64))
    )
    return pl.concat([once, last.select(once.columns)]).with_columns(end=end)


def _asked(tables: Tables) -> pl.DataFrame | None:
    """What proxies were asked to connect to: `uid, src_ip, via`."""
    if "http_requests" not in tables:
        return None
    return (
        HTTP_REQUESTS.conform(tables["http_requests"])
        .filter(pl.col("method") == "CONNECT", pl.col("uid").is_not_null())
        .select("uid", "src_ip", via=_host(pl.coalesce("host", "url")))
        .drop_nulls()
        .group_by("uid", "src_ip")
        .agg(pl.col("via").min())
        .collect()
    )


def _through_proxies(states: pl.DataFrame, asked: pl.DataFrame | None) -> pl.DataFrame:
    """Adds `via`: what a proxy was asked to connect to; null for what went directly."""
    if asked is None:
        return states.with_columns(via=pl.lit(None, pl.String))
    return states.join(asked, on=["uid", "src_ip"], how="left")


def _host(text: pl.Expr) -> pl.Expr:
    """The name without its port, in small letters; null where nothing is left."""
    bare = text.str.to_lowercase().str.replace(r"^([^:]*|\[.*\]):[0-9]+$", "$1")
    return pl.when(bare != "").then(bare)


def _kept(states: pl.DataFrame, config: RitaConfig, every_pair: bool) -> tuple[pl.DataFrame, dict[str, int]]:
    """The connections that the filters leave, with `number`, that of the pair; how many the others are."""
    usable = pl.all_horizontal(pl.col("time", "src_ip", "dst_ip").is_not_null())
    pairs = states.filter(usable).select(_PAIR).unique().with_row_index("number")
    texts = pl.concat([pairs["src_ip"], pairs["dst_ip"]]).unique().alias("text")
    known = pl.DataFrame({"text": texts, "rules": addresses(texts, config).to_struct()})
    for end in ("src", "dst"):
        pairs = pairs.join(known.rename({"text": f"{end}_ip", "rules": end}), on=f"{end}_ip", how="left")
    proxied = pl.col("via").is_not_null()
    ruled = verdict(pl.col("src"), pl.col("dst"), config)
    reason = (
        pl.when(~(pl.col("src").struct.field("is_address") & pl.col("dst").struct.field("is_address")))
        .then(pl.lit("unusable"))
        .when(proxied & (ruled == "internal").fill_null(False))
        .then(None)
        .otherwise(ruled)
    )
    pairs = pairs.select("number", *_PAIR, why=pl.lit(None, pl.String) if every_pair else reason)
    judged = states.filter(usable).join(pairs, on=_PAIR, how="left", nulls_equal=True)
    counts = dict(judged.drop_nulls("why").group_by("why").agg(pl.len()).iter_rows())
    counts["unusable"] = counts.get("unusable", 0) + states.height - judged.height
    left_out = {reason: counts.get(reason, 0) for reason in ("unusable", *NAMES)}
    return judged.filter(pl.col("why").is_null()).drop("why"), left_out


def _total(seconds: pl.Expr) -> pl.Expr:
    """The sum, the same in any order: of whole microseconds."""
    return (seconds * 1e6).round().cast(pl.Int64).sum() / 1e6


def _pairs(rows: pl.DataFrame, join_seconds: float) -> pl.DataFrame:
    """One row per pair."""
    seconds, end = pl.col("seconds").fill_null(0), pl.col("end")
    before = end.cum_max().shift()
    sessions = (
        _sessions(rows, join_seconds)
        .group_by("number")
        .agg(sessions=pl.len().cast(pl.Int64), longest_seconds=_seconds(pl.col("last") - pl.col("first")).max())
    )
    covered = (
        rows.lazy()
        .sort("number", "time", "end")
        .with_columns(covered=_seconds(end - pl.max_horizontal("time", before.over("number"))).clip(0))
        .group_by("number")
        .agg(occupied_seconds=_total(pl.col("covered")))
        .collect()
    )
    totals = rows.group_by("number").agg(
        pl.col("src_ip").first(),
        pl.col("dst_ip").first(),
        via=pl.col("via").first(),
        dst_port=pl.when(pl.col("dst_port").n_unique() == 1).then(pl.col("dst_port").first()),
        connections=pl.len().cast(pl.Int64),
        open_connections=pl.col("still_open").sum().cast(pl.Int64),
        total_duration_seconds=_total(seconds),
        longest_one_seconds=seconds.max(),
        total_bytes=pl.when(pl.col("bytes").count() > 0).then(pl.col("bytes").sum()),
        first_time=pl.col("time").min(),
        last_time=end.max(),
        repeated_records=(pl.col("records") - 1).sum(),
    )
    for more in (sessions, covered, _ports(rows)):
        totals = totals.join(more, on="number", how="left")
    return totals


def _seconds(length: pl.Expr) -> pl.Expr:
    return length.dt.total_microseconds() / 1e6


def _sessions(rows: pl.DataFrame, join_seconds: float) -> pl.DataFrame:
    """One row per session: records of a flow that follow one another closely; without a client port each is one."""
    gap = _seconds(pl.col("time") - pl.col("end").cum_max().shift().over(_FLOW))
    begins = pl.col("src_port").is_null() | (gap > join_seconds).fill_null(True)
    return (
        rows.lazy()
        .sort(*_FLOW, "time", "end")
        .with_columns(session=begins.cum_sum())
        .group_by("number", "session")
        .agg(first=pl.col("time").min(), last=pl.col("end").max())
        .collect()
    )


def _ports(rows: pl.DataFrame) -> pl.DataFrame:
    parts = [pl.col(name).cast(pl.String).fill_null("-") for name in ("dst_port", "proto", "service")]
    return (
        rows.lazy()
        .group_by("number", text=pl.concat_str(parts, separator=":"))
        .agg(pl.col("seconds").sum())
        .sort("number", pl.col("seconds").neg(), "text")
        .group_by("number", maintain_order=True)
        .agg(ports=pl.col("text").head(_PORTS).str.join(", "))
        .collect()
    )


def _ranked(pairs: pl.DataFrame, config: RitaConfig) -> pl.DataFrame:
    total = pl.col("total_duration_seconds")
    return (
        pairs.with_columns(score=threat_score(total, config.long_connection_score_thresholds).round(6))
        .with_columns(severity=severity(pl.col("score")), proxied=pl.col("via").is_not_null())
        .sort(pl.col("score").neg(), total.neg(), "src_ip", "dst_ip", "via")
        .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), why=_why())
    )


def _why() -> pl.Expr:
    """One sentence per pair: how long, in how many pieces, whether it goes on, how much went over it."""
    count, running = pl.col("connections"), pl.col("open_connections")
    total, longest, occupied = (
        pl.col(name) for name in ("total_duration_seconds", "longest_seconds", "occupied_seconds")
    )
    many = pl.format("{} in {} connections, the longest session {}", duration(total), count, duration(longest))
    start = pl.when(count == 1).then(pl.format("one connection of {}", duration(total))).otherwise(many)
    split = pl.when(longest > pl.col("longest_one_seconds") + 1).then(
        pl.lit(", split into several connections of one flow")
    )
    parallel = pl.when(occupied < 0.9 * total).then(
        pl.format(", in parallel: at least one open for {}", duration(occupied))
    )
    goes_on = (
        pl.when((running == 1) & (count == 1))
        .then(pl.lit(", still open"))
        .when(running > 0)
        .then(pl.format(", {} still open", running))
    )
    carried = pl.format(", {} both ways", size(pl.col("total_bytes")))
    proxy = pl.when("proxied").then(pl.format(", through the proxy {}", "dst_ip"))
    return pl.concat_str([start, split, parallel, goes_on, proxy, carried], ignore_nulls=True)


def _named(ranked: pl.DataFrame, rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Adds `name`: what the proxy was asked for, else what the longest connection with a name asked for."""
    ours = rows.lazy().select("uid", "number", "src_ip", "seconds").drop_nulls("uid")
    asked = []
    for table, column in ((TLS_SESSIONS, "server_name"), (HTTP_REQUESTS, "host")):
        if table.name in tables:
            of = table.conform(tables[table.name]).select("uid", "src_ip", name=_host(pl.col(column)))
            asked.append(ours.join(of.drop_nulls(), on=["uid", "src_ip"]))
    if not asked:
        return ranked.with_columns(name="via")
    names = (
        pl.concat(asked)
        .sort("number", pl.col("seconds").neg(), "name", nulls_last=True)
        .group_by("number", maintain_order=True)
        .agg(pl.col("name").first())
        .collect()
    )
    named = ranked.join(names, on="number", how="left", maintain_order="left")
    return named.with_columns(name=pl.coalesce("via", "name"))


def _shown(ranked: pl.DataFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """The longest connections of each pair."""
    return (
        ranked.lazy()
        .select("rank", "number", "pair")
        .join(rows.lazy(), on="number")
        .sort("rank", pl.col("seconds").neg(), "time", nulls_last=True)
        .group_by("rank", maintain_order=True)
        .head(_OTHERS)
        .with_columns(duration_seconds="seconds", total_bytes="bytes")
    )


def _spans(ranked: pl.DataFrame, rows: pl.DataFrame, top: int) -> Result:
    columns = ("rank", "pair", "time", "end", "duration_seconds", "still_open")
    table = _shown(ranked.head(top), rows).select(columns).rename({"end": "time_end"})
    return Result(
        title="When the longest were open",
        name="spans",
        table=table,
        charts=(Points(x="time", x_end="time_end", y="pair", tooltip=("duration_seconds",), title="Open from, to"),),
        explanation=f"The {_OTHERS} longest connections of each of the {min(top, ranked.height)} best pairs.",
    )


def _examples(ranked: pl.DataFrame, rows: pl.DataFrame) -> Result:
    columns = ("uid", "time", "end", "duration_seconds", "src_port", "dst_port", "proto", "service", "still_open")
    return Result(
        title="Connections behind each pair",
        name="examples",
        table=_shown(ranked, rows).select("rank", *columns, "total_bytes", "records").rename({"end": "last_time"}),
        explanation=f"The {_OTHERS} longest of each pair; `records` is how often the connection was logged.",
    )


def _explained(ranked: pl.DataFrame, found: _Kept, config: RitaConfig, asked: tuple[bool, float]) -> str:
    every_pair, join_seconds = asked
    long, repeated = config.long_connection_score_thresholds, found.repeated
    said = (
        f"Of {found.connections:,} connections, {found.height:,} pass the filters and were open "
        + (f"at or after {found.since:%Y-%m-%d %H:%M:%S} UTC" if found.since else "at any time")
        + f"; {ranked.height:,} pairs add up to {long.base:,.0f} s or more.",
        f"{repeated:,} records repeat a connection (one uid and pair): its closed record counts, else the longest."
        if repeated
        else "",
        "No pair is filtered."
        if every_pair
        else f"Internal are {', '.join(config.internal_subnets)}; pairs within, pairs outside and what comes in are "
        "left out, but for what goes through a proxy inside by CONNECT.",
        f"The score is RITA v5's of all connections of a pair together, closed and open: 0.2 from {long.base:,.0f} s, "
        f"0.4 from {long.low:,.0f}, 0.6 from {long.medium:,.0f}, at most 0.8 from {long.high:,.0f}. RITA counts what "
        "began within its window; here what was open in it, with its whole duration.",
        f"A session joins connections of one flow with gaps of {join_seconds:g} s at most.",
        "What it does not say: whether a connection is bad. Remote shells, VPN, push services, chat and streams "
        "last as long. Many short connections reach the threshold too: see `longest_seconds` and `occupied_seconds`.",
    )
    return " ".join(sentence for sentence in said if sentence)


_REASONS = {
    "unusable": "without a time or an address",
    **NAMES,
    "before_window": "ended before the window",
    "short": "of pairs that are too short, all connections together",
}
