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
    prevalence,
    regularity,
    rotation,
    size,
)
from watchfloor.analyses.beaconing.calls import calls_of, lanes_of
from watchfloor.analyses.rita.coding import Coding
from watchfloor.engine.buckets import BUCKET_ROWS, MEMORY_BYTES, dealt, of_each

__all__ = ["FEWEST", "Scored", "score_streams"]

FEWEST = 4
"""Calls that a stream needs to be scored: three gaps."""
_REGULAR = 0.05
"""Less regularity than this is none."""
_LOOK = 0.05
"""Streams whose score can reach this are looked at twice."""
_TWIN = 0.3
"""Regularity from which on a stream can be a twin."""
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
        lanes = of_each(buckets, lanes_of)
        streams, hosts, count = _streams(lanes, calls.coding, by, internal)
        scored_streams = {number[0]: part for number, part in streams.partition_by("bucket", as_dict=True).items()}
        resolution = _resolution(buckets)
        table = of_each(
            buckets,
            lambda number, bucket: _scored(
                bucket,
                scored_streams.get(number, streams.clear()),
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


def _streams(lanes: pl.DataFrame, coding: Coding, by: str, internal: tuple[str, ...]) -> tuple[pl.DataFrame, int, int]:
    """What is known of each stream with calls enough, before its times are looked at; numbers of hosts and streams."""
    words = lanes.select("lane").unique()
    facts = context.of_lanes(words.with_columns(port=coding.port(pl.col("lane")), text=coding.text(pl.col("lane"))))
    host, target = coding.ends(pl.col("key"))
    known = coding.addresses()
    places = context.of_addresses(known, internal)
    all_lanes = (
        lanes.filter(pl.col("key").is_not_null())
        .with_columns(host=host, target=target)
        .join(facts, on="lane", how="left")
        .with_columns(
            is_inbound=~pl.lit(places["is_internal"]).gather(pl.col("host"))
            & pl.lit(places["is_internal"]).gather(pl.col("target"))
        )
    )
    key = ["key", "port"] if by == "port" else ["key"]
    streams = (
        all_lanes.sort("calls", descending=True)
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("host", "target", "bucket", "lane", "lane_what", "lane_weight", "text").first(),
            main_port=pl.col("port").first(),
            connections=pl.col("calls").sum(),
            ports=pl.col("port").n_unique(),
        )
    )
    count = streams.height
    streams = (
        streams.lazy()
        .filter(pl.col("connections") >= FEWEST)
        .join(
            prevalence.sources(all_lanes).lazy(),
            left_on=["target", "main_port"],
            right_on=["target", "port"],
            how="left",
            nulls_equal=True,
        )
        .join(
            prevalence.peers(all_lanes).lazy(),
            left_on=["host", "target", "main_port"],
            right_on=["host", "target", "port"],
            how="left",
            nulls_equal=True,
        )
        .with_columns(
            pl.col("sources").fill_null(0),
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
            scan=prevalence.scan_weight(pl.col("ports"), pl.col("connections")),
        )
        .collect()
    )
    return streams, all_lanes.filter(~pl.col("is_inbound"))["host"].n_unique(), count


def _lookups(weight: pl.Expr) -> pl.Expr:
    """A server outside that one host alone asks for names may be a tunnel: its port excuses less."""
    alone = pl.col("main_port").is_in(context.LOOKUP_PORTS) & ~pl.col("to_inside") & (pl.col("sources") <= 1)
    return pl.when(alone).then(pl.max_horizontal(weight, pl.lit(0.6))).otherwise(weight)


def _scored(
    bucket: pl.LazyFrame, streams: pl.DataFrame, coding: Coding, *, by: str, resolution: float, tested: int
) -> pl.DataFrame:
    """The streams of a bucket with all their terms."""
    streams = streams.sort("host", "target", "main_port").with_row_index("stream")
    key = ["key", "port"] if by == "port" else ["key"]
    rows = bucket if by != "port" else bucket.with_columns(port=coding.port(pl.col("lane")))
    calls = (
        rows.join(streams.lazy().select(*key, "stream"), on=key, nulls_equal=True)
        .select("stream", "at", "sent", "received")
        .collect(engine="streaming")
    )
    times = _in_order(calls)
    fitted = (
        streams.lazy()
        .join(evenness.ends(times).lazy(), on="stream", how="left")
        .join(regularity.fits(times, resolution=resolution).lazy(), on="stream", how="left")
        .with_columns(
            regularity=pl.when(pl.col("regularity") >= _REGULAR).then("regularity").otherwise(0.0),
            period=(pl.col("low") * pl.col("high")).sqrt(),
        )
        .sort("stream")
        .collect()
    )
    # From here on streams are the regular ones, numbered anew: most are not, and need no further look.
    regular = fitted.filter(pl.col("regularity") > 0).drop("stream").with_row_index("stream")
    number = pl.when(fitted["regularity"] > 0).then((fitted["regularity"] > 0).cum_sum() - 1)
    renamed = pl.lit(pl.select(number.cast(pl.UInt32)).to_series()).gather(pl.col("stream"))
    calls = calls.lazy().with_columns(stream=renamed).filter(pl.col("stream").is_not_null()).collect()
    times = times.lazy().with_columns(stream=renamed).filter(pl.col("stream").is_not_null()).collect()
    looked = _second_look(bucket, _first_look(regular, calls, times, resolution, tested), calls, times, coding)
    others = (
        fitted.filter(pl.col("regularity") == 0)
        .drop("stream")
        .with_columns(
            confidence=confidence.few_weight(_beats()),
            too_few=_beats() < confidence.FEW,
            twins=pl.lit(0, pl.UInt32),
            servers=pl.lit(1, pl.UInt32),
            score=0.0,
        )
    )
    return pl.concat([looked, others], how="diagonal").drop("key", "bucket", "lane", "host", "target")


def _beats() -> pl.Expr:
    return pl.col("gaps").fill_null(0) + 1


def _first_look(
    regular: pl.DataFrame, calls: pl.DataFrame, times: pl.DataFrame, resolution: float, tested: int
) -> pl.DataFrame:
    """Adds what a stream's own calls say, and `base`: the score without company."""
    terms = (
        "regularity",
        "evenness",
        "sizes",
        "confidence",
        "beyond_chance",
        "context",
        "prevalence",
        "peers",
        "scan",
        "speed",
    )
    return (
        regular.lazy()
        .join(evenness.evenness(times, regular).lazy(), on="stream", how="left")
        .join(size.alike(calls).lazy(), on="stream", how="left")
        .join(rotation.rotations(regular, times, resolution).lazy(), on="stream", how="left")
        .with_columns(
            regularity=pl.max_horizontal("regularity", "joined_regularity"),
            gaps=pl.max_horizontal("gaps", "joined_gaps"),
            confidence=confidence.few_weight(_beats()),
            too_few=_beats() < confidence.FEW,
            log_by_chance=confidence.by_chance(pl.col("inside"), pl.col("gaps"), pl.col("chance"), tested),
            sizes=0.5 + (pl.col("size_out") + pl.col("size_in")) / 4,
            speed=pl.when(pl.col("period") < _FASTEST).then(_FAST_WEIGHT).otherwise(1.0),
        )
        .with_columns(beyond_chance=confidence.chance_weight(pl.col("log_by_chance")))
        .with_columns(base=reduce(mul, (pl.col(term) for term in terms)))
        .collect()
    )


def _second_look(
    bucket: pl.LazyFrame, streams: pl.DataFrame, calls: pl.DataFrame, times: pl.DataFrame, coding: Coding
) -> pl.DataFrame:
    """Adds the company of streams whose score can be more than a little, their beat in numbers, and the score."""
    chosen = (
        streams.lazy().filter(pl.col("base") >= _LOOK).select("stream", "host", "key", "period", "scale", "low", "high")
    )
    seen = times.lazy().join(chosen, on="stream", maintain_order="left").collect()
    sent = calls.lazy().join(chosen.select("stream"), on="stream", how="semi").group_by("stream")
    return (
        streams.lazy()
        .join(company.twins(streams.filter(pl.col("regularity") >= _TWIN)).lazy(), on="stream", how="left")
        .join(_company(bucket, seen, coding).lazy(), on="stream", how="left")
        .join(beat.beat(seen.lazy()).lazy(), on="stream", how="left")
        .join(sent.agg(sent_median=pl.col("sent").median()), on="stream", how="left")
        .with_columns(pl.col("twins").fill_null(0), pl.col("servers").fill_null(1))
        .with_columns(
            solitude=company.solitude_weight(pl.col("others"), pl.col("others_by_chance")),
            twinless=company.twins_weight(pl.col("twins"), pl.col("servers")),
        )
        .with_columns(score=pl.col("base") * pl.col("solitude") * pl.col("twinless"))
        .drop("stream")
        .collect()
    )


def _in_order(calls: pl.DataFrame) -> pl.DataFrame:
    """Stream and time of each call, sorted: as one number, which takes a tenth of the time."""
    packed = calls.select(packed=pl.col("stream").cast(pl.UInt64) * regularity.LONGEST + pl.col("at").cast(pl.UInt64))[
        "packed"
    ].sort()
    return (
        packed.to_frame()
        .lazy()
        .select(
            stream=(pl.col("packed") // regularity.LONGEST).cast(pl.UInt32).set_sorted(),
            at=(pl.col("packed") % regularity.LONGEST).cast(pl.Int64),
        )
        .collect()
    )


def _company(bucket: pl.LazyFrame, seen: pl.DataFrame, coding: Coding) -> pl.DataFrame:
    """What else the hosts of these calls do at their beats.

    Arguments:
        bucket: all calls of the hosts.
        seen: `stream, at, host, key, period, scale` of the calls of some streams, in order.
        coding: of the bucket's numbers.
    """
    groups = seen.select("key").unique().with_row_index("group").lazy()
    calls = seen.lazy().join(groups, on="key", maintain_order="left")
    beats = [
        regularity.beats(calls.filter(pl.col("scale") == number), scale)
        for number, scale in enumerate(regularity.SCALES)
    ]
    every = (
        bucket.select(
            "host", "key", "at", look_up=coding.port(pl.col("lane")).is_in(context.LOOKUP_PORTS).fill_null(False)
        )
        .filter(~pl.col("look_up"), pl.col("key").is_not_null())
        .join(seen.lazy().select("host").unique(), on="host", how="semi")
        .join(groups, on="key", how="left")
        .select("host", "group", "at")
        .collect(engine="streaming")
    )
    return company.company(pl.concat(beats).collect(), every, every.filter(pl.col("group").is_not_null()))


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
