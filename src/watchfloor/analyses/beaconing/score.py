"""Scores all streams: gathers what is known of each, looks at the times of each, and at the company of the best.

The score is a product of terms from 0 to 1, so that each of them is a sentence of the explanation. It never looks at
the length of the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul

import polars as pl

from watchfloor.analyses.beaconing import (
    beat,
    company,
    confidence,
    context,
    evenness,
    parts,
    pieces,
    prevalence,
    regularity,
    rotation,
    size,
)
from watchfloor.analyses.beaconing.calls import calls_of, lanes_of
from watchfloor.analyses.rita.coding import Coding
from watchfloor.engine.buckets import BUCKET_ROWS, MEMORY_BYTES, dealt, of_each

__all__ = ["CLOSER", "FEWEST", "LOOK", "TERMS", "UNSEEN", "Scored", "score_streams"]

FEWEST = 4
"""Calls that a stream needs to be scored: three gaps."""
_REGULAR = 0.05
"""Less regularity than this is none."""
LOOK = 0.05
"""Streams whose score can reach this are looked at closer."""
_TWIN = 0.3
"""Regularity from which on a stream can be a twin."""
UNSEEN = 0.5
"""What the terms that were not looked at are worth together, where the others leave less."""
TERMS = (
    "regularity",
    "evenness",
    "sizes",
    "confidence",
    "beyond_chance",
    "solitude",
    "twinless",
    "context",
    "prevalence",
    "peers",
    "scan",
    "speed",
    "whole",
    "web",
)
"""The score is their product."""
CLOSER = ("evenness", "sizes", "solitude", "twinless", "whole")
"""Terms that take a closer look."""
_FASTEST = 300
"""Milliseconds: what is called faster is a transfer, not a beat."""
_FAST_WEIGHT = 0.3


@dataclass(frozen=True)
class Scored:
    """The scored streams, and what was left out on the way."""

    table: pl.DataFrame
    """One row per stream, in no order, with each term of the score."""
    sizes: str
    """The column that sizes are from, empty where no row has one."""
    connections: int
    streams: int
    """All of them, the scored and the others."""
    hosts: int
    """Hosts that call something."""
    left_out: dict[str, int]
    """Connections in no score, by reason: `open`, `unusable`, `few`."""


def score_streams(
    connections: pl.LazyFrame,
    by: str,
    *,
    internal: tuple[str, ...],
    memory_bytes: int = MEMORY_BYTES,
    bucket_rows: int = BUCKET_ROWS,
) -> Scored:
    """Scores every stream of at least `FEWEST` calls.

    Arguments:
        connections: the canonical table, with a column `target`: name or address that was called.
        by: `pair`, `name` or `port`.
        internal: subnets of the own network.
        memory_bytes: about how many bytes of rows are held in memory.
        bucket_rows: about how many rows are scored at a time.
    """
    calls = calls_of(connections)
    with dealt(calls.rows, "host", memory_bytes=memory_bytes, bucket_rows=bucket_rows) as buckets:
        lanes = calls.coding.with_ends(of_each(buckets, lanes_of), connections, "src_ip", "target")
        streams, members, hosts, count = _streams(lanes, calls.coding, by, internal)
        scored_streams, members_of = (
            {number[0]: part for number, part in frame.partition_by("bucket", as_dict=True).items()}
            for frame in (streams, members)
        )
        resolution = _resolution(buckets)
        table = of_each(
            buckets,
            lambda number, bucket: _scored(
                bucket,
                scored_streams.get(number, streams.clear()),
                members_of.get(number, members.clear()),
                calls.coding,
                by=by,
                resolution=resolution,
                tested=streams.height,
            ),
        )
    return Scored(
        table=table,
        sizes=calls.sizes,
        connections=int(lanes["calls"].sum()),
        streams=count,
        hosts=hosts,
        left_out=_left_out(lanes, table),
    )


def _resolution(buckets: list[pl.LazyFrame]) -> float:
    """Milliseconds that the clock of the log ticks in: a second where no time has a part of one."""
    whole = [bucket.select(((pl.col("at") % 1_000) == 0).all()).collect().item() for bucket in buckets]
    return 1_000.0 if all(whole) else 1.0


def _streams(
    lanes: pl.DataFrame, coding: Coding, by: str, internal: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame, int, int]:
    """What is known of each stream with calls enough, before its times are looked at; members of those that are parts;
    numbers of hosts and streams."""
    words = lanes.select("lane").unique()
    facts = context.of_lanes(words.with_columns(port=coding.port(pl.col("lane")), text=coding.text(pl.col("lane"))))
    # Of lanes with as many calls, always the same is first.
    facts = facts.with_columns(order=pl.col("text").rank("dense"))
    known = coding.addresses()
    places = context.of_addresses(known, internal)
    all_lanes = (
        lanes.filter(pl.col("key").is_not_null())
        .with_columns(host="source", target="destination")
        .join(facts, on="lane", how="left")
        .with_columns(
            from_inside=pl.lit(places["is_internal"]).gather(pl.col("host")),
            to_inside=pl.lit(places["is_internal"]).gather(pl.col("target")),
        )
        .with_columns(
            is_inbound=~pl.col("from_inside") & pl.col("to_inside"),
            no_excuse=pl.col("lane_inside") & pl.col("from_inside") & ~pl.col("to_inside"),
        )
        .with_columns(
            lane_what=pl.when(~pl.col("no_excuse")).then("lane_what"),
            lane_weight=pl.when("no_excuse").then(1.0).otherwise("lane_weight"),
        )
    )
    found = parts.streams(all_lanes, by, FEWEST)
    streams = (
        found.table.lazy()
        .filter(pl.col("connections") >= FEWEST)
        .join(
            prevalence.sources(all_lanes).lazy(),
            left_on=["target", "main_port"],
            right_on=["target", "port"],
            how="left",
            nulls_equal=True,
        )
        .join(all_lanes.lazy().group_by("target").agg(first_seen=pl.col("first").min()), on="target", how="left")
        .join(
            prevalence.peers(all_lanes).lazy(),
            left_on=["host", "target", "main_port"],
            right_on=["host", "target", "port"],
            how="left",
            nulls_equal=True,
        )
        .with_columns(
            pl.col("sources").fill_null(0),
            first_seen=pl.col("first_seen") - lanes["first"].min(),
            src_ip=pl.lit(known).gather(pl.col("host")),
            dst=pl.lit(known).gather(pl.col("target")),
            place=pl.lit(places["place"]).gather(pl.col("target")),
            place_weight=pl.lit(places["place_weight"]).gather(pl.col("target")),
            to_inside=pl.lit(places["is_internal"]).gather(pl.col("target")),
        )
        .with_columns(lane_weight=_lookups(pl.col("lane_weight")))
        .with_columns(
            context=pl.when(pl.col("host") == pl.col("target"))
            .then(0.2)
            .otherwise(pl.min_horizontal("lane_weight", "place_weight")),
            known=pl.coalesce("place", "lane_what"),
            prevalence=prevalence.prevalence_weight(pl.col("sources")),
            peers=prevalence.peers_weight(pl.col("peer_ports")),
            scan=prevalence.scan_weight(pl.col("pair_ports"), pl.col("pair_connections")),
        )
        .collect()
    )
    streams = _with_port_texts(
        streams, all_lanes.rename({"port": "main_port"}), ["key", "main_port"] if by == "port" else ["key"]
    )
    return streams, found.members, all_lanes.filter(~pl.col("is_inbound"))["host"].n_unique(), found.count


def _with_port_texts(streams: pl.DataFrame, lanes: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Adds `port_texts`: port:protocol:service of each lane of a pair, or of a port of it, most calls first (20)."""
    several = (
        lanes.filter(pl.len().over(key) > 1)
        .sort(*key, pl.col("calls").neg(), "order")
        .group_by(key, maintain_order=True)
        .agg(port_texts=pl.col("text").head(20).str.join(", "))
    )
    joined = streams.join(several, on=key, how="left", nulls_equal=True)
    return joined.with_columns(pl.coalesce("port_texts", "text").alias("port_texts"))


def _lookups(weight: pl.Expr) -> pl.Expr:
    """A server outside that one host alone asks for names may be a tunnel: its port excuses less."""
    alone = pl.col("main_port").is_in(context.LOOKUP_PORTS) & ~pl.col("to_inside") & (pl.col("sources") <= 1)
    return pl.when(alone).then(pl.max_horizontal(weight, pl.lit(0.6))).otherwise(weight)


def _scored(
    bucket: pl.LazyFrame,
    streams: pl.DataFrame,
    members: pl.DataFrame,
    coding: Coding,
    *,
    by: str,
    resolution: float,
    tested: int,
) -> pl.DataFrame:
    """The streams of a bucket with all their terms."""
    streams = streams.sort("host", "target", "main_port", "part").with_row_index("stream")
    calls = _calls(bucket, streams, members, coding, by)
    times = _in_order(calls)
    fitted = (
        streams.lazy()
        .join(evenness.ends(times).lazy(), on="stream", how="left")
        .join(regularity.fits(times, resolution=resolution).lazy(), on="stream", how="left")
        .with_columns(
            regularity=pl.when(pl.col("regularity") >= _REGULAR).then("regularity").otherwise(0.0),
            period=(pl.col("low") * pl.col("high")).sqrt(),
        )
        .pipe(_first_look, tested)
        .sort("stream")
        .collect()
    )
    shared = company.twins(fitted.filter(pl.col("regularity") >= _TWIN))
    fitted = fitted.join(shared, on="stream", how="left", maintain_order="left").with_columns(
        pl.col("twins").fill_null(0)
    )
    # From here on streams are the promising ones, numbered anew: most are not, and need no closer look.
    promising = fitted.filter(pl.col("base") >= LOOK).drop("stream").with_row_index("stream")
    number = pl.when(fitted["base"] >= LOOK).then((fitted["base"] >= LOOK).cum_sum() - 1)
    renamed = pl.lit(pl.select(number.cast(pl.UInt32)).to_series()).gather(pl.col("stream"))
    calls = calls.lazy().with_columns(stream=renamed).filter(pl.col("stream").is_not_null()).collect()
    times = times.lazy().with_columns(stream=renamed).filter(pl.col("stream").is_not_null()).collect()
    closer = (
        promising.lazy()
        .pipe(_closer_look, calls, times, resolution)
        .join(_company(bucket, promising, times, coding, by=by).lazy(), on="stream", how="left")
        .with_columns(
            solitude=company.solitude_weight(pl.col("others"), pl.col("others_by_chance")),
            twinless=company.twins_weight(pl.col("twins"), pl.col("servers")),
        )
        .with_columns(product=reduce(mul, (pl.col(term) for term in TERMS if term != "web")))
        .drop("stream")
        .collect()
    )
    others = fitted.filter(pl.col("base") < LOOK).drop("stream").with_columns(product=pl.col("base") * UNSEEN)
    every = pl.concat([closer, others], how="diagonal").drop("bucket", "lane", "host", "target", "base")
    web = context.web_weight(pl.col("main_port"), pl.col("known"), pl.col("product"))
    every = every.with_columns(web=web).with_columns(score=pl.col("product") * pl.col("web"))
    return parts.best(every, by).drop("key", "product")


def _calls(bucket: pl.LazyFrame, streams: pl.DataFrame, members: pl.DataFrame, coding: Coding, by: str) -> pl.DataFrame:
    """The calls of each stream."""
    if by == "port":
        rows, key = bucket.with_columns(port=coding.port(pl.col("lane"))), ["key", "port"]
        found = [rows.join(streams.lazy().select("key", "stream", port="main_port"), on=key, nulls_equal=True)]
    else:
        found = [bucket.join(streams.lazy().filter(~pl.col("is_mixed")).select("key", "stream"), on="key")]
        if not members.is_empty():
            some = members.join(streams.select("key", "part", "stream"), on=["key", "part"], nulls_equal=True).lazy()
            found.append(bucket.join(some.select("key", "lane", "stream"), on=["key", "lane"]))
    flows = [name for name in ("lasts", "src_port") if name in bucket.collect_schema()]
    every = [frame.select("stream", "at", "sent", "received", *flows) for frame in found]
    return pl.concat(every).collect(engine="streaming")


def _first_look(streams: pl.LazyFrame, tested: int) -> pl.LazyFrame:
    """Adds the terms that need no further look at the calls, and `base`, their product."""
    return (
        streams.with_columns(
            log_by_chance=confidence.by_chance(pl.col("inside"), pl.col("gaps"), pl.col("chance"), tested),
            speed=pl.when(pl.col("period") < _FASTEST).then(_FAST_WEIGHT).otherwise(1.0),
        )
        .with_columns(_of_beats(), beyond_chance=confidence.chance_weight(pl.col("log_by_chance").fill_null(0)))
        .with_columns(base=reduce(mul, (pl.col(term) for term in TERMS if term not in (*CLOSER, "web"))))
    )


def _of_beats() -> list[pl.Expr]:
    """What the number of beats says."""
    beats = pl.col("gaps").fill_null(0) + 1
    return [confidence.few_weight(beats).alias("confidence"), (beats < confidence.FEW).alias("too_few")]


def _closer_look(streams: pl.LazyFrame, calls: pl.DataFrame, times: pl.DataFrame, resolution: float) -> pl.LazyFrame:
    """Adds what the calls of a promising stream say, their beat in numbers, and what it is with others in turn."""
    known = streams.collect()
    fit = known.lazy().select("stream", "scale", "low", "high")
    sent = (
        calls.lazy()
        .group_by("stream")
        .agg(
            sent_median=pl.col("sent").median().cast(pl.Float64),
            received_median=pl.col("received").median().cast(pl.Float64),
        )
    )
    return (
        streams.join(evenness.evenness(times, known).lazy(), on="stream", how="left")
        .join(size.alike(calls).lazy(), on="stream", how="left")
        .join(beat.beat(times.lazy().join(fit, on="stream", maintain_order="left")).lazy(), on="stream", how="left")
        .join(sent, on="stream", how="left")
        .join(_pieces(calls, resolution).lazy(), on="stream", how="left")
        .join(
            rotation.rotations(known.filter(pl.col("part").is_null()), times, resolution).lazy(),
            on="stream",
            how="left",
        )
        .with_columns(
            pl.col("servers").fill_null(1),
            whole=pieces.whole_weight(pl.col("pieces")),
            sizes=0.5 + (pl.col("size_out") + pl.col("size_in")) / 4,
            regularity=pl.max_horizontal("regularity", "joined_regularity"),
            gaps=pl.max_horizontal("gaps", "joined_gaps"),
        )
        .with_columns(_of_beats())
    )


def _pieces(calls: pl.DataFrame, resolution: float) -> pl.DataFrame:
    """`stream, pieces`; none where the log has whole connections."""
    if "lasts" in calls.columns:
        return pieces.pieces(calls, resolution)
    return calls.select(pl.col("stream").unique()).with_columns(pieces=pl.lit(0.0))


def _in_order(calls: pl.DataFrame) -> pl.DataFrame:
    """Stream and time of each call, sorted: as one number, which takes a tenth of the time."""
    packed = pl.col("stream").cast(pl.UInt64) * regularity.LONGEST + pl.col("at").cast(pl.UInt64)
    return (
        calls.lazy()
        .select(packed=packed.sort())
        .select(
            stream=(pl.col("packed") // regularity.LONGEST).cast(pl.UInt32).set_sorted(),
            at=(pl.col("packed") % regularity.LONGEST).cast(pl.Int64),
        )
        .collect()
    )


def _company(
    bucket: pl.LazyFrame, streams: pl.DataFrame, times: pl.DataFrame, coding: Coding, *, by: str
) -> pl.DataFrame:
    """What else the hosts of these streams do at their beats.

    Arguments:
        bucket: all calls of the hosts.
        streams: `stream, host, key, period, scale`.
        times: `stream, at` of their calls, in order.
        coding: of the bucket's numbers.
        by: what a stream is.
    """
    groups = streams.select("key").unique().with_row_index("group").lazy()  # in any order, but in one
    chosen = streams.lazy().join(groups, on="key").select("stream", "host", "group", "period", "scale")
    calls = times.lazy().join(chosen, on="stream", maintain_order="left")
    beats = [
        regularity.beats(calls.filter(pl.col("scale") == number), scale)
        for number, scale in enumerate(regularity.SCALES)
    ]
    hosts = chosen.select("host").unique()
    look_up = coding.port(pl.col("lane")).is_in(context.LOOKUP_PORTS).fill_null(False)
    every = (
        bucket.select("host", "key", "at", look_up=look_up)
        .filter(~pl.col("look_up"), pl.col("key").is_not_null())
        .join(hosts, on="host", how="semi")
    )
    # Calls to other ports of the target are no company. Where a stream has all calls of its pair they are at hand.
    torn = streams.lazy().select("key").filter(by == "port" or streams["is_mixed"]).unique()
    own = [calls.join(torn.join(groups, on="key"), on="group", how="anti").select("group", "at")]
    own.append(every.join(torn.join(groups, on="key"), on="key").select("group", "at"))
    calls_of_targets = pl.concat(own).collect(engine="streaming")
    return company.company(
        pl.concat(beats).collect(), every.select("host", "at").collect(engine="streaming"), calls_of_targets
    )


def _left_out(lanes: pl.DataFrame, table: pl.DataFrame) -> dict[str, int]:
    """Connections that entered no score, by reason."""
    nowhere = lanes.filter(pl.col("key").is_null())
    still_open = int(nowhere["timed"].sum())
    counts = {
        "open": still_open,
        "unusable": int(nowhere["calls"].sum()) - still_open,
        "few": int(lanes.filter(pl.col("key").is_not_null())["calls"].sum()) - int(table["connections"].sum()),
    }
    return {reason: count for reason, count in counts.items() if count}
