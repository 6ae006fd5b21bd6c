"""The evidence of a row in one sentence."""

from __future__ import annotations

import polars as pl

from watchfloor.analyses.beaconing import parts

__all__ = ["duration", "number", "sentence"]


_MUCH = 10
"""So many times as much one way as the other is worth a word."""
_DAY = 86_400


def sentence(sizes: str) -> pl.Expr:
    """Why a row has its score: the beat, how much of it is there, sizes, who else, what is rare, what speaks against.

    Arguments:
        sizes: the column that sizes are from, empty where no row has one.
    """
    none = pl.lit("no beat: its gaps are no more alike than chance gives")
    beat = pl.format("every {} ± {}", duration(pl.col("period_seconds")), duration(pl.col("off_seconds")))
    about = pl.format("about every {}", duration(pl.col("period") / 1_000))
    there = pl.format(
        "{} % of beats present over {}",
        (pl.col("present") * 100).round().cast(pl.Int64),
        duration(pl.col("active_seconds")),
    )
    pauses = pl.when(pl.col("sessions") > 1).then(pl.format("in {} sessions", "sessions"))
    calls = pl.coalesce("part_connections", "connections")
    bursts = pl.when(calls > 1.5 * pl.col("beats")).then(pl.format("{} calls a beat", number(calls / pl.col("beats"))))
    part = pl.when(pl.col("part") != parts.NO_PORT).then(pl.format("on port {}", "part"))
    turns = pl.when(pl.col("servers") > 1).then(
        pl.format(
            "one of {} servers that are called every {} in turn",
            "servers",
            duration(pl.col("joined_period") / 1_000),
        )
    )
    size = (
        pl.when(pl.col("size_out") >= 0.9)
        .then(pl.format("{} bytes out each time", number(pl.col("sent_median"))))
        .otherwise(pl.format("{} % of sizes out alike", (pl.col("size_out") * 100).round().cast(pl.Int64)))
    )
    hosts = (
        pl.when(pl.col("sources") == 1)
        .then(pl.format("one host of {} speaks to it", "hosts"))
        .when(pl.col("sources") > 1)
        .then(pl.format("{} hosts of {} speak to it", "sources", "hosts"))
    )
    ratio = pl.col("answer_ratio")
    more = (
        pl.when(ratio.is_between(0, 1 / _MUCH, closed="right"))
        .then(pl.format("{} times as many bytes out as in", number(1 / ratio)))
        .when(ratio >= _MUCH)
        .then(pl.format("{} times as many bytes in as out", number(ratio)))
    )
    new = pl.when(pl.col("first_seen_seconds") >= _DAY).then(
        pl.format("first called {} after the log begins", duration(pl.col("first_seen_seconds")))
    )
    rare = pl.when((pl.col("signature_hosts") == 1) & (pl.col("hosts") > 1)).then(
        pl.format("no other host has its {}", "signature")
    )
    certificate = pl.format("certificate: {}", "certificate")
    against = (
        pl.when("too_few").then(pl.format("only {} beats: too few to be sure", pl.col("gaps").fill_null(0) + 1)),
        pl.when(pl.col("known").is_not_null()).then(pl.format("known to beat: {}", "known")),
        pl.when(pl.col("solitude") < 0.7).then(
            pl.format("{} other calls of its host at each beat", number(pl.col("others")))
        ),
        pl.when((pl.col("twins") > 0) & (pl.col("servers") == 1)).then(
            pl.format("{} other targets with the same period", "twins")
        ),
        pl.when(pl.col("peers") < 1).then(pl.format("its host has peers on {} ports", "peer_ports")),
        pl.when(pl.col("scan") < 0.7).then(pl.format("{} ports: a scan", "ports")),
        pl.when(pl.col("beyond_chance") < 0.7).then(pl.lit("among so many streams some look like this by chance")),
        pl.when(pl.col("whole") < 1).then(
            pl.format(
                "{} % of its flows go on where the one before ended: pieces of long connections",
                (pl.col("pieces") * 100).round().cast(pl.Int64),
            )
        ),
        pl.when(pl.col("speed") < 1).then(pl.lit("faster than a beat")),
    )
    sized = [size, more] if sizes else []
    shown = [
        pl.coalesce(beat, about),
        part,
        there,
        pauses,
        bursts,
        turns,
        *sized,
        hosts,
        new,
        rare,
        certificate,
        *against,
    ]
    said = pl.concat_str(shown, separator=", ", ignore_nulls=True)
    return (
        pl.when(pl.col("regularity") > 0)
        .then(said)
        .otherwise(pl.concat_str(none, *(pl.format(", {}", each).fill_null("") for each in against[:2])))
    )


def number(value: pl.Expr) -> pl.Expr:
    """As text: whole, or with one decimal."""
    short = value.round(1)
    return pl.when(short == short.floor()).then(short.cast(pl.Int64).cast(pl.String)).otherwise(short.cast(pl.String))


def duration(seconds: pl.Expr) -> pl.Expr:
    """As text, in the unit that reads best."""
    return (
        pl.when(seconds < 1)
        .then(pl.format("{} ms", (seconds * 1_000).round().cast(pl.Int64)))
        .when(seconds < 600)
        .then(pl.format("{} s", number(seconds)))
        .when(seconds < 7_200)
        .then(pl.format("{} min", number(seconds / 60)))
        .when(seconds < 172_800)
        .then(pl.format("{} h", number(seconds / 3_600)))
        .otherwise(pl.format("{} d", number(seconds / 86_400)))
    )
